/* SPDX-License-Identifier: MIT */
/*
 * Signals: actions, masks, pending signals with their siginfo, alternate
 * stacks.
 */
#include "ckpt/state/state.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/sched/fpu.h"
#include "proc/sched/lwp_impl.h"

/* ---- pending signals: of the process, and of each lwp ---- */

/*
 * Copies at most max infos of q to list.
 * Returns: their number in q. Locks: p_lock.
 */
static u32 copy_queue(const struct sigqueue *q, struct abi_siginfo *list, u32 max)
{
	struct sigent *se;
	u32 n = 0;

	ASSERT(spin_rank_held(LR_PROC));
	list_for_each(se, &q->sq_list, se_link) {
		if (n < max)
			sigent_info(se, &list[n]);
		n++;
	}
	return n;
}

/*
 * q is p's, or one of its lwps'. A held process still gets signals: the queue
 * is saved as it is at one moment.
 */
static int save_queue(struct ckpt_save *cs, struct proc *p, const struct sigqueue *q, struct img_sigqueue *iq)
{
	struct abi_siginfo *list = NULL;
	u32 n, max = 0;
	int error = 0;

	_Static_assert(sizeof(struct abi_siginfo) == sizeof(struct img_siginfo), "siginfo");
	for (;;) {
		spin_lock(&p->p_lock);
		iq->q_set = q->sq_set;
		n = copy_queue(q, list, max);
		spin_unlock(&p->p_lock);
		if (n <= max)
			break;
		kfree(list);
		max = 2 * n;
		list = kmalloc(max * sizeof(*list), 0);
		if (!list)
			return -ENOMEM;
	}
	for (u32 i = 0; i < n && !error; i++) {
		struct img_siginfo *is = img_add_siginfo(&cs->cs_img, iq);

		if (is)
			memcpy(is, &list[i], sizeof(*is));
		else
			error = -ENOMEM;
	}
	kfree(list);
	return error;
}

/*
 * If a timer sent the signal, the timer takes it over when it is made
 * (ptimer_adopt).
 */
static int restore_signal(const struct abi_siginfo *info, struct proc *p, struct sigqueue *q)
{
	struct sigent *se;

	spin_lock(&p->p_lock);
	se = sigent_alloc(p, true);
	if (se) {
		se->se_info = *info;
		sigqueue_put(q, se);
	}
	spin_unlock(&p->p_lock);
	return se ? 0 : -ENOMEM;
}

/* q is p's, or one of its lwps'. */
static int restore_queue(const struct img_sigqueue *iq, struct proc *p, struct sigqueue *q)
{
	sigset_k listed = 0;

	for (u32 i = 0; i < iq->q_count; i++) {
		struct abi_siginfo info;
		int error;

		memcpy(&info, &iq->q_info[i], sizeof(info));
		listed |= SIGBIT(info.si_signo);
		error = restore_signal(&info, p, q);
		if (error)
			return error;
	}
	q->sq_set |= iq->q_set & ~listed;
	return 0;
}

/* ---- an lwp's part ---- */

int st_lwp_signal_save(struct ckpt_save *cs, struct lwp *l, struct img_lwp *il)
{
	/*
	 * A call that sets the mask for its own duration (sigsuspend) will set
	 * it again.
	 */
	il->l_sigmask = l->l_oldmask_valid ? l->l_oldmask : l->l_sigmask;
	il->l_altsp = l->l_altsp;
	il->l_altsize = l->l_altsize;
	il->l_altflags = l->l_altflags;
	return save_queue(cs, l->l_proc, &l->l_sigq, &il->l_pending);
}

int st_lwp_signal_restore(struct lwp *l, const struct img_lwp *il)
{
	spin_lock(&l->l_proc->p_lock);
	sigqueue_flush(&l->l_sigq);
	spin_unlock(&l->l_proc->p_lock);
	l->l_sigmask = il->l_sigmask & ~SIGSET_UNBLOCKABLE;
	l->l_oldmask_valid = false;
	l->l_altsp = il->l_altsp;
	l->l_altsize = il->l_altsize;
	l->l_altflags = il->l_altflags & K_SS_DISABLE;
	return restore_queue(&il->l_pending, l->l_proc, &l->l_sigq);
}

/* ---- the process's part ---- */

static int st_signal_save(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct img_proc *ip = cm->cm_img;
	struct proc *p = cm->cm_proc;

	for (u32 i = 0; i < K_NSIG; i++) {
		const struct abi_sigaction *act = &p->p_sigact[i];

		ip->p_act[i] = (struct img_sigaction){ .sa_handler = act->sa_handler,
						       .sa_flags = act->sa_flags,
						       .sa_restorer = act->sa_restorer,
						       .sa_mask = act->sa_mask };
	}
	return save_queue(cs, p, &p->p_sigq, &ip->p_pending);
}

static int st_signal_restore(struct ckpt_rmember *rm)
{
	const struct img_proc *ip = rm->rm_img;
	struct proc *p = curproc();

	for (u32 i = 0; i < K_NSIG; i++) {
		const struct img_sigaction *ia = &ip->p_act[i];

		p->p_sigact[i] = (struct abi_sigaction){ .sa_handler = ia->sa_handler,
							 .sa_flags = ia->sa_flags,
							 .sa_restorer = ia->sa_restorer,
							 .sa_mask = ia->sa_mask & ~SIGSET_UNBLOCKABLE };
	}
	/*
	 * The queue is empty so far: a new process inherits no pending signals.
	 */
	return restore_queue(&ip->p_pending, p, &p->p_sigq);
}

const struct ckpt_kind st_signal_kind = { .k_name = "signals", .k_save = st_signal_save, .k_restore = st_signal_restore };
