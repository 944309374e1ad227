/* SPDX-License-Identifier: MIT */
/*
 * Messages that a user can cause again and again. Without a limit, a loop of
 * refusals would push every other message out of the log's ring and keep the
 * consoles busy.
 *
 * Each kind of message has one struct ratelimit. In RATELIMIT_INTERVAL_NS, from
 * the kind's first message on, it may print RATELIMIT_BURST messages; further
 * ones are only counted. After the interval, the next message of the kind, or
 * the next reader of the log, first prints that count. The limit holds for all
 * users, the superuser too.
 *
 * Locks: limits_lock (LR_RATELIMIT) guards the counts of all kinds, and their
 *   list.
 */
#ifndef KERNEL_LIB_RATELIMIT_H
#define KERNEL_LIB_RATELIMIT_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define RATELIMIT_BURST 50u
#define RATELIMIT_INTERVAL_NS 5000000000ull

struct ratelimit {
	const char *rl_kind;  /* names the messages: "ckpt" */
	const char *rl_level; /* KDEBUG or "" */
	u64 rl_begin;	      /* when the interval began */
	u32 rl_said;	      /* messages printed in this interval */
	/* messages left out since the last count was printed */
	u32 rl_left_out;
	/* on the list of limits, from its first message on */
	bool rl_listed;
	struct list rl_link; /* limits_lock */
};

#define RATELIMIT_INIT(kind, level)                    \
	{                                              \
		.rl_kind = (kind), .rl_level = (level) \
	}

/* printk(), unless the kind has reached its limit. From any context. */
void printk_limited(struct ratelimit *rl, const char *fmt, ...) __printf(2, 3);

/*
 * Prints, for each kind whose interval is over, how many messages were left
 * out. Readers of the log call it.
 */
void ratelimit_report(void);

#endif
