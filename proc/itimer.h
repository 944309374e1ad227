/* SPDX-License-Identifier: MIT */
/* Interval timers: 0 ITIMER_REAL, 1 ITIMER_VIRTUAL, 2 ITIMER_PROF; times in nanoseconds. */
#ifndef PROC_ITIMER_H
#define PROC_ITIMER_H

#include "proc/proc.h"

/* What is left until it fires, 0: off; and its interval. */
void itimer_get(struct proc *p, u32 which, u64 *left, u64 *interval);
/* left 0: off. The caller belongs to p, or p is held. May sleep. */
void itimer_set(struct proc *p, u32 which, u64 left, u64 interval);
/* A hold of p ends: what became due meanwhile fires. p_lock held. */
void itimer_resume(struct proc *p);

#endif
