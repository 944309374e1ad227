/* SPDX-License-Identifier: MIT */
/* Hidden processes become visible, with the ids that they remember. */
#include "proc/reveal.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/cputimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/orphan.h"
#include "proc/proctab.h"
#include "proc/ptimer.h"
#include "proc/wait.h"

/* The seen and the real number of an id. The first pair of a seen id counts. */
static void add_pair(struct reveal *rl, pid_t seen, pid_t real)
{
	if (!rl->rl_real[seen])
		rl->rl_real[seen] = (u16)(real + 1);
}

/* Reserves the id that a process of the set wants, or another one. */
static int want_id(struct reveal *rl, pid_t want, pid_t *got)
{
	int error = rl->rl_fresh ? -EEXIST : pid_alloc(want, got);

	if (error == -EEXIST)
		error = pid_alloc(0, got);
	if (!error)
		add_pair(rl, want, *got);
	return error;
}

static bool in_place(const struct reveal *rl, const struct revealed *rv)
{
	return rl->rl_replace && rv == rl->rl_set;
}

/* The real pid that it has, or will have. */
static pid_t real_pid(const struct reveal *rl, const struct revealed *rv)
{
	return in_place(rl, rv) ? rl->rl_replace->p_pid : rv->rv_proc->p_pid;
}

/* Reserves real ids for a process and its lwps, in p_pid and l_tid; 0: none. */
static int want_ids(struct reveal *rl, struct revealed *rv)
{
	bool same = in_place(rl, rv) && (rl->rl_flags & REVEAL_SAME);
	int error = 0;

	if (!in_place(rl, rv))
		error = want_id(rl, rv->rv_pid, &rv->rv_proc->p_pid);
	else if (!same)
		add_pair(rl, rv->rv_pid, rl->rl_replace->p_pid);
	for (u32 i = 0; i < rv->rv_nlwp && !error; i++) {
		if (rv->rv_tids[i] == rv->rv_pid)
			rv->rv_lwps[i]->l_tid = real_pid(rl, rv);
		else if (same)
			rv->rv_lwps[i]->l_tid = pid_real_for(rl->rl_replace, rv->rv_tids[i]);
		else
			error = want_id(rl, rv->rv_tids[i], &rv->rv_lwps[i]->l_tid);
	}
	return error;
}

/* Frees the ids, except those still in use by other processes. */
static void give_ids_back(struct reveal *rl, struct revealed *rv)
{
	bool same = in_place(rl, rv) && (rl->rl_flags & REVEAL_SAME);

	for (u32 i = 0; i < rv->rv_nlwp; i++) {
		struct lwp *l = rv->rv_lwps[i];

		if (l->l_tid && l->l_tid != real_pid(rl, rv) && !same)
			pid_free(l->l_tid);
		l->l_tid = 0;
	}
	if (rv->rv_proc->p_pid)
		pid_free(rv->rv_proc->p_pid);
	rv->rv_proc->p_pid = 0;
}

static bool id_in_use(pid_t id)
{
	bool used;

	spin_lock(&pidlock);
	used = pid_owner(id) || proctab_group(id) || proctab_session(id);
	spin_unlock(&pidlock);
	return used;
}

/*
 * Is `seen` the id of a process of the set? In place the first process's id may
 * equal its group's by accident.
 */
static bool is_member(const struct reveal *rl, pid_t seen)
{
	for (u32 i = 0; i < rl->rl_n; i++) {
		if (rl->rl_set[i].rv_pid == seen && !in_place(rl, &rl->rl_set[i]))
			return true;
	}
	return false;
}

/*
 * Finds an id for a group or session that is not the caller's. An id without a
 * leader is not reserved; it lives as long as its members.
 */
static int find_other_group(struct reveal *rl, pid_t seen, pid_t *real)
{
	int error = 0;

	if (rl->rl_real[seen]) {
		*real = rl->rl_real[seen] - 1;
		return 0;
	}
	if (seen == 0 || id_in_use(seen)) {
		/*
		 * No process may join group 0, that of the kernel's own
		 * processes.
		 */
		error = pid_alloc(0, real);
		if (!error)
			pid_free(*real);
	} else {
		*real = seen;
	}
	if (!error)
		add_pair(rl, seen, *real);
	return error;
}

/*
 * first: the first process's group or session; first_real: its new id, which
 * the other members use too.
 */
static int find_group(struct reveal *rl, pid_t seen, pid_t first, pid_t first_real, pid_t *real)
{
	if (seen != first)
		return find_other_group(rl, seen, real);
	*real = first_real;
	return 0;
}

/*
 * The new group or session of the first process: that of a leader in the set,
 * else the caller's.
 */
static pid_t first_group(struct reveal *rl, pid_t seen, pid_t callers)
{
	if (is_member(rl, seen))
		return rl->rl_real[seen] - 1;
	add_pair(rl, seen, callers);
	return callers;
}

static int find_groups(struct reveal *rl)
{
	const struct revealed *first = &rl->rl_set[0];
	pid_t sid = first_group(rl, first->rv_sid, rl->rl_parent->p_sid),
	      pgid = first_group(rl, first->rv_pgid, rl->rl_parent->p_pgid);
	int error = 0;

	for (u32 i = 0; i < rl->rl_n && !error; i++) {
		struct revealed *rv = &rl->rl_set[i];

		error = find_group(rl, rv->rv_sid, first->rv_sid, sid, &rv->rv_real_sid);
		if (!error)
			error = find_group(rl, rv->rv_pgid, first->rv_pgid, pgid, &rv->rv_real_pgid);
	}
	return error;
}

/* Does it need a translation? 0 is not an id: it means the caller, or none. */
static bool differs(const struct reveal *rl, pid_t seen)
{
	return rl->rl_real[seen] > 1 && rl->rl_real[seen] - 1 != seen;
}

static int make_space(struct reveal *rl)
{
	struct pidpair *pairs;
	u32 n = 0;

	for (pid_t seen = 1; seen < PID_MAX; seen++)
		n += differs(rl, seen);
	if (!n)
		return 0;
	pairs = kmalloc(n * sizeof(*pairs), 0);
	if (!pairs)
		return -ENOMEM;
	n = 0;
	for (pid_t seen = 1; seen < PID_MAX; seen++) {
		if (differs(rl, seen))
			pairs[n++] = (struct pidpair){ .pp_seen = seen, .pp_real = rl->rl_real[seen] - 1 };
	}
	rl->rl_space = pidspace_create(pairs, n);
	kfree(pairs);
	return rl->rl_space ? 0 : -ENOMEM;
}

int reveal_prepare(struct reveal *rl)
{
	int error = 0;

	assert_may_sleep("reveal_prepare");
	rl->rl_space = NULL;
	rl->rl_real = kzalloc(PID_MAX * sizeof(*rl->rl_real), 0);
	if (!rl->rl_real)
		return -ENOMEM;
	for (u32 i = 0; i < rl->rl_n && !error; i++)
		error = want_ids(rl, &rl->rl_set[i]);
	if (!error && !(rl->rl_flags & REVEAL_SAME))
		error = find_groups(rl);
	if (!error)
		error = make_space(rl);
	kfree(rl->rl_real);
	rl->rl_real = NULL;
	if (error)
		reveal_abandon(rl);
	return error;
}

void reveal_abandon(struct reveal *rl)
{
	for (u32 i = 0; i < rl->rl_n; i++)
		give_ids_back(rl, &rl->rl_set[i]);
	pidspace_rele(rl->rl_space);
	rl->rl_space = NULL;
}

/*
 * Puts the lwps into the process's list, under their ids.
 * Locks: pidlock.
 */
static void show_lwps(struct revealed *rv)
{
	struct proc *p = rv->rv_proc;

	ASSERT(spin_held(&pidlock));
	spin_lock(&p->p_lock);
	p->p_flags &= ~P_KERNEL;
	p->p_lwp0 = NULL;
	for (u32 i = 0; i < rv->rv_nlwp; i++) {
		struct lwp *l = rv->rv_lwps[i];

		pid_bind(l->l_tid, p);
		if (l->l_tid == p->p_pid)
			p->p_lwp0 = l;
		if (i)
			list_push_back(&p->p_lwps, &l->l_plink);
	}
	p->p_nlwp = rv->rv_nlwp;
	spin_unlock(&p->p_lock);
}

/* The process remembers the set's ids from now on. */
static void set_space(struct reveal *rl, struct proc *p)
{
	pidspace_rele(p->p_pidspace);
	p->p_pidspace = rl->rl_space;
	pidspace_hold(p->p_pidspace);
}

/*
 * Returns: the real id of the parent's lwp that made the process; 0: the parent
 *   is not in the set, or has no such lwp.
 */
static pid_t maker_of(const struct reveal *rl, const struct revealed *rv)
{
	const struct revealed *parent = rv->rv_parent == REVEAL_ROOT ? NULL : &rl->rl_set[rv->rv_parent];

	for (u32 i = 0; parent && i < parent->rv_nlwp; i++) {
		if (parent->rv_tids[i] == rv->rv_maker)
			return parent->rv_lwps[i]->l_tid;
	}
	return 0;
}

/* Locks: pidlock. */
static void show(struct reveal *rl, struct revealed *rv)
{
	struct proc *p = rv->rv_proc;
	struct proc *parent = rv->rv_parent == REVEAL_ROOT	     ? rl->rl_parent
			      : rl->rl_replace && rv->rv_parent == 0 ? rl->rl_replace
								     : rl->rl_set[rv->rv_parent].rv_proc;

	ASSERT(p->p_flags & P_KERNEL);
	ASSERT(spin_held(&pidlock));
	set_space(rl, p);
	show_lwps(rv);
	p->p_parent = parent;
	p->p_pgid = rv->rv_real_pgid;
	p->p_sid = rv->rv_real_sid;
	pid_lead(p->p_pgid);
	pid_lead(p->p_sid);
	p->p_ctty = p->p_sid == rl->rl_parent->p_sid ? rl->rl_parent->p_ctty : rv->rv_ctty;
	p->p_stat = rv->rv_nlwp ? PS_ACTIVE : PS_ZOMBIE;
	pid_bind(p->p_pid, p);
	proctab_enter(p);
	list_push_back(&parent->p_children, &p->p_sibling);
	orphan_revealed(p, maker_of(rl, rv), rv->rv_oldexit);
}

/*
 * The flags of h that are part of its state become o's.
 * Locks: both p_locks.
 */
static void take_flags(struct proc *o, const struct proc *h)
{
	ASSERT(spin_held(&o->p_lock) && spin_held(&h->p_lock));
	o->p_flags = (o->p_flags & ~(P_FORKNOEXEC | P_SUGID | P_NODUMP | P_REALIDS |
				     (h->p_flags & P_STOPPED ? P_WAITCONT : 0))) |
		     (h->p_flags & (P_STOPPED | P_STOPTOLD | P_WAITSTOP | P_SUGID | P_NODUMP));
	if (o->p_flags & P_STOPPED)
		o->p_xstat = h->p_xstat;
}

/*
 * Moves the lwps of the set to o, and o's old lwp to h.
 * Locks: pidlock and both p_locks.
 */
static void exchange_lwps(struct revealed *rv, struct proc *o, bool same)
{
	struct proc *h = rv->rv_proc;
	struct lwp *old = list_first(&o->p_lwps, struct lwp, l_plink);

	ASSERT(spin_held(&pidlock) && spin_held(&o->p_lock) && spin_held(&h->p_lock));
	ASSERT(o->p_nlwp == 1 && h->p_nlwp == 1 && o->p_nheld == 0);
	proc_unlink_lwp(o, old);
	proc_unlink_lwp(h, rv->rv_lwps[0]);
	/*
	 * o's timers, and the signals that they sent, belong to the new lwps
	 * from now on.
	 */
	sigqueue_flush(&old->l_sigq);
	cputimer_lwp_ends(old);
	list_push_back(&h->p_lwps, &old->l_plink);
	lwp_change_proc(old, h);
	/*
	 * If its id is not that of the process (or of the new lwp), it becomes
	 * free.
	 */
	if (!same && old->l_tid != o->p_pid)
		pid_bind(old->l_tid, NULL);
	old->l_tid = 0;
	old->l_attention = true; /* to the boundary, where it exits */
	h->p_lwp0 = old;
	h->p_flags |= P_EXITING;
	h->p_xstat = 0;
	o->p_lwp0 = NULL;
	for (u32 i = 0; i < rv->rv_nlwp; i++) {
		struct lwp *l = rv->rv_lwps[i];

		lwp_change_proc(l, o);
		l->l_trace = (o->p_flags & P_TRACE) != 0;
		ptimer_adopt(o, &l->l_sigq);
		list_push_back(&o->p_lwps, &l->l_plink);
		pid_bind(l->l_tid, o);
		if (l->l_tid == o->p_pid)
			o->p_lwp0 = l;
	}
	o->p_nlwp = rv->rv_nlwp;
	/* Held until here, so that timers find the lwps for their signals. */
	if (same)
		lwp_end_hold(o);
}

/* Locks: pidlock, and o's p_execlock. */
static void show_in_place(struct reveal *rl)
{
	struct revealed *rv = &rl->rl_set[0];
	struct proc *o = rl->rl_replace, *h = rv->rv_proc;
	bool same = rl->rl_flags & REVEAL_SAME;

	ASSERT(spin_held(&pidlock) && mutex_held(&o->p_execlock));
	spin_lock(&o->p_lock);
	spin_lock_nested(&h->p_lock); /* no other process knows h */
	memswap(&o->p_state, &h->p_state, sizeof(o->p_state));
	if (!same) {
		sigqueue_move(&h->p_sigq, &o->p_sigq);
		take_flags(o, h);
	}
	exchange_lwps(rv, o, same);
	if (!same)
		set_space(rl, o);
	spin_unlock(&h->p_lock);
	spin_unlock(&o->p_lock);
	proctab_renew_user(o);
	if (!same)
		orphan_replaced(o, h);
}

pid_t reveal_commit(struct reveal *rl)
{
	struct proc *o = rl->rl_replace;

	if (o)
		mutex_lock(&o->p_execlock);
	spin_lock(&pidlock);
	if (o)
		show_in_place(rl);
	for (u32 i = o ? 1 : 0; i < rl->rl_n; i++)
		show(rl, &rl->rl_set[i]);
	spin_unlock(&pidlock);
	if (o)
		mutex_unlock(&o->p_execlock);
	if (o && !(rl->rl_flags & REVEAL_SAME))
		vfork_done(o); /* as with any execve */
	/* Each process has its own reference. */
	pidspace_rele(rl->rl_space);
	return o ? o->p_pid : rl->rl_set[0].rv_proc->p_pid;
}

struct proc *proc_husk(void)
{
	struct proc *p = proc_alloc();

	if (!p)
		return NULL;
	p->p_cred = cred_cur();
	cred_hold(p->p_cred);
	p->p_flags = P_KERNEL;
	p->p_stat = PS_ZOMBIE;
	return p;
}
