/* SPDX-License-Identifier: MIT */
/*
 * ext2: symbolic links. A text of up to 59 bytes stands in the inode, in place
 * of the block numbers; a longer one has a block.
 */
#include "fs/ext2/ext2.h"

#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

#define FAST_MAX sizeof(((struct ext2_dinode *)0)->i_block)

bool ext2_link_is_fast(const struct ext2inode *ei)
{
	return ei->ei_d->i_blocks == ext2_xattr_units(ei);
}

static int ext2_readlink(struct vnode *vp, char *buf, size_t size)
{
	struct ext2inode *ei = ext2inode(vp);
	size_t len = (size_t)vp->v_size, n = MIN(len, size);
	struct page *pg;
	int error;

	if (ext2_link_is_fast(ei)) {
		if (len > FAST_MAX)
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

/*
 * The text goes into the page cache, and with the next commit to its block,
 * before the inode does.
 */
static int set_slow(struct vnode *vp, const char *target, u32 len)
{
	struct ext2inode *ei = ext2inode(vp);
	u32 blk, got;
	struct page *pg;
	int error;

	error = pc_get_locked(vp, 0, false, &pg);
	if (error)
		return error;
	mutex_lock(&ei->ei_maplock);
	error = ext2_grow(ei, 0, 1, &blk, &got);
	mutex_unlock(&ei->ei_maplock);
	if (!error) {
		page_zero(page_kva(pg));
		memcpy(page_kva(pg), target, len);
		pg->pg_private = blk;
		page_set(pg, PG_UPTODATE);
		pc_dirty(pg);
		ext2_order(ei);
	}
	page_unlock(pg);
	page_put(pg);
	return error;
}

int ext2_symlink_set(struct vnode *vp, const char *target, u32 len)
{
	struct ext2inode *ei = ext2inode(vp);
	int error = 0;

	vp->v_size = len;
	if (len < FAST_MAX)
		memcpy(ei->ei_d->i_block, target, len);
	else
		error = set_slow(vp, target, len);
	if (!error)
		ext2_set_disk_size(ei, len);
	return error;
}

const struct vnodeops ext2_link_ops = {
	.vop_getattr = ext2_getattr,
	.vop_setattr = ext2_setattr,
	.vop_readlink = ext2_readlink,
	.vop_getpage = ext2_getpage,
	.vop_putpages = ext2_putpages,
	.vop_fsync = ext2_fsync,
	.vop_inactive = ext2_inactive,
	.vop_reclaim = ext2_reclaim,
};
