/* SPDX-License-Identifier: MIT */
/*
 * CPU-time clocks, and what happens when one of them reaches a time: POSIX timers and sleeps on such clocks, ITIMER_VIRTUAL,
 * ITIMER_PROF, RLIMIT_CPU.
 *
 * A clock is named by an id of the ABI: CLOCK_PROCESS_CPUTIME_ID and CLOCK_THREAD_CPUTIME_ID are the caller's, a negative id has the
 * pid or tid in it:
 *
 *   31                       3   2   1 0
 *  +--------------------------+---+-----+
 *  | ~pid, or ~tid (0: own)   | T | kind|   T: of a thread. kind: 0 user and system, 1 user, 2 what the scheduler
 *  +--------------------------+---+-----+   counts, here the same as 0; 3: not a CPU-time clock
 *
 * Each process, and each lwp, has a heap of timers for each kind of its clock. The scheduler ends a time slice no later than the
 * first of them is due (cputimer_left), and looks then (cputimer_check). A timer that is due is taken off and its callout is set: what
 * it does, it does there, with none of these locks. So a timer may belong to another process than the clock.
 *
 * Locks: heaps, and p_cpuwatch: one spinlock for all (LR_CPUTIMER), which a callee may take below p_lock.
 * Source: man pages clock_getcpuclockid(3), timer_create(2); Linux's posix-timers.h for the encoding.
 */
#ifndef PROC_CPUTIMER_H
#define PROC_CPUTIMER_H

#include "kernel/dev/clock.h"
#include "kernel/lib/heap.h"
#include "proc/proc.h"

#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3

struct cpuclock {
	struct proc *cc_proc; /* with a reference; NULL: not a CPU-time clock */
	pid_t cc_tid;	      /* of one thread of the current process; 0: of the process */
	u32 cc_kind;	      /* CPU_TIME, CPU_USER */
};

struct cputimer {
	struct heap_node ct_node;
	struct heap *ct_heap;	    /* NULL: not armed */
	struct callout *ct_callout; /* is set when the time has come */
};

bool clock_is_cpu(u32 clock);
/*
 * Which clock is meant. `reading`: a process may also be named by the id of the calling thread.
 * Errors: -EINVAL: no such process, or a thread of another one.
 */
int cpuclock_find(u32 clock, bool reading, struct cpuclock *cc);
void cpuclock_rele(struct cpuclock *cc);
/* An id that names a clock: of a thread, or of a process (pid 0: the one that uses the id). */
u32 cpuclock_id(pid_t id, u32 kind, bool thread);
/*
 * For a process that is brought back: the clock of p itself, or of one of its threads, that the id names. The thread's id is as p knows
 * it, so cpuclock_resolve() finds the thread once all ids are there.
 */
void cpuclock_of(struct proc *p, u32 clock, struct cpuclock *cc);
void cpuclock_resolve(u32 clock, struct cpuclock *cc);
/* The time of the clock, nanoseconds. -EINVAL: its thread has ended. Takes p_lock of the process. */
int cpuclock_read(const struct cpuclock *cc, u64 *ns);
/* The same for a clock of the process p itself, whose p_lock is held. 0 for a thread that has ended. */
u64 cpuclock_read_locked(const struct cpuclock *cc);

/*
 * Sets ct->ct_callout when the clock reaches `when`; moves ct if it is armed. Never, if the process or the thread has ended.
 * Locks: for the clock of a thread, p_lock of its process.
 */
void cputimer_arm(struct cputimer *ct, const struct cpuclock *cc, u64 when);
/* The callout may be set already, or running. */
void cputimer_disarm(struct cputimer *ct);

/* The process has something that its CPU time brings about: from now on the scheduler asks. */
void cputimer_watch(struct proc *p);
/* How long l, the current lwp, may run until something is due; 0: nothing is. Nanoseconds. Takes p_lock. */
u64 cputimer_left(struct lwp *l);
/* Looks what is due for l, the current lwp, and its process. Takes p_lock. */
void cputimer_check(struct lwp *l);

/* The clock of an lwp, or of a process, stands still for ever: its timers never fire. */
void cputimer_lwp_ends(struct lwp *l);
void cputimer_proc_ends(struct proc *p);

#endif
