/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: a run queue per CPU, NPRI priorities, round robin within one.
 * The priority of CPU-bound lwps falls, that of sleepers rises. An idle CPU
 * takes work from a loaded one.
 *
 * Locks: each run queue's (LR_RUNQ). swtch() is entered with interrupts off and
 *   no lock but those given to it.
 */
#ifndef PROC_SCHED_H
#define PROC_SCHED_H

#include "proc/sched/lwp.h"

/* Makes the current context lwp 0 of this CPU: its idle lwp. */
void sched_init(void);
void sched_init_ap(struct cpu *c);
/* Runs lwps forever: the body of the idle lwp. */
void sched_idle(void) __noreturn;

/*
 * Puts l on a run queue: this CPU's, an idle CPU's, or its last CPU's.
 * Interrupts that CPU if l is better than its lwp. From any context.
 */
void setrunnable(struct lwp *l);
/*
 * Gives up the CPU. The caller has set the current lwp's state.
 * Locks: none; interrupts off.
 */
void swtch(void);
/* Puts the current lwp at the end of its queue. */
void sched_yield_cpu(void);
/* The handler of T_IPI_RESCHED. */
void sched_ipi(void);
/*
 * Makes every CPU check soon how long its lwp may run, because a timer on CPU
 * time was set. From any context.
 */
void sched_look_again(void);
/* Called at the boundary when c_need_resched. */
void sched_preempt(void);

/*
 * How CPU c has spent its time so far, in nanoseconds, for /proc/stat.
 * Approximate.
 */
void cpu_times(const struct cpu *c, u64 *user, u64 *sys, u64 *idle);

#define LOADAVG_FIXED 65536u
/* 1, 5, 15 minutes in units of 1/LOADAVG_FIXED */
void sched_loadavg(u32 avg[3]);
void loadavg_init(void);
/* How many lwps run or are runnable; a hint. */
u32 sched_wanting(void);

#endif
