/* SPDX-License-Identifier: MIT */
/* O_DIRECT on block devices; see fs/direct.h. */
#include "fs/direct.h"

#include "fs/bio.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "proc/sched/sleep.h"

#define BATCH 1024u /* pages pinned at a time: 16 requests */
#define SECTORS_PER_PAGE (PAGE_SIZE / SECTOR_SIZE)

struct direct {
	struct spinlock d_lock; /* d_left, d_error */
	u32 d_left;		/* pages in transfer */
	int d_error;
	u32 d_n;
	struct page *d_page[BATCH];
};

bool direct_possible(const struct vnode *vp, const struct uio *u)
{
	if (u->uio_kernel || ((u64)u->uio_offset & PAGE_MASK) || (u64)u->uio_offset + u->uio_resid > vp->v_size)
		return false;
	for (u32 i = 0; i < u->uio_iovcnt; i++) {
		if ((u->uio_iov[i].base | u->uio_iov[i].len) & PAGE_MASK)
			return false;
	}
	return true;
}

/* Interrupt context. */
static void moved(void *arg, u32 n, int error)
{
	struct direct *d = arg;

	spin_lock(&d->d_lock);
	if (error)
		d->d_error = error;
	d->d_left -= n;
	if (d->d_left == 0)
		wakeup(d);
	spin_unlock(&d->d_lock);
}

/*
 * Faults in and holds the next pages of the user.
 * Errors: -EFAULT, -ENOMEM... (no page is held)
 */
static int pin(struct direct *d, struct uio *u)
{
	struct as *as = curproc()->p_as;
	const struct uiovec *iov = u->uio_iov;
	u32 cnt = u->uio_iovcnt, off = 0;
	int error = 0;

	for (d->d_n = 0; d->d_n < BATCH && cnt > 0 && !error;) {
		if (off == iov->len) {
			iov++;
			cnt--;
			off = 0;
			continue;
		}
		error = user_range_ok(iov->base, iov->len)
				? as_getpage(as, iov->base + off, !u->uio_write, &d->d_page[d->d_n])
				: -EFAULT;
		if (!error)
			d->d_n++;
		off += PAGE_SIZE;
	}
	return d->d_n > 0 ? 0 : error == -ENOMEM ? error : -EFAULT;
}

static int move_pinned(struct bdev *bd, struct direct *d, bool write, u64 sector)
{
	d->d_left = d->d_n;
	for (u32 at = 0; at < d->d_n; at += PC_CLUSTER)
		bio_start_run(bd, write ? BUF_WRITE : BUF_READ, sector + (u64)at * SECTORS_PER_PAGE,
			      d->d_page + at, MIN(d->d_n - at, PC_CLUSTER), moved, d);
	spin_lock(&d->d_lock);
	while (d->d_left > 0)
		sleep(d, &d->d_lock, 0, 0);
	spin_unlock(&d->d_lock);
	return d->d_error;
}

static int move_batch(struct vnode *vp, struct direct *d, struct uio *u)
{
	int error = pin(d, u);

	if (error)
		return error;
	error = move_pinned(vp->v_data, d, u->uio_write, (u64)u->uio_offset / SECTOR_SIZE);
	for (u32 i = 0; i < d->d_n; i++)
		page_put(d->d_page[i]);
	if (!error)
		uio_skip(u, (size_t)d->d_n * PAGE_SIZE);
	return error;
}

int direct_move(struct vnode *vp, struct uio *u)
{
	struct direct *d = kzalloc(sizeof(*d), 0);
	u32 first = (u32)((u64)u->uio_offset >> PAGE_SHIFT);
	int error;

	assert_may_sleep("direct_move");
	if (!d)
		return -ENOMEM;
	spin_init(&d->d_lock, "direct", LR_PGWAIT);
	vn_lock(vp);
	error = pc_flush(vp, 0, PC_END, true);
	if (u->uio_write)
		pc_truncate(vp, first);
	while (!error && u->uio_resid > 0)
		error = move_batch(vp, d, u);
	/* Another process may have read the old contents into the cache. */
	if (u->uio_write)
		pc_truncate(vp, first);
	vn_unlock(vp);
	kfree(d);
	return error;
}
