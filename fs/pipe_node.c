/* SPDX-License-Identifier: MIT */
/*
 * pipe(2): the unnamed FIFO vnode that both ends of a pipe share, and its
 * little file system.
 *
 * Attributes are in v_data, so that fstat and fchmod work as on a FIFO with a
 * name.
 */
#include "fs/pipe.h"

#include "fs/anonfs.h"
#include "fs/file.h"
#include "fs/file_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "mm/kmalloc.h"
#include "proc/cred.h"

struct pipe_attr {
	mode_t pa_mode;
	uid_t pa_uid;
	gid_t pa_gid;
	struct timespec_k pa_atime, pa_mtime, pa_ctime;
};

static struct kmem_cache *attr_cache;

static int pipe_getattr(struct vnode *vp, struct vattr *va)
{
	const struct pipe_attr *pa = vp->v_data;

	*va = (struct vattr){
		.va_type = VFIFO,
		.va_mode = S_IFIFO | pa->pa_mode,
		.va_uid = pa->pa_uid,
		.va_gid = pa->pa_gid,
		.va_nlink = 1,
		.va_ino = vp->v_ino,
		.va_dev = vp->v_vfs->vfs_dev,
		.va_blksize = PAGE_SIZE,
		.va_atime = pa->pa_atime,
		.va_mtime = pa->pa_mtime,
		.va_ctime = pa->pa_ctime,
	};
	return 0;
}

static int pipe_setattr(struct vnode *vp, const struct vattr *va)
{
	struct pipe_attr *pa = vp->v_data;

	if (va->va_mask & VA_SIZE)
		return -EINVAL;
	if (va->va_mask & VA_MODE)
		pa->pa_mode = va->va_mode & 07777;
	if (va->va_mask & VA_UID)
		pa->pa_uid = va->va_uid;
	if (va->va_mask & VA_GID)
		pa->pa_gid = va->va_gid;
	if (va->va_mask & VA_ATIME)
		pa->pa_atime = va->va_atime;
	if (va->va_mask & VA_MTIME)
		pa->pa_mtime = va->va_mtime;
	pa->pa_ctime = va->va_mask & VA_CTIME ? va->va_ctime : timespec_now();
	return 0;
}

static bool pipe_inactive(struct vnode *vp)
{
	return true;
}

static void pipe_reclaim(struct vnode *vp)
{
	kmem_free(attr_cache, vp->v_data);
}

static const struct vnodeops pipe_vnodeops = {
	.vop_getattr = pipe_getattr,
	.vop_setattr = pipe_setattr,
	.vop_inactive = pipe_inactive,
	.vop_reclaim = pipe_reclaim,
};

int pipe_vnode_create(struct vnode **vpp)
{
	struct pipe_attr *pa = kmem_alloc(attr_cache, 0);
	const struct cred *cr = cred_cur();
	struct vnode *vp;

	if (!pa)
		return -ENOMEM;
	*pa = (struct pipe_attr){ .pa_mode = 0600, .pa_uid = cr->cr_fsuid, .pa_gid = cr->cr_fsgid };
	pa->pa_atime = pa->pa_mtime = pa->pa_ctime = timespec_now();
	vp = vnode_anon(&pipefs, VFIFO, &pipe_vnodeops);
	if (!vp) {
		kmem_free(attr_cache, pa);
		return -ENOMEM;
	}
	vp->v_data = pa;
	vp->v_ino = anonfs_ino();
	*vpp = vp;
	return 0;
}

int pipe_create(struct file **rd, struct file **wr, u32 flags)
{
	struct vnode *vp;
	int error = pipe_vnode_create(&vp);

	if (error)
		return error;
	/* Opens each end as any FIFO, without waiting for the other one. */
	error = file_open_vnode(vp, O_RDONLY, rd);
	if (error) {
		vn_rele(vp);
		return error;
	}
	vn_hold(vp);
	error = file_open_vnode(vp, O_WRONLY, wr);
	if (error) {
		vn_rele(vp);
		file_rele(*rd);
		return error;
	}
	file_setflags(*rd, O_NONBLOCK, flags);
	file_setflags(*wr, O_NONBLOCK | O_DIRECT, flags & ~(u32)O_DIRECT);
	return 0;
}

void pipe_node_init(void)
{
	attr_cache = kmem_cache_create("pipe_attr", sizeof(struct pipe_attr), 0);
}
