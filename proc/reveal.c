/* SPDX-License-Identifier: MIT */
/* Hidden processes become ones that others see, with the ids that they remember. */
#include "proc/reveal.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/lwp_impl.h"

/* Both numbers of an id; one that is the same needs no pair. */
static void add_pair(struct reveal *rl, pid_t seen, pid_t real)
{
	for (u32 i = 0; i < rl->rl_npair; i++) {
		if (rl->rl_pair[i].pp_seen == seen)
			return;
	}
	if (seen != real)
		rl->rl_pair[rl->rl_npair++] = (struct pidpair){ .pp_seen = seen, .pp_real = real };
}

/* The id that somebody of the set wants, or another one. */
static int want_id(struct reveal *rl, pid_t want, pid_t *got)
{
	int error = rl->rl_fresh ? -EEXIST : pid_alloc(want, got);

	if (error == -EEXIST)
		error = pid_alloc(0, got);
	if (!error)
		add_pair(rl, want, *got);
	return error;
}

/* Real ids for a process and its lwps. What it got stands in p_pid and l_tid, 0 where it got none. */
static int want_ids(struct reveal *rl, struct revealed *rv)
{
	int error = want_id(rl, rv->rv_pid, &rv->rv_proc->p_pid);

	for (u32 i = 0; i < rv->rv_nlwp && !error; i++) {
		if (rv->rv_tids[i] == rv->rv_pid)
			rv->rv_lwps[i]->l_tid = rv->rv_proc->p_pid;
		else
			error = want_id(rl, rv->rv_tids[i], &rv->rv_lwps[i]->l_tid);
	}
	return error;
}

static void give_ids_back(struct revealed *rv)
{
	for (u32 i = 0; i < rv->rv_nlwp; i++) {
		struct lwp *l = rv->rv_lwps[i];

		if (l->l_tid && l->l_tid != rv->rv_proc->p_pid)
			pid_free(l->l_tid);
		l->l_tid = 0;
	}
	if (rv->rv_proc->p_pid)
		pid_free(rv->rv_proc->p_pid);
	rv->rv_proc->p_pid = 0;
}

static bool id_in_use(pid_t id)
{
	struct proc *p;
	bool used;

	spin_lock(&pidlock);
	used = pid_owner(id) != NULL;
	list_for_each(p, &allproc, p_all)
		used |= p->p_pgid == id || p->p_sid == id;
	spin_unlock(&pidlock);
	return used;
}

/*
 * The number of a group or session. outside: the first one's, and the caller's in its place. One without a leader has a number as long as it has
 * members, and nobody keeps it reserved: so it is with the others too.
 */
static int find_group(struct reveal *rl, pid_t seen, pid_t first, pid_t callers, pid_t *real)
{
	int error = 0;

	for (u32 i = 0; i < rl->rl_n; i++) {
		if (rl->rl_set[i].rv_pid == seen) {
			*real = rl->rl_set[i].rv_proc->p_pid;
			return 0;
		}
	}
	for (u32 i = 0; i < rl->rl_npair; i++) {
		if (rl->rl_pair[i].pp_seen == seen) {
			*real = rl->rl_pair[i].pp_real;
			return 0;
		}
	}
	if (seen == first) {
		*real = callers;
	} else if (seen > 0 && id_in_use(seen)) {
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

static int find_groups(struct reveal *rl)
{
	const struct revealed *first = &rl->rl_set[0];
	int error = 0;

	for (u32 i = 0; i < rl->rl_n && !error; i++) {
		struct revealed *rv = &rl->rl_set[i];

		error = find_group(rl, rv->rv_sid, first->rv_sid, rl->rl_parent->p_sid, &rv->rv_real_sid);
		if (!error)
			error = find_group(rl, rv->rv_pgid, first->rv_pgid, rl->rl_parent->p_pgid, &rv->rv_real_pgid);
	}
	return error;
}

int reveal_prepare(struct reveal *rl)
{
	u32 n = 0;
	int error = 0;

	for (u32 i = 0; i < rl->rl_n; i++)
		n += rl->rl_set[i].rv_nlwp + 3;
	rl->rl_space = NULL;
	rl->rl_npair = 0;
	rl->rl_pair = kmalloc(n * sizeof(struct pidpair), 0);
	if (!rl->rl_pair)
		return -ENOMEM;
	for (u32 i = 0; i < rl->rl_n && !error; i++)
		error = want_ids(rl, &rl->rl_set[i]);
	if (!error)
		error = find_groups(rl);
	if (!error && rl->rl_npair) {
		rl->rl_space = pidspace_create(rl->rl_pair, rl->rl_npair);
		error = rl->rl_space ? 0 : -ENOMEM;
	}
	kfree(rl->rl_pair);
	rl->rl_pair = NULL;
	if (error)
		reveal_abandon(rl);
	return error;
}

void reveal_abandon(struct reveal *rl)
{
	for (u32 i = 0; i < rl->rl_n; i++)
		give_ids_back(&rl->rl_set[i]);
	pidspace_rele(rl->rl_space);
	rl->rl_space = NULL;
}

/* The lwps come into the process's list, under their ids. pidlock held. */
static void show_lwps(struct revealed *rv)
{
	struct proc *p = rv->rv_proc;

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

/* pidlock held. */
static void show(struct reveal *rl, struct revealed *rv)
{
	struct proc *p = rv->rv_proc;
	struct proc *parent = rv == rl->rl_set ? rl->rl_parent : rl->rl_set[rv->rv_parent].rv_proc;

	pidspace_rele(p->p_pidspace);
	p->p_pidspace = rl->rl_space;
	pidspace_hold(p->p_pidspace);
	show_lwps(rv);
	p->p_parent = parent;
	p->p_pgid = rv->rv_real_pgid;
	p->p_sid = rv->rv_real_sid;
	/* A session of its own begins without a terminal. */
	p->p_ctty = p->p_sid == rl->rl_parent->p_sid ? rl->rl_parent->p_ctty : NULL;
	p->p_stat = rv->rv_nlwp ? PS_ACTIVE : PS_ZOMBIE;
	pid_bind(p->p_pid, p);
	list_push_back(&allproc, &p->p_all);
	list_push_back(&parent->p_children, &p->p_sibling);
}

pid_t reveal_commit(struct reveal *rl)
{
	spin_lock(&pidlock);
	for (u32 i = 0; i < rl->rl_n; i++)
		show(rl, &rl->rl_set[i]);
	spin_unlock(&pidlock);
	/* Each process has a reference of its own. */
	pidspace_rele(rl->rl_space);
	return rl->rl_set[0].rv_proc->p_pid;
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
