/* SPDX-License-Identifier: MIT */
/* System calls that change what a file is: mode, owner, times, size. */
#include "fs/file.h"
#include "fs/file_impl.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "fs/path_arg.h"
#include "fs/setid.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/id16.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/resource.h"
#include "kernel/abi/stat.h"
#include "kernel/abi/time.h"
#include "mm/usercopy.h"
#include "proc/proc.h"

#define KEEP_ID (~0u) /* chown: leave it as it is */

static int decide_mode(const struct vattr *old, const void *arg, struct vattr *va)
{
	const struct cred *cr = cred_cur();
	const mode_t *mode = arg;

	if (!cred_fs_super(cr) && old->va_uid != cr->cr_fsuid)
		return -EPERM;
	va->va_mask = VA_MODE | VA_CTIME;
	va->va_mode = (old->va_mode & S_IFMT) | setid_chmod(*mode & 07777, old->va_gid);
	va->va_ctime = timespec_now();
	return 0;
}

/*
 * Not of a file that is immutable, or that may only grow: that is told before a
 * missing right.
 */
static int change(struct vnode *vp, vattr_fn decide, const void *arg)
{
	if (!vp->v_vfs->vfs_readonly && (vp->v_flags & (V_IMMUTABLE | V_APPENDONLY)))
		return -EPERM;
	return vn_change(vp, decide, arg);
}

static int change_mode(struct vnode *vp, mode_t mode)
{
	return change(vp, decide_mode, &mode);
}

struct newowner {
	uid_t no_uid;
	gid_t no_gid;
};

/* The owner may give a file to a group of the owner's, and to the owner. */
static bool may_give(const struct vattr *old, const struct newowner *no)
{
	const struct cred *cr = cred_cur();
	bool owner = old->va_uid == cr->cr_fsuid;

	if (cred_fs_super(cr))
		return true;
	if (no->no_uid != KEEP_ID && !(owner && no->no_uid == old->va_uid))
		return false;
	return no->no_gid == KEEP_ID ||
	       (owner && (no->no_gid == old->va_gid || cred_in_group(cr, no->no_gid)));
}

static int decide_owner(const struct vattr *old, const void *arg, struct vattr *va)
{
	const struct newowner *no = arg;
	mode_t mode = setid_chowned(old->va_mode, old->va_gid);

	if (!may_give(old, no))
		return -EPERM;
	*va = (struct vattr){ .va_mask = VA_CTIME, .va_ctime = timespec_now(), .va_mode = mode };
	if (no->no_uid != KEEP_ID) {
		va->va_mask |= VA_UID;
		va->va_uid = no->no_uid;
	}
	if (no->no_gid != KEEP_ID) {
		va->va_mask |= VA_GID;
		va->va_gid = no->no_gid;
	}
	/*
	 * Bits that go are a change of mode: the owner's, also when no id
	 * changes.
	 */
	if (mode == old->va_mode)
		return 0;
	va->va_mask |= VA_MODE;
	return cred_fs_super(cred_cur()) || old->va_uid == cred_cur()->cr_fsuid ? 0 : -EPERM;
}

static int change_owner(struct vnode *vp, uid_t uid, gid_t gid)
{
	const struct newowner no = { uid, gid };

	return change(vp, decide_owner, &no);
}

long sys_fchmodat(int dirfd, uaddr_t upath, u32 mode)
{
	struct vnode *vp;
	int error;

	error = path_arg_vnode(dirfd, upath, 0, &vp);
	if (error)
		return error;
	error = change_mode(vp, mode);
	vn_rele(vp);
	return error;
}

long sys_chmod(uaddr_t upath, u32 mode)
{
	return sys_fchmodat(AT_FDCWD, upath, mode);
}

long sys_fchmod(int fd, u32 mode)
{
	struct vnode *vp;
	int error;

	error = fd_vnode_rights(fd, &vp);
	if (error)
		return error;
	error = change_mode(vp, mode);
	vn_rele(vp);
	return error;
}

long sys_fchownat(int dirfd, uaddr_t upath, u32 uid, u32 gid, u32 flags)
{
	struct vnode *vp;
	int error;

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	error = path_arg_vnode(dirfd, upath, flags, &vp);
	if (error)
		return error;
	error = change_owner(vp, uid, gid);
	vn_rele(vp);
	return error;
}

long sys_chown32(uaddr_t upath, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, upath, uid, gid, 0);
}

long sys_lchown32(uaddr_t upath, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, upath, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown32(int fd, u32 uid, u32 gid)
{
	struct vnode *vp;
	int error;

	error = fd_vnode_rights(fd, &vp);
	if (error)
		return error;
	error = change_owner(vp, uid, gid);
	vn_rele(vp);
	return error;
}

long sys_chown16(uaddr_t upath, u32 uid, u32 gid)
{
	return sys_chown32(upath, id16_widen(uid), id16_widen(gid));
}

long sys_lchown16(uaddr_t upath, u32 uid, u32 gid)
{
	return sys_lchown32(upath, id16_widen(uid), id16_widen(gid));
}

long sys_fchown16(int fd, u32 uid, u32 gid)
{
	return sys_fchown32(fd, id16_widen(uid), id16_widen(gid));
}

/*
 * The process's limit is for a file that grows; its signal comes with it.
 * Errors: -EFBIG
 */
static int check_new_size(const struct vnode *vp, off_t size)
{
	if ((u64)size > vp->v_size && (u64)size > rlimit_cur(curproc(), K_RLIMIT_FSIZE)) {
		signal_lwp(curlwp(), K_SIGXFSZ, NULL);
		return -EFBIG;
	}
	return 0;
}

static int set_size(struct vnode *vp, off_t size)
{
	struct vattr va = { .va_mask = VA_SIZE, .va_size = (u64)size };

	return vn_setattr(vp, &va);
}

static long truncate_path(uaddr_t upath, off_t size)
{
	struct vnode *vp;
	int error;

	if (size < 0)
		return -EINVAL;
	error = path_arg_vnode(AT_FDCWD, upath, 0, &vp);
	if (error)
		return error;
	if (vp->v_type != VREG)
		error = vp->v_type == VDIR ? -EISDIR : -EINVAL;
	if (!error)
		error = vn_access(vp, 2);
	if (!error && (vp->v_flags & V_APPENDONLY))
		error = -EPERM;
	if (!error)
		error = vn_write_begin(vp);
	if (!error) {
		error = check_new_size(vp, size);
		if (!error)
			error = set_size(vp, size);
		vn_write_end(vp);
	}
	vn_rele(vp);
	return error;
}

static long truncate_fd(int fd, off_t size, bool small)
{
	struct file *f;
	int error;

	if (size < 0)
		return -EINVAL;
	error = fd_get(fd, &f);
	if (error)
		return error;
	if (f->f_flags & O_PATH)
		error = -EBADF;
	else if (f->f_vnode->v_type != VREG || file_writable(f) != 0)
		error = -EINVAL;
	else if (small && !(f->f_flags & O_LARGEFILE) && size > (off_t)K_NON_LFS_MAX)
		error = -EINVAL;
	else if (f->f_vnode->v_flags & V_APPENDONLY)
		error = -EPERM;
	if (!error)
		error = check_new_size(f->f_vnode, size);
	if (!error)
		error = set_size(f->f_vnode, size);
	file_rele(f);
	return error;
}

long sys_truncate(uaddr_t upath, s32 size)
{
	return truncate_path(upath, size);
}

long sys_truncate64(uaddr_t upath, u32 lo, u32 hi)
{
	return truncate_path(upath, (off_t)((u64)hi << 32 | lo));
}

long sys_ftruncate(int fd, s32 size)
{
	return truncate_fd(fd, size, true);
}

long sys_ftruncate64(int fd, u32 lo, u32 hi)
{
	return truncate_fd(fd, (off_t)((u64)hi << 32 | lo), false);
}
