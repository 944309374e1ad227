/* SPDX-License-Identifier: MIT */
/*
 * sleep and wakeup. A channel is any kernel address. Its sleepers wait in one
 * of a fixed number of hashed sleep queues (LR_SLEEPQ). The queues are never
 * freed, so a wakeup or an interruption never touches a freed object.
 *
 * The pattern, with the condition guarded by lock lk:
 *	spin_lock(&lk);
 *	while (!condition)
 *		error = sleep(&object, &lk, SLP_INTR, 0);
 *	spin_unlock(&lk);
 * sleep() releases lk while the lwp sleeps, and holds it again on return.
 *
 * The other side changes the condition under lk and calls wakeup(&object),
 * before or after it unlocks. A wakeup may be spurious: always loop.
 */
#ifndef PROC_SLEEP_H
#define PROC_SLEEP_H

#include "kernel/lib/lock.h"
#include "kernel/lib/types.h"

/* end when the lwp must go to the boundary: signal, stop, exit, checkpoint */
#define SLP_INTR 1u
#define SLP_KILL 2u /* end only when the process is dying */
/*
 * End when the lwp must stop or die, but not for a signal: the parent of a
 * vfork, whose stack its child uses.
 */
#define SLP_HOLD 4u
/*
 * End when the process is dying or soon will be (lwp_given_up): a checkpoint
 * that waits for other processes.
 */
#define SLP_FATAL 8u

/*
 * Sleeps on chan. Releases lk and takes it again; lk may be NULL if the caller
 * cannot lose a wakeup. deadline: monotonic ns, 0: none. An SLP_INTR sleep does
 * not begin if there is a reason to go to the boundary already.
 * Returns: 0 (woken), -ETIMEDOUT, -ERESTARTSYS (by one of the flags).
 */
int sleep(const void *chan, struct spinlock *lk, u32 flags, u64 deadline);

struct mutex;
/* The same with a mutex as the lock. */
int sleep_mutex(const void *chan, struct mutex *m, u32 flags, u64 deadline);

/*
 * Wakes all sleepers on chan. Users decide how many they are: of many, a thread
 * makes most runnable soon after. From any context, with locks below LR_LATER
 * held.
 */
void wakeup(const void *chan);
/*
 * Wakes one sleeper: of those that have waited longest (some dozens), the first
 * with the best priority.
 */
void wakeup_one(const void *chan);

void sleepq_init(void);

#endif
