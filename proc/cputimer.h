/* SPDX-License-Identifier: MIT */
/*
 * CPU-time clocks, and the events at a time of such a clock: POSIX timers,
 * sleeps, ITIMER_VIRTUAL, ITIMER_PROF, RLIMIT_CPU.
 *
 * An id of the ABI names a clock. CLOCK_PROCESS_CPUTIME_ID and
 * CLOCK_THREAD_CPUTIME_ID are the caller's; a negative id contains a pid or
 * tid:
 *
 *   31                       3   2   1 0
 *  +--------------------------+---+-----+
 *  | ~pid, or ~tid (0: own)   | T | kind|
 *  +--------------------------+---+-----+
 *   T: clock of a thread. kind: 0 user and system time; 1 user time; 2 the
 *   scheduler's count, here the same as 0; 3 not a CPU-time clock.
 *
 * Each process and each lwp has a heap of timers for each kind of its clock.
 * The scheduler ends a time slice when the first of them is due, or sooner
 * (cputimer_left), and then checks them (cputimer_check). A timer that is due
 * is removed and its callout is set: the callout does the work, without these
 * locks. So a timer may belong to another process than its clock.
 *
 * Locks: the heaps and p_cpuwatch: one spinlock for all (LR_CPUTIMER), which
 *   may be taken under p_lock.
 * Source: man pages clock_getcpuclockid(3), timer_create(2); Linux's
 *   posix-timers.h for the encoding.
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
	/* a thread of the current process; 0: the whole process */
	pid_t cc_tid;
	u32 cc_kind; /* CPU_TIME, CPU_USER */
};

struct cputimer {
	struct heap_node ct_node;
	struct heap *ct_heap;	    /* NULL: not armed */
	struct callout *ct_callout; /* set when the clock reaches the time */
};

bool clock_is_cpu(u32 clock);
/*
 * Finds the clock that an id names. `reading`: a process may also be named by
 * the id of the calling thread.
 * Errors: -EINVAL: no such process, or a thread of another process.
 */
int cpuclock_find(u32 clock, bool reading, struct cpuclock *cc);
void cpuclock_rele(struct cpuclock *cc);
/*
 * Returns: the id of the clock of a thread, or of a process (pid 0: the process
 *   that uses the id).
 */
u32 cpuclock_id(pid_t id, u32 kind, bool thread);
/*
 * For a process being restored: the clock of p, or of one of its threads. The
 * id of the thread is as p knows it: cpuclock_resolve() finds the thread once
 * all ids are set.
 */
void cpuclock_of(struct proc *p, u32 clock, struct cpuclock *cc);
void cpuclock_resolve(u32 clock, struct cpuclock *cc);
/*
 * Reads the clock, in nanoseconds.
 * Errors: -EINVAL: its thread has exited.
 * Locks: takes p_lock of the process.
 */
int cpuclock_read(const struct cpuclock *cc, u64 *ns);
/*
 * The same for a clock of p; 0 if its thread has exited.
 * Locks: p_lock of p.
 */
u64 cpuclock_read_locked(const struct cpuclock *cc);

/*
 * Sets ct->ct_callout when the clock reaches `when`; moves ct if it is armed.
 * Does nothing if the process or thread has exited.
 * Locks: for the clock of a thread, p_lock of its process.
 */
void cputimer_arm(struct cputimer *ct, const struct cpuclock *cc, u64 when);
/* Disarms ct. The callout may be set already, or running. */
void cputimer_disarm(struct cputimer *ct);

/* An event of p depends on its CPU time: the scheduler checks from now on. */
void cputimer_watch(struct proc *p);
/*
 * Returns: nanoseconds that l, the current lwp, may run until a timer is due;
 *   0: there is none.
 * Locks: takes p_lock.
 */
u64 cputimer_left(struct lwp *l);
/*
 * Fires what is due for l, the current lwp, and its process.
 * Locks: takes p_lock.
 */
void cputimer_check(struct lwp *l);

/* The lwp or process exits. Its clock stops, so its timers never fire. */
void cputimer_lwp_ends(struct lwp *l);
void cputimer_proc_ends(struct proc *p);

#endif
