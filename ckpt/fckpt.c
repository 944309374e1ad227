/* SPDX-License-Identifier: MIT */
/*
 * The forked checkpoint. fckpt() makes, by spawn_proc(), a child that shares all pages with the process copy-on-write and starts in
 * fckpt_child(); the process goes on at once, and the child writes what memory held at that instant.
 *
 * The child is hidden: no pid, no SIGCHLD, nothing for wait; it has no descriptors, so that no pipe or terminal stays open because of
 * it. One process has at most one such child: a second checkpoint meanwhile gets -EBUSY. That bounds the memory that copies
 * can take to once the process's own, and images of one process cannot overtake each other. Of a tree, each address space is
 * copied once; the child itself has that of the first process.
 */
#include "ckpt/save.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/inject.h"
#include "kernel/lib/panic.h"
#include "mm/as.h"
#include "proc/sched/lwp_impl.h"

static void set_busy(struct ckpt_save *cs, bool busy)
{
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		struct proc *p = cs->cs_member[i].cm_proc;

		spin_lock(&p->p_lock);
		p->p_fckpt = busy;
		spin_unlock(&p->p_lock);
	}
}

/* Pages that p has copied on write so far. A program that it executed meanwhile counts from 0. */
static u32 copied(struct proc *p)
{
	u32 n;

	mutex_lock(&p->p_execlock);
	n = p->p_as ? p->p_as->a_ncow : 0;
	mutex_unlock(&p->p_execlock);
	return n;
}

static u32 cow_pages(struct ckpt_save *cs)
{
	u32 n = 0;

	for (u32 i = 0; i < cs->cs_nmember; i++) {
		const struct ckpt_member *cm = &cs->cs_member[i];
		u32 cow = cm->cm_zombie || !cm_has_memory(cs, cm) ? 0 : copied(cm->cm_proc);

		n += cow > cm->cm_cow_before ? cow - cm->cm_cow_before : cow;
	}
	return n;
}

/* Before anybody hears that it is done: what the copies map would seem to be shared with another process to the next checkpoint. */
static void drop_copies(struct ckpt_save *cs)
{
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		if (cs->cs_member[i].cm_copied)
			as_rele(cs->cs_member[i].cm_as);
		cs->cs_member[i].cm_copied = false;
	}
	proc_drop_as();
}

static void fckpt_child(void *arg)
{
	struct ckpt_save *cs = arg;
	struct ckpt_request *rq = cs->cs_req;
	struct proc *p = cs->cs_member[0].cm_proc;
	int error;

	inject_enter();
	error = ckpt_pages(cs);
	if (!error)
		error = ckpt_commit(cs, &rq->rq_stats);
	rq->rq_stats.cs_cow_pages = cow_pages(cs);
	drop_copies(cs);
	set_busy(cs, false);
	__atomic_add_fetch(&rq->rq_ref, 1, __ATOMIC_RELAXED);
	spin_lock(&pidlock);
	p->p_ref++;
	spin_unlock(&pidlock);
	ckpt_save_free(cs);
	/* Who hears that it is done may want to unmount what it came from: nothing of that is in use any more. */
	proc_drop_identity(curproc());
	ckpt_request_finish(rq, p, error);
	ckpt_request_rele(rq);
	proc_rele(p);
	inject_leave();
	proc_exit(0);
}

/* Each living member's address space as it is now, once if several have it; the first one's is the child's. */
static int copy_memory(struct ckpt_save *cs, struct proc *child)
{
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		struct ckpt_member *cm = &cs->cs_member[i];
		struct as *as = cm->cm_as;

		if (cm->cm_zombie)
			continue;
		if (!cm_has_memory(cs, cm)) {
			cm->cm_as = cs->cs_member[cm->cm_img->p_mem].cm_as;
			continue;
		}
		cm->cm_cow_before = as->a_ncow;
		cm->cm_as = as_dup_pages(as);
		if (!cm->cm_as)
			return -ENOMEM;
		cm->cm_copied = i > 0;
		if (i == 0)
			child->p_as = cm->cm_as;
	}
	return 0;
}

int fckpt(struct ckpt_save *cs, struct proc **childp)
{
	struct spawn_args sa = { .sa_start = fckpt_child,
				 .sa_arg = cs,
				 .sa_flags = SPAWN_HIDDEN | SPAWN_NO_AS | SPAWN_NO_FILES };
	struct proc *child;
	int error = spawn_proc(&sa, &child);

	if (error)
		return error;
	error = copy_memory(cs, child);
	if (error) {
		spawn_abort(child);
		return error;
	}
	set_busy(cs, true);
	*childp = child;
	return 0;
}
