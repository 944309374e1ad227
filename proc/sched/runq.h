/* SPDX-License-Identifier: MIT */
/*
 * The run queue of each CPU. For the scheduler (proc/sched/sched.c) alone.
 *
 * Locks: rq_lock (LR_RUNQ) guards the lists, rq_map, rq_n and rq_nfree; rq_n and rq_nfree are read without it as well, as hints.
 */
#ifndef PROC_RUNQ_H
#define PROC_RUNQ_H

#include "kernel/dev/clock.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/lock.h"
#include "proc/sched/lwp.h"

struct runq {
	struct spinlock rq_lock;
	u64 rq_map; /* bit per priority that has an lwp */
	u32 rq_n;
	u32 rq_nfree;		  /* of those, how many another CPU could take */
	struct list rq_pri[NPRI]; /* in each, who has waited longest comes first */
	u64 rq_looked;		  /* when runq_lift() looked last, in cycles */
	/* This CPU only, interrupts off. */
	struct callout rq_slice;
	u64 rq_when;	/* when it is over, 0: not armed */
	bool rq_sliced; /* it is over within a slice; other CPUs read it as a hint */
	u64 rq_since;	/* when the lwp that runs came, in cycles */
};

extern struct runq runqs[MAXCPU];

void runq_init(struct runq *rq);
/* The priority of l as its nice value says. */
int base_pri(const struct lwp *l);
/* rq_lock held for these four. runq_best() leaves the lwp where it is. Returns NULL: the queue is empty. */
void runq_insert(struct runq *rq, struct lwp *l);
void runq_take(struct runq *rq, struct lwp *l);
struct lwp *runq_best(struct runq *rq);
/* The lwps that have sunk and waited long enough get their base priority, and wait among the others there. */
void runq_lift(struct runq *rq);
/* Takes an lwp of another CPU for CPU c. NULL: there is none. Takes rq_lock of others, one at a time. */
struct lwp *runq_steal(struct cpu *c);

#endif
