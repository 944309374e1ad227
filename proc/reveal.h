/* SPDX-License-Identifier: MIT */
/*
 * The last step of a recovery: hidden processes become visible.
 * reveal_prepare() finds the ids, and may fail. reveal_commit() makes all
 * processes of the set children, group and session members at one instant, and
 * cannot fail.
 *
 * Each process gets the ids that it remembers if they are free; a pidspace
 * (proc/pidspace.h), shared by the whole set, maps the ids that are not. A
 * group or session whose leader is in the set is led by it again. A group or
 * session of the first process with a leader outside the set becomes that of
 * the caller. Any other group or session id is kept if it is free; otherwise it
 * is replaced.
 *
 * In place (rl_replace): the first process does not become a new child. It
 * swaps all but its identity with a living process: address space, lwps, files,
 * credentials and so on. The living process keeps its pid, parent, children,
 * group, session, timers and pending signals. What it had before belongs to the
 * hidden process then, and ends with it.
 */
#ifndef PROC_REVEAL_H
#define PROC_REVEAL_H

#include "proc/proc.h"

#define REVEAL_ROOT 0xffffffffu

struct revealed {
	struct proc *rv_proc; /* hidden; a zombie has no lwps */
	/*
	 * index of its parent in the set, less than its own; REVEAL_ROOT: the
	 * caller of recovery, as for the first
	 */
	u32 rv_parent;
	pid_t rv_pid, rv_pgid, rv_sid; /* as the process remembers them */
	/*
	 * the parent's lwp that made it, as the parent remembers its id; 0: not
	 * known
	 */
	pid_t rv_maker;
	/* the parent has executed a program since it chose the exit signal */
	bool rv_oldexit;
	/* of a session other than the caller's; NULL: none */
	struct tty *rv_ctty;
	u32 rv_nlwp;
	/* [0]: its first lwp; the others are not started yet */
	struct lwp **rv_lwps;
	pid_t *rv_tids;			 /* as its lwps remember them */
	pid_t rv_real_pgid, rv_real_sid; /* found by reveal_prepare() */
};

/*
 * In place, with a save made a moment ago: ids, descriptors, interval timers
 * and start time are still those of the process.
 */
#define REVEAL_SAME 1u

struct reveal {
	/* NULL: the first becomes a new child of rl_parent */
	struct proc *rl_replace;
	u32 rl_flags; /* REVEAL_* */
	/*
	 * of the first (in place: the process that is replaced); must stay
	 * alive
	 */
	struct proc *rl_parent;
	bool rl_fresh; /* use no remembered id, even if it is free */
	struct revealed *rl_set;
	u32 rl_n;
	struct pidspace *rl_space;
	/* while it is made, by remembered id: 1 + the real id; 0: none yet */
	u16 *rl_real;
};

/*
 * Sets p_pid and l_tid, and reserves the ids.
 * Errors: -ENOMEM, -EAGAIN (no ids); nothing has changed.
 * Sleeps: yes.
 */
int reveal_prepare(struct reveal *rl);
/* Frees the ids that reveal_prepare() reserved. */
void reveal_abandon(struct reveal *rl);
/*
 * Makes the set visible. The lwps beyond the first of each process are in its
 * list; the caller starts them. In place: the process that is replaced has one
 * lwp, which sleeps in the kernel and ends at the boundary; the first process
 * has its new address space in p_as, not yet loaded; the current lwp, one of
 * the first process, belongs to the replaced process afterwards.
 * Returns: the first process's real pid.
 */
pid_t reveal_commit(struct reveal *rl);

/*
 * Makes a process that has only credentials and a name, to reveal it as a
 * zombie. proc_rele() frees it.
 * Returns: NULL: out of memory.
 */
struct proc *proc_husk(void);

#endif
