/* SPDX-License-Identifier: MIT */
/*
 * The checkpoint character (VCKPT, after DragonFly's VCHECKPT). It saves the
 * foreground job of a terminal: the whole group with its descendants
 * (CKPT_JOB). The job's first process takes the checkpoint, to PROGRAM.PID_ckpt
 * in its working directory, with its own rights. The first process is the one
 * with the lowest id of those whose parent is outside of the group.
 *
 *	thread     tty_ckpt_hook      marks the process (P_CKPTKEY), pokes it;
 *	                              takes no memory, cannot fail
 *	boundary   ckpt_key_request   the process makes the request that tckpt()
 *	                              would have left
 *	outcome    ckpt_key_report    a line in the log, and one on the terminal
 *	                              unless the job has switched echo off
 *
 * A session leader that ignores SIGTSTP is a shell at its prompt: ^Z stops no
 * job then, and this character saves none.
 */
#include "ckpt/ckpt.h"
#include "fs/file.h"
#include "fs/tty.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/signal.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/sched/lwp_impl.h"
#include "proc/pgrp.h"
#include "proc/proctab.h"
#include "proc/sched/sleep.h"

#define NAME_SIZE (sizeof(((struct proc *)0)->p_comm) + 16 + sizeof(CKPT_SUFFIX))

/*
 * Was p restored under its saved ids, which its parent, the waiting recover(1),
 * does not share?
 * Locks: pidlock.
 */
static bool is_recovered(const struct proc *p)
{
	ASSERT(spin_held(&pidlock));
	return p->p_pidspace && p->p_pidspace != p->p_parent->p_pidspace;
}

/*
 * May p be the first process of group pgrp's job?
 * Locks: pidlock.
 */
static bool is_job(struct proc *p, pid_t pgrp)
{
	bool job;

	ASSERT(spin_held(&pidlock));
	spin_lock(&p->p_lock);
	job = p->p_stat == PS_ACTIVE && !(p->p_flags & P_EXITING) &&
	      (p->p_parent->p_pgid != pgrp || is_recovered(p)) &&
	      !(p->p_pid == p->p_sid && p->p_sigact[K_SIGTSTP - 1].sa_handler == K_SIG_IGN);
	spin_unlock(&p->p_lock);
	return job;
}

/* The best candidate for the job's first process, as far as a walk has come. */
struct choice {
	u64 ch_order; /* 0: none */
	pid_t ch_pid;
	bool ch_recovered;
};

/*
 * A restored process comes before the recover(1) that waits for it; else the
 * lower id comes first.
 * Locks: pidlock.
 */
static bool comes_first(const struct proc *p, const struct choice *ch)
{
	ASSERT(spin_held(&pidlock));
	if (!ch->ch_order)
		return true;
	return is_recovered(p) == ch->ch_recovered ? p->p_pid < ch->ch_pid : is_recovered(p);
}

/*
 * The first process of group pgrp's job.
 * Returns: NULL: there is none. Locks: pidlock.
 */
static struct proc *key_find_first(pid_t pgrp)
{
	struct choice ch = { 0 };
	struct proc_walk w;
	struct proc *p;

	ASSERT(spin_held(&pidlock));
	walk_group(&w, pgrp, WALK_MANY);
	while ((p = walk_next(&w))) {
		if (is_job(p, pgrp) && comes_first(p, &ch))
			ch = (struct choice){ p->p_order, p->p_pid, is_recovered(p) };
	}
	return ch.ch_order ? proctab_at(ch.ch_order) : NULL;
}

static void key_typed(struct tty *t, pid_t pgrp)
{
	struct proc *first;

	spin_lock(&pidlock);
	first = key_find_first(pgrp);
	if (first) {
		spin_lock(&first->p_lock);
		first->p_flags |= P_CKPT | P_CKPTKEY;
		proc_poke(first);
		/* A stopped process is at the boundary already. */
		wakeup(&first->p_flags);
		spin_unlock(&first->p_lock);
	}
	spin_unlock(&pidlock);
}

static struct ratelimit key_limit = RATELIMIT_INIT("ckpt: key", KDEBUG);

/*
 * A program may give itself any name: here it becomes a name with no directory,
 * and with nothing that disturbs a terminal.
 */
static void image_name(const struct proc *p, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s.%d%s", p->p_comm[0] ? p->p_comm : "process", p->p_pid, CKPT_SUFFIX);
	for (char *c = name; *c; c++) {
		if (*c == '/' || *c < ' ' || *c > '~')
			*c = '_';
	}
}

static const char *reason(int error)
{
	switch (error) {
	case EOPNOTSUPP: return "its state cannot be saved, see dmesg";
	case EBUSY: return "another checkpoint of the job is under way";
	case EPERM: return "not permitted";
	case EACCES:
	case EROFS: return "its directory cannot be written";
	case ENOSPC:
	case EDQUOT: return "no space left";
	case ENOMEM: return "not enough memory";
	case ESRCH: return "the process has exited";
	case ETIMEDOUT: return "a process did not come to a stand in time, see dmesg";
	case EINTR: return "a signal ended the process";
	default: return "see dmesg";
	}
}

static void say_failed(struct tty *t, pid_t sid, pid_t pgrp, const char *name, int error)
{
	char text[160];

	snprintf_visible(text, sizeof(text), "[%s: not saved: %s]", name, reason(error));
	tty_message(t, sid, pgrp, text);
}

static int make_request(struct proc *p, struct tty *t, struct ckpt_request **rqp)
{
	u32 flags = CKPT_JOB;
	struct tty_state st;
	char name[NAME_SIZE];
	int error;

	if (t) {
		tty_get_state(t, &st);
		if (st.ts_termios.c_lflag & CKPTFORK)
			flags |= CKPT_FORKED;
	}
	image_name(p, name);
	error = ckpt_request_make(name, flags, rqp);
	if (error)
		return error;
	(*rqp)->rq_tty = t;
	(*rqp)->rq_sid = p->p_sid;
	(*rqp)->rq_pgrp = p->p_pgid;
	return 0;
}

static bool take_mark(struct proc *p)
{
	bool marked;

	spin_lock(&p->p_lock);
	marked = (p->p_flags & P_CKPTKEY) != 0;
	p->p_flags &= ~P_CKPTKEY;
	spin_unlock(&p->p_lock);
	return marked;
}

void ckpt_key_request(void)
{
	struct proc *p = curproc();
	struct tty *t = session_tty();
	struct ckpt_request *rq;
	char name[NAME_SIZE];
	int error;

	if (!take_mark(p))
		return;
	/*
	 * The user at the terminal may have fewer rights than a set-id or
	 * undumpable program.
	 */
	error = p->p_flags & (P_SUGID | P_NODUMP) ? -EPERM : make_request(p, t, &rq);
	if (error) {
		printk_limited(&ckpt_limit, "ckpt: %s: not saved (error %d)\n", p->p_comm, -error);
		image_name(p, name);
		if (t)
			say_failed(t, p->p_sid, p->p_pgid, name, -error);
		return;
	}
	spin_lock(&p->p_lock);
	if (p->p_ckpt) {
		error = -EBUSY;
	} else {
		p->p_ckpt = rq;
		p->p_flags |= P_CKPT;
	}
	spin_unlock(&p->p_lock);
	if (error) {
		rq->rq_stats.cs_error = EBUSY;
		ckpt_key_report(rq);
		ckpt_request_rele(rq);
	}
}

void ckpt_key_report(const struct ckpt_request *rq)
{
	const char *name = ckpt_request_name(rq);
	const struct ckpt_stats *st = &rq->rq_stats;
	char text[160];

	if (!rq->rq_tty)
		return;
	if (st->cs_error) {
		printk_limited(&key_limit, KDEBUG "ckpt: %s: not saved (error %d)\n", rq->rq_path, st->cs_error);
		say_failed(rq->rq_tty, rq->rq_sid, rq->rq_pgrp, name, st->cs_error);
		return;
	}
	printk_limited(&key_limit, KDEBUG "ckpt: %s: saved, %llu bytes\n", rq->rq_path, st->cs_bytes);
	snprintf_visible(text, sizeof(text), "[%s: saved, %u KiB]", name, (u32)(st->cs_bytes / 1024));
	tty_message(rq->rq_tty, rq->rq_sid, rq->rq_pgrp, text);
}

void ckpt_key_init(void)
{
	tty_ckpt_hook = key_typed;
}
