/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: a run queue per CPU, NPRI priorities, round robin within one. CPU-bound lwps sink,
 * sleepers rise. An idle CPU takes work from a loaded one.
 *
 * Locks: each run queue's (LR_RUNQ). swtch() is entered with interrupts off and no lock but those it is told of.
 */
#ifndef PROC_SCHED_H
#define PROC_SCHED_H

#include "proc/sched/lwp.h"

/* Makes the current context lwp 0 of this CPU: its idle lwp. */
void sched_init(void);
void sched_init_ap(struct cpu *c);
/* Runs lwps for ever; the idle lwp's body. */
void sched_idle(void) __noreturn;

/* Puts l on a run queue (this CPU's, an idle one's, or that of its last CPU) and pokes that CPU if l is better. From any context. */
void setrunnable(struct lwp *l);
/* Gives up the CPU; the current lwp's state has been set by the caller. Interrupts off. */
void swtch(void);
/* Goes to the end of its queue. */
void sched_yield_cpu(void);
/* The handler of T_IPI_RESCHED. */
void sched_ipi(void);
/* Every CPU looks again, soon, how long its lwp may run: a timer on CPU time was set. From any context. */
void sched_look_again(void);
/* Called at the boundary when c_need_resched. */
void sched_preempt(void);

/* Where the time of CPU c went so far, nanoseconds: for /proc/stat. Nearly exact. */
void cpu_times(const struct cpu *c, u64 *user, u64 *sys, u64 *idle);

#define LOADAVG_FIXED 65536u
void sched_loadavg(u32 avg[3]); /* 1, 5, 15 minutes in units of 1/LOADAVG_FIXED */
void loadavg_init(void);
/* How many lwps run or want to, a hint. */
u32 sched_wanting(void);

#endif
