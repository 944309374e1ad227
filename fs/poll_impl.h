/* SPDX-License-Identifier: MIT */
/*
 * A poller: one lwp in poll(2) or select(2). On its stack; fs/poll.c works it, fs/sys_poll.c and
 * fs/sys_select.c use it.
 */
#ifndef FS_POLL_IMPL_H
#define FS_POLL_IMPL_H

#include "fs/poll.h"

#include "proc/signal.h"

struct file;

#define POLL_HEADS_MAX 4u /* pollheads that one file may have */
#define POLL_CHUNK 20u

struct pollent {
	struct list pe_link; /* ph_pollers, or those whose wakeup is late */
	struct pollhead *pe_head;
	struct poller *pe_poller;
};

struct pollchunk {
	struct pollchunk *pc_next;
	u32 pc_used;
	struct pollent pc_ent[POLL_CHUNK];
};

struct poller {
	bool p_woken; /* an object has become ready since the last round (poll_lock) */
	struct pollchunk *p_stock;
	struct pollchunk p_first;
};

void poller_init(struct poller *p);
/*
 * What is ready of f; with `enter`, the poller is woken when that changes. f must stay referenced
 * until poller_end(). -ENOMEM
 */
int poller_ask(struct poller *p, struct file *f, bool enter, u32 *ready);
/* Until something changed, or the monotonic deadline (0: none). 0, -ETIMEDOUT, -ERESTARTSYS */
int poller_sleep(struct poller *p, u64 deadline);
void poller_end(struct poller *p);

/* One file of a wait. */
struct pollreq {
	struct file *pr_file; /* a reference; NULL: not asked */
	u32 pr_events;	      /* what is wanted; errors and hang-ups always are */
	u32 pr_ready;
};
#define POLL_NOWAIT 1ull /* as a deadline: ask once */

/*
 * Waits until some file is ready. How many are, 0 (time is over), -ERESTARTSYS, -ENOMEM. May sleep.
 */
int poll_files(struct pollreq *req, u32 n, u64 deadline);
void poll_release(struct pollreq *req, u32 n);

/* The time argument of the poll and select calls, in its three shapes. */
enum timeout_kind { TMO_TIMEVAL, TMO_TIMESPEC, TMO_TIMESPEC64 };
struct timeout {
	enum timeout_kind to_kind;
	uaddr_t to_user; /* 0: wait for ever */
	u64 to_deadline; /* monotonic ns, 0 none, POLL_NOWAIT */
};
int timeout_get(struct timeout *to, enum timeout_kind kind, uaddr_t user); /* -EFAULT, -EINVAL */
/* Tells the caller how much was left, and makes of an interrupted wait what Linux makes of it. */
long timeout_put(const struct timeout *to, long ret);

/* The mask argument: sets it for the duration of the wait. user 0: nothing. -EFAULT, -EINVAL */
struct maskarg {
	bool ma_set;
	sigset_k ma_saved;
};
int mask_begin(struct maskarg *ma, uaddr_t user, u32 size);
void mask_end(struct maskarg *ma, long ret);

#endif
