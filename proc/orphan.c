/* SPDX-License-Identifier: MIT */
/* Children whose parent exits: see proc/orphan.h. */
#include "proc/orphan.h"

#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "proc/sched/lwp_impl.h"
#include "proc/sched/sleep.h"
#include "proc/wait.h"

/* processes with P_SUBREAPER (pidlock); 0: no search for them is needed */
static u32 subreapers;

static void set_flag(struct proc *p, u32 flag, bool on)
{
	spin_lock(&p->p_lock);
	p->p_flags = on ? p->p_flags | flag : p->p_flags & ~flag;
	spin_unlock(&p->p_lock);
}

static void switch_reaper(struct proc *p, bool on)
{
	ASSERT(spin_held(&pidlock));
	if (on == !!(p->p_flags & P_SUBREAPER))
		return;
	set_flag(p, P_SUBREAPER, on);
	subreapers += on ? 1u : ~0u;
}

void orphan_set_reaper(struct proc *p, bool on)
{
	spin_lock(&pidlock);
	switch_reaper(p, on);
	spin_unlock(&pidlock);
}

void orphan_reaper_gone(struct proc *p)
{
	switch_reaper(p, false);
}

/*
 * Any lwp of p can be the maker of children whose maker has exited.
 * Returns: 0: p has none left.
 */
static pid_t any_tid(struct proc *p)
{
	struct lwp *l;
	pid_t tid = 0;

	spin_lock(&p->p_lock);
	list_for_each(l, &p->p_lwps, l_plink) {
		if (!l->l_exiting) {
			tid = l->l_tid;
			break;
		}
	}
	spin_unlock(&p->p_lock);
	return tid;
}

void orphan_want_signal(struct lwp *l, u32 sig)
{
	struct proc *p = l->l_proc, *parent = p->p_parent;

	ASSERT(spin_held(&pidlock));
	l->l_opt.lo_pdeathsig = sig;
	if (!sig)
		return;
	set_flag(p, P_DEATHSIG, true);
	if (!parent)
		return;
	set_flag(parent, P_MOURNED, true);
	/* Its maker exited before, without telling it. */
	if (pid_owner(p->p_makertid) != parent)
		p->p_makertid = any_tid(parent);
}

/*
 * The death signals that its lwps asked for, seldom more than one.
 * Locks: pidlock.
 */
static sigset_k wanted_signals(struct proc *c)
{
	sigset_k set = 0;
	struct lwp *l;

	ASSERT(spin_held(&pidlock));
	spin_lock(&c->p_lock);
	list_for_each(l, &c->p_lwps, l_plink)
		set |= l->l_opt.lo_pdeathsig ? SIGBIT(l->l_opt.lo_pdeathsig) : 0;
	spin_unlock(&c->p_lock);
	return set;
}

/*
 * The signal looks as if sent by its maker p. The current lwp belongs to p, or
 * did until now.
 */
static void tell_child(struct proc *p, struct proc *c)
{
	struct abi_siginfo info;
	sigset_k set;

	if (!(c->p_flags & P_DEATHSIG) || c->p_stat != PS_ACTIVE)
		return;
	for (set = wanted_signals(c); set; set &= set - 1) {
		int sig = __builtin_ctzll(set) + 1;

		if (proc_can_signal(c, sig) != 0)
			continue;
		memset(&info, 0, sizeof(info));
		info.si_signo = sig;
		info.si_code = K_SI_USER;
		info.kill.pid = p->p_pid;
		info.kill.uid = cred_cur()->cr_uid;
		(void)signal_proc(c, sig, &info);
	}
}

static bool is_reaper(const struct proc *p)
{
	return (p->p_flags & (P_SUBREAPER | P_EXITING)) == P_SUBREAPER && p->p_stat == PS_ACTIVE;
}

static struct proc *find_reaper(struct proc *p)
{
	struct proc *q;

	for (q = subreapers ? p->p_parent : NULL; q && q != initproc; q = q->p_parent) {
		if (is_reaper(q))
			return q;
	}
	return initproc;
}

/*
 * Tells the new parent of zombies by one SIGCHLD: the old parent did not wait
 * for them.
 */
static void tell_reaper(struct proc *reaper, struct proc *c)
{
	struct abi_siginfo info;

	siginfo_child(&info, c);
	(void)signal_proc(reaper, K_SIGCHLD, &info);
	wait_tell(reaper);
}

static bool ignores_children(const struct proc *p)
{
	const struct abi_sigaction *act = &p->p_sigact[K_SIGCHLD - 1];

	return act->sa_handler == K_SIG_IGN || (act->sa_flags & K_SA_NOCLDWAIT);
}

/* Returns: whether the reaper must be told. */
static bool hand_over(struct proc *c, struct proc *reaper, pid_t maker)
{
	list_remove(&c->p_sibling);
	list_push_back(&reaper->p_children, &c->p_sibling);
	c->p_parent = reaper;
	c->p_makertid = maker;
	c->p_parentexec = reaper->p_nexec;
	if (c->p_flags & P_DEATHSIG)
		set_flag(reaper, P_MOURNED, true);
	if (c->p_exitsig == -1)
		/* about to be reaped: no other process may find it */
		return false;
	c->p_exitsig = K_SIGCHLD;
	return c->p_stat == PS_ZOMBIE;
}

bool orphan_children(struct proc *p, u32 max)
{
	struct proc *reaper, *dead = NULL;
	pid_t maker;

	ASSERT(spin_held(&pidlock));
	if (list_empty(&p->p_children))
		return false;
	reaper = find_reaper(p);
	maker = any_tid(reaper);
	for (u32 n = 0; n < max && !list_empty(&p->p_children); n++) {
		struct proc *c = list_first(&p->p_children, struct proc, p_sibling);

		tell_child(p, c);
		if (hand_over(c, reaper, maker) && !dead)
			dead = c;
	}
	if (dead)
		tell_reaper(reaper, dead);
	return !list_empty(&p->p_children);
}

/* Returns: a zombie child of p whose next parent ignores it; NULL: none. */
static struct proc *find_ignored(struct proc *p)
{
	struct proc *c;

	ASSERT(spin_held(&pidlock));
	if (list_empty(&p->p_children) || !ignores_children(find_reaper(p)))
		return NULL;
	list_for_each(c, &p->p_children, p_sibling) {
		if (c->p_stat == PS_ZOMBIE && c->p_exitsig != -1)
			return c;
	}
	return NULL;
}

void orphan_reap_ignored(struct proc *p)
{
	struct proc *c;

	ASSERT(spin_held(&pidlock));
	while ((c = find_ignored(p))) {
		c->p_exitsig = -1; /* claimed: no wait finds it */
		c->p_ref++;
		spin_unlock(&pidlock);
		wait_reap(c);
		spin_lock(&pidlock);
	}
}

/* Children that one walk looks at before it releases pidlock for a moment. */
#define MAKER_BATCH 8u

/*
 * The lwp `to` (0: any other one) of p counts as the maker of the children that
 * `tid` made. `tell`: tells them that the lwp exits.
 * Locks: takes pidlock, and releases it after every few children.
 */
static void change_maker(struct proc *p, pid_t tid, pid_t to, bool tell)
{
	struct proc *c;
	u32 n;

	spin_lock(&pidlock);
again:
	n = 0;
	list_for_each(c, &p->p_children, p_sibling) {
		if (++n % MAKER_BATCH == 0 && !wait_breathe(p, c))
			goto again;
		if (c->p_makertid != tid)
			continue;
		if (tell)
			tell_child(p, c);
		/* Found anew: an lwp found before may exit by now. */
		c->p_makertid = to ? to : any_tid(p);
	}
	spin_unlock(&pidlock);
}

/* If the whole process exits, orphan_children() tells all children instead. */
void orphan_lwp_ends(struct lwp *l)
{
	struct proc *p = l->l_proc;

	if ((p->p_flags & (P_MOURNED | P_EXITING)) != P_MOURNED)
		return;
	change_maker(p, l->l_tid, 0, true);
}

void orphan_revealed(struct proc *p, pid_t maker, bool oldexit)
{
	ASSERT(spin_held(&pidlock));
	p->p_parentexec = p->p_parent->p_nexec - (oldexit ? 1 : 0);
	p->p_makertid = maker ? maker : any_tid(p->p_parent);
	if (p->p_flags & P_DEATHSIG)
		set_flag(p->p_parent, P_MOURNED, true);
}

void orphan_replaced(struct proc *o, struct proc *h)
{
	ASSERT(spin_held(&pidlock));
	switch_reaper(o, h->p_flags & P_SUBREAPER);
	switch_reaper(h, false);
	if (h->p_flags & P_DEATHSIG)
		set_flag(o, P_DEATHSIG, true);
	if ((h->p_flags & P_DEATHSIG) && o->p_parent)
		set_flag(o->p_parent, P_MOURNED, true);
}

void orphan_maker_renamed(struct proc *p, pid_t from, pid_t to)
{
	if (p->p_flags & P_MOURNED)
		change_maker(p, from, to, false);
}
