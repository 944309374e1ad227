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
 * First in it are those in use (em_orphans), then the abandoned, of which nothing is in memory: left by a crash, or by an end that failed since an
 * indirect block could not be read. They are tried again at each sync, at the end of the mount, and by the next one.
 */
#include "fs/ext2/ext2.h"

#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "proc/sched/sched.h"

/*
 * The chain goes on from ei (NULL: from the superblock) to `next`. em_alloc
 * held.
 */
static void set_next(struct ext2mount *em, struct ext2inode *ei, u32 next)
{
	ASSERT(mutex_held(&em->em_alloc));
	if (ei) {
		ei->ei_d->i_dtime = next;
		ext2_idirty(ei, false);
	} else {
		em->em_sb->s_last_orphan = next;
		ext2_dirty(em, em->em_sbpage, EXT2_K_SUPER);
	}
}

static void mark_ended(struct ext2inode *ei)
{
	ei->ei_d->i_links_count = 0;
	ei->ei_d->i_dtime = (u32)(clock_real_ns() / NSEC_PER_SEC);
	ext2_idirty(ei, false);
}

void ext2_orphans_dissolve(struct ext2mount *em)
{
	struct ext2inode *ei, *tmp;

	mutex_lock(&em->em_alloc);
	list_for_each_safe(ei, tmp, &em->em_orphans, ei_orphan) {
		mark_ended(ei);
		list_remove(&ei->ei_orphan);
	}
	if (em->em_sb->s_last_orphan != em->em_abandoned)
		set_next(em, NULL, em->em_abandoned);
	mutex_unlock(&em->em_alloc);
}

void ext2_orphan_add(struct ext2inode *ei)
{
	struct ext2mount *em = ei->ei_mount;

	mutex_lock(&em->em_alloc);
	if (em->em_frozen) {
		mark_ended(ei);
	} else if (list_empty(&ei->ei_orphan)) {
		ei->ei_d->i_links_count = 0;
		set_next(em, ei, em->em_sb->s_last_orphan);
		set_next(em, NULL, (u32)ei->ei_vp->v_ino);
		list_push_front(&em->em_orphans, &ei->ei_orphan);
	}
	mutex_unlock(&em->em_alloc);
}

/* Who stands before this place of em_orphans; NULL: the superblock. */
static struct ext2inode *orphan_before(struct ext2mount *em, const struct list *place)
{
	return place->prev == &em->em_orphans ? NULL : list_entry(place->prev, struct ext2inode, ei_orphan);
}

/* em_alloc held. */
static void unchain(struct ext2mount *em, struct ext2inode *ei)
{
	ASSERT(mutex_held(&em->em_alloc));
	if (!list_empty(&ei->ei_orphan)) {
		set_next(em, orphan_before(em, &ei->ei_orphan), ei->ei_d->i_dtime);
		list_remove(&ei->ei_orphan);
	}
}

static void orphan_remove(struct ext2inode *ei)
{
	struct ext2mount *em = ei->ei_mount;

	mutex_lock(&em->em_alloc);
	unchain(em, ei);
	mutex_unlock(&em->em_alloc);
}

/* It has to stay on the disk for now, though nobody uses it. */
static void abandon(struct ext2inode *ei)
{
	struct ext2mount *em = ei->ei_mount;

	mutex_lock(&em->em_alloc);
	unchain(em, ei);
	ei->ei_d->i_links_count = 0;
	set_next(em, ei, em->em_abandoned);
	em->em_abandoned = (u32)ei->ei_vp->v_ino;
	set_next(em, orphan_before(em, &em->em_orphans), em->em_abandoned);
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

	ASSERT(mutex_held(&ei->ei_vp->v_lock));
	if (ei->ei_born == em->em_seq || em->em_jnl) {
		vnode_setflags(ei->ei_vp, V_UNLINKED, 0);
		unorder(ei);
		ext2_orphan_add(ei);
		return;
	}
	vn_hold(ei->ei_vp);
	spin_lock(&em->em_lock);
	list_push_back(&em->em_dying, &ei->ei_dying);
	em->em_ndying++;
	em->em_dyingblocks += ei->ei_d->i_blocks / ext2_units(em);
	spin_unlock(&em->em_lock);
	/* Not before: ext2_order() asks for both. */
	vnode_setflags(ei->ei_vp, V_UNLINKED, 0);
}

/*
 * Blocks and number go. A short symbolic link and a device have no blocks,
 * whatever is in i_block[].
 */
static void end_inode(struct ext2inode *ei)
{
	struct ext2mount *em = ei->ei_mount;
	struct vnode *vp = ei->ei_vp;
	bool now = ei->ei_born == em->em_seq;

	if ((vp->v_type == VREG || vp->v_type == VDIR || (vp->v_type == VLNK && !ext2_link_is_fast(ei))) &&
	    ext2_shrink(ei, 0, true)) {
		abandon(ei);
		return;
	}
	if (ext2_xattr_release(ei)) {
		abandon(ei);
		return;
	}
	orphan_remove(ei);
	ei->ei_d->i_size = ei->ei_d->i_size_high = 0;
	mark_ended(ei);
	ext2_ifree(ei, now);
}

bool ext2_inactive(struct vnode *vp)
{
	struct ext2inode *ei = ext2inode(vp);

	if (!ei || !(vp->v_flags & V_UNLINKED))
		return false;
	pc_truncate(vp, 0);
	if (ei->ei_ended)
		return true;
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

/*
 * One that is in use, with a reference. NULL: none, or only such as their last
 * user is about to free; *left: which.
 */
static struct ext2inode *take_orphan(struct ext2mount *em, bool *left)
{
	struct ext2inode *ei, *found = NULL;

	mutex_lock(&em->em_alloc);
	*left = !list_empty(&em->em_orphans);
	list_for_each(ei, &em->em_orphans, ei_orphan) {
		if (vn_tryhold(ei->ei_vp)) {
			found = ei;
			break;
		}
	}
	mutex_unlock(&em->em_alloc);
	return found;
}

void ext2_orphans_end(struct ext2mount *em)
{
	struct ext2inode *ei;
	bool left;

	while ((ei = take_orphan(em, &left)) || left) {
		if (!ei) {
			sched_yield_cpu();
			continue;
		}
		mutex_lock(&ei->ei_maplock);
		ei->ei_ended = true;
		mutex_unlock(&ei->ei_maplock);
		ext2_begin_free(em);
		end_inode(ei);
		ext2_end(em);
		vn_rele(ei->ei_vp);
	}
}

/*
 * The first abandoned one is in use from here on; its place in the chain is the
 * same. -EBUSY: another has taken it.
 */
static int adopt(struct ext2mount *em, struct ext2inode *ei)
{
	u32 ino = (u32)ei->ei_vp->v_ino;
	int error = 0;

	mutex_lock(&em->em_alloc);
	if (em->em_abandoned != ino) {
		error = -EBUSY;
	} else if (!list_empty(&ei->ei_orphan)) {
		error = ext2_damage(em, "the chain of removed files leads to inode %u twice", ino);
	} else {
		em->em_abandoned = ei->ei_d->i_dtime;
		list_push_back(&em->em_orphans, &ei->ei_orphan);
	}
	mutex_unlock(&em->em_alloc);
	return error;
}

/* A file that was being cut off keeps its name. */
static void finish_trim(struct ext2inode *ei)
{
	struct vnode *vp = ei->ei_vp;

	if (vp->v_type == VREG) {
		vn_lock(vp);
		ext2_trim(vp);
		vn_unlock(vp);
	}
	ext2_begin(ei->ei_mount);
	orphan_remove(ei);
	ext2_end(ei->ei_mount);
}

static int clear_one(struct ext2mount *em, u32 ino, bool mounting)
{
	struct ext2inode *ei;
	struct vnode *vp;
	bool named;
	int error;

	if (ino < em->em_first_ino || ino > em->em_inodes)
		return ext2_damage(em, "the chain of removed files leads to inode %u", ino);
	error = ext2_iget_orphan(em, ino, &vp);
	if (error)
		return error;
	ei = ext2inode(vp);
	named = ei->ei_d->i_links_count > 0;
	/* Later the caller may hold locks of files. */
	error = named && !mounting ? -EBUSY : adopt(em, ei);
	if (!error && named)
		finish_trim(ei);
	else if (!error)
		vnode_setflags(vp, V_UNLINKED | V_NOCACHE, 0);
	vn_rele(vp);
	return error;
}

int ext2_orphans_clear(struct ext2mount *em, bool mounting)
{
	u32 ino, n = 0;
	int error = 0;

	while ((ino = em->em_abandoned) && !error && n < em->em_inodes) {
		error = clear_one(em, ino, mounting);
		if (em->em_abandoned == ino)
			break;
		n++;
	}
	if (n > 0 && !error)
		printk_limited(&ext2_limit, "ext2: %s: %u removed files freed\n", em->em_vfs->vfs_source, n);
	return error;
}
