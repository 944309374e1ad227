/* SPDX-License-Identifier: MIT */
/* A pseudo terminal; shared by fs/tty_pty.c and its neighbours. */
#ifndef FS_TTY_PTY_IMPL_H
#define FS_TTY_PTY_IMPL_H

#include "fs/tty_impl.h"

struct pty {
	struct termdev p_td; /* td_tty: the slave */
	char p_name[8];	     /* "pts/31" */
	bool p_used;
	struct pty_node p_node;

	bool p_master; /* open */
	bool p_locked; /* the slave may not be opened yet: unlockpt(3) */
	/* was open: after its close, the master reads end of file */
	bool p_had_slave;
	bool p_reading, p_writing;
	u8 *p_ring;
	u32 p_head, p_tail;
	struct pollhead p_poll;
};

static inline struct tty *pty_slave(const struct pty *p)
{
	return p->p_td.td_tty;
}

static inline struct pty *td_pty(struct termdev *td)
{
	return container_of(td, struct pty, p_td);
}

static inline u32 pty_queued(const struct pty *p)
{
	return p->p_tail - p->p_head;
}

/*
 * Allocates a pair with master f: number n; PTY_MAX: the first free number.
 * Errors: -EBUSY (n is not free), -ENOSPC (none is), -ENOMEM
 */
int pty_begin(struct file *f, u32 n);

#endif
