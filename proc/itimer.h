/* SPDX-License-Identifier: MIT */
/* Interval timers: 0 ITIMER_REAL, 1 ITIMER_VIRTUAL, 2 ITIMER_PROF; times in nanoseconds. */
#ifndef PROC_ITIMER_H
#define PROC_ITIMER_H

#include "proc/proc.h"

/* What is left until it fires, 0: off; and its interval. */
void itimer_get(struct proc *p, u32 which, u64 *left, u64 *interval);
/* left 0: off. The caller belongs to p, or p is held. May sleep. */
void itimer_set(struct proc *p, u32 which, u64 left, u64 interval);
/* The process takes SIGALRM, or does not ignore it any more: a periodic ITIMER_REAL that has fired goes on. p_lock held. */
void itimer_heard(struct proc *p);
/* ITIMER_VIRTUAL and ITIMER_PROF, with the CPU time of p so far: how long until one is due, 0: none is set; who is due fires. p_lock held. */
u64 itimer_cpu_left(const struct proc *p, u64 user, u64 total);
void itimer_cpu_check(struct proc *p, u64 user, u64 total);
/* A hold of p ends: what became due meanwhile fires. p_lock held. */
void itimer_resume(struct proc *p);

#endif
