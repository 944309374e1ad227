/* SPDX-License-Identifier: MIT */
/*
 * From hidden processes to ones that others see: the last step of a recovery, in two halves. reveal_prepare() finds the ids, and may fail;
 * reveal_commit() makes all the processes of the set children, group and session members at one instant, and cannot.
 *
 * Each process gets the ids that it remembers where they are free, and for the others a pidspace (proc/pidspace.h), which all of the set
 * share. A group or session whose leader is in the set is led by it again. The ones that the first process belonged to, led by somebody
 * else, become those of the caller. Any other number is kept if nobody uses it, else another takes its place.
 *
 * In place (rl_replace): instead of becoming a new child the first one exchanges all but its identity with a living process: address
 * space, lwps, files, credentials... go over to that, whose pid, parent, children, group, session, timers and pending signals stay. What the
 * living process had is left to the hidden one, and ends with it.
 */
#ifndef PROC_REVEAL_H
#define PROC_REVEAL_H

#include "proc/proc.h"

#define REVEAL_ROOT 0xffffffffu

struct revealed {
	struct proc *rv_proc; /* hidden; a zombie has no lwps */
	u32 rv_parent; /* its parent's place in the set, which is before its own; REVEAL_ROOT: the caller of recovery, as of the first */
	pid_t rv_pid, rv_pgid, rv_sid; /* as it remembers them */
	pid_t rv_maker; /* the parent's lwp that made it, as the parent remembers that; 0: not known */
	bool rv_oldexit; /* the parent runs another program than the one that chose its exit signal */
	struct tty *rv_ctty; /* of a session that is not the caller's; NULL: none */
	u32 rv_nlwp;
	struct lwp **rv_lwps; /* [0] is the one that it has already; the others were not started */
	pid_t *rv_tids;	      /* as they remember them */
	pid_t rv_real_pgid, rv_real_sid; /* found by reveal_prepare() */
};

#define REVEAL_SAME \
	1u /* in place, what was saved a moment ago: ids, descriptors, interval timers and the time of its start are still those of the process */

struct reveal {
	struct proc *rl_replace; /* NULL: the first is a new child of rl_parent */
	u32 rl_flags;		 /* REVEAL_* */
	struct proc *rl_parent; /* of the first (in place: the process that is replaced); must not go away meanwhile */
	bool rl_fresh; /* no id that it remembers is used, even if it is free */
	struct revealed *rl_set;
	u32 rl_n;
	struct pidspace *rl_space;
	u16 *rl_real; /* while it is being made: 1 + the real id, by the one that is remembered; 0: none yet */
};

/* p_pid and l_tid are set, the ids reserved. -ENOMEM, -EAGAIN (no ids): nothing has changed. May sleep. */
int reveal_prepare(struct reveal *rl);
/* Gives the ids back. */
void reveal_abandon(struct reveal *rl);
/*
 * In place: the process that is replaced has one lwp, which sleeps in the kernel and ends at the boundary, and the first of the set has its
 * new address space in p_as, not yet loaded. The current lwp is the first's; it belongs to the other process afterwards.
 * Returns the first one's real pid. The lwps beyond the first of each are in its list; the caller starts them. */
pid_t reveal_commit(struct reveal *rl);

/* A process that has nothing but credentials and a name, for a zombie to be revealed. NULL: out of memory. proc_rele() undoes it. */
struct proc *proc_husk(void);

#endif
