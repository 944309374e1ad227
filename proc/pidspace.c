/* SPDX-License-Identifier: MIT */
/* The two numbers of a process that was brought back. */
#include "proc/pidspace.h"

#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

struct pidspace *pidspace_create(const struct pidpair *pairs, u32 n)
{
	struct pidspace *ps = kmalloc(sizeof(*ps) + n * sizeof(*pairs), 0);

	if (!ps)
		return NULL;
	ps->ps_ref = 1;
	ps->ps_n = n;
	memcpy(ps->ps_pair, pairs, n * sizeof(*pairs));
	return ps;
}

void pidspace_hold(struct pidspace *ps)
{
	if (ps)
		__atomic_add_fetch(&ps->ps_ref, 1, __ATOMIC_RELAXED);
}

void pidspace_rele(struct pidspace *ps)
{
	if (ps && __atomic_sub_fetch(&ps->ps_ref, 1, __ATOMIC_ACQ_REL) == 0)
		kfree(ps);
}

/* A set-id program is not told ids that its caller may have made up. */
const struct pidspace *pidspace_of(const struct proc *p)
{
	return p->p_flags & P_REALIDS ? NULL : p->p_pidspace;
}

pid_t pid_seen_by(const struct proc *p, pid_t real)
{
	const struct pidspace *ps = pidspace_of(p);

	for (u32 i = 0; ps && i < ps->ps_n; i++) {
		if (ps->ps_pair[i].pp_real == real)
			return ps->ps_pair[i].pp_seen;
	}
	return real;
}

pid_t pid_real_for(const struct proc *p, pid_t seen)
{
	const struct pidspace *ps = pidspace_of(p);

	for (u32 i = 0; ps && i < ps->ps_n; i++) {
		if (ps->ps_pair[i].pp_seen == seen)
			return ps->ps_pair[i].pp_real;
	}
	return seen;
}

pid_t pid_seen(pid_t real)
{
	return pid_seen_by(curproc(), real);
}

pid_t pid_real(pid_t seen)
{
	return pid_real_for(curproc(), seen);
}

bool pid_shadowed(const struct proc *p, pid_t real)
{
	const struct pidspace *ps = pidspace_of(p);

	for (u32 i = 0; ps && i < ps->ps_n; i++) {
		if (ps->ps_pair[i].pp_seen == real)
			return true;
	}
	return false;
}

pid_t proc_seen_pid(const struct proc *p)
{
	return pid_seen_by(p, p->p_pid);
}

/* Where a siginfo has the id of whom it tells, the sender or a child; NULL: it has none. */
static pid_t *siginfo_pid(struct abi_siginfo *info)
{
	if (info->si_code == K_SI_USER || info->si_code == K_SI_TKILL || info->si_code == K_SI_QUEUE)
		return &info->kill.pid;
	if (info->si_signo == K_SIGCHLD && info->si_code >= K_CLD_EXITED && info->si_code <= K_CLD_CONTINUED)
		return &info->chld.pid;
	return NULL;
}

void siginfo_seen_by(const struct proc *p, struct abi_siginfo *info)
{
	pid_t *pid = siginfo_pid(info);

	if (pid)
		*pid = pid_seen_by(p, *pid);
}

void siginfo_real(struct abi_siginfo *info)
{
	pid_t *pid = siginfo_pid(info);

	if (pid)
		*pid = pid_real(*pid);
}
