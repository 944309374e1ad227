/* SPDX-License-Identifier: MIT */
/*
 * Terminals: a line discipline (fs/tty_ldisc.h) between hardware (struct
 * termdev) and programs; controlling terminals, job control, hangup. Each
 * termdev has one struct tty, made at start-up and never freed, so a pointer to
 * it stays valid. Pseudo terminals are made on demand, and reused.
 *
 * Locks: t_lock (LR_TTY) guards all of struct tty, from interrupts too.
 *   Functions of proc/pgrp.h and signals take pidlock, so they are called
 *   without t_lock.
 *
 * A reader or writer first claims the tty for that direction, so that lines and
 * writes of several programs do not mix. Waiting for a claim is interruptible.
 * Waiting for input or room is restartable (-ERESTARTSYS).
 *
 * Devices: 4,64.. ttyS0.. ; 4,1 tty1 (also 4,0); 5,0 the caller's controlling
 * terminal; 5,1 the console; 5,2 ptmx; 136 pts.
 */
#ifndef FS_TTY_H
#define FS_TTY_H

#include "kernel/abi/termios.h"
#include "kernel/lib/types.h"

struct file;
struct tty;

/*
 * Makes the ttys of all termdevs, and registers the devices and their names.
 * After termdev_choose_console() and devfs.
 */
void tty_init(void);

/* The state of a terminal that a checkpoint saves. */
struct tty_state {
	struct abi_termios ts_termios;
	struct abi_winsize ts_winsize;
};
/* The terminal that f is open on; NULL: f is no terminal, or was hung up. */
struct tty *file_tty(struct file *f);
void tty_get_state(struct tty *t, struct tty_state *st);
void tty_set_state(struct tty *t, const struct tty_state *st);

/* For /proc and messages. */
const char *tty_name(const struct tty *t);
dev_t tty_rdev(const struct tty *t);
pid_t tty_foreground(const struct tty *t); /* process group, 0: none */

/*
 * Replaces foreground group `from` by `to`, if `from` is in the foreground and
 * the terminal controls session sid.
 */
void tty_hand_over(struct tty *t, pid_t sid, pid_t from, pid_t to);

/*
 * Hangs up as a dead line would: open files read end of file, and writes give
 * -EIO; the session loses the terminal; its leader and its foreground group get
 * SIGHUP and SIGCONT.
 * Sleeps: yes.
 */
void tty_hangup(struct tty *t);
/*
 * Prints a line of the kernel on t, if session sid has t, and t echoes or its
 * foreground group is not pgrp. The line is about pgrp: if another group is in
 * the foreground, a program such as a shell has turned echo off for its prompt.
 * Never waits. Any context.
 */
void tty_message(struct tty *t, pid_t sid, pid_t pgrp, const char *text);
/*
 * Called when the checkpoint character was typed at t, with foreground group
 * pgrp. No lock held; not from interrupts. Set by ckpt/; may be NULL.
 */
extern void (*tty_ckpt_hook)(struct tty *t, pid_t pgrp);
/*
 * Before power-off: waits until all terminals have sent their output, at most
 * ten seconds, but not for a stopped terminal.
 * Sleeps: yes.
 */
void tty_drain_all(void);
/*
 * Mounts /dev/pts. /dev is mounted.
 * Errors: of mkdir(2) and mount(2).
 */
int pts_show(void);

#endif
