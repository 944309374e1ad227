/* SPDX-License-Identifier: MIT */
/* ext2: directories read. */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

int ext2_dir_block(struct vnode *dvp, u32 idx, struct page **pgp)
{
	struct ext2inode *ei = ext2inode(dvp);
	u32 blk, run;
	int error;

	error = ext2_bmap(ei, idx, 1, &blk, &run);
	if (error)
		return error;
	if (blk == 0)
		return ext2_damage(ei->ei_mount, "directory %u has a hole at block %u", (u32)dvp->v_ino, idx);
	return ext2_meta_get(ei->ei_mount, blk, pgp);
}

struct ext2_dirent *ext2_dirent_at(struct vnode *dvp, const struct page *pg, u32 off)
{
	struct ext2_dirent *de = (struct ext2_dirent *)((u8 *)page_kva(pg) + off);

	if (off % 4 == 0 && off <= ext2_bsize(dvp) - 8 && de->de_reclen >= 8 && de->de_reclen % 4 == 0 &&
	    de->de_reclen <= ext2_bsize(dvp) - off && EXT2_DIRENT_LEN(de->de_namelen) <= de->de_reclen &&
	    (de->de_inode == 0 || de->de_namelen > 0))
		return de;
	ext2_damage(ext2mount(dvp->v_vfs), "directory %u has a damaged entry in block %u at byte %u",
		    (u32)dvp->v_ino, pg->pg_index, off);
	return NULL;
}

/* The entry called name in one block: its offset, or -ENOENT. */
static int find_in_block(struct vnode *dvp, const struct page *pg, const char *name, u32 len)
{
	const struct ext2_dirent *de;

	for (u32 off = 0; off < ext2_bsize(dvp); off += de->de_reclen) {
		de = ext2_dirent_at(dvp, pg, off);
		if (!de)
			return -EUCLEAN;
		if (de->de_inode && de->de_namelen == len && memcmp(de->de_name, name, len) == 0)
			return (int)off;
	}
	return -ENOENT;
}

int ext2_dir_find(struct vnode *dvp, const char *name, u32 len, struct ext2slot *sl)
{
	u32 n = (u32)(dvp->v_size / ext2_bsize(dvp));

	ASSERT(mutex_held(&dvp->v_lock));
	for (u32 idx = 0; idx < n; idx++) {
		int r = ext2_dir_block(dvp, idx, &sl->sl_page);

		if (r)
			return r;
		r = find_in_block(dvp, sl->sl_page, name, len);
		if (r >= 0) {
			sl->sl_idx = idx;
			sl->sl_off = (u32)r;
			return 0;
		}
		page_put(sl->sl_page);
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

int ext2_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp)
{
	struct ext2mount *em = ext2mount(dvp->v_vfs);
	struct ext2slot sl;
	u32 ino;
	int error;

	ASSERT(mutex_held(&dvp->v_lock));
	if (len == 1 && name[0] == '.') {
		vn_hold(dvp);
		*vpp = dvp;
		return 0;
	}
	error = ext2_dir_find(dvp, name, len, &sl);
	if (error)
		return error;
	ino = ext2_slot_entry(&sl)->de_inode;
	page_put(sl.sl_page);
	error = ext2_iget(em, ino, vpp);
	if (!error && len == 2 && name[0] == '.' && name[1] == '.' && (*vpp)->v_type != VDIR) {
		vn_rele(*vpp);
		error = ext2_damage(em, "the parent of directory %u is no directory", (u32)dvp->v_ino);
	}
	return error;
}

/* Is nothing in there but "." and ".."? */
bool ext2_dir_is_empty(struct vnode *dvp, int *error)
{
	u32 n = (u32)(dvp->v_size / ext2_bsize(dvp));
	const struct ext2_dirent *de;
	struct page *pg;
	bool empty = true;

	*error = 0;
	for (u32 idx = 0; idx < n && empty; idx++) {
		*error = ext2_dir_block(dvp, idx, &pg);
		if (*error)
			return false;
		for (u32 off = 0; off < ext2_bsize(dvp) && empty; off += de->de_reclen) {
			de = ext2_dirent_at(dvp, pg, off);
			if (!de)
				*error = -EUCLEAN;
			empty = de &&
				(de->de_inode == 0 ||
				 (de->de_name[0] == '.' &&
				  (de->de_namelen == 1 || (de->de_namelen == 2 && de->de_name[1] == '.'))));
			if (!de)
				break;
		}
		page_put(pg);
	}
	return empty;
}

/* Type bytes of entries (source: ext2_fs.h EXT2_FT_*). */
static const enum vtype entry_type[] = { VNON, VREG, VDIR, VCHR, VBLK, VFIFO, VNON, VLNK };

u8 ext2_type_byte(const struct ext2mount *em, enum vtype type)
{
	for (u32 i = 1; em->em_filetype && i < ARRAY_SIZE(entry_type); i++) {
		if (entry_type[i] == type)
			return (u8)i;
	}
	return 0;
}

/*
 * Hands out the entries of one block from `from` on. 1: the receiver has had
 * enough.
 */
static int read_block(struct vnode *dvp, const struct page *pg, u32 idx, u32 from, dirent_fn fn, void *arg)
{
	bool typed = ext2mount(dvp->v_vfs)->em_filetype;
	const struct ext2_dirent *de;

	for (u32 off = 0; off < ext2_bsize(dvp); off += de->de_reclen) {
		enum vtype type = VNON;

		de = ext2_dirent_at(dvp, pg, off);
		if (!de)
			return -EUCLEAN;
		if (de->de_inode == 0 || off < from)
			continue;
		if (typed && de->de_type < ARRAY_SIZE(entry_type))
			type = entry_type[de->de_type];
		if (!fn(arg, de->de_name, de->de_namelen, de->de_inode, type,
			(off_t)idx * ext2_bsize(dvp) + off + de->de_reclen))
			return 1;
	}
	return 0;
}

int ext2_readdir(struct vnode *dvp, off_t off, dirent_fn fn, void *arg)
{
	u32 n = (u32)(dvp->v_size / ext2_bsize(dvp));
	int r = 0;

	if (off < 0)
		return -EINVAL;
	if ((u64)off >= dvp->v_size)
		return 0;
	for (u32 idx = (u32)(off / ext2_bsize(dvp)); idx < n && r == 0; idx++) {
		u32 from = idx == (u32)(off / ext2_bsize(dvp)) ? (u32)(off % ext2_bsize(dvp)) : 0;
		struct page *pg;

		r = ext2_dir_block(dvp, idx, &pg);
		if (r)
			break;
		r = read_block(dvp, pg, idx, from, fn, arg);
		page_put(pg);
	}
	if (r >= 0)
		ext2_accessed(dvp);
	return r < 0 ? r : 0;
}
