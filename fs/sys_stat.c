/* SPDX-License-Identifier: MIT */
/*
 * System calls that ask about files: the stat family, access, readlink, statfs.
 */
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/path_arg.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/id16.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/abi/statfs.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/acting.h"
#include "proc/proc.h"

static int put_stat64(const struct vattr *va, uaddr_t ubuf)
{
	struct abi_stat64 st = {
		.st_dev = va->va_dev,
		.__st_ino = (u32)va->va_ino,
		.st_mode = va->va_mode,
		.st_nlink = va->va_nlink,
		.st_uid = va->va_uid,
		.st_gid = va->va_gid,
		.st_rdev = va->va_rdev,
		.st_size = (s64)va->va_size,
		.st_blksize = va->va_blksize,
		.st_blocks = va->va_blocks,
		.st_atime_s = (u32)va->va_atime.tv_sec,
		.st_atime_ns = va->va_atime.tv_nsec,
		.st_mtime_s = (u32)va->va_mtime.tv_sec,
		.st_mtime_ns = va->va_mtime.tv_nsec,
		.st_ctime_s = (u32)va->va_ctime.tv_sec,
		.st_ctime_ns = va->va_ctime.tv_nsec,
		.st_ino = va->va_ino,
	};

	return copyout(ubuf, &st, sizeof(st));
}

static int put_stat(const struct vattr *va, uaddr_t ubuf)
{
	struct abi_stat st = {
		.st_dev = va->va_dev,
		.st_ino = (u32)va->va_ino,
		.st_mode = (u16)va->va_mode,
		.st_nlink = (u16)va->va_nlink,
		.st_uid = id16_narrow(va->va_uid),
		.st_gid = id16_narrow(va->va_gid),
		.st_rdev = va->va_rdev,
		.st_size = (u32)va->va_size,
		.st_blksize = va->va_blksize,
		.st_blocks = (u32)va->va_blocks,
		.st_atime_s = (u32)va->va_atime.tv_sec,
		.st_atime_ns = va->va_atime.tv_nsec,
		.st_mtime_s = (u32)va->va_mtime.tv_sec,
		.st_mtime_ns = va->va_mtime.tv_nsec,
		.st_ctime_s = (u32)va->va_ctime.tv_sec,
		.st_ctime_ns = va->va_ctime.tv_nsec,
	};

	if (va->va_size > K_NON_LFS_MAX || va->va_nlink > 0xffff || va->va_ino > ~0u)
		return -EOVERFLOW;
	return copyout(ubuf, &st, sizeof(st));
}

static struct abi_statx_ts statx_time(const struct timespec_k *ts)
{
	return (struct abi_statx_ts){ .tv_sec = ts->tv_sec, .tv_nsec = ts->tv_nsec };
}

static int put_statx(struct vnode *vp, const struct vattr *va, uaddr_t ubuf)
{
	struct abi_statx st = {
		.stx_mask = K_STATX_BASIC_STATS,
		.stx_blksize = va->va_blksize,
		.stx_attributes = vp->v_flags & V_ROOT ? K_STATX_ATTR_MOUNT_ROOT : 0,
		.stx_attributes_mask = K_STATX_ATTR_MOUNT_ROOT,
		.stx_nlink = va->va_nlink,
		.stx_uid = va->va_uid,
		.stx_gid = va->va_gid,
		.stx_mode = (u16)va->va_mode,
		.stx_ino = va->va_ino,
		.stx_size = va->va_size,
		.stx_blocks = va->va_blocks,
		.stx_atime = statx_time(&va->va_atime),
		.stx_mtime = statx_time(&va->va_mtime),
		.stx_ctime = statx_time(&va->va_ctime),
		.stx_rdev_major = DEVMAJOR(va->va_rdev),
		.stx_rdev_minor = DEVMINOR(va->va_rdev),
		.stx_dev_major = DEVMAJOR(va->va_dev),
		.stx_dev_minor = DEVMINOR(va->va_dev),
	};

	return copyout(ubuf, &st, sizeof(st));
}

static long stat_at(int dirfd, uaddr_t upath, u32 atflags, uaddr_t ubuf,
		    int (*put)(const struct vattr *va, uaddr_t ubuf))
{
	struct vnode *vp;
	struct vattr va;
	int error;

	error = path_arg_vnode(dirfd, upath, atflags, &vp);
	if (error)
		return error;
	error = vn_getattr(vp, &va);
	vn_rele(vp);
	return error ? error : put(&va, ubuf);
}

static long stat_fd(int fd, uaddr_t ubuf, int (*put)(const struct vattr *va, uaddr_t ubuf))
{
	struct file *f;
	struct vattr va;
	int error;

	error = fd_get(fd, &f);
	if (error)
		return error;
	error = vn_getattr(f->f_vnode, &va);
	file_rele(f);
	return error ? error : put(&va, ubuf);
}

long sys_newstat(uaddr_t upath, uaddr_t ubuf)
{
	return stat_at(AT_FDCWD, upath, 0, ubuf, put_stat);
}

long sys_newlstat(uaddr_t upath, uaddr_t ubuf)
{
	return stat_at(AT_FDCWD, upath, AT_SYMLINK_NOFOLLOW, ubuf, put_stat);
}

long sys_newfstat(int fd, uaddr_t ubuf)
{
	return stat_fd(fd, ubuf, put_stat);
}

long sys_stat64(uaddr_t upath, uaddr_t ubuf)
{
	return stat_at(AT_FDCWD, upath, 0, ubuf, put_stat64);
}

long sys_lstat64(uaddr_t upath, uaddr_t ubuf)
{
	return stat_at(AT_FDCWD, upath, AT_SYMLINK_NOFOLLOW, ubuf, put_stat64);
}

long sys_fstat64(int fd, uaddr_t ubuf)
{
	return stat_fd(fd, ubuf, put_stat64);
}

long sys_fstatat64(int dirfd, uaddr_t upath, uaddr_t ubuf, u32 flags)
{
	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | K_AT_NO_AUTOMOUNT | K_AT_STATX_SYNC_TYPE))
		return -EINVAL;
	return stat_at(dirfd, upath, flags, ubuf, put_stat64);
}

long sys_statx(int dirfd, uaddr_t upath, u32 flags, u32 mask, uaddr_t ubuf)
{
	const u32 known = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | K_AT_NO_AUTOMOUNT | K_AT_STATX_SYNC_TYPE;
	struct vnode *vp;
	struct vattr va;
	int error;

	if ((flags & ~known) || (mask & K_STATX_RESERVED) || (flags & K_AT_STATX_SYNC_TYPE) == K_AT_STATX_SYNC_TYPE)
		return -EINVAL;
	error = path_arg_vnode(dirfd, upath, flags, &vp);
	if (error)
		return error;
	error = vn_getattr(vp, &va);
	if (!error)
		error = put_statx(vp, &va, ubuf);
	vn_rele(vp);
	return error;
}

/*
 * access(2) asks with the real ids, for every directory on the way too: the
 * calling lwp carries a copy of its credentials with these as effective ones.
 * NULL in *crp: they are the same.
 */
static int use_real_ids(struct acting *ac, struct cred **crp)
{
	const struct cred *cur = cred_cur();
	struct cred *cr;

	*crp = NULL;
	if (cur->cr_fsuid == cur->cr_uid && cur->cr_euid == cur->cr_uid && cur->cr_fsgid == cur->cr_gid)
		return 0;
	cr = cred_dup(cur);
	if (!cr)
		return -ENOMEM;
	cr->cr_euid = cr->cr_fsuid = cr->cr_uid;
	cr->cr_egid = cr->cr_fsgid = cr->cr_gid;
	acting_begin(ac, NULL, cr);
	*crp = cr;
	return 0;
}

static void use_effective_ids(const struct acting *ac, struct cred *cr)
{
	acting_end(ac);
	cred_rele(cr);
}

long sys_faccessat2(int dirfd, uaddr_t upath, int mode, u32 flags)
{
	struct cred *real = NULL;
	struct acting ac;
	struct vnode *vp;
	int error;

	if ((mode & ~7) || (flags & ~(u32)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if (!(flags & AT_EACCESS)) {
		error = use_real_ids(&ac, &real);
		if (error)
			return error;
	}
	error = path_arg_vnode(dirfd, upath, flags & ~(u32)AT_EACCESS, &vp);
	if (!error) {
		error = mode ? vn_access(vp, mode) : 0;
		vn_rele(vp);
	}
	if (real)
		use_effective_ids(&ac, real);
	return error;
}

long sys_faccessat(int dirfd, uaddr_t upath, int mode)
{
	return sys_faccessat2(dirfd, upath, mode, 0);
}

long sys_access(uaddr_t upath, int mode)
{
	return sys_faccessat2(AT_FDCWD, upath, mode, 0);
}

long sys_readlinkat(int dirfd, uaddr_t upath, uaddr_t ubuf, s32 size)
{
	struct vnode *vp;
	char *text;
	long n;

	if (size <= 0)
		return -EINVAL;
	n = path_arg_vnode(dirfd, upath, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &vp);
	if (n)
		return n;
	n = path_arg_empty(upath) ? -ENOENT : -EINVAL;
	if (vp->v_type != VLNK || !vp->v_op->vop_readlink)
		goto out;
	text = kmalloc(PATH_MAX_K, 0);
	n = -ENOMEM;
	if (!text)
		goto out;
	n = vp->v_op->vop_readlink(vp, text, PATH_MAX_K);
	if (n > 0) {
		n = MIN(n, size);
		if (copyout(ubuf, text, (size_t)n) != 0)
			n = -EFAULT;
	}
	kfree(text);
out:
	vn_rele(vp);
	return n;
}

long sys_readlink(uaddr_t upath, uaddr_t ubuf, s32 size)
{
	return sys_readlinkat(AT_FDCWD, upath, ubuf, size);
}

static int put_statfs64(const struct statfs_k *k, uaddr_t ubuf)
{
	struct abi_statfs64 st = {
		k->f_type,
		k->f_bsize,
		k->f_blocks,
		k->f_bfree,
		k->f_bavail,
		k->f_files,
		k->f_ffree,
		{ k->f_fsid[0], k->f_fsid[1] },
		k->f_namelen,
		k->f_frsize,
		k->f_flags | K_ST_VALID,
		{ 0 },
	};

	return copyout(ubuf, &st, sizeof(st));
}

static int put_statfs(const struct statfs_k *k, uaddr_t ubuf)
{
	struct abi_statfs st = {
		k->f_type,
		k->f_bsize,
		(u32)k->f_blocks,
		(u32)k->f_bfree,
		(u32)k->f_bavail,
		(u32)k->f_files,
		(u32)k->f_ffree,
		{ k->f_fsid[0], k->f_fsid[1] },
		k->f_namelen,
		k->f_frsize,
		k->f_flags | K_ST_VALID,
		{ 0 },
	};

	if ((k->f_blocks | k->f_bfree | k->f_bavail | k->f_files | k->f_ffree) >> 32)
		return -EOVERFLOW;
	return copyout(ubuf, &st, sizeof(st));
}

static long statfs_path(uaddr_t upath, uaddr_t ubuf, int (*put)(const struct statfs_k *k, uaddr_t ubuf))
{
	struct statfs_k k;
	struct vnode *vp;
	int error;

	error = path_arg_vnode(AT_FDCWD, upath, 0, &vp);
	if (error)
		return error;
	error = vfs_statfs(vp->v_vfs, &k);
	vn_rele(vp);
	return error ? error : put(&k, ubuf);
}

static long statfs_fd(int fd, uaddr_t ubuf, int (*put)(const struct statfs_k *k, uaddr_t ubuf))
{
	struct statfs_k k;
	struct file *f;
	int error;

	error = fd_get(fd, &f);
	if (error)
		return error;
	error = vfs_statfs(f->f_vnode->v_vfs, &k);
	file_rele(f);
	return error ? error : put(&k, ubuf);
}

long sys_statfs(uaddr_t upath, uaddr_t ubuf)
{
	return statfs_path(upath, ubuf, put_statfs);
}

long sys_fstatfs(int fd, uaddr_t ubuf)
{
	return statfs_fd(fd, ubuf, put_statfs);
}

long sys_statfs64(uaddr_t upath, u32 size, uaddr_t ubuf)
{
	return size == sizeof(struct abi_statfs64) ? statfs_path(upath, ubuf, put_statfs64) : -EINVAL;
}

long sys_fstatfs64(int fd, u32 size, uaddr_t ubuf)
{
	return size == sizeof(struct abi_statfs64) ? statfs_fd(fd, ubuf, put_statfs64) : -EINVAL;
}
