/* SPDX-License-Identifier: MIT */
/*
 * The sched_* calls. There is one policy, SCHED_OTHER with priority 0. A call
 * that asks for another one fails as for a caller whose limits allow none
 * (EPERM), or, from the superuser, with EINVAL.
 *
 * Errors and their order: man pages sched_setscheduler(2), sched_setparam(2),
 * sched_setaffinity(2), sched_rr_get_interval(2), and Linux's answers.
 */
#include "kernel/abi/errno.h"
#include "mm/usercopy.h"
#include "proc/abi_time.h"
#include "proc/sched/lwp_impl.h"
#include "proc/sched/sched.h"
#include "proc/sched/sleep.h"
#include "proc/syscalls.h"

#define SCHED_OTHER 0
#define SCHED_FIFO 1
#define SCHED_RR 2
#define SCHED_BATCH 3
#define SCHED_IDLE 5
#define RT_PRIO_MAX 99
#define TIME_SLICE (20 * NSEC_PER_MSEC)

long sys_sched_yield(void)
{
	sched_yield_cpu();
	return 0;
}

/*
 * Finds the process that has this thread; 0: the caller's.
 * Returns: it with a reference (proc_rele); NULL: none.
 */
static struct proc *sched_find(pid_t tid)
{
	return proc_find_thread(tid ? pid_real(tid) : curlwp()->l_tid);
}

/* Returns: 0 if the thread exists. */
static int exists(pid_t tid)
{
	struct proc *p = sched_find(tid);

	if (!p)
		return -ESRCH;
	proc_rele(p);
	return 0;
}

/*
 * May the caller change how p is scheduled? 0 or -EPERM.
 * Locks: takes p_lock.
 */
static int may_schedule(struct proc *p)
{
	const struct cred *me = cred_cur();
	struct cred *it;
	bool same;

	if (me->cr_euid == 0 || p == curproc())
		return 0;
	it = cred_of(p);
	same = me->cr_euid == it->cr_euid || me->cr_euid == it->cr_uid;
	cred_rele(it);
	return same ? 0 : -EPERM;
}

/* --- CPUs --- */

static u32 all_cpus(void)
{
	return (1u << ncpu) - 1;
}

/* The CPUs of a thread of p; all CPUs for a zombie, which has no thread. */
static u32 affinity_of(struct proc *p, pid_t tid)
{
	struct lwp *l;
	u32 mask;

	spin_lock(&p->p_lock);
	l = lwp_find(p, tid);
	mask = l ? l->l_affinity & all_cpus() : all_cpus();
	spin_unlock(&p->p_lock);
	return mask;
}

static void set_affinity(struct proc *p, pid_t tid, u32 mask)
{
	struct lwp *l;

	spin_lock(&p->p_lock);
	l = lwp_find(p, tid);
	if (l)
		l->l_affinity = mask;
	spin_unlock(&p->p_lock);
}

/*
 * Makes the current lwp leave a CPU that it may no longer use. A running lwp is
 * queued on its own CPU only (proc/sched/sched.c), so it sleeps for a moment:
 * the wakeup chooses among the allowed CPUs.
 */
static void leave_forbidden_cpu(void)
{
	struct lwp *l = curlwp();

	while (!(l->l_affinity & (1u << l->l_cpu->c_id)))
		sleep(&l->l_affinity, NULL, 0, deadline_after(NSEC_PER_USEC));
}

long sys_sched_getaffinity(pid_t pid, u32 len, uaddr_t dst)
{
	struct proc *p;
	u32 mask;

	if (len < 4 || (len & 3))
		return -EINVAL;
	p = sched_find(pid);
	if (!p)
		return -ESRCH;
	mask = affinity_of(p, pid ? pid_real(pid) : curlwp()->l_tid);
	proc_rele(p);
	return copyout(dst, &mask, sizeof(mask)) ? -EFAULT : 4;
}

long sys_sched_setaffinity(pid_t pid, u32 len, uaddr_t src)
{
	struct proc *p;
	u32 mask = 0;
	int error;

	if (copyin(&mask, src, MIN(len, 4u)) != 0)
		return -EFAULT;
	p = sched_find(pid);
	if (!p)
		return -ESRCH;
	error = may_schedule(p);
	mask &= all_cpus();
	if (!error && !mask)
		error = -EINVAL;
	if (!error)
		set_affinity(p, pid ? pid_real(pid) : curlwp()->l_tid, mask);
	proc_rele(p);
	leave_forbidden_cpu();
	return error;
}

/* --- Policies --- */

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_policy(int policy)
{
	return is_realtime(policy) || policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

/*
 * Does Linux know this policy and priority? And may the caller set them for p?
 */
static int check_policy(struct proc *p, int policy, s32 prio)
{
	if (!is_policy(policy) || prio < 0 || prio > RT_PRIO_MAX || is_realtime(policy) != (prio != 0))
		return -EINVAL;
	if (is_realtime(policy) && !cred_super(cred_cur()))
		return -EPERM;
	if (may_schedule(p) != 0)
		return -EPERM;
	return policy == SCHED_OTHER ? 0 : -EINVAL;
}

static long set_policy(pid_t pid, int policy, uaddr_t param)
{
	struct proc *p;
	s32 prio;
	int error;

	if (!param || pid < 0)
		return -EINVAL;
	if (copyin(&prio, param, sizeof(prio)) != 0)
		return -EFAULT;
	p = sched_find(pid);
	if (!p)
		return -ESRCH;
	error = check_policy(p, policy, prio);
	proc_rele(p);
	return error;
}

long sys_sched_setscheduler(pid_t pid, int policy, uaddr_t param)
{
	return policy < 0 ? -EINVAL : set_policy(pid, policy, param);
}

long sys_sched_setparam(pid_t pid, uaddr_t param)
{
	return set_policy(pid, SCHED_OTHER, param);
}

long sys_sched_getscheduler(pid_t pid)
{
	int error = pid < 0 ? -EINVAL : exists(pid);

	return error ? error : SCHED_OTHER;
}

long sys_sched_getparam(pid_t pid, uaddr_t param)
{
	int error = !param || pid < 0 ? -EINVAL : exists(pid);
	s32 prio = 0;

	return error ? error : copyout(param, &prio, sizeof(prio));
}

long sys_sched_get_priority_max(int policy)
{
	return !is_policy(policy) ? -EINVAL : is_realtime(policy) ? RT_PRIO_MAX : 0;
}

long sys_sched_get_priority_min(int policy)
{
	return !is_policy(policy) ? -EINVAL : is_realtime(policy) ? 1 : 0;
}

long sys_sched_rr_get_interval(pid_t pid, uaddr_t dst)
{
	int error = pid < 0 ? -EINVAL : exists(pid);

	return error ? error : copyout_timespec(dst, false, TIME_SLICE);
}
