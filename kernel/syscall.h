/* SPDX-License-Identifier: MIT */
/*
 * System calls: Linux's i386 numbers through int 0x80 (number in eax, arguments
 * in ebx ecx edx esi edi ebp, result in eax: -4095..-1 is an errno).
 *
 * kernel/systable.h is the one table: SYSCALL(number, name, handler, "argument
 * formats") per line. The handlers are in files named sys_*.c of the folder
 * that the call concerns, with prototypes in fs/syscalls.h, mm/syscalls.h,
 * proc/syscalls.h, ckpt/syscalls.h. A handler takes up to six 32-bit arguments
 * and returns long. It copies all user memory through mm/usercopy.h, then calls
 * functions that know no user pointer.
 *
 * Formats, one character per argument, for the tracer (kernel/strace_args.c):
 *	d signed  u unsigned  x hex  o octal  p pointer
 *	f descriptor  D dirfd  F open flags  m mmap prot  S signal
 *	s string  a array of strings  t timespec  T timespec of 64 bits
 *	l low/high 64-bit pair (one letter for both words)
 *	b buffer that the call reads
 *	v iovec that the call reads (the next argument is the number)
 * Filled by the call, and shown when it has returned:
 *	B buffer (the result is the length)  i int  P two ints
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include "kernel/lib/trapframe.h"
#include "kernel/lib/types.h"

struct sysent {
	const char *se_name, *se_fmt;
};

/*
 * Called by the trap handler: runs the call in tf and sets tf_eax. Interrupts
 * on. tf_err holds the number, for a restart. A handler that replaces the whole
 * frame (sigreturn, execve) sets it to -1, and returns the new eax.
 */
void syscall_dispatch(struct trapframe *tf);
/* Returns: NULL: no such call. */
const struct sysent *sysent(u32 nr);
const char *syscall_name(u32 nr);

/*
 * For calls that programs often try and can do without: no line in the log for
 * each.
 * Returns: -ENOSYS
 */
long sys_absent(void);

/* kernel/sys_log.c */
long sys_syslog(u32 type, uaddr_t buf, s32 len);

#endif
