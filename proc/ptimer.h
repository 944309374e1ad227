/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers (timer_create(2)). A timer belongs to a process, is not inherited by fork and goes with exec. It waits for a time of the
 * monotonic clock, by a callout, or of a CPU-time clock (proc/cputimer.h), which sets the same callout; then its signal is posted to the
 * process or to one of its lwps.
 *
 * A periodic timer that has fired is set again only when its signal leaves the queue: taken, or thrown away. What came meanwhile is
 * its overrun. So a process pays for each expiration with a way through its boundary, however short the interval is, and one that
 * blocks or ignores the signal costs nothing. ITIMER_REAL does the same (proc/itimer.c).
 *
 *   set ------> armed --fires--> signal pending --leaves the queue--> armed
 *                 \--fires, signal ignored--> idle --timers_heard()--> armed
 *
 * A timer owns the queue entry of its signal (pt_ent), so no expiration is lost for want of memory.
 *
 * Locks: the list p_ptimers and all fields: p_lock of the timer's process.
 * Source: man pages timer_create(2), timer_settime(2), timer_getoverrun(2).
 */
#ifndef PROC_PTIMER_H
#define PROC_PTIMER_H

#include "proc/proc.h"

/* In one process: they are found and held back one after the other under p_lock. */
#define PTIMER_MAX 64u

/* sigev_notify (asm-generic/siginfo.h) */
#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD_ID 4

/* The head of struct sigevent; 64 bytes in all. */
struct abi_sigevent {
	u32 sigev_value;
	s32 sigev_signo;
	s32 sigev_notify;
	s32 sigev_tid;
};

/* Nanoseconds until a timer fires, 0: not armed; and its interval, 0: it fires once. */
struct ptimer_spec {
	u64 sp_value, sp_interval;
};

/* A timer's state as an image keeps it. ps_tid, and a thread's id in ps_clock: as the process knows it. */
struct ptimer_state {
	u32 ps_clock, ps_value;
	s32 ps_signo, ps_notify, ps_tid;
	bool ps_foreign; /* on the CPU-time clock of another process: an image cannot hold it */
	u32 ps_overrun;
	u64 ps_interval, ps_left;
};

void ptimer_init(void);

/*
 * Makes a timer of the current process, not armed. ev: NULL: SIGALRM with the timer's id as its value. Its clock has been checked.
 * Errors: -EAGAIN: too many timers, RLIMIT_SIGPENDING, no memory; -EINVAL: no such CPU-time clock. May sleep.
 */
int ptimer_create(u32 clock, const struct abi_sigevent *ev, s32 *id);
/* For these the timer `id` of p must exist: else -EINVAL. */
int ptimer_delete(struct proc *p, s32 id); /* may sleep */
int ptimer_get(struct proc *p, s32 id, struct ptimer_spec *sp);
/* absolute: sp_value is a time of the timer's clock. old: NULL, or what was set before. */
int ptimer_set(struct proc *p, s32 id, bool absolute, const struct ptimer_spec *sp, struct ptimer_spec *old);
int ptimer_overrun(struct proc *p, s32 id);

/* Can a timer wait for this clock, as far as the id tells? */
bool ptimer_clock_ok(u32 clock);
/* The timer of p with the lowest id above `after`: its id, or -1. */
s32 ptimer_next(struct proc *p, s32 after, struct ptimer_state *st);
/* Makes the timer `id` of p, which has none of that id; it is not armed, whatever ps_left says. -EINVAL (id, clock), -ENOMEM. May sleep. */
int ptimer_put(struct proc *p, s32 id, const struct ptimer_state *st);
/* Arms the timer `id` of p, if there is one. left: nanoseconds of a CPU-time clock; for others `when` counts, a monotonic instant. */
void ptimer_arm(struct proc *p, s32 id, u64 left, u64 when);
/* Signals of p's timers that came into this queue of p from an image become the timers' own entries. p_lock held. */
void ptimer_adopt(struct proc *p, struct sigqueue *q);

/* A hold of p ends: what became due meanwhile fires. p_lock held. */
void ptimer_resume(struct proc *p);
/*
 * The timer's signal leaves its queue: taken or thrown away. For sigqueue.c.
 *
 * Returns: its overrun.
 * Locks: p_lock held.
 */
s32 ptimer_signal_left(struct ptimer *pt);
/* The overrun that the taker of the timer's pending signal would see. p_lock held. */
s32 ptimer_pending_overrun(const struct ptimer *pt);
/* Signal sig of p is not ignored any more: idle timers that send it go on. p_lock held. */
void ptimer_heard(struct proc *p, int sig);
/* All timers of p go: exec and exit. May sleep. */
void ptimer_delete_all(struct proc *p);

#endif
