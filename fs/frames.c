/* SPDX-License-Identifier: MIT */
/* Series of transfers between frames and files; see fs/frames.h. */
#include "fs/frames.h"

#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "proc/sched/sleep.h"

int frames_begin(struct frames *fr, struct vnode *vp, bool put)
{
	if (vp->v_type != VREG)
		return -EINVAL;
	*fr = (struct frames){ .fr_vp = vp, .fr_put = put };
	spin_init(&fr->fr_lock, "frames", LR_PGWAIT);
	if (put ? !vp->v_op->vop_putframes : !vp->v_op->vop_getframes)
		return 0;
	vn_lock(vp);
	fr->fr_direct = !put || (vp->v_size == 0 && vp->v_npages == 0);
	if (!fr->fr_direct)
		vn_unlock(vp);
	return 0;
}

void frames_done(struct frames_run *run, u32 n, int error)
{
	struct frames *fr = run->fx_series;

	spin_lock(&fr->fr_lock);
	ASSERT(n > 0 && n <= run->fx_left);
	if (error && !run->fx_error)
		run->fx_error = error;
	if (error && !fr->fr_error)
		fr->fr_error = error;
	run->fx_left -= n;
	/* Under the lock: once it is free, run and series may be freed. */
	if (run->fx_left == 0)
		wakeup(run);
	spin_unlock(&fr->fr_lock);
}

bool frames_flush_begin(struct frames *fr)
{
	bool mine;

	spin_lock(&fr->fr_lock);
	mine = !fr->fr_flushing;
	fr->fr_flushing = true;
	spin_unlock(&fr->fr_lock);
	return mine;
}

void frames_flush_done(struct frames *fr, int error)
{
	spin_lock(&fr->fr_lock);
	if (error && !fr->fr_error)
		fr->fr_error = error;
	fr->fr_flushing = false;
	wakeup(fr);
	spin_unlock(&fr->fr_lock);
}

/* Copies one page through the cache. */
static int copy_page(struct vnode *vp, bool put, u32 idx, struct page *pg)
{
	off_t off = (off_t)idx << PAGE_SHIFT;
	ssize_t n = put ? vn_pwrite(vp, page_kva(pg), PAGE_SIZE, off)
			: vn_pread(vp, page_kva(pg), PAGE_SIZE, off);

	if (n < 0)
		return (int)n;
	if (put)
		return n == PAGE_SIZE ? 0 : -ENOSPC;
	if (n == 0)
		return -ERANGE;
	memset((u8 *)page_kva(pg) + n, 0, PAGE_SIZE - (size_t)n);
	return 0;
}

static void copy_run(struct frames_run *run)
{
	const struct frames *fr = run->fx_series;
	int error = 0;

	for (u32 i = 0; i < run->fx_n && !error; i++)
		error = copy_page(fr->fr_vp, fr->fr_put, run->fx_idx + i, run->fx_page[i]);
	frames_done(run, run->fx_n, error);
}

static void put_run(struct frames_run *run)
{
	struct frames *fr = run->fx_series;
	struct vnode *vp = fr->fr_vp;

	for (u32 at = 0; at < run->fx_n;) {
		int n = vp->v_op->vop_putframes(vp, run, at, run->fx_n - at);

		if (n < 0) {
			frames_done(run, run->fx_n - at, n);
			return;
		}
		at += (u32)n;
		fr->fr_end = MAX(fr->fr_end, run->fx_idx + at);
	}
}

/*
 * Copies a page from the cache, where it may be newer than the disk. false: not
 * in the cache.
 */
static bool get_cached(struct vnode *vp, u32 idx, struct page *pg)
{
	struct page *cached = vp->v_npages > 0 ? pc_lookup(vp, idx) : NULL;

	if (!cached)
		return false;
	page_copy(page_kva(pg), page_kva(cached));
	page_put(cached);
	return true;
}

static void get_run(struct frames_run *run)
{
	struct vnode *vp = run->fx_series->fr_vp;
	u64 end = (vp->v_size + PAGE_MASK) >> PAGE_SHIFT;
	u32 at = 0, n;

	if ((u64)run->fx_idx + run->fx_n > end) {
		frames_done(run, run->fx_n, -ERANGE);
		return;
	}
	while (at < run->fx_n) {
		/* Pages between two cached pages are read in one piece. */
		for (n = 0; at + n < run->fx_n; n++) {
			if (get_cached(vp, run->fx_idx + at + n, run->fx_page[at + n]))
				break;
		}
		if (n > 0)
			vp->v_op->vop_getframes(vp, run, at, n);
		at += n;
		if (at < run->fx_n) {
			frames_done(run, 1, 0);
			at++;
		}
	}
}

void frames_start(struct frames *fr, struct frames_run *run)
{
	ASSERT(run->fx_n > 0 && run->fx_n <= FRAMES_RUN);
	run->fx_series = fr;
	run->fx_left = run->fx_n;
	run->fx_error = 0;
	if (!fr->fr_direct)
		copy_run(run);
	else if (fr->fr_put)
		put_run(run);
	else
		get_run(run);
}

int frames_wait(struct frames_run *run)
{
	struct frames *fr = run->fx_series;
	int error;

	spin_lock(&fr->fr_lock);
	while (run->fx_left > 0)
		sleep(run, &fr->fr_lock, 0, 0);
	error = run->fx_error;
	spin_unlock(&fr->fr_lock);
	return error;
}

int frames_end(struct frames *fr)
{
	struct vnode *vp = fr->fr_vp;
	int error;

	spin_lock(&fr->fr_lock);
	while (fr->fr_flushing)
		sleep(fr, &fr->fr_lock, 0, 0);
	error = fr->fr_error;
	spin_unlock(&fr->fr_lock);
	if (!fr->fr_direct)
		return error;
	if (fr->fr_put)
		error = vp->v_op->vop_endframes(vp, (u64)fr->fr_end << PAGE_SHIFT, error);
	vn_unlock(vp);
	return error;
}
