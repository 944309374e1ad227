/* SPDX-License-Identifier: MIT */
/* Files by name: which file it was when the image was made, and the same one again when it is brought back. */
#include "ckpt/ckpt.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

bool st_vnode_nameless(struct vnode *vp)
{
	struct vattr va;

	if (vp->v_type != VREG || (vp->v_flags & V_DYNAMIC))
		return false;
	return (vp->v_flags & V_UNLINKED) || (vn_getattr(vp, &va) == 0 && va.va_nlink == 0);
}

int st_vnode_save(struct ckpt_save *cs, struct vnode *vp, const char *path, u32 *index)
{
	struct img_vnode v = { 0 };
	struct vattr va;
	int error = vn_getattr(vp, &va);

	if (error)
		return error;
	if (!path || !*path)
		return ckpt_refuse(cs_name(cs), -EOPNOTSUPP,
				   "a file of it has no name (inode %u)", (u32)va.va_ino);
	if (va.va_nlink == 0 || (vp->v_flags & V_UNLINKED))
		return ckpt_refuse(cs_name(cs), -EOPNOTSUPP, "%s was removed while in use", path);
	v.v_path = path;
	v.v_ino = va.va_ino;
	v.v_dev = va.va_dev;
	v.v_rdev = va.va_rdev;
	v.v_gen = va.va_gen;
	v.v_mode = va.va_mode;
	if (vp->v_type == VREG) {
		v.v_size = va.va_size;
		v.v_mtime = va.va_mtime.tv_sec;
		v.v_mtime_ns = va.va_mtime.tv_nsec;
	}
	error = img_add_vnode(&cs->cs_img, &v);
	if (error < 0)
		return error;
	*index = (u32)error;
	return 0;
}

/* What differs between the file that was and the one that is; NULL: nothing that matters. */
static const char *difference(const struct img_vnode *was, const struct vattr *is, bool changing)
{
	if ((was->v_mode ^ is->va_mode) & 0170000)
		return "is of another type";
	/* A device is its number, wherever its name lies. */
	if (is->va_type == VCHR || is->va_type == VBLK)
		return was->v_rdev == (u32)is->va_rdev ? NULL : "is another device";
	if (is->va_type == VDIR)
		return NULL;
	if (was->v_ino != is->va_ino || was->v_dev != (u32)is->va_dev || was->v_gen != is->va_gen)
		return "is another file";
	if (changing)
		return was->v_size <= is->va_size ? NULL : "has become shorter";
	if (was->v_size != is->va_size || was->v_mtime != is->va_mtime.tv_sec ||
	    was->v_mtime_ns != is->va_mtime.tv_nsec)
		return "has been changed";
	return NULL;
}

int st_vnode_open(struct ckpt_restore *cr, u32 index, u32 oflags, bool changing, struct file **fp)
{
	const struct img_vnode *v = &cr->cr_img.i_vnode[index];
	const char *why;
	struct vattr va;
	int error;

	error = file_open(AT_FDCWD, v->v_path, oflags | O_NOCTTY | O_NONBLOCK | O_LARGEFILE, 0, fp);
	if (error)
		return ckpt_refuse(cr->cr_path, error, "cannot open %s again (error %d)", v->v_path, -error);
	error = vn_getattr((*fp)->f_vnode, &va);
	if (!error) {
		why = difference(v, &va, changing || (cr->cr_flags & RECOVER_CHANGED));
		if (why)
			error = ckpt_refuse(cr->cr_path, -ESTALE, "%s %s", v->v_path, why);
	}
	if (error) {
		file_rele(*fp);
		*fp = NULL;
	}
	return error;
}
