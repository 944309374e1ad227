/* SPDX-License-Identifier: MIT */
/* Paths as the arguments of system calls. */
#include "fs/path_arg.h"

#include "fs/file.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/fsctx.h"
#include "proc/proc.h"

int path_arg_get(int dirfd, uaddr_t upath, struct path_arg *pa)
{
	int error;

	error = copyin_path(upath, &pa->pa_path);
	if (error)
		return error;
	error = dirfd_vnode(dirfd, pa->pa_path, &pa->pa_start);
	if (error)
		kfree(pa->pa_path);
	return error;
}

void path_arg_put(struct path_arg *pa)
{
	if (pa->pa_start)
		vn_rele(pa->pa_start);
	kfree(pa->pa_path);
}

int fd_vnode(int fd, struct vnode **vpp)
{
	struct file *f;
	int error;

	error = fd_get(fd, &f);
	if (error)
		return error;
	vn_hold(f->f_vnode);
	*vpp = f->f_vnode;
	file_rele(f);
	return 0;
}

int fd_vnode_rights(int fd, struct vnode **vpp)
{
	struct file *f;
	int error;

	error = fd_get(fd, &f);
	if (error)
		return error;
	if (f->f_flags & O_PATH) {
		error = -EBADF;
	} else {
		vn_hold(f->f_vnode);
		*vpp = f->f_vnode;
	}
	file_rele(f);
	return error;
}

struct vnode *cwd_vnode(void)
{
	return fsctx_cwd_of(curproc());
}

bool path_arg_empty(uaddr_t upath)
{
	char first;

	return copyin(&first, upath, 1) == 0 && first == 0;
}

int path_arg_vnode(int dirfd, uaddr_t upath, u32 atflags, struct vnode **vpp)
{
	struct path_arg pa;
	int error;

	assert_may_sleep("path_arg_vnode");
	if ((atflags & AT_EMPTY_PATH) && path_arg_empty(upath)) {
		if (dirfd != AT_FDCWD)
			return fd_vnode(dirfd, vpp);
		*vpp = cwd_vnode();
		return 0;
	}
	error = path_arg_get(dirfd, upath, &pa);
	if (error)
		return error;
	error = namei(pa.pa_start, pa.pa_path, atflags & AT_SYMLINK_NOFOLLOW ? NI_NOFOLLOW : 0, vpp);
	path_arg_put(&pa);
	return error;
}
