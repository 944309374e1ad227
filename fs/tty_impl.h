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
	u32 t_live; /* open files that are not hung up */
	/* Called with t_lock held when t_live becomes 0; may be NULL. */
	void (*t_alone)(struct tty *t);
	bool t_throttled;	   /* the hardware holds input back */
	bool t_excl;		   /* TIOCEXCL */
	bool t_reading, t_writing; /* claimed by a reader, a writer */
	bool t_wait_room;	   /* an lwp waits for room, or for the end */
	/* The session it controls, its foreground group; 0: none. */
	pid_t t_sid, t_pgrp;
	struct pollhead t_poll;
	/*
	 * Typed keys that the foreground group has not been told of: see
	 * tty_keys_later().
	 */
	struct later t_keylater;
	u32 t_keys; /* LD_EV_* */
	pid_t t_keypgrp;
};

/* One open file. */
struct ttyfile {
	struct list tf_link;
	struct tty *tf_tty;
	bool tf_console; /* opened as /dev/console: survives a hangup ... */
	pid_t tf_sid;	 /* ... unless it was that session's */
	bool tf_hung;
	bool tf_readable;
};

/* Sleep channels: each is the address of the awaited thing. */
static inline const void *tty_chan_in(const struct tty *t)
{
	return &t->t_ld->ld_in;
}
static inline const void *tty_chan_out(const struct tty *t)
{
	return &t->t_ld->ld_out;
}

/* fs/tty.c */
/*
 * Gives the hardware as much as it takes; wakes lwps that wait for room.
 * t_lock.
 */
void tty_pump(struct tty *t);
/*
 * Does that again as long as the hardware takes more, with t_lock released in
 * between. t_lock.
 */
void tty_pump_all(struct tty *t);
/* Throttles the hardware, or not, as the input ring demands. t_lock. */
void tty_update_throttle(struct tty *t);
/*
 * Sleeps (interruptibly) until *claim is free, and takes it. t_lock.
 * Errors: -EAGAIN (nonblock), -ERESTARTSYS
 */
int tty_claim(struct tty *t, bool *claim, bool nonblock);
void tty_unclaim(struct tty *t, bool *claim);
/*
 * Waits until all output is sent. t_lock.
 * Errors: -EIO (hung up), -ERESTARTSYS
 */
int tty_drain(struct tty *t, const struct ttyfile *tf);
/* Applies settings to the line discipline and the hardware. t_lock. */
void tty_set_termios(struct tty *t, const struct abi_termios *termios);
/* t_lock not held */
void tty_set_winsize(struct tty *t, const struct abi_winsize *ws);
/*
 * Takes the terminal from its session; the foreground group gets SIGHUP and
 * SIGCONT. Open files stay usable. t_lock not held.
 */
void tty_leave_session(struct tty *t);
struct tty *tty_find(dev_t dev);
/*
 * Makes a tty of td, which cannot be opened until tty_start(). NULL: out of
 * memory.
 */
struct tty *tty_create(struct termdev *td);
/* Gives it a new line discipline. -ENOMEM. */
int tty_start(struct tty *t);
/*
 * Removes the line discipline of an unused tty (t_lock), for the caller to free
 * without the lock.
 */
struct ldisc *tty_stop(struct tty *t);
/* Called by hardware and by pseudo terminals. t_lock not held. */
void tty_input(struct tty *t, const u8 *buf, size_t len);

/* fs/tty_rw.c */
int tty_read(struct ttyfile *tf, struct uio *u, u32 flags);
int tty_write(struct ttyfile *tf, struct uio *u, u32 flags);
u32 tty_poll(struct ttyfile *tf, struct poller *p);

/* fs/tty_job.c */
/*
 * Job control: may the current process, in the background of its controlling
 * terminal t, go on? sig: SIGTTIN for reading, SIGTTOU for writing and
 * changing.
 * Errors: -ERESTARTSYS (its group was sent sig), -EIO
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
 * Acts on the keys LD_EV_* for the group: signals, a checkpoint. tty_keys(): at
 * once, no locks held, not in an interrupt. tty_keys_later(): soon, by a
 * thread, from an interrupt, because users choose how many processes the group
 * has.
 */
void tty_keys(struct tty *t, pid_t pgrp, u32 events);
void tty_keys_later(struct tty *t, pid_t pgrp, u32 events);
bool tty_keys_do(struct later *la); /* for tty_create() */

/* fs/tty_ioctl.c */
int tty_ioctl(struct ttyfile *tf, u32 cmd, uaddr_t arg);
/*
 * The ioctls that the master of a pseudo terminal has too: settings and queues.
 * Errors: -ENOTTY (another command)
 */
int tty_ioctl_line(struct ttyfile *tf, u32 cmd, uaddr_t arg);

/* fs/tty_dev.c */
#define TTY_ASK 1u     /* refuse what the terminal's state forbids */
#define TTY_CONSOLE 2u /* opened as /dev/console */
/*
 * Makes f an open file of t: f_data becomes a struct ttyfile. how: TTY_*.
 * Errors: -ENOMEM; with TTY_ASK: -EIO, -EBUSY
 */
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
/* The last open file of the slave was closed. t_lock not held. */
void pty_slave_closed(struct tty *t);
/* Does pseudo terminal n exist, that is, is its master open? */
bool pty_exists(u32 n);
/* The attributes of its node: owner and mode, set by the open of the master. */
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
