/* SPDX-License-Identifier: MIT */
/*
 * The tracer: one line in the kernel's log for each system call of an lwp whose
 * l_trace is set,
 *	PID name(arguments) = result
 * decoded by the formats in kernel/systable.h. It reads user memory only
 * through mm/usercopy.h, so a bad pointer is shown as a number.
 */
#ifndef KERNEL_STRACE_H
#define KERNEL_STRACE_H

#include "kernel/lib/trapframe.h"

struct strace {
	char *st_text; /* the line so far; NULL: out of memory */
	size_t st_len;
	/*
	 * the rest of the formats: buffers are shown after the call filled them
	 */
	const char *st_fmt;
	u32 st_arg[6], st_narg;
};

/*
 * Before the call: prints all arguments known by then.
 * Sleeps: yes.
 */
void strace_enter(struct strace *st, const struct trapframe *tf, u32 nr);
/*
 * After the call: prints the rest, and ends the line.
 * Sleeps: yes.
 */
void strace_exit(struct strace *st, long result);

#endif
