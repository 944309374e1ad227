/* SPDX-License-Identifier: MIT */
/*
 * Which processes are saved, and how they come to a stand.
 *
 * A process that stands at the boundary cannot fork. So a tree is held from the top: a process first, then all the children that it has
 * at the same time; a child that forks before it is held has a child that is found when it is. When a pass over all members finds
 * nothing new, all of them stand, and what is between them stands still: this is the instant that the image shows.
 *
 * The parent of a vfork is at the boundary while its child has its memory: it is saved as it waits (proc/boundary.c).
 *
 * A wait for processes ends: with what it waits for, at cs_deadline, when the request is withdrawn (request.c), or when the process that
 * takes the checkpoint is about to be ended by a signal. give_up() says in the log what was waited for; all processes go on.
 */
#include "ckpt/save.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/acting.h"
#include "proc/proctab.h"
#include "proc/sched/sleep.h"

#define ENDING_NS NSEC_PER_MSEC
#define BATCH 64u /* processes that are looked for while the process tree is locked */

/* Is it the member's own program that asks? As such counts one that had the same rights before it forked the member. */
static bool asks_itself(const struct ckpt_save *cs, const struct ckpt_member *cm)
{
	const struct proc *p = cm->cm_proc;
	bool itself = cs->cs_caller || (cs->cs_req->rq_flags & (CKPT_INPLACE | CKPT_LOOK));

	return itself && (p == curproc() || ((p->p_flags & P_FORKNOEXEC) && cm->cm_parent != IMG_NONE &&
					     (curproc()->p_flags & P_NODUMP)));
}

/* May whoever asked checkpoint the member? The current lwp acts for them. If not, -EPERM, also of one that is only looked at. */
static int may_save(struct ckpt_save *cs, const struct ckpt_member *cm)
{
	struct proc *p = cm->cm_proc;
	struct acting ac;
	int error;

	if ((p->p_flags & P_SUGID) && !cred_super(cs->cs_req->rq_cred)) {
		(void)ckpt_refuse(p->p_comm, -EPERM, "a set-id program cannot be saved");
		return -EPERM;
	}
	if ((p->p_flags & P_NODUMP) && !cred_super(cs->cs_req->rq_cred) && !asks_itself(cs, cm)) {
		(void)ckpt_refuse(p->p_comm, -EPERM, "process %d is not dumpable: it has changed its user or group, or its program is not readable",
				  p->p_pid);
		return -EPERM;
	}
	if (p == initproc) {
		(void)ckpt_refuse(p->p_comm, -EPERM, "process 1 cannot be saved");
		return -EPERM;
	}
	acting_begin(&ac, NULL, cs->cs_req->rq_cred);
	error = proc_can_signal(p, K_SIGSTOP);
	acting_end(&ac);
	if (error)
		(void)ckpt_refuse(p->p_comm, error, "process %d belongs to another user", p->p_pid);
	return error;
}

/* The wait for p has ended with `error`, and p does not stand: one line about it. */
static int give_up(struct ckpt_save *cs, struct proc *p, int error)
{
	u32 sysno = 0;
	pid_t tid = 0;
	struct lwp *l;

	if (error == -ESRCH)
		return error;
	if (error == -EINTR && cs->cs_req->rq_withdrawn)
		error = -ECANCELED;
	spin_lock(&p->p_lock);
	list_for_each(l, &p->p_lwps, l_plink) {
		if (!l->l_held && l != curlwp()) {
			tid = l->l_tid;
			sysno = l->l_in_syscall ? l->l_sysno : 0;
		}
	}
	spin_unlock(&p->p_lock);
	return ckpt_refuse(p->p_comm, error, "%s while process %d (thread %d, system call %u) had not come to a stand",
			   error == -ETIMEDOUT	 ? "the time for it ran out"
			   : error == -ECANCELED ? "the request was withdrawn"
						 : "the process that saves it was told to end",
			   p->p_pid, tid, sysno);
}

/*
 * Up to BATCH children of member i that are no members yet become members. *ending: others are on their way to their end; they will be
 * zombies, or gone.
 */
static int find_children(struct ckpt_save *cs, u32 i, bool *ending)
{
	struct proc *p = cs->cs_member[i].cm_proc, *found[BATCH], *c;
	u32 n = 0;
	int error = 0;

	*ending = false;
	spin_lock(&pidlock);
	/* New children are at the end. */
	for (c = list_last(&p->p_children, struct proc, p_sibling);
	     &c->p_sibling != &p->p_children && n < BATCH; c = list_prev(c, p_sibling)) {
		if (c->p_exitsig == -1 /* being reaped */ || ckpt_is_member(cs, c))
			continue;
		if (c->p_stat != PS_ZOMBIE && (c->p_flags & P_EXITING)) {
			*ending = !(cs->cs_req->rq_flags & CKPT_LOOK);
			continue;
		}
		c->p_ref++;
		found[n++] = c;
	}
	spin_unlock(&pidlock);
	for (u32 k = 0; k < n; k++) {
		if (error)
			proc_rele(found[k]);
		else
			error = ckpt_member_add(cs, found[k], i);
	}
	return error;
}

/* Something changes among the children of p, or the wait is given up. */
static int await_children(struct ckpt_save *cs, struct proc *p)
{
	struct proc *c;
	int error = 0;
	bool ending = false;

	spin_lock(&pidlock);
	list_for_each(c, &p->p_children, p_sibling)
		ending |= c->p_stat != PS_ZOMBIE && c->p_exitsig != -1 &&
			  (c->p_flags & P_EXITING) && !ckpt_is_member(cs, c);
	if (ending)
		error = sleep(&p->p_children, &pidlock, SLP_FATAL, cs->cs_deadline);
	spin_unlock(&pidlock);
	if (error)
		return give_up(cs, p, error == -ERESTARTSYS ? -EINTR : error);
	return 0;
}

/* A zombie stands still by itself, unless it is being reaped: -ESRCH. */
static int look_for_end(struct ckpt_member *cm)
{
	struct proc *p = cm->cm_proc;
	int error;

	spin_lock(&pidlock);
	cm->cm_zombie = p->p_stat == PS_ZOMBIE;
	error = cm->cm_zombie && p->p_exitsig == -1 ? -ESRCH : 0;
	spin_unlock(&pidlock);
	return error;
}

/* Calls the new member to a stand, unless it is dead. -ESRCH: it has begun to die. */
static int ask_member(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct proc *p = cm->cm_proc;
	int error;

	error = look_for_end(cm);
	if (error)
		return error;
	/* The others would look for it under an id that it does not have in the image. */
	if (pidspace_of(p) != pidspace_of(cs->cs_member[0].cm_proc)) {
		error = ckpt_refuse(p->p_comm, -EOPNOTSUPP,
				    "process %d was brought back under other ids, and the rest was not",
				    p->p_pid);
		if (error)
			return error;
	}
	if (cm->cm_zombie)
		return 0;
	error = may_save(cs, cm);
	if (cs->cs_req->rq_flags & CKPT_LOOK) {
		/* What it has is not for the caller to know. */
		cm->cm_barred = error != 0;
		return 0;
	}
	if (!error)
		error = proc_hold_ask(p);
	cm->cm_held = !error;
	if (error == -EBUSY)
		return ckpt_refuse(p->p_comm, error, "another checkpoint of process %d is under way", p->p_pid);
	return error;
}

/* The member stands. -ESRCH: it has begun to die. */
static int await_member(struct ckpt_save *cs, struct ckpt_member *cm)
{
	int error;

	if (!cm->cm_held)
		return 0;
	error = proc_hold_await(cm->cm_proc, cs->cs_deadline);
	cm->cm_held = !error;
	if (error)
		return give_up(cs, cm->cm_proc, error);
	/* It may have begun a set-id program on the way; now it cannot. */
	return may_save(cs, cm);
}

/* A root that ends leaves what remains of it to its parent, which is no member. */
static bool has_gone(const struct ckpt_member *cm, int error)
{
	return error == -ESRCH || (!error && cm->cm_zombie && cm->cm_parent == IMG_NONE);
}

/* Brings the members from place `first` on to a stand, all at the same time; those that end meanwhile are members no longer. */
static int hold_members(struct ckpt_save *cs, u32 first)
{
	for (u32 i = first; i < cs->cs_nmember;) {
		int error = ask_member(cs, &cs->cs_member[i]);

		if (has_gone(&cs->cs_member[i], error))
			ckpt_member_drop(cs, i);
		else if (error)
			return error;
		else
			i++;
	}
	for (u32 i = first; i < cs->cs_nmember;) {
		int error = await_member(cs, &cs->cs_member[i]);

		if (error == -ESRCH)
			ckpt_member_drop(cs, i); /* the next pass waits for what becomes of it */
		else if (error)
			return error;
		else
			i++;
	}
	return 0;
}

static int hold_children(struct ckpt_save *cs, u32 i)
{
	bool ending = true;

	for (;;) {
		u32 before = cs->cs_nmember;
		int error = find_children(cs, i, &ending);

		if (!error && cs->cs_nmember > before)
			error = hold_members(cs, before);
		else if (!error && ending)
			error = await_children(cs, cs->cs_member[i].cm_proc);
		else
			return error;
		if (error)
			return error;
	}
}

/* Is p one of the job, or of the session, of the first? pidlock held. */
static bool belongs(const struct ckpt_save *cs, const struct proc *p)
{
	const struct proc *first = cs->cs_member[0].cm_proc;

	/* Processes that were brought back under other ids are a job of their own, without the recover(1) that waits for them. */
	if (pidspace_of(p) != pidspace_of(first))
		return false;
	return cs->cs_req->rq_flags & CKPT_SESSION ? p->p_sid == first->p_sid : p->p_pgid == first->p_pgid;
}

/*
 * Up to BATCH processes of the job or session become members, whose parents are not of it, or are members. *ending: others are on their
 * way to their end, and keep what they have open until then.
 */
static int find_roots(struct ckpt_save *cs, bool *ending)
{
	const struct proc *first = cs->cs_member[0].cm_proc;
	struct proc *found[BATCH], *p;
	struct proc_walk w;
	u32 n = 0;
	int error = 0;

	*ending = false;
	spin_lock(&pidlock);
	if (cs->cs_req->rq_flags & CKPT_SESSION)
		walk_session(&w, first->p_sid, WALK_MANY);
	else
		walk_group(&w, first->p_pgid, WALK_MANY);
	while (n < BATCH && (p = walk_next(&w))) {
		if (!belongs(cs, p) || p->p_stat == PS_ZOMBIE || ckpt_is_member(cs, p))
			continue;
		if (p->p_flags & P_EXITING) {
			*ending = !(cs->cs_req->rq_flags & CKPT_LOOK);
			continue;
		}
		/* Its parent, if that is to be saved too, comes first. */
		if (belongs(cs, p->p_parent) && !ckpt_is_member(cs, p->p_parent))
			continue;
		p->p_ref++;
		found[n++] = p;
	}
	spin_unlock(&pidlock);
	for (u32 k = 0; k < n; k++) {
		if (error)
			proc_rele(found[k]);
		else
			error = ckpt_member_add(cs, found[k], IMG_NONE);
	}
	return error;
}

/* More roots, if there are any: *found says so. */
static int hold_roots(struct ckpt_save *cs)
{
	bool ending = true;

	for (;;) {
		u32 before = cs->cs_nmember;
		int error = find_roots(cs, &ending);

		if (!error)
			error = hold_members(cs, before);
		if (error || cs->cs_nmember > before || !ending)
			return error;
		/* Its parent hears of the end, and that may be any process. */
		spin_lock(&pidlock);
		error = sleep(&ending, &pidlock, SLP_FATAL, clock_mono_ns() + ENDING_NS);
		spin_unlock(&pidlock);
		if (error == -ERESTARTSYS || clock_mono_ns() > cs->cs_deadline)
			return give_up(cs, cs->cs_member[0].cm_proc, error == -ERESTARTSYS ? -EINTR : -ETIMEDOUT);
	}
}

/* A forked checkpoint of a member that is still being written has copies of what they share. */
static int check_forked(struct ckpt_save *cs)
{
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		if (cs->cs_member[i].cm_proc->p_fckpt)
			return -EBUSY;
	}
	return 0;
}

int ckpt_find(struct ckpt_save *cs, struct proc *p)
{
	int error;

	cs->cs_deadline = clock_mono_ns() + CKPT_HOLD_NS;
	spin_lock(&pidlock);
	p->p_ref++;
	spin_unlock(&pidlock);
	error = ckpt_member_add(cs, p, IMG_NONE);
	if (!error)
		error = ask_member(cs, &cs->cs_member[0]);
	if (!error)
		error = await_member(cs, &cs->cs_member[0]);
	for (u32 i = 0; i < cs->cs_nmember && !error && (cs->cs_req->rq_flags & CKPT_TREE); i++) {
		error = cs->cs_member[i].cm_zombie ? 0 : hold_children(cs, i);
		if (!error && i + 1 == cs->cs_nmember && (cs->cs_req->rq_flags & (CKPT_JOB | CKPT_SESSION)))
			error = hold_roots(cs);
	}
	return error;
}

int ckpt_hold(struct ckpt_save *cs)
{
	int error = ckpt_find(cs, curproc());

	if (!error)
		error = check_forked(cs);
	if (!error && cs->cs_nmember > 1)
		error = ckpt_members_order(cs);
	if (error)
		ckpt_release(cs);
	return error;
}

void ckpt_release(struct ckpt_save *cs)
{
	/* From below, so that no parent sees a child that does not answer. */
	for (u32 i = cs->cs_nmember; i-- > 0;) {
		struct ckpt_member *cm = &cs->cs_member[i];

		if (cm->cm_held)
			proc_release(cm->cm_proc);
		cm->cm_held = false;
	}
}
