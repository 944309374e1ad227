/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: no file system here keeps any. The calls look at their
 * arguments and at the caller's rights as Linux does, and then answer what
 * Linux answers on a file system without them: EOPNOTSUPP, or an empty list.
 *
 * Source: setxattr(2), getxattr(2), listxattr(2), removexattr(2), xattr(7).
 */
#include "fs/names.h"
#include "fs/path_arg.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/string.h"
#include "mm/usercopy.h"
#include "proc/cred.h"

#define XATTR_NAME_MAX 255u
#define XATTR_SIZE_MAX 65536u
#define XATTR_CREATE 1u
#define XATTR_REPLACE 2u

/* A name: 1 to 255 bytes. */
static int get_name(uaddr_t uname, char name[XATTR_NAME_MAX + 1])
{
	ssize_t n = copyinstr(name, uname, XATTR_NAME_MAX + 1);

	if (n == 0 || n == -ENAMETOOLONG)
		return -ERANGE;
	return n < 0 ? (int)n : 0;
}

static bool begins(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/*
 * An attribute that only others may see is as good as absent for a reader.
 * Returns: 0 if a value may be there.
 */
static int hidden(bool write)
{
	return write ? -EPERM : -ENODATA;
}

/* The rights of "user." attributes: of files and directories, by the mode. */
static int user_rights(struct vnode *vp, bool write)
{
	struct vattr va;
	int error;

	if (vp->v_type != VREG && vp->v_type != VDIR)
		return hidden(write);
	error = vn_getattr(vp, &va);
	if (error)
		return error;
	if (write && vp->v_type == VDIR && (va.va_mode & S_ISVTX) && vn_owner_ok(vp) != 0)
		return -EPERM;
	return vn_access(vp, write ? 2 : 4);
}

static int check_rights(struct vnode *vp, const char *name, bool write)
{
	bool super = cred_super(cred_cur());

	if (begins(name, "security."))
		return write && !super ? -EPERM : 0;
	if (begins(name, "system."))
		return 0;
	if (begins(name, "trusted."))
		return super ? 0 : hidden(write);
	if (begins(name, "user."))
		return user_rights(vp, write);
	return vn_access(vp, write ? 2 : 4);
}

/* Can all of the value be read? */
static int check_value(uaddr_t uvalue, u32 size)
{
	char piece[256];

	for (u32 at = 0; at < size; at += sizeof(piece)) {
		if (copyin(piece, uvalue + at, MIN(size - at, (u32)sizeof(piece))) != 0)
			return -EFAULT;
	}
	return 0;
}

struct xattr_call {
	uaddr_t xc_name, xc_value;
	u32 xc_size, xc_flags;
};

static int set_on(struct vnode *vp, const struct xattr_call *xc)
{
	char name[XATTR_NAME_MAX + 1];
	int error;

	if (vp->v_vfs->vfs_readonly)
		return -EROFS;
	if (xc->xc_flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	error = get_name(xc->xc_name, name);
	if (error)
		return error;
	if (xc->xc_size > XATTR_SIZE_MAX)
		return -E2BIG;
	error = check_value(xc->xc_value, xc->xc_size);
	if (!error)
		error = check_rights(vp, name, true);
	return error ? error : -EOPNOTSUPP;
}

static int get_from(struct vnode *vp, const struct xattr_call *xc)
{
	char name[XATTR_NAME_MAX + 1];
	int error = get_name(xc->xc_name, name);

	if (!error)
		error = check_rights(vp, name, false);
	return error ? error : -EOPNOTSUPP;
}

static int list_of(struct vnode *vp, const struct xattr_call *xc)
{
	return 0;
}

static int remove_from(struct vnode *vp, const struct xattr_call *xc)
{
	char name[XATTR_NAME_MAX + 1];
	int error;

	if (vp->v_vfs->vfs_readonly)
		return -EROFS;
	error = get_name(xc->xc_name, name);
	if (!error)
		error = check_rights(vp, name, true);
	return error ? error : -EOPNOTSUPP;
}

typedef int (*xattr_fn)(struct vnode *vp, const struct xattr_call *xc);

static long on_path(uaddr_t upath, u32 atflags, xattr_fn fn, const struct xattr_call *xc)
{
	struct vnode *vp;
	int error = path_arg_vnode(AT_FDCWD, upath, atflags, &vp);

	if (error)
		return error;
	error = fn(vp, xc);
	vn_rele(vp);
	return error;
}

static long on_fd(int fd, xattr_fn fn, const struct xattr_call *xc)
{
	struct vnode *vp;
	int error = fd_vnode_rights(fd, &vp);

	if (error)
		return error;
	error = fn(vp, xc);
	vn_rele(vp);
	return error;
}

long sys_setxattr(uaddr_t upath, uaddr_t uname, uaddr_t uvalue, u32 size, u32 flags)
{
	return on_path(upath, 0, set_on, &(struct xattr_call){ uname, uvalue, size, flags });
}

long sys_lsetxattr(uaddr_t upath, uaddr_t uname, uaddr_t uvalue, u32 size, u32 flags)
{
	return on_path(upath, AT_SYMLINK_NOFOLLOW, set_on, &(struct xattr_call){ uname, uvalue, size, flags });
}

long sys_fsetxattr(int fd, uaddr_t uname, uaddr_t uvalue, u32 size, u32 flags)
{
	return on_fd(fd, set_on, &(struct xattr_call){ uname, uvalue, size, flags });
}

long sys_getxattr(uaddr_t upath, uaddr_t uname, uaddr_t uvalue, u32 size)
{
	return on_path(upath, 0, get_from, &(struct xattr_call){ uname, uvalue, size, 0 });
}

long sys_lgetxattr(uaddr_t upath, uaddr_t uname, uaddr_t uvalue, u32 size)
{
	return on_path(upath, AT_SYMLINK_NOFOLLOW, get_from, &(struct xattr_call){ uname, uvalue, size, 0 });
}

long sys_fgetxattr(int fd, uaddr_t uname, uaddr_t uvalue, u32 size)
{
	return on_fd(fd, get_from, &(struct xattr_call){ uname, uvalue, size, 0 });
}

long sys_listxattr(uaddr_t upath, uaddr_t ulist, u32 size)
{
	return on_path(upath, 0, list_of, &(struct xattr_call){ 0, ulist, size, 0 });
}

long sys_llistxattr(uaddr_t upath, uaddr_t ulist, u32 size)
{
	return on_path(upath, AT_SYMLINK_NOFOLLOW, list_of, &(struct xattr_call){ 0, ulist, size, 0 });
}

long sys_flistxattr(int fd, uaddr_t ulist, u32 size)
{
	return on_fd(fd, list_of, &(struct xattr_call){ 0, ulist, size, 0 });
}

long sys_removexattr(uaddr_t upath, uaddr_t uname)
{
	return on_path(upath, 0, remove_from, &(struct xattr_call){ uname, 0, 0, 0 });
}

long sys_lremovexattr(uaddr_t upath, uaddr_t uname)
{
	return on_path(upath, AT_SYMLINK_NOFOLLOW, remove_from, &(struct xattr_call){ uname, 0, 0, 0 });
}

long sys_fremovexattr(int fd, uaddr_t uname)
{
	return on_fd(fd, remove_from, &(struct xattr_call){ uname, 0, 0, 0 });
}
