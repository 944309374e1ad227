/* SPDX-License-Identifier: MIT */
/*
 * ext2: the count of changes, by which a checkpoint image tells whether the bytes that it depends on
 * are still what they were.
 *
 *   i_marked    bytes [0, i_marked) are those that some image depends on; 0: no image does
 *   i_changes   how often a marked byte was changed. The change takes the mark away: whatever
 *               depended on it is told by the count now
 *
 * What lies behind the mark may change freely: a log that grows, and its end that a recovered
 * process writes once more, stay uncounted. The count is on the medium before the change is, so no
 * power cut leaves changed bytes under the old count. It costs one commit for each file and
 * checkpoint, at the first such change.
 *
 * Both fields are halves of what Linux calls i_version: ext4 adds one to it at every change of the
 * file, so what Linux has done to the disk meanwhile is counted too. An inode of 128 bytes has the
 * lower half only. Its mark is kept in memory; when the inode is read anew it counts as marked
 * whole, if an image has ever depended on it (i_changes is not 0 then).
 *
 * ei_maplock guards the mark; it is looked at without, for files that no image depends on.
 */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"

#define MARKED_WHOLE 0xffffffffu

static u32 *mark_of(struct ext2inode *ei)
{
	return ext2_has_extra(ei, &ei->ei_d->i_marked) ? &ei->ei_d->i_marked : &ei->ei_marked;
}

void ext2_init_mark(struct ext2inode *ei)
{
	ei->ei_marked = ei->ei_d->i_changes ? MARKED_WHOLE : 0;
}

/*
 * Is a change from `from` on one to be counted, or to wait until one before it
 * is on the medium?
 */
static bool concerns(struct ext2inode *ei, u64 from)
{
	u32 mark = *mark_of(ei);

	return from < mark || mark == MARKED_WHOLE || ei->ei_counted == ei->ei_mount->em_seq;
}

/* Within an operation. */
static void count(struct ext2inode *ei, u64 from)
{
	u32 *mark = mark_of(ei);

	mutex_lock(&ei->ei_maplock);
	if (from < *mark || *mark == MARKED_WHOLE) {
		*mark = 0;
		/* 0 would say that no image has ever depended on it. */
		if (++ei->ei_d->i_changes == 0)
			ei->ei_d->i_changes = 1;
		ei->ei_counted = ei->ei_mount->em_seq;
		ext2_idirty(ei, false);
	}
	mutex_unlock(&ei->ei_maplock);
}

int ext2_changing(struct vnode *vp, u64 from)
{
	struct ext2inode *ei = ext2inode(vp);

	ASSERT(mutex_held(&vp->v_lock));
	if (!concerns(ei, from))
		return 0;
	ext2_begin(ei->ei_mount);
	count(ei, from);
	ext2_end(ei->ei_mount);
	return ext2_commit(ei->ei_mount);
}

int ext2_vop_stored(struct vnode *vp, struct page *pg)
{
	struct ext2inode *ei = ext2inode(vp);
	u64 from = (u64)pg->pg_index << PAGE_SHIFT;
	bool counts;

	/* What became read-only under the mapping keeps its times, too. */
	if (vp->v_vfs->vfs_readonly)
		return 0;
	if (ext2_overfull(ei->ei_mount) || !ext2_trybegin(ei->ei_mount))
		return -EAGAIN;
	counts = concerns(ei, from);
	if (counts)
		count(ei, from);
	ext2_modified(ei);
	ext2_end(ei->ei_mount);
	return counts ? -EAGAIN : 0;
}

int ext2_vop_mark(struct vnode *vp)
{
	struct ext2inode *ei = ext2inode(vp);
	u32 upto, *mark = mark_of(ei);

	if (vp->v_vfs->vfs_readonly)
		return -EROFS;
	vn_lock(vp);
	upto = (u32)MIN(vp->v_size, (u64)MARKED_WHOLE);
	if (upto > *mark) {
		ext2_begin(ei->ei_mount);
		mutex_lock(&ei->ei_maplock);
		*mark = upto;
		if (mark == &ei->ei_marked && ei->ei_d->i_changes == 0)
			ei->ei_d->i_changes = 1;
		ext2_idirty(ei, false);
		mutex_unlock(&ei->ei_maplock);
		ext2_end(ei->ei_mount);
	}
	vn_unlock(vp);
	return 0;
}
