/* SPDX-License-Identifier: MIT */
/* System calls that make, copy and close descriptors. */
#include "fs/file.h"
#include "fs/file_impl.h"
#include "fs/namei.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/resource.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

static u32 fdflags_of(u32 flags)
{
	return flags & O_CLOEXEC ? FD_CLOEXEC_K : 0;
}

long sys_openat(int dirfd, uaddr_t upath, u32 flags, u32 mode)
{
	struct file *f;
	char *path;
	int fd, error;

	error = file_check_flags(flags);
	if (!error)
		error = copyin_path(upath, &path);
	if (error)
		return error;
	fd = fd_reserve(0, fdflags_of(flags));
	if (fd >= 0) {
		error = file_open(dirfd, path, flags & ~(u32)O_NOLINKS, mode, &f);
		if (error) {
			fd_unreserve(fd);
			fd = error;
		} else {
			fd_set(fd, f);
		}
	}
	kfree(path);
	return fd;
}

long sys_open(uaddr_t upath, u32 flags, u32 mode)
{
	return sys_openat(AT_FDCWD, upath, flags, mode);
}

long sys_creat(uaddr_t upath, u32 mode)
{
	return sys_openat(AT_FDCWD, upath, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

long sys_close(int fd)
{
	return fd_close(fd);
}

int fdtab_unshare(void)
{
	struct proc *p = curproc();
	struct fdtab *old = p->p_fdtab, *ft;

	if (__atomic_load_n(&old->ft_ref, __ATOMIC_ACQUIRE) == 1)
		return 0;
	if (p->p_nlwp > 1)
		return -EINVAL; /* the table belongs to the process: one lwp alone cannot leave it */
	ft = fdtab_dup(old);
	if (!ft)
		return -ENOMEM;
	spin_lock(&p->p_lock);
	p->p_fdtab = ft;
	spin_unlock(&p->p_lock);
	fdtab_rele(old);
	return 0;
}

static void set_cloexec_range(struct fdtab *ft, u32 first, u32 last)
{
	spin_lock(&ft->ft_lock);
	for (u32 fd = first; fd <= last && fd < ft->ft_size; fd++) {
		if (ft->ft_file[fd])
			ft->ft_flags[fd] |= FD_CLOEXEC_K;
	}
	spin_unlock(&ft->ft_lock);
}

long sys_close_range(u32 first, u32 last, u32 flags)
{
	struct fdtab *ft;
	int error;

	if ((flags & ~(K_CLOSE_RANGE_UNSHARE | K_CLOSE_RANGE_CLOEXEC)) || first > last)
		return -EINVAL;
	if (flags & K_CLOSE_RANGE_UNSHARE) {
		error = fdtab_unshare();
		if (error)
			return error;
	}
	ft = curproc()->p_fdtab;
	if (flags & K_CLOSE_RANGE_CLOEXEC) {
		set_cloexec_range(ft, first, last);
		return 0;
	}
	for (u32 fd = first; fd <= last && fd < ft->ft_size; fd++)
		fd_close((int)fd);
	return 0;
}

long sys_dup(int fd)
{
	struct file *f;
	int error;

	error = fd_get(fd, &f);
	if (error)
		return error;
	error = fd_alloc(0, 0, f);
	if (error < 0)
		file_rele(f);
	return error;
}

static long dup_to(int fd, int newfd, u32 fdflags)
{
	struct file *f;
	int error;

	if (newfd < 0 || (u64)newfd >= MIN(rlimit_cur(curproc(), K_RLIMIT_NOFILE), (u64)NOFILE_MAX))
		return -EBADF;
	error = fd_get(fd, &f);
	if (error)
		return error;
	error = fd_install(curproc()->p_fdtab, newfd, f, fdflags);
	if (error) {
		file_rele(f);
		return error;
	}
	return newfd;
}

long sys_dup2(int fd, int newfd)
{
	struct file *f;
	int error;

	if (fd != newfd)
		return dup_to(fd, newfd, 0);
	error = fd_get(fd, &f);
	if (error)
		return error;
	file_rele(f);
	return newfd;
}

long sys_dup3(int fd, int newfd, u32 flags)
{
	if ((flags & ~(u32)O_CLOEXEC) || fd == newfd)
		return -EINVAL;
	return dup_to(fd, newfd, fdflags_of(flags));
}
