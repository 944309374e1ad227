/* SPDX-License-Identifier: MIT */
/*
 * System calls: Linux's i386 numbers through int 0x80 (number in eax, arguments in ebx ecx edx esi edi ebp, result in eax:
 * -4095..-1 is an errno).
 *
 * kernel/systable.h is the one table: SYSCALL(number, name, handler, "argument formats") a line. Handlers live on the floor that owns the matter, in
 * files named sys_*.c, with prototypes in fs/syscalls.h, mm/syscalls.h, proc/syscalls.h, ckpt/syscalls.h; they take up to six 32-bit arguments,
 * return long, copy all user memory through mm/usercopy.h and then call functions that know no user pointer.
 *
 * Formats, for the tracer: d signed, u unsigned, x hex, o octal, p pointer, s string, f fd, F open flags, m mmap prot,
 * S signal, D dirfd, l low/high 64-bit pair, b buffer (next argument is its length)
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include "kernel/lib/trapframe.h"
#include "kernel/lib/types.h"

/* From the trap handler: runs the call in tf and sets tf_eax. Interrupts on. */
void syscall_dispatch(struct trapframe *tf);
const char *syscall_name(u32 nr);

#endif
