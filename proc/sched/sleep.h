/* SPDX-License-Identifier: MIT */
/*
 * sleep and wakeup. A channel is any kernel address; those who sleep on it wait in one of a fixed number of
 * hashed sleep queues (LR_SLEEPQ), which are never freed, so a wakeup or an interruption can never
 * touch an object that is gone.
 *
 * The pattern, with the condition guarded by lock lk:
 *	spin_lock(&lk);
 *	while (!condition)
 *		error = sleep(&object, &lk, SLP_INTR, 0);   // lk released while asleep, held again on return
 *	spin_unlock(&lk);
 * and the other side changes the condition under lk and calls wakeup(&object) (before or after unlocking).
 * A wakeup may be spurious: always loop.
 */
#ifndef PROC_SLEEP_H
#define PROC_SLEEP_H

#include "kernel/lib/lock.h"
#include "kernel/lib/types.h"

#define SLP_INTR \
	1u /* end when the lwp must go to the user boundary: signal, stop, exit, checkpoint */
#define SLP_KILL 2u /* end only when the process is dying */
/* End when the lwp must stand still or die, but for no signal: the parent of a vfork, whose stack its child uses. */
#define SLP_HOLD 4u
/* End when the process is dying or is about to (lwp_given_up): a checkpoint that waits for others. */
#define SLP_FATAL 8u

/*
 * Sleeps on chan; lk (may be NULL if the caller cannot lose a wakeup) is released and re-taken.
 * deadline: monotonic ns, 0: none. Returns 0 (woken), -ETIMEDOUT, -ERESTARTSYS (one of the flags).
 * An SLP_INTR sleep does not begin when there is already a reason to go to the boundary.
 */
int sleep(const void *chan, struct spinlock *lk, u32 flags, u64 deadline);

struct mutex;
/* The same with a sleeping mutex as the lock. */
int sleep_mutex(const void *chan, struct mutex *m, u32 flags, u64 deadline);

/*
 * Wakes all who sleep on chan. How many they are, users decide: a thread makes most of many runnable, soon.
 * From any context, with locks below LR_LATER held.
 */
void wakeup(const void *chan);
/* Wakes one: of those that have waited longest (some dozens), the first of the best priority. */
void wakeup_one(const void *chan);

void sleepq_init(void);

#endif
