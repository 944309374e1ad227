/* SPDX-License-Identifier: MIT */
/*
 * System calls on file systems as a whole: mount, umount and the sync family.
 */
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/pagecache.h"
#include "fs/path_arg.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/statfs.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/cred.h"

#define TYPE_MAX 32u

/*
 * Flags that change nothing here: how times of access are kept, and how loud
 * the kernel is.
 */
#define MS_HARMLESS                                                              \
	(0x400u /* noatime */ | 0x800u /* nodiratime */ | 0x8000u /* silent */ | \
	 0x200000u /* relatime */ | 0x1000000u /* strictatime */ | 0x2000000u /* lazytime */)

struct mount_args {
	char *ma_source; /* NULL: none given */
	char *ma_target;
	char *ma_data; /* NULL: none given */
	char ma_type[TYPE_MAX];
};

/*
 * A string that may be missing: 0 stays NULL. Bounded by a page, as Linux does.
 */
static int copy_optional(uaddr_t ustr, char **out)
{
	ssize_t n;

	*out = NULL;
	if (!ustr)
		return 0;
	*out = kmalloc(PAGE_SIZE, 0);
	if (!*out)
		return -ENOMEM;
	n = copyinstr(*out, ustr, PAGE_SIZE);
	if (n >= 0)
		return 0;
	kfree(*out);
	*out = NULL;
	return n == -ENAMETOOLONG ? -EINVAL : (int)n;
}

static void mount_args_free(struct mount_args *ma)
{
	kfree(ma->ma_source);
	kfree(ma->ma_target);
	kfree(ma->ma_data);
}

static int mount_args_get(struct mount_args *ma, uaddr_t usource, uaddr_t utarget, uaddr_t utype, uaddr_t udata)
{
	ssize_t n;
	int error;

	memset(ma, 0, sizeof(*ma));
	if (utype) {
		n = copyinstr(ma->ma_type, utype, sizeof(ma->ma_type));
		if (n < 0)
			return n == -ENAMETOOLONG ? -ENODEV : (int)n;
	}
	error = copy_optional(usource, &ma->ma_source);
	if (!error)
		error = copyin_path(utarget, &ma->ma_target);
	if (!error)
		error = copy_optional(udata, &ma->ma_data);
	if (error)
		mount_args_free(ma);
	return error;
}

/* A path that leads nowhere is told before a missing right. */
static int may_mount(const char *target)
{
	struct vnode *vp;
	int error = namei(NULL, target, 0, &vp);

	if (error)
		return error;
	vn_rele(vp);
	return cred_super(cred_cur()) ? 0 : -EPERM;
}

long sys_mount(uaddr_t usource, uaddr_t utarget, uaddr_t utype, u32 flags, uaddr_t udata)
{
	struct mount_args ma;
	int error;

	if ((flags & K_MS_MGC_MSK) == K_MS_MGC_VAL)
		flags &= ~K_MS_MGC_MSK;
	flags &= ~MS_HARMLESS;
	error = mount_args_get(&ma, usource, utarget, utype, udata);
	if (error)
		return error;
	error = may_mount(ma.ma_target);
	if (!error && ((flags & ~(VFS_MS_RDONLY | VFS_MS_REMOUNT | VFS_MS_KEPT)) ||
		       (!(flags & VFS_MS_REMOUNT) && !ma.ma_type[0])))
		error = -EINVAL;
	if (!error)
		error = vfs_domount(ma.ma_source ? ma.ma_source : "none", ma.ma_target, ma.ma_type,
				    flags, ma.ma_data ? ma.ma_data : "");
	mount_args_free(&ma);
	return error;
}

long sys_umount2(uaddr_t utarget, u32 flags)
{
	char *target;
	int error;

	if (flags & ~(K_MNT_FORCE | K_MNT_DETACH | K_UMOUNT_NOFOLLOW))
		return -EINVAL;
	error = copyin_path(utarget, &target);
	if (error)
		return error;
	error = may_mount(target);
	if (!error)
		error = vfs_unmount(target, flags);
	kfree(target);
	return error;
}

long sys_umount(uaddr_t utarget)
{
	return sys_umount2(utarget, 0);
}

long sys_sync(void)
{
	vfs_sync_all(true);
	return 0;
}

long sys_syncfs(int fd)
{
	const struct vfsops *ops;
	struct vnode *vp;
	int error;

	error = fd_vnode_rights(fd, &vp);
	if (error)
		return error;
	ops = vp->v_vfs->vfs_type->fs_ops;
	if (ops->vfs_sync)
		error = ops->vfs_sync(vp->v_vfs, true);
	vn_rele(vp);
	return error;
}

static long sync_fd(int fd, bool datasync)
{
	struct file *f;
	int error;

	error = fd_get(fd, &f);
	if (error)
		return error;
	error = f->f_flags & O_PATH ? -EBADF : file_sync(f, datasync);
	file_rele(f);
	return error;
}

long sys_fsync(int fd)
{
	return sync_fd(fd, false);
}

long sys_fdatasync(int fd)
{
	return sync_fd(fd, true);
}

/*
 * Pages of a range, without metadata and without a flush of the medium: all
 * that this call promises on Linux too.
 */
long sys_sync_file_range(int fd, u32 offlo, u32 offhi, u32 lenlo, u32 lenhi, u32 flags)
{
	s64 off = (s64)((u64)offhi << 32 | offlo), len = (s64)((u64)lenhi << 32 | lenlo), end;
	struct vnode *vp;
	int error;

	error = fd_vnode_rights(fd, &vp);
	if (error)
		return error;
	if ((flags & ~7u) || off < 0 || len < 0 || __builtin_add_overflow(off, len, &end))
		error = -EINVAL;
	else if (vp->v_type != VREG && vp->v_type != VBLK && vp->v_type != VDIR)
		error = -ESPIPE;
	else if (vp->v_type == VREG)
		error = pc_flush(vp, (u32)(off >> PAGE_SHIFT),
				 len ? (u32)(((u64)end + PAGE_MASK) >> PAGE_SHIFT) : PC_END,
				 (flags & 5) != 0);
	vn_rele(vp);
	return error;
}
