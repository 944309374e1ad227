/* SPDX-License-Identifier: MIT */
/*
 * Work that an interrupt handler or the holder of a spinlock leaves to a
 * thread, because users decide how much it is. The thread does a part of each
 * piece of work at a time, in turn.
 */
#ifndef PROC_SCHED_LATER_H
#define PROC_SCHED_LATER_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

/* A piece of work, embedded in its object. */
struct later {
	struct list la_link;
	/*
	 * Does a part. May not sleep.
	 * Returns: true: more is left.
	 * Locks: none.
	 */
	bool (*la_do)(struct later *la);
};

#define LATER_INIT(la, fn)                             \
	{                                              \
		{ &(la).la_link, &(la).la_link }, (fn) \
	}

static inline void later_init(struct later *la, bool (*fn)(struct later *la))
{
	list_init(&la->la_link);
	la->la_do = fn;
}

/*
 * Makes the thread do la soon; does nothing if la waits already. From any
 * context, with locks below LR_LATER held.
 */
void later(struct later *la);
/*
 * Afterwards la neither waits nor runs.
 * Sleeps: yes.
 */
void later_cancel(struct later *la);
/* Starts the thread. */
void later_start(void);

#endif
