/* SPDX-License-Identifier: MIT */
/*
 * Controlling terminals and job control (POSIX.1-2017, chapter 11.1). t_sid and
 * t_pgrp say which session a terminal controls and who is in its foreground;
 * p_ctty of each process in the session points back.
 */
#include "fs/tty_impl.h"
#include "kernel/abi/signal.h"
#include "mm/usercopy.h"
#include "proc/cred.h"
#include "proc/pgrp.h"
#include "proc/proc.h"
#include "proc/signal.h"

static bool is_leader(const struct proc *p)
{
	return p->p_sid == p->p_pid;
}

/* Would the signal come to nothing? */
static bool refuses(struct proc *p, int sig)
{
	bool ignored;

	spin_lock(&p->p_lock);
	ignored = p->p_sigact[sig - 1].sa_handler == K_SIG_IGN || (curlwp()->l_sigmask & SIGBIT(sig));
	spin_unlock(&p->p_lock);
	return ignored;
}

int tty_job_check(struct tty *t, int sig)
{
	struct proc *p = curproc();
	pid_t pgrp = tty_foreground(t);

	/*
	 * Only the process itself changes its terminal, but for a hangup;
	 * p_pgid is one word.
	 */
	if (p->p_ctty != t || pgrp == 0 || p->p_pgid == pgrp)
		return 0;
	if (refuses(p, sig))
		return sig == K_SIGTTIN ? -EIO : 0;
	if (pgrp_orphaned(p->p_pgid))
		return -EIO;
	signal_pgrp(p->p_pgid, sig, NULL);
	return -ERESTARTSYS;
}

/*
 * Makes t the terminal of the current session. `steal`: also from another one.
 */
static int acquire(struct tty *t, bool steal)
{
	struct proc *p = curproc();
	bool stolen = false;
	int error = 0;

	spin_lock(&t->t_lock);
	if (t->t_sid && t->t_sid != p->p_sid) {
		stolen = steal;
		error = steal ? 0 : -EPERM;
	}
	if (!error) {
		t->t_sid = p->p_sid;
		t->t_pgrp = p->p_pgid;
	}
	spin_unlock(&t->t_lock);
	if (error)
		return error;
	if (stolen)
		tty_forget(t);
	session_set_tty(p->p_sid, t);
	return 0;
}

void tty_open_session(struct tty *t)
{
	if (is_leader(curproc()) && !session_tty())
		acquire(t, false);
}

int tty_sctty(struct ttyfile *tf, u32 arg)
{
	struct tty *t = tf->tf_tty, *mine = session_tty();

	if (!is_leader(curproc()))
		return -EPERM;
	if (mine)
		return mine == t ? 0 : -EPERM;
	/*
	 * Who may only write to a terminal, as to that of a user who takes
	 * messages, does not get it.
	 */
	if (!tf->tf_readable && !cred_super(cred_cur()))
		return -EPERM;
	return acquire(t, arg == 1 && cred_super(cred_cur()));
}

int tty_notty(struct tty *t)
{
	struct proc *p = curproc();

	if (session_tty() != t)
		return -ENOTTY;
	if (is_leader(p)) {
		tty_leave_session(t);
		return 0;
	}
	spin_lock(&pidlock);
	p->p_ctty = NULL;
	spin_unlock(&pidlock);
	return 0;
}

static int give_pid(uaddr_t arg, pid_t pid)
{
	pid = pid_seen(pid);
	return copyout(arg, &pid, sizeof(pid));
}

int tty_gpgrp(struct tty *t, uaddr_t arg)
{
	if (session_tty() != t)
		return -ENOTTY;
	return give_pid(arg, tty_foreground(t));
}

int tty_gsid(struct tty *t, uaddr_t arg)
{
	if (session_tty() != t)
		return -ENOTTY;
	return give_pid(arg, __atomic_load_n(&t->t_sid, __ATOMIC_RELAXED));
}

int tty_spgrp(struct tty *t, uaddr_t arg)
{
	pid_t pgrp, sid = curproc()->p_sid;
	int error = tty_job_check(t, K_SIGTTOU);

	if (error)
		return error == -EIO ? -ENOTTY : error;
	error = copyin(&pgrp, arg, sizeof(pgrp));
	if (error)
		return error;
	if (pgrp < 0)
		return -EINVAL;
	if (session_tty() != t)
		return -ENOTTY;
	if (!pgrp)
		return -ESRCH;
	pgrp = pid_real(pgrp);
	if (!pgrp_in_session(pgrp, sid)) {
		struct proc *p = proc_find(pgrp);

		if (!p)
			return -ESRCH;
		proc_rele(p);
		return -EPERM;
	}
	spin_lock(&t->t_lock);
	if (t->t_sid == sid)
		t->t_pgrp = pgrp;
	else
		error = -ENOTTY;
	spin_unlock(&t->t_lock);
	return error;
}

void tty_hand_over(struct tty *t, pid_t sid, pid_t from, pid_t to)
{
	spin_lock(&t->t_lock);
	if (t->t_sid == sid && t->t_pgrp == from)
		t->t_pgrp = to;
	spin_unlock(&t->t_lock);
}

/*
 * A real line is hung up with its session; a pseudo terminal is ended by its
 * master.
 */
static void leader_exited(struct tty *t)
{
	if (DEVMAJOR(tty_rdev(t)) == PTY_MAJOR)
		tty_leave_session(t);
	else
		tty_hangup(t);
}

/* --- Keys --- */

static struct spinlock keys_lock = SPINLOCK_INIT("tty keys", LR_TTY);
void (*tty_ckpt_hook)(struct tty *t, pid_t pgrp);

void tty_keys(struct tty *t, pid_t pgrp, u32 events)
{
	if (events & LD_EV_INTR)
		signal_pgrp(pgrp, K_SIGINT, NULL);
	if (events & LD_EV_QUIT)
		signal_pgrp(pgrp, K_SIGQUIT, NULL);
	if (events & LD_EV_SUSP)
		signal_pgrp(pgrp, K_SIGTSTP, NULL);
	if ((events & LD_EV_CKPT) && tty_ckpt_hook)
		tty_ckpt_hook(t, pgrp);
}

void tty_keys_later(struct tty *t, pid_t pgrp, u32 events)
{
	spin_lock(&keys_lock);
	t->t_keys |= events;
	t->t_keypgrp = pgrp;
	spin_unlock(&keys_lock);
	later(&t->t_keylater);
}

bool tty_keys_do(struct later *la)
{
	struct tty *t = container_of(la, struct tty, t_keylater);
	u32 events;
	pid_t pgrp;

	spin_lock(&keys_lock);
	events = t->t_keys;
	pgrp = t->t_keypgrp;
	t->t_keys = 0;
	spin_unlock(&keys_lock);
	tty_keys(t, pgrp, events);
	return false;
}

void tty_job_init(void)
{
	session_leader_exit_hook = leader_exited;
}
