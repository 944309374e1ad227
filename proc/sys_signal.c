/* SPDX-License-Identifier: MIT */
/* System calls on signals. */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/usercopy.h"
#include "proc/abi_time.h"
#include "proc/itimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/pgrp.h"
#include "proc/proctab.h"
#include "proc/ptimer.h"
#include "proc/restart.h"
#include "proc/sched/sleep.h"
#include "proc/syscalls.h"

#define SIGSET_SIZE 8

/* Does the signal exist, and may its action be set (set), or only be read? */
static bool may_have_action(int sig, bool set)
{
	return sig >= 1 && sig <= K_NSIG && !(set && (SIGBIT(sig) & SIGSET_UNBLOCKABLE));
}

/*
 * Effects of a new action of sig on pending signals and on timers that send it.
 * Locks: p_lock.
 */
static void action_changed(struct proc *p, int sig)
{
	ASSERT(spin_held(&p->p_lock));
	/* POSIX: a pending signal that is now ignored is dropped. */
	if (signal_ignores(&p->p_sigact[sig - 1], sig)) {
		signal_drop_all(p, SIGBIT(sig));
	} else {
		ptimer_heard(p, sig);
		if (sig == K_SIGALRM)
			itimer_heard(p);
	}
}

/* Reads the action of sig into *old, and sets *new. NULL: not wanted. */
static void exchange_action(int sig, const struct abi_sigaction *new, struct abi_sigaction *old)
{
	struct proc *p = curproc();
	struct abi_sigaction *act = &p->p_sigact[sig - 1];

	spin_lock(&p->p_lock);
	if (old)
		*old = *act;
	if (new) {
		*act = *new;
		act->sa_mask &= ~SIGSET_UNBLOCKABLE;
		action_changed(p, sig);
	}
	spin_unlock(&p->p_lock);
}

long sys_rt_sigaction(int sig, uaddr_t new, uaddr_t old, u32 size)
{
	struct abi_sigaction act, prev;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (new &&copyin(&act, new, sizeof(act)) != 0)
		return -EFAULT;
	if (!may_have_action(sig, new != 0))
		return -EINVAL;
	exchange_action(sig, new ? &act : NULL, old ? &prev : NULL);
	if (old && copyout(old, &prev, sizeof(prev)) != 0)
		return -EFAULT;
	return 0;
}

/* The old call with a 32-bit mask: handler, mask, flags, restorer. */
long sys_sigaction(int sig, uaddr_t new, uaddr_t old)
{
	u32 w[4];
	struct abi_sigaction act, prev;

	if (new) {
		if (copyin(w, new, sizeof(w)) != 0)
			return -EFAULT;
		act = (struct abi_sigaction){
			.sa_handler = w[0], .sa_mask = w[1], .sa_flags = w[2], .sa_restorer = w[3]
		};
	}
	if (!may_have_action(sig, new != 0))
		return -EINVAL;
	exchange_action(sig, new ? &act : NULL, old ? &prev : NULL);
	if (old) {
		w[0] = prev.sa_handler;
		w[1] = (u32)prev.sa_mask;
		w[2] = prev.sa_flags;
		w[3] = prev.sa_restorer;
		if (copyout(old, w, sizeof(w)) != 0)
			return -EFAULT;
	}
	return 0;
}

long sys_signal(int sig, u32 handler)
{
	struct abi_sigaction act = { .sa_handler = handler, .sa_flags = K_SA_RESETHAND | K_SA_NODEFER }, prev;

	if (!may_have_action(sig, true))
		return -EINVAL;
	exchange_action(sig, &act, &prev);
	return (long)prev.sa_handler;
}

static int new_mask(int how, sigset_k set, sigset_k *mask)
{
	sigset_k old = curlwp()->l_sigmask;

	switch (how) {
	case 0: /* SIG_BLOCK */ *mask = old | set; return 0;
	case 1: /* SIG_UNBLOCK */ *mask = old & ~set; return 0;
	case 2: /* SIG_SETMASK */ *mask = set; return 0;
	default: return -EINVAL;
	}
}

long sys_rt_sigprocmask(int how, uaddr_t new, uaddr_t old, u32 size)
{
	sigset_k prev = curlwp()->l_sigmask, set, mask;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (new) {
		if (copyin(&set, new, sizeof(set)) != 0)
			return -EFAULT;
		if (new_mask(how, set, &mask) != 0)
			return -EINVAL;
		signal_setmask(mask);
	}
	if (old && copyout(old, &prev, sizeof(prev)) != 0)
		return -EFAULT;
	return 0;
}

long sys_sigprocmask(int how, uaddr_t new, uaddr_t old)
{
	sigset_k prev = curlwp()->l_sigmask, mask;
	u32 set, low = (u32)prev;

	if (new) {
		if (copyin(&set, new, sizeof(set)) != 0)
			return -EFAULT;
		if (new_mask(how, set, &mask) != 0)
			return -EINVAL;
		if (how == 2)
			mask |= prev & ~0xffffffffull;
		signal_setmask(mask);
	}
	if (old && copyout(old, &low, sizeof(low)) != 0)
		return -EFAULT;
	return 0;
}

long sys_rt_sigpending(uaddr_t set, u32 size)
{
	struct lwp *l = curlwp();
	sigset_k pending;

	if (size > SIGSET_SIZE)
		return -EINVAL;
	spin_lock(&l->l_proc->p_lock);
	pending = (l->l_sigq.sq_set | l->l_proc->p_sigq.sq_set) & l->l_sigmask;
	spin_unlock(&l->l_proc->p_lock);
	return copyout(set, &pending, size);
}

static long suspend(sigset_k mask)
{
	signal_suspend_mask(mask);
	while (sleep(&curlwp()->l_oldmask, NULL, SLP_INTR, 0) == 0)
		;
	return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(uaddr_t set, u32 size)
{
	sigset_k mask;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (copyin(&mask, set, sizeof(mask)) != 0)
		return -EFAULT;
	return suspend(mask);
}

long sys_sigsuspend(u32 a, u32 b, u32 mask)
{
	return suspend(mask | (curlwp()->l_sigmask & ~0xffffffffull));
}

long sys_pause(void)
{
	while (sleep(&curlwp()->l_oldmask, NULL, SLP_INTR, 0) == 0)
		;
	return -ERESTARTNOHAND;
}

/*
 * Takes a pending signal of set off the queues.
 * Returns: the signal; 0: none.
 * Locks: p_lock.
 */
static int take_waited(sigset_k set, struct abi_siginfo *info)
{
	struct lwp *l = curlwp();
	struct proc *p = l->l_proc;
	sigset_k own, shared;
	int sig = 0;

	ASSERT(spin_held(&p->p_lock));
	own = l->l_sigq.sq_set & set;
	shared = p->p_sigq.sq_set & set;
	if (own | shared) {
		sig = __builtin_ctzll(own | shared) + 1;
		signal_take(l, sig, info);
	}
	return sig;
}

/*
 * While it waits, signals of l_sigwait wake this lwp although they are blocked,
 * and they are not dropped.
 */
static long sigtimedwait(sigset_k set, uaddr_t uinfo, u64 deadline)
{
	struct lwp *l = curlwp();
	struct spinlock *lock = &l->l_proc->p_lock;
	struct abi_siginfo info;
	int sig, error = 0;

	set &= ~SIGSET_UNBLOCKABLE;
	spin_lock(lock);
	l->l_sigwait = set;
	while (!(sig = take_waited(set, &info)) && !error)
		error = sleep(&l->l_sigwait, lock, SLP_INTR, deadline);
	l->l_sigwait = 0;
	spin_unlock(lock);
	if (!sig)
		return error == -ETIMEDOUT ? -EAGAIN : error;
	if (uinfo && copyout(uinfo, &info, sizeof(info)) != 0)
		return -EFAULT;
	return sig;
}

/* The call goes on until the same deadline. */
static long sigtimedwait_restart(struct restart_block *rb)
{
	long ret = sigtimedwait(rb->rb_arg[0] | (u64)rb->rb_arg[1] << 32, rb->rb_arg[2], rb->rb_deadline);

	return ret == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : ret;
}

void sigtimedwait_init(void)
{
	restart_register(177, sigtimedwait_restart); /* rt_sigtimedwait */
	/* rt_sigtimedwait_time64 */
	restart_register(421, sigtimedwait_restart);
}

static long do_sigtimedwait(uaddr_t uset, uaddr_t uinfo, uaddr_t utimeout, bool time64, u32 size)
{
	sigset_k set;
	u64 ns, deadline = 0;
	long ret;
	int error;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (copyin(&set, uset, sizeof(set)) != 0)
		return -EFAULT;
	if (utimeout) {
		error = copyin_timespec(utimeout, time64, &ns);
		if (error)
			return error;
		deadline = deadline_after(ns);
	}
	ret = sigtimedwait(set, uinfo, deadline);
	if (ret != -ERESTARTSYS)
		return ret;
	if (!deadline)
		return -ERESTARTNOHAND;
	return restart_later(sigtimedwait_restart, deadline, (u32)set, (u32)(set >> 32), uinfo);
}

long sys_rt_sigtimedwait(uaddr_t set, uaddr_t info, uaddr_t timeout, u32 size)
{
	return do_sigtimedwait(set, info, timeout, false, size);
}

long sys_rt_sigtimedwait_time64(uaddr_t set, uaddr_t info, uaddr_t timeout, u32 size)
{
	return do_sigtimedwait(set, info, timeout, true, size);
}

static void user_siginfo(struct abi_siginfo *info, int sig, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
	info->kill.pid = curproc()->p_pid;
	info->kill.uid = cred_cur()->cr_uid;
}

/*
 * Does the signal exist, and may the caller send it to p? 0, -EINVAL, -EPERM.
 */
static int may_send(struct proc *p, int sig)
{
	return sig < 0 || sig > K_NSIG ? -EINVAL : proc_can_signal(p, sig);
}

/*
 * kill to a group (pgid > 0) succeeds if one process could be signalled. kill
 * to all (0) also succeeds if the caller may signal none of them, as on Linux.
 */
static long kill_many(pid_t pgid, int sig, const struct abi_siginfo *info)
{
	struct proc_walk w;
	struct proc *p;
	long result = -ESRCH;
	int error;

	spin_lock(&pidlock);
	if (pgid)
		walk_group(&w, pgid, WALK_SIGNAL);
	else
		walk_all(&w, WALK_SIGNAL);
	while ((p = walk_next(&w))) {
		if (!pgid && (p == initproc || p == curproc()))
			continue;
		error = may_send(p, sig);
		if (!error)
			signal_proc(p, sig, info);
		if (!pgid && error == -EPERM)
			error = 0;
		if (!error || result == -ESRCH)
			result = error;
	}
	spin_unlock(&pidlock);
	return result;
}

static long kill_one(pid_t pid, int sig, const struct abi_siginfo *info)
{
	struct proc *p = proc_find_thread(pid_real(pid));
	long error;

	if (!p)
		return -ESRCH;
	error = may_send(p, sig);
	if (!error)
		error = signal_proc(p, sig, info);
	proc_rele(p);
	return error;
}

long sys_kill(pid_t pid, int sig)
{
	struct abi_siginfo info;

	user_siginfo(&info, sig, K_SI_USER);
	if (pid > 0)
		return kill_one(pid, sig, &info);
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid == -1)
		return kill_many(0, sig, &info);
	return kill_many(pid ? pid_real(-pid) : curproc()->p_pgid, sig, &info);
}

/* tgid 0: any process. */
static long kill_thread(pid_t tgid, pid_t tid, int sig, const struct abi_siginfo *info)
{
	struct proc *p;
	struct lwp *l;
	long error = -ESRCH;

	if (tid <= 0)
		return -EINVAL;
	tgid = pid_real(tgid);
	tid = pid_real(tid);
	p = proc_find_thread(tid);
	if (!p)
		return -ESRCH;
	if (!tgid || p->p_pid == tgid) {
		error = may_send(p, sig);
		spin_lock(&p->p_lock);
		l = lwp_find(p, tid);
		if (!l && tid != p->p_pid)
			error = -ESRCH;
		else if (!error && l)
			error = signal_post_locked(p, l, sig, info);
		spin_unlock(&p->p_lock);
	}
	proc_rele(p);
	return error;
}

long sys_tkill(pid_t tid, int sig)
{
	struct abi_siginfo info;

	user_siginfo(&info, sig, K_SI_TKILL);
	return kill_thread(0, tid, sig, &info);
}

long sys_tgkill(pid_t tgid, pid_t tid, int sig)
{
	struct abi_siginfo info;

	if (tgid <= 0)
		return -EINVAL;
	user_siginfo(&info, sig, K_SI_TKILL);
	return kill_thread(tgid, tid, sig, &info);
}

/*
 * May the caller send this siginfo to pid? Not if it claims to come from the
 * kernel or from kill(2).
 */
static bool is_forged(const struct abi_siginfo *info, pid_t pid)
{
	return (info->si_code >= 0 || info->si_code == K_SI_TKILL) && pid != pid_seen(curlwp()->l_tid);
}

long sys_rt_sigqueueinfo(pid_t pid, int sig, uaddr_t uinfo)
{
	struct abi_siginfo info;

	if (copyin(&info, uinfo, sizeof(info)) != 0)
		return -EFAULT;
	if (is_forged(&info, pid))
		return -EPERM;
	info.si_signo = sig;
	siginfo_real(&info);
	return kill_one(pid, sig, &info);
}

long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int sig, uaddr_t uinfo)
{
	struct abi_siginfo info;

	if (copyin(&info, uinfo, sizeof(info)) != 0)
		return -EFAULT;
	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	if (is_forged(&info, tid))
		return -EPERM;
	info.si_signo = sig;
	siginfo_real(&info);
	return kill_thread(tgid, tid, sig, &info);
}
