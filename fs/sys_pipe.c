/* SPDX-License-Identifier: MIT */
/* System calls that make files without a name: pipe, pipe2, memfd_create. */
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/syscalls.h"
#include "fs/tmpfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/printk.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"

#define MEMFD_NAME_MAX 250u /* with "memfd:" before it, as on Linux */

static int two_descriptors(u32 fdflags, int fd[2])
{
	fd[0] = fd_reserve(0, fdflags);
	if (fd[0] < 0)
		return fd[0];
	fd[1] = fd_reserve(0, fdflags);
	if (fd[1] >= 0)
		return 0;
	fd_unreserve(fd[0]);
	return fd[1];
}

long sys_pipe2(uaddr_t ufds, u32 flags)
{
	struct file *rd, *wr;
	int fd[2];
	int error;

	if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	if (flags & O_DIRECT)
		return -EINVAL; /* packets: not kept apart here, so not promised */
	error = two_descriptors(flags & O_CLOEXEC ? FD_CLOEXEC_K : 0, fd);
	if (error)
		return error;
	error = pipe_create(&rd, &wr, flags);
	if (error)
		goto out_fds;
	if (copyout(ufds, fd, sizeof(fd)) != 0) {
		error = -EFAULT;
		goto out_files;
	}
	fd_set(fd[0], rd);
	fd_set(fd[1], wr);
	return 0;

out_files:
	file_rele(rd);
	file_rele(wr);
out_fds:
	fd_unreserve(fd[0]);
	fd_unreserve(fd[1]);
	return error;
}

long sys_pipe(uaddr_t ufds)
{
	return sys_pipe2(ufds, 0);
}

static int memfd_file(const char *name, struct file **fp)
{
	struct vnode *vp;
	int error;

	error = tmpfs_unnamed(0, &vp);
	if (error)
		return error;
	error = file_open_vnode(vp, O_RDWR | O_LARGEFILE, fp);
	if (error) {
		vn_rele(vp);
		return error;
	}
	(*fp)->f_path = kmalloc(MEMFD_NAME_MAX + 32, 0);
	if (!(*fp)->f_path) {
		file_rele(*fp);
		return -ENOMEM;
	}
	snprintf((*fp)->f_path, MEMFD_NAME_MAX + 32, "/memfd:%s (deleted)", name);
	return 0;
}

/*
 * No seals: a memory file here can always be written by whoever holds it, so
 * MFD_ALLOW_SEALING is refused.
 */
long sys_memfd_create(uaddr_t uname, u32 flags)
{
	struct file *f;
	char *name;
	ssize_t n;
	int fd;

	if (flags & ~K_MFD_CLOEXEC)
		return -EINVAL;
	name = kmalloc(MEMFD_NAME_MAX, 0);
	if (!name)
		return -ENOMEM;
	n = copyinstr(name, uname, MEMFD_NAME_MAX);
	if (n < 0) {
		kfree(name);
		return n == -ENAMETOOLONG ? -EINVAL : n;
	}
	fd = fd_reserve(0, flags & K_MFD_CLOEXEC ? FD_CLOEXEC_K : 0);
	if (fd >= 0) {
		int error = memfd_file(name, &f);

		if (error) {
			fd_unreserve(fd);
			fd = error;
		} else {
			fd_set(fd, f);
		}
	}
	kfree(name);
	return fd;
}
