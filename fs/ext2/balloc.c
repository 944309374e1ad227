/* SPDX-License-Identifier: MIT */
/*
 * ext2: which blocks are free.
 *
 * An allocation begins to look at its goal, usually right behind the file's
 * last block. If that is taken it looks for a run worth having, in the goal's
 * group and then in the others, and takes single blocks only when there is no
 * run.
 */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/page.h"
#include "proc/cred.h"

/* blocks of a run for which it pays to go further away */
#define WORTHWHILE 16u

u32 ext2_find_zero(const u32 *map, u32 from, u32 end)
{
	while (from < end) {
		u32 word = ~map[from / 32] & ~0u << from % 32;

		if (word)
			return MIN(from / 32 * 32 + (u32)__builtin_ctz(word), end);
		from = (from / 32 + 1) * 32;
	}
	return end;
}

static u32 find_one(const u32 *map, u32 from, u32 end)
{
	while (from < end) {
		u32 word = map[from / 32] & ~0u << from % 32;

		if (word)
			return MIN(from / 32 * 32 + (u32)__builtin_ctz(word), end);
		from = (from / 32 + 1) * 32;
	}
	return end;
}

/*
 * A run of zeros at least `least` long in [from, end), cut to `want`; its
 * length, 0: none.
 */
static u32 find_run(const u32 *map, u32 from, u32 end, u32 least, u32 want, u32 *at)
{
	while ((from = ext2_find_zero(map, from, end)) < end) {
		u32 stop = find_one(map, from, MIN(end, from + want));

		if (stop - from >= least) {
			*at = from;
			return stop - from;
		}
		from = stop;
	}
	return 0;
}

static u32 blocks_in(const struct ext2mount *em, u32 g)
{
	return MIN(em->em_bpg, em->em_blocks - ext2_group_first(em, g));
}

/*
 * Marks [at, at + n) of group g; the bitmap may be damaged and offer what is
 * not for files.
 */
static int balloc_take(struct ext2mount *em, u32 g, struct page *pg, u32 at, u32 n, u32 *blk)
{
	struct ext2_group_desc *gd = ext2_desc(em, g);
	u32 *map = page_kva(pg);

	*blk = ext2_group_first(em, g) + at;
	for (u32 i = 0; i < n; i++) {
		if (!ext2_block_ok(em, *blk + i))
			return ext2_damage(em, "block %u is free in the bitmap of group %u, but not a file's",
					   *blk + i, g);
	}
	for (u32 i = at; i < at + n; i++)
		map[i / 32] |= 1u << i % 32;
	gd->bg_free_blocks_count = (u16)(gd->bg_free_blocks_count - MIN(n, (u32)gd->bg_free_blocks_count));
	em->em_sb->s_free_blocks_count -= MIN(n, em->em_sb->s_free_blocks_count);
	em->em_group[g].eg_next = at + n;
	ext2_dirty(em, pg, EXT2_K_BITMAP);
	ext2_dirty(em, ext2_desc_page(em, g), EXT2_K_SUPER);
	ext2_dirty(em, em->em_sbpage, EXT2_K_SUPER);
	return 0;
}

/* Looks in group g from bit `from` on, then before it. *got 0: nothing */
static int try_group(struct ext2mount *em, u32 g, u32 from, u32 least, u32 want, u32 *blk, u32 *got)
{
	u32 end = blocks_in(em, g), at;
	struct page *pg;
	int error;

	*got = 0;
	if (ext2_desc(em, g)->bg_free_blocks_count == 0)
		return 0;
	error = ext2_meta_get(em, em->em_group[g].eg_bbm, &pg);
	if (error)
		return error;
	if (from >= end)
		from = 0;
	*got = find_run(page_kva(pg), from, end, least, want, &at);
	if (*got == 0)
		*got = find_run(page_kva(pg), 0, from, least, want, &at);
	if (*got > 0)
		error = balloc_take(em, g, pg, at, *got, blk);
	page_put(pg);
	return error;
}

/* Is the goal itself free? Then from there on, however few there are. */
static int try_goal(struct ext2mount *em, u32 goal, u32 want, u32 *blk, u32 *got)
{
	u32 g = ext2_group_of(em, goal), from = ext2_place_of(em, goal), n, at;
	struct page *pg;
	int error;

	*got = 0;
	error = ext2_meta_get(em, em->em_group[g].eg_bbm, &pg);
	if (error)
		return error;
	n = find_run(page_kva(pg), from, MIN(from + want, blocks_in(em, g)), 1, want, &at);
	if (n > 0 && at == from) {
		*got = n;
		error = balloc_take(em, g, pg, at, n, blk);
	}
	page_put(pg);
	return error;
}

static int balloc_search(struct ext2mount *em, u32 goal, u32 want, u32 *blk, u32 *got)
{
	u32 first = ext2_group_of(em, goal);
	int error = try_goal(em, goal, want, blk, got);

	for (u32 least = MIN(want, WORTHWHILE); !error && *got == 0; least = 1) {
		for (u32 i = 0; i < em->em_ngroups && !error && *got == 0; i++) {
			u32 g = (first + i) % em->em_ngroups;

			error = try_group(em, g, i == 0 ? ext2_place_of(em, goal) : em->em_group[g].eg_next,
					  least, want, blk, got);
		}
		if (least == 1)
			break;
	}
	return error;
}

/*
 * Blocks that the process may not take: the superuser, and whom the superblock
 * names, may take all.
 */
static u32 reserved_blocks(const struct ext2mount *em)
{
	const struct ext2_super *sb = em->em_sb;
	const struct cred *cr = cred_cur();

	if (cred_super(cr) || (sb->s_def_resuid && cr->cr_fsuid == sb->s_def_resuid) ||
	    (sb->s_def_resgid && cred_in_group(cr, sb->s_def_resgid)))
		return 0;
	return sb->s_r_blocks_count;
}

int ext2_balloc(struct ext2mount *em, u32 goal, u32 want, u32 *blk, u32 *got)
{
	u32 free, reserved;
	int error = 0;

	ASSERT(want > 0);
	if (em->em_vfs->vfs_readonly)
		return -EROFS;
	if (goal < em->em_first || goal >= em->em_blocks)
		goal = em->em_first;
	*got = 0;
	mutex_lock(&em->em_alloc);
	free = em->em_sb->s_free_blocks_count;
	reserved = reserved_blocks(em);
	if (free > reserved)
		error = balloc_search(em, goal, MIN(want, free - reserved), blk, got);
	if (!error && *got == 0)
		error = em->em_nfreed + em->em_nfreedino + em->em_ndying > 0 ? -EAGAIN : -ENOSPC;
	mutex_unlock(&em->em_alloc);
	return error;
}

/*
 * Clears the bits of a run within one group. em_alloc held. -ENOMEM, -EIO: none
 */
static int clear_run(struct ext2mount *em, u32 blk, u32 n)
{
	u32 g = ext2_group_of(em, blk), at = ext2_place_of(em, blk), cleared = 0;
	struct ext2_group_desc *gd = ext2_desc(em, g);
	struct page *pg;
	u32 *map;
	int error;

	ASSERT(mutex_held(&em->em_alloc));
	error = ext2_meta_get(em, em->em_group[g].eg_bbm, &pg);
	if (error)
		return error;
	map = page_kva(pg);
	for (u32 i = at; i < at + n; i++) {
		if (map[i / 32] & 1u << i % 32)
			cleared++;
		else
			ext2_damage(em, "block %u was freed twice", ext2_group_first(em, g) + i);
		map[i / 32] &= ~(1u << i % 32);
	}
	gd->bg_free_blocks_count = (u16)MIN(gd->bg_free_blocks_count + cleared, em->em_bpg);
	em->em_sb->s_free_blocks_count = MIN(em->em_sb->s_free_blocks_count + cleared, em->em_blocks);
	ext2_dirty(em, pg, EXT2_K_BITMAP);
	ext2_dirty(em, ext2_desc_page(em, g), EXT2_K_SUPER);
	ext2_dirty(em, em->em_sbpage, EXT2_K_SUPER);
	page_put(pg);
	return 0;
}

/*
 * Clears the bits of a run of blocks, or of the inode r->start (length 0). On
 * an error r becomes what is left. em_alloc held.
 */
static int clear(struct ext2mount *em, struct ext2run *r)
{
	int error = r->len ? 0 : ext2_ifree_bit(em, r->start);

	ASSERT(mutex_held(&em->em_alloc));
	while (r->len > 0 && !error) {
		u32 part = MIN(r->len, em->em_bpg - ext2_place_of(em, r->start));

		error = clear_run(em, r->start, part);
		if (!error) {
			r->start += part;
			r->len -= part;
		}
	}
	return error;
}

static void lost(struct ext2mount *em, const struct ext2run *r)
{
	ext2_lost(em, "a bitmap cannot be read: %u blocks from %u on stay marked as used", r->len, r->start);
}

bool ext2_freed_append(struct list *head, u32 start, u32 len)
{
	struct ext2freed *ef = list_empty(head) ? NULL : list_last(head, struct ext2freed, ef_link);

	if (ef && ef->ef_n > 0 && len > 0 && ef->ef_run[ef->ef_n - 1].len > 0 &&
	    ef->ef_run[ef->ef_n - 1].start + ef->ef_run[ef->ef_n - 1].len == start) {
		ef->ef_run[ef->ef_n - 1].len += len;
		return true;
	}
	if (!ef || ef->ef_n == EXT2_NFREED) {
		struct page *pg = page_alloc(PGA_RESERVE);

		if (!pg)
			return false;
		ef = page_kva(pg);
		ef->ef_n = 0;
		ASSERT(head->prev);
		list_push_back(head, &ef->ef_link);
	}
	ef->ef_run[ef->ef_n].start = start;
	ef->ef_run[ef->ef_n++].len = len;
	return true;
}

void ext2_freed_drop(struct list *head)
{
	struct ext2freed *ef, *tmp;

	list_for_each_safe(ef, tmp, head, ef_link) {
		list_remove(&ef->ef_link);
		page_put(kva_page(ef));
	}
}

void ext2_defer(struct ext2mount *em, u32 start, u32 len)
{
	struct ext2run r = { start, len };

	ASSERT(mutex_held(&em->em_alloc));
	if (!ext2_freed_append(&em->em_freed, start, len)) {
		/*
		 * No memory to remember it: it is free at once. Only a power
		 * cut before the next commit could tell the difference.
		 */
		if (clear(em, &r))
			lost(em, &r);
		return;
	}
	em->em_nfreed += len;
	em->em_nfreedino += len == 0;
}

void ext2_bfree(struct ext2mount *em, u32 blk, u32 n, bool now)
{
	struct ext2run r = { blk, n };
	int error = -ENOMEM;

	mutex_lock(&em->em_alloc);
	if (now)
		error = clear(em, &r);
	if (error == -ENOMEM)
		ext2_defer(em, r.start, r.len);
	else if (error)
		lost(em, &r);
	mutex_unlock(&em->em_alloc);
}

/* -ENOMEM: what is left of it waits for the next commit. */
static int apply_one(struct ext2mount *em, struct ext2run *r)
{
	u32 len = r->len;
	int error = clear(em, r);

	if (len > 0)
		em->em_nfreed -= error == -ENOMEM ? len - r->len : len;
	else
		em->em_nfreedino -= error != -ENOMEM;
	if (error && error != -ENOMEM)
		lost(em, r);
	return error == -ENOMEM ? error : 0;
}

void ext2_apply_freed(struct ext2mount *em)
{
	struct ext2freed *ef, *tmp;

	mutex_lock(&em->em_alloc);
	list_for_each_safe(ef, tmp, &em->em_freed, ef_link) {
		/* The bitmaps that this changes must fit into the commit. */
		while (ef->ef_n > 0 && em->em_ndirty < em->em_dirtylimit + em->em_dirtylimit / 2) {
			if (apply_one(em, &ef->ef_run[ef->ef_n - 1]))
				break;
			ef->ef_n--;
		}
		if (ef->ef_n > 0)
			break;
		list_remove(&ef->ef_link);
		page_put(kva_page(ef));
	}
	mutex_unlock(&em->em_alloc);
}
