/* SPDX-License-Identifier: MIT */
/*
 * Terminals: from the hardware to the line discipline and back; claims,
 * settings, hangup.
 */
#include "fs/tty_impl.h"
#include "kernel/abi/signal.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/pgrp.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/sched/sleep.h"

/* a chip does not tell when its last bit is out */
#define CHIP_POLL_NS NSEC_PER_MSEC
/*
 * Who takes nothing for so long is not waited for, nor is one into which others
 * go on writing.
 */
#define DRAIN_QUIET_NS NSEC_PER_SEC
#define DRAIN_LIMIT_NS (10 * NSEC_PER_SEC)

/* complete after start-up but for ptys; only grows */
static struct list ttys = LIST_INIT(ttys);
static struct spinlock ttys_lock = SPINLOCK_INIT("ttys", LR_TTY);

static void wake_writers(struct tty *t)
{
	if (t->t_wait_room) {
		t->t_wait_room = false;
		wakeup(tty_chan_out(t));
	}
	pollwakeup(&t->t_poll);
}

void tty_pump(struct tty *t)
{
	bool was_full = ldisc_room(t->t_ld) < LD_OUTSIZE / 2;
	const u8 *buf;
	size_t len, took;

	ASSERT(spin_held(&t->t_lock));
	while ((len = ldisc_pull(t->t_ld, &buf)) > 0) {
		took = t->t_td->td_write(t->t_td, buf, len);
		ldisc_pulled(t->t_ld, took);
		if (took < len)
			break;
	}
	if ((t->t_wait_room && ldisc_outq(t->t_ld) == 0) || (was_full && ldisc_room(t->t_ld) >= LD_OUTSIZE / 2))
		wake_writers(t);
}

static void send_xchar(struct tty *t, int which)
{
	if (!(t->t_ld->ld_t.c_iflag & IXOFF))
		return;
	t->t_ld->ld_xchar = t->t_ld->ld_t.c_cc[which];
	tty_pump(t);
}

void tty_pump_all(struct tty *t)
{
	u32 left;

	tty_pump(t);
	do {
		left = ldisc_outq(t->t_ld);
		if (left == 0)
			return;
		spin_unlock(&t->t_lock);
		spin_lock(&t->t_lock);
		tty_pump(t);
	} while (ldisc_outq(t->t_ld) < left);
}

/* A terminal that nobody has open leaves its input with the hardware. */
void tty_update_throttle(struct tty *t)
{
	bool hold = t->t_throttled;

	if (t->t_live == 0 || ldisc_input_full(t->t_ld))
		hold = true;
	else if (ldisc_input_low(t->t_ld))
		hold = false;
	if (hold == t->t_throttled)
		return;
	t->t_throttled = hold;
	send_xchar(t, hold ? VSTOP : VSTART);
	if (t->t_td->td_throttle)
		t->t_td->td_throttle(t->t_td, hold);
}

/*
 * What input brought about: echo, readers, and, once the lock is dropped,
 * signals. Releases t_lock.
 */
static void after_input(struct tty *t, u32 events)
{
	pid_t pgrp = t->t_pgrp;

	if (events & LD_EV_FLUSHED)
		wake_writers(t);
	tty_pump(t);
	tty_update_throttle(t);
	if (events & LD_EV_INPUT) {
		wakeup(tty_chan_in(t));
		pollwakeup(&t->t_poll);
	}
	spin_unlock(&t->t_lock);
	events &= LD_EV_KEYS;
	if (!pgrp || !events)
		return;
	if (curcpu()->c_in_intr)
		tty_keys_later(t, pgrp, events);
	else
		tty_keys(t, pgrp, events);
}

/*
 * Characters of a line being typed that are taken at once: each may change the
 * screen as far as the line is long.
 */
#define INPUT_MAX 8u

void tty_input(struct tty *t, const u8 *buf, size_t len)
{
	for (size_t n; len > 0; buf += n, len -= n) {
		spin_lock(&t->t_lock);
		n = t->t_ld->ld_t.c_lflag & (ICANON | ECHO) ? MIN(len, (size_t)INPUT_MAX) : len;
		after_input(t, ldisc_input(t->t_ld, buf, n));
	}
}

static void input(struct termdev *td, const u8 *buf, size_t len)
{
	tty_input(td->td_tty, buf, len);
}

static void rxerror(struct termdev *td, u8 c, enum td_error error)
{
	static const enum ld_error kind[] = { [TD_BREAK] = LD_BREAK, [TD_PARITY] = LD_PARITY, [TD_OVERRUN] = LD_OVERRUN };
	struct tty *t = td->td_tty;

	spin_lock(&t->t_lock);
	after_input(t, ldisc_rxerror(t->t_ld, c, kind[error]));
}

static void output_ready(struct termdev *td)
{
	struct tty *t = td->td_tty;

	spin_lock(&t->t_lock);
	tty_pump(t);
	spin_unlock(&t->t_lock);
}

int tty_claim(struct tty *t, bool *claim, bool nonblock)
{
	int error;

	while (*claim) {
		if (nonblock)
			return -EAGAIN;
		error = sleep(claim, &t->t_lock, SLP_INTR, 0);
		if (error)
			return error;
	}
	*claim = true;
	return 0;
}

void tty_unclaim(struct tty *t, bool *claim)
{
	ASSERT(spin_held(&t->t_lock) && *claim);
	*claim = false;
	wakeup(claim); /* all: the one chosen might leave for a signal */
}

int tty_drain(struct tty *t, const struct ttyfile *tf)
{
	int error;

	for (;;) {
		bool queued = ldisc_outq(t->t_ld) != 0;

		if (tf->tf_hung)
			return -EIO;
		if (!queued && t->t_td->td_drained(t->t_td))
			return 0;
		t->t_wait_room = true;
		error = sleep(tty_chan_out(t), &t->t_lock, SLP_INTR, queued ? 0 : clock_mono_ns() + CHIP_POLL_NS);
		if (error && error != -ETIMEDOUT)
			return error;
	}
}

/* --- Settings --- */

/* c_cflag's speed codes (source: linux-libc-dev asm-generic/termbits.h). */
static const u32 speeds[] = { 0,   50,	 75,   110,  134,  150,	 200,	300,
			      600, 1200, 1800, 2400, 4800, 9600, 19200, 38400 };
static const u32 speeds_ex[] = { 0,	  57600,   115200,  230400,  460800,  500000,
				 576000,  921600,  1000000, 1152000, 1500000, 2000000,
				 2500000, 3000000, 3500000, 4000000 };

static u32 baud_of(u32 code, u32 other)
{
	u32 n = code & CBAUD & ~CBAUDEX;

	if ((code & CBAUD) == BOTHER)
		return other;
	return code & CBAUDEX ? speeds_ex[n] : speeds[n];
}

void tty_set_termios(struct tty *t, const struct abi_termios *termios)
{
	struct abi_termios new = *termios;
	u32 in = new.c_cflag >> IBSHIFT &CBAUD;

	new.c_ospeed = baud_of(new.c_cflag, new.c_ospeed);
	new.c_ispeed = in ? baud_of(in, new.c_ispeed) : new.c_ospeed;
	ldisc_set(t->t_ld, &new);
	if (t->t_td->td_setline)
		t->t_td->td_setline(t->t_td, new.c_ospeed, new.c_cflag);
	/* Readers look at the settings anew; output may have been released. */
	wakeup(tty_chan_in(t));
	pollwakeup(&t->t_poll);
	tty_pump(t);
	tty_update_throttle(t);
}

void tty_set_winsize(struct tty *t, const struct abi_winsize *ws)
{
	pid_t pgrp = 0;

	spin_lock(&t->t_lock);
	if (memcmp(&t->t_win, ws, sizeof(*ws)) != 0) {
		t->t_win = *ws;
		pgrp = t->t_pgrp;
	}
	spin_unlock(&t->t_lock);
	if (pgrp)
		signal_pgrp(pgrp, K_SIGWINCH, NULL);
}

void tty_get_state(struct tty *t, struct tty_state *st)
{
	spin_lock(&t->t_lock);
	st->ts_termios = t->t_ld->ld_t;
	st->ts_winsize = t->t_win;
	spin_unlock(&t->t_lock);
}

void tty_set_state(struct tty *t, const struct tty_state *st)
{
	spin_lock(&t->t_lock);
	tty_set_termios(t, &st->ts_termios);
	spin_unlock(&t->t_lock);
	tty_set_winsize(t, &st->ts_winsize);
}

void tty_message(struct tty *t, pid_t sid, pid_t pgrp, const char *text)
{
	spin_lock(&t->t_lock);
	if (t->t_ld && t->t_sid == sid) {
		ldisc_message(t->t_ld, text, t->t_pgrp != pgrp);
		tty_pump(t);
	}
	spin_unlock(&t->t_lock);
}

const char *tty_name(const struct tty *t)
{
	return t->t_td->td_name;
}

dev_t tty_rdev(const struct tty *t)
{
	return t->t_td->td_rdev;
}

pid_t tty_foreground(const struct tty *t)
{
	return __atomic_load_n(&t->t_pgrp, __ATOMIC_RELAXED);
}

/* --- Hangup --- */

/*
 * Marks what is open, and wakes all who wait. What was opened as the console
 * goes on, but for the session's own.
 */
static void hang_files(struct tty *t, pid_t sid)
{
	struct ttyfile *tf;

	list_for_each(tf, &t->t_files, tf_link) {
		if (tf->tf_hung || (tf->tf_console && (!sid || tf->tf_sid != sid)))
			continue;
		tf->tf_hung = true;
		t->t_live--;
	}
	if (t->t_live == 0 && t->t_alone)
		t->t_alone(t);
	ldisc_flush_in(t->t_ld);
	ldisc_flush_out(t->t_ld);
	t->t_ld->ld_stopped = t->t_ld->ld_tcooff = false;
	wakeup(&t->t_reading);
	wakeup(&t->t_writing);
	wakeup(tty_chan_in(t));
	wakeup(tty_chan_out(t));
	pollwakeup(&t->t_poll);
	tty_update_throttle(t);
}

/*
 * Takes the terminal from its session; *pgrp was its foreground. Returns which
 * session that was. t_lock.
 */
static pid_t end_session(struct tty *t, pid_t *pgrp)
{
	pid_t sid = t->t_sid;

	*pgrp = t->t_pgrp;
	t->t_sid = t->t_pgrp = 0;
	return sid;
}

static void tell_group(pid_t pgrp)
{
	if (!pgrp)
		return;
	signal_pgrp(pgrp, K_SIGHUP, NULL);
	signal_pgrp(pgrp, K_SIGCONT, NULL);
}

void tty_leave_session(struct tty *t)
{
	pid_t pgrp;

	spin_lock(&t->t_lock);
	end_session(t, &pgrp);
	spin_unlock(&t->t_lock);
	tty_forget(t);
	tell_group(pgrp);
}

void tty_hangup(struct tty *t)
{
	struct proc *leader;
	pid_t sid, pgrp;

	assert_may_sleep("tty_hangup");
	spin_lock(&t->t_lock);
	sid = end_session(t, &pgrp);
	if (t->t_ld)
		hang_files(t, sid);
	spin_unlock(&t->t_lock);
	tty_forget(t);
	tell_group(pgrp);
	leader = sid ? proc_find(sid) : NULL;
	if (leader) {
		signal_proc(leader, K_SIGHUP, NULL);
		signal_proc(leader, K_SIGCONT, NULL);
		proc_rele(leader);
	}
}

/* --- All of them --- */

struct tty *tty_find(dev_t dev)
{
	struct tty *t, *found = NULL;

	spin_lock(&ttys_lock);
	list_for_each(t, &ttys, t_link) {
		if (tty_rdev(t) == dev)
			found = t;
	}
	spin_unlock(&ttys_lock);
	return found;
}

struct tty *tty_create(struct termdev *td)
{
	struct tty *t = kzalloc(sizeof(*t), 0);

	if (!t)
		return NULL;
	spin_init(&t->t_lock, td->td_name, LR_TTY);
	list_init(&t->t_files);
	later_init(&t->t_keylater, tty_keys_do);
	pollhead_init(&t->t_poll);
	t->t_td = td;
	td->td_tty = t;
	spin_lock(&ttys_lock);
	list_push_back(&ttys, &t->t_link);
	spin_unlock(&ttys_lock);
	return t;
}

int tty_start(struct tty *t)
{
	struct ldisc *ld = kmalloc(sizeof(*ld), 0);
	struct abi_termios termios;

	if (!ld)
		return -ENOMEM;
	ldisc_default_termios(&termios);
	ldisc_init(ld, &termios);
	spin_lock(&t->t_lock);
	t->t_ld = ld;
	t->t_win = (struct abi_winsize){ .ws_row = t->t_td->td_rows, .ws_col = t->t_td->td_cols };
	t->t_throttled = true;
	spin_unlock(&t->t_lock);
	return 0;
}

struct ldisc *tty_stop(struct tty *t)
{
	struct ldisc *ld = t->t_ld;

	ASSERT(spin_held(&t->t_lock) && t->t_opens == 0);
	t->t_ld = NULL;
	t->t_sid = t->t_pgrp = 0;
	t->t_excl = false;
	return ld;
}

/*
 * Waits until t has sent what it holds, as long as it gets on and `end` has not
 * come.
 */
static void drain_for(struct tty *t, u64 end)
{
	u64 quiet = clock_mono_ns() + DRAIN_QUIET_NS;
	u32 left, before = LD_OUTSIZE;

	spin_lock(&t->t_lock);
	while ((left = ldisc_outq(t->t_ld)) > 0 || !t->t_td->td_drained(t->t_td)) {
		u64 now = clock_mono_ns();

		if (left < before)
			quiet = now + DRAIN_QUIET_NS;
		before = left;
		if (now >= MIN(quiet, end))
			break;
		sleep(tty_chan_out(t), &t->t_lock, 0, now + CHIP_POLL_NS);
	}
	spin_unlock(&t->t_lock);
}

void tty_drain_all(void)
{
	u64 end = clock_mono_ns() + DRAIN_LIMIT_NS;
	struct tty *t;

	assert_may_sleep("tty_drain_all");
	/* Behind a pseudo terminal there is a program, which need not read. */
	list_for_each(t, &ttys, t_link) {
		if (t->t_td->td_input)
			drain_for(t, end);
	}
}

static void add_one(struct termdev *td, void *arg)
{
	struct tty *t = tty_create(td);

	if (!t || tty_start(t) != 0) {
		printk("%s: no memory\n", td->td_name);
		return;
	}
	/* From now on the hardware may call. */
	td->td_input = input;
	td->td_rxerror = rxerror;
	td->td_output_ready = output_ready;
	devfs_add(td->td_name, VCHR, td->td_rdev, 0620);
}

void tty_init(void)
{
	termdev_foreach(add_one, NULL);
	tty_job_init();
	tty_dev_init();
	pty_init();
	pts_init();
}
