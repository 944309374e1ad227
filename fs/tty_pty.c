/* SPDX-License-Identifier: MIT */
/*
 * Pseudo terminals: a tty (the slave) whose hardware is a program that has the master side open.
 *
 *   program -- /dev/pts/N: tty, line discipline --td_write--> [ p_ring ] --> read of /dev/ptmx -- terminal emulator
 *                                          <--------- tty_input ---------- write
 *
 * A master's open takes the first pair that is free; it is free again once both sides are closed. Closing the master hangs
 * the slave up; when the slave's last description goes, the master reads what is left, then -EIO.
 *
 * Locks: p_used, and the node's attributes: ptys_lock (LR_TTY, never together with a t_lock). All else: t_lock of
 * the slave.
 */
#include "fs/tty_pty_impl.h"
#include "kernel/abi/ioctl_tty.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/stat.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/cred.h"
#include "proc/pidspace.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/sched/sleep.h"

#define CHUNK 256u /* less than LD_THROTTLE */
#define GID_TTY 5u

static struct pty ptys[PTY_MAX];
static struct spinlock ptys_lock = SPINLOCK_INIT("ptys", LR_TTY);

static const void *chan_in(const struct pty *p)
{
	return &p->p_head;
}

static const void *chan_out(const struct pty *p)
{
	return &p->p_tail;
}

/* --- The slave's hardware --- */

static size_t pty_td_write(struct termdev *td, const u8 *buf, size_t len)
{
	struct pty *p = td_pty(td);
	u32 n = (u32)MIN(len, (size_t)(PTY_RING - pty_queued(p)));
	u32 at = p->p_tail % PTY_RING, first = MIN(n, PTY_RING - at);

	memcpy(p->p_ring + at, buf, first);
	memcpy(p->p_ring, buf + first, n - first);
	p->p_tail += n;
	if (n) {
		wakeup(chan_in(p));
		pollwakeup(&p->p_poll);
	}
	return n;
}

static bool pty_td_drained(struct termdev *td)
{
	return true;
}

static void pty_td_throttle(struct termdev *td, bool on)
{
	struct pty *p = td_pty(td);

	if (on)
		return;
	wakeup(chan_out(p));
	pollwakeup(&p->p_poll);
}

/* The slave's last live description has gone: the master sees the end. */
static void pty_alone(struct tty *t)
{
	struct pty *p = td_pty(t->t_td);

	wakeup(chan_in(p));
	pollwakeup(&p->p_poll);
}

int pty_may_open(struct tty *t)
{
	struct pty *p = td_pty(t->t_td);

	if (!p->p_master || p->p_locked)
		return -EIO;
	p->p_had_slave = true;
	return 0;
}

/* --- Pairs --- */

/* Number n, or with PTY_MAX the first that is free. */
static struct pty *pty_take(u32 n)
{
	struct pty *found = NULL;

	spin_lock(&ptys_lock);
	for (u32 i = 0; i < PTY_MAX && !found; i++) {
		if (!ptys[i].p_used && (n == PTY_MAX || n == i))
			found = &ptys[i];
	}
	if (found)
		found->p_used = true;
	spin_unlock(&ptys_lock);
	return found;
}

static void pty_give(struct pty *p)
{
	spin_lock(&ptys_lock);
	p->p_used = false;
	spin_unlock(&ptys_lock);
}

/* Gives the pair up if neither side is open. */
static void pty_release(struct pty *p)
{
	struct tty *t = pty_slave(p);
	struct ldisc *ld = NULL;
	u8 *ring = NULL;

	spin_lock(&t->t_lock);
	if (!p->p_master && t->t_opens == 0 && t->t_ld) {
		ld = tty_stop(t);
		ring = p->p_ring;
		p->p_ring = NULL;
	}
	spin_unlock(&t->t_lock);
	if (!ld)
		return;
	kfree(ld);
	kfree(ring);
	pty_give(p);
}

void pty_slave_closed(struct tty *t)
{
	pty_release(td_pty(t->t_td));
}

static void init_node(struct pty *p)
{
	u64 now = clock_real_ns();

	spin_lock(&ptys_lock);
	p->p_node = (struct pty_node){
		.pn_uid = cred_cur()->cr_fsuid,
		.pn_gid = GID_TTY,
		.pn_mode = 0620,
		.pn_time = { .tv_sec = (s64)(now / NSEC_PER_SEC), .tv_nsec = now % NSEC_PER_SEC },
	};
	spin_unlock(&ptys_lock);
}

int pty_begin(struct file *f, u32 n)
{
	struct pty *p = pty_take(n);
	struct tty *t;
	int error;

	if (!p)
		return n == PTY_MAX ? -ENOSPC : -EBUSY;
	p->p_ring = kmalloc(PTY_RING, 0);
	if (!p->p_ring) {
		error = -ENOMEM;
		goto give;
	}
	t = pty_slave(p);
	error = tty_start(t);
	if (error)
		goto free_ring;
	init_node(p);
	spin_lock(&t->t_lock);
	p->p_head = p->p_tail = 0;
	p->p_had_slave = false;
	p->p_locked = p->p_master = true;
	spin_unlock(&t->t_lock);
	f->f_data = p;
	return 0;

free_ring:
	kfree(p->p_ring);
	p->p_ring = NULL;
give:
	pty_give(p);
	return error;
}

int pty_open_master(struct file *f)
{
	return pty_begin(f, PTY_MAX);
}

void pty_close_master(struct file *f)
{
	struct pty *p = f->f_data;
	struct tty *t = pty_slave(p);

	spin_lock(&t->t_lock);
	p->p_master = false;
	spin_unlock(&t->t_lock);
	tty_hangup(t);
	pty_release(p);
}

bool pty_exists(u32 n)
{
	struct pty_node pn;

	return pty_get_node(n, &pn);
}

bool pty_get_node(u32 n, struct pty_node *pn)
{
	bool there;

	if (n >= PTY_MAX)
		return false;
	spin_lock(&ptys_lock);
	there = ptys[n].p_used && ptys[n].p_master;
	*pn = ptys[n].p_node;
	spin_unlock(&ptys_lock);
	return there;
}

void pty_set_node(u32 n, const struct pty_node *pn)
{
	spin_lock(&ptys_lock);
	ptys[n].p_node = *pn;
	spin_unlock(&ptys_lock);
}

/* --- The master's side --- */

/* t_lock. Waits for output of the slave. */
static int wait_output(struct pty *p, struct tty *t, bool nonblock)
{
	while (pty_queued(p) == 0) {
		int error;

		/* What the slave's programs wrote comes first. */
		tty_pump(t);
		if (pty_queued(p))
			break;
		if (p->p_had_slave && t->t_live == 0)
			return -EIO;
		if (nonblock)
			return -EAGAIN;
		error = sleep(chan_in(p), &t->t_lock, SLP_INTR, 0);
		if (error)
			return error;
	}
	return 0;
}

static u32 take_ring(struct pty *p, u8 *buf, size_t size)
{
	u32 n = 0;

	while (n < size && p->p_head != p->p_tail)
		buf[n++] = p->p_ring[p->p_head++ % PTY_RING];
	return n;
}

static int read_locked(struct pty *p, struct tty *t, struct uio *u, bool nonblock)
{
	u8 buf[CHUNK];
	int error = wait_output(p, t, nonblock);

	while (!error && u->uio_resid && pty_queued(p)) {
		u32 n = take_ring(p, buf, MIN(u->uio_resid, (size_t)CHUNK));

		tty_pump(t);
		spin_unlock(&t->t_lock);
		error = uiomove(buf, n, u);
		spin_lock(&t->t_lock);
	}
	return error;
}

int pty_read(struct uio *u, struct file *f)
{
	struct pty *p = f->f_data;
	struct tty *t = pty_slave(p);
	bool nonblock = (f->f_flags & O_NONBLOCK) != 0;
	size_t asked = u->uio_resid;
	int error;

	if (asked == 0)
		return 0;
	spin_lock(&t->t_lock);
	error = tty_claim(t, &p->p_reading, nonblock);
	if (!error) {
		error = read_locked(p, t, u, nonblock);
		tty_unclaim(t, &p->p_reading);
	}
	spin_unlock(&t->t_lock);
	return u->uio_resid < asked ? 0 : error;
}

static int tty_pty_write_locked(struct pty *p, struct tty *t, struct uio *u, bool nonblock)
{
	u8 buf[CHUNK];
	int error = 0;

	while (!error && u->uio_resid) {
		size_t n = MIN(u->uio_resid, (size_t)CHUNK);

		if (p->p_had_slave && t->t_live == 0)
			return -EIO;
		if (ldisc_input_full(t->t_ld)) {
			if (nonblock)
				return -EAGAIN;
			error = sleep(chan_out(p), &t->t_lock, SLP_INTR, 0);
			continue;
		}
		spin_unlock(&t->t_lock);
		error = uiomove(buf, n, u);
		if (!error)
			tty_input(t, buf, n);
		spin_lock(&t->t_lock);
	}
	return error;
}

int pty_write(struct uio *u, struct file *f)
{
	struct pty *p = f->f_data;
	struct tty *t = pty_slave(p);
	bool nonblock = (f->f_flags & O_NONBLOCK) != 0;
	int error;

	spin_lock(&t->t_lock);
	error = tty_claim(t, &p->p_writing, nonblock);
	if (!error) {
		error = tty_pty_write_locked(p, t, u, nonblock);
		tty_unclaim(t, &p->p_writing);
	}
	spin_unlock(&t->t_lock);
	return error;
}

u32 pty_poll(struct file *f, struct poller *poller)
{
	struct pty *p = f->f_data;
	struct tty *t = pty_slave(p);
	u32 events = 0;

	poll_wait(&p->p_poll, poller);
	spin_lock(&t->t_lock);
	tty_pump(t);
	if (pty_queued(p))
		events |= K_POLLIN | K_POLLRDNORM;
	if (!ldisc_input_full(t->t_ld))
		events |= K_POLLOUT | K_POLLWRNORM;
	if (p->p_had_slave && t->t_live == 0)
		events |= K_POLLHUP;
	spin_unlock(&t->t_lock);
	return events;
}

/* --- ioctls of the master --- */

static int tty_pty_give_u32(uaddr_t arg, u32 v)
{
	return copyout(arg, &v, sizeof(v));
}

static int set_lock(struct pty *p, uaddr_t arg)
{
	s32 on;
	int error = copyin(&on, arg, sizeof(on));

	if (error)
		return error;
	spin_lock(&pty_slave(p)->t_lock);
	p->p_locked = on != 0;
	spin_unlock(&pty_slave(p)->t_lock);
	return 0;
}

static int send_signal(struct pty *p, u32 sig)
{
	pid_t pgrp = tty_foreground(pty_slave(p));

	if (sig == 0 || sig > K_NSIG)
		return -EINVAL;
	if (pgrp)
		signal_pgrp(pgrp, (int)sig, NULL);
	return 0;
}

/*
 * Opens the slave by its name; what may not be opened by that, may not by this.
 */
static int open_peer(struct pty *p, u32 flags)
{
	char path[24];
	struct file *f;
	int error, fd;

	if (flags & ~(u32)(O_ACCMODE | O_NOCTTY | O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	snprintf(path, sizeof(path), "/dev/%s", p->p_name);
	error = file_open(AT_FDCWD, path, flags & ~(u32)O_CLOEXEC, 0, &f);
	if (error)
		return error;
	fd = fd_alloc(0, flags & O_CLOEXEC ? FD_CLOEXEC_K : 0, f);
	if (fd < 0)
		file_rele(f);
	return fd;
}

/* Any process that has the master may ask for the session of the slave. */
static int give_session(struct tty *t, uaddr_t arg)
{
	pid_t sid = __atomic_load_n(&t->t_sid, __ATOMIC_RELAXED);

	return sid ? tty_pty_give_u32(arg, (u32)pid_seen(sid)) : -ENOTTY;
}

int pty_ioctl(struct file *f, u32 cmd, uaddr_t arg)
{
	struct pty *p = f->f_data;
	struct ttyfile as_slave = { .tf_tty = pty_slave(p), .tf_readable = file_readable(f) == 0 };

	switch (cmd) {
	case TIOCGPTN: return tty_pty_give_u32(arg, (u32)(p - ptys));
	case TIOCSPTLCK: return set_lock(p, arg);
	case TIOCGPTLCK: return tty_pty_give_u32(arg, p->p_locked);
	case TIOCGPTPEER: return open_peer(p, arg);
	case TIOCSIG: return send_signal(p, arg);
	case TIOCGPGRP: return tty_pty_give_u32(arg, (u32)pid_seen(tty_foreground(pty_slave(p))));
	case TIOCSPGRP: return tty_spgrp(pty_slave(p), arg);
	case TIOCGSID: return give_session(pty_slave(p), arg);
	case TIOCSCTTY: return tty_sctty(&as_slave, arg);
	case TIOCGDEV: return tty_pty_give_u32(arg, tty_rdev(pty_slave(p)));
	case TIOCINQ: return tty_pty_give_u32(arg, pty_queued(p));
	case TIOCOUTQ: return tty_pty_give_u32(arg, 0);
	case TCXONC:
	case TCSBRK:
	case TCSBRKP: return -ENOTTY;
	default: return tty_ioctl_line(&as_slave, cmd, arg);
	}
}

static void tty_pty_init_one(u32 n)
{
	struct pty *p = &ptys[n];
	struct tty *t;

	snprintf(p->p_name, sizeof(p->p_name), "pts/%u", n);
	p->p_td = (struct termdev){
		.td_name = p->p_name,
		.td_rdev = MAKEDEV(PTY_MAJOR, n),
		.td_write = pty_td_write,
		.td_drained = pty_td_drained,
		.td_throttle = pty_td_throttle,
	};
	pollhead_init(&p->p_poll);
	t = tty_create(&p->p_td);
	if (!t)
		panic("expected memory for pseudo terminals, found none");
	t->t_alone = pty_alone;
}

void pty_init(void)
{
	for (u32 n = 0; n < PTY_MAX; n++)
		tty_pty_init_one(n);
}
