/* SPDX-License-Identifier: MIT */
/*
 * ext2: giving blocks of a file back.
 *
 * Without a journal a commit cannot write an inode and an indirect block at the
 * same moment. After a cut between the two a file of the old size would have a
 * hole where data was. So the indirect blocks that lose some of their pointers
 * move first, as those that get some do (fs/ext2/grow.c). On a disk that has no
 * room for that they are written after the inode: then blocks lie behind the
 * size, and e2fsck moves the size behind them.
 */
#include "fs/ext2/ext2.h"

#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/page.h"

/* Blocks to free, gathered as long as they are neighbours. */
struct gone {
	struct ext2inode *ei;
	bool now; /* the disk knows nothing of this file */
	bool keep;
	u32 start, n;
};

static void free_gathered(struct gone *go)
{
	if (go->n > 0)
		ext2_bfree(go->ei->ei_mount, go->start, go->n, go->now);
	go->n = 0;
}

static void free_block(struct gone *go, u32 blk)
{
	u32 *units = &go->ei->ei_d->i_blocks;

	/*
	 * A directory's block may be waiting to be written: not over what is
	 * there next.
	 */
	if (go->ei->ei_vp->v_type == VDIR && !ext2_meta_forget(go->ei->ei_mount, blk))
		return;
	if (go->n > 0 && go->start + go->n == blk) {
		go->n++;
	} else {
		free_gathered(go);
		go->start = blk;
		go->n = 1;
	}
	*units -= MIN(*units, ext2_units(go->ei->ei_mount));
}

static void free_pointers(struct gone *go, u32 *p, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (p[i] && ext2_check_block(go->ei, p[i]) == 0)
			free_block(go, p[i]);
		p[i] = 0;
	}
}

/* The indirect block *ptr cannot be read, so nobody knows what hangs on it. */
static int unreadable(struct gone *go, u32 *ptr, int error)
{
	if (go->keep)
		return error;
	ext2_lost(go->ei->ei_mount, "inode %u: block %u cannot be read: what it leads to stays marked as used",
		  (u32)go->ei->ei_vp->v_ino, *ptr);
	*ptr = 0;
	return 0;
}

/* Does any of the pointers lead anywhere? */
static bool leads(const u32 *p, u32 n)
{
	while (n > 0 && p[n - 1] == 0)
		n--;
	return n > 0;
}

/*
 * Frees what hangs on the indirect block *ptr of `level` (1: its pointers lead
 * to data) from pointer number `from` of the lowest level on, and the block
 * itself if that is all. *ptr becomes 0 then.
 */
static int free_tree(struct gone *go, u32 *ptr, u32 level, u64 from)
{
	struct ext2mount *em = go->ei->ei_mount;
	/* blocks below each pointer */
	u64 span = 1ull << ((em->em_bshift - 2) * (level - 1));
	u32 blk = *ptr, first = (u32)(from / span);
	struct page *pg;
	int error, error2;
	u32 *p;

	if (blk == 0)
		return 0;
	if (ext2_check_block(go->ei, blk)) {
		*ptr = 0; /* told by now */
		return 0;
	}
	error = ext2_meta_get(em, blk, &pg);
	if (error)
		return unreadable(go, ptr, error);
	if (from > 0 && !leads((u32 *)page_kva(pg) + first, ext2_nptr(em) - first)) {
		page_put(pg);
		return 0;
	}
	/* From the top: the next level's pointer is in the moved block. */
	if (from > 0 && !em->em_logging)
		(void)ext2_move_indirect(em, ptr, &pg);
	p = page_kva(pg);
	if (level == 1)
		free_pointers(go, p + first, ext2_nptr(em) - first);
	for (u32 i = first; level > 1 && i < ext2_nptr(em); i++) {
		error2 = free_tree(go, &p[i], level - 1, i == first ? from % span : 0);
		error = error ? error : error2;
	}
	if (from == 0 && !error) {
		*ptr = 0;
		if (ext2_meta_forget(em, blk))
			free_block(go, blk);
	} else {
		ext2_dirty(em, pg, EXT2_K_CUT);
	}
	page_put(pg);
	return error;
}

int ext2_shrink(struct ext2inode *ei, u32 idx, bool keep)
{
	struct gone go = { .ei = ei, .now = ei->ei_born == ei->ei_mount->em_seq, .keep = keep };
	u32 *blocks = ei->ei_d->i_block;
	u64 base = EXT2_NDIR;
	int error = 0, error2;

	mutex_lock(&ei->ei_maplock);
	if (idx < EXT2_NDIR)
		free_pointers(&go, blocks + idx, EXT2_NDIR - idx);
	for (u32 level = 1; level <= 3; level++) {
		u64 span = 1ull << ((ei->ei_mount->em_bshift - 2) * level);

		error2 = 0;
		if (idx < base + span)
			error2 = free_tree(&go, &blocks[EXT2_NDIR + level - 1], level,
					   idx > base ? idx - base : 0);
		error = error ? error : error2;
		base += span;
	}
	free_gathered(&go);
	ei->ei_goal = 0;
	mutex_unlock(&ei->ei_maplock);
	ext2_idirty(ei, false);
	return error;
}

static int shrink_file(struct vnode *vp, u64 size)
{
	struct ext2inode *ei = ext2inode(vp);
	u32 keep = (u32)((size + PAGE_MASK) >> PAGE_SHIFT);
	struct page *tail = NULL;
	int error;

	/*
	 * What may fail comes first: with its last page in memory the rest
	 * cannot.
	 */
	if (size & PAGE_MASK) {
		error = pc_get(vp, keep - 1, &tail);
		if (error)
			return error;
	}
	vp->v_size = size;
	pc_truncate(vp, keep);
	error = pc_zero_tail(vp);
	if (tail)
		page_put(tail);
	ext2_sub_cut(vp);
	ext2_begin(ei->ei_mount);
	ext2_set_disk_size(ei, size);
	(void)ext2_shrink(ei, ext2_blocks_of(ei->ei_mount, size), false);
	ext2_modified(ei);
	ext2_end(ei->ei_mount);
	return error;
}

int ext2_set_size(struct vnode *vp, u64 size)
{
	struct ext2inode *ei = ext2inode(vp);
	u64 before = vp->v_size;
	int error;

	ASSERT(mutex_held(&vp->v_lock));
	if (size > ei->ei_mount->em_maxsize)
		return -EFBIG;
	if (size < vp->v_size) {
		error = ext2_changing(vp, size);
		return error ? error : shrink_file(vp, size);
	}
	/* A mapping may have left bytes behind the end in the last page. */
	error = size > vp->v_size ? pc_zero_tail(vp) : 0;
	if (error)
		return error;
	ext2_begin(ei->ei_mount);
	vp->v_size = size;
	ext2_set_disk_size(ei, size);
	ext2_modified(ei);
	ext2_end(ei->ei_mount);
	if (size > before)
		ext2_sub_extended(vp, before);
	return 0;
}

void ext2_trim(struct vnode *vp)
{
	struct ext2inode *ei = ext2inode(vp);

	ASSERT(mutex_held(&vp->v_lock));
	pc_truncate(vp, (u32)((vp->v_size + PAGE_MASK) >> PAGE_SHIFT));
	ext2_sub_cut(vp);
	ext2_begin(ei->ei_mount);
	(void)ext2_shrink(ei, ext2_blocks_of(ei->ei_mount, vp->v_size), false);
	ext2_end(ei->ei_mount);
}
