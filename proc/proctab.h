/* SPDX-License-Identifier: MIT */
/*
 * The table of processes: all of them, each group, each session, each real
 * user. A process is in the table from its entry into the tree until it is
 * reaped. p_order gives the order of entry: a child comes after its parent.
 *
 * A walk visits the processes of one of these sets in that order. Users decide
 * how many they are, so a walk releases pidlock for a moment after every few
 * processes: between two calls of walk_next() the tree may change. A walk
 * visits each process that is in the set the whole time, and also the children
 * forked meanwhile: they come later in order.
 *
 *	spin_lock(&pidlock);
 *	walk_group(&w, pgid, 16);
 *	while ((p = walk_next(&w)))
 *		...;
 *	spin_unlock(&pidlock);
 *
 * Locks: pidlock, for all.
 */
#ifndef PROC_PROCTAB_H
#define PROC_PROCTAB_H

#include "proc/proc.h"

/* p enters the table, with its pid, group and session / leaves it. */
void proctab_enter(struct proc *p);
void proctab_leave(struct proc *p);
/* p, in the table, changes to this group and session. */
void proctab_move(struct proc *p, pid_t pgid, pid_t sid);

/*
 * p, in the table, has changed its credentials.
 * Locks: takes p_lock.
 */
void proctab_renew_user(struct proc *p);
/* Returns: how many processes this real user has (RLIMIT_NPROC). */
u32 proctab_user_count(uid_t uid);

/* Is a process with this group / this session in the table? */
bool proctab_group(pid_t pgid);
bool proctab_session(pid_t sid);

/* Returns: the process with this p_order; NULL: it has been reaped. */
struct proc *proctab_at(u64 order);

/* Batch of a walk that does little with each process. */
#define WALK_MANY 64u
/* Batch of a walk that posts a signal to each process. */
#define WALK_SIGNAL 4u

struct proc_walk {
	const struct tree *pw_tree;
	u32 pw_id;	    /* id of the group, session or user; 0: all */
	u64 pw_order;	    /* of the last process visited; 0: none */
	struct proc *pw_at; /* that process; NULL: pidlock was released since */
	u32 pw_batch, pw_left;
};

/* Begins a walk, which releases pidlock after every `batch` processes. */
void walk_all(struct proc_walk *w, u32 batch);
void walk_group(struct proc_walk *w, pid_t pgid, u32 batch);
void walk_session(struct proc_walk *w, pid_t sid, u32 batch);
void walk_user(struct proc_walk *w, uid_t uid, u32 batch);
/*
 * Returns: the next process of the walk; NULL: the walk is over.
 * Locks: pidlock, which is released now and then, and no other spinlock. The
 *   caller's other state must not depend on it.
 */
struct proc *walk_next(struct proc_walk *w);

#endif
