/* SPDX-License-Identifier: MIT */
/*
 * ext2: from block of a file to block of the disk.
 *
 *   i_block[0..11]  blocks 0..11
 *   i_block[12]     an indirect block: n = 1024 more (256, 512 if they are of 1 or 2 KiB)
 *   i_block[13]     a double indirect block: indirect blocks for the next n^2
 *   i_block[14]     a triple indirect one: for the next n^3
 */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"

u32 ext2_path(const struct ext2mount *em, u32 idx, u32 off[4])
{
	u32 shift = em->em_bshift - 2, depth; /* bits for each level */

	if (idx < EXT2_NDIR) {
		off[0] = idx;
		return 1;
	}
	idx -= EXT2_NDIR;
	for (depth = 1; depth <= 3; depth++) {
		u64 span = 1ull << (shift * depth);

		if (idx < span)
			break;
		idx -= (u32)span;
	}
	if (depth > 3)
		return 0;
	off[0] = EXT2_NDIR + depth - 1;
	for (u32 i = 1; i <= depth; i++)
		off[i] = (idx >> (shift * (depth - i))) & (ext2_nptr(em) - 1);
	return depth + 1;
}

/*
 * How many of the pointers p[0..max) go on from the first one: neighbours, or
 * all 0.
 */
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
	u32 off[4], depth = ext2_path(ei->ei_mount, idx, off), blk;
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
			*run = run_length(ptr, MIN(max, ext2_nptr(ei->ei_mount) - off[i]));
		page_put(pg);
	}
	error = ext2_check_block(ei, blk);
	if (!error)
		*blkp = blk;
	/*
	 * The neighbours are checked when it is their turn, unless the run is
	 * used as a whole.
	 */
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
