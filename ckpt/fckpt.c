/* SPDX-License-Identifier: MIT */
/*
 * The forked checkpoint. fckpt() makes, with spawn_proc(), a child that shares
 * all pages with the process copy-on-write and starts in fckpt_child(). The
 * process goes on at once, and the child writes what memory held at that
 * instant.
 *
 * The child is hidden: it has no pid, sends no SIGCHLD, and wait does not find
 * it. It has no descriptors, so it keeps no pipe or terminal open.
 *
 * A process has at most one such child: a second checkpoint meanwhile gets
 * -EBUSY. So the copies take at most as much memory as the process itself, and
 * images of a process cannot overtake each other.
 *
 * Of a tree, each address space is copied once. The child itself runs with the
 * copy of the first process's.
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

/*
 * Number of pages that p has copied on write so far. If p has called exec
 * meanwhile, the count began again at 0.
 */
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

/*
 * Drops the copies before the outcome is told: the next checkpoint would take
 * memory that they map for memory shared with another process.
 */
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
	/*
	 * A process that hears of the outcome may want to unmount the file
	 * system of this child's directories and program.
	 */
	proc_drop_identity(curproc());
	ckpt_request_finish(rq, p, error);
	ckpt_request_rele(rq);
	proc_rele(p);
	inject_leave();
	proc_exit(0);
}

/*
 * Copies each living member's address space, once if several members share it.
 * The copy of the first member's becomes the child's.
 */
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
