/* SPDX-License-Identifier: MIT */
/*
 * Pseudo terminals as a checkpoint sees them: all that there is of a pair, and a pair made from that. A pair is known by its slave, a
 * struct tty. May sleep, but for what only looks.
 */
#ifndef FS_TTY_PTY_H
#define FS_TTY_PTY_H

#include "fs/tty.h"
#include "fs/tty_ldisc.h"

struct vnode;

#define PTMX_DEV MAKEDEV(5, 2)
#define PTY_MAX 32u
#define PTY_RING 4096u /* bytes that the slave has printed and the master may read */

#define PTYS_MASTER 1u	  /* is open; if not, what is open of the slave was hung up */
#define PTYS_LOCKED 2u	  /* the slave may not be opened yet */
#define PTYS_HAD_SLAVE 4u /* it was open once: when it is not, the master reads its end */
#define PTYS_EXCL 8u	  /* TIOCEXCL */
#define PTYS_HELD 16u /* input is held back: the slave's programs have not read what came before */
#define PTYS_FLAGS 31u

struct pty_state {
	u32 ps_flags; /* PTYS_* */
	u32 ps_opens; /* descriptions of the slave; while the master is open, those that were not hung up */
	pid_t ps_sid, ps_pgrp;
	u32 ps_uid, ps_gid, ps_mode; /* of /dev/pts/N: permission bits */
	struct tty_state ps_tty;
	struct ldisc_state ps_ld;
	u32 ps_nsent;
	u8 ps_sent[PTY_RING]; /* zeros behind ps_nsent */
};

/* The slave of the pair whose master f is; NULL: it is none. */
struct tty *file_pty_of_master(struct file *f);
/* The pseudo terminal that f is open on as a slave, also when its master is gone; NULL: none. */
struct tty *file_pty(struct file *f);
u32 pty_number(const struct tty *t);
bool pty_has_master(const struct tty *t);
/* A device node that a slave can be open as: any terminal's, but no master's. */
bool tty_is_node(const struct vnode *vp);
void pty_get_state(struct tty *t, struct pty_state *ps);

/*
 * f, fresh from file_alloc() on the vnode of /dev/ptmx, becomes the master of a pair in that state, without sessions and descriptions:
 * number n, or PTY_MAX: any. The node is the caller's, who may give it away only as the superuser. -EBUSY: number n is in use; -ENOSPC, -ENOMEM
 */
int pty_make(struct file *f, u32 n, const struct pty_state *ps);
/* f, fresh from file_alloc(), becomes a description of slave t, whatever its state forbids. -ENOMEM */
int pty_open_slave(struct file *f, struct tty *t);
/* It controls session sid, with group pgrp in the foreground. */
void pty_set_session(struct tty *t, pid_t sid, pid_t pgrp);

#endif
