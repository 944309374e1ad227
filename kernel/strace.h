/* SPDX-License-Identifier: MIT */
/*
 * The tracer: one line in the kernel's log for each system call of an lwp whose l_trace is set,
 *	PID name(arguments) = result
 * decoded by the formats in kernel/systable.h. It looks at user memory only through mm/usercopy.h, so a bad pointer shows
 * as a number.
 */
#ifndef KERNEL_STRACE_H
#define KERNEL_STRACE_H

#include "kernel/lib/trapframe.h"

struct strace {
	char *st_text; /* the line so far; NULL: no memory for it */
	size_t st_len;
	const char *st_fmt; /* what is left of the formats: buffers are shown after the call filled them */
	u32 st_arg[6], st_narg;
};

/* Before the call: everything that is known by then. May sleep. */
void strace_enter(struct strace *st, const struct trapframe *tf, u32 nr);
/* After it: the rest, and the line goes out. May sleep. */
void strace_exit(struct strace *st, long result);

#endif
