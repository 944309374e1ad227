/* SPDX-License-Identifier: MIT */
/* Pseudo terminals for checkpoints: see fs/tty_pty.h. */
#include "fs/tty_pty_impl.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "proc/cred.h"

static struct pty *pty_of(const struct tty *t)
{
	return td_pty(t->t_td);
}

u32 pty_number(const struct tty *t)
{
	return DEVMINOR(tty_rdev(t));
}

bool pty_has_master(const struct tty *t)
{
	return pty_exists(pty_number(t));
}

static void get_node(const struct tty *t, struct pty_state *ps)
{
	struct pty_node pn;

	if (!pty_get_node(pty_number(t), &pn))
		return; /* the master is gone, and so is the node */
	ps->ps_uid = pn.pn_uid;
	ps->ps_gid = pn.pn_gid;
	ps->ps_mode = pn.pn_mode;
}

void pty_get_state(struct tty *t, struct pty_state *ps)
{
	struct pty *p = pty_of(t);

	memset(ps, 0, sizeof(*ps));
	get_node(t, ps);
	spin_lock(&t->t_lock);
	ps->ps_flags = (p->p_master ? PTYS_MASTER : 0) | (p->p_locked ? PTYS_LOCKED : 0) |
		       (p->p_had_slave ? PTYS_HAD_SLAVE : 0) | (t->t_excl ? PTYS_EXCL : 0) |
		       (t->t_throttled ? PTYS_HELD : 0);
	ps->ps_opens = p->p_master ? t->t_live : t->t_opens;
	ps->ps_sid = t->t_sid;
	ps->ps_pgrp = t->t_pgrp;
	ps->ps_tty.ts_termios = t->t_ld->ld_t;
	ps->ps_tty.ts_winsize = t->t_win;
	ldisc_get_state(t->t_ld, &ps->ps_ld);
	/* Without a master nobody can read it any more. */
	ps->ps_nsent = p->p_master ? pty_queued(p) : 0;
	for (u32 i = 0; i < ps->ps_nsent; i++)
		ps->ps_sent[i] = p->p_ring[(p->p_head + i) % PTY_RING];
	spin_unlock(&t->t_lock);
}

static void put_node(const struct tty *t, const struct pty_state *ps)
{
	const struct cred *me = cred_cur();
	struct pty_node pn;

	if (!pty_get_node(pty_number(t), &pn) || (!cred_super(me) && ps->ps_uid != me->cr_fsuid))
		return;
	pn.pn_mode = ps->ps_mode & 07777;
	if (cred_super(me)) {
		pn.pn_uid = ps->ps_uid;
		pn.pn_gid = ps->ps_gid;
	}
	pty_set_node(pty_number(t), &pn);
}

int pty_make(struct file *f, u32 n, const struct pty_state *ps)
{
	int error = pty_begin(f, n);
	struct pty *p = f->f_data;
	struct tty *t;

	if (error)
		return error;
	f->f_opened = true;
	t = pty_slave(p);
	put_node(t, ps);
	spin_lock(&t->t_lock);
	p->p_locked = ps->ps_flags & PTYS_LOCKED;
	p->p_had_slave = ps->ps_flags & PTYS_HAD_SLAVE;
	t->t_excl = ps->ps_flags & PTYS_EXCL;
	t->t_throttled = ps->ps_flags & PTYS_HELD;
	t->t_win = ps->ps_tty.ts_winsize;
	t->t_ld->ld_t = ps->ps_tty.ts_termios;
	ldisc_put_state(t->t_ld, &ps->ps_ld);
	memcpy(p->p_ring, ps->ps_sent, ps->ps_nsent);
	p->p_tail = ps->ps_nsent;
	spin_unlock(&t->t_lock);
	return 0;
}

int pty_open_slave(struct file *f, struct tty *t)
{
	int error = tty_attach(t, f, 0);

	f->f_opened = !error;
	return error;
}

void pty_set_session(struct tty *t, pid_t sid, pid_t pgrp)
{
	spin_lock(&t->t_lock);
	t->t_sid = sid;
	t->t_pgrp = pgrp;
	spin_unlock(&t->t_lock);
}
