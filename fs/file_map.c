/* SPDX-License-Identifier: MIT */
/* mmap(2)'s question to a descriptor: what is there to map, and how far may the mapping go? */
#include "fs/dev.h"
#include "fs/file.h"
#include "fs/file_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mman.h"

#define DEV_ZERO MAKEDEV(DEV_MEM_MAJOR, 5)

static int check_map(struct file *f, u32 prot, bool shared, u32 *maxprot)
{
	bool writable = file_writable(f) == 0;

	if (f->f_flags & O_PATH)
		return -EBADF;
	if (file_readable(f) != 0 || (shared && (prot & PROT_WRITE) && !writable))
		return -EACCES;
	*maxprot = PROT_READ | PROT_EXEC | (writable || !shared ? PROT_WRITE : 0);
	return 0;
}

int file_map_fd(int fd, u32 prot, bool shared, struct vnode **vpp, u32 *maxprot)
{
	struct vnode *vp;
	struct file *f;
	int error;

	error = fd_get(fd, &f);
	if (error)
		return error;
	error = check_map(f, prot, shared, maxprot);
	vp = f->f_vnode;
	if (!error && vp->v_type == VCHR && vp->v_rdev == DEV_ZERO && !shared) {
		*vpp = NULL; /* by old custom another way to ask for anonymous memory */
	} else if (!error && vp->v_type == VREG && vp->v_op->vop_getpage) {
		vn_hold(vp);
		*vpp = vp;
	} else if (!error) {
		error = -ENODEV;
	}
	file_rele(f);
	return error;
}
