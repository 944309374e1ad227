/* SPDX-License-Identifier: MIT */
/*
 * Terminals: a line discipline (fs/tty_ldisc.h) between a piece of hardware (struct termdev) and programs; controlling terminals, job
 * control, hangup. One struct tty for each termdev, made at start-up and kept for ever; so a pointer to one is
 * always good. Ends of pseudo terminals are made on demand, and used again.
 *
 * Locks: t_lock (LR_TTY) guards all of struct tty. It is taken from interrupts. Process-side functions of proc/pgrp.h and signals take
 * pidlock, so they are called without it.
 *
 * Whoever reads or writes claims the tty for that direction first, so that lines and writes of several programs do
 * not mix; a claim is waited for interruptibly. Waiting for input or for room is restartable (-ERESTARTSYS).
 *
 * Devices: 4,64.. ttyS0.. ; 4,1 tty1 (also 4,0); 5,0 the caller's controlling terminal; 5,1 the console; 5,2 ptmx; 136 pts.
 */
#ifndef FS_TTY_H
#define FS_TTY_H

#include "kernel/abi/termios.h"
#include "kernel/lib/types.h"

struct file;
struct tty;

/* Makes a tty of every termdev, registers the devices and their names. After termdev_choose_console() and devfs. */
void tty_init(void);

/* What of a terminal a checkpoint keeps. */
struct tty_state {
	struct abi_termios ts_termios;
	struct abi_winsize ts_winsize;
};
/* The terminal that f is open on; NULL: it is open on something else, or was hung up. */
struct tty *file_tty(struct file *f);
void tty_get_state(struct tty *t, struct tty_state *st);
void tty_set_state(struct tty *t, const struct tty_state *st);

/* For /proc and messages. */
const char *tty_name(const struct tty *t);
dev_t tty_rdev(const struct tty *t);
pid_t tty_foreground(const struct tty *t); /* process group, 0: none */

/* Group `to` takes the place of group `from` in the foreground, if that is there, and the terminal is session sid's. */
void tty_hand_over(struct tty *t, pid_t sid, pid_t from, pid_t to);

/* As if the line had gone dead: open descriptions read end of file and write -EIO; the session loses the terminal; its leader and its
 * foreground group get SIGHUP and SIGCONT. May sleep. */
void tty_hangup(struct tty *t);
/*
 * A line of the kernel's own to those who are in the foreground of t, in session sid, if t echoes; or if they are not group pgrp, whose matter
 * it is: then something else has the terminal, such as the shell with its prompt. Never waits. From interrupts too.
 */
void tty_message(struct tty *t, pid_t sid, pid_t pgrp, const char *text);
/* The checkpoint character was typed at t, whose foreground is pgrp. No lock held; not from interrupts. Registered by ckpt/, may be NULL. */
extern void (*tty_ckpt_hook)(struct tty *t, pid_t pgrp);
/* Waits until all terminals have sent what they hold; not for one that is stopped, and for ten seconds at most. Before power-off. May sleep. */
void tty_drain_all(void);

#endif
