/* SPDX-License-Identifier: MIT */
/*
 * ext2: from page of a file to block of the disk.
 *
 *   i_block[0..11]  pages 0..11
 *   i_block[12]     an indirect block: pages 12..1035
 *   i_block[13]     a double indirect block: indirect blocks for the next 1024^2 pages
 *   i_block[14]     a triple indirect one: for the next 1024^3
 */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"

#define PTR_SHIFT 10u
_Static_assert(1u << PTR_SHIFT == EXT2_NPTR, "a level is ten bits");

u32 ext2_path(u32 idx, u32 off[4])
{
	u32 depth;

	if (idx < EXT2_NDIR) {
		off[0] = idx;
		return 1;
	}
	idx -= EXT2_NDIR;
	for (depth = 1; depth <= 3; depth++) {
		u64 span = 1ull << (PTR_SHIFT * depth);

		if (idx < span)
			break;
		idx -= (u32)span;
	}
	if (depth > 3)
		return 0;
	off[0] = EXT2_NDIR + depth - 1;
	for (u32 i = 1; i <= depth; i++)
		off[i] = (idx >> (PTR_SHIFT * (depth - i))) & (EXT2_NPTR - 1);
	return depth + 1;
}

/* How many of the pointers p[0..max) go on from the first one: neighbours, or all 0. */
static u32 run_length(const u32 *p, u32 max)
{
	u32 first = p[0], n;

	for (n = 1; n < max; n++) {
		if (p[n] != (first ? first + n : 0))
			break;
	}
	return n;
}

int ext2_check_block(struct ext2inode *ei, u32 blk)
{
	if (blk == 0 || ext2_block_ok(ei->ei_mount, blk))
		return 0;
	return ext2_damage(ei->ei_mount, "inode %u names block %u, which cannot be its own",
			   (u32)ei->ei_vp->v_ino, blk);
}

int ext2_bmap_locked(struct ext2inode *ei, u32 idx, u32 max, u32 *blkp, u32 *run)
{
	u32 off[4], depth = ext2_path(idx, off), blk;
	struct page *pg;
	int error;

	ASSERT(mutex_held(&ei->ei_maplock));
	*run = 1;
	*blkp = 0;
	if (depth == 0)
		return -EFBIG;
	blk = ei->ei_d->i_block[off[0]];
	if (depth == 1)
		*run = run_length(&ei->ei_d->i_block[off[0]], MIN(max, EXT2_NDIR - off[0]));
	for (u32 i = 1; i < depth && blk; i++) {
		const u32 *ptr;

		error = ext2_check_block(ei, blk);
		if (!error)
			error = ext2_meta_get(ei->ei_mount, blk, &pg);
		if (error)
			return error;
		ptr = (const u32 *)page_kva(pg) + off[i];
		blk = *ptr;
		if (i == depth - 1)
			*run = run_length(ptr, MIN(max, EXT2_NPTR - off[i]));
		page_put(pg);
	}
	error = ext2_check_block(ei, blk);
	if (!error)
		*blkp = blk;
	/* The neighbours are checked when it is their turn, unless the run is used as a whole. */
	while (!error && blk && *run > 1 && !ext2_block_ok(ei->ei_mount, blk + *run - 1))
		--*run;
	return error;
}

int ext2_bmap(struct ext2inode *ei, u32 idx, u32 max, u32 *blk, u32 *run)
{
	int error;

	ASSERT(max > 0);
	mutex_lock(&ei->ei_maplock);
	error = ext2_bmap_locked(ei, idx, max, blk, run);
	mutex_unlock(&ei->ei_maplock);
	return error;
}
