/* SPDX-License-Identifier: MIT */
/*
 * The forked checkpoint. fckpt() makes, by spawn_proc(), a child that shares all pages with the process copy-on-write and starts in
 * fckpt_child(); the process goes on at once, and the child writes what memory held at that instant.
 *
 * The child is hidden: no pid, no SIGCHLD, nothing for wait; it has no descriptors, so that no pipe or terminal stays open because of
 * it. One process has at most one such child: a second checkpoint meanwhile gets -EBUSY. That bounds the memory that copies
 * can take to once the process's own, and images of one process cannot overtake each other.
 */
#include "ckpt/ckpt.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/as.h"

static void set_busy(struct proc *p, bool busy)
{
	spin_lock(&p->p_lock);
	p->p_fckpt = busy;
	spin_unlock(&p->p_lock);
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

static void fckpt_child(void *arg)
{
	struct ckpt_save *cs = arg;
	struct ckpt_request *rq = cs->cs_req;
	struct proc *p = cs->cs_proc;
	int error = st_mem_pages(cs);
	u32 cow;

	if (!error)
		error = ckpt_commit(cs, &rq->rq_stats);
	cow = copied(p);
	rq->rq_stats.cs_cow_pages = cow > cs->cs_cow_before ? cow - cs->cs_cow_before : cow;
	set_busy(p, false);
	ckpt_request_finish(rq, p, error);
	ckpt_save_free(cs);
	proc_exit(0);
}

int fckpt(struct ckpt_save *cs, struct proc **childp)
{
	struct spawn_args sa = { .sa_start = fckpt_child, .sa_arg = cs, .sa_flags = SPAWN_HIDDEN | SPAWN_NO_FILES };
	struct proc *p = cs->cs_proc, *child;
	int error;

	if (p->p_fckpt)
		return -EBUSY;
	error = spawn_proc(&sa, &child);
	if (error)
		return error;
	set_busy(p, true);
	cs->cs_cow_before = p->p_as->a_ncow;
	cs->cs_as = child->p_as;
	*childp = child;
	return 0;
}
