/* SPDX-License-Identifier: MIT */
/*
 * Shared by the tracer's two files: strace.c, the life of a line, and
 * strace_args.c, the form of an argument.
 */
#ifndef KERNEL_STRACE_IMPL_H
#define KERNEL_STRACE_IMPL_H

#include "kernel/strace.h"

/* Appends to the line; text that does not fit is cut. */
void strace_add(struct strace *st, const char *fmt, ...) __printf(2, 3);

/* Does the call fill this argument, so that it is shown only afterwards? */
bool strace_is_output(char fmt);
/*
 * Shows one argument: `a` is its word, `b` the next one; `result` is the call's
 * result (negative: it failed, or was not made yet).
 * Returns: how many words it took.
 * Sleeps: yes.
 */
u32 strace_argument(struct strace *st, char fmt, u32 a, u32 b, long result);

#endif
