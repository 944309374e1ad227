/* SPDX-License-Identifier: MIT */
/* Between the tracer's two files: strace.c, the life of a line, and strace_args.c, how an argument looks. */
#ifndef KERNEL_STRACE_IMPL_H
#define KERNEL_STRACE_IMPL_H

#include "kernel/strace.h"

/* Appends to the line; what does not fit is cut. */
void strace_add(struct strace *st, const char *fmt, ...) __printf(2, 3);

/* Is the argument something that the call fills, so that it is shown only after the call? */
bool strace_is_output(char fmt);
/*
 * Shows one argument: `a` is its word, `b` the next one; `result` is what the call returned (negative: it failed, or was not
 * made yet). Returns how many words it took. May sleep.
 */
u32 strace_argument(struct strace *st, char fmt, u32 a, u32 b, long result);

#endif
