/* SPDX-License-Identifier: MIT */
/*
 * The locks that are set on one vnode (fs/flock_table.c), for fs/flock.c.
 *
 * A lock is in two trees:
 *
 *   ft_range   by start, of all owners. Each node knows the last end and the
 *              owner ("several" if there are more) of its subtree, once for all
 *              locks and once for exclusive locks. So a search for a conflict
 *              skips subtrees that end too early or have only the same owner.
 *   ft_owned   by owner, then by start. The locks of one owner never overlap.
 *
 * So each step costs O(log n), whatever locks other owners hold.
 *
 * Locks: locks_lock of fs/flock.c held. Nothing here sleeps.
 */
#ifndef FS_FLOCK_IMPL_H
#define FS_FLOCK_IMPL_H

#include "fs/flock.h"
#include "kernel/lib/list.h"

#define END_OF_FILE INT64_MAX

/* The summary of a subtree of ft_range. */
struct lock_sum {
	s64 ls_end;	      /* the last end; meaningless without an owner */
	const void *ls_owner; /* NULL: no lock; SEVERAL_OWNERS */
};

struct filelock {
	struct tree_node fl_range, fl_owned;
	struct list fl_freed; /* waiting to be freed */
	enum flock_kind fl_kind;
	int fl_type; /* F_RDLCK, F_WRLCK; F_UNLCK only in a request */
	/* struct fdtab or struct file; only compared, never dereferenced. */
	const void *fl_owner;
	s64 fl_start, fl_end; /* inclusive */
	pid_t fl_pid;	      /* the process that set it, for F_GETLK */
	struct lock_sum fl_all, fl_write;
};

/*
 * The first lock, by start, that belongs to another owner and conflicts with
 * `want`.
 * Returns: NULL: none.
 */
struct filelock *locks_conflict(const struct flock_table *ft, const struct filelock *want);

/*
 * Sets `set` or, if its type is F_UNLCK, removes its range from the owner's
 * locks. `set` moves into the table or onto `freed`, together with each lock
 * that it replaces. *spare: an extra lock for a split; NULL afterwards if it
 * was used.
 */
void locks_apply(struct flock_table *ft, struct filelock *set, struct filelock **spare, struct list *freed);

/*
 * Moves at most max locks of the owner onto `freed`.
 * Returns: true: none is left.
 */
bool locks_take_out(struct flock_table *ft, const void *owner, u32 max, struct list *freed);

/*
 * The first lock behind (owner, start), in order of owner and start; NULL:
 * none.
 */
struct filelock *locks_behind(const struct flock_table *ft, const void *owner, s64 start);

#endif
