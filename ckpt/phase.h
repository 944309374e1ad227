/* SPDX-License-Identifier: MIT */
/*
 * A phase that processes wait for: a number that only grows, set by one side
 * and waited for by the other. The values are an enum of the user's.
 *
 * Locks: ph_lock (LR_VFS) guards ph_now.
 */
#ifndef CKPT_PHASE_H
#define CKPT_PHASE_H

#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "proc/sched/sleep.h"

struct phase {
	struct spinlock ph_lock;
	u32 ph_now;
};

/* The first phase is 0. */
static inline void phase_init(struct phase *ph, const char *name)
{
	spin_init(&ph->ph_lock, name, LR_VFS);
	ph->ph_now = 0;
}

/* Sets a later phase. The process that waits for it may free ph at once. */
static inline void phase_set(struct phase *ph, u32 to)
{
	spin_lock(&ph->ph_lock);
	ASSERT(to > ph->ph_now);
	ph->ph_now = to;
	wakeup(ph);
	spin_unlock(&ph->ph_lock);
}

/* Returns: the phase, `least` or a later one. Sleeps. */
static inline u32 phase_wait(struct phase *ph, u32 least)
{
	u32 now;

	spin_lock(&ph->ph_lock);
	while (ph->ph_now < least)
		sleep(ph, &ph->ph_lock, 0, 0);
	now = ph->ph_now;
	spin_unlock(&ph->ph_lock);
	return now;
}

#endif
