/* SPDX-License-Identifier: MIT */
/* chroot(2). What a changed root means for names: fs/namei.c, fs/path.c. */
#include "fs/namei.h"
#include "fs/path_arg.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "proc/cred.h"
#include "proc/fsctx.h"
#include "proc/proc.h"

long sys_chroot(uaddr_t upath)
{
	struct vnode *vp;
	int error;

	error = path_arg_vnode(AT_FDCWD, upath, 0, &vp);
	if (error)
		return error;
	if (vp->v_type != VDIR)
		error = -ENOTDIR;
	if (!error)
		error = vn_access(vp, 1);
	if (!error && !cred_super(cred_cur()))
		error = -EPERM;
	if (error) {
		vn_rele(vp);
		return error;
	}
	proc_set_root(curproc(), vp);
	return 0;
}
