/* SPDX-License-Identifier: MIT */
/*
 * Files that must be on the disk before the image gets its name: an image must
 * not rely on contents that the disk does not have (commit.c).
 */
#include "ckpt/save.h"
#include "fs/names.h"
#include "kernel/abi/errno.h"

int ckpt_flush_later(struct ckpt_save *cs, struct vnode *vp)
{
	struct vnode **slot;

	if (!cs->cs_kept)
		return 0;
	for (u32 i = 0; i < cs->cs_nflush; i++) {
		if (cs->cs_flush[i] == vp)
			return 0;
	}
	slot = CKPT_GROW(cs->cs_flush, cs->cs_nflush);
	if (!slot)
		return -ENOMEM;
	vn_hold(vp);
	*slot = vp;
	return 0;
}

int ckpt_write_later(struct ckpt_save *cs, struct vnode *vp)
{
	int error;

	if (!cs->cs_kept)
		return 0;
	error = vn_mark(vp);
	/*
	 * The file system is mounted read-only by now: no process can write the
	 * file.
	 */
	return error == -EROFS ? 0 : error ? error : ckpt_flush_later(cs, vp);
}
