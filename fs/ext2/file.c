/* SPDX-License-Identifier: MIT */
/*
 * ext2: contents of regular files, from and to the page cache. A page knows its
 * block (pg_private) from when it is read, or from when it is about to be
 * written, so that writing it out needs nothing but the disk. Pages of several
 * blocks: fs/ext2/subpage.c.
 */
#include "fs/ext2/ext2.h"

#include "fs/bio.h"
#include "fs/file.h"
#include "fs/pagecache.h"
#include "fs/setid.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "proc/cred.h"

/* --- Pages --- */

int ext2_getpage(struct vnode *vp, struct page *pg)
{
	struct ext2inode *ei = ext2inode(vp);
	const struct ext2mount *em = ei->ei_mount;
	u32 blk, run;
	int error;

	if (ext2_subpage(em))
		return ext2_sub_getpage(vp, pg);
	error = ext2_bmap(ei, pg->pg_index, 1, &blk, &run);
	if (error == -EFBIG)
		blk = 0;
	else if (error)
		return error == -ENOMEM ? error : -EIO;
	pg->pg_private = blk;
	if (blk)
		return bio_sync(em->em_bdev, BUF_READ, ext2_sector(em, blk), pg, PAGE_SIZE);
	page_zero(page_kva(pg));
	return 0;
}

static void ext2_getpages(struct vnode *vp, struct page **pg, u32 n)
{
	struct ext2inode *ei = ext2inode(vp);
	const struct ext2mount *em = ei->ei_mount;

	while (n > 0) {
		u32 blk, run;
		int error = ext2_bmap(ei, pg[0]->pg_index, n, &blk, &run);

		if (error)
			run = 1;
		for (u32 i = 0; i < run; i++)
			pg[i]->pg_private = blk ? blk + i : 0;
		if (!error && blk) {
			bio_start(em->em_bdev, BUF_READ, ext2_sector(em, blk), pg, run, pc_read_done);
		} else {
			for (u32 i = 0; i < run; i++) {
				if (!error)
					page_zero(page_kva(pg[i]));
				pc_read_done(pg[i], error);
			}
		}
		pg += run;
		n -= run;
	}
}

void ext2_putpages(struct vnode *vp, struct page **pg, u32 n)
{
	const struct ext2mount *em = ext2mount(vp->v_vfs);

	if (ext2_subpage(em)) {
		ext2_sub_putpages(vp, pg, n);
		return;
	}
	while (n > 0) {
		u32 blk = pg[0]->pg_private, run;

		for (run = 1; run < n && pg[run]->pg_private == (blk ? blk + run : 0); run++)
			;
		if (blk) {
			bio_start(em->em_bdev, BUF_WRITE, ext2_sector(em, blk), pg, run, pc_write_done);
		} else {
			/* A hole whose zeros were zeroed. */
			for (u32 i = 0; i < run; i++)
				pc_write_done(pg[i], 0);
		}
		pg += run;
		n -= run;
	}
}

/* How many of the pages from the first on have no block in memory's view. */
static u32 unknown_run(struct page **pg, u32 n)
{
	u32 i;

	for (i = 0; i < n && pg[i]->pg_private == 0; i++)
		;
	return i;
}

static void set_blocks(struct page **pg, u32 n, u32 blk, bool fresh)
{
	for (u32 i = 0; i < n; i++) {
		pg[i]->pg_private = blk + i;
		if (!fresh)
			continue;
		if (!page_test(pg[i], PG_UPTODATE))
			page_set(pg[i], PG_NEW);
		pc_dirty(pg[i]);
	}
}

/*
 * Blocks for pages that have none: found or allocated. How many pages are
 * ready; or an error. ei_maplock held.
 */
static int find_blocks(struct ext2inode *ei, struct page **pg, u32 n, bool *fresh)
{
	u32 done = 0, want, blk, run;
	int error;

	ASSERT(mutex_held(&ei->ei_maplock));
	while (done < n) {
		want = unknown_run(pg + done, n - done);
		if (want == 0) {
			done++;
			continue;
		}
		error = ext2_bmap_locked(ei, pg[done]->pg_index, want, &blk, &run);
		if (!error && blk) {
			set_blocks(pg + done, run, blk, false);
		} else if (!error) {
			error = ext2_grow(ei, pg[done]->pg_index, run, &blk, &run);
			if (!error) {
				set_blocks(pg + done, run, blk, true);
				*fresh = true;
			}
		}
		if (error)
			return done > 0 ? (int)done : error;
		done += run;
	}
	return (int)done;
}

int ext2_mkwrite(struct vnode *vp, struct page **pg, u32 n, u32 from, u32 to)
{
	struct ext2inode *ei = ext2inode(vp);
	struct ext2mount *em = ei->ei_mount;
	bool fresh = false;
	u32 i;
	int ready;

	for (i = 0; i < n && pg[i]->pg_private; i++)
		;
	if (i == n)
		return (int)n;
	if (vp->v_vfs->vfs_readonly)
		return -EROFS;
	if ((u64)pg[0]->pg_index << PAGE_SHIFT >= em->em_maxsize)
		return -EFBIG;
	if (ext2_overfull(em) || !ext2_trybegin(em))
		return -EAGAIN;
	mutex_lock(&ei->ei_maplock);
	ready = find_blocks(ei, pg, n, &fresh);
	mutex_unlock(&ei->ei_maplock);
	if (fresh)
		ext2_order(ei);
	ext2_end(em);
	return ready;
}

/* A page that is to be written has its block already: ext2_mkwrite(). */
static u32 ext2_nextdata(struct vnode *vp, u32 from, u32 to)
{
	u32 shift = PAGE_SHIFT - ext2mount(vp->v_vfs)->em_bshift, at = from << shift, end = to << shift;

	while (at < end) {
		u32 blk, run;

		if (ext2_bmap(ext2inode(vp), at, end - at, &blk, &run) != 0 || blk)
			return at >> shift;
		at += run;
	}
	return to;
}

/* --- Reading and writing --- */

static int ext2_read(struct vnode *vp, struct uio *u, struct file *f)
{
	int error = pc_read(vp, u);

	if (f && !(f->f_flags & O_NOATIME))
		ext2_accessed(vp);
	return error;
}

void ext2_written(struct ext2inode *ei)
{
	ASSERT(mutex_held(&ei->ei_vp->v_lock));
	ext2_begin(ei->ei_mount);
	/* The new bytes may lie in a block that the file had before. */
	if (ei->ei_vp->v_size > ext2_disk_size(ei))
		ext2_order(ei);
	ext2_set_disk_size(ei, ei->ei_vp->v_size);
	ext2_modified(ei);
	ext2_end(ei->ei_mount);
}

static int ext2_write(struct vnode *vp, struct uio *u, struct file *f)
{
	bool append = f && (f->f_flags & O_APPEND);
	size_t before = u->uio_resid;
	u64 size;
	int error;

	vn_lock(vp);
	size = vp->v_size;
	error = vp->v_vfs->vfs_readonly ? -EROFS : 0;
	/*
	 * Before the first byte: no process runs the new text with the old
	 * rights.
	 */
	if (!error && before > 0 && (ext2inode(vp)->ei_d->i_mode & (S_ISUID | S_ISGID)))
		error = vn_lose_setid(vp);
	if (!error && !append)
		error = ext2_changing(vp, (u64)u->uio_offset);
	if (!error)
		error = pc_write_locked(vp, u, append ? IO_APPEND : 0);
	if (u->uio_resid < before)
		ext2_written(ext2inode(vp));
	if (u->uio_resid > 0 && error != -EROFS)
		ext2_trim(vp);
	if (vp->v_size > size)
		ext2_sub_extended(vp, size);
	vn_unlock(vp);
	if (!error && f && (f->f_flags & O_DSYNC))
		error = ext2_fsync(vp, (f->f_flags & O_SYNC) != O_SYNC);
	return error;
}

int ext2_fsync(struct vnode *vp, bool datasync)
{
	struct ext2inode *ei = ext2inode(vp);
	struct ext2mount *em = ei->ei_mount;
	int error = vp->v_type == VDIR ? 0 : pc_flush(vp, 0, PC_END, true), error2;

	if ((datasync ? ei->ei_changed : ei->ei_touched) == em->em_seq)
		error2 = ext2_commit(em);
	else
		error2 = bio_flush(em->em_bdev);
	return error ? error : error2;
}

const struct vnodeops ext2_file_ops = {
	.vop_read = ext2_read,
	.vop_write = ext2_write,
	.vop_getattr = ext2_getattr,
	.vop_setattr = ext2_setattr,
	.vop_fsync = ext2_fsync,
	.vop_getpage = ext2_getpage,
	.vop_getpages = ext2_getpages,
	.vop_putpages = ext2_putpages,
	.vop_mkwrite = ext2_mkwrite,
	.vop_stored = ext2_vop_stored,
	.vop_mark = ext2_vop_mark,
	.vop_nextdata = ext2_nextdata,
	.vop_putframes = ext2_putframes,
	.vop_endframes = ext2_endframes,
	.vop_getframes = ext2_getframes,
	.vop_inactive = ext2_inactive,
	.vop_reclaim = ext2_reclaim,
};

/* Where a page holds several blocks: frames go through the page cache. */
const struct vnodeops ext2_sub_file_ops = {
	.vop_read = ext2_read,
	.vop_write = ext2_write,
	.vop_getattr = ext2_getattr,
	.vop_setattr = ext2_setattr,
	.vop_fsync = ext2_fsync,
	.vop_getpage = ext2_sub_getpage,
	.vop_getpages = ext2_sub_getpages,
	.vop_putpages = ext2_sub_putpages,
	.vop_mkwrite = ext2_sub_mkwrite,
	.vop_inactive = ext2_inactive,
	.vop_reclaim = ext2_reclaim,
};

const struct vnodeops ext2_special_ops = {
	.vop_getattr = ext2_getattr,
	.vop_setattr = ext2_setattr,
	.vop_fsync = ext2_fsync,
	.vop_inactive = ext2_inactive,
	.vop_reclaim = ext2_reclaim,
};
