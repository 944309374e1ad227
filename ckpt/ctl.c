/* SPDX-License-Identifier: MIT */
/* ckptctl(): questions about checkpoints, and debug switches. */
#include "ckpt/inplace.h"
#include "ckpt/save.h"
#include "ckpt/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/usercopy.h"

static int stats_of(struct proc *p, struct ckpt_stats *st)
{
	int error = 0;

	spin_lock(&p->p_lock);
	if (p->p_ckptstats)
		*st = *p->p_ckptstats;
	else
		error = -ENODATA;
	spin_unlock(&p->p_lock);
	return error;
}

static long ctl_stats(struct proc *p, uaddr_t buf)
{
	struct ckpt_stats st;
	int error = stats_of(p, &st);

	return error ? error : copyout(buf, &st, sizeof(st));
}

static long ctl_wait(struct proc *p, uaddr_t buf)
{
	struct ckpt_request *rq = ckpt_request_last(p);
	struct ckpt_stats st;
	int error;

	if (!rq)
		return ctl_stats(p, buf);
	error = ckpt_request_wait(rq, p);
	spin_lock(&rq->rq_lock);
	st = rq->rq_stats;
	spin_unlock(&rq->rq_lock);
	ckpt_request_rele(rq);
	if (error == -ERESTART_RESTARTBLOCK)
		return -ERESTARTNOINTR;
	return copyout(buf, &st, sizeof(st));
}

static long ctl_every(struct proc *p, uaddr_t buf)
{
	u32 n;

#ifndef DEBUG
	return -EOPNOTSUPP;
#endif
	if (!cred_super(cred_cur()))
		return -EPERM;
	if (copyin(&n, buf, sizeof(n)) != 0)
		return -EFAULT;
	ckpt_every_set(p, n);
	return 0;
}

long sys_ckptctl(int cmd, pid_t pid, uaddr_t buf)
{
	struct proc *p;
	long ret;

	if (cmd == CKPTCTL_FAULT)
		return ckpt_fault(buf);
	if (pid < 0)
		return -EINVAL;
	p = proc_find(pid ? pid_real(pid) : curproc()->p_pid);
	if (!p)
		return -ESRCH;
	ret = proc_can_look(p);
	if (!ret) {
		switch (cmd) {
		case CKPTCTL_STATS: ret = ctl_stats(p, buf); break;
		case CKPTCTL_WAIT: ret = ctl_wait(p, buf); break;
		case CKPTCTL_CAN: ret = ckpt_can(p, buf, false); break;
		case CKPTCTL_VOLATILE: ret = ckpt_can(p, buf, true); break;
		case CKPTCTL_EVERY: ret = ctl_every(p, buf); break;
		default: ret = -EINVAL;
		}
	}
	proc_rele(p);
	return ret;
}
