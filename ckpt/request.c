/* SPDX-License-Identifier: MIT */
/* A request for a checkpoint, from the call to the outcome. */
#include "ckpt/ckpt.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/sleep.h"

int ckpt_request_make(char *path, u32 flags, struct ckpt_request **rqp)
{
	struct ckpt_request *rq = kzalloc(sizeof(*rq), 0);

	if (!rq) {
		kfree(path);
		return -ENOMEM;
	}
	rq->rq_ref = 1;
	rq->rq_path = path;
	rq->rq_flags = flags;
	rq->rq_cred = cred_cur();
	cred_hold(rq->rq_cred);
	rq->rq_start = clock_mono_ns();
	spin_init(&rq->rq_lock, "ckpt request", LR_VFS);
	*rqp = rq;
	return 0;
}

void ckpt_request_rele(struct ckpt_request *rq)
{
	if (__atomic_sub_fetch(&rq->rq_ref, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	cred_rele(rq->rq_cred);
	kfree(rq->rq_path);
	kfree(rq);
}

/* For ckptctl(). A process for which there is no memory goes without. */
static void keep_stats(struct proc *p, const struct ckpt_stats *st)
{
	struct ckpt_stats *spare = kzalloc(sizeof(*spare), 0), *kept;

	spin_lock(&p->p_lock);
	if (!p->p_ckptstats) {
		p->p_ckptstats = spare;
		spare = NULL;
	}
	kept = p->p_ckptstats;
	if (kept) {
		u32 count = kept->cs_count + (st->cs_error == 0);

		*kept = *st;
		kept->cs_count = count;
	}
	spin_unlock(&p->p_lock);
	kfree(spare);
}

void ckpt_request_finish(struct ckpt_request *rq, struct proc *p, int error)
{
	rq->rq_stats.cs_durable_ns = clock_mono_ns() - rq->rq_start;
	rq->rq_stats.cs_error = -error;
	keep_stats(p, &rq->rq_stats);
	spin_lock(&rq->rq_lock);
	rq->rq_done = true;
	wakeup(rq);
	spin_unlock(&rq->rq_lock);
}

int ckpt_request_wait(struct ckpt_request *rq)
{
	int error = 0;

	spin_lock(&rq->rq_lock);
	while (!rq->rq_done && !error)
		error = sleep(rq, &rq->rq_lock, SLP_KILL, 0);
	if (rq->rq_done)
		error = -rq->rq_stats.cs_error;
	spin_unlock(&rq->rq_lock);
	return error == -ERESTARTSYS ? -EINTR : error;
}
