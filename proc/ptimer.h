/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers (timer_create(2)). A timer belongs to a process; fork does not
 * inherit it, and exec deletes it. It waits for a time of the monotonic clock,
 * by a callout, or of a CPU-time clock (proc/cputimer.h), which sets the same
 * callout. Then its signal is posted to the process or to one of its lwps.
 *
 * A periodic timer that has fired is set again only when its signal leaves the
 * queue: taken or dropped. Expirations in between are its overrun. So each
 * expiration costs the process a pass through its boundary, however short the
 * interval is, and a process that blocks or ignores the signal costs nothing.
 * ITIMER_REAL does the same (proc/itimer.c).
 *
 *   set ------> armed --fires--> signal pending --leaves the queue--> armed
 *                 \--fires, signal ignored--> idle --ptimer_heard()--> armed
 *
 * A timer owns the queue entry of its signal (pt_ent), so no expiration is lost
 * for want of memory.
 *
 * Locks: the list p_ptimers and all fields: p_lock of the timer's process.
 * Source: man pages timer_create(2), timer_settime(2), timer_getoverrun(2).
 */
#ifndef PROC_PTIMER_H
#define PROC_PTIMER_H

#include "proc/proc.h"

/* Timers of one process: they are searched and held one by one under p_lock. */
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

/*
 * Nanoseconds until a timer fires (0: not armed), and its interval (0: it fires
 * once).
 */
struct ptimer_spec {
	u64 sp_value, sp_interval;
};

/*
 * A timer's state in an image. ps_tid, and a thread's id in ps_clock, are as
 * the process knows them.
 */
struct ptimer_state {
	u32 ps_clock, ps_value;
	s32 ps_signo, ps_notify, ps_tid;
	/* on another process's CPU-time clock: an image cannot hold it */
	bool ps_foreign;
	u32 ps_overrun;
	u64 ps_interval, ps_left;
};

void ptimer_init(void);

/*
 * Makes an unarmed timer of the current process. ev NULL: SIGALRM with the
 * timer's id as its value. The caller has checked the clock.
 * Errors: -EAGAIN: too many timers, RLIMIT_SIGPENDING, no memory. -EINVAL: no
 *   such CPU-time clock.
 * Sleeps: yes.
 */
int ptimer_create(u32 clock, const struct abi_sigevent *ev, s32 *id);
/* Errors: -EINVAL: p has no timer `id`. */
int ptimer_delete(struct proc *p, s32 id); /* may sleep */
int ptimer_get(struct proc *p, s32 id, struct ptimer_spec *sp);
/*
 * absolute: sp_value is a time of the timer's clock. old: the previous setting,
 * if not NULL.
 */
int ptimer_set(struct proc *p, s32 id, bool absolute, const struct ptimer_spec *sp, struct ptimer_spec *old);
int ptimer_overrun(struct proc *p, s32 id);

/* Can a timer wait for this clock, as far as the id tells? */
bool ptimer_clock_ok(u32 clock);
/* Returns: the lowest id above `after` of a timer of p; -1: none. */
s32 ptimer_next(struct proc *p, s32 after, struct ptimer_state *st);
/*
 * Timers that no process has yet, for a recovery. ptimer_make() adds the timer
 * `id` to a list that has no such timer; it is not armed, whatever ps_left says.
 * ptimer_attach() gives all of them to p, which has no timers, and empties the
 * list. ptimer_drop() frees them.
 * Errors: -EINVAL (id, clock), -ENOMEM.
 * Sleeps: yes.
 */
int ptimer_make(struct list *timers, s32 id, const struct ptimer_state *st);
void ptimer_attach(struct proc *p, struct list *timers);
void ptimer_drop(struct list *timers);
/*
 * Arms the timer `id` of p, if it exists. left: nanoseconds of a CPU-time
 * clock; timers on other clocks use `when`, a monotonic time.
 */
void ptimer_arm(struct proc *p, s32 id, u64 left, u64 when);
/*
 * A queue of p was restored from an image: its signals of p's timers become the
 * timers' own entries.
 * Locks: p_lock.
 */
void ptimer_adopt(struct proc *p, struct sigqueue *q);

/*
 * A hold of p ends: timers that became due meanwhile fire.
 * Locks: p_lock.
 */
void ptimer_resume(struct proc *p);
/*
 * The timer's signal leaves its queue, taken or dropped. For sigqueue.c.
 * Returns: its overrun.
 * Locks: p_lock.
 */
s32 ptimer_signal_left(struct ptimer *pt);
/*
 * The overrun that the taker of the timer's pending signal would see.
 * Locks: p_lock.
 */
s32 ptimer_pending_overrun(const struct ptimer *pt);
/*
 * p no longer ignores sig: idle timers that send it go on.
 * Locks: p_lock.
 */
void ptimer_heard(struct proc *p, int sig);
/*
 * Deletes all timers of p: exec and exit.
 * Sleeps: yes.
 */
void ptimer_delete_all(struct proc *p);

#endif
