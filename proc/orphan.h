/* SPDX-License-Identifier: MIT */
/*
 * Children whose parent ends: which process takes them over, and which signal tells them.
 *
 * The parent's place goes to the nearest ancestor that is a subreaper (PR_SET_CHILD_SUBREAPER) and lives, else to init. A
 * child that asked for a death signal (PR_SET_PDEATHSIG) gets it when the lwp ends that made the child, which may be
 * earlier than its process does: another lwp of that process counts as the maker then.
 *
 * Locks: pidlock guards p_makertid, P_SUBREAPER, lo_pdeathsig.
 * Source: PR_SET_CHILD_SUBREAPER(2const), PR_SET_PDEATHSIG(2const).
 */
#ifndef PROC_ORPHAN_H
#define PROC_ORPHAN_H

#include "proc/proc.h"

/* Switches P_SUBREAPER. Takes pidlock. */
void orphan_set_reaper(struct proc *p, bool on);
/* l, the current lwp or one of a process that is not in the tree, wants sig (0: none). pidlock held. */
void orphan_want_signal(struct lwp *l, u32 sig);
/* A subreaper ends. pidlock held. */
void orphan_reaper_gone(struct proc *p);
/*
 * p, the current process, exits: its dead children vanish, if their next
 * parent ignores SIGCHLD; no wait of that parent finds them.
 * Locks: pidlock held; it is released meanwhile, unless there is no such child.
 */
void orphan_reap_ignored(struct proc *p);
/* Then up to `max` other children get another parent, which hears of the dead ones. Returns whether there are more. pidlock held. */
bool orphan_children(struct proc *p, u32 max);
/* The current lwp, not the last one of its process, ends. Takes pidlock. */
void orphan_lwp_ends(struct lwp *l);
/*
 * p, which was brought back, has become a child of p_parent, made by that lwp (0: by any). oldexit: the parent has executed another program since.
 * pidlock held.
 */
void orphan_revealed(struct proc *p, pid_t maker, bool oldexit);
/* o goes on with what the hidden h was. pidlock held. */
void orphan_replaced(struct proc *o, struct proc *h);
/* The lwp `from` of p has the id `to` from now on. Takes pidlock. */
void orphan_maker_renamed(struct proc *p, pid_t from, pid_t to);

#endif
