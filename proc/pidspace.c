/* SPDX-License-Identifier: MIT */
/* The seen and real ids of a restored process. */
#include "proc/pidspace.h"

#include "kernel/lib/sort.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

/*
 * Pairs as numbers, sorted by their first id; of several with the same first id
 * the lowest comes first.
 */
#define PAIR(a, b) ((u64)(u32)(a) << 32 | (u32)(b))

struct pidspace *pidspace_create(const struct pidpair *pairs, u32 n)
{
	struct pidspace *ps = kmalloc(sizeof(*ps) + 2 * n * sizeof(u64), 0);

	if (!ps)
		return NULL;
	ps->ps_ref = 1;
	ps->ps_n = n;
	for (u32 i = 0; i < n; i++) {
		ps->ps_pair[i] = PAIR(pairs[i].pp_seen, pairs[i].pp_real);
		ps->ps_pair[n + i] = PAIR(pairs[i].pp_real, pairs[i].pp_seen);
	}
	sort_u64(ps->ps_pair, n);
	sort_u64(ps->ps_pair + n, n);
	return ps;
}

/* Returns: the partner of id in n sorted pairs; 0: none. */
static pid_t partner(const u64 *pair, u32 n, pid_t id)
{
	u32 low = 0, high = n;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if ((pid_t)(pair[mid] >> 32) < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && (pid_t)(pair[low] >> 32) == id ? (pid_t)(u32)pair[low] : 0;
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

/* A set-id program does not see ids that its caller may have invented. */
const struct pidspace *pidspace_of(const struct proc *p)
{
	return p->p_flags & P_REALIDS ? NULL : p->p_pidspace;
}

pid_t pid_seen_by(const struct proc *p, pid_t real)
{
	const struct pidspace *ps = pidspace_of(p);
	pid_t seen = ps && real > 0 ? partner(ps->ps_pair + ps->ps_n, ps->ps_n, real) : 0;

	return seen ? seen : real;
}

pid_t pid_real_for(const struct proc *p, pid_t seen)
{
	const struct pidspace *ps = pidspace_of(p);
	pid_t real = ps && seen > 0 ? partner(ps->ps_pair, ps->ps_n, seen) : 0;

	return real ? real : seen;
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

	return ps && partner(ps->ps_pair, ps->ps_n, real);
}

pid_t proc_seen_pid(const struct proc *p)
{
	return pid_seen_by(p, p->p_pid);
}

/*
 * Returns: the place in a siginfo of the sender's or child's id; NULL: it has
 *   none.
 */
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
