/* SPDX-License-Identifier: MIT */
/*
 * Children whose parent exits: which process becomes their parent, and which
 * signal tells them.
 *
 * The new parent is the nearest living ancestor that is a subreaper
 * (PR_SET_CHILD_SUBREAPER), else init. A child that asked for a death signal
 * (PR_SET_PDEATHSIG) gets it when the lwp that made the child exits. If that
 * lwp's process lives on, another of its lwps counts as the maker from then on.
 *
 * Locks: pidlock guards p_makertid, P_SUBREAPER, lo_pdeathsig.
 * Source: PR_SET_CHILD_SUBREAPER(2const), PR_SET_PDEATHSIG(2const).
 */
#ifndef PROC_ORPHAN_H
#define PROC_ORPHAN_H

#include "proc/proc.h"

/*
 * Sets or clears P_SUBREAPER.
 * Locks: takes pidlock.
 */
void orphan_set_reaper(struct proc *p, bool on);
/*
 * l asks for the death signal sig (0: none). l is the current lwp, or belongs
 * to a process that is not in the tree.
 * Locks: pidlock.
 */
void orphan_want_signal(struct lwp *l, u32 sig);
/*
 * A subreaper exits.
 * Locks: pidlock.
 */
void orphan_reaper_gone(struct proc *p);
/*
 * p, the current process, exits. Its zombie children are freed if their next
 * parent ignores SIGCHLD; no wait of that parent finds them.
 * Locks: pidlock; released meanwhile unless there is no such child.
 */
void orphan_reap_ignored(struct proc *p);
/*
 * After that, up to `max` other children get another parent, which is told of
 * the zombies.
 * Returns: whether there are more.
 * Locks: pidlock.
 */
bool orphan_children(struct proc *p, u32 max);
/*
 * The current lwp, not the last of its process, exits.
 * Locks: takes pidlock.
 */
void orphan_lwp_ends(struct lwp *l);
/*
 * p, restored, has become a child of p_parent, made by that lwp (0: by any).
 * oldexit: the parent has executed another program since.
 * Locks: pidlock.
 */
void orphan_revealed(struct proc *p, pid_t maker, bool oldexit);
/*
 * o continues as the process that the hidden h was.
 * Locks: pidlock.
 */
void orphan_replaced(struct proc *o, struct proc *h);
/*
 * The lwp `from` of p has the id `to` from now on.
 * Locks: takes pidlock.
 */
void orphan_maker_renamed(struct proc *p, pid_t from, pid_t to);

#endif
