/* SPDX-License-Identifier: MIT */
/*
 * The return-to-user boundary. An lwp itself carries out everything that is
 * asked of it, here, before it returns to its program. In this order: exit,
 * hold, checkpoint, the wait of a vfork, stop, signals, the saved mask, the
 * restart of a call.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/signame.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/ratelimit.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "proc/sched/lwp_impl.h"
#include "proc/pgrp.h"
#include "proc/restart.h"
#include "proc/rlimit.h"
#include "proc/sched/sched.h"
#include "proc/sched/sleep.h"
#include "proc/wait.h"

#define SYS_restart_syscall 0
#define INT80_LEN 2 /* bytes */

#define DEFAULT_IGNORE \
	(SIGBIT(K_SIGCHLD) | SIGBIT(K_SIGCONT) | SIGBIT(K_SIGURG) | SIGBIT(K_SIGWINCH))
#define DEFAULT_STOP (SIGBIT(K_SIGSTOP) | SIGBIT(K_SIGTSTP) | SIGBIT(K_SIGTTIN) | SIGBIT(K_SIGTTOU))
#define DEFAULT_CORE                                                                                       \
	(SIGBIT(K_SIGQUIT) | SIGBIT(K_SIGILL) | SIGBIT(K_SIGTRAP) | SIGBIT(K_SIGABRT) | SIGBIT(K_SIGBUS) | \
	 SIGBIT(K_SIGFPE) | SIGBIT(K_SIGSEGV) | SIGBIT(K_SIGXCPU) | SIGBIT(K_SIGXFSZ) | SIGBIT(K_SIGSYS))
/*
 * Synchronous faults are taken first, so that a handler sees the state that
 * caused them.
 */
#define FAULT_SIGNALS                                                                  \
	(SIGBIT(K_SIGSEGV) | SIGBIT(K_SIGBUS) | SIGBIT(K_SIGILL) | SIGBIT(K_SIGTRAP) | \
	 SIGBIT(K_SIGFPE) | SIGBIT(K_SIGSYS))

/*
 * Is the stop complete (the missing lwp has exited) but the parent not told?
 * Locks: p_lock.
 */
static bool stop_untold(const struct proc *p)
{
	ASSERT(spin_held(&p->p_lock));
	return p->p_nheld == p->p_nlwp && !(p->p_flags & P_STOPTOLD);
}

bool lwp_stays_held(const struct lwp *l)
{
	const struct proc *p = l->l_proc;

	ASSERT(spin_held(&p->p_lock));
	return (p->p_flags & P_HOLD) && !l->l_exiting && !(p->p_execlwp && p->p_execlwp != l);
}

/*
 * Should a stop keep l at the boundary?
 * Locks: p_lock.
 */
static bool stays_stopped(const struct lwp *l)
{
	const struct proc *p = l->l_proc;

	ASSERT(spin_held(&p->p_lock));
	return (p->p_flags & P_STOPPED) && !(p->p_flags & P_CKPT) && !lwp_dying(l) && !stop_untold(p);
}

void lwp_stand(struct lwp *l)
{
	struct proc *p = l->l_proc;

	ASSERT(spin_held(&p->p_lock));
	l->l_held = true;
	p->p_nheld++;
	wakeup(&p->p_nheld);
	while (lwp_stays_held(l) || stays_stopped(l))
		sleep(&p->p_flags, &p->p_lock, 0, 0);
	p->p_nheld--;
	l->l_held = false;
}

/*
 * Tells the parent of a stop or a continuation.
 * Locks: none.
 */
static void tell_parent(struct proc *p)
{
	struct abi_siginfo info;
	struct proc *parent;
	const struct abi_sigaction *act;

	spin_lock(&pidlock);
	parent = p->p_parent;
	parent->p_ref++;
	spin_lock(&p->p_lock);
	siginfo_child(&info, p);
	spin_unlock(&p->p_lock);
	act = &parent->p_sigact[K_SIGCHLD - 1];
	wait_tell(parent);
	if (!(act->sa_flags & K_SA_NOCLDSTOP))
		signal_proc(parent, K_SIGCHLD, &info);
	spin_unlock(&pidlock);
	proc_rele(parent);
}

/*
 * Stops the whole process; the last lwp to stop tells the parent.
 * Locks: p_lock held, returned unlocked.
 */
static void stop_here(struct lwp *l)
{
	struct proc *p = l->l_proc;

	ASSERT(spin_held(&p->p_lock));
	if (p->p_nheld + 1 == p->p_nlwp && !(p->p_flags & P_STOPTOLD)) {
		p->p_flags |= P_WAITSTOP | P_STOPTOLD;
		spin_unlock(&p->p_lock);
		tell_parent(p);
		spin_lock(&p->p_lock);
	}
	if (p->p_flags & P_STOPPED)
		lwp_stand(l);
	spin_unlock(&p->p_lock);
}

/*
 * Takes the next signal: faults first, then the lowest number, the lwp's own
 * before the process's.
 * Returns: the signal; 0: none.
 * Locks: p_lock.
 */
static int next_signal(struct lwp *l, struct abi_siginfo *info)
{
	struct proc *p = l->l_proc;
	sigset_k own = l->l_sigq.sq_set & ~l->l_sigmask;
	sigset_k shared = p->p_sigq.sq_set & ~l->l_sigmask;
	sigset_k first;
	int sig;

	ASSERT(spin_held(&p->p_lock));
	if (!(own | shared))
		return 0;
	if (shared & SIGBIT(K_SIGKILL))
		first = SIGBIT(K_SIGKILL);
	else if (own & FAULT_SIGNALS)
		first = own & FAULT_SIGNALS;
	else
		first = own | shared;
	sig = __builtin_ctzll(first) + 1;
	signal_take(l, sig, info);
	return sig;
}

/*
 * Restarts the interrupted int 0x80 whose -ERESTART* is in tf_eax, or ends it
 * with EINTR. handler: NULL if no handler will run.
 */
static void restart_call(struct trapframe *tf, const struct abi_sigaction *handler)
{
	struct lwp *l = curlwp();
	long result = (s32)tf->tf_eax;

	if (tf->tf_trapno != T_SYSCALL || (s32)tf->tf_err < 0)
		return;
	if (result == -ERESTARTNOHAND && handler && l->l_done) {
		tf->tf_eax = l->l_done;
		l->l_done = 0;
		tf->tf_err = (u32)-1;
		return;
	}
	switch (result) {
	case -ERESTART_RESTARTBLOCK:
	case -ERESTARTNOHAND:
		if (handler) {
			restart_drop(l);
			tf->tf_eax = (u32)-EINTR;
			break;
		}
		goto again;
	case -ERESTARTSYS:
		if (handler && !(handler->sa_flags & K_SA_RESTART)) {
			tf->tf_eax = (u32)-EINTR;
			break;
		}
		goto again;
	case -ERESTARTNOINTR:
again:
		tf->tf_eax = result == -ERESTART_RESTARTBLOCK && l->l_restart.rb_fn ? SYS_restart_syscall
										    : tf->tf_err;
		tf->tf_eip -= INT80_LEN;
		if (!handler)
			l->l_cut = (struct cut_call){ result, tf->tf_err, tf->tf_eip };
		break;
	default: break;
	}
	tf->tf_err = (u32)-1;
}

/*
 * The lwp is back before it made the call again: see struct cut_call. It has
 * not run meanwhile, unless another lwp overwrote the int 0x80: then it ran the
 * new instructions, and there is nothing to undo.
 */
static void take_back_call(struct lwp *l, struct trapframe *tf)
{
	if (!l->l_cut.cc_result)
		return;
	if (tf->tf_eip != l->l_cut.cc_eip) {
		l->l_cut.cc_result = 0;
		return;
	}
	tf->tf_eip += INT80_LEN;
	tf->tf_eax = (u32)l->l_cut.cc_result;
	tf->tf_err = l->l_cut.cc_nr;
	tf->tf_trapno = T_SYSCALL;
	l->l_cut.cc_result = 0;
}

/*
 * "signal 11 (SIGSEGV) at address 00000010, eip 0804a000 esp bffff000". Only a
 * signal of a fault has an address.
 */
static void death_text(char *text, size_t size, const struct lwp *l, int sig, const struct abi_siginfo *si)
{
	const char *name = signal_name(sig);
	char at[32] = "";

	if (si->si_code > 0 && si->si_code != K_SI_KERNEL)
		snprintf(at, sizeof(at), " at address %08x", si->fault.addr);
	snprintf(text, size, "signal %d (SIG%s)%s, eip %08x esp %08x", sig, name ? name : "RT", at,
		 l->l_tf->tf_eip, l->l_tf->tf_esp);
}

static bool is_fault(int sig)
{
	return sig == K_SIGSEGV || sig == K_SIGBUS || sig == K_SIGILL || sig == K_SIGFPE;
}

static void die_of(struct lwp *l, int sig, const struct abi_siginfo *si)
{
	static struct ratelimit limit = RATELIMIT_INIT("killed by a signal", KDEBUG);
	struct proc *p = l->l_proc;
	char text[96];

	death_text(text, sizeof(text), l, sig, si);
	if (p == initproc)
		panic("init (pid 1) expected to live, found killed by %s", text);
	if (is_fault(sig))
		printk_limited(&limit, KDEBUG "%s[%d]: killed by %s\n", p->p_comm, p->p_pid, text);
	proc_exit(WSTAT_SIGNALED(sig));
}

/*
 * Runs the default action of sig.
 * Locks: p_lock held, returned unlocked.
 */
static void default_action(struct lwp *l, int sig, const struct abi_siginfo *si)
{
	struct proc *p = l->l_proc;

	ASSERT(spin_held(&p->p_lock));
	if (DEFAULT_IGNORE & SIGBIT(sig)) {
		spin_unlock(&p->p_lock);
	} else if (DEFAULT_STOP & SIGBIT(sig)) {
		bool orphaned = false;

		p->p_flags |= P_STOPPING;
		if (sig != K_SIGSTOP) {
			spin_unlock(&p->p_lock);
			orphaned = pgrp_orphaned(p->p_pgid);
			spin_lock(&p->p_lock);
		}
		/*
		 * A SIGCONT posted while the lock was free came after this
		 * signal: it wins.
		 */
		if (!orphaned && (p->p_flags & P_STOPPING) && !(p->p_flags & P_EXITING)) {
			p->p_flags = (p->p_flags & ~(P_WAITSTOP | P_WAITCONT | P_STOPTOLD)) | P_STOPPED;
			p->p_xstat = sig;
			proc_poke(p);
		}
		p->p_flags &= ~P_STOPPING;
		spin_unlock(&p->p_lock);
	} else {
		spin_unlock(&p->p_lock);
		die_of(l, sig, si);
	}
}

bool lwp_given_up(const struct lwp *l)
{
	const struct proc *p = l->l_proc;
	sigset_k pending = (l->l_sigq.sq_set | p->p_sigq.sq_set) & ~l->l_sigmask &
			   ~(DEFAULT_IGNORE | DEFAULT_STOP);
	int sig;

	if (lwp_dying(l) || l->l_withdrawn)
		return true;
	for (; pending; pending &= pending - 1) {
		sig = __builtin_ctzll(pending);
		if (p->p_sigact[sig].sa_handler == K_SIG_DFL)
			return true;
	}
	return false;
}

/*
 * Sets up the handler of sig.
 * Locks: p_lock held, returned unlocked.
 */
static void run_handler(struct lwp *l, struct trapframe *tf, int sig, const struct abi_siginfo *info)
{
	struct proc *p = l->l_proc;
	struct abi_sigaction act = p->p_sigact[sig - 1];
	sigset_k mask = l->l_oldmask_valid ? l->l_oldmask : l->l_sigmask;

	ASSERT(spin_held(&p->p_lock));
	if (act.sa_flags & K_SA_RESETHAND)
		p->p_sigact[sig - 1].sa_handler = K_SIG_DFL;
	l->l_oldmask_valid = false;
	spin_unlock(&p->p_lock);
	restart_call(tf, &act);
	if (sigframe_push(l, sig, info, &act, mask) != 0) {
		spin_lock(&p->p_lock);
		/*
		 * No stack for the handler: SIGSEGV. If that was the signal,
		 * the process dies.
		 */
		if (sig == K_SIGSEGV)
			p->p_sigact[K_SIGSEGV - 1].sa_handler = K_SIG_DFL;
		spin_unlock(&p->p_lock);
		signal_fault(K_SIGSEGV, K_SI_KERNEL, 0);
		return;
	}
	mask = l->l_sigmask | act.sa_mask;
	if (!(act.sa_flags & K_SA_NODEFER))
		mask |= SIGBIT(sig);
	signal_setmask(mask);
}

static void take_signal(struct lwp *l, struct trapframe *tf, int sig, const struct abi_siginfo *info)
{
	struct abi_sigaction *act = &l->l_proc->p_sigact[sig - 1];

	if (act->sa_handler == K_SIG_IGN)
		spin_unlock(&l->l_proc->p_lock);
	else if (act->sa_handler == K_SIG_DFL)
		default_action(l, sig, info);
	else
		run_handler(l, tf, sig, info);
}

/*
 * Does one thing at the boundary.
 * Returns: false: nothing is left to do.
 * Locks: p_lock held, returned unlocked.
 */
static bool boundary_step(struct lwp *l, struct trapframe *tf)
{
	struct proc *p = l->l_proc;
	struct abi_siginfo info;
	int sig;

	ASSERT(spin_held(&p->p_lock));
	if (lwp_stays_held(l) && p->p_holder != l) {
		lwp_stand(l);
		spin_unlock(&p->p_lock);
		return true;
	}
	if (lwp_dying(l)) {
		spin_unlock(&p->p_lock);
		lwp_exit();
	}
	if (p->p_flags & P_TELLCONT) {
		p->p_flags &= ~P_TELLCONT;
		spin_unlock(&p->p_lock);
		tell_parent(p);
		return true;
	}
	if ((p->p_flags & P_CKPT) && proc_hooks.ph_boundary) {
		spin_unlock(&p->p_lock);
		proc_hooks.ph_boundary(l);
		return true;
	}
	if (l->l_vfork) {
		spin_unlock(&p->p_lock);
		vfork_wait(l);
		return true;
	}
	if (p->p_flags & P_STOPPED) {
		stop_here(l);
		return true;
	}
	sig = next_signal(l, &info);
	if (sig) {
		take_signal(l, tf, sig, &info);
		return true;
	}
	if (l->l_oldmask_valid) {
		/*
		 * The call that had set a mask has ended, or will be made
		 * again: the old mask is restored.
		 */
		l->l_oldmask_valid = false;
		l->l_sigmask = l->l_oldmask;
		spin_unlock(&p->p_lock);
		return true;
	}
	l->l_attention = false;
	spin_unlock(&p->p_lock);
	return false;
}

void lwp_userret(struct trapframe *tf)
{
	struct lwp *l = curlwp();

	ASSERT(l->l_nmutex == 0);
	if (curcpu()->c_need_resched)
		sched_preempt();
	if (!l->l_attention)
		return;
	take_back_call(l, tf);
	do {
		spin_lock(&l->l_proc->p_lock);
	} while (boundary_step(l, tf));
	restart_call(tf, NULL);
}
