/* SPDX-License-Identifier: MIT */
/*
 * Debug: the longest time for which each kind of spinlock was held, and for
 * which an interrupt was handled. Meanwhile the CPU takes no interrupt, so
 * users must not be able to lengthen it.
 *
 * /proc/reprise/holds shows the times. Under -icount the guest's time counts
 * instructions, and the figures repeat.
 */
#ifndef KERNEL_LIB_HOLDS_H
#define KERNEL_LIB_HOLDS_H

#include "kernel/lib/lock.h"

/* The rank that stands for interrupts; ho_where is the vector. */
#define HOLD_INTERRUPT 0u

#if defined(DEBUG) && !defined(REPRISE_HOST)

/* The longest hold of the locks of one rank. */
struct hold {
	const char *ho_name; /* name of the lock; NULL: none was held yet */
	u32 ho_cycles;	     /* length in cycles of the clock */
	u32 ho_where;	     /* the address after the release */
};

/*
 * Notes that a lock of this rank was held since `since`, the low half of
 * clock_cycles(). Interrupts off.
 */
void hold_note(u32 rank, const char *name, u32 since, u32 where);
/*
 * Copies the figure of a rank. Name and place may belong to another hold of
 * about the same length.
 */
void hold_get(u32 rank, struct hold *ho);
/* Forgets all figures. */
void holds_reset(void);

#else

static inline void hold_note(u32 rank, const char *name, u32 since, u32 where)
{
}

#endif
#endif
