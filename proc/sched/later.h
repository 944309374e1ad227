/* SPDX-License-Identifier: MIT */
/*
 * Work that an interrupt, or the holder of a spinlock, leaves to a thread: what users make long. Each piece of work is done a little at a
 * time, and all that wait take turns.
 */
#ifndef PROC_SCHED_LATER_H
#define PROC_SCHED_LATER_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

/* A piece of work, inside the object that it is about. */
struct later {
	struct list la_link;
	/* Does a part; true: there is more. No lock held; may not sleep. */
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

/* The thread does la soon; nothing if la waits already. From any context, with locks below LR_LATER held. */
void later(struct later *la);
/* la does not wait, and is not under way, afterwards. Sleeps. */
void later_cancel(struct later *la);
/* Starts the thread. */
void later_start(void);

#endif
