/* SPDX-License-Identifier: MIT */
/*
 * Which file it was, and whether it still is that file, with the contents that the processes know. What is compared depends on
 * what the file is to them:
 *
 *   a directory              the directory itself: file system, inode, generation. Its entries may be others
 *   a device                 its number, wherever its name lies
 *   a FIFO, a socket         the same as of a directory
 *   a file in /proc, /sys    the file system: the kernel makes the contents up
 *   a file that is only      besides the inode, its size, mtime and ctime. Nobody can set ctime, so a file that was written and
 *   read, mapped, executed   has its old mtime again is told too
 *   a file that is written   besides the inode, that every byte is still there which it had, and was not written since. What
 *   (a descriptor, a shared  lies behind its end of then may be there or not: the process went on after the image was made, and
 *   mapping)                 writes that part again. vop_mark counts for this
 *
 * An image without note STATS has no ctime, count, or UUID: less is compared, as when it was made.
 */
#include "ckpt/state/state.h"
#include "fs/vnode.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/string.h"

static struct img_stamp stamp_of(struct timespec_k t)
{
	return (struct img_stamp){ .ts_sec = t.tv_sec, .ts_ns = t.tv_nsec };
}

static bool made_up(const struct vnode *vp)
{
	return vp->v_flags & V_DYNAMIC;
}

void st_ident_fill(struct img_vnode *v, const struct vnode *vp, const struct vattr *va)
{
	*v = (struct img_vnode){ .v_ino = va->va_ino,
				 .v_dev = va->va_dev,
				 .v_rdev = va->va_rdev,
				 .v_gen = va->va_gen,
				 .v_mode = va->va_mode };
	memcpy(v->v_uuid, vp->v_vfs->vfs_uuid, sizeof(v->v_uuid));
	if (vp->v_type != VREG || made_up(vp))
		return;
	v->v_size = va->va_size;
	v->v_mtime = va->va_mtime.tv_sec;
	v->v_mtime_ns = va->va_mtime.tv_nsec;
	v->v_ctime = stamp_of(va->va_ctime);
	if (va->va_counted) {
		v->v_flags |= IMG_VF_COUNTED;
		v->v_changes = va->va_changes;
	}
}

/*
 * The number of a device says where a disk is plugged in, its UUID which disk it is. The root of a file system in memory, such as /tmp,
 * is a new one after each start of the machine, and the same place nevertheless.
 */
static bool same_fs(const struct img_vnode *was, const struct vnode *vp, const struct vattr *is)
{
	static const u8 none[sizeof(was->v_uuid)];
	bool known = memcmp(was->v_uuid, none, sizeof(none)) != 0 && vfs_has_uuid(vp->v_vfs);

	if (!known || ((vp->v_flags & V_ROOT) && vp->v_type == VDIR && vp->v_vfs->vfs_type->fs_nodev))
		return was->v_dev == (u32)is->va_dev;
	return memcmp(was->v_uuid, vp->v_vfs->vfs_uuid, sizeof(was->v_uuid)) == 0;
}

static bool same_time(s64 sec, u32 ns, struct timespec_k is)
{
	return sec == is.tv_sec && ns == is.tv_nsec;
}

/* Of a file that the processes write. */
static const char *written_differs(const struct img_vnode *was, const struct vattr *is)
{
	if (was->v_size > is->va_size)
		return "has become shorter";
	if ((was->v_flags & IMG_VF_COUNTED) && is->va_counted && was->v_changes != is->va_changes)
		return "has been changed where the process had written or read";
	return NULL;
}

/* Of a file that is only read. */
static const char *read_differs(const struct img_vnode *was, const struct vattr *is, bool ctime)
{
	if (was->v_size != is->va_size || !same_time(was->v_mtime, was->v_mtime_ns, is->va_mtime))
		return "has been changed";
	if (ctime && !same_time(was->v_ctime.ts_sec, was->v_ctime.ts_ns, is->va_ctime))
		return "has been changed, or its attributes have";
	return NULL;
}

const char *st_ident_differs(const struct ckpt_restore *cr, u32 index, const struct vnode *vp,
			     const struct vattr *is, bool written)
{
	const struct img_vnode *was = &cr->cr_img.i_vnode[index];

	if ((was->v_mode ^ is->va_mode) & S_IFMT)
		return "is of another type";
	if (is->va_type == VCHR || is->va_type == VBLK)
		return was->v_rdev == (u32)is->va_rdev ? NULL : "is another device";
	/* The caller accepts whatever is there, but for its type, where the image has nothing of its own. */
	if ((cr->cr_flags & RECOVER_CHANGED) && !(was->v_flags & IMG_VF_SPARE))
		return NULL;
	/* What the image does not depend on is taken by its name: it may be another machine's. */
	if (is->va_type == VDIR && (was->v_flags & IMG_VF_SPARE))
		return NULL;
	if (made_up(vp))
		return was->v_dev == (u32)is->va_dev ? NULL : "is another file";
	if (was->v_ino != is->va_ino || !same_fs(was, vp, is) || was->v_gen != is->va_gen)
		return is->va_type == VDIR ? "is another directory" : "is another file";
	if (is->va_type != VREG)
		return NULL;
	return written ? written_differs(was, is) : read_differs(was, is, cr->cr_img.i_stats);
}
