/* SPDX-License-Identifier: MIT */
/*
 * ioctls of terminals: settings, queues, flow, window size; job control's are
 * in fs/tty_job.c.
 */
#include "fs/tty_impl.h"
#include "kernel/abi/ioctl_tty.h"
#include "kernel/abi/signal.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/string.h"
#include "mm/usercopy.h"
#include "proc/cred.h"
#include "proc/sched/sleep.h"

#define BREAK_NS (250 * NSEC_PER_MSEC)

/* When new settings take effect. */
enum set_when { SET_NOW, SET_DRAINED, SET_FLUSHED };

static int tty_ioctl_give_u32(uaddr_t arg, u32 v)
{
	return copyout(arg, &v, sizeof(v));
}

/* --- Settings --- */

static struct abi_termios current_termios(struct tty *t)
{
	struct tty_state st;

	tty_get_state(t, &st);
	return st.ts_termios;
}

static int apply(struct ttyfile *tf, const struct abi_termios *new, enum set_when when)
{
	struct tty *t = tf->tf_tty;
	int error = 0;

	spin_lock(&t->t_lock);
	if (when != SET_NOW)
		error = tty_drain(t, tf);
	if (!error) {
		if (when == SET_FLUSHED)
			ldisc_flush_in(t->t_ld);
		tty_set_termios(t, new);
	}
	spin_unlock(&t->t_lock);
	return error;
}

static int set_termios(struct ttyfile *tf, uaddr_t arg, size_t size, enum set_when when)
{
	struct abi_termios new = current_termios(tf->tf_tty);
	int error = tty_job_check(tf->tf_tty, K_SIGTTOU);

	if (!error)
		error = copyin(&new, arg, size);
	return error ? error : apply(tf, &new, when);
}

static int get_termios(struct tty *t, uaddr_t arg, size_t size)
{
	struct abi_termios now = current_termios(t);

	return copyout(arg, &now, size);
}

/* The older structure has 16 bits of each word, and eight characters. */
static int get_termio(struct tty *t, uaddr_t arg)
{
	struct abi_termios now = current_termios(t);
	struct abi_termio old = {
		.c_iflag = (u16)now.c_iflag,
		.c_oflag = (u16)now.c_oflag,
		.c_cflag = (u16)now.c_cflag,
		.c_lflag = (u16)now.c_lflag,
		.c_line = now.c_line,
	};

	memcpy(old.c_cc, now.c_cc, sizeof(old.c_cc));
	return copyout(arg, &old, sizeof(old));
}

static void merge16(u32 *word, u16 low)
{
	*word = (*word & 0xffff0000u) | low;
}

static int set_termio(struct ttyfile *tf, uaddr_t arg, enum set_when when)
{
	struct abi_termios new = current_termios(tf->tf_tty);
	int error = tty_job_check(tf->tf_tty, K_SIGTTOU);
	struct abi_termio old;

	if (!error)
		error = copyin(&old, arg, sizeof(old));
	if (error)
		return error;
	merge16(&new.c_iflag, old.c_iflag);
	merge16(&new.c_oflag, old.c_oflag);
	merge16(&new.c_cflag, old.c_cflag);
	merge16(&new.c_lflag, old.c_lflag);
	new.c_line = old.c_line;
	memcpy(new.c_cc, old.c_cc, sizeof(old.c_cc));
	return apply(tf, &new, when);
}

static int get_winsize(struct tty *t, uaddr_t arg)
{
	struct tty_state st;

	tty_get_state(t, &st);
	return copyout(arg, &st.ts_winsize, sizeof(st.ts_winsize));
}

static int set_winsize(struct tty *t, uaddr_t arg)
{
	struct abi_winsize ws;
	int error = copyin(&ws, arg, sizeof(ws));

	if (!error)
		tty_set_winsize(t, &ws);
	return error;
}

/* --- Queues and flow --- */

static int tty_ioctl_flush(struct tty *t, u32 which)
{
	int error = tty_job_check(t, K_SIGTTOU);

	if (error)
		return error;
	if (which > TCIOFLUSH)
		return -EINVAL;
	spin_lock(&t->t_lock);
	if (which != TCOFLUSH) {
		ldisc_flush_in(t->t_ld);
		tty_update_throttle(t);
	}
	if (which != TCIFLUSH) {
		ldisc_flush_out(t->t_ld);
		wakeup(tty_chan_out(t));
		pollwakeup(&t->t_poll);
	}
	spin_unlock(&t->t_lock);
	return 0;
}

static int flow(struct tty *t, u32 action)
{
	int error = tty_job_check(t, K_SIGTTOU);

	if (error)
		return error;
	spin_lock(&t->t_lock);
	switch (action) {
	case TCOOFF:
	case TCOON: t->t_ld->ld_tcooff = action == TCOOFF; break;
	case TCIOFF: t->t_ld->ld_xchar = t->t_ld->ld_t.c_cc[VSTOP]; break;
	case TCION: t->t_ld->ld_xchar = t->t_ld->ld_t.c_cc[VSTART]; break;
	default: error = -EINVAL; break;
	}
	tty_pump(t);
	spin_unlock(&t->t_lock);
	return error;
}

static void set_break(struct tty *t, bool on)
{
	spin_lock(&t->t_lock);
	if (t->t_td->td_break)
		t->t_td->td_break(t->t_td, on);
	spin_unlock(&t->t_lock);
}

/*
 * Waits for the end of output, then breaks for `ns`; 0: only waits. A signal
 * cuts the break short.
 */
static int send_break(struct ttyfile *tf, u64 ns)
{
	struct tty *t = tf->tf_tty;
	int error = tty_job_check(t, K_SIGTTOU);

	if (error)
		return error;
	spin_lock(&t->t_lock);
	error = tty_drain(t, tf);
	spin_unlock(&t->t_lock);
	if (error || !ns || !t->t_td->td_break)
		return error;
	set_break(t, true);
	error = sleep(&t->t_td->td_break, NULL, SLP_INTR, clock_mono_ns() + ns);
	set_break(t, false);
	/* Once more, if it was for nothing that the program sees. */
	return error == -ERESTARTSYS ? -ERESTARTNOHAND : 0;
}

static int get_queue(struct tty *t, u32 cmd, uaddr_t arg)
{
	u32 n;

	spin_lock(&t->t_lock);
	n = cmd == TIOCINQ ? ldisc_inq(t->t_ld) : ldisc_outq(t->t_ld);
	spin_unlock(&t->t_lock);
	return tty_ioctl_give_u32(arg, n);
}

static int set_exclusive(struct tty *t, bool on)
{
	spin_lock(&t->t_lock);
	t->t_excl = on;
	spin_unlock(&t->t_lock);
	return 0;
}

static int set_ldisc(uaddr_t arg)
{
	s32 which;
	int error = copyin(&which, arg, sizeof(which));

	if (error)
		return error;
	return which == N_TTY ? 0 : -EINVAL;
}

static int hang_up(struct tty *t)
{
	if (!cred_super(cred_cur()))
		return -EPERM;
	tty_hangup(t);
	return 0;
}

/* --- The tables, by matter. -ENOTTY: not one of these. --- */

static int settings_ioctl(struct ttyfile *tf, u32 cmd, uaddr_t arg)
{
	struct tty *t = tf->tf_tty;

	switch (cmd) {
	case TCGETS: return get_termios(t, arg, ABI_TERMIOS_SIZE);
	case TCSETS: return set_termios(tf, arg, ABI_TERMIOS_SIZE, SET_NOW);
	case TCSETSW: return set_termios(tf, arg, ABI_TERMIOS_SIZE, SET_DRAINED);
	case TCSETSF: return set_termios(tf, arg, ABI_TERMIOS_SIZE, SET_FLUSHED);
	case TCGETS2: return get_termios(t, arg, sizeof(struct abi_termios));
	case TCSETS2: return set_termios(tf, arg, sizeof(struct abi_termios), SET_NOW);
	case TCSETSW2: return set_termios(tf, arg, sizeof(struct abi_termios), SET_DRAINED);
	case TCSETSF2: return set_termios(tf, arg, sizeof(struct abi_termios), SET_FLUSHED);
	case TCGETA: return get_termio(t, arg);
	case TCSETA: return set_termio(tf, arg, SET_NOW);
	case TCSETAW: return set_termio(tf, arg, SET_DRAINED);
	case TCSETAF: return set_termio(tf, arg, SET_FLUSHED);
	case TIOCGWINSZ: return get_winsize(t, arg);
	case TIOCSWINSZ: return set_winsize(t, arg);
	case TIOCGETD: return tty_ioctl_give_u32(arg, N_TTY);
	case TIOCSETD: return set_ldisc(arg);
	default: return -ENOTTY;
	}
}

static int queue_ioctl(struct ttyfile *tf, u32 cmd, uaddr_t arg)
{
	struct tty *t = tf->tf_tty;

	switch (cmd) {
	case TIOCINQ:
	case TIOCOUTQ: return get_queue(t, cmd, arg);
	case TCFLSH: return tty_ioctl_flush(t, arg);
	case TCXONC: return flow(t, arg);
	case TCSBRK: return send_break(tf, arg ? 0 : BREAK_NS);
	case TCSBRKP: return send_break(tf, arg ? MIN(arg, 600u) * 100 * NSEC_PER_MSEC : BREAK_NS);
	case TIOCSBRK: set_break(t, true); return 0;
	case TIOCCBRK: set_break(t, false); return 0;
	default: return -ENOTTY;
	}
}

static int session_ioctl(struct ttyfile *tf, u32 cmd, uaddr_t arg)
{
	struct tty *t = tf->tf_tty;

	switch (cmd) {
	case TIOCSCTTY: return tty_sctty(tf, arg);
	case TIOCNOTTY: return tty_notty(t);
	case TIOCGPGRP: return tty_gpgrp(t, arg);
	case TIOCSPGRP: return tty_spgrp(t, arg);
	case TIOCGSID: return tty_gsid(t, arg);
	case TIOCVHANGUP: return hang_up(t);
	case TIOCEXCL: return set_exclusive(t, true);
	case TIOCNXCL: return set_exclusive(t, false);
	case TIOCGEXCL: return tty_ioctl_give_u32(arg, t->t_excl);
	case TIOCGDEV: return tty_ioctl_give_u32(arg, tty_rdev(t));
	default: return -ENOTTY;
	}
}

int tty_ioctl_line(struct ttyfile *tf, u32 cmd, uaddr_t arg)
{
	int error = settings_ioctl(tf, cmd, arg);

	return error == -ENOTTY ? queue_ioctl(tf, cmd, arg) : error;
}

int tty_ioctl(struct ttyfile *tf, u32 cmd, uaddr_t arg)
{
	int error;

	if (tf->tf_hung)
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	error = tty_ioctl_line(tf, cmd, arg);
	if (error == -ENOTTY)
		error = session_ioctl(tf, cmd, arg);
	return error;
}
