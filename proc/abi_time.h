/* SPDX-License-Identifier: MIT */
/* Times as user space passes them, 32- and 64-bit, and in nanoseconds as the kernel keeps them. */
#ifndef PROC_ABI_TIME_H
#define PROC_ABI_TIME_H

#include "kernel/lib/types.h"

/* struct timespec: two 32-bit words, or a 64-bit second and a 64-bit field whose low half counts. -EFAULT, -EINVAL (negative, >= 1e9 ns). Saturates. */
int copyin_timespec(uaddr_t src, bool time64, u64 *ns) __must_check;
int copyout_timespec(uaddr_t dst, bool time64, u64 ns) __must_check;
/* struct timeval (32-bit). */
int copyin_timeval(uaddr_t src, u64 *ns) __must_check;
int copyout_timeval(uaddr_t dst, u64 ns) __must_check;
/* Monotonic now + ns, never 0 (which means: no deadline), saturating. */
u64 deadline_after(u64 ns);
/* A periodic timer does not fire again sooner than this, so that the program gets on between two of its handlers. */
#define LEAST_PERIOD (50 * NSEC_PER_USEC)
/* Time left until a deadline, 0 if past. */
u64 deadline_left(u64 deadline);
/* CLOCK_MONOTONIC as the current process sees it: for one that was brought back it goes on where it stood. */
u64 proc_mono_ns(void);
/* An instant of CLOCK_REALTIME, or of the current process's CLOCK_MONOTONIC, as a deadline. */
u64 deadline_at(bool realtime, u64 when);

#endif
