/* SPDX-License-Identifier: MIT */
/*
 * Which file a vnode is, and whether it is still that file, with the contents
 * that the processes know. The use of the file decides what is compared:
 *
 *	a directory           file system, inode, generation; not its entries
 *	a device              its number, wherever its name lies
 *	a FIFO, a socket      as for a directory
 *	a file in /proc       the file system: the kernel generates the contents
 *	  or /sys
 *	a file only read,     also size, mtime and ctime. No program can set
 *	  mapped, executed    ctime, so it reveals a write even if the old
 *	                      mtime was set again
 *	a file written        the inode, and that all its bytes are still there
 *	  by descriptor or    and were not written since (vop_mark counts the
 *	  shared mapping      writes). Bytes behind its old end do not matter:
 *	                      the process wrote them after the image was made,
 *	                      and will write them again
 *
 * An image without note STATS has no ctime, count of writes, or UUID: these are
 * not compared.
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
 * A device number says where a disk is attached, its UUID which disk it is. A
 * file system in memory, such as /tmp, has a new UUID after each start of the
 * machine, but its root is still the same place.
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

/* For a file that the processes write. */
static const char *written_differs(const struct img_vnode *was, const struct vattr *is)
{
	if (was->v_size > is->va_size)
		return "has become shorter";
	if ((was->v_flags & IMG_VF_COUNTED) && is->va_counted && was->v_changes != is->va_changes)
		return "has been changed where the process had written or read";
	return NULL;
}

/* For a file that is only read. */
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
	/*
	 * The caller accepts any file of the same type, unless the image holds
	 * the contents itself.
	 */
	if ((cr->cr_flags & RECOVER_CHANGED) && !(was->v_flags & IMG_VF_SPARE))
		return NULL;
	/*
	 * A directory that the image can do without is found by its name alone:
	 * it may be another machine's.
	 */
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
