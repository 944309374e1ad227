/* SPDX-License-Identifier: MIT */
/*
 * ext2: the metadata blocks in memory, and which blocks are metadata by their
 * place.
 *
 * A dirty page of em_meta has kinds in pg_private2, the tag PCT_DIRTY in the
 * tree, and a reference, which keeps it from being reclaimed. PG_DIRTY and the
 * write-back thread have no part in it: only a commit writes metadata.
 */
#include "fs/ext2/ext2.h"
#include "fs/ext2/journal.h"

#include "fs/bio.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

static int meta_getpage(struct vnode *vp, struct page *pg)
{
	const struct ext2mount *em = vp->v_data;

	return bio_sync(em->em_bdev, BUF_READ, ext2_sector(em, pg->pg_index), pg, em->em_bsize);
}

static void meta_getpages(struct vnode *vp, struct page **pg, u32 n)
{
	const struct ext2mount *em = vp->v_data;

	bio_start_blocks(em->em_bdev, BUF_READ, ext2_sector(em, pg[0]->pg_index), pg, n, em->em_bsize, pc_read_done);
}

const struct vnodeops ext2_meta_ops = { .vop_getpage = meta_getpage, .vop_getpages = meta_getpages };

int ext2_meta_get(struct ext2mount *em, u32 blk, struct page **pgp)
{
	int error = pc_get(em->em_meta, blk, pgp);

	return error == -ERANGE ? ext2_damage(em, "block %u lies beyond the end", blk) : error;
}

int ext2_meta_new(struct ext2mount *em, u32 blk, struct page **pgp)
{
	int error;

	error = pc_get_locked(em->em_meta, blk, false, pgp);
	if (error)
		return error;
	page_zero(page_kva(*pgp));
	page_set(*pgp, PG_UPTODATE);
	page_unlock(*pgp);
	ext2_dirty(em, *pgp, EXT2_K_NEW);
	return 0;
}

void ext2_dirty(struct ext2mount *em, struct page *pg, u32 kind)
{
	struct vnode *meta = em->em_meta;

	ASSERT(em->em_nopen > 0 || em->em_closed);
	spin_lock(&meta->v_pclock);
	if (pg->pg_private2 == 0)
		page_get(pg);
	if (!(pg->pg_private2 & EXT2_K_DIRTY)) {
		radix_tag(&meta->v_pages, pg->pg_index, PCT_DIRTY);
		em->em_ndirty++;
	}
	pg->pg_private2 |= kind;
	spin_unlock(&meta->v_pclock);
	vfs_dirty(em->em_vfs);
}

bool ext2_meta_forget(struct ext2mount *em, u32 blk)
{
	struct vnode *meta = em->em_meta;
	struct page *pg;

	spin_lock(&meta->v_pclock);
	pg = radix_lookup(&meta->v_pages, blk);
	if (pg && pg->pg_private2 == 0)
		pg = NULL;
	spin_unlock(&meta->v_pclock);
	if (!pg)
		return true;
	if ((pg->pg_private2 & EXT2_K_LOGGED) && !ext2_revoke(em, blk)) {
		ext2_lost(em, "out of memory: block %u stays marked as used", blk);
		return false;
	}
	spin_lock(&meta->v_pclock);
	if (pg->pg_private2 & EXT2_K_DIRTY)
		em->em_ndirty--;
	pg->pg_private2 = 0;
	radix_untag(&meta->v_pages, blk, PCT_DIRTY);
	radix_untag(&meta->v_pages, blk, PCT_WRITEBACK);
	spin_unlock(&meta->v_pclock);
	page_put(pg);
	return true;
}

static bool is_power(u32 n, u32 base)
{
	while (n > 1 && n % base == 0)
		n /= base;
	return n == 1;
}

bool ext2_group_has_super(const struct ext2mount *em, u32 g)
{
	if (em->em_sparse2)
		return g == 0 || g == em->em_backup[0] || g == em->em_backup[1];
	if (!em->em_sparse)
		return true;
	return g <= 1 || is_power(g, 3) || is_power(g, 5) || is_power(g, 7);
}

bool ext2_block_ok(const struct ext2mount *em, u32 blk)
{
	const struct ext2group *eg;
	u32 g;

	if (blk <= em->em_sbblock || blk >= em->em_blocks)
		return false;
	g = ext2_group_of(em, blk);
	eg = &em->em_group[g];
	if (blk == eg->eg_bbm || blk == eg->eg_ibm)
		return false;
	if (blk >= eg->eg_itable && blk - eg->eg_itable < ext2_itable_blocks(em))
		return false;
	return ext2_place_of(em, blk) > em->em_ngdb || !ext2_group_has_super(em, g);
}
