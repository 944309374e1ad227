/* SPDX-License-Identifier: MIT */
/*
 * The table of processes: all of them, each group, each session, each real user. A process stands in it from its entry into the tree until it is
 * reaped; p_order says in which order they entered, so that a child comes after its parent.
 *
 * A walk visits the processes of one of these sets in that order. How many they are, users decide, so a walk lets go of pidlock for a
 * moment after every few of them: between two calls of walk_next() the tree may change. A walk visits each process that is of the set from
 * its beginning to its end, and what these fork meanwhile: children come after it in order.
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

/* p, which has its pid, group and session, enters the table / leaves it. */
void proctab_enter(struct proc *p);
void proctab_leave(struct proc *p);
/* p, which is in the table, changes to this group and session. */
void proctab_move(struct proc *p, pid_t pgid, pid_t sid);

/* p, which is in the table, has changed its credentials. Takes p_lock. */
void proctab_renew_user(struct proc *p);
/* How many processes this real user has (RLIMIT_NPROC). */
u32 proctab_user_count(uid_t uid);

/* Does a process of the table have this group / this session? */
bool proctab_group(pid_t pgid);
bool proctab_session(pid_t sid);

/* The process whose p_order is `order`. NULL: it has been reaped. */
struct proc *proctab_at(u64 order);

/* For walks that do next to nothing with each process. */
#define WALK_MANY 64u
/* For walks that post a signal to each process. */
#define WALK_SIGNAL 4u

struct proc_walk {
	const struct tree *pw_tree;
	u32 pw_id;	    /* of the group, session or user; 0: all */
	u64 pw_order;	    /* of the process visited last, 0: none */
	struct proc *pw_at; /* that process; NULL: pidlock was let go since */
	u32 pw_batch, pw_left;
};

/* A walk begins; pidlock is let go after every `batch` processes. */
void walk_all(struct proc_walk *w, u32 batch);
void walk_group(struct proc_walk *w, pid_t pgid, u32 batch);
void walk_session(struct proc_walk *w, pid_t sid, u32 batch);
void walk_user(struct proc_walk *w, uid_t uid, u32 batch);
/*
 * The next process of the walk; NULL: there is none any more.
 * Locks: pidlock, and no other spinlock, held; let go now and then. Nothing else of the caller's may depend on it.
 */
struct proc *walk_next(struct proc_walk *w);

#endif
