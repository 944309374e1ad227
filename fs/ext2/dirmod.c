/* SPDX-License-Identifier: MIT */
/*
 * ext2: directories changed. An entry's room is what is left to the next one,
 * so that a name that is taken out leaves its room to the entry before it in
 * the block, or, at the start of a block, stays as an entry of inode 0.
 * Directories do not become smaller.
 *
 * A commit writes the blocks that got names before those that lost some to them
 * (EXT2_K_MOVED): a block cannot be both.
 */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

/* Bytes of the entry that a further one may have. */
static u32 spare(const struct ext2_dirent *de)
{
	return de->de_inode ? de->de_reclen - EXT2_DIRENT_LEN(de->de_namelen) : de->de_reclen;
}

/* The offset of an entry with that much room, -ENOSPC. */
static int room_in_block(struct vnode *dvp, const struct page *pg, u32 need)
{
	const struct ext2_dirent *de;

	for (u32 off = 0; off < ext2_bsize(dvp); off += de->de_reclen) {
		de = ext2_dirent_at(dvp, pg, off);
		if (!de)
			return -EUCLEAN;
		if (spare(de) >= need)
			return (int)off;
	}
	return -ENOSPC;
}

/* A further block, all of it one empty entry. */
static int append_block(struct vnode *dvp, struct page **pgp)
{
	struct ext2inode *ei = ext2inode(dvp);
	u32 idx = (u32)(dvp->v_size / ext2_bsize(dvp)), blk, got;
	struct ext2_dirent *de;
	int error;

	if (dvp->v_size + ext2_bsize(dvp) > INT32_MAX)
		return -ENOSPC;
	mutex_lock(&ei->ei_maplock);
	error = ext2_grow(ei, idx, 1, &blk, &got);
	mutex_unlock(&ei->ei_maplock);
	if (error)
		return error;
	error = ext2_meta_new(ei->ei_mount, blk, pgp);
	if (error) {
		(void)ext2_shrink(ei, idx, false);
		return error;
	}
	de = page_kva(*pgp);
	de->de_reclen = (u16)ext2_bsize(dvp);
	dvp->v_size += ext2_bsize(dvp);
	ext2_set_disk_size(ei, dvp->v_size);
	return 0;
}

int ext2_dir_room(struct vnode *dvp, u32 len, struct ext2slot *sl)
{
	struct ext2inode *ei = ext2inode(dvp);
	u32 n = (u32)(dvp->v_size / ext2_bsize(dvp));
	int r = 0;

	ASSERT(mutex_held(&dvp->v_lock));
	for (sl->sl_idx = MIN(ei->ei_room, n); sl->sl_idx < n; sl->sl_idx++) {
		r = ext2_dir_block(dvp, sl->sl_idx, &sl->sl_page);
		if (r)
			return r;
		r = room_in_block(dvp, sl->sl_page, EXT2_DIRENT_LEN(len));
		if (r >= 0)
			break;
		page_put(sl->sl_page);
		if (r != -ENOSPC)
			return r;
	}
	if (sl->sl_idx == n) {
		r = append_block(dvp, &sl->sl_page);
		if (r)
			return r;
	}
	ei->ei_room = sl->sl_idx;
	sl->sl_off = (u32)r;
	if (sl->sl_page->pg_private2 & EXT2_K_MOVED) {
		page_put(sl->sl_page);
		return -EAGAIN;
	}
	return 0;
}

static void changed(struct vnode *dvp, struct page *pg, u32 kind)
{
	struct ext2inode *ei = ext2inode(dvp);

	ext2_dirty(ei->ei_mount, pg, kind);
	ext2_modified(ei);
	ext2_idirty(ei, false);
}

/* The inode number last: it makes the entry. */
static void fill_entry(struct ext2_dirent *de, const char *name, u32 len, const struct vnode *vp)
{
	de->de_namelen = (u8)len;
	de->de_type = ext2_type_byte(ext2mount(vp->v_vfs), vp->v_type);
	memcpy(de->de_name, name, len);
	__atomic_store_n(&de->de_inode, (u32)vp->v_ino, __ATOMIC_RELEASE);
}

/*
 * The hash tree of a directory (ext3's) leads to each name by way of entries
 * that look like free room to whoever does not know it. It is not kept up here,
 * so it ends with the first name that comes: the blocks are a plain directory's
 * then. A name that goes, or leads elsewhere, leaves the tree right.
 */
static void end_index(struct ext2inode *ei)
{
	ei->ei_d->i_flags &= ~EXT2_FL_INDEX; /* changed() marks the inode */
}

void ext2_dir_enter(struct vnode *dvp, struct ext2slot *sl, const char *name, u32 len, const struct vnode *vp)
{
	struct ext2_dirent *de = ext2_slot_entry(sl);

	ASSERT(mutex_held(&dvp->v_lock));
	end_index(ext2inode(dvp));
	ASSERT(spare(de) >= EXT2_DIRENT_LEN(len));
	if (de->de_inode) {
		u32 used = EXT2_DIRENT_LEN(de->de_namelen);
		struct ext2_dirent *fresh = (struct ext2_dirent *)((u8 *)de + used);

		fresh->de_reclen = (u16)(de->de_reclen - used);
		fill_entry(fresh, name, len, vp);
		__atomic_store_n(&de->de_reclen, (u16)used, __ATOMIC_RELEASE);
	} else {
		fill_entry(de, name, len, vp);
	}
	changed(dvp, sl->sl_page, EXT2_K_DIR);
	page_put(sl->sl_page);
}

void ext2_dir_redirect(struct vnode *dvp, struct ext2slot *sl, const struct vnode *vp)
{
	struct ext2_dirent *de = ext2_slot_entry(sl);

	ASSERT(mutex_held(&dvp->v_lock));
	de->de_type = ext2_type_byte(ext2mount(vp->v_vfs), vp->v_type);
	de->de_inode = (u32)vp->v_ino;
	changed(dvp, sl->sl_page, EXT2_K_DIR);
	page_put(sl->sl_page);
}

void ext2_dir_take_out(struct vnode *dvp, struct ext2slot *sl, u32 kind)
{
	struct ext2_dirent *de = ext2_slot_entry(sl), *before = NULL;

	ASSERT(mutex_held(&dvp->v_lock));
	for (u32 off = 0; off < sl->sl_off; off += before->de_reclen) {
		before = ext2_dirent_at(dvp, sl->sl_page, off);
		if (!before)
			break;
	}
	if (before)
		before->de_reclen = (u16)(before->de_reclen + de->de_reclen);
	else
		de->de_inode = 0;
	ext2inode(dvp)->ei_room = MIN(ext2inode(dvp)->ei_room, sl->sl_idx);
	changed(dvp, sl->sl_page, kind);
	page_put(sl->sl_page);
}

int ext2_dir_make(struct vnode *vp, struct vnode *parent)
{
	struct ext2_dirent *de;
	struct page *pg;
	int error;

	ASSERT(mutex_held(&parent->v_lock));
	error = append_block(vp, &pg);
	if (error)
		return error;
	de = page_kva(pg);
	de->de_reclen = EXT2_DIRENT_LEN(1);
	fill_entry(de, ".", 1, vp);
	de = (struct ext2_dirent *)((u8 *)de + EXT2_DIRENT_LEN(1));
	de->de_reclen = (u16)(ext2_bsize(vp) - EXT2_DIRENT_LEN(1));
	fill_entry(de, "..", 2, parent);
	page_put(pg);
	return 0;
}
