/* SPDX-License-Identifier: MIT */
/*
 * Random delays where two CPUs, or an lwp and an interrupt, may interfere: they
 * make rare races more likely.
 *
 * `jitter=SEED` on the kernel's command line of a debug build switches them on.
 * SEED chooses the sequence of delays; 0 or no number means 1. The delays of
 * one seed are the same in each boot, but the CPUs still race each other.
 */
#ifndef KERNEL_LIB_JITTER_H
#define KERNEL_LIB_JITTER_H

#include "kernel/lib/types.h"

#if defined(DEBUG) && !defined(REPRISE_HOST)

extern u32 jitter_seed; /* 0: off */

/* Called once, before the other CPUs start. */
void jitter_start(u32 seed);
void jitter_delay(void);
bool jitter_chance(void);

/* A place where a delay may change the order of events. From any context. */
static inline void jitter(void)
{
	if (unlikely(jitter_seed))
		jitter_delay();
}

/*
 * Returns: true now and then: the running lwp must give up its CPU at the
 *   boundary.
 */
static inline bool jitter_yields(void)
{
	return unlikely(jitter_seed) && jitter_chance();
}

#else

static inline void jitter_start(u32 seed)
{
}
static inline void jitter(void)
{
}
static inline bool jitter_yields(void)
{
	return false;
}

#endif
#endif
