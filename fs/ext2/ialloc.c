/* SPDX-License-Identifier: MIT */
/*
 * ext2: which inodes are free. Files go into the group of their directory. A
 * directory goes there too if the group has its share of free inodes and
 * blocks; those right below the root are spread over the groups.
 */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/page.h"

/* A bit in group g's bitmap. *ino 0: none */
static int try_group(struct ext2mount *em, u32 g, bool isdir, u32 *ino)
{
	u32 first = g == 0 ? em->em_first_ino - 1 : 0, at;
	struct ext2_group_desc *gd = ext2_desc(em, g);
	struct page *pg;
	u32 *map;
	int error;

	*ino = 0;
	if (gd->bg_free_inodes_count == 0 || first >= em->em_ipg)
		return 0;
	error = ext2_meta_get(em, em->em_group[g].eg_ibm, &pg);
	if (error)
		return error;
	map = page_kva(pg);
	at = ext2_find_zero(map, first, em->em_ipg);
	if (at < em->em_ipg) {
		map[at / 32] |= 1u << at % 32;
		gd->bg_free_inodes_count--;
		em->em_sb->s_free_inodes_count -= MIN(1u, em->em_sb->s_free_inodes_count);
		if (isdir)
			gd->bg_used_dirs_count++;
		ext2_dirty(em, pg, EXT2_K_BITMAP);
		ext2_dirty(em, ext2_desc_page(em, g), EXT2_K_SUPER);
		ext2_dirty(em, em->em_sbpage, EXT2_K_SUPER);
		*ino = g * em->em_ipg + at + 1;
	}
	page_put(pg);
	return 0;
}

/* Does group g have its share of free inodes and blocks? */
static bool has_share(const struct ext2mount *em, u32 g)
{
	const struct ext2_group_desc *gd = ext2_desc(em, g);

	return gd->bg_free_inodes_count > 0 &&
	       gd->bg_free_inodes_count >= em->em_sb->s_free_inodes_count / em->em_ngroups / 2 &&
	       gd->bg_free_blocks_count >= em->em_sb->s_free_blocks_count / em->em_ngroups / 2;
}

/* The group with most free blocks among those with their share. */
static u32 emptiest(const struct ext2mount *em, u32 otherwise)
{
	u32 best = otherwise, most = 0;

	for (u32 g = 0; g < em->em_ngroups; g++) {
		if (has_share(em, g) && ext2_desc(em, g)->bg_free_blocks_count > most) {
			most = ext2_desc(em, g)->bg_free_blocks_count;
			best = g;
		}
	}
	return best;
}

int ext2_ialloc(struct ext2mount *em, u32 dir, bool isdir, u32 *inop)
{
	u32 start = (dir - 1) / em->em_ipg;
	int error = 0;

	*inop = 0;
	mutex_lock(&em->em_alloc);
	if (isdir && (dir == EXT2_ROOT_INO || !has_share(em, start)))
		start = emptiest(em, start);
	for (u32 i = 0; i < em->em_ngroups && !error && *inop == 0; i++)
		error = try_group(em, (start + i) % em->em_ngroups, isdir, inop);
	if (!error && *inop == 0)
		error = em->em_nfreed + em->em_nfreedino + em->em_ndying > 0 ? -EAGAIN : -ENOSPC;
	mutex_unlock(&em->em_alloc);
	return error;
}

int ext2_ifree_bit(struct ext2mount *em, u32 ino)
{
	u32 g = (ino - 1) / em->em_ipg, at = (ino - 1) % em->em_ipg;
	struct ext2_group_desc *gd = ext2_desc(em, g);
	struct page *pg;
	u32 *map;
	int error;

	ASSERT(mutex_held(&em->em_alloc));
	error = ext2_meta_get(em, em->em_group[g].eg_ibm, &pg);
	if (error)
		return error;
	map = page_kva(pg);
	if (map[at / 32] & 1u << at % 32) {
		map[at / 32] &= ~(1u << at % 32);
		gd->bg_free_inodes_count = (u16)MIN(gd->bg_free_inodes_count + 1u, em->em_ipg);
		em->em_sb->s_free_inodes_count = MIN(em->em_sb->s_free_inodes_count + 1, em->em_inodes);
		ext2_dirty(em, pg, EXT2_K_BITMAP);
		ext2_dirty(em, ext2_desc_page(em, g), EXT2_K_SUPER);
		ext2_dirty(em, em->em_sbpage, EXT2_K_SUPER);
	} else {
		ext2_damage(em, "inode %u was freed twice", ino);
	}
	page_put(pg);
	return 0;
}

/* em_alloc held. */
static void free_number(struct ext2mount *em, u32 ino, bool now)
{
	int error = now ? ext2_ifree_bit(em, ino) : -ENOMEM;

	ASSERT(mutex_held(&em->em_alloc));
	if (error == -ENOMEM)
		ext2_defer(em, ino, 0);
	else if (error)
		ext2_lost(em, "a bitmap cannot be read: inode %u stays marked as used", ino);
}

void ext2_ialloc_undo(struct ext2mount *em, u32 ino, bool isdir)
{
	u32 g = (ino - 1) / em->em_ipg;

	mutex_lock(&em->em_alloc);
	if (isdir)
		ext2_desc(em, g)->bg_used_dirs_count--;
	free_number(em, ino, true);
	mutex_unlock(&em->em_alloc);
}

void ext2_ifree(struct ext2inode *ei, bool now)
{
	struct ext2mount *em = ei->ei_mount;
	u32 ino = (u32)ei->ei_vp->v_ino, g = (ino - 1) / em->em_ipg;
	struct ext2_group_desc *gd = ext2_desc(em, g);

	mutex_lock(&em->em_alloc);
	if (ei->ei_vp->v_type == VDIR && gd->bg_used_dirs_count > 0) {
		gd->bg_used_dirs_count--;
		ext2_dirty(em, ext2_desc_page(em, g), EXT2_K_SUPER);
	}
	free_number(em, ino, now);
	mutex_unlock(&em->em_alloc);
}
