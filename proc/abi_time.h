/* SPDX-License-Identifier: MIT */
/*
 * Times as user space passes them, in 32 or 64 bits, and as the kernel keeps
 * them, in nanoseconds.
 */
#ifndef PROC_ABI_TIME_H
#define PROC_ABI_TIME_H

#include "kernel/lib/types.h"

/*
 * struct timespec: two 32-bit words, or a 64-bit second and a 64-bit field of
 * which only the low half counts. Saturates.
 * Errors: -EFAULT, -EINVAL (negative, or nanoseconds >= 1e9).
 */
int copyin_timespec(uaddr_t src, bool time64, u64 *ns) __must_check;
int copyout_timespec(uaddr_t dst, bool time64, u64 ns) __must_check;
/* struct timeval (32-bit). */
int copyin_timeval(uaddr_t src, u64 *ns) __must_check;
int copyout_timeval(uaddr_t dst, u64 ns) __must_check;
/* Monotonic now + ns, saturating; never 0, which means no deadline. */
u64 deadline_after(u64 ns);
/*
 * The shortest period of a timer, so that the program runs between two calls of
 * its handler.
 */
#define LEAST_PERIOD (50 * NSEC_PER_USEC)
/* Time left until a deadline; 0 if it is past. */
u64 deadline_left(u64 deadline);
/*
 * CLOCK_MONOTONIC of the current process. A restored process's clock goes on
 * where it stood.
 */
u64 proc_mono_ns(void);
/*
 * Turns a time of CLOCK_REALTIME, or of the current process's CLOCK_MONOTONIC,
 * into a deadline.
 */
u64 deadline_at(bool realtime, u64 when);

#endif
