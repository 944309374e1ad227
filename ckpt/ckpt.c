/* SPDX-License-Identifier: MIT */
/*
 * ckpt(), tckpt(): the process stands still, its state is gathered and written.
 */
#include "ckpt/inplace.h"
#include "ckpt/save.h"
#include "ckpt/syscalls.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/inject.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/sched/lwp_impl.h"
#include "proc/sched/sleep.h"
#include "proc/utsname.h"

/*
 * The members are held. *childp: the process that goes on with a forked
 * checkpoint; unchanged if there is none.
 */
static int take_held(struct ckpt_save *cs, struct proc **childp)
{
	bool forked = cs->cs_req->rq_flags & CKPT_FORKED;
	int error;

	cs->cs_copy = forked;
	error = ckpt_gather(cs);
	if (!error)
		error = ckpt_contents(cs);
	/*
	 * From here on only pages are needed. An image that is being written
	 * must not keep an end of a pipe open.
	 */
	ckpt_objects_drop(cs);
	ckpt_forget(cs);
	if (!error && forked)
		return fckpt(cs, childp);
	if (!error)
		error = ckpt_pages(cs);
	return error ? error : ckpt_commit(cs, &cs->cs_req->rq_stats);
}

/* The lwp `taker` begins to take checkpoint rq; NULL: the lwp has ended it. */
static void set_taker(struct proc *p, struct ckpt_request *rq, struct lwp *taker)
{
	spin_lock(&p->p_lock);
	rq->rq_taker = taker;
	curlwp()->l_withdrawn = taker && rq->rq_withdrawn;
	spin_unlock(&p->p_lock);
}

/* Makes rq the last request that p has taken. */
static void remember(struct proc *p, struct ckpt_request *rq)
{
	struct ckpt_request *old;

	__atomic_add_fetch(&rq->rq_ref, 1, __ATOMIC_RELAXED);
	spin_lock(&p->p_lock);
	old = p->p_ckptlast;
	p->p_ckptlast = rq;
	spin_unlock(&p->p_lock);
	if (old)
		ckpt_request_rele(old);
}

static int take_checkpoint(struct ckpt_request *rq, struct lwp *caller)
{
	struct proc *p = curproc(), *child = NULL;
	struct ckpt_save *cs = ckpt_save_make(rq, caller, CS_KEPT | (caller ? CS_ITSELF : 0));
	u64 start = clock_mono_ns();
	int error = cs ? 0 : -ENOMEM;

	remember(p, rq);
	set_taker(p, rq, curlwp());
	if (!error)
		error = ckpt_hold(cs);
	if (!error) {
		error = take_held(cs, &child);
		ckpt_release(cs);
		rq->rq_stats.cs_stop_ns = clock_mono_ns() - start;
	}
	set_taker(p, rq, NULL);
	if (child) {
		lwp_start(child->p_lwp0);
		return 0;
	}
	ckpt_request_finish(rq, p, error);
	if (cs)
		ckpt_save_free(cs);
	return error;
}

int ckpt_take(struct ckpt_request *rq, struct lwp *caller)
{
	int error;

	inject_enter();
	error = take_checkpoint(rq, caller);
	inject_leave();
	return error;
}

void ckpt_boundary(struct lwp *l)
{
	struct proc *p = l->l_proc;
	struct ckpt_request *rq;
	bool every;

	/* The rights of the process may have changed since its last call. */
	cred_renew(l);
	ckpt_key_request();
	spin_lock(&p->p_lock);
	rq = p->p_ckpt;
	p->p_ckpt = NULL;
	every = p->p_flags & P_EVERY;
	p->p_flags &= ~(P_CKPT | P_EVERY);
	spin_unlock(&p->p_lock);
	if (rq) {
		/* The outcome is in the request. */
		(void)ckpt_take(rq, NULL);
		ckpt_request_rele(rq);
	}
	if (every)
		ckpt_every();
}

/* The process exits, perhaps without having taken its request. */
void ckpt_exit(struct proc *p)
{
	struct ckpt_request *rq, *last;

	spin_lock(&p->p_lock);
	rq = p->p_ckpt;
	last = p->p_ckptlast;
	p->p_ckpt = p->p_ckptlast = NULL;
	p->p_flags &= ~P_CKPT;
	spin_unlock(&p->p_lock);
	if (rq) {
		ckpt_request_finish(rq, p, -ESRCH);
		ckpt_request_rele(rq);
	}
	if (last)
		ckpt_request_rele(last);
}

static int ask(uaddr_t name, u32 flags, struct ckpt_request **rqp)
{
	char *imagename;
	int error;

	if (flags & ~CKPT_FLAGS)
		return -EINVAL;
	error = ckpt_name(name, &imagename);
	if (error)
		return error;
	error = ckpt_request_make(imagename, flags, rqp);
	kfree(imagename);
	return error;
}

long sys_ckpt(uaddr_t name, u32 flags)
{
	struct ckpt_request *rq;
	int error = ask(name, flags, &rq);

	if (error)
		return error;
	error = ckpt_take(rq, curlwp());
	if (!error && (flags & CKPT_WAIT))
		error = ckpt_request_wait(rq, curproc());
	ckpt_request_rele(rq);
	return error;
}

/*
 * Leaves the request in p, which finds it at the boundary.
 * Errors: -ESRCH: p is exiting; -EBUSY: p has a request already.
 */
static int leave_request(struct proc *p, struct ckpt_request *rq)
{
	int error = 0;

	spin_lock(&p->p_lock);
	if (p->p_stat != PS_ACTIVE || (p->p_flags & P_EXITING)) {
		error = -ESRCH;
	} else if (p->p_ckpt) {
		error = -EBUSY;
	} else {
		__atomic_add_fetch(&rq->rq_ref, 1, __ATOMIC_RELAXED);
		p->p_ckpt = rq;
		p->p_flags |= P_CKPT;
		proc_poke(p);
		/* A stopped process is at the boundary already. */
		wakeup(&p->p_flags);
	}
	spin_unlock(&p->p_lock);
	return error;
}

static int may_checkpoint(struct proc *p)
{
	if (p == initproc || ((p->p_flags & (P_SUGID | P_NODUMP)) && !cred_super(cred_cur())))
		return -EPERM;
	return proc_can_signal(p, K_SIGSTOP);
}

long sys_tckpt(pid_t pid, uaddr_t name, u32 flags)
{
	struct ckpt_request *rq;
	struct proc *p = proc_find(pid_real(pid));
	int error;

	if (!p)
		return -ESRCH;
	error = may_checkpoint(p);
	if (!error)
		error = ask(name, flags, &rq);
	if (error)
		goto out;
	error = leave_request(p, rq);
	if (!error && (flags & CKPT_WAIT))
		error = ckpt_request_wait(rq, p);
	ckpt_request_rele(rq);
out:
	proc_rele(p);
	return error;
}
