/* SPDX-License-Identifier: MIT */
/*
 * ext2: new blocks for a file.
 *
 * All blocks that are needed, indirect ones included, are allocated before the
 * first pointer is changed; the last step hangs the new branch into the tree by
 * a single pointer. If there is not enough, what was allocated goes back and
 * nothing has happened.
 *
 * Without a journal a commit cannot write an inode and an indirect block at the
 * same moment. After a cut between the two the size would cover a hole where
 * data was written, or blocks would lie behind the size, and e2fsck would move
 * the size behind them. So the indirect blocks above a new pointer move
 * (renew()): the disk's tree stays as it is, and the inode, which a single
 * write replaces, leads from the old tree and the old size to the new ones. A
 * disk that has no room for that gets the pointers first.
 */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/page.h"

/* Where a new branch begins. */
struct branch {
	u32 off[4], depth;
	u32 have; /* off[have] is the first place that is empty */
	/* the indirect block it is in, with a reference; NULL: the inode */
	struct page *page;
	u32 ind[3], nind; /* new indirect blocks, from the top */
	struct page *indpage[3];
};

static u32 *place(struct ext2inode *ei, const struct branch *br)
{
	return br->page ? (u32 *)page_kva(br->page) + br->off[br->have] : &ei->ei_d->i_block[br->off[0]];
}

/* Follows the way as far as there are blocks. */
static int grow_find_place(struct ext2inode *ei, u32 idx, struct branch *br)
{
	br->depth = ext2_path(ei->ei_mount, idx, br->off);
	if (br->depth == 0)
		return -EFBIG;
	if (ei->ei_ended)
		return -EIO;
	for (br->have = 0; br->have < br->depth - 1; br->have++) {
		u32 blk = *place(ei, br);
		int error;

		if (blk == 0)
			return 0;
		error = ext2_check_block(ei, blk);
		if (br->page)
			page_put(br->page);
		br->page = NULL;
		if (!error)
			error = ext2_meta_get(ei->ei_mount, blk, &br->page);
		if (error)
			return error;
	}
	return *place(ei, br) ? -EUCLEAN : 0;
}

/* How many of the `want` blocks can hang on the same indirect block. */
static u32 limit(struct ext2inode *ei, const struct branch *br, u32 want)
{
	u32 last = br->off[br->depth - 1],
	    max = br->depth == 1 ? EXT2_NDIR - last : ext2_nptr(ei->ei_mount) - last, n;
	const u32 *p;

	want = MIN(want, max);
	if (br->have < br->depth - 1)
		return want;
	p = place(ei, br);
	for (n = 1; n < want && p[n] == 0; n++)
		;
	return n;
}

/*
 * Behind the file's last allocation, or behind the block before the place, or
 * where its group goes on.
 */
static u32 goal_of(struct ext2inode *ei, const struct branch *br)
{
	const struct ext2mount *em = ei->ei_mount;
	u32 g = ((u32)ei->ei_vp->v_ino - 1) / em->em_ipg;

	if (ei->ei_goal)
		return ei->ei_goal;
	if (br->off[br->have] > 0 && place(ei, br)[-1])
		return place(ei, br)[-1] + 1;
	return ext2_group_first(em, g) + em->em_group[g].eg_next % em->em_bpg;
}

static void grow_give_back(struct ext2inode *ei, struct branch *br, u32 blk, u32 n)
{
	struct ext2mount *em = ei->ei_mount;

	if (n > 0)
		ext2_bfree(em, blk, n, true);
	for (u32 i = 0; i < br->nind; i++) {
		if (br->indpage[i])
			page_put(br->indpage[i]);
		ext2_meta_forget(em, br->ind[i]);
		ext2_bfree(em, br->ind[i], 1, true);
	}
}

static int allocate(struct ext2inode *ei, struct branch *br, u32 want, u32 *blk, u32 *got)
{
	struct ext2mount *em = ei->ei_mount;
	u32 goal = goal_of(ei, br), one;
	int error;

	*got = 0;
	while (br->nind < br->depth - 1 - br->have) {
		error = ext2_balloc(em, goal, 1, &br->ind[br->nind], &one);
		if (error)
			return error;
		goal = br->ind[br->nind++] + 1;
		error = ext2_meta_new(em, br->ind[br->nind - 1], &br->indpage[br->nind - 1]);
		if (error)
			return error;
	}
	error = ext2_balloc(em, goal, want, blk, got);
	if (error)
		*got = 0;
	return error;
}

int ext2_move_indirect(struct ext2mount *em, u32 *ptr, struct page **pgp)
{
	u32 from = *ptr, to, one;
	struct page *pg;
	int error;

	if ((*pgp)->pg_private2 & EXT2_K_NEW)
		return 0;
	/*
	 * From the group's begin on: the next move finds the hole of the one
	 * before, and data stay together.
	 */
	error = ext2_balloc(em, ext2_group_first(em, ext2_group_of(em, from)), 1, &to, &one);
	if (error)
		return error;
	error = ext2_meta_new(em, to, &pg);
	if (error) {
		ext2_bfree(em, to, 1, true);
		return error;
	}
	memcpy(page_kva(pg), page_kva(*pgp), em->em_bsize);
	*ptr = to;
	page_put(*pgp);
	*pgp = pg;
	if (ext2_meta_forget(em, from))
		ext2_bfree(em, from, 1, false);
	return 0;
}

/*
 * Moves the indirect blocks that lead to the place, from the top, unless the
 * disk does not know them yet; as far as there is room.
 */
static void renew(struct ext2inode *ei, struct branch *br)
{
	struct ext2mount *em = ei->ei_mount;
	u32 *ptr = &ei->ei_d->i_block[br->off[0]];
	struct page *above = NULL, *pg;

	if (em->em_logging)
		return;
	for (u32 i = 1; i <= br->have; i++) {
		if (ext2_meta_get(em, *ptr, &pg))
			break;
		if (ext2_move_indirect(em, ptr, &pg)) {
			page_put(pg);
			break;
		}
		if (above)
			page_put(above);
		above = pg;
		ptr = (u32 *)page_kva(pg) + br->off[i];
		if (i == br->have) {
			page_get(pg);
			page_put(br->page);
			br->page = pg;
		}
	}
	if (above)
		page_put(above);
}

/* Cannot fail. */
static void grow_attach(struct ext2inode *ei, struct branch *br, u32 blk, u32 n)
{
	struct ext2mount *em = ei->ei_mount;
	u32 *p = place(ei, br);

	for (u32 i = 0; i < br->nind; i++) {
		u32 *q = (u32 *)page_kva(br->indpage[i]) + br->off[br->have + 1 + i];

		if (i + 1 < br->nind) {
			*q = br->ind[i + 1];
		} else {
			for (u32 k = 0; k < n; k++)
				q[k] = blk + k;
		}
		page_put(br->indpage[i]);
	}
	if (br->nind > 0) {
		*p = br->ind[0];
	} else {
		for (u32 k = 0; k < n; k++)
			p[k] = blk + k;
	}
	if (br->page)
		ext2_dirty(em, br->page, EXT2_K_GROWN);
	ei->ei_d->i_blocks += (n + br->nind) * ext2_units(em);
	ei->ei_goal = blk + n;
	ext2_idirty(ei, false);
}

int ext2_grow(struct ext2inode *ei, u32 idx, u32 want, u32 *blk, u32 *got)
{
	struct branch br = { 0 };
	int error;

	ASSERT(mutex_held(&ei->ei_maplock));
	error = grow_find_place(ei, idx, &br);
	if (!error) {
		error = allocate(ei, &br, limit(ei, &br, want), blk, got);
		if (error) {
			grow_give_back(ei, &br, *blk, *got);
		} else {
			renew(ei, &br);
			grow_attach(ei, &br, *blk, *got);
		}
	}
	if (br.page)
		page_put(br.page);
	return error;
}
