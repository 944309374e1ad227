/* SPDX-License-Identifier: MIT */
/*
 * Operations on vnodes for the rest of the kernel: defaults of missing
 * operations, the name cache, kernel buffers.
 */
#include "fs/vnode.h"

#include "fs/namecache.h"
#include "fs/namei.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/as.h"

int vn_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp)
{
	bool special = name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
	int error;

	ASSERT(mutex_held(&dvp->v_lock));
	if (dvp->v_type != VDIR || !dvp->v_op->vop_lookup)
		return -ENOTDIR;
	if (len > NAME_MAX_K)
		return -ENAMETOOLONG;
	if (special)
		return dvp->v_op->vop_lookup(dvp, name, len, vpp);
	error = namecache_lookup(dvp, name, len, vpp);
	if (error != -EAGAIN)
		return error;
	error = dvp->v_op->vop_lookup(dvp, name, len, vpp);
	if (error == 0)
		namecache_enter(dvp, name, len, *vpp);
	else if (error == -ENOENT)
		namecache_enter(dvp, name, len, NULL);
	return error;
}

int vn_getattr(struct vnode *vp, struct vattr *va)
{
	*va = (struct vattr){ .va_type = vp->v_type, .va_ino = vp->v_ino, .va_rdev = vp->v_rdev };
	if (!vp->v_op->vop_getattr)
		return -EINVAL;
	return vp->v_op->vop_getattr(vp, va);
}

int vn_fsync(struct vnode *vp, bool datasync)
{
	int error, wberror;

	if (!vp->v_op->vop_fsync)
		return -EINVAL;
	error = vp->v_op->vop_fsync(vp, datasync);
	wberror = pc_take_error(vp);
	return wberror ? wberror : error;
}

int vn_mark(struct vnode *vp)
{
	int error = vp->v_op->vop_mark ? vp->v_op->vop_mark(vp) : 0;

	if (!error && vp->v_op->vop_mark && vp->v_nwritemap > 0)
		seg_vnode_harvest(vp, 0, PC_END);
	return error;
}

ssize_t vn_pread(struct vnode *vp, void *buf, size_t len, off_t off)
{
	struct uio u;
	int error;

	if (vp->v_type == VDIR)
		return -EISDIR;
	if (!vp->v_op->vop_read)
		return -EINVAL;
	uio_init_kernel(&u, false, buf, len, off);
	error = vp->v_op->vop_read(vp, &u, NULL);
	return error && u.uio_resid == len ? error : (ssize_t)(len - u.uio_resid);
}

ssize_t vn_pwrite(struct vnode *vp, const void *buf, size_t len, off_t off)
{
	struct uio u;
	int error;

	if (vp->v_type == VDIR)
		return -EISDIR;
	if (!vp->v_op->vop_write)
		return -EINVAL;
	uio_init_kernel(&u, true, (void *)buf, len, off);
	error = vp->v_op->vop_write(vp, &u, NULL);
	return error && u.uio_resid == len ? error : (ssize_t)(len - u.uio_resid);
}
