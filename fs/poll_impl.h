/* SPDX-License-Identifier: MIT */
/*
 * A poller: one lwp in poll(2) or select(2), on its stack. fs/poll.c implements
 * it; fs/sys_poll.c and fs/sys_select.c use it.
 */
#ifndef FS_POLL_IMPL_H
#define FS_POLL_IMPL_H

#include "fs/poll.h"

#include "proc/signal.h"

struct file;

#define POLL_HEADS_MAX 4u /* pollheads that one file may have */
#define POLL_CHUNK 20u

struct pollent {
	struct list pe_link; /* on ph_pollers, or on the list of late wakeups */
	struct pollhead *pe_head;
	struct poller *pe_poller;
};

struct pollchunk {
	struct pollchunk *pc_next;
	u32 pc_used;
	struct pollent pc_ent[POLL_CHUNK];
};

struct poller {
	/* An object became ready since the last round (poll_lock). */
	bool p_woken;
	struct pollchunk *p_stock;
	struct pollchunk p_first;
};

void poller_init(struct poller *p);
/*
 * The ready events of f. With `enter`, a change wakes the poller. f must stay
 * referenced until poller_end().
 * Errors: -ENOMEM
 */
int poller_ask(struct poller *p, struct file *f, bool enter, u32 *ready);
/*
 * Sleeps until something changes, or until the monotonic deadline (0: none).
 * Errors: -ETIMEDOUT, -ERESTARTSYS
 */
int poller_sleep(struct poller *p, u64 deadline);
void poller_end(struct poller *p);

/* One file of a wait. */
struct pollreq {
	struct file *pr_file; /* a reference; NULL: skipped */
	u32 pr_events;	      /* asked for; errors and hang-ups always are */
	u32 pr_ready;
};
#define POLL_NOWAIT 1ull /* as a deadline: ask once */

/*
 * Waits until a file is ready.
 * Returns: how many are; 0: the time is over.
 * Errors: -ERESTARTSYS, -ENOMEM
 * Sleeps: yes.
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
/* -EFAULT, -EINVAL */
int timeout_get(struct timeout *to, enum timeout_kind kind, uaddr_t user);
/*
 * Copies the remaining time to the caller, and turns the result of an
 * interrupted wait into Linux's.
 */
long timeout_put(const struct timeout *to, long ret);

/*
 * The mask argument: set for the duration of the wait; user 0: none.
 * Errors: -EFAULT, -EINVAL
 */
struct maskarg {
	bool ma_set;
	sigset_k ma_saved;
};
int mask_begin(struct maskarg *ma, uaddr_t user, u32 size);
void mask_end(struct maskarg *ma, long ret);

#endif
