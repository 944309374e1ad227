/* SPDX-License-Identifier: MIT */
/*
 * ext2: blocks of extended attributes.
 *
 * No call reads or writes extended attributes here, but the files of other
 * systems have some (labels of SELinux, access lists): in the inode itself,
 * behind its extra fields, where they stay as they are; or in a block,
 * i_file_acl, which files with the same attributes share. The block counts
 * them. It counts in the inode's i_blocks like any other.
 */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"

u32 ext2_xattr_units(const struct ext2inode *ei)
{
	return ei->ei_d->i_file_acl ? ei->ei_mount->em_bsize / 512 : 0;
}

/* One file less has block blk; *last: none has. */
static int count_down(struct ext2inode *ei, u32 blk, bool *last)
{
	struct ext2mount *em = ei->ei_mount;
	struct ext2_xattr_header *h;
	struct page *pg;
	int error;

	error = ext2_meta_get(em, blk, &pg);
	if (error)
		return error;
	h = page_kva(pg);
	mutex_lock(&em->em_alloc);
	*last = h->h_refcount == 1;
	if (h->h_magic != EXT2_XATTR_MAGIC || h->h_blocks != 1 || h->h_refcount == 0) {
		error = ext2_damage(em, "inode %u: block %u does not hold extended attributes",
				    (u32)ei->ei_vp->v_ino, blk);
	} else if (!*last) {
		h->h_refcount--;
		ext2_dirty(em, pg, EXT2_K_INODE);
	}
	mutex_unlock(&em->em_alloc);
	page_put(pg);
	return error;
}

int ext2_xattr_release(struct ext2inode *ei)
{
	struct ext2mount *em = ei->ei_mount;
	struct ext2_dinode *d = ei->ei_d;
	u32 blk = d->i_file_acl;
	bool last = false;
	int error;

	if (blk == 0)
		return 0;
	error = ext2_check_block(ei, blk);
	if (!error)
		error = count_down(ei, blk, &last);
	/*
	 * What is no block of attributes stays marked as used; e2fsck is told
	 * by now.
	 */
	if (error && error != -EUCLEAN)
		return error;
	if (last && ext2_meta_forget(em, blk))
		ext2_bfree(em, blk, 1, false);
	d->i_blocks -= MIN(d->i_blocks, ext2_xattr_units(ei));
	d->i_file_acl = 0;
	ext2_idirty(ei, false);
	return 0;
}
