/* SPDX-License-Identifier: MIT */
/*
 * ext2: the end of a file.
 *
 *   last name removed --> em_dying --commit--> orphan (links 0, in the chain on the disk) --last reference--> freed
 *                  \                               ^
 *                   made since the last commit ---+     what the disk has never heard of need not wait;
 *                   or there is a journal               nor what becomes true together with the removal
 *
 * The chain: s_last_orphan is the first inode's number, i_dtime of each the next one's. Who mounts after a crash frees them.
 */
#include "fs/ext2/ext2.h"

#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"

/* The chain goes on from ei (NULL: from the superblock) to `next`. em_alloc held. */
static void set_next(struct ext2mount *em, struct ext2inode *ei, u32 next)
{
	if (ei) {
		ei->ei_d->i_dtime = next;
		ext2_idirty(ei, false);
	} else {
		em->em_sb->s_last_orphan = next;
		ext2_dirty(em, em->em_sbpage, EXT2_K_SUPER);
	}
}

void ext2_orphan_add(struct ext2inode *ei)
{
	struct ext2mount *em = ei->ei_mount;

	mutex_lock(&em->em_alloc);
	if (list_empty(&ei->ei_orphan)) {
		ei->ei_d->i_links_count = 0;
		set_next(em, ei, em->em_sb->s_last_orphan);
		set_next(em, NULL, (u32)ei->ei_vp->v_ino);
		list_push_front(&em->em_orphans, &ei->ei_orphan);
	}
	mutex_unlock(&em->em_alloc);
}

static void orphan_remove(struct ext2inode *ei)
{
	struct ext2mount *em = ei->ei_mount;
	struct list *before;

	mutex_lock(&em->em_alloc);
	if (!list_empty(&ei->ei_orphan)) {
		before = ei->ei_orphan.prev;
		set_next(em, before == &em->em_orphans ? NULL : list_entry(before, struct ext2inode, ei_orphan),
			 ei->ei_d->i_dtime);
		list_remove(&ei->ei_orphan);
	}
	mutex_unlock(&em->em_alloc);
}

/* Its new blocks need no contents on the disk any more. */
static void unorder(struct ext2inode *ei)
{
	struct ext2mount *em = ei->ei_mount;
	bool was;

	spin_lock(&em->em_lock);
	was = !list_empty(&ei->ei_ordered);
	list_remove(&ei->ei_ordered);
	spin_unlock(&em->em_lock);
	if (was)
		vn_rele(ei->ei_vp); /* the caller has another */
}

void ext2_lost_name(struct ext2inode *ei)
{
	struct ext2mount *em = ei->ei_mount;

	vnode_setflags(ei->ei_vp, V_UNLINKED, 0);
	if (ei->ei_born == em->em_seq || em->em_jnl) {
		unorder(ei);
		ext2_orphan_add(ei);
		return;
	}
	vn_hold(ei->ei_vp);
	spin_lock(&em->em_lock);
	list_push_back(&em->em_dying, &ei->ei_dying);
	em->em_ndying++;
	em->em_dyingblocks += ei->ei_d->i_blocks / (EXT2_BSIZE / 512);
	spin_unlock(&em->em_lock);
}

/* Blocks and number go. A short symbolic link and a device have no blocks, whatever is in i_block[]. */
static void end_inode(struct ext2inode *ei)
{
	struct ext2mount *em = ei->ei_mount;
	struct vnode *vp = ei->ei_vp;
	bool now = ei->ei_born == em->em_seq;

	orphan_remove(ei);
	if (vp->v_type == VREG || vp->v_type == VDIR || (vp->v_type == VLNK && ei->ei_d->i_blocks > 0))
		ext2_shrink(ei, 0);
	ei->ei_d->i_size = ei->ei_d->i_size_high = 0;
	ei->ei_d->i_links_count = 0;
	ei->ei_d->i_dtime = (u32)(clock_real_ns() / NSEC_PER_SEC);
	ext2_idirty(ei, false);
	ext2_ifree(ei, now);
}

bool ext2_inactive(struct vnode *vp)
{
	struct ext2inode *ei = ext2inode(vp);

	if (!ei || !(vp->v_flags & V_UNLINKED))
		return false;
	pc_truncate(vp, 0);
	if (!ei->ei_mount->em_rw || ei->ei_mount->em_frozen) {
		/* It stays in the chain on the disk, for the next mount. */
		mutex_lock(&ei->ei_mount->em_alloc);
		list_remove(&ei->ei_orphan);
		mutex_unlock(&ei->ei_mount->em_alloc);
		return true;
	}
	ext2_begin_free(ei->ei_mount);
	end_inode(ei);
	ext2_end(ei->ei_mount);
	return true;
}

/* One of the chain; *next becomes the one after it. */
static int clear_one(struct ext2mount *em, u32 *next)
{
	struct ext2inode *ei;
	struct vnode *vp;
	u32 ino = *next;
	int error;

	error = ext2_iget_orphan(em, ino, &vp);
	if (error)
		return error;
	ei = ext2inode(vp);
	*next = ei->ei_d->i_dtime;
	ext2_begin(em);
	em->em_sb->s_last_orphan = *next;
	ext2_dirty(em, em->em_sbpage, EXT2_K_SUPER);
	ext2_end(em);
	if (ei->ei_d->i_links_count == 0) {
		vnode_setflags(vp, V_UNLINKED | V_NOCACHE, 0);
	} else if (vp->v_type == VREG) {
		vn_lock(vp);
		ext2_trim(vp);
		vn_unlock(vp);
	}
	vn_rele(vp);
	return 0;
}

int ext2_orphans_clear(struct ext2mount *em)
{
	u32 next = em->em_sb->s_last_orphan, n = 0;
	int error = 0;

	while (next && !error && n++ < em->em_inodes)
		error = next >= em->em_first_ino && next <= em->em_inodes
				? clear_one(em, &next)
				: ext2_damage(em, "the chain of removed files leads to inode %u", next);
	if (n > 0 && !error)
		printk("ext2: %s: %u removed files freed\n", em->em_vfs->vfs_source, n);
	return error;
}
