/* SPDX-License-Identifier: MIT */
/*
 * wait4, waitpid, waitid. A waiting parent sleeps on its p_children under
 * pidlock.
 */
#include "proc/wait.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/usercopy.h"
#include "proc/sched/lwp_impl.h"
#include "proc/proctab.h"
#include "proc/sched/sleep.h"
#include "proc/syscalls.h"
#include "proc/usage.h"

void siginfo_child(struct abi_siginfo *info, struct proc *p)
{
	int xstat = p->p_xstat;

	ASSERT(spin_held(&pidlock));
	memset(info, 0, sizeof(*info));
	info->si_signo = K_SIGCHLD;
	info->chld.pid = p->p_pid;
	info->chld.uid = p->p_cred->cr_uid;
	info->chld.utime = (s32)(p->p_utime / (NSEC_PER_SEC / 100));
	info->chld.stime = (s32)(p->p_stime / (NSEC_PER_SEC / 100));
	if (p->p_stat == PS_ZOMBIE) {
		if ((xstat & 0x7f) == 0) {
			info->si_code = K_CLD_EXITED;
			info->chld.status = (xstat >> 8) & 0xff;
		} else {
			info->si_code = xstat & WSTAT_CORE ? K_CLD_DUMPED : K_CLD_KILLED;
			info->chld.status = xstat & 0x7f;
		}
	} else if (p->p_flags & P_STOPPED) {
		info->si_code = K_CLD_STOPPED;
		info->chld.status = p->p_xstat;
	} else {
		info->si_code = K_CLD_CONTINUED;
		info->chld.status = K_SIGCONT;
	}
}

void wait_reap(struct proc *p)
{
	struct proc *parent;

	spin_lock(&pidlock);
	ASSERT(p->p_stat == PS_ZOMBIE);
	parent = p->p_parent;
	list_remove(&p->p_sibling);
	proctab_leave(p);
	parent->p_cutime += p->p_utime + p->p_cutime;
	parent->p_cstime += p->p_stime + p->p_cstime;
	p->p_ref--;
	spin_unlock(&pidlock);
	pid_free(p->p_pid);
	proc_rele(p);
}

/* The children that a call asks for. */
struct wait_want {
	pid_t pid;  /* this child; 0: any */
	pid_t pgid; /* of this group; 0: any */
	u32 options;
};

static bool wanted(const struct wait_want *w, const struct proc *c)
{
	bool clone = c->p_exitsig != K_SIGCHLD;

	if (!(w->options & __WALL) && clone != !!(w->options & __WCLONE))
		return false;
	return (!w->pid || c->p_pid == w->pid) && (!w->pgid || c->p_pgid == w->pgid);
}

/* What the call returns about the child it found. */
struct wait_found {
	pid_t pid;
	int status;
	struct abi_siginfo info;
	struct usage usage;
	struct proc *zombie; /* to be reaped by the caller, with a reference */
};

/*
 * Is c in a state that the caller waits for? Fills *f and consumes the report.
 * Locks: pidlock.
 */
static bool take_report(struct proc *c, u32 options, struct wait_found *f)
{
	bool keep = options & WNOWAIT, found = false;

	ASSERT(spin_held(&pidlock));
	spin_lock(&c->p_lock);
	if (c->p_stat == PS_ZOMBIE && (options & WEXITED)) {
		f->status = c->p_xstat;
		if (!keep) {
			f->zombie = c;
			c->p_ref++;
		}
		found = true;
	} else if ((options & WSTOPPED) && (c->p_flags & (P_STOPPED | P_WAITSTOP)) == (P_STOPPED | P_WAITSTOP)) {
		f->status = WSTAT_STOPPED(c->p_xstat);
		if (!keep)
			c->p_flags &= ~P_WAITSTOP;
		found = true;
	} else if ((options & WCONTINUED) && (c->p_flags & P_WAITCONT)) {
		f->status = WSTAT_CONTINUED;
		if (!keep)
			c->p_flags &= ~P_WAITCONT;
		found = true;
	}
	if (found) {
		f->pid = c->p_pid;
		siginfo_child(&f->info, c);
		usage_of_proc(c, &f->usage);
		/* and that of children it has waited for */
		f->usage.us_utime += c->p_cutime;
		f->usage.us_stime += c->p_cstime;
	}
	spin_unlock(&c->p_lock);
	if (f->zombie)
		/* claimed: no other waiting lwp may find it */
		c->p_exitsig = -1;
	return found;
}

void wait_tell(struct proc *parent)
{
	ASSERT(spin_held(&pidlock));
	parent->p_news++;
	wakeup(&parent->p_children);
}

/* Children that one search examines before it releases pidlock for a moment. */
#define SEARCH_BATCH 64u

bool wait_breathe(struct proc *p, struct proc *c)
{
	bool still;

	ASSERT(spin_held(&pidlock));
	c->p_ref++;
	spin_unlock(&pidlock);
	spin_lock(&pidlock);
	still = c->p_parent == p && !list_empty(&c->p_sibling);
	if (still) {
		c->p_ref--;
	} else {
		spin_unlock(&pidlock);
		proc_rele(c);
		spin_lock(&pidlock);
	}
	return still;
}

/*
 * Does the call wait for c (then sets *any), and is there something to report?
 * If not, the next change of c wakes the caller.
 */
static bool wait_look_at(struct proc *c, const struct wait_want *w, struct wait_found *f, bool *any)
{
	if (c->p_exitsig == -1 || !wanted(w, c))
		return false;
	*any = true;
	return (c->p_stat == PS_ZOMBIE || (c->p_flags & (P_WAITSTOP | P_WAITCONT))) &&
	       take_report(c, w->options, f);
}

/*
 * Examines all children.
 * Locks: pidlock, released now and then.
 */
static bool search_all(struct proc *me, const struct wait_want *w, struct wait_found *f, bool *any)
{
	struct proc *c;
	u32 n;

	ASSERT(spin_held(&pidlock));
again:
	n = 0;
	list_for_each(c, &me->p_children, p_sibling) {
		if (++n % SEARCH_BATCH == 0 && !wait_breathe(me, c))
			goto again;
		if (wait_look_at(c, w, f, any))
			return true;
	}
	return false;
}

/* Locks: pidlock, released now and then. */
static bool wait_search(struct proc *me, const struct wait_want *w, struct wait_found *f, bool *any)
{
	struct proc *c;

	ASSERT(spin_held(&pidlock));
	*any = false;
	if (!w->pid)
		return search_all(me, w, f, any);
	c = pid_owner(w->pid);
	return c && c->p_parent == me && !list_empty(&c->p_sibling) && wait_look_at(c, w, f, any);
}

static long wait_for_child(const struct wait_want *w, struct wait_found *f)
{
	struct proc *me = curproc();
	int error = 0;
	bool any;
	u32 news;

	memset(f, 0, sizeof(*f));
	spin_lock(&pidlock);
	do {
		news = me->p_news;
		if (wait_search(me, w, f, &any))
			break;
		if (news != me->p_news)
			continue;
		if (!any)
			error = -ECHILD;
		else if (w->options & WNOHANG)
			break;
		else
			error = sleep(&me->p_children, &pidlock, SLP_INTR, 0);
	} while (!error);
	spin_unlock(&pidlock);
	return error ? error : f->pid;
}

static void wait_done(struct wait_found *f)
{
	if (f->zombie)
		wait_reap(f->zombie);
}

long sys_wait4(pid_t pid, uaddr_t status, u32 options, uaddr_t rusage)
{
	struct wait_want w = { .options = options | WEXITED };
	struct wait_found f;
	long ret;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid > 0)
		w.pid = pid_real(pid);
	else if (pid != -1)
		w.pgid = pid ? pid_real(-pid) : curproc()->p_pgid;
	ret = wait_for_child(&w, &f);
	if (ret > 0) {
		wait_done(&f);
		if (status && copyout(status, &f.status, sizeof(f.status)) != 0)
			return -EFAULT;
		if (rusage && usage_copyout(rusage, &f.usage) != 0)
			return -EFAULT;
	}
	return ret > 0 ? pid_seen((pid_t)ret) : ret;
}

long sys_waitpid(pid_t pid, uaddr_t status, u32 options)
{
	return sys_wait4(pid, status, options, 0);
}

/*
 * Errors: -EINVAL; -EBADF for a process descriptor (P_PIDFD), which do not
 *   exist here.
 */
static int waitid_args(u32 type, pid_t id, struct wait_want *w)
{
	enum { P_ALL_K, P_PID_K, P_PGID_K, P_PIDFD_K };

	if ((w->options & ~(WNOHANG | WSTOPPED | WEXITED | WCONTINUED | WNOWAIT | __WNOTHREAD | __WALL | __WCLONE)) ||
	    !(w->options & (WSTOPPED | WEXITED | WCONTINUED)))
		return -EINVAL;
	switch (type) {
	case P_ALL_K: return 0;
	case P_PID_K: w->pid = pid_real(id); return id <= 0 ? -EINVAL : 0;
	case P_PGID_K: w->pgid = id ? pid_real(id) : curproc()->p_pgid; return id < 0 ? -EINVAL : 0;
	case P_PIDFD_K: return id < 0 ? -EINVAL : -EBADF;
	default: return -EINVAL;
	}
}

/*
 * The six words that waitid(2) writes about a child; without a child, or on an
 * error, zeros.
 */
#define WAITID_BYTES offsetof(struct abi_siginfo, chld.utime)

long sys_waitid(u32 type, pid_t id, uaddr_t infop, u32 options, uaddr_t rusage)
{
	struct wait_want w = { .options = options };
	struct wait_found f = { .pid = 0 };
	long ret = waitid_args(type, id, &w);

	if (!ret)
		ret = wait_for_child(&w, &f);
	if (ret > 0) {
		wait_done(&f);
		siginfo_seen_by(curproc(), &f.info);
		if (rusage && usage_copyout(rusage, &f.usage) != 0)
			return -EFAULT;
	}
	/*
	 * An interrupted call is restarted, or its handler runs: Linux writes
	 * the words as for any error.
	 */
	if (infop && copyout(infop, &f.info, WAITID_BYTES) != 0)
		return -EFAULT;
	return MIN(ret, 0l);
}
