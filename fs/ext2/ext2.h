/* SPDX-License-Identifier: MIT */
/*
 * ext2: the file system on the disk. Blocks are 4 KiB: a block is a page.
 *
 *   struct vfs -- vfs_data --> ext2mount
 *                                em_meta: page cache of all metadata (superblock, descriptors, bitmaps, inode tables, indirect blocks,
 *                                         directories), indexed by block number
 *   vnode -- v_data --> ext2inode
 *                         ei_d: the inode itself, in its page of the inode table, which stays in memory as long as the vnode does
 *
 * Contents of regular files and long symbolic links are in their vnode's own page cache; pg_private is the block, 0 a hole.
 *
 * Locks, outermost first
 *   v_lock         entries of a directory, attributes, size and truncation of a file
 *   page locks     of files' pages; of em_meta's pages only while one is being read
 *   ei_maplock     (LR_FS_INODE) i_block[] and the indirect blocks of one inode
 *
 * Nothing that comes from the disk is trusted: block numbers, sizes, entries are checked where they are used. What is wrong is told on the
 * console in one line (ext2_damage()), the file system becomes read-only, and the call fails with EUCLEAN.
 */
#ifndef FS_EXT2_EXT2_H
#define FS_EXT2_EXT2_H

#include "fs/ext2/disk.h"
#include "fs/vnode.h"
#include "mm/page.h"
#include "proc/mutex.h"

#define EXT2_BSIZE PAGE_SIZE
#define EXT2_NPTR (EXT2_BSIZE / 4) /* block numbers in an indirect block */
#define EXT2_DESC_PER_BLOCK (EXT2_BSIZE / sizeof(struct ext2_group_desc))

struct ext2mount {
	struct vfs *em_vfs;
	struct bdev *em_bdev;
	struct vnode *em_meta;
	/* Checked when mounted, then constant; what the disk says later does not matter. */
	u32 em_blocks, em_inodes, em_bpg, em_ipg, em_ngroups, em_isize, em_first_ino, em_ngdb;
	bool em_filetype;
	u64 em_maxsize; /* of a file */
	u32 em_complaints; /* atomic */
	struct page *em_sbpage; /* block 0, held */
	struct ext2_super *em_sb; /* in it */
	struct page **em_gdpage; /* em_ngdb, held */
	struct ext2group {
		u32 eg_bbm, eg_ibm, eg_itable; /* block numbers, checked */
	} *em_group;
};

struct ext2inode {
	struct ext2mount *ei_mount;
	struct vnode *ei_vp;
	struct page *ei_page; /* of the inode table, held */
	struct ext2_dinode *ei_d;
	struct mutex ei_maplock;
};

static inline struct ext2mount *ext2mount(const struct vfs *vfs)
{
	return vfs->vfs_data;
}
static inline struct ext2inode *ext2inode(const struct vnode *vp)
{
	return vp->v_data;
}

/* --- super.c ---------------------------------------------------------------------------------- */

/* Something on the disk is not as it must be: one line (at most 20 a mount), and no more writing. Returns -EUCLEAN. */
int ext2_damage(struct ext2mount *em, const char *fmt, ...) __printf(2, 3);

/* --- meta.c ----------------------------------------------------------------------------------- */

/* The metadata block blk, valid, with a reference. -EUCLEAN (beyond the end), -EIO, -ENOMEM */
int ext2_meta_get(struct ext2mount *em, u32 blk, struct page **pgp);
/* May blk hold data, an indirect block, or a directory? */
bool ext2_block_ok(const struct ext2mount *em, u32 blk);
bool ext2_group_has_super(const struct ext2mount *em, u32 g);

/* --- inode.c ---------------------------------------------------------------------------------- */

void ext2_inode_init(void);
/* The vnode of an inode number that came from the disk. -EUCLEAN: there is no such inode, or it is damaged */
int ext2_iget(struct ext2mount *em, u32 ino, struct vnode **vpp);
int ext2_getattr(struct vnode *vp, struct vattr *va);
void ext2_reclaim(struct vnode *vp);

/* --- bmap.c ----------------------------------------------------------------------------------- */

/* The block of page idx, 0 for a hole, and in *run how many pages from there on (at most max) are neighbours on the disk or all holes. Takes
 * ei_maplock. -EUCLEAN, -EIO, -ENOMEM */
int ext2_bmap(struct ext2inode *ei, u32 idx, u32 max, u32 *blk, u32 *run);

/* The way to page idx of a file: off[0] is the place in i_block[], the others in indirect blocks. Returns how many, 0: too far. */
u32 ext2_path(u32 idx, u32 off[4]);

/* --- dir.c ------------------------------------------------------------------------------------ */

/* Block idx of a directory, with a reference. */
int ext2_dir_block(struct vnode *dvp, u32 idx, struct page **pgp);
/* The entry at byte off of a directory block, checked; NULL: damaged. */
const struct ext2_dirent *ext2_dirent_at(struct vnode *dvp, const struct page *pg, u32 off);
/* Where the entry called name is: its block with a reference, and the offset there. v_lock held. -ENOENT */
int ext2_dir_find(struct vnode *dvp, const char *name, u32 len, struct page **pgp, u32 *off);

extern const struct vnodeops ext2_dir_ops;

/* --- file.c ----------------------------------------------------------------------------------- */

extern const struct vnodeops ext2_file_ops, ext2_link_ops, ext2_special_ops;

#endif
