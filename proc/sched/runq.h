/* SPDX-License-Identifier: MIT */
/*
 * The run queue of each CPU. Only for the scheduler (proc/sched/sched.c).
 *
 * Locks: rq_lock (LR_RUNQ) guards the lists, rq_map, rq_n and rq_nfree. rq_n
 *   and rq_nfree are also read without it, as hints.
 */
#ifndef PROC_RUNQ_H
#define PROC_RUNQ_H

#include "kernel/dev/clock.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/lock.h"
#include "proc/sched/lwp.h"

struct runq {
	struct spinlock rq_lock;
	u64 rq_map; /* a bit for each priority that has an lwp */
	u32 rq_n;
	u32 rq_nfree; /* how many of them another CPU could take */
	/* each sorted by waiting time, the longest first */
	struct list rq_pri[NPRI];
	u64 rq_looked; /* when runq_lift() last looked, in cycles */
	/* Used by this CPU only, interrupts off. */
	struct callout rq_slice;
	u64 rq_when; /* the end of the slice; 0: not armed */
	/* it ends within a slice; other CPUs read it as a hint */
	bool rq_sliced;
	u64 rq_since; /* when the running lwp began, in cycles */
};

extern struct runq runqs[MAXCPU];

void runq_init(struct runq *rq);
/* Returns: the priority of l by its nice value. */
int base_pri(const struct lwp *l);
/*
 * runq_best() leaves the lwp in the queue.
 * Returns: NULL: the queue is empty.
 * Locks: rq_lock, for these four.
 */
void runq_insert(struct runq *rq, struct lwp *l);
void runq_take(struct runq *rq, struct lwp *l);
struct lwp *runq_best(struct runq *rq);
/*
 * Gives lwps whose priority fell, and that have waited long enough, their base
 * priority again. They wait by their time among the lwps there.
 */
void runq_lift(struct runq *rq);
/*
 * Takes an lwp from another CPU's queue for CPU c.
 * Returns: NULL: there is none.
 * Locks: takes rq_lock of other CPUs, one at a time.
 */
struct lwp *runq_steal(struct cpu *c);

#endif
