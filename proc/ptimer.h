/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers (timer_create(2)): each a callout that posts a signal to the process or to one of its lwps. They belong to the process, are
 * not inherited by fork and go with exec. List and fields: p_lock.
 */
#ifndef PROC_PTIMER_H
#define PROC_PTIMER_H

#include "proc/proc.h"

#define PTIMER_MAX 64u

/* A timer's state as an image keeps it. ps_left: nanoseconds until it fires, 0: not armed. ps_tid: as the process knows it. */
struct ptimer_state {
	u32 ps_clock, ps_value;
	s32 ps_signo, ps_notify, ps_tid;
	u32 ps_overrun;
	u64 ps_interval, ps_left;
};

void ptimer_init(void);
/* The timer of p with the lowest id above `after`: its id, or -1. */
s32 ptimer_next(struct proc *p, s32 after, struct ptimer_state *st);
/* Makes the timer `id` of p, which has none of that id; it is not armed, whatever ps_left says. -EINVAL (id, clock), -ENOMEM. May sleep. */
int ptimer_put(struct proc *p, s32 id, const struct ptimer_state *st);
/* Arms the timer `id` of p, if there is one, to fire at this monotonic instant. */
void ptimer_arm(struct proc *p, s32 id, u64 when);
/* A hold of p ends: what became due meanwhile fires. p_lock held. */
void ptimer_resume(struct proc *p);
/* A signal of p leaves its queue: from now on timer_getoverrun() tells of this expiration, if it is one. p_lock held. */
void ptimer_taken(struct proc *p, const struct abi_siginfo *info);
/* All timers of p go: exec and exit. May sleep. */
void ptimer_delete_all(struct proc *p);

#endif
