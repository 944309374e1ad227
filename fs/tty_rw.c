/* SPDX-License-Identifier: MIT */
/* Reading, writing and polling terminals. */
#include "fs/tty_impl.h"
#include "kernel/abi/signal.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "proc/sched/sleep.h"

#define CHUNK 256u /* bytes that pass over the kernel stack at once */
#define DECISECOND_NS (100 * NSEC_PER_MSEC)

/* --- Reading --- */

/* One read(2) on its way. */
struct reading {
	struct ttyfile *r_tf;
	struct uio *r_uio;
	bool r_nonblock;
	size_t r_asked;	     /* with what it had when it was cut short before */
	u64 r_begin, r_last; /* when it began; when the last bytes came */
};

static size_t done(const struct reading *r)
{
	return r->r_asked - r->r_uio->uio_resid;
}

/*
 * Without ICANON: is what we have enough (POSIX.1-2017, 11.1.7)? If not, *deadline is until when to wait for more, 0:
 * for ever.
 *	MIN   TIME
 *	0     0     whatever is there now
 *	0     t     the first byte, for t at most
 *	m     0     m bytes
 *	m     t     m bytes, or a pause of t after one
 */
static bool raw_enough(const struct reading *r, const struct abi_termios *t, u64 *deadline)
{
	u32 min = t->c_cc[VMIN], time = t->c_cc[VTIME];

	*deadline = 0;
	if (min == 0) {
		*deadline = r->r_begin + time * DECISECOND_NS;
		return done(r) > 0 || time == 0;
	}
	if (time && done(r) > 0)
		*deadline = r->r_last + time * DECISECOND_NS;
	return done(r) >= min;
}

/*
 * Moves what is there to the program, at most a line. t_lock is dropped for the
 * copies. 1: the line, or the buffer, is complete; 0: the ring is empty; or
 * -EFAULT.
 */
static int tty_rw_take(struct tty *t, struct reading *r)
{
	u8 buf[CHUNK];
	bool end = false;
	int error = 0;

	while (!end && error == 0 && r->r_uio->uio_resid) {
		size_t n = ldisc_read(t->t_ld, buf, MIN(r->r_uio->uio_resid, (size_t)CHUNK), &end);

		if (n == 0)
			break;
		r->r_last = clock_mono_ns();
		tty_update_throttle(t);
		spin_unlock(&t->t_lock);
		error = uiomove(buf, n, r->r_uio);
		spin_lock(&t->t_lock);
	}
	tty_update_throttle(t);
	if (error)
		return error;
	return end || r->r_uio->uio_resid == 0;
}

static int read_locked(struct tty *t, struct reading *r)
{
	for (;;) {
		bool canonical = (t->t_ld->ld_t.c_lflag & ICANON) != 0;
		u64 deadline = 0;
		int ret;

		if (r->r_tf->tf_hung)
			return 0;
		ret = tty_rw_take(t, r);
		if (ret)
			return ret < 0 ? ret : 0;
		if (canonical ? done(r) > 0 : raw_enough(r, &t->t_ld->ld_t, &deadline))
			return 0;
		if (r->r_nonblock)
			return -EAGAIN;
		ret = sleep(tty_chan_in(t), &t->t_lock, SLP_INTR, deadline);
		if (ret)
			return ret == -ETIMEDOUT ? 0 : ret;
	}
}

int tty_read(struct ttyfile *tf, struct uio *u, u32 flags)
{
	struct tty *t = tf->tf_tty;
	struct reading r = {
		.r_tf = tf,
		.r_uio = u,
		.r_nonblock = (flags & O_NONBLOCK) != 0,
		.r_asked = u->uio_resid + u->uio_done,
	};
	int error;

	if (u->uio_resid == 0)
		return 0;
	if (tf->tf_hung)
		return 0;
	error = tty_job_check(t, K_SIGTTIN);
	/* So that no typed line is lost to a bad address. */
	if (!error)
		error = uio_prefault(u, MIN(u->uio_resid, (size_t)CHUNK));
	if (error)
		return error;
	spin_lock(&t->t_lock);
	error = tty_claim(t, &t->t_reading, r.r_nonblock);
	if (!error) {
		r.r_begin = r.r_last = clock_mono_ns();
		error = read_locked(t, &r);
		tty_unclaim(t, &t->t_reading);
	}
	spin_unlock(&t->t_lock);
	return error;
}

/* --- Writing --- */

/* t_lock. Until half of the output ring is free. */
static int wait_room(struct tty *t, struct ttyfile *tf, bool nonblock)
{
	int error = 0;

	while (!error) {
		if (tf->tf_hung)
			return -EIO;
		if (ldisc_room(t->t_ld) >= LD_OUTSIZE / 2)
			return 0;
		if (nonblock)
			return -EAGAIN;
		t->t_wait_room = true;
		error = sleep(tty_chan_out(t), &t->t_lock, SLP_INTR, 0);
	}
	return error;
}

#define WRITE_MAX 64u /* bytes put while t_lock is held once */

/*
 * The next bytes, as many as there is room for: they are copied under t_lock,
 * or echo could take the room meanwhile. Releases t_lock now and then. *moved: how many. -EFAULT: the page
 * behind them is not there.
 */
static int put_some(struct tty *t, struct uio *u, size_t *moved)
{
	u8 buf[WRITE_MAX];
	size_t before = u->uio_resid, took;
	int error;

	u->uio_nofault = true;
	error = uiomove(buf, MIN(sizeof(buf), (size_t)ldisc_room(t->t_ld) / LD_EXPANSION), u);
	u->uio_nofault = false;
	*moved = before - u->uio_resid;
	took = ldisc_write(t->t_ld, buf, *moved);
	ASSERT(took == *moved);
	tty_pump_all(t);
	return error;
}

static int tty_rw_write_locked(struct tty *t, struct ttyfile *tf, struct uio *u, bool nonblock)
{
	while (u->uio_resid) {
		int error = wait_room(t, tf, nonblock);
		size_t moved;

		if (error)
			return error;
		error = put_some(t, u, &moved);
		spin_unlock(&t->t_lock);
		error = error ? uio_prefault(u, CHUNK) : 0;
		spin_lock(&t->t_lock);
		if (error)
			return error;
	}
	return 0;
}

int tty_write(struct ttyfile *tf, struct uio *u, u32 flags)
{
	struct tty *t = tf->tf_tty;
	bool nonblock = (flags & O_NONBLOCK) != 0;
	int error = 0;

	if (tf->tf_hung)
		return -EIO;
	if (t->t_ld->ld_t.c_lflag & TOSTOP)
		error = tty_job_check(t, K_SIGTTOU);
	if (error)
		return error;
	spin_lock(&t->t_lock);
	error = tty_claim(t, &t->t_writing, nonblock);
	if (!error) {
		error = tty_rw_write_locked(t, tf, u, nonblock);
		tty_unclaim(t, &t->t_writing);
	}
	spin_unlock(&t->t_lock);
	return error;
}

/* --- Polling --- */

u32 tty_poll(struct ttyfile *tf, struct poller *p)
{
	struct tty *t = tf->tf_tty;
	u32 events = 0, min;

	poll_wait(&t->t_poll, p);
	spin_lock(&t->t_lock);
	min = t->t_ld->ld_t.c_cc[VTIME] ? 1 : t->t_ld->ld_t.c_cc[VMIN];
	if (ldisc_readable(t->t_ld, min))
		events |= K_POLLIN | K_POLLRDNORM;
	if (ldisc_room(t->t_ld) >= LD_OUTSIZE / 2)
		events |= K_POLLOUT | K_POLLWRNORM;
	if (tf->tf_hung)
		events = K_POLLIN | K_POLLRDNORM | K_POLLOUT | K_POLLWRNORM | K_POLLERR | K_POLLHUP;
	spin_unlock(&t->t_lock);
	return events;
}
