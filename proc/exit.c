/* SPDX-License-Identifier: MIT */
/*
 * The end of a process: its lwps leave one by one. The last lwp takes the
 * process apart and leaves a zombie, which wait reaps.
 */
#include "fs/file.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/signame.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/cputimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/orphan.h"
#include "proc/pgrp.h"
#include "proc/proctab.h"
#include "proc/ptimer.h"
#include "proc/sched/sched.h"
#include "proc/sched/sleep.h"
#include "proc/wait.h"

/* How many lwps are told to exit at once. */
#define END_MAX 16u

void (*session_leader_exit_hook)(struct tty *tty);

void proc_end(struct proc *p, int xstat)
{
	ASSERT(spin_held(&p->p_lock));
	if (p->p_flags & P_EXITING)
		return;
	p->p_flags |= P_EXITING;
	p->p_xstat = xstat;
	proc_poke(p);
	wakeup(&p->p_flags);
}

void proc_exit(int xstat)
{
	struct proc *p = curproc();

	spin_lock(&p->p_lock);
	proc_end(p, xstat);
	/*
	 * A checkpoint of this process reads its state: stay at the boundary
	 * until it is finished.
	 */
	while (lwp_stays_held(curlwp()))
		lwp_stand(curlwp());
	spin_unlock(&p->p_lock);
	lwp_exit();
}

/*
 * Tells some lwps of p other than `me` to exit.
 * Returns: false: all have been told.
 * Locks: p_lock.
 */
static bool end_some(struct proc *p, const struct lwp *me)
{
	struct lwp *l;
	u32 n = 0;

	ASSERT(spin_held(&p->p_lock));
	list_for_each(l, &p->p_lwps, l_plink) {
		if (l == me || l->l_exiting)
			continue;
		if (n++ == END_MAX)
			return true;
		l->l_exiting = true;
		lwp_poke(l);
	}
	return false;
}

/*
 * Ends the other lwps of the current process and waits for that: for exec, and
 * for recovery in place. If the caller holds the process, they exit directly
 * from the boundary.
 * Errors: -EAGAIN: the process is dying, or another of its lwps was first.
 */
int proc_single(void)
{
	struct proc *p = curproc();
	struct lwp *me = curlwp();
	int error = 0;

	spin_lock(&p->p_lock);
	if (lwp_dying(me) || p->p_execlwp) {
		spin_unlock(&p->p_lock);
		return -EAGAIN;
	}
	p->p_execlwp = me;
	while (end_some(p, me)) {
		spin_unlock(&p->p_lock);
		spin_lock(&p->p_lock);
	}
	wakeup(&p->p_flags);
	while (p->p_nlwp > 1 && !(p->p_flags & P_EXITING))
		sleep(&p->p_nlwp, &p->p_lock, SLP_KILL, 0);
	if (p->p_flags & P_EXITING)
		error = -EAGAIN;
	p->p_execlwp = NULL;
	spin_unlock(&p->p_lock);
	return error;
}

/*
 * Groups that lose their last tie to the session by p's exit, and have stopped
 * members, get SIGHUP and SIGCONT (POSIX, _exit).
 */
static void hangup_orphans(struct proc *p, pid_t pgid, pid_t sid)
{
	struct proc_walk w;
	struct proc *q;
	bool stopped = false;

	if (!pgrp_orphaned(pgid))
		return;
	spin_lock(&pidlock);
	walk_group(&w, pgid, WALK_MANY);
	while ((q = walk_next(&w))) {
		if (q != p && q->p_sid == sid && (q->p_flags & P_STOPPED))
			stopped = true;
	}
	spin_unlock(&pidlock);
	if (stopped) {
		signal_pgrp(pgid, K_SIGHUP, NULL);
		signal_pgrp(pgid, K_SIGCONT, NULL);
	}
}

#define MAXTIED 16 /* stopped groups that one exit continues */

/*
 * Does the tie between a child and its parent keep the child's group from being
 * an orphan?
 * Locks: pidlock.
 */
static bool is_tie(const struct proc *child)
{
	ASSERT(spin_held(&pidlock));
	return child->p_pgid != child->p_parent->p_pgid && child->p_sid == child->p_parent->p_sid;
}

/*
 * The groups whose last tie an exiting process may be, as a child or as a
 * parent.
 */
struct ties {
	pid_t ti_pgid[MAXTIED + 1];
	u32 ti_n;
};

/* Locks: pidlock. */
static void note_tie(struct ties *ti, const struct proc *child, u32 max)
{
	ASSERT(spin_held(&pidlock));
	if (is_tie(child) && ti->ti_n < max)
		ti->ti_pgid[ti->ti_n++] = child->p_pgid;
}

#define LEAVE_MAX 8u /* children that get another parent at once */

/*
 * Gives the children of p another parent.
 * Locks: pidlock, released after every few of them.
 */
static void leave_children(struct proc *p, struct ties *ti)
{
	bool more = true;

	ASSERT(spin_held(&pidlock));
	while (more) {
		struct proc *c;
		u32 n = 0;

		orphan_reap_ignored(p);
		list_for_each(c, &p->p_children, p_sibling) {
			if (n++ == LEAVE_MAX)
				break;
			if (c->p_flags & P_STOPPED)
				note_tie(ti, c, MAXTIED);
		}
		more = orphan_children(p, LEAVE_MAX);
		if (more) {
			spin_unlock(&pidlock);
			spin_lock(&pidlock);
		}
	}
}

void proc_drop_as(void)
{
	struct proc *p = curproc();
	struct as *as;

	mutex_lock(&p->p_execlock);
	as = p->p_as;
	if (as) {
		p->p_maxrss = MAX(p->p_maxrss, as->a_hat.h_resident);
		spin_lock(&p->p_lock);
		p->p_as = NULL;
		spin_unlock(&p->p_lock);
		intr_push_off();
		hat_switch(NULL);
		intr_pop_off();
	}
	mutex_unlock(&p->p_execlock);
	if (as)
		as_rele(as);
}

static void release_resources(struct proc *p)
{
	struct fdtab *ft = p->p_fdtab;

	itimer_cancel_all(p);
	ptimer_delete_all(p);
	spin_lock(&p->p_lock);
	p->p_fdtab = NULL;
	spin_unlock(&p->p_lock);
	fdtab_rele(ft);
	vfork_done(p);
	proc_drop_as();
	proc_drop_identity(p);
}

/*
 * The parent may run another program than the one that chose a signal other
 * than SIGCHLD: the new program, perhaps a set-id one, did not choose it.
 */
static int exit_signal(const struct proc *p)
{
	return p->p_parentexec == p->p_parent->p_nexec ? p->p_exitsig : K_SIGCHLD;
}

/*
 * Makes p a zombie. *autoreap: the parent ignores it, and the zombie is freed
 * at once.
 * Returns: the signal for the parent; 0: none.
 * Locks: pidlock.
 */
static int become_zombie(struct proc *p, struct abi_siginfo *info, bool *autoreap)
{
	struct proc *parent = p->p_parent;
	const struct abi_sigaction *act = &parent->p_sigact[K_SIGCHLD - 1];
	int sig = exit_signal(p);

	ASSERT(spin_held(&pidlock));
	p->p_stat = PS_ZOMBIE;
	siginfo_child(info, p);
	info->si_signo = sig;
	*autoreap = sig == K_SIGCHLD && (act->sa_handler == K_SIG_IGN || (act->sa_flags & K_SA_NOCLDWAIT));
	return sig;
}

/* status: as for wait(2). */
static void __noreturn init_ended(u32 status)
{
	int sig = (int)(status & 0x7f);
	const char *name = signal_name(sig);

	if (sig)
		panic("init (pid 1) expected to live, found killed by signal %d (SIG%s)", sig,
		      name ? name : "RT");
	panic("init (pid 1) expected to live, found exited with status %u", status >> 8 & 0xff);
}

void proc_finish(void)
{
	struct proc *p = curproc(), *parent;
	struct lwp *l = curlwp();
	struct abi_siginfo info;
	bool autoreap = false, hidden = p->p_flags & P_KERNEL;
	struct tty *tty = NULL;

	if (p == initproc)
		init_ended(p->p_xstat);
	if (proc_hooks.ph_exit)
		proc_hooks.ph_exit(p);
	release_resources(p);
	spin_lock(&pidlock);
	orphan_reaper_gone(p);
	spin_unlock(&pidlock);
	if (!hidden) {
		if (p->p_sid == p->p_pid && p->p_ctty)
			tty = p->p_ctty;
		if (tty && session_leader_exit_hook)
			session_leader_exit_hook(tty);
	}

	cputimer_proc_ends(p);
	spin_lock(&p->p_lock);
	cputimer_lwp_ends(l);
	proc_unlink_lwp(p, l);
	p->p_nlwp = 0;
	p->p_lwp0 = NULL;
	lwp_times_end(p, l);
	wakeup(&p->p_nheld);
	spin_unlock(&p->p_lock);
	if (l->l_tid && l->l_tid != p->p_pid)
		pid_free(l->l_tid);
	l->l_proc = &proc0;
	later_cancel(&p->p_poke);

	if (hidden) {
		proc_rele(p);
	} else {
		struct ties ti = { .ti_n = 0 };
		pid_t sid = p->p_sid;
		int exitsig;

		spin_lock(&pidlock);
		leave_children(p, &ti);
		note_tie(&ti, p, MAXTIED + 1);
		/* from here on the parent may reap p */
		exitsig = become_zombie(p, &info, &autoreap);
		parent = p->p_parent;
		parent->p_ref++;
		/* the parent may wait for p once pidlock is released */
		p->p_ref++;
		wait_tell(parent);
		if (autoreap) {
			p->p_ref++;
			p->p_exitsig = -1; /* claimed: no wait finds it */
		}
		/*
		 * Together with the exit: a checkpoint of the parent sees both
		 * or neither.
		 */
		if (exitsig)
			signal_proc(parent, exitsig, &info);
		spin_unlock(&pidlock);
		/* Only now does p no longer tie any group to the session. */
		for (u32 i = 0; i < ti.ti_n; i++)
			hangup_orphans(p, ti.ti_pgid[i], sid);
		if (autoreap)
			wait_reap(p);
		proc_rele(p);
		proc_rele(parent);
	}

	intr_push_off();
	l->l_state = LS_DEAD;
	swtch();
	panic("a dead lwp runs");
}
