/* SPDX-License-Identifier: MIT */
/* Posting signals: queues, who is to take them, stop and continue. Taking them is proc/boundary.c. */
#include "proc/signal.h"

#include "kernel/abi/errno.h"
#include "kernel/dev/irq.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/lwp_impl.h"
#include "proc/rlimit.h"
#include "proc/sleep.h"
#include "proc/wait.h"

#define STOP_SIGNALS (SIGBIT(K_SIGSTOP) | SIGBIT(K_SIGTSTP) | SIGBIT(K_SIGTTIN) | SIGBIT(K_SIGTTOU))
/* Ignored when their action is the default one. */
#define IGNORED_BY_DEFAULT \
	(SIGBIT(K_SIGCHLD) | SIGBIT(K_SIGCONT) | SIGBIT(K_SIGURG) | SIGBIT(K_SIGWINCH))
#define SIGQUEUE_MAX 1024u

static struct kmem_cache *sigent_cache;

void signal_init(void)
{
	sigent_cache = kmem_cache_create("sigent", sizeof(struct sigent), 0);
}

void sigqueue_init(struct sigqueue *q)
{
	q->sq_set = 0;
	q->sq_count = 0;
	list_init(&q->sq_list);
}

/* Takes every queued entry of the signals in set. */
static void sigqueue_drop(struct sigqueue *q, sigset_k set)
{
	struct sigent *se, *tmp;

	q->sq_set &= ~set;
	list_for_each_safe(se, tmp, &q->sq_list, se_link) {
		if (SIGBIT(se->se_info.si_signo) & set) {
			list_remove(&se->se_link);
			q->sq_count--;
			kmem_free(sigent_cache, se);
		}
	}
}

void sigqueue_move(struct sigqueue *from, struct sigqueue *to)
{
	struct sigent *se, *tmp;

	list_for_each_safe(se, tmp, &from->sq_list, se_link) {
		int sig = se->se_info.si_signo;

		if (sig < K_SIGRTMIN && (to->sq_set & SIGBIT(sig)))
			continue;
		list_remove(&se->se_link);
		from->sq_count--;
		list_push_back(&to->sq_list, &se->se_link);
		to->sq_count++;
	}
	to->sq_set |= from->sq_set;
}

void sigqueue_flush(struct sigqueue *q)
{
	sigqueue_drop(q, ~0ull);
}

int sigqueue_add(struct sigqueue *q, int sig, const struct abi_siginfo *info)
{
	struct sigent *se;

	if (sig < K_SIGRTMIN && (q->sq_set & SIGBIT(sig)))
		return 0;
	se = q->sq_count < SIGQUEUE_MAX ? kmem_alloc(sigent_cache, KM_NOWAIT) : NULL;
	if (!se) {
		/* A real-time signal sent with a value must not lose it; for the others the bit is enough. */
		if (sig >= K_SIGRTMIN && info && info->si_code < 0)
			return -EAGAIN;
		q->sq_set |= SIGBIT(sig);
		return 0;
	}
	if (info) {
		se->se_info = *info;
	} else {
		memset(&se->se_info, 0, sizeof(se->se_info));
		se->se_info.si_code = K_SI_KERNEL;
	}
	se->se_info.si_signo = sig;
	list_push_back(&q->sq_list, &se->se_link);
	q->sq_set |= SIGBIT(sig);
	q->sq_count++;
	return 0;
}

void sigqueue_take(struct sigqueue *q, int sig, struct abi_siginfo *info)
{
	struct sigent *se, *found = NULL;
	bool more = false;

	list_for_each(se, &q->sq_list, se_link) {
		if (se->se_info.si_signo != sig)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = se;
	}
	if (!more)
		q->sq_set &= ~SIGBIT(sig);
	if (found) {
		*info = found->se_info;
		list_remove(&found->se_link);
		q->sq_count--;
		kmem_free(sigent_cache, found);
	} else {
		memset(info, 0, sizeof(*info));
		info->si_signo = sig;
	}
}

/* Would sig be thrown away on arrival? A blocked signal stays, since its action may change before it is unblocked. */
static bool ignored(struct proc *p, struct lwp *l, int sig)
{
	const struct abi_sigaction *act = &p->p_sig.ss_act[sig - 1];
	struct lwp *m;

	if (act->sa_handler != K_SIG_IGN &&
	    !(act->sa_handler == K_SIG_DFL && (IGNORED_BY_DEFAULT & SIGBIT(sig))))
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

	__atomic_store_n(&l->l_attention, true, __ATOMIC_SEQ_CST); /* before l_chan is looked at: sleep_begin() */
	sleep_interrupt(l);
	c = l->l_cpu;
	if (l->l_state == LS_RUNNING && c != curcpu())
		ipi_send(c->c_id, T_IPI_RESCHED);
}

void proc_poke(struct proc *p)
{
	struct lwp *l;

	ASSERT(spin_held(&p->p_lock));
	list_for_each(l, &p->p_lwps, l_plink)
		lwp_poke(l);
}

/* SIGCONT and SIGKILL make a stopped process go on. p_lock held. */
static void proc_continue(struct proc *p, bool report)
{
	p->p_flags &= ~P_STOPPING;
	if (!(p->p_flags & P_STOPPED))
		return;
	p->p_flags &= ~(P_STOPPED | P_WAITSTOP | P_STOPTOLD);
	if (report) {
		p->p_flags |= P_WAITCONT | P_TELLCONT;
		/* The parent is told by the process itself, at the boundary: here its lock would come out of order. */
		if (!list_empty(&p->p_lwps))
			list_first(&p->p_lwps, struct lwp, l_plink)->l_attention = true;
	}
	wakeup(&p->p_flags);
}

/* What happens at the moment of sending, whether or not the signal is ignored or blocked. */
static void side_effects(struct proc *p, int sig)
{
	struct lwp *l;

	if (sig == K_SIGCONT) {
		sigqueue_drop(&p->p_sig.ss_q, STOP_SIGNALS);
		list_for_each(l, &p->p_lwps, l_plink)
			sigqueue_drop(&l->l_sigq, STOP_SIGNALS);
		proc_continue(p, true);
	} else if (sig == K_SIGKILL) {
		proc_continue(p, false);
	} else if (STOP_SIGNALS & SIGBIT(sig)) {
		sigqueue_drop(&p->p_sig.ss_q, SIGBIT(K_SIGCONT));
		list_for_each(l, &p->p_lwps, l_plink)
			sigqueue_drop(&l->l_sigq, SIGBIT(K_SIGCONT));
	}
}

/* Does sig wake l: not blocked, or waited for by sigtimedwait. */
static bool takes(const struct lwp *l, int sig)
{
	return !(l->l_sigmask & SIGBIT(sig)) || (l->l_sigwait & SIGBIT(sig));
}

/* An lwp that can take sig: one that runs or can be woken for it. All the same if none: the first to unblock it takes it. */
static struct lwp *choose_lwp(struct proc *p, int sig)
{
	struct lwp *l;

	list_for_each(l, &p->p_lwps, l_plink) {
		if (takes(l, sig) && !l->l_exiting)
			return l;
	}
	return NULL;
}

int signal_post_locked(struct proc *p, struct lwp *l, int sig, const struct abi_siginfo *info)
{
	struct abi_siginfo seen;
	struct lwp *taker;
	int error;

	ASSERT(spin_held(&p->p_lock));
	if (sig == 0 || p->p_stat != PS_ACTIVE || (p->p_flags & P_EXITING))
		return 0;
	side_effects(p, sig);
	if (ignored(p, l, sig))
		return 0;
	if (sig == K_SIGKILL) {
		/* Nothing comes before it, and it ends more kinds of sleep than a signal that is only pending. */
		proc_end(p, WSTAT_SIGNALED(K_SIGKILL));
		return 0;
	}
	if (info) {
		seen = *info;
		siginfo_seen_by(p, &seen);
		info = &seen;
	}
	error = sigqueue_add(l ? &l->l_sigq : &p->p_sig.ss_q, sig, info);
	if (error)
		return error;
	taker = l ? l : choose_lwp(p, sig);
	if (taker && takes(taker, sig))
		lwp_poke(taker);
	return 0;
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
	struct abi_sigaction *act = &p->p_sig.ss_act[sig - 1];

	spin_lock(&p->p_lock);
	/* The instruction would fault again for ever: a signal that cannot be taken kills. */
	if ((l->l_sigmask & SIGBIT(sig)) || act->sa_handler == K_SIG_IGN || p == initproc) {
		act->sa_handler = K_SIG_DFL;
		l->l_sigmask &= ~SIGBIT(sig);
	}
	sigqueue_add(&l->l_sigq, sig, &info);
	l->l_attention = true;
	spin_unlock(&p->p_lock);
}

void signal_pgrp(pid_t pgid, int sig, const struct abi_siginfo *info)
{
	struct proc *p;

	spin_lock(&pidlock);
	list_for_each(p, &allproc, p_all) {
		if (p->p_pgid == pgid)
			signal_proc(p, sig, info);
	}
	spin_unlock(&pidlock);
}

bool lwp_must_stop(struct lwp *l)
{
	return l->l_attention;
}

void signal_recalc(struct lwp *l)
{
	struct proc *p = l->l_proc;
	sigset_k pending = (l->l_sigq.sq_set | p->p_sig.ss_q.sq_set) & ~l->l_sigmask;

	ASSERT(spin_held(&p->p_lock));
	if (pending || (p->p_flags & P_BOUNDARY) || l->l_exiting || l->l_oldmask_valid)
		l->l_attention = true;
}

void signal_retarget(struct lwp *l, sigset_k set)
{
	struct proc *p = l->l_proc;
	struct lwp *m;

	ASSERT(spin_held(&p->p_lock));
	set &= p->p_sig.ss_q.sq_set;
	list_for_each(m, &p->p_lwps, l_plink) {
		if (m != l && (set & ~m->l_sigmask))
			lwp_poke(m);
	}
}

void signal_setmask(sigset_k mask)
{
	struct lwp *l = curlwp();
	struct proc *p = l->l_proc;

	spin_lock(&p->p_lock);
	l->l_sigmask = mask & ~SIGSET_UNBLOCKABLE;
	signal_recalc(l);
	/* What this lwp blocks now may have been meant for it. */
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
	if ((l->l_sigq.sq_set | l->l_proc->p_sig.ss_q.sq_set) & ~l->l_sigmask ||
	    (l->l_proc->p_flags & P_BOUNDARY) || l->l_exiting)
		l->l_attention = true;
	spin_unlock(&l->l_proc->p_lock);
}
