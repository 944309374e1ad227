/* SPDX-License-Identifier: MIT */
/*
 * System calls that read directories, change names in them, and move the
 * process among them.
 */
#include "fs/file.h"
#include "fs/file_impl.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "fs/path_arg.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/fsctx.h"
#include "proc/proc.h"

long sys_mkdirat(int dirfd, uaddr_t upath, u32 mode)
{
	struct path_arg pa;
	int error;

	error = path_arg_get(dirfd, upath, &pa);
	if (error)
		return error;
	error = names_mkdir(pa.pa_start, pa.pa_path, mode & ~fsctx_umask());
	path_arg_put(&pa);
	return error;
}

long sys_mkdir(uaddr_t upath, u32 mode)
{
	return sys_mkdirat(AT_FDCWD, upath, mode);
}

static int mknod_type(u32 mode)
{
	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
	case S_IFIFO:
	case S_IFCHR:
	case S_IFBLK: return 0;
	case S_IFDIR: return -EPERM;
	default: /* sockets: no such thing here */ return -EINVAL;
	}
}

long sys_mknodat(int dirfd, uaddr_t upath, u32 mode, u32 dev)
{
	struct path_arg pa;
	int error;

	error = mknod_type(mode);
	if (error)
		return error;
	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	error = path_arg_get(dirfd, upath, &pa);
	if (error)
		return error;
	mode &= S_IFMT | 07777;
	/*
	 * The ABI's device numbers are wider: minor numbers above 255 do not
	 * exist here, and open() will say so.
	 */
	error = names_mknod(pa.pa_start, pa.pa_path, mode, S_ISCHR(mode) || S_ISBLK(mode) ? dev & 0xfffff : 0);
	path_arg_put(&pa);
	return error;
}

long sys_mknod(uaddr_t upath, u32 mode, u32 dev)
{
	return sys_mknodat(AT_FDCWD, upath, mode, dev);
}

long sys_unlinkat(int dirfd, uaddr_t upath, u32 flags)
{
	struct path_arg pa;
	int error;

	if (flags & ~(u32)AT_REMOVEDIR)
		return -EINVAL;
	error = path_arg_get(dirfd, upath, &pa);
	if (error)
		return error;
	error = flags & AT_REMOVEDIR ? names_rmdir(pa.pa_start, pa.pa_path)
				     : names_unlink(pa.pa_start, pa.pa_path);
	path_arg_put(&pa);
	return error;
}

long sys_unlink(uaddr_t upath)
{
	return sys_unlinkat(AT_FDCWD, upath, 0);
}

long sys_rmdir(uaddr_t upath)
{
	return sys_unlinkat(AT_FDCWD, upath, AT_REMOVEDIR);
}

long sys_renameat2(int fromfd, uaddr_t ufrom, int tofd, uaddr_t uto, u32 flags)
{
	struct path_arg from, to;
	int error;

	if (flags & ~K_RENAME_NOREPLACE)
		return -EINVAL;
	error = path_arg_get(fromfd, ufrom, &from);
	if (error)
		return error;
	error = path_arg_get(tofd, uto, &to);
	if (!error) {
		error = names_rename(from.pa_start, from.pa_path, to.pa_start, to.pa_path, flags);
		path_arg_put(&to);
	}
	path_arg_put(&from);
	return error;
}

long sys_renameat(int fromfd, uaddr_t ufrom, int tofd, uaddr_t uto)
{
	return sys_renameat2(fromfd, ufrom, tofd, uto, 0);
}

long sys_rename(uaddr_t ufrom, uaddr_t uto)
{
	return sys_renameat2(AT_FDCWD, ufrom, AT_FDCWD, uto, 0);
}

long sys_linkat(int fromfd, uaddr_t ufrom, int tofd, uaddr_t uto, u32 flags)
{
	u32 atflags = (flags & AT_EMPTY_PATH) | (flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW);
	struct path_arg to;
	struct vnode *vp;
	int error;

	if (flags & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) && !cred_super(cred_cur()))
		return -ENOENT; /* would give a name to what the process may only have been handed */
	error = path_arg_vnode(fromfd, ufrom, atflags, &vp);
	if (error)
		return error;
	error = path_arg_get(tofd, uto, &to);
	if (!error) {
		error = names_link(vp, to.pa_start, to.pa_path);
		path_arg_put(&to);
	}
	vn_rele(vp);
	return error;
}

long sys_link(uaddr_t ufrom, uaddr_t uto)
{
	return sys_linkat(AT_FDCWD, ufrom, AT_FDCWD, uto, 0);
}

long sys_symlinkat(uaddr_t utarget, int dirfd, uaddr_t upath)
{
	struct path_arg pa;
	char *target;
	int error;

	error = copyin_path(utarget, &target);
	if (error)
		return error;
	error = path_arg_get(dirfd, upath, &pa);
	if (!error) {
		error = names_symlink(target, pa.pa_start, pa.pa_path);
		path_arg_put(&pa);
	}
	kfree(target);
	return error;
}

long sys_symlink(uaddr_t utarget, uaddr_t upath)
{
	return sys_symlinkat(utarget, AT_FDCWD, upath);
}

/*
 * Moves the process to vp, whose path is `path` (kmalloc'd, may be NULL). Takes
 * both over.
 */
static int change_dir(struct vnode *vp, char *path)
{
	int error = 0;

	if (vp->v_type != VDIR)
		error = -ENOTDIR;
	if (!error)
		error = vn_access(vp, 1);
	if (error) {
		kfree(path);
		vn_rele(vp);
		return error;
	}
	proc_set_cwd(curproc(), vp, path);
	return 0;
}

long sys_chdir(uaddr_t upath)
{
	struct vnode *vp;
	char *path, *abs;
	int error;

	error = copyin_path(upath, &path);
	if (error)
		return error;
	error = namei(NULL, path, NI_DIRECTORY, &vp);
	kfree(path);
	if (error)
		return error;
	/*
	 * Not by the text: symbolic links and ".." would make a wrong name of
	 * it. A directory already removed has none.
	 */
	error = vn_path(vp, &abs);
	return change_dir(vp, error ? NULL : abs);
}

long sys_fchdir(int fd)
{
	struct vnode *vp;
	char *abs = NULL;
	int error;

	error = fd_vnode(fd, &vp);
	if (error)
		return error;
	if (vp->v_type == VDIR && vn_path(vp, &abs) != 0)
		abs = NULL;
	return change_dir(vp, abs);
}

long sys_getcwd(uaddr_t ubuf, u32 size)
{
	struct vnode *cwd = cwd_vnode();
	char *path;
	u32 len;
	long ret;

	ret = vn_path(cwd, &path);
	vn_rele(cwd);
	if (ret)
		return ret;
	len = (u32)strlen(path) + 1;
	if (size < len)
		ret = -ERANGE;
	else if (copyout(ubuf, path, len) != 0)
		ret = -EFAULT;
	else
		ret = (long)len;
	kfree(path);
	return ret;
}

long sys_umask(u32 mask)
{
	return (long)fsctx_set_umask(curproc()->p_fs, mask & 0777);
}
