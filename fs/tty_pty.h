/* SPDX-License-Identifier: MIT */
/*
 * Pseudo terminals for checkpoints: the state of a pair, and making a pair from
 * it. The slave, a struct tty, identifies a pair.
 * Sleeps: all functions but those that only read.
 */
#ifndef FS_TTY_PTY_H
#define FS_TTY_PTY_H

#include "fs/tty.h"
#include "fs/tty_ldisc.h"

struct vnode;

#define PTMX_DEV MAKEDEV(5, 2)
#define PTY_MAX 32u
#define PTY_RING 4096u /* bytes printed by the slave, unread by the master */

/* is open; if not, the slave's open files were hung up */
#define PTYS_MASTER 1u
#define PTYS_LOCKED 2u /* the slave may not be opened yet */
/* it was open: once closed, the master reads end of file */
#define PTYS_HAD_SLAVE 4u
#define PTYS_EXCL 8u  /* TIOCEXCL */
#define PTYS_HELD 16u /* input is held back: older input is unread */
#define PTYS_FLAGS 31u

struct pty_state {
	u32 ps_flags; /* PTYS_* */
	/*
	 * Open files of the slave; while the master is open, those not hung up.
	 */
	u32 ps_opens;
	pid_t ps_sid, ps_pgrp;
	/* of /dev/pts/N: mode has permission bits only */
	u32 ps_uid, ps_gid, ps_mode;
	struct tty_state ps_tty;
	struct ldisc_state ps_ld;
	u32 ps_nsent;
	u8 ps_sent[PTY_RING]; /* zeros behind ps_nsent */
};

/* The slave of the pair whose master is f; NULL: f is no master. */
struct tty *file_pty_of_master(struct file *f);
/*
 * The pseudo terminal whose slave f is, even after its master closed; NULL:
 * none.
 */
struct tty *file_pty(struct file *f);
u32 pty_number(const struct tty *t);
bool pty_has_master(const struct tty *t);
/*
 * Is it a device node that a slave can be opened by: of any terminal, but no
 * master?
 */
bool tty_is_node(const struct vnode *vp);
void pty_get_state(struct tty *t, struct pty_state *ps);

/*
 * Makes f, fresh from file_alloc() on the vnode of /dev/ptmx, the master of a
 * pair in that state, without sessions and open slaves. Number n; PTY_MAX: any.
 * The caller owns the node; only the superuser may give it to another user.
 * Errors: -EBUSY (number n is in use), -ENOSPC, -ENOMEM
 */
int pty_make(struct file *f, u32 n, const struct pty_state *ps);
/*
 * Makes f, fresh from file_alloc(), an open file of slave t, whatever the state
 * of t forbids.
 * Errors: -ENOMEM
 */
int pty_open_slave(struct file *f, struct tty *t);
/* Makes t control session sid, with foreground group pgrp. */
void pty_set_session(struct tty *t, pid_t sid, pid_t pgrp);

#endif
