/* SPDX-License-Identifier: MIT */
/*
 * Posting signals: which lwp takes them, stop and continue. Queues:
 * proc/sigqueue.c. Taking signals: proc/boundary.c.
 */
#include "proc/signal.h"

#include "kernel/abi/errno.h"
#include "kernel/dev/irq.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "proc/itimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/proctab.h"
#include "proc/sched/sleep.h"
#include "proc/wait.h"

#define STOP_SIGNALS (SIGBIT(K_SIGSTOP) | SIGBIT(K_SIGTSTP) | SIGBIT(K_SIGTTIN) | SIGBIT(K_SIGTTOU))
/* How many lwps are poked at once. */
#define POKE_MAX 8u
/* Ignored when their action is the default. */
#define IGNORED_BY_DEFAULT \
	(SIGBIT(K_SIGCHLD) | SIGBIT(K_SIGCONT) | SIGBIT(K_SIGURG) | SIGBIT(K_SIGWINCH))

bool signal_ignores(const struct abi_sigaction *act, int sig)
{
	return act->sa_handler == K_SIG_IGN ||
	       (act->sa_handler == K_SIG_DFL && (IGNORED_BY_DEFAULT & SIGBIT(sig)));
}

/*
 * Is sig dropped on arrival? A blocked signal stays, because its action may
 * change before it is unblocked.
 */
static bool ignored(struct proc *p, struct lwp *l, int sig)
{
	const struct abi_sigaction *act = &p->p_sigact[sig - 1];
	struct lwp *m;

	if (!signal_ignores(act, sig))
		return p == initproc && act->sa_handler == K_SIG_DFL && sig != K_SIGCHLD;
	if (l)
		return !((l->l_sigmask | l->l_sigwait) & SIGBIT(sig));
	list_for_each(m, &p->p_lwps, l_plink) {
		if ((m->l_sigmask | m->l_sigwait) & SIGBIT(sig))
			return false;
	}
	return true;
}

void lwp_poke(struct lwp *l)
{
	struct cpu *c;

	ASSERT(spin_held(&l->l_proc->p_lock));
	/* before l_chan is read: see sleep_begin() */
	__atomic_store_n(&l->l_attention, true, __ATOMIC_SEQ_CST);
	sleep_interrupt(l);
	c = l->l_cpu;
	if (l->l_state == LS_RUNNING && c != curcpu())
		ipi_send(c->c_id, T_IPI_RESCHED);
}

static void poke_passed(struct proc *p, struct lwp *l)
{
	p->p_pokenext = l->l_plink.next == &p->p_lwps ? NULL : list_next(l, l_plink);
}

/*
 * Pokes more lwps of p.
 * Returns: whether there are more.
 * Locks: p_lock.
 */
static bool poke_some(struct proc *p)
{
	struct lwp *l;

	ASSERT(spin_held(&p->p_lock));
	for (u32 n = 0; n < POKE_MAX && (l = p->p_pokenext) != NULL; n++) {
		poke_passed(p, l);
		lwp_poke(l);
	}
	return p->p_pokenext != NULL;
}

bool proc_poke_more(struct later *la)
{
	struct proc *p = container_of(la, struct proc, p_poke);
	bool more;

	spin_lock(&p->p_lock);
	more = poke_some(p);
	spin_unlock(&p->p_lock);
	return more;
}

void proc_poke(struct proc *p)
{
	ASSERT(spin_held(&p->p_lock));
	p->p_pokenext = list_empty(&p->p_lwps) ? NULL : list_first(&p->p_lwps, struct lwp, l_plink);
	if (poke_some(p))
		later(&p->p_poke);
}

void proc_unlink_lwp(struct proc *p, struct lwp *l)
{
	ASSERT(spin_held(&p->p_lock));
	if (p->p_pokenext == l)
		poke_passed(p, l);
	list_remove(&l->l_plink);
}

/*
 * Continues a stopped process: SIGCONT and SIGKILL.
 * Locks: p_lock.
 */
static void proc_continue(struct proc *p, bool report)
{
	ASSERT(spin_held(&p->p_lock));
	p->p_flags &= ~P_STOPPING;
	if (!(p->p_flags & P_STOPPED))
		return;
	p->p_flags &= ~(P_STOPPED | P_WAITSTOP | P_STOPTOLD);
	if (report) {
		p->p_flags |= P_WAITCONT | P_TELLCONT;
		/*
		 * The process itself tells the parent, at the boundary: here
		 * the parent's lock would be out of order.
		 */
		if (!list_empty(&p->p_lwps))
			list_first(&p->p_lwps, struct lwp, l_plink)->l_attention = true;
	}
	wakeup(&p->p_flags);
}

void signal_drop_all(struct proc *p, sigset_k set)
{
	struct lwp *l;

	ASSERT(spin_held(&p->p_lock));
	sigqueue_drop(&p->p_sigq, set);
	list_for_each(l, &p->p_lwps, l_plink) {
		if (l->l_sigq.sq_set & set)
			sigqueue_drop(&l->l_sigq, set);
	}
}

/*
 * Effects at the moment of sending, even if the signal is ignored or blocked.
 */
static void side_effects(struct proc *p, int sig)
{
	if (sig == K_SIGCONT) {
		signal_drop_all(p, STOP_SIGNALS);
		proc_continue(p, true);
	} else if (sig == K_SIGKILL) {
		proc_continue(p, false);
	} else if (STOP_SIGNALS & SIGBIT(sig)) {
		signal_drop_all(p, SIGBIT(K_SIGCONT));
	}
}

/* Does sig wake l: not blocked, or awaited by sigtimedwait? */
static bool takes(const struct lwp *l, int sig)
{
	return !(l->l_sigmask & SIGBIT(sig)) || (l->l_sigwait & SIGBIT(sig));
}

/*
 * An lwp that can take sig: one that runs or can be woken. If there is none,
 * the first lwp that unblocks sig takes it.
 */
static struct lwp *choose_lwp(struct proc *p, int sig)
{
	struct lwp *l;

	list_for_each(l, &p->p_lwps, l_plink) {
		if (takes(l, sig) && !l->l_exiting)
			return l;
	}
	return NULL;
}

/*
 * The immediate effects of sig.
 * Returns: false: it is dropped.
 * Locks: p_lock.
 */
static bool arrives(struct proc *p, struct lwp *l, int sig)
{
	ASSERT(spin_held(&p->p_lock));
	if (sig == 0 || p->p_stat != PS_ACTIVE || (p->p_flags & P_EXITING))
		return false;
	side_effects(p, sig);
	if (ignored(p, l, sig))
		return false;
	if (sig == K_SIGKILL) {
		/*
		 * SIGKILL comes first, and ends more kinds of sleep than a
		 * pending signal.
		 */
		proc_end(p, WSTAT_SIGNALED(K_SIGKILL));
		return false;
	}
	return true;
}

/*
 * sig has been queued: tells an lwp that can take it.
 * Locks: p_lock.
 */
static void tell_taker(struct proc *p, struct lwp *l, int sig)
{
	struct lwp *taker = l ? l : choose_lwp(p, sig);

	ASSERT(spin_held(&p->p_lock));
	if (taker && takes(taker, sig))
		lwp_poke(taker);
}

int signal_post_locked(struct proc *p, struct lwp *l, int sig, const struct abi_siginfo *info)
{
	struct abi_siginfo seen;
	int error;

	ASSERT(spin_held(&p->p_lock));
	if (!arrives(p, l, sig))
		return 0;
	if (info) {
		seen = *info;
		siginfo_seen_by(p, &seen);
		info = &seen;
	}
	error = sigqueue_add(p, l ? &l->l_sigq : &p->p_sigq, sig, info);
	if (!error)
		tell_taker(p, l, sig);
	return error;
}

void signal_post_entry(struct proc *p, struct lwp *l, struct sigent *se)
{
	int sig = se->se_info.si_signo;

	ASSERT(spin_held(&p->p_lock));
	if (!arrives(p, l, sig))
		return;
	sigqueue_put(l ? &l->l_sigq : &p->p_sigq, se);
	tell_taker(p, l, sig);
}

void signal_take(struct lwp *l, int sig, struct abi_siginfo *info)
{
	struct proc *p = l->l_proc;

	ASSERT(spin_held(&p->p_lock));
	sigqueue_take(l->l_sigq.sq_set & SIGBIT(sig) ? &l->l_sigq : &p->p_sigq, sig, info);
	if (sig == K_SIGALRM)
		itimer_heard(p);
}

int signal_proc(struct proc *p, int sig, const struct abi_siginfo *info)
{
	int error;

	spin_lock(&p->p_lock);
	error = signal_post_locked(p, NULL, sig, info);
	spin_unlock(&p->p_lock);
	return error;
}

int signal_lwp(struct lwp *l, int sig, const struct abi_siginfo *info)
{
	struct proc *p = l->l_proc;
	int error;

	spin_lock(&p->p_lock);
	error = signal_post_locked(p, l, sig, info);
	spin_unlock(&p->p_lock);
	return error;
}

void signal_fault(int sig, int code, u32 addr)
{
	struct lwp *l = curlwp();
	struct proc *p = l->l_proc;
	struct abi_siginfo info = { .si_signo = sig, .si_code = code, .fault.addr = addr };
	struct abi_sigaction *act = &p->p_sigact[sig - 1];

	spin_lock(&p->p_lock);
	/*
	 * The instruction would fault forever: a signal that cannot be taken
	 * kills.
	 */
	if ((l->l_sigmask & SIGBIT(sig)) || act->sa_handler == K_SIG_IGN || p == initproc) {
		act->sa_handler = K_SIG_DFL;
		l->l_sigmask &= ~SIGBIT(sig);
	}
	sigqueue_add(p, &l->l_sigq, sig, &info);
	l->l_attention = true;
	spin_unlock(&p->p_lock);
}

void signal_pgrp(pid_t pgid, int sig, const struct abi_siginfo *info)
{
	struct proc_walk w;
	struct proc *p;

	spin_lock(&pidlock);
	walk_group(&w, pgid, WALK_SIGNAL);
	while ((p = walk_next(&w)))
		signal_proc(p, sig, info);
	spin_unlock(&pidlock);
}

bool lwp_must_stop(struct lwp *l)
{
	return l->l_attention;
}

void signal_recalc(struct lwp *l)
{
	struct proc *p = l->l_proc;
	sigset_k pending = (l->l_sigq.sq_set | p->p_sigq.sq_set) & ~l->l_sigmask;

	ASSERT(spin_held(&p->p_lock));
	if (pending || (p->p_flags & P_BOUNDARY) || l->l_exiting || l->l_oldmask_valid)
		l->l_attention = true;
}

void signal_retarget(struct lwp *l, sigset_k set)
{
	struct proc *p = l->l_proc;
	struct lwp *m;

	ASSERT(spin_held(&p->p_lock));
	set &= p->p_sigq.sq_set;
	if (!set)
		return;
	list_for_each(m, &p->p_lwps, l_plink) {
		sigset_k takes = set & ~m->l_sigmask;

		if (m == l || m->l_exiting || !takes)
			continue;
		lwp_poke(m);
		set &= ~takes;
		if (!set)
			return;
	}
}

void signal_setmask(sigset_k mask)
{
	struct lwp *l = curlwp();
	struct proc *p = l->l_proc;

	spin_lock(&p->p_lock);
	l->l_sigmask = mask & ~SIGSET_UNBLOCKABLE;
	signal_recalc(l);
	/*
	 * A pending signal may have been meant for this lwp, which now blocks
	 * it.
	 */
	signal_retarget(l, l->l_sigmask);
	spin_unlock(&p->p_lock);
}

void signal_suspend_mask(sigset_k mask)
{
	struct lwp *l = curlwp();

	spin_lock(&l->l_proc->p_lock);
	l->l_oldmask = l->l_sigmask;
	l->l_oldmask_valid = true;
	l->l_sigmask = mask & ~SIGSET_UNBLOCKABLE;
	l->l_attention = false;
	if ((l->l_sigq.sq_set | l->l_proc->p_sigq.sq_set) & ~l->l_sigmask ||
	    (l->l_proc->p_flags & P_BOUNDARY) || l->l_exiting)
		l->l_attention = true;
	spin_unlock(&l->l_proc->p_lock);
}
