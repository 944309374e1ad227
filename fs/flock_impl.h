/* SPDX-License-Identifier: MIT */
/*
 * The locks that are set on one vnode (fs/flock_table.c), for fs/flock.c.
 *
 * A lock stands in two trees:
 *
 *	ft_range   by start, of all owners. Each node knows of its subtree the
 *	           last end and the owner ("several" if there is more than one),
 *	           once for all locks and once for the exclusive ones: a search for
 *	           a conflict skips what is over too early, and the own locks.
 *	ft_owned   by owner, then by start. The locks of one owner never overlap.
 *
 * So each step costs O(log n), whatever locks others hold.
 *
 * Locks: locks_lock of fs/flock.c around everything here. Nothing here sleeps.
 */
#ifndef FS_FLOCK_IMPL_H
#define FS_FLOCK_IMPL_H

#include "fs/flock.h"
#include "kernel/lib/list.h"

#define END_OF_FILE INT64_MAX

/* What a search wants to know of a subtree of ft_range. */
struct lock_sum {
	s64 ls_end;	      /* the last end; meaningless without an owner */
	const void *ls_owner; /* NULL: no lock; SEVERAL_OWNERS */
};

struct filelock {
	struct tree_node fl_range, fl_owned;
	struct list fl_freed; /* on the way to be freed */
	enum flock_kind fl_kind;
	int fl_type;	      /* F_RDLCK, F_WRLCK; F_UNLCK only as a wish */
	const void *fl_owner; /* struct fdtab or struct file; compared, never followed */
	s64 fl_start, fl_end; /* inclusive */
	pid_t fl_pid;	      /* the process that set it, for F_GETLK */
	struct lock_sum fl_all, fl_write;
};

/*
 * The first lock, by start, of another owner that `want` cannot be set beside.
 * Returns: NULL if none is in the way.
 */
struct filelock *locks_conflict(const struct flock_table *ft, const struct filelock *want);

/*
 * Sets `set`, or, of type F_UNLCK, takes its range from the owner's locks. `set`
 * goes into the table or onto `freed`, with each lock that it replaces. *spare:
 * one lock more, for one that is split; NULL afterwards if it was needed.
 */
void locks_apply(struct flock_table *ft, struct filelock *set, struct filelock **spare, struct list *freed);

/*
 * Takes locks of the owner out, `max` at most, onto `freed`.
 * Returns: true if all are out.
 */
bool locks_take_out(struct flock_table *ft, const void *owner, u32 max, struct list *freed);

/* The first lock, in order of owner and start, behind (owner, start). NULL: none. */
struct filelock *locks_behind(const struct flock_table *ft, const void *owner, s64 start);

#endif
