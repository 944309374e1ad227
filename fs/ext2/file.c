/* SPDX-License-Identifier: MIT */
/* ext2: contents of regular files and symbolic links. */
#include "fs/ext2/ext2.h"

#include "fs/bio.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

#define SECTORS (EXT2_BSIZE / SECTOR_SIZE)

static int ext2_getpage(struct vnode *vp, struct page *pg)
{
	struct ext2inode *ei = ext2inode(vp);
	u32 blk, run;
	int error;

	error = ext2_bmap(ei, pg->pg_index, 1, &blk, &run);
	if (error == -EFBIG)
		blk = 0;
	else if (error)
		return -EIO;
	pg->pg_private = blk;
	if (blk)
		return bio_sync(ei->ei_mount->em_bdev, BUF_READ, (u64)blk * SECTORS, pg, EXT2_BSIZE);
	page_zero(page_kva(pg));
	return 0;
}

static void ext2_getpages(struct vnode *vp, struct page **pg, u32 n)
{
	struct ext2inode *ei = ext2inode(vp);

	while (n > 0) {
		u32 blk, run;
		int error = ext2_bmap(ei, pg[0]->pg_index, n, &blk, &run);

		if (error == 0 && blk) {
			for (u32 i = 0; i < run; i++)
				pg[i]->pg_private = blk + i;
			bio_start(ei->ei_mount->em_bdev, BUF_READ, (u64)blk * SECTORS, pg, run, pc_read_done);
		} else {
			run = error ? 1 : run;
			for (u32 i = 0; i < run; i++) {
				pg[i]->pg_private = 0;
				if (!error)
					page_zero(page_kva(pg[i]));
				pc_read_done(pg[i], error ? -EIO : 0);
			}
		}
		pg += run;
		n -= run;
	}
}

static int ext2_read(struct vnode *vp, struct uio *u, struct file *f)
{
	return pc_read(vp, u);
}

/* A short text is in the inode itself, in place of block numbers. */
static bool is_fast(const struct ext2inode *ei)
{
	const struct ext2_dinode *d = ei->ei_d;

	return d->i_blocks == (d->i_file_acl ? EXT2_BSIZE / 512 : 0);
}

static int ext2_readlink(struct vnode *vp, char *buf, size_t size)
{
	struct ext2inode *ei = ext2inode(vp);
	size_t len = (size_t)vp->v_size, n = MIN(len, size);
	struct page *pg;
	int error;

	if (is_fast(ei)) {
		if (len > sizeof(ei->ei_d->i_block))
			return ext2_damage(ei->ei_mount, "symbolic link %u is too long", (u32)vp->v_ino);
		memcpy(buf, ei->ei_d->i_block, n);
		return (int)n;
	}
	error = pc_get(vp, 0, &pg);
	if (error)
		return error;
	memcpy(buf, page_kva(pg), n);
	page_put(pg);
	return (int)n;
}

const struct vnodeops ext2_file_ops = {
	.vop_read = ext2_read,
	.vop_getattr = ext2_getattr,
	.vop_getpage = ext2_getpage,
	.vop_getpages = ext2_getpages,
	.vop_reclaim = ext2_reclaim,
};

const struct vnodeops ext2_link_ops = {
	.vop_getattr = ext2_getattr,
	.vop_readlink = ext2_readlink,
	.vop_getpage = ext2_getpage,
	.vop_reclaim = ext2_reclaim,
};

const struct vnodeops ext2_special_ops = {
	.vop_getattr = ext2_getattr,
	.vop_reclaim = ext2_reclaim,
};
