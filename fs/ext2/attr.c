/* SPDX-License-Identifier: MIT */
/* ext2: attributes and times. */
#include "fs/ext2/ext2.h"

#include "fs/file_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"

#define DAY 86400

bool ext2_has_extra(const struct ext2inode *ei, const u32 *extra)
{
	size_t end = (size_t)((const u8 *)(extra + 1) - (const u8 *)ei->ei_d);

	return ei->ei_mount->em_isize > EXT2_OLD_INODE_SIZE && end <= ei->ei_mount->em_isize &&
	       EXT2_OLD_INODE_SIZE + ei->ei_d->i_extra_isize >= end;
}

/*
 * Two more bits of seconds below 30 bits of nanoseconds; the 32 bits of seconds
 * are signed.
 */
static struct timespec_k get_time(const struct ext2inode *ei, u32 sec, const u32 *extra)
{
	struct timespec_k t = { .tv_sec = (s32)sec };

	if (ext2_has_extra(ei, extra)) {
		t.tv_sec += (s64)(*extra & 3) << 32;
		t.tv_nsec = MIN(*extra >> 2, (u32)NSEC_PER_SEC - 1);
	}
	return t;
}

static void put_time(struct ext2inode *ei, struct timespec_k t, u32 *sec, u32 *extra)
{
	if (ext2_has_extra(ei, extra)) {
		t.tv_sec = MIN(MAX(t.tv_sec, (s64)INT32_MIN), (s64)INT32_MAX + (3ll << 32));
		*extra = t.tv_nsec << 2 | ((u32)((t.tv_sec - (s32)t.tv_sec) >> 32) & 3);
	} else {
		t.tv_sec = MIN(MAX(t.tv_sec, (s64)INT32_MIN), (s64)INT32_MAX);
	}
	*sec = (u32)t.tv_sec;
}

void ext2_set_times(struct ext2inode *ei, u32 which, struct timespec_k t)
{
	struct ext2_dinode *d = ei->ei_d;

	if (which & EXT2_T_ATIME)
		put_time(ei, t, &d->i_atime, &d->i_atime_extra);
	if (which & EXT2_T_MTIME)
		put_time(ei, t, &d->i_mtime, &d->i_mtime_extra);
	if (which & EXT2_T_CTIME)
		put_time(ei, t, &d->i_ctime, &d->i_ctime_extra);
	if ((which & EXT2_T_CRTIME) && ext2_has_extra(ei, &d->i_crtime_extra))
		put_time(ei, t, &d->i_crtime, &d->i_crtime_extra);
}

void ext2_modified(struct ext2inode *ei)
{
	ext2_set_times(ei, EXT2_T_MTIME | EXT2_T_CTIME, timespec_now());
	ext2_idirty(ei, true);
}

void ext2_ctime_now(struct ext2inode *ei)
{
	ext2_set_times(ei, EXT2_T_CTIME, timespec_now());
	ext2_idirty(ei, true);
}

int ext2_getattr(struct vnode *vp, struct vattr *va)
{
	const struct ext2inode *ei = ext2inode(vp);
	const struct ext2_dinode *d = ei->ei_d;

	va->va_type = vp->v_type;
	va->va_mode = d->i_mode;
	va->va_uid = d->i_uid | (u32)d->i_uid_high << 16;
	va->va_gid = d->i_gid | (u32)d->i_gid_high << 16;
	va->va_nlink = vp->v_flags & V_UNLINKED ? 0 : d->i_links_count;
	va->va_ino = vp->v_ino;
	va->va_dev = vp->v_vfs->vfs_dev;
	va->va_rdev = vp->v_rdev;
	va->va_size = vp->v_size;
	va->va_blocks = d->i_blocks;
	va->va_blksize = ei->ei_mount->em_bsize;
	va->va_gen = d->i_generation;
	va->va_atime = get_time(ei, d->i_atime, &d->i_atime_extra);
	va->va_mtime = get_time(ei, d->i_mtime, &d->i_mtime_extra);
	va->va_ctime = get_time(ei, d->i_ctime, &d->i_ctime_extra);
	va->va_changes = d->i_changes;
	va->va_counted = vp->v_type == VREG;
	va->va_flagged = vp->v_type == VREG || vp->v_type == VDIR;
	va->va_flags = d->i_flags & EXT2_FL_VISIBLE;
	return 0;
}

void ext2_show_flags(struct ext2inode *ei)
{
	u32 flags = ei->ei_d->i_flags, set = flags & VNF_IMMUTABLE ? V_IMMUTABLE : 0;

	set |= flags & VNF_APPEND ? V_APPENDONLY : 0;
	vnode_setflags(ei->ei_vp, set, V_IMMUTABLE | V_APPENDONLY);
}

int ext2_setattr(struct vnode *vp, const struct vattr *va)
{
	struct ext2inode *ei = ext2inode(vp);
	struct ext2_dinode *d = ei->ei_d;
	int error;

	ASSERT(mutex_held(&vp->v_lock));
	if (va->va_mask & VA_SIZE) {
		if (vp->v_type != VREG)
			return vp->v_type == VDIR ? -EISDIR : -EINVAL;
		error = ext2_set_size(vp, va->va_size);
		if (error)
			return error;
	}
	ext2_begin(ei->ei_mount);
	if (va->va_mask & VA_MODE)
		d->i_mode = (u16)((d->i_mode & S_IFMT) | (va->va_mode & 07777));
	if (va->va_mask & VA_UID) {
		d->i_uid = (u16)va->va_uid;
		d->i_uid_high = (u16)(va->va_uid >> 16);
	}
	if (va->va_mask & VA_GID) {
		d->i_gid = (u16)va->va_gid;
		d->i_gid_high = (u16)(va->va_gid >> 16);
	}
	if (va->va_mask & VA_FLAGS) {
		d->i_flags = (d->i_flags & ~VNF_KEPT) | (va->va_flags & VNF_KEPT);
		ext2_show_flags(ei);
	}
	if (va->va_mask & VA_ATIME)
		ext2_set_times(ei, EXT2_T_ATIME, va->va_atime);
	if (va->va_mask & VA_MTIME)
		ext2_set_times(ei, EXT2_T_MTIME, va->va_mtime);
	ext2_set_times(ei, EXT2_T_CTIME, va->va_mask & VA_CTIME ? va->va_ctime : timespec_now());
	ext2_idirty(ei, !(va->va_mask & (VA_SIZE | VA_MODE | VA_UID | VA_GID | VA_FLAGS)));
	ext2_end(ei->ei_mount);
	return 0;
}

/*
 * Linux's relatime: only if that shows anything new. Not worth waiting for a
 * commit.
 */
void ext2_accessed(struct vnode *vp)
{
	struct ext2inode *ei = ext2inode(vp);
	const struct ext2_dinode *d = ei->ei_d;
	struct timespec_k now = timespec_now(), at = get_time(ei, d->i_atime, &d->i_atime_extra);

	if (vp->v_vfs->vfs_readonly)
		return;
	if (at.tv_sec > get_time(ei, d->i_mtime, &d->i_mtime_extra).tv_sec &&
	    at.tv_sec > get_time(ei, d->i_ctime, &d->i_ctime_extra).tv_sec && now.tv_sec - at.tv_sec < DAY)
		return;
	if (now.tv_sec == at.tv_sec || !ext2_trybegin(ei->ei_mount))
		return;
	ext2_set_times(ei, EXT2_T_ATIME, now);
	ext2_idirty(ei, true);
	ext2_end(ei->ei_mount);
}
