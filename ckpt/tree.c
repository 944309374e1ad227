/* SPDX-License-Identifier: MIT */
/*
 * Which processes are saved, and how they are held.
 *
 * A process held at the boundary cannot fork. So a tree is held from the top: a
 * process first, then all its children at the same time. A child that forks
 * before it is held has a child of its own; that one is found once its parent
 * is held. When a pass over all members finds no new process, all of them stand
 * still, and so does what lies between them: this is the instant that the image
 * shows.
 *
 * The parent of a vfork stands at the boundary while its child uses its memory.
 * It is saved as it waits (proc/boundary.c).
 *
 * A wait for processes ends
 *	with what it waits for,
 *	at cs_deadline,
 *	when the request is withdrawn (request.c), or
 *	when a signal is about to end the process that takes the checkpoint.
 * give_up() logs what was waited for, and all processes go on.
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
#include "proc/wait.h"

#define ENDING_NS NSEC_PER_MSEC
#define BATCH 64u /* processes found at a time, with pidlock held */

/* How members are found: held, or only looked at. */
struct ckpt_how {
	/* For a process that has not exited. */
	int (*fh_ask)(struct ckpt_save *cs, struct ckpt_member *cm);
	bool fh_waits; /* for exiting processes to become zombies */
};

/*
 * Does the member's own program ask? A parent's request counts as the member's
 * own, too, if the member was forked and has not called exec: parent and child
 * have the same rights.
 */
static bool asks_itself(const struct ckpt_save *cs, const struct ckpt_member *cm)
{
	const struct proc *p = cm->cm_proc;

	return cs->cs_itself && (p == curproc() || ((p->p_flags & P_FORKNOEXEC) && cm->cm_parent != IMG_NONE &&
						    (curproc()->p_flags & P_NODUMP)));
}

/*
 * May the asker checkpoint the member? The current lwp acts with the asker's
 * rights.
 * Errors: -EPERM (logged), also while obstacles are collected.
 */
static int may_save(struct ckpt_save *cs, const struct ckpt_member *cm)
{
	struct proc *p = cm->cm_proc;
	struct acting ac;
	int error;

	if ((p->p_flags & P_SUGID) && !cred_super(cs->cs_req->rq_cred)) {
		(void)ckpt_refuse(p->p_comm, -EPERM, "a set-id program can be saved only by the superuser");
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

/*
 * The wait for p has failed with `error`, and p does not stand still. Logs
 * where p was.
 * Returns: the errno for the caller.
 */
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
	return ckpt_refuse(p->p_comm, error, "%s, and process %d (thread %d, system call %u) had not come to a stand",
			   error == -ETIMEDOUT	 ? "the time ran out"
			   : error == -ECANCELED ? "the request was withdrawn"
						 : "a signal ended the process that takes the checkpoint",
			   p->p_pid, tid, sysno);
}

/* Is c exiting, so that it will be a zombie or reaped? */
static bool is_ending(const struct proc *c)
{
	return c->p_stat != PS_ZOMBIE && (c->p_flags & P_EXITING);
}

/* Is c neither a member nor about to be reaped? */
static bool is_new(const struct ckpt_save *cs, const struct proc *c)
{
	return c->p_exitsig != -1 && !ckpt_is_member(cs, c);
}

/* Makes them members, children of the member `parent`; or drops them. */
static int add_found(struct ckpt_save *cs, struct proc **found, u32 n, u32 parent)
{
	int error = 0;

	for (u32 k = 0; k < n; k++) {
		if (error)
			proc_rele(found[k]);
		else
			error = ckpt_member_add(cs, found[k], parent);
	}
	return error;
}

/*
 * Adds up to BATCH children of member i to the members. *ending: other children
 * are exiting, and will be zombies or reaped.
 */
static int find_children(struct ckpt_save *cs, u32 i, bool *ending)
{
	struct proc *p = cs->cs_member[i].cm_proc, *found[BATCH], *c;
	u32 n = 0, seen;

	spin_lock(&pidlock);
again:
	*ending = false;
	seen = 0;
	/* New children are at the end of the list. */
	for (c = list_last(&p->p_children, struct proc, p_sibling);
	     &c->p_sibling != &p->p_children && n < BATCH; c = list_prev(c, p_sibling)) {
		if (++seen % BATCH == 0 && !wait_breathe(p, c)) {
			if (n == 0)
				goto again;
			break; /* the next call finds the others */
		}
		*ending |= is_new(cs, c) && is_ending(c);
		if (!is_new(cs, c) || is_ending(c))
			continue;
		c->p_ref++;
		found[n++] = c;
	}
	spin_unlock(&pidlock);
	return add_found(cs, found, n, i);
}

/*
 * Is a child of p exiting?
 * Locks: pidlock, released now and then, but not once such a child is found.
 */
static bool some_end(struct ckpt_save *cs, struct proc *p)
{
	struct proc *c;
	u32 seen = 0;

	ASSERT(spin_held(&pidlock));
	list_for_each(c, &p->p_children, p_sibling) {
		if (is_new(cs, c) && is_ending(c))
			return true;
		/* A child that is gone by now may have been the one. */
		if (++seen % BATCH == 0 && !wait_breathe(p, c))
			return false;
	}
	return false;
}

/* Waits until a child of p has exited. Errors: the wait was given up (logged). */
static int await_children(struct ckpt_save *cs, struct proc *p)
{
	int error = 0;

	spin_lock(&pidlock);
	if (some_end(cs, p))
		error = sleep(&p->p_children, &pidlock, SLP_FATAL, cs->cs_deadline);
	spin_unlock(&pidlock);
	return error ? give_up(cs, p, error == -ERESTARTSYS ? -EINTR : error) : 0;
}

/*
 * A zombie stands still by itself.
 * Errors: -ESRCH: it is being reaped.
 */
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

/*
 * Asks a new member to stop at the boundary, unless it is a zombie.
 * Errors: -ESRCH: the member is exiting; -EPERM, -EOPNOTSUPP, -EBUSY (logged).
 */
static int ask_member(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct proc *p = cm->cm_proc;
	int error;

	error = look_for_end(cm);
	if (error)
		return error;
	/*
	 * The other members would look for this process under an id that it
	 * does not have in the image.
	 */
	if (pidspace_of(p) != pidspace_of(cs->cs_member[0].cm_proc)) {
		error = ckpt_refuse(p->p_comm, -EOPNOTSUPP,
				    "process %d was restored under other ids than the first process", p->p_pid);
		if (error)
			return error;
	}
	return cm->cm_zombie ? 0 : cs->cs_how->fh_ask(cs, cm);
}

static int ask_to_stand(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct proc *p = cm->cm_proc;
	int error = may_save(cs, cm);

	if (!error)
		error = proc_hold_ask(p);
	cm->cm_held = !error;
	if (error == -EBUSY)
		return ckpt_refuse(p->p_comm, error, "another checkpoint of process %d is under way", p->p_pid);
	return error;
}

/* A caller without the right may not learn what the process has. */
static int look_only(struct ckpt_save *cs, struct ckpt_member *cm)
{
	cm->cm_barred = may_save(cs, cm) != 0;
	return 0;
}

/*
 * Waits until the member stands at the boundary.
 * Errors: -ESRCH: the member is exiting; -EPERM; the wait was given up
 * (logged).
 */
static int await_member(struct ckpt_save *cs, struct ckpt_member *cm)
{
	int error;

	if (!cm->cm_held)
		return 0;
	error = proc_hold_await(cm->cm_proc, cs->cs_deadline);
	cm->cm_held = !error;
	if (error)
		return give_up(cs, cm->cm_proc, error);
	/*
	 * The member may have executed a set-id program in the meantime. From
	 * here on it cannot.
	 */
	return may_save(cs, cm);
}

/*
 * Has the process exited? A root that has become a zombie counts too: its
 * parent, which is no member, will reap it.
 */
static bool has_gone(const struct ckpt_member *cm, int error)
{
	return error == -ESRCH || (!error && cm->cm_zombie && cm->cm_parent == IMG_NONE);
}

/*
 * Holds the members from place `first` on, all at the same time. Members that
 * exit meanwhile are dropped.
 */
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
			/* the next pass finds its zombie, if any */
			ckpt_member_drop(cs, i);
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
		else if (!error && ending && cs->cs_how->fh_waits)
			error = await_children(cs, cs->cs_member[i].cm_proc);
		else
			return error;
		if (error)
			return error;
	}
}

/*
 * Is p in the job, or in the session, of the first member?
 * Locks: pidlock.
 */
static bool belongs(const struct ckpt_save *cs, const struct proc *p)
{
	const struct proc *first = cs->cs_member[0].cm_proc;

	ASSERT(spin_held(&pidlock));
	/*
	 * Restored processes that keep their saved ids form a job of their own.
	 * The recover(1) that waits for them is not part of it.
	 */
	if (pidspace_of(p) != pidspace_of(first))
		return false;
	return cs->cs_req->rq_flags & CKPT_SESSION ? p->p_sid == first->p_sid : p->p_pgid == first->p_pgid;
}

/*
 * Adds up to BATCH roots of the job or session to the members: processes whose
 * parent is a member already, or lies outside of the job or session. *ending:
 * other roots are exiting, and keep their files open until then.
 */
static int find_roots(struct ckpt_save *cs, bool *ending)
{
	const struct proc *first = cs->cs_member[0].cm_proc;
	struct proc *found[BATCH], *p;
	struct proc_walk w;
	u32 n = 0;

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
			*ending = true;
			continue;
		}
		/*
		 * If the parent belongs to the image too, the parent comes
		 * first.
		 */
		if (belongs(cs, p->p_parent) && !ckpt_is_member(cs, p->p_parent))
			continue;
		p->p_ref++;
		found[n++] = p;
	}
	spin_unlock(&pidlock);
	return add_found(cs, found, n, IMG_NONE);
}

/* Adds further roots and holds them. Waits for roots that are exiting. */
static int hold_roots(struct ckpt_save *cs)
{
	bool ending = true;

	for (;;) {
		u32 before = cs->cs_nmember;
		int error = find_roots(cs, &ending);

		if (!error)
			error = hold_members(cs, before);
		if (error || cs->cs_nmember > before || !ending || !cs->cs_how->fh_waits)
			return error;
		/*
		 * An exiting root wakes its parent alone, which may be any
		 * process. So look again after a while.
		 */
		spin_lock(&pidlock);
		error = sleep(&ending, &pidlock, SLP_FATAL, clock_mono_ns() + ENDING_NS);
		spin_unlock(&pidlock);
		if (error == -ERESTARTSYS || clock_mono_ns() > cs->cs_deadline)
			return give_up(cs, cs->cs_member[0].cm_proc, error == -ERESTARTSYS ? -EINTR : -ETIMEDOUT);
	}
}

/*
 * While a forked checkpoint of a member is being written, copies of the
 * member's memory exist.
 * Errors: -EBUSY.
 */
static int check_forked(struct ckpt_save *cs)
{
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		if (cs->cs_member[i].cm_proc->p_fckpt)
			return -EBUSY;
	}
	return 0;
}

/* Finds the members, from p on. */
static int find_members(struct ckpt_save *cs, struct proc *p, const struct ckpt_how *how)
{
	int error;

	cs->cs_how = how;
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

static const struct ckpt_how stand = { .fh_ask = ask_to_stand, .fh_waits = true };
static const struct ckpt_how run_on = { .fh_ask = look_only };

int ckpt_look(struct ckpt_save *cs, struct proc *p)
{
	return find_members(cs, p, &run_on);
}

int ckpt_hold(struct ckpt_save *cs)
{
	int error = find_members(cs, curproc(), &stand);

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
	/*
	 * Children first, so that no running parent has a child that is still
	 * held.
	 */
	for (u32 i = cs->cs_nmember; i-- > 0;) {
		struct ckpt_member *cm = &cs->cs_member[i];

		if (cm->cm_held)
			proc_release(cm->cm_proc);
		cm->cm_held = false;
	}
}
