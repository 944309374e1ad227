/* SPDX-License-Identifier: MIT */
/* A request for a checkpoint, from the call to the outcome. */
#include "ckpt/ckpt.h"
#include "ckpt/syscalls.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/sched/lwp_impl.h"
#include "proc/pidspace.h"
#include "proc/restart.h"
#include "proc/sched/sleep.h"

static volatile u32 next_id;

/* Before the outcome is told: the asker may want to unmount the file system. */
static void drop_directory(struct ckpt_request *rq)
{
	struct vnode *dvp = __atomic_exchange_n(&rq->rq_dvp, NULL, __ATOMIC_ACQ_REL);

	if (dvp)
		vn_rele(dvp);
}

void ckpt_request_rele(struct ckpt_request *rq)
{
	if (__atomic_sub_fetch(&rq->rq_ref, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	drop_directory(rq);
	cred_rele(rq->rq_cred);
	kfree(rq->rq_path);
	kfree(rq);
}

/*
 * Finds the image's directory from where the asker is: the process that writes
 * the image may have another root and other rights.
 */
static int request_find_place(struct ckpt_request *rq, const char *name)
{
	struct nameparent np;
	int error = path_of_open(AT_FDCWD, name, &rq->rq_path);

	if (error)
		return error;
	error = namei_parent(NULL, name, &np);
	if (!error)
		rq->rq_dvp = np.np_dvp;
	return error;
}

int ckpt_name(uaddr_t uname, char **namep)
{
	char *name, *full;
	size_t len;
	int error = copyin_path(uname, &name);

	if (error)
		return error;
	len = strlen(name) + sizeof(CKPT_SUFFIX);
	full = len <= PATH_MAX_K ? kmalloc(len, 0) : NULL;
	if (!full) {
		kfree(name);
		return len <= PATH_MAX_K ? -ENOMEM : -ENAMETOOLONG;
	}
	snprintf(full, len, "%s%s", name, CKPT_SUFFIX);
	kfree(name);
	*namep = full;
	return 0;
}

int ckpt_request_make(const char *name, u32 flags, struct ckpt_request **rqp)
{
	struct ckpt_request *rq = kzalloc(sizeof(*rq), 0);
	int error;

	if (!rq)
		return -ENOMEM;
	rq->rq_ref = 1;
	rq->rq_id = __atomic_add_fetch(&next_id, 1, __ATOMIC_RELAXED);
	rq->rq_flags = flags | (flags & (CKPT_JOB | CKPT_SESSION) ? CKPT_TREE : 0);
	rq->rq_cred = cred_cur();
	cred_hold(rq->rq_cred);
	rq->rq_start = clock_mono_ns();
	spin_init(&rq->rq_lock, "ckpt request", LR_VFS);
	error = name ? request_find_place(rq, name) : 0;
	if (error) {
		ckpt_request_rele(rq);
		return error;
	}
	*rqp = rq;
	return 0;
}

const char *ckpt_request_name(const struct ckpt_request *rq)
{
	return strrchr(rq->rq_path, '/') + 1;
}

/*
 * Keeps the outcome for ckptctl(). Without memory for it the process has none.
 */
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
	drop_directory(rq);
	rq->rq_stats.cs_durable_ns = clock_mono_ns() - rq->rq_start;
	rq->rq_stats.cs_error = -error;
	keep_stats(p, &rq->rq_stats);
	ckpt_key_report(rq);
	spin_lock(&rq->rq_lock);
	rq->rq_done = true;
	wakeup(rq);
	spin_unlock(&rq->rq_lock);
}

struct ckpt_request *ckpt_request_last(struct proc *p)
{
	struct ckpt_request *rq;

	spin_lock(&p->p_lock);
	rq = p->p_ckpt ? p->p_ckpt : p->p_ckptlast;
	if (rq)
		__atomic_add_fetch(&rq->rq_ref, 1, __ATOMIC_RELAXED);
	spin_unlock(&p->p_lock);
	return rq;
}

/*
 * Marks the request as withdrawn. If p has not taken it, takes it back from p.
 * Returns: the request was taken back, with p's reference on it.
 */
static bool take_back(struct ckpt_request *rq, struct proc *p)
{
	bool found;

	spin_lock(&p->p_lock);
	rq->rq_withdrawn = true;
	found = p->p_ckpt == rq;
	if (found) {
		p->p_ckpt = NULL;
		p->p_flags &= ~P_CKPT;
	} else if (rq->rq_taker) {
		rq->rq_taker->l_withdrawn = true;
		lwp_poke(rq->rq_taker);
	}
	spin_unlock(&p->p_lock);
	return found;
}

void ckpt_request_withdraw(struct ckpt_request *rq, struct proc *p)
{
	if (take_back(rq, p)) {
		ckpt_request_finish(rq, p, -ECANCELED);
		ckpt_request_rele(rq);
	}
}

int ckpt_request_wanted(const struct ckpt_request *rq)
{
	return rq->rq_withdrawn && !(rq->rq_flags & CKPT_FORKED) ? -ECANCELED : 0;
}

/*
 * Request `id` of p, pending or taken last.
 * Returns: a reference; NULL: p has no such request.
 */
static struct ckpt_request *find_request(struct proc *p, u32 id)
{
	struct ckpt_request *rq;

	spin_lock(&p->p_lock);
	rq = p->p_ckpt && p->p_ckpt->rq_id == id ? p->p_ckpt : p->p_ckptlast;
	if (rq && rq->rq_id != id)
		rq = NULL;
	if (rq)
		__atomic_add_fetch(&rq->rq_ref, 1, __ATOMIC_RELAXED);
	spin_unlock(&p->p_lock);
	return rq;
}

/*
 * tckpt() with CKPT_WAIT is given up. rb_arg: the process, under the id that
 * the caller knows; the request.
 */
static void drop_wait(struct restart_block *rb)
{
	struct proc *p = proc_find(pid_real((pid_t)rb->rb_arg[0]));
	struct ckpt_request *rq = p ? find_request(p, rb->rb_arg[1]) : NULL;

	if (rq) {
		ckpt_request_withdraw(rq, p);
		ckpt_request_rele(rq);
	}
	if (p)
		proc_rele(p);
}

/* Waits again, in restart_syscall(2). rb_arg: as for drop_wait(). */
static long wait_again(struct restart_block *rb)
{
	struct proc *p = proc_find(pid_real((pid_t)rb->rb_arg[0]));
	struct ckpt_request *rq;
	long ret = 0;

	if (!p)
		return -ESRCH;
	rq = find_request(p, rb->rb_arg[1]);
	if (rq) {
		ret = ckpt_request_wait(rq, p);
		ckpt_request_rele(rq);
	}
	proc_rele(p);
	return ret;
}

int ckpt_request_wait(struct ckpt_request *rq, struct proc *p)
{
	int error = 0;

	spin_lock(&rq->rq_lock);
	while (!rq->rq_done && !error)
		error = sleep(rq, &rq->rq_lock, SLP_INTR, 0);
	if (rq->rq_done)
		error = -rq->rq_stats.cs_error;
	spin_unlock(&rq->rq_lock);
	if (error == -ERESTARTSYS)
		return (int)restart_later(wait_again, 0, (u32)pid_seen(p->p_pid), rq->rq_id, 0);
	return error;
}

void ckpt_request_init(void)
{
	restart_register(SYS_ckpt, wait_again);
	restart_register(SYS_tckpt, wait_again);
	restart_register(SYS_ckptctl, wait_again);
	restart_on_drop(SYS_tckpt, drop_wait);
}
