/* SPDX-License-Identifier: MIT */
/* Resource limits, and nice values. */
#include "proc/rlimit.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/as.h"
#include "mm/usercopy.h"
#include "proc/cputimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/proctab.h"
#include "proc/syscalls.h"

#define INF32 0xffffffffu

void rlimit_defaults(struct rlimit_k rl[NRLIMIT])
{
	for (u32 i = 0; i < NRLIMIT; i++)
		rl[i].rl_cur = rl[i].rl_max = RLIM_INFINITY_K;
	rl[RLIMIT_STACK].rl_cur = 8u << 20;
	rl[RLIMIT_CORE].rl_cur = 0;
	rl[RLIMIT_NPROC].rl_cur = rl[RLIMIT_NPROC].rl_max = 4096;
	rl[RLIMIT_NOFILE].rl_cur = rl[RLIMIT_NOFILE].rl_max = 1024;
	rl[RLIMIT_MEMLOCK].rl_cur = rl[RLIMIT_MEMLOCK].rl_max = 8u << 20;
	rl[RLIMIT_SIGPENDING].rl_cur = rl[RLIMIT_SIGPENDING].rl_max = 4096;
	rl[RLIMIT_NICE].rl_cur = rl[RLIMIT_NICE].rl_max = 0;
	rl[RLIMIT_RTPRIO].rl_cur = rl[RLIMIT_RTPRIO].rl_max = 0;
}

static u64 limit_ns(u64 seconds)
{
	return seconds < ~0ull / NSEC_PER_SEC ? MAX(seconds * NSEC_PER_SEC, 1ull) : 0;
}

u64 rlimit_cpu_due(const struct proc *p)
{
	const struct rlimit_k *rl = &p->p_rlimit[RLIMIT_CPU];
	u64 soft = limit_ns(rl->rl_cur), hard = limit_ns(rl->rl_max);

	ASSERT(spin_held(&p->p_lock) || p->p_stat == PS_NEW);
	return hard && (!soft || hard < soft) ? hard : soft;
}

/*
 * SIGXCPU at the soft limit, which then moves by a second; SIGKILL at the hard
 * limit.
 * Source: man page getrlimit(2).
 */
void rlimit_cpu_check(struct proc *p, u64 used)
{
	struct rlimit_k *rl = &p->p_rlimit[RLIMIT_CPU];
	u64 soft = limit_ns(rl->rl_cur), hard = limit_ns(rl->rl_max);

	ASSERT(spin_held(&p->p_lock));
	if (hard && used >= hard) {
		(void)signal_post_locked(p, NULL, K_SIGKILL, NULL);
	} else if (soft && used >= soft) {
		rl->rl_cur = used / NSEC_PER_SEC + 1;
		(void)signal_post_locked(p, NULL, K_SIGXCPU, NULL);
	}
}

static struct rlimit_k get_limit(struct proc *p, u32 which)
{
	struct rlimit_k rl;

	spin_lock(&p->p_lock);
	rl = p->p_rlimit[which];
	spin_unlock(&p->p_lock);
	return rl;
}

/* The address space has copies of its limits, for page faults. */
static void tell_as(struct proc *p, u32 which, u64 cur)
{
	u32 v = cur > INF32 ? INF32 : (u32)cur;
	struct as *as;

	mutex_lock(&p->p_execlock);
	as = p->p_as;
	if (as && which == RLIMIT_AS)
		as->a_as_limit = v;
	else if (as && which == RLIMIT_DATA)
		as->a_data_limit = v;
	else if (as && which == RLIMIT_MEMLOCK)
		as->a_lock_limit = v;
	else if (as && which == RLIMIT_STACK)
		as->a_stack_limit = MIN(v, 0x40000000u);
	mutex_unlock(&p->p_execlock);
}

static int set_limit(struct proc *p, u32 which, const struct rlimit_k *rl)
{
	int error = 0;

	if (which >= NRLIMIT || rl->rl_cur > rl->rl_max)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && rl->rl_max > 1024)
		return -EPERM;
	spin_lock(&p->p_lock);
	if (rl->rl_max > p->p_rlimit[which].rl_max && !cred_super(cred_cur()))
		error = -EPERM;
	else
		p->p_rlimit[which] = *rl;
	spin_unlock(&p->p_lock);
	if (!error)
		tell_as(p, which, rl->rl_cur);
	if (!error && which == RLIMIT_CPU && rl->rl_cur != RLIM_INFINITY_K)
		cputimer_watch(p);
	return error;
}

static u64 widen(u32 v)
{
	return v == INF32 ? RLIM_INFINITY_K : v;
}

static long get32(u32 which, uaddr_t dst, u32 infinity)
{
	struct rlimit_k rl;
	u32 v[2];

	if (which >= NRLIMIT)
		return -EINVAL;
	rl = get_limit(curproc(), which);
	v[0] = rl.rl_cur > infinity ? infinity : (u32)rl.rl_cur;
	v[1] = rl.rl_max > infinity ? infinity : (u32)rl.rl_max;
	return copyout(dst, v, sizeof(v));
}

long sys_ugetrlimit(u32 which, uaddr_t dst)
{
	return get32(which, dst, INF32);
}

long sys_getrlimit(u32 which, uaddr_t dst)
{
	return get32(which, dst, 0x7fffffff);
}

long sys_setrlimit(u32 which, uaddr_t src)
{
	u32 v[2];
	struct rlimit_k rl;

	if (copyin(v, src, sizeof(v)) != 0)
		return -EFAULT;
	rl.rl_cur = widen(v[0]);
	rl.rl_max = widen(v[1]);
	return set_limit(curproc(), which, &rl);
}

/* new: NULL: the limit is not changed. */
static long prlimit(struct proc *p, u32 which, const struct rlimit_k *new, uaddr_t old)
{
	struct rlimit_k prev;
	long error;

	if (which >= NRLIMIT)
		return -EINVAL;
	prev = get_limit(p, which);
	error = new ? set_limit(p, which, new) : 0;
	if (error)
		return error;
	return old ? copyout(old, &prev, sizeof(prev)) : 0;
}

/*
 * Errors: in this order: -EFAULT (new), -ESRCH, -EPERM, -EINVAL, -EPERM (above
 *   the hard limit), -EFAULT (old)
 */
long sys_prlimit64(pid_t pid, u32 which, uaddr_t unew, uaddr_t old)
{
	struct rlimit_k rl = { 0 }, *new = unew ? &rl : NULL;
	struct proc *p;
	long error;

	if (new &&copyin(new, unew, sizeof(*new)) != 0)
		return -EFAULT;
	if (pid == 0)
		return prlimit(curproc(), which, new, old);
	p = proc_find_thread(pid_real(pid));
	if (!p)
		return -ESRCH;
	error = proc_can_access(p);
	if (!error)
		error = prlimit(p, which, new, old);
	proc_rele(p);
	return error;
}

enum { PRIO_PROCESS_K, PRIO_PGRP_K, PRIO_USER_K };

#define PRIO_BATCH 32u

/* The processes that a priority call is about. */
struct prio_set {
	u32 ps_which;
	/* id of any thread of a process, of a group, or of a user */
	pid_t ps_who;
	bool ps_done;
	struct proc_walk ps_walk;
};

/*
 * who 0: the caller's own.
 * Locks: pidlock.
 */
static void prio_begin(struct prio_set *ps, u32 which, pid_t who)
{
	struct proc *me = curproc();

	ASSERT(spin_held(&pidlock));
	*ps = (struct prio_set){ .ps_which = which };
	if (which == PRIO_PROCESS_K)
		ps->ps_who = who ? pid_real(who) : me->p_pid;
	else if (which == PRIO_PGRP_K)
		ps->ps_who = who ? pid_real(who) : me->p_pgid;
	else
		ps->ps_who = who ? who : (pid_t)cred_cur()->cr_uid;
	if (which == PRIO_PGRP_K)
		walk_group(&ps->ps_walk, ps->ps_who, PRIO_BATCH);
	else
		walk_user(&ps->ps_walk, (uid_t)ps->ps_who, PRIO_BATCH);
}

/*
 * Finds a single process without a walk.
 * Locks: pidlock.
 */
static struct proc *prio_process(struct prio_set *ps)
{
	struct proc *p = !ps->ps_done && ps->ps_who > 0 ? pid_owner(ps->ps_who) : NULL;

	ASSERT(spin_held(&pidlock));
	ps->ps_done = true;
	return p && p->p_stat != PS_NEW && !(p->p_flags & P_KERNEL) ? p : NULL;
}

/*
 * Returns: the next process; NULL: none.
 * Locks: pidlock, released now and then.
 */
static struct proc *prio_next(struct prio_set *ps)
{
	return ps->ps_which == PRIO_PROCESS_K ? prio_process(ps) : walk_next(&ps->ps_walk);
}

long sys_getpriority(u32 which, pid_t who)
{
	struct prio_set ps;
	struct proc *p;
	long best = -ESRCH;

	if (which > 2)
		return -EINVAL;
	spin_lock(&pidlock);
	prio_begin(&ps, which, who);
	while ((p = prio_next(&ps)))
		best = MAX(best, 20L - p->p_nice);
	spin_unlock(&pidlock);
	return best;
}

static int set_nice(struct proc *p, int nice)
{
	const struct cred *me = cred_cur();
	struct cred *it = cred_of(p);
	bool may = me->cr_euid == 0 || me->cr_euid == it->cr_uid || me->cr_euid == it->cr_euid;

	cred_rele(it);
	if (!may)
		return -EPERM;
	if (nice < p->p_nice && me->cr_euid != 0 && rlimit_cur(p, RLIMIT_NICE) < (u64)(20 - nice))
		return -EACCES;
	p->p_nice = nice;
	return 0;
}

long sys_setpriority(u32 which, pid_t who, int nice)
{
	struct prio_set ps;
	struct proc *p;
	long ret = -ESRCH;

	if (which > 2)
		return -EINVAL;
	nice = MIN(MAX(nice, -20), 19);
	spin_lock(&pidlock);
	prio_begin(&ps, which, who);
	while ((p = prio_next(&ps))) {
		long error = set_nice(p, nice);

		if (error || ret == -ESRCH)
			ret = error;
	}
	spin_unlock(&pidlock);
	return ret;
}

long sys_nice(int inc)
{
	struct proc *p = curproc();
	int nice = MIN(MAX(p->p_nice + MIN(MAX(inc, -40), 40), -20), 19);
	int error = set_nice(p, nice);

	return error == -EACCES ? -EPERM : error;
}
