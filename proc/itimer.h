/* SPDX-License-Identifier: MIT */
/*
 * Interval timers: 0 ITIMER_REAL, 1 ITIMER_VIRTUAL, 2 ITIMER_PROF; times in
 * nanoseconds.
 */
#ifndef PROC_ITIMER_H
#define PROC_ITIMER_H

#include "proc/proc.h"

/* Time left until the timer fires (0: off), and its interval. */
void itimer_get(struct proc *p, u32 which, u64 *left, u64 *interval);
/*
 * left 0: off. The caller belongs to p, or p is held.
 * Sleeps: yes.
 */
void itimer_set(struct proc *p, u32 which, u64 left, u64 interval);
/*
 * The process takes SIGALRM, or stops ignoring it: a periodic ITIMER_REAL that
 * has fired is set again.
 * Locks: p_lock.
 */
void itimer_heard(struct proc *p);
/*
 * ITIMER_VIRTUAL and ITIMER_PROF, given the CPU time of p so far. left: returns
 * the time until one is due; 0: none is set. check: fires those that are due.
 * Locks: p_lock.
 */
u64 itimer_cpu_left(const struct proc *p, u64 user, u64 total);
void itimer_cpu_check(struct proc *p, u64 user, u64 total);
/*
 * A hold of p ends: timers that became due meanwhile fire.
 * Locks: p_lock.
 */
void itimer_resume(struct proc *p);

#endif
