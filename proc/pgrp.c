/* SPDX-License-Identifier: MIT */
/* Process groups and sessions. */
#include "proc/pgrp.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "proc/sched/lwp_impl.h"
#include "proc/proctab.h"
#include "proc/syscalls.h"

/*
 * All members of a group are in one session: it is enough to check the first.
 * Locks: pidlock.
 */
static bool group_exists(pid_t pgid, pid_t sid)
{
	struct proc_walk w;
	struct proc *p;

	ASSERT(spin_held(&pidlock));
	walk_group(&w, pgid, 1);
	p = walk_next(&w);
	return p && p->p_sid == sid;
}

bool pgrp_in_session(pid_t pgid, pid_t sid)
{
	bool found;

	spin_lock(&pidlock);
	found = group_exists(pgid, sid);
	spin_unlock(&pidlock);
	return found;
}

bool pgrp_orphaned(pid_t pgid)
{
	struct proc_walk w;
	struct proc *p;
	bool orphaned = true;

	spin_lock(&pidlock);
	walk_group(&w, pgid, WALK_MANY);
	while (orphaned && (p = walk_next(&w))) {
		struct proc *parent = p->p_parent;

		if (p->p_stat != PS_ZOMBIE && parent->p_pgid != pgid && parent->p_sid == p->p_sid)
			orphaned = false;
	}
	spin_unlock(&pidlock);
	return orphaned;
}

void session_set_tty(pid_t sid, struct tty *tty)
{
	struct proc_walk w;
	struct proc *p;

	spin_lock(&pidlock);
	walk_session(&w, sid, WALK_MANY);
	while ((p = walk_next(&w)))
		p->p_ctty = tty;
	spin_unlock(&pidlock);
}

void tty_forget(struct tty *tty)
{
	struct proc_walk w;
	struct proc *p;

	spin_lock(&pidlock);
	walk_all(&w, WALK_MANY);
	while ((p = walk_next(&w))) {
		if (p->p_ctty == tty)
			p->p_ctty = NULL;
	}
	spin_unlock(&pidlock);
}

struct tty *session_tty(void)
{
	struct tty *tty;

	spin_lock(&pidlock);
	tty = curproc()->p_ctty;
	spin_unlock(&pidlock);
	return tty;
}

/*
 * Returns: the process with this thread; 0: the caller; NULL: none.
 * Locks: pidlock.
 */
static struct proc *target(pid_t pid)
{
	struct proc *p;

	ASSERT(spin_held(&pidlock));
	if (pid == 0)
		return curproc();
	pid = pid_real(pid);
	p = pid > 0 ? pid_owner(pid) : NULL;
	return p && p->p_stat != PS_NEW && !(p->p_flags & P_KERNEL) ? p : NULL;
}

static long setpgid_locked(struct proc *p, pid_t pgid)
{
	struct proc *me = curproc();

	if (!p || (p != me && p->p_parent != me))
		return -ESRCH;
	if (p != me) {
		if (p->p_sid != me->p_sid)
			return -EPERM;
		if (!(p->p_flags & P_FORKNOEXEC))
			return -EACCES;
	}
	if (p->p_sid == p->p_pid)
		return -EPERM;
	if (pgid != p->p_pid && !group_exists(pgid, p->p_sid))
		return -EPERM;
	proctab_move(p, pgid, p->p_sid);
	pid_lead(pgid);
	return 0;
}

long sys_setpgid(pid_t pid, pid_t pgid)
{
	struct proc *p;
	long error;

	if (pgid < 0 || (pgid == 0 && pid < 0))
		return -EINVAL;
	spin_lock(&pidlock);
	p = target(pid);
	if (p && pid && p->p_pid != pid_real(pid))
		error = -EINVAL; /* a thread, but not the first one */
	else
		error = setpgid_locked(p, pgid || !p ? pid_real(pgid) : p->p_pid);
	spin_unlock(&pidlock);
	return error;
}

long sys_getpgid(pid_t pid)
{
	struct proc *p;
	long ret;

	spin_lock(&pidlock);
	p = target(pid);
	ret = p ? pid_seen(p->p_pgid) : -ESRCH;
	spin_unlock(&pidlock);
	return ret;
}

long sys_getpgrp(void)
{
	return sys_getpgid(0);
}

long sys_getsid(pid_t pid)
{
	struct proc *p;
	long ret;

	spin_lock(&pidlock);
	p = target(pid);
	ret = p ? pid_seen(p->p_sid) : -ESRCH;
	spin_unlock(&pidlock);
	return ret;
}

long sys_setsid(void)
{
	struct proc *me = curproc();
	long ret = proc_seen_pid(me);

	spin_lock(&pidlock);
	if (me->p_sid == me->p_pid || group_exists(me->p_pid, me->p_sid)) {
		ret = -EPERM;
	} else {
		proctab_move(me, me->p_pid, me->p_pid);
		pid_lead(me->p_pid);
		me->p_ctty = NULL;
	}
	spin_unlock(&pidlock);
	return ret;
}
