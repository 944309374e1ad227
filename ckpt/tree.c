/* SPDX-License-Identifier: MIT */
/*
 * Which processes are saved, and how they come to a stand.
 *
 * One that stands at the boundary cannot fork. So a tree is held from the top: a process first, then the children that it has; whoever
 * forks before he is held has a child that is found when he is. When a pass over all members finds nobody new, all of them stand, and
 * what is between them stands still: this is the instant that the image shows.
 *
 * The parent of a vfork is at the boundary only when its child has let go of its memory; and the child runs until then, since it is not
 * held before its parent.
 */
#include "ckpt/ckpt.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/sleep.h"

#define ENDING_NS NSEC_PER_MSEC

/* Members in the order in which they are found; a reference on p is taken over, also on failure. */
static struct ckpt_member *add(struct ckpt_save *cs, struct proc *p, u32 parent)
{
	struct ckpt_member *cm = NULL;

	if (cs->cs_nmember < IMG_MAX_PROCS)
		cm = CKPT_GROW(cs->cs_member, cs->cs_nmember);
	if (cm)
		*cm = (struct ckpt_member){ .cm_proc = p, .cm_parent = parent };
	else
		proc_rele(p);
	return cm;
}

bool ckpt_is_member(const struct ckpt_save *cs, const struct proc *p)
{
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		if (cs->cs_member[i].cm_proc == p)
			return true;
	}
	return false;
}

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
	struct lwp *l = curlwp();
	int error = 0;

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
	l->l_cred = cs->cs_req->rq_cred;
	error = proc_can_signal(p, K_SIGSTOP);
	l->l_cred = NULL;
	if (error)
		(void)ckpt_refuse(p->p_comm, error, "process %d belongs to another user", p->p_pid);
	return error;
}

/*
 * A child of member i that is not a member yet, with a reference; NULL: none. One that is just ending is waited for: it will be a zombie,
 * or gone. -EINTR: the caller is dying.
 */
static int next_child(struct ckpt_save *cs, u32 i, struct proc **cp)
{
	struct proc *p = cs->cs_member[i].cm_proc, *c;
	int error = 0;
	bool ending;

	spin_lock(&pidlock);
	do {
		ending = false;
		*cp = NULL;
		list_for_each(c, &p->p_children, p_sibling) {
			if (ckpt_is_member(cs, c) || c->p_exitsig == -1 /* being reaped */)
				continue;
			if (c->p_stat != PS_ZOMBIE && (c->p_flags & P_EXITING)) {
				ending = !(cs->cs_req->rq_flags & CKPT_LOOK);
				continue;
			}
			c->p_ref++;
			*cp = c;
			break;
		}
		if (!*cp && ending)
			error = sleep(&p->p_children, &pidlock, SLP_KILL, 0);
	} while (!*cp && ending && !error);
	spin_unlock(&pidlock);
	return error ? -EINTR : 0;
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

/* Brings the new member to a stand, unless it is dead. -ESRCH: it has begun to die. */
static int hold_member(struct ckpt_save *cs, struct ckpt_member *cm)
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
	if (error)
		return error;
	error = proc_hold(p);
	if (!error) {
		cm->cm_held = true;
		/* It may have begun a set-id program on the way; now it cannot. */
		return may_save(cs, cm);
	}
	if (error == -EBUSY)
		return ckpt_refuse(p->p_comm, error,
				   "process %d is being checkpointed by somebody else", p->p_pid);
	return error;
}

static int hold_children(struct ckpt_save *cs, u32 i)
{
	for (;;) {
		struct ckpt_member *cm;
		struct proc *c;
		int error = next_child(cs, i, &c);

		if (error || !c)
			return error;
		cm = add(cs, c, i);
		if (!cm)
			return cs->cs_nmember == IMG_MAX_PROCS ? -E2BIG : -ENOMEM;
		error = hold_member(cs, cm);
		if (error == -ESRCH) {
			/* next_child() waits for what becomes of it. */
			cs->cs_nmember--;
			proc_rele(c);
		} else if (error) {
			return error;
		}
	}
}

/*
 * One that is not a member yet of the group that the first leads or belongs to, whose parent is none either, with a reference; NULL: none. One that
 * is just ending is waited for: it keeps what it has open until then. Those who were brought back under other ids are a job of their own, without
 * the recover(1) that waits for them.
 */
static int next_of_group(struct ckpt_save *cs, struct proc **pp)
{
	struct proc *first = cs->cs_member[0].cm_proc, *p;
	int error = 0;
	bool ending;

	spin_lock(&pidlock);
	do {
		ending = false;
		*pp = NULL;
		list_for_each(p, &allproc, p_all) {
			if (p->p_pgid != first->p_pgid || p->p_stat == PS_ZOMBIE ||
			    ckpt_is_member(cs, p) || pidspace_of(p) != pidspace_of(first))
				continue;
			if (p->p_flags & P_EXITING) {
				ending = !(cs->cs_req->rq_flags & CKPT_LOOK);
				continue;
			}
			/* Its parent, if that is in the job, comes first. */
			if (p->p_parent->p_pgid == p->p_pgid &&
			    pidspace_of(p->p_parent) == pidspace_of(first) && !ckpt_is_member(cs, p->p_parent))
				continue;
			p->p_ref++;
			*pp = p;
			break;
		}
		/* Its parent hears of the end, and that may be anybody. */
		if (!*pp && ending)
			error = sleep(&ending, &pidlock, SLP_KILL, clock_mono_ns() + ENDING_NS);
		if (error == -ETIMEDOUT)
			error = 0;
	} while (!*pp && ending && !error);
	spin_unlock(&pidlock);
	return error ? -EINTR : 0;
}

/* One more root, if there is one. */
static int hold_root(struct ckpt_save *cs)
{
	for (;;) {
		struct ckpt_member *cm;
		struct proc *p;
		int error = next_of_group(cs, &p);

		if (error || !p)
			return error;
		cm = add(cs, p, IMG_NONE);
		if (!cm)
			return cs->cs_nmember == IMG_MAX_PROCS ? -E2BIG : -ENOMEM;
		error = hold_member(cs, cm);
		if (error != -ESRCH && !cm->cm_zombie)
			return error;
		/* It ends, and what remains of it is its parent's, who is not among us. */
		cs->cs_nmember--;
		proc_rele(p);
	}
}

/* Of the members that have no place yet, the child of `parent` with the lowest id; IMG_NONE: none. */
static u32 first_child(const struct ckpt_member *m, u32 n, const u32 *place, u32 parent)
{
	u32 best = IMG_NONE;

	for (u32 i = 1; i < n; i++) {
		if (place[i] == IMG_NONE && m[i].cm_parent == parent &&
		    (best == IMG_NONE || proc_seen_pid(m[i].cm_proc) < proc_seen_pid(m[best].cm_proc)))
			best = i;
	}
	return best;
}

/*
 * The order of the image: the first process, those of its group that are nobody's children here, then the children of each, by their ids, as the
 * parents come. It does not depend on the order in which they were made or found.
 */
static int put_in_order(struct ckpt_save *cs)
{
	u32 n = cs->cs_nmember, done = 1, i, *place = kmalloc(n * sizeof(u32), 0),
	    *order = kzalloc(n * sizeof(u32), 0);
	struct ckpt_member *in = cs->cs_member, *out = kmalloc(n * sizeof(*out), 0);

	if (!place || !order || !out) {
		kfree(place);
		kfree(order);
		kfree(out);
		return -ENOMEM;
	}
	memset(place, 0xff, n * sizeof(u32));
	place[0] = order[0] = 0;
	while ((i = first_child(in, n, place, IMG_NONE)) != IMG_NONE) {
		place[i] = done;
		order[done++] = i;
	}
	for (u32 k = 0; k < n; k++) {
		while ((i = first_child(in, n, place, order[k])) != IMG_NONE) {
			place[i] = done;
			order[done++] = i;
		}
		out[k] = in[order[k]];
		if (out[k].cm_parent != IMG_NONE)
			out[k].cm_parent = place[out[k].cm_parent];
	}
	kfree(place);
	kfree(order);
	kfree(in);
	cs->cs_member = out;
	return 0;
}

/* Somebody's forked checkpoint that is still being written has copies of what they share. */
static int check_forked(struct ckpt_save *cs)
{
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		if (cs->cs_member[i].cm_proc->p_fckpt)
			return -EBUSY;
	}
	return 0;
}

/* p, and with CKPT_TREE all below it, with CKPT_JOB its group besides; each is held before its children are looked for, unless nobody is. */
int ckpt_find(struct ckpt_save *cs, struct proc *p)
{
	struct ckpt_member *cm;
	int error;

	spin_lock(&pidlock);
	p->p_ref++;
	spin_unlock(&pidlock);
	cm = add(cs, p, IMG_NONE);
	if (!cm)
		return -ENOMEM;
	error = hold_member(cs, cm);
	for (u32 i = 0; i < cs->cs_nmember && !error && (cs->cs_req->rq_flags & CKPT_TREE); i++) {
		error = cs->cs_member[i].cm_zombie ? 0 : hold_children(cs, i);
		if (!error && i + 1 == cs->cs_nmember && (cs->cs_req->rq_flags & CKPT_JOB))
			error = hold_root(cs);
	}
	return error;
}

int ckpt_hold(struct ckpt_save *cs)
{
	int error = ckpt_find(cs, curproc());

	if (!error)
		error = check_forked(cs);
	if (!error && cs->cs_nmember > 1)
		error = put_in_order(cs);
	if (error)
		ckpt_release(cs);
	return error;
}

void ckpt_release(struct ckpt_save *cs)
{
	/* From below, so that nobody sees a child that does not answer. */
	for (u32 i = cs->cs_nmember; i-- > 0;) {
		struct ckpt_member *cm = &cs->cs_member[i];

		if (cm->cm_held)
			proc_release(cm->cm_proc);
		cm->cm_held = false;
	}
}
