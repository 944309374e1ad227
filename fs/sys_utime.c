/* SPDX-License-Identifier: MIT */
/*
 * System calls that set the times of files, in the five shapes that history
 * left.
 */
#include "fs/file.h"
#include "fs/file_impl.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "fs/path_arg.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/time.h"
#include "mm/usercopy.h"
#include "proc/cred.h"

/* Access and modification time; tv_nsec may be K_UTIME_NOW or K_UTIME_OMIT. */
struct newtimes {
	struct timespec_k nt_time[2];
};

static const struct newtimes both_now = { { { 0, K_UTIME_NOW }, { 0, K_UTIME_NOW } } };

static bool is(const struct newtimes *nt, u32 special)
{
	return nt->nt_time[0].tv_nsec == special && nt->nt_time[1].tv_nsec == special;
}

/* To the present: whoever may write. To any other time: the owner. */
static int may_set(struct vnode *vp, const struct newtimes *nt)
{
	if (vn_owner_ok(vp) == 0)
		return 0;
	return is(nt, K_UTIME_NOW) ? vn_access(vp, 2) : -EPERM;
}

static int check_times(const struct newtimes *nt)
{
	for (int i = 0; i < 2; i++) {
		u32 ns = nt->nt_time[i].tv_nsec;

		if (ns >= NSEC_PER_SEC && ns != K_UTIME_NOW && ns != K_UTIME_OMIT)
			return -EINVAL;
	}
	return 0;
}

/*
 * Errors: in this order: -EINVAL (a time that is none), -EROFS, -EPERM or
 *   -EACCES.
 */
static int set_times(struct vnode *vp, const struct newtimes *nt)
{
	struct timespec_k now = timespec_now();
	struct vattr va = { .va_mask = VA_CTIME, .va_ctime = now };
	int error = check_times(nt);

	if (!error && vp->v_vfs->vfs_readonly)
		error = -EROFS;
	if (!error && (vp->v_flags & (is(nt, K_UTIME_NOW) ? V_IMMUTABLE : V_IMMUTABLE | V_APPENDONLY)))
		error = -EPERM;
	if (!error)
		error = may_set(vp, nt);
	if (error)
		return error;
	if (nt->nt_time[0].tv_nsec != K_UTIME_OMIT) {
		va.va_mask |= VA_ATIME;
		va.va_atime = nt->nt_time[0].tv_nsec == K_UTIME_NOW ? now : nt->nt_time[0];
	}
	if (nt->nt_time[1].tv_nsec != K_UTIME_OMIT) {
		va.va_mask |= VA_MTIME;
		va.va_mtime = nt->nt_time[1].tv_nsec == K_UTIME_NOW ? now : nt->nt_time[1];
	}
	return vn_setattr(vp, &va);
}

static long utime_at(int dirfd, uaddr_t upath, u32 flags, const struct newtimes *nt)
{
	struct vnode *vp;
	int error;

	/* nothing to do: not even the path is looked at */
	if (is(nt, K_UTIME_OMIT))
		return 0;
	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!upath && dirfd != AT_FDCWD) /* futimens */
		error = flags ? -EINVAL : fd_vnode_rights(dirfd, &vp);
	else
		error = path_arg_vnode(dirfd, upath, flags, &vp);
	if (error)
		return error;
	error = set_times(vp, nt);
	vn_rele(vp);
	return error;
}

long sys_utimensat(int dirfd, uaddr_t upath, uaddr_t utimes, u32 flags)
{
	struct newtimes nt = both_now;
	struct abi_timespec ts[2];

	if (utimes) {
		if (copyin(ts, utimes, sizeof(ts)) != 0)
			return -EFAULT;
		for (int i = 0; i < 2; i++)
			nt.nt_time[i] = (struct timespec_k){ ts[i].tv_sec, (u32)ts[i].tv_nsec };
	}
	return utime_at(dirfd, upath, flags, &nt);
}

long sys_utimensat_time64(int dirfd, uaddr_t upath, uaddr_t utimes, u32 flags)
{
	struct newtimes nt = both_now;
	struct abi_timespec64 ts[2];

	if (utimes) {
		if (copyin(ts, utimes, sizeof(ts)) != 0)
			return -EFAULT;
		for (int i = 0; i < 2; i++)
			nt.nt_time[i] = (struct timespec_k){ ts[i].tv_sec, ts[i].tv_nsec };
	}
	return utime_at(dirfd, upath, flags, &nt);
}

long sys_futimesat(int dirfd, uaddr_t upath, uaddr_t utimes)
{
	struct newtimes nt = both_now;
	struct abi_timeval tv[2];

	if (utimes) {
		if (copyin(tv, utimes, sizeof(tv)) != 0)
			return -EFAULT;
		for (int i = 0; i < 2; i++) {
			if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
				return -EINVAL;
			nt.nt_time[i] = (struct timespec_k){ tv[i].tv_sec, (u32)tv[i].tv_usec * 1000 };
		}
	}
	return utime_at(dirfd, upath, 0, &nt);
}

long sys_utimes(uaddr_t upath, uaddr_t utimes)
{
	return sys_futimesat(AT_FDCWD, upath, utimes);
}

long sys_utime(uaddr_t upath, uaddr_t ubuf)
{
	struct newtimes nt = both_now;
	struct abi_utimbuf ut;

	if (ubuf) {
		if (copyin(&ut, ubuf, sizeof(ut)) != 0)
			return -EFAULT;
		nt.nt_time[0] = (struct timespec_k){ ut.actime, 0 };
		nt.nt_time[1] = (struct timespec_k){ ut.modtime, 0 };
	}
	return utime_at(AT_FDCWD, upath, 0, &nt);
}
