/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs: opening, waiting and waking. fs/pipe_ring.c moves the bytes.
 *
 * A reader sleeps while the ring is empty and has writers; a writer while the
 * ring has no room for an atomic write. Both sleep with pi_lock released, on
 * pi_rpoll and pi_wpoll, which poll(2) uses too. The open of a FIFO sleeps
 * until the other side has been opened at least once since. A second open of a
 * pipe's end, through /proc/PID/fd, does not wait: the other side was open
 * already, and may never be opened again.
 */
#include "fs/pipe.h"

#include "fs/anonfs.h"
#include "fs/file.h"
#include "fs/file_impl.h"
#include "fs/pipe_ring.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "proc/sched/sleep.h"

static struct kmem_cache *pipe_cache;

void pipe_init(void)
{
	pipe_cache = kmem_cache_create("pipe", sizeof(struct pipe), 0);
	pipe_node_init();
}

static struct pipe *pipe_new(void)
{
	struct pipe *pi = kmem_alloc(pipe_cache, KM_ZERO);

	if (!pi)
		return NULL;
	pi->pi_npages = PIPE_SIZE / PAGE_SIZE;
	pi->pi_page = ring_alloc(pi->pi_npages);
	if (!pi->pi_page) {
		kmem_free(pipe_cache, pi);
		return NULL;
	}
	mutex_init(&pi->pi_lock, "pipe", LR_PIPE);
	pollhead_init(&pi->pi_rpoll);
	pollhead_init(&pi->pi_wpoll);
	return pi;
}

static void pipe_free(struct pipe *pi)
{
	ring_free(pi);
	kmem_free(pipe_cache, pi);
}

/* Is there data, or no writer any more? pi_lock held. */
static void wake_readers(struct pipe *pi)
{
	ASSERT(mutex_held(&pi->pi_lock));
	if (pi->pi_rsleep > 0)
		wakeup(&pi->pi_rpoll);
	pollwakeup(&pi->pi_rpoll);
}

static void wake_writers(struct pipe *pi)
{
	if (pi->pi_wsleep > 0)
		wakeup(&pi->pi_wpoll);
	pollwakeup(&pi->pi_wpoll);
}

static int sleep_as(struct pipe *pi, u32 *sleepers, struct pollhead *chan)
{
	int error;

	(*sleepers)++;
	error = sleep_mutex(chan, &pi->pi_lock, SLP_INTR, 0);
	(*sleepers)--;
	return error;
}

static int fifo_read(struct vnode *vp, struct uio *u, struct file *f)
{
	struct pipe *pi = vp->v_pipe;
	int error = 0;

	if (u->uio_resid == 0)
		return 0;
	mutex_lock(&pi->pi_lock);
	while (pi->pi_count == 0 && pi->pi_writers > 0 && !error) {
		if (f->f_flags & O_NONBLOCK)
			error = -EAGAIN;
		else
			error = sleep_as(pi, &pi->pi_rsleep, &pi->pi_rpoll);
	}
	if (pi->pi_count > 0) {
		error = ring_read(pi, u, u->uio_resid);
		wake_writers(pi);
		if (pi->pi_count > 0)
			wake_readers(pi); /* another reader may be next */
	}
	mutex_unlock(&pi->pi_lock);
	return error;
}

static int broken_pipe(void)
{
	signal_lwp(curlwp(), K_SIGPIPE, NULL);
	return -EPIPE;
}

/*
 * Waits for room: for all of a small write, for a byte of a large one. pi_lock
 * held.
 */
static int wait_for_room(struct pipe *pi, struct file *f, u32 want)
{
	int error = 0;

	ASSERT(mutex_held(&pi->pi_lock));
	while (!error) {
		if (pi->pi_readers == 0)
			return broken_pipe();
		if (ring_room(pi) >= want)
			return 0;
		if (f->f_flags & O_NONBLOCK)
			return -EAGAIN;
		error = sleep_as(pi, &pi->pi_wsleep, &pi->pi_wpoll);
	}
	return error;
}

static int fifo_write(struct vnode *vp, struct uio *u, struct file *f)
{
	struct pipe *pi = vp->v_pipe;
	u32 want = u->uio_resid <= PIPE_ATOMIC ? (u32)u->uio_resid : 1;
	int error = 0;

	if (u->uio_resid == 0)
		return 0;
	mutex_lock(&pi->pi_lock);
	while (u->uio_resid > 0 && !error) {
		error = wait_for_room(pi, f, want);
		if (!error) {
			error = ring_write(pi, u, ring_room(pi));
			wake_readers(pi);
		}
	}
	mutex_unlock(&pi->pi_lock);
	return error;
}

/* Gets the pipe of a FIFO for one more open file; the first makes it. */
static struct pipe *pipe_of(struct vnode *vp)
{
	struct pipe *pi;

	vn_lock(vp);
	if (!vp->v_pipe)
		vp->v_pipe = pipe_new();
	pi = vp->v_pipe;
	if (pi)
		pi->pi_files++;
	vn_unlock(vp);
	return pi;
}

static void pipe_leave(struct vnode *vp)
{
	struct pipe *pi = vp->v_pipe;
	bool last;

	vn_lock(vp);
	last = --pi->pi_files == 0;
	if (last)
		vp->v_pipe = NULL;
	vn_unlock(vp);
	if (last)
		pipe_free(pi);
}

static bool reads(const struct file *f)
{
	return (f->f_flags & O_ACCMODE) != O_WRONLY;
}

static bool writes(const struct file *f)
{
	return (f->f_flags & O_ACCMODE) != O_RDONLY;
}

/* Is vp the unnamed FIFO of pipe(2)? */
static bool is_pipe(const struct vnode *vp)
{
	return vp->v_vfs == &pipefs;
}

/* pi_lock held. */
static void join_sides(struct pipe *pi, struct file *f)
{
	bool met;

	ASSERT(mutex_held(&pi->pi_lock));
	if (reads(f)) {
		pi->pi_readers++;
		pi->pi_ropens++;
		wake_writers(pi);
	}
	if (writes(f)) {
		pi->pi_writers++;
		pi->pi_wopens++;
		wake_readers(pi);
	}
	/*
	 * POLLHUP is for a reader after a writer was there, which for a pipe is
	 * always: see fifo_poll().
	 */
	met = pi->pi_writers > 0 || is_pipe(f->f_vnode);
	f->f_data = (void *)(uintptr_t)(met ? pi->pi_wopens - 1 : pi->pi_wopens);
}

static void leave_sides(struct pipe *pi, struct file *f)
{
	if (reads(f) && --pi->pi_readers == 0)
		wake_writers(pi);
	if (writes(f) && --pi->pi_writers == 0)
		wake_readers(pi);
}

/*
 * open(2) of one side of a FIFO waits for the other side, except with O_RDWR.
 * pi_lock held.
 */
static int wait_for_partner(struct pipe *pi, struct file *f)
{
	bool reader = !writes(f);
	const u32 *opens = reader ? &pi->pi_wopens : &pi->pi_ropens;
	u32 seen = *opens;
	int error = 0;

	ASSERT(mutex_held(&pi->pi_lock));
	if (is_pipe(f->f_vnode) || (reader ? pi->pi_writers : pi->pi_readers) > 0)
		return 0;
	if (f->f_flags & O_NONBLOCK)
		return reader ? 0 : -ENXIO;
	while (*opens == seen && !error) {
		if (reader)
			error = sleep_as(pi, &pi->pi_rsleep, &pi->pi_rpoll);
		else
			error = sleep_as(pi, &pi->pi_wsleep, &pi->pi_wpoll);
	}
	return error;
}

static int fifo_open(struct vnode *vp, struct file *f)
{
	struct pipe *pi = pipe_of(vp);
	int error = 0;

	if (!pi)
		return -ENOMEM;
	mutex_lock(&pi->pi_lock);
	if (!is_pipe(vp) && writes(f) && !reads(f) && pi->pi_readers == 0 && (f->f_flags & O_NONBLOCK))
		error = -ENXIO; /* before it wakes a reader's open */
	if (!error) {
		join_sides(pi, f);
		if (!(reads(f) && writes(f)))
			error = wait_for_partner(pi, f);
		if (error)
			leave_sides(pi, f);
	}
	mutex_unlock(&pi->pi_lock);
	if (error)
		pipe_leave(vp);
	return error;
}

static void fifo_close(struct vnode *vp, struct file *f)
{
	struct pipe *pi = vp->v_pipe;

	mutex_lock(&pi->pi_lock);
	leave_sides(pi, f);
	mutex_unlock(&pi->pi_lock);
	pipe_leave(vp);
}

static int fifo_ioctl(struct vnode *vp, struct file *f, u32 cmd, uaddr_t arg)
{
	u32 n = __atomic_load_n(&vp->v_pipe->pi_count, __ATOMIC_RELAXED);

	return cmd == K_FIONREAD ? copyout(arg, &n, sizeof(n)) : -ENOTTY;
}

static u32 fifo_poll(struct vnode *vp, struct file *f, struct poller *p)
{
	struct pipe *pi = vp->v_pipe;
	u32 ready = 0;

	mutex_lock(&pi->pi_lock);
	if (reads(f)) {
		poll_wait(&pi->pi_rpoll, p);
		if (pi->pi_count > 0)
			ready |= K_POLLIN | K_POLLRDNORM;
		if (pi->pi_writers == 0 && (u32)(uintptr_t)f->f_data != pi->pi_wopens)
			ready |= K_POLLHUP;
	}
	if (writes(f)) {
		poll_wait(&pi->pi_wpoll, p);
		if (ring_room(pi) >= PIPE_ATOMIC)
			ready |= K_POLLOUT | K_POLLWRNORM;
		if (pi->pi_readers == 0)
			ready |= K_POLLERR;
	}
	mutex_unlock(&pi->pi_lock);
	return ready;
}

const struct vnodeops fifo_vnodeops = {
	.vop_open = fifo_open,
	.vop_close = fifo_close,
	.vop_read = fifo_read,
	.vop_write = fifo_write,
	.vop_ioctl = fifo_ioctl,
	.vop_poll = fifo_poll,
};

void pipe_get_state(struct vnode *vp, struct pipe_state *ps)
{
	struct pipe *pi = vp->v_pipe;

	vn_lock(vp);
	ps->ps_files = pi->pi_files;
	vn_unlock(vp);
	mutex_lock(&pi->pi_lock);
	ps->ps_size = ring_capacity(pi);
	ps->ps_count = pi->pi_count;
	mutex_unlock(&pi->pi_lock);
}

bool fifo_unseen(struct file *f)
{
	struct pipe *pi = f->f_vnode->v_pipe;
	bool unseen;

	mutex_lock(&pi->pi_lock);
	unseen = reads(f) && !writes(f) && (u32)(uintptr_t)f->f_data == pi->pi_wopens;
	mutex_unlock(&pi->pi_lock);
	return unseen;
}

void fifo_set_unseen(struct file *f, bool unseen)
{
	struct pipe *pi = f->f_vnode->v_pipe;

	mutex_lock(&pi->pi_lock);
	f->f_data = (void *)(uintptr_t)(unseen ? pi->pi_wopens : pi->pi_wopens - 1);
	mutex_unlock(&pi->pi_lock);
}

void pipe_peek(struct vnode *vp, u32 off, void *buf, u32 n)
{
	struct pipe *pi = vp->v_pipe;

	mutex_lock(&pi->pi_lock);
	ring_peek(pi, off, buf, n);
	mutex_unlock(&pi->pi_lock);
}

static struct pipe *pipe_of_file(struct file *f)
{
	return f->f_vnode->v_type == VFIFO ? f->f_vnode->v_pipe : NULL;
}

long pipe_size(struct file *f)
{
	struct pipe *pi = pipe_of_file(f);

	return pi ? (long)ring_capacity(pi) : -EBADF;
}

long pipe_set_size(struct file *f, u32 size)
{
	struct pipe *pi = pipe_of_file(f);
	u32 npages = 1;
	long ret;

	if (!pi)
		return -EBADF;
	if (size > PIPE_SIZE_MAX)
		return size > 0x80000000u ? -EINVAL : -EPERM;
	while (npages * PAGE_SIZE < size)
		npages *= 2;
	mutex_lock(&pi->pi_lock);
	ret = npages == pi->pi_npages ? 0 : ring_resize(pi, npages);
	if (!ret) {
		ret = (long)ring_capacity(pi);
		wake_writers(pi);
	}
	mutex_unlock(&pi->pi_lock);
	return ret;
}
