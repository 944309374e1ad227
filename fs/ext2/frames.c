/* SPDX-License-Identifier: MIT */
/*
 * ext2: contents of files straight from and to frames (fs/frames.h), where a
 * block is a page.
 *
 * A run gets its blocks in as few pieces as the disk has room for, each within
 * an operation, and is written at once. The commit that follows waits for these
 * writes (em_nframes) after it has let the last operation end, so here, too,
 * contents are on the disk before the pointers to them. It also makes the size
 * on the disk cover what has been written (ei_frames): v_size does not, until
 * the series ends.
 */
#include "fs/ext2/ext2.h"

#include "fs/bio.h"
#include "fs/frames.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "proc/sched/sleep.h"

#define FLUSH_EVERY 2048u /* pages: 8 MiB */

/* Interrupt context. */
static void put_done(void *arg, u32 n, int error)
{
	struct frames_run *run = arg;
	struct ext2mount *em = ext2mount(run->fx_series->fr_vp->v_vfs);

	/*
	 * The commit waits for the write, not for who ordered it: first, since
	 * the run may be gone afterwards.
	 */
	spin_lock(&em->em_lock);
	em->em_nframes -= n;
	if (em->em_nframes == 0)
		wakeup(&em->em_nframes);
	spin_unlock(&em->em_lock);
	frames_done(run, n, error);
}

static void flush_done(void *arg, u32 n, int error)
{
	frames_flush_done(arg, error);
}

static void get_done(void *arg, u32 n, int error)
{
	frames_done(arg, n, error);
}

/* Frames [at, at + n) of the run, whose blocks are neighbours. */
static void start_frames(struct ext2mount *em, enum buf_op op, u32 blk, struct frames_run *run, u32 at, u32 n)
{
	while (n > 0) {
		u32 part = MIN(n, PC_CLUSTER);

		bio_start_run(em->em_bdev, op, ext2_sector(em, blk), run->fx_page + at, part,
			      op == BUF_WRITE ? put_done : get_done, run);
		blk += part;
		at += part;
		n -= part;
	}
}

/* Blocks for 1..want pages from idx on. Within an operation. */
static int find_room(struct ext2inode *ei, u32 idx, u32 want, u32 *blk, u32 *got)
{
	int error;

	mutex_lock(&ei->ei_maplock);
	error = ext2_bmap_locked(ei, idx, want, blk, got);
	if (!error && *blk == 0)
		error = ext2_grow(ei, idx, *got, blk, got);
	if (!error)
		ei->ei_frames = MAX(ei->ei_frames, idx + *got);
	mutex_unlock(&ei->ei_maplock);
	return error;
}

int ext2_putframes(struct vnode *vp, struct frames_run *run, u32 at, u32 n)
{
	struct ext2inode *ei = ext2inode(vp);
	struct ext2mount *em = ei->ei_mount;
	struct frames *fr = run->fx_series;
	u32 tries = 0, blk, got;
	int error;

	ASSERT(mutex_held(&vp->v_lock));
	if (vp->v_vfs->vfs_readonly)
		return -EROFS;
	do {
		ext2_begin(em);
		error = find_room(ei, run->fx_idx + at, n, &blk, &got);
		if (!error) {
			ext2_order(ei);
			spin_lock(&em->em_lock);
			em->em_nframes += got;
			spin_unlock(&em->em_lock);
		}
		ext2_end(em);
	} while (ext2_again(em, &error, &tries));
	if (error)
		return error;
	start_frames(em, BUF_WRITE, blk, run, at, got);
	fr->fr_unflushed += got;
	if (fr->fr_unflushed >= FLUSH_EVERY && frames_flush_begin(fr)) {
		fr->fr_unflushed = 0;
		bio_start_flush(em->em_bdev, flush_done, fr);
	}
	return (int)got;
}

int ext2_endframes(struct vnode *vp, u64 size, int error)
{
	struct ext2inode *ei = ext2inode(vp);

	ASSERT(mutex_held(&vp->v_lock));
	if (error)
		ext2_trim(vp);
	else
		vp->v_size = size;
	ei->ei_frames = 0;
	if (!vp->v_vfs->vfs_readonly)
		ext2_written(ei);
	return error;
}

void ext2_getframes(struct vnode *vp, struct frames_run *run, u32 at, u32 n)
{
	struct ext2inode *ei = ext2inode(vp);

	while (n > 0) {
		u32 blk, got;
		int error = ext2_bmap(ei, run->fx_idx + at, n, &blk, &got);

		if (error) {
			frames_done(run, n, error == -ENOMEM ? error : -EIO);
			return;
		}
		if (blk) {
			start_frames(ei->ei_mount, BUF_READ, blk, run, at, got);
		} else {
			for (u32 i = 0; i < got; i++)
				page_zero(page_kva(run->fx_page[at + i]));
			frames_done(run, got, 0);
		}
		at += got;
		n -= got;
	}
}
