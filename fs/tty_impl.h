/* SPDX-License-Identifier: MIT */
/* Inside the tty layer. */
#ifndef FS_TTY_IMPL_H
#define FS_TTY_IMPL_H

#include "fs/dev.h"
#include "fs/file.h"
#include "fs/poll.h"
#include "fs/tty.h"
#include "fs/tty_ldisc.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/dev/chardev.h"
#include "kernel/lib/list.h"
#include "kernel/lib/lock.h"

struct tty {
	struct termdev *t_td; /* fixed, as is t_link */
	struct list t_link;

	struct spinlock t_lock;
	struct ldisc *t_ld;
	struct abi_winsize t_win;
	struct list t_files; /* struct ttyfile */
	u32 t_opens;
	bool t_throttled;	   /* the hardware holds input back */
	bool t_excl;		   /* TIOCEXCL */
	bool t_reading, t_writing; /* claimed */
	bool t_wait_room;	   /* somebody waits for room or for the end of output */
	pid_t t_sid, t_pgrp;	   /* session that it controls, foreground group; 0: none */
	struct pollhead t_poll;
};

/* One open description. */
struct ttyfile {
	struct list tf_link;
	struct tty *tf_tty;
	bool tf_console; /* opened as /dev/console: outlives a hangup ... */
	pid_t tf_sid;	 /* ... unless it was that session's */
	bool tf_hung;
};

/* Channels: each is the address of what is waited for. */
static inline const void *tty_chan_in(const struct tty *t)
{
	return &t->t_ld->ld_in;
}
static inline const void *tty_chan_out(const struct tty *t)
{
	return &t->t_ld->ld_out;
}

/* fs/tty.c */
/* Hands to the hardware what it takes; wakes who waits for room. t_lock. */
void tty_pump(struct tty *t);
/* Lets the hardware go on, or holds it back, as the input ring demands. t_lock. */
void tty_update_throttle(struct tty *t);
/* Sleeps (interruptibly) until *claim is free and takes it. t_lock. -EAGAIN if nonblock, -ERESTARTSYS. */
int tty_claim(struct tty *t, bool *claim, bool nonblock);
void tty_unclaim(struct tty *t, bool *claim);
/* Waits until everything is sent. t_lock. -EIO: hung up, -ERESTARTSYS. */
int tty_drain(struct tty *t, const struct ttyfile *tf);
/* Applies settings to the line discipline and the hardware. t_lock. */
void tty_set_termios(struct tty *t, const struct abi_termios *termios);
void tty_set_winsize(struct tty *t, const struct abi_winsize *ws); /* t_lock not held */
struct tty *tty_find(dev_t dev);
struct tty *tty_add(struct termdev *td);

/* fs/tty_rw.c */
int tty_read(struct ttyfile *tf, struct uio *u, u32 flags);
int tty_write(struct ttyfile *tf, struct uio *u, u32 flags);
u32 tty_poll(struct ttyfile *tf, struct poller *p);

/* fs/tty_job.c */
/*
 * May the current process, if it is in the background of t, its controlling terminal, go on? sig: SIGTTIN for reading, SIGTTOU for
 * writing and changing. 0; -ERESTARTSYS: its group has been sent sig; -EIO.
 */
int tty_job_check(struct tty *t, int sig);
void tty_open_session(struct tty *t); /* opening without O_NOCTTY */
int tty_sctty(struct tty *t, u32 arg);
int tty_notty(struct tty *t);
int tty_gpgrp(struct tty *t, uaddr_t arg);
int tty_spgrp(struct tty *t, uaddr_t arg);
int tty_gsid(struct tty *t, uaddr_t arg);
void tty_job_init(void);

/* fs/tty_ioctl.c */
int tty_ioctl(struct ttyfile *tf, u32 cmd, uaddr_t arg);

/* fs/tty_dev.c */
void tty_dev_init(void);
int tty_open_file(struct tty *t, struct file *f, bool console);
void tty_close_file(struct file *f);

#endif
