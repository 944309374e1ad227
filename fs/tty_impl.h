/* SPDX-License-Identifier: MIT */
/* Inside the tty layer. */
#ifndef FS_TTY_IMPL_H
#define FS_TTY_IMPL_H

#include "fs/dev.h"
#include "fs/file.h"
#include "fs/poll.h"
#include "fs/tty.h"
#include "fs/tty_ldisc.h"
#include "fs/tty_pty.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/dev/chardev.h"
#include "kernel/lib/list.h"
#include "kernel/lib/lock.h"
#include "proc/sched/later.h"

struct tty {
	struct termdev *t_td; /* fixed, as is t_link */
	struct list t_link;

	struct spinlock t_lock;
	struct ldisc *t_ld; /* NULL: a pseudo terminal that is not in use */
	struct abi_winsize t_win;
	struct list t_files; /* struct ttyfile */
	u32 t_opens;
	u32 t_live; /* of these, not hung up */
	/* t_live went to 0; NULL: nothing. t_lock held */
	void (*t_alone)(struct tty *t);
	bool t_throttled;	   /* the hardware holds input back */
	bool t_excl;		   /* TIOCEXCL */
	bool t_reading, t_writing; /* claimed */
	bool t_wait_room;	   /* somebody waits for room or for the end of output */
	pid_t t_sid, t_pgrp;	   /* session that it controls, foreground group; 0: none */
	struct pollhead t_poll;
	/* Keys of the hardware that the foreground group is still to be told of: see tty_keys_later(). */
	struct later t_keylater;
	u32 t_keys; /* LD_EV_* */
	pid_t t_keypgrp;
};

/* One open description. */
struct ttyfile {
	struct list tf_link;
	struct tty *tf_tty;
	bool tf_console; /* opened as /dev/console: outlives a hangup ... */
	pid_t tf_sid;	 /* ... unless it was that session's */
	bool tf_hung;
	bool tf_readable;
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
/* Its session loses the terminal: the foreground group gets SIGHUP and SIGCONT. What is open goes on. t_lock not held. */
void tty_leave_session(struct tty *t);
struct tty *tty_find(dev_t dev);
/* A tty of td, which cannot be opened until tty_start(). NULL: no memory. */
struct tty *tty_create(struct termdev *td);
/* Gives it a line discipline in its first state. -ENOMEM. */
int tty_start(struct tty *t);
/* The caller has found it unused (t_lock): takes the line discipline away, for the caller to free without the lock. */
struct ldisc *tty_stop(struct tty *t);
/* From the hardware's side, also for pseudo terminals. t_lock not held. */
void tty_input(struct tty *t, const u8 *buf, size_t len);

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
int tty_sctty(struct ttyfile *tf, u32 arg);
int tty_notty(struct tty *t);
int tty_gpgrp(struct tty *t, uaddr_t arg);
int tty_spgrp(struct tty *t, uaddr_t arg);
int tty_gsid(struct tty *t, uaddr_t arg);
void tty_job_init(void);

/*
 * What the keys of these LD_EV_* mean for the group: signals, a checkpoint. Now, no locks held, not from an interrupt / soon, by a
 * thread, from an interrupt: how many processes the group has, users decide.
 */
void tty_keys(struct tty *t, pid_t pgrp, u32 events);
void tty_keys_later(struct tty *t, pid_t pgrp, u32 events);
bool tty_keys_do(struct later *la); /* for tty_create() */

/* fs/tty_ioctl.c */
int tty_ioctl(struct ttyfile *tf, u32 cmd, uaddr_t arg);
/* Those that the master of a pseudo terminal has too: settings and queues. -ENOTTY: another one. */
int tty_ioctl_line(struct ttyfile *tf, u32 cmd, uaddr_t arg);

/* fs/tty_dev.c */
#define TTY_ASK 1u     /* what the state of the terminal forbids is refused */
#define TTY_CONSOLE 2u /* opened as /dev/console */
/* f becomes a description of t: f_data is a struct ttyfile. how: TTY_*. -ENOMEM; TTY_ASK: -EIO, -EBUSY */
int tty_attach(struct tty *t, struct file *f, u32 how);
void tty_dev_init(void);

/* fs/tty_pty.c: pseudo terminals. */
#define PTY_MAJOR 136
void pty_init(void);
int pty_open_master(struct file *f);
void pty_close_master(struct file *f);
int pty_read(struct uio *u, struct file *f);
int pty_write(struct uio *u, struct file *f);
int pty_ioctl(struct file *f, u32 cmd, uaddr_t arg);
u32 pty_poll(struct file *f, struct poller *p);
/* May the slave be opened? t_lock. 0 or -EIO. */
int pty_may_open(struct tty *t);
/* The slave's last description is closed. t_lock not held. */
void pty_slave_closed(struct tty *t);
/* Is pseudo terminal n there, that is, its master open? */
bool pty_exists(u32 n);
/* Its node's attributes: owner and mode, as the opener of the master has set them. */
struct pty_node {
	uid_t pn_uid;
	gid_t pn_gid;
	mode_t pn_mode;
	struct timespec_k pn_time;
};
bool pty_get_node(u32 n, struct pty_node *pn);
void pty_set_node(u32 n, const struct pty_node *pn);

/* fs/tty_pts.c: the file system for /dev/pts. */
void pts_init(void);

#endif
