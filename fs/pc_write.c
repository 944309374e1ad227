/* SPDX-License-Identifier: MIT */
/*
 * write(2) of regular files through the page cache, a run of pages at a time:
 *
 *   1. fault the user's pages in (step 4 copes if they leave memory again)
 *   2. lock the run's pages; read those that are overwritten only in part
 *   3. vop_mkwrite: blocks for all of them, in one transaction
 *   4. copy without page faults: a fault could need a page locked here
 *   5. dirty, v_size, unlock
 *
 * A commit after step 3 finds the new blocks' pages dirty and waits for their
 * locks. So it writes their contents before it makes the blocks part of the
 * file on disk.
 */
#include "fs/pc_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

#define FAULT_TRIES 100

struct run {
	struct vnode *vp;
	struct page *pg[PC_CLUSTER];
	u32 first, n; /* page indexes */
	u32 off, len; /* bytes from the start of page `first` */
};

/* The bytes [*from, *to) of page i of the run that will be written. */
static void page_range(const struct run *r, u32 i, u32 *from, u32 *to)
{
	*from = i == 0 ? r->off : 0;
	*to = MIN(PAGE_SIZE, r->off + r->len - i * PAGE_SIZE);
}

static void unlock_from(struct run *r, u32 i)
{
	for (; i < r->n; i++) {
		page_unlock(r->pg[i]);
		page_put(r->pg[i]);
	}
}

/* Step 2. On an error nothing is locked. */
static int lock_run(struct run *r)
{
	u64 size = r->vp->v_size;
	u32 want = r->n;

	for (r->n = 0; r->n < want; r->n++) {
		struct page **pg = &r->pg[r->n];
		u32 idx = r->first + r->n, from, to;
		bool fill;
		int error;

		page_range(r, r->n, &from, &to);
		/*
		 * Bytes beyond the end of the file are zero, and need not be
		 * read.
		 */
		fill = ((u64)idx << PAGE_SHIFT) < size &&
		       (from > 0 || (to < PAGE_SIZE && ((u64)idx << PAGE_SHIFT) + to < size));
		error = pc_get_locked(r->vp, idx, fill, pg);
		if (error && r->n > 0)
			break; /* a shorter run */
		if (error)
			return error;
		if (!page_test(*pg, PG_UPTODATE) && (from > 0 || to < PAGE_SIZE)) {
			memset(page_kva(*pg), 0, from);
			memset((u8 *)page_kva(*pg) + to, 0, PAGE_SIZE - to);
		}
	}
	r->len = MIN(r->len, r->n * PAGE_SIZE - r->off);
	return 0;
}

/*
 * Step 3: shortens the run to the blocks that could be allocated. On an error
 * nothing is locked.
 */
static int allocate(struct run *r)
{
	int ready;

	if (!r->vp->v_op->vop_mkwrite)
		return 0;
	ready = r->vp->v_op->vop_mkwrite(r->vp, r->pg, r->n, r->off, r->off + r->len);
	if (ready <= 0) {
		unlock_from(r, 0);
		r->n = 0;
		return ready < 0 ? ready : -EIO;
	}
	if ((u32)ready < r->n) {
		unlock_from(r, (u32)ready);
		r->n = (u32)ready;
		r->len = MIN(r->len, r->n * PAGE_SIZE - r->off);
	}
	return 0;
}

/*
 * The write filled only the bytes [from, to) of page pg, which was not valid
 * before. Zeroes the rest if the block was never written; else reads it from
 * the disk.
 */
static int complete_page(struct vnode *vp, struct page *pg, u32 from, u32 to)
{
	u8 *kva = page_kva(pg);
	struct page *save;
	int error;

	if (page_test(pg, PG_NEW)) {
		memset(kva, 0, from);
		memset(kva + to, 0, PAGE_SIZE - to);
		page_set(pg, PG_UPTODATE);
		return 0;
	}
	if (to == from)
		return 0; /* stays invalid */
	save = page_alloc(0);
	if (!save)
		return -ENOMEM;
	memcpy((u8 *)page_kva(save) + from, kva + from, to - from);
	error = pc_fill(vp, pg);
	memcpy(kva + from, (u8 *)page_kva(save) + from, to - from);
	page_put(save);
	return error;
}

/* Steps 4 and 5 for page i. -EFAULT: not all of it could be copied. */
static int copy_page(struct run *r, u32 i, struct uio *u)
{
	struct page *pg = r->pg[i];
	size_t before = u->uio_resid;
	u32 from, to, moved;
	int error, error2 = 0;

	page_range(r, i, &from, &to);
	error = uiomove((u8 *)page_kva(pg) + from, to - from, u);
	moved = (u32)(before - u->uio_resid);
	if (!page_test(pg, PG_UPTODATE)) {
		/* lock_run() has zeroed the bytes outside the range. */
		if (!error)
			page_set(pg, PG_UPTODATE);
		else
			error2 = complete_page(r->vp, pg, from, from + moved);
	}
	page_clear(pg, PG_NEW);
	if (moved > 0) {
		/*
		 * In this order: a commit that sees the size finds the page
		 * dirty, and waits for its lock.
		 */
		if (page_test(pg, PG_UPTODATE))
			pc_dirty(pg);
		if ((u64)u->uio_offset > r->vp->v_size)
			r->vp->v_size = (u64)u->uio_offset;
	}
	return error2 ? error2 : error;
}

static int copy_run(struct run *r, struct uio *u)
{
	int error = 0;
	u32 i;

	u->uio_nofault = true;
	for (i = 0; i < r->n && !error; i++)
		error = copy_page(r, i, u);
	u->uio_nofault = false;
	/*
	 * Zeroes blocks that were allocated for pages that the write did not
	 * reach.
	 */
	for (; i < r->n; i++) {
		if (page_test(r->pg[i], PG_NEW))
			complete_page(r->vp, r->pg[i], 0, 0);
		page_clear(r->pg[i], PG_NEW);
	}
	unlock_from(r, 0);
	return error;
}

static int write_run(struct vnode *vp, struct uio *u)
{
	u64 pos = (u64)u->uio_offset;
	struct run r = { .vp = vp, .first = (u32)(pos >> PAGE_SHIFT), .off = (u32)(pos & PAGE_MASK) };
	int error;

	if ((pos >> PAGE_SHIFT) >= PC_END - PC_CLUSTER)
		return -EFBIG;
	r.len = (u32)MIN(u->uio_resid, (size_t)(PC_CLUSTER * PAGE_SIZE - r.off));
	r.n = (r.off + r.len + PAGE_MASK) >> PAGE_SHIFT;
	error = uio_prefault(u, r.len);
	if (error) {
		/* Pages before the bad one are still written. */
		r.len = MIN(r.len, PAGE_SIZE - r.off);
		r.n = 1;
	}
	error = lock_run(&r);
	if (!error)
		error = allocate(&r);
	return error ? error : copy_run(&r, u);
}

int pc_write_locked(struct vnode *vp, struct uio *u, u32 ioflags)
{
	size_t start = u->uio_resid;
	int error = 0, faults = 0;

	ASSERT(mutex_held(&vp->v_lock));
	if (ioflags & IO_APPEND)
		u->uio_offset = (off_t)vp->v_size;
	if (u->uio_resid > 0 && (u64)u->uio_offset > vp->v_size && vp->v_nwritemap > 0)
		error = pc_zero_tail(vp); /* clears stores of mappings */
	while (!error && u->uio_resid > 0) {
		size_t before = u->uio_resid;

		error = write_run(vp, u);
		if (error == -EAGAIN) {
			vp->v_vfs->vfs_type->fs_ops->vfs_sync(vp->v_vfs, false);
			error = 0;
		}
		/* The user's page left memory again since step 1: try again. */
		if (error == -EFAULT && uio_prefault(u, 1) == 0 && (u->uio_resid < before || ++faults < FAULT_TRIES))
			error = 0;
		pc_balance(vp);
	}
	return u->uio_resid < start ? 0 : error;
}

int pc_write(struct vnode *vp, struct uio *u, u32 ioflags)
{
	int error;

	vn_lock(vp);
	error = pc_write_locked(vp, u, ioflags);
	vn_unlock(vp);
	return error;
}
