/* SPDX-License-Identifier: MIT */
/* fcntl and ioctl: what is asked of an open description itself. */
#include "fs/dev.h"
#include "fs/file.h"
#include "fs/flock.h"
#include "fs/names.h"
#include "fs/pipe.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "mm/usercopy.h"
#include "proc/proc.h"

#define UNKNOWN_CMD (~0u)
#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)

static long dup_fd(struct file *f, u32 min, u32 fdflags)
{
	long fd;

	file_hold(f);
	fd = min > NOFILE_MAX ? -EINVAL : fd_alloc((int)min, fdflags, f);
	if (fd < 0)
		file_rele(f);
	return fd;
}

static long setfd(int fd, u32 arg)
{
	struct fdtab *ft = curproc()->p_fdtab;
	long error = -EBADF;

	spin_lock(&ft->ft_lock);
	if ((u32)fd < ft->ft_size && ft->ft_file[fd]) {
		ft->ft_flags[fd] = arg & FD_CLOEXEC ? FD_CLOEXEC_K : 0;
		error = 0;
	}
	spin_unlock(&ft->ft_lock);
	return error;
}

/*
 * A lock that was set while another lwp closed the descriptor would belong to
 * nobody's close: it is taken back. (Locks go with any close of the file by its
 * owner.)
 */
static long recheck_lock(int fd, struct file *f, u32 cmd, struct abi_flock64 *l)
{
	struct file *now = fdtab_get(curproc()->p_fdtab, fd, NULL);
	bool same = now == f;

	if (now)
		file_rele(now);
	if (same || (cmd != F_SETLK64 && cmd != F_SETLKW64) || l->l_type == F_UNLCK)
		return 0;
	flock_owner_closed(f->f_vnode, curproc()->p_fdtab);
	return -EBADF;
}

static long fcntl_lock(int fd, struct file *f, u32 cmd, uaddr_t arg)
{
	struct abi_flock64 l64;
	struct abi_flock l;
	long error;

	if (cmd > F_SETLKW) {
		error = copyin(&l64, arg, sizeof(l64));
		if (!error)
			error = flock_fcntl(f, cmd, &l64);
		if (!error)
			error = recheck_lock(fd, f, cmd, &l64);
		if (!error && (cmd == F_GETLK64 || cmd == K_F_OFD_GETLK))
			error = copyout(arg, &l64, sizeof(l64));
		return error;
	}
	error = copyin(&l, arg, sizeof(l));
	if (error)
		return error;
	l64 = (struct abi_flock64){ l.l_type, l.l_whence, l.l_start, l.l_len, l.l_pid };
	error = flock_fcntl(f, cmd - F_GETLK + F_GETLK64, &l64);
	if (!error)
		error = recheck_lock(fd, f, cmd - F_GETLK + F_GETLK64, &l64);
	if (error || cmd != F_GETLK)
		return error;
	if (l64.l_start > (s64)K_NON_LFS_MAX || l64.l_len > (s64)K_NON_LFS_MAX)
		return -EOVERFLOW;
	l = (struct abi_flock){ l64.l_type, l64.l_whence, (s32)l64.l_start, (s32)l64.l_len, l64.l_pid };
	return copyout(arg, &l, sizeof(l));
}

/* With O_PATH only what concerns the descriptor is allowed. */
static bool path_cmd(u32 cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD || cmd == F_SETFD || cmd == F_GETFL;
}

/* What may only grow is written to at its end. */
static long set_flags(struct file *f, u32 flags)
{
	if (((flags ^ f->f_flags) & O_APPEND) && (f->f_vnode->v_flags & V_APPENDONLY))
		return -EPERM;
	file_setflags(f, SETFL_MASK, flags);
	return 0;
}

/*
 * A process, or a group below zero; 0: none.
 * Errors: -EINVAL (no group has the number that this negates), -ESRCH
 */
static long fcntl_set_owner(struct file *f, pid_t who)
{
	bool found = who == 0;

	if (who == INT32_MIN)
		return -EINVAL;
	if (who)
		found = pid_in_use(pid_real(who < 0 ? -who : who));
	if (!found)
		return -ESRCH;
	f->f_owner = who;
	return 0;
}

static long do_fcntl(int fd, struct file *f, u32 fdflags, u32 cmd, u32 arg)
{
	switch (cmd) {
	case F_DUPFD: return dup_fd(f, arg, 0);
	case F_DUPFD_CLOEXEC: return dup_fd(f, arg, FD_CLOEXEC_K);
	case F_GETFD: return fdflags & FD_CLOEXEC_K ? FD_CLOEXEC : 0;
	case F_SETFD: return setfd(fd, arg);
	case F_GETFL: return (long)f->f_flags;
	case F_SETFL: return set_flags(f, arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_GETLK64:
	case F_SETLK64:
	case F_SETLKW64:
	case K_F_OFD_GETLK:
	case K_F_OFD_SETLK:
	case K_F_OFD_SETLKW: return fcntl_lock(fd, f, cmd, arg);
	case F_SETOWN: return fcntl_set_owner(f, (s32)arg);
	case F_GETOWN: return f->f_owner;
	case K_F_GETSIG: return 0;
	case K_F_GETPIPE_SZ: return pipe_size(f);
	case K_F_SETPIPE_SZ: return pipe_set_size(f, arg);
	default: return -EINVAL;
	}
}

long sys_fcntl64(int fd, u32 cmd, u32 arg)
{
	u32 fdflags = 0;
	struct file *f = fdtab_get(curproc()->p_fdtab, fd, &fdflags);
	long ret;

	if (!f)
		return -EBADF;
	ret = (f->f_flags & O_PATH) && !path_cmd(cmd) ? -EBADF : do_fcntl(fd, f, fdflags, cmd, arg);
	file_rele(f);
	return ret;
}

/* The old call knows no 64-bit locks. A bad descriptor is told first. */
long sys_fcntl(int fd, u32 cmd, u32 arg)
{
	bool wide = (cmd >= F_GETLK64 && cmd <= F_SETLKW64) || (cmd >= K_F_OFD_GETLK && cmd <= K_F_OFD_SETLKW);

	return sys_fcntl64(fd, wide ? UNKNOWN_CMD : cmd, arg);
}

static long set_status_flag(struct file *f, u32 flag, uaddr_t arg)
{
	u32 on;
	int error;

	error = copyin(&on, arg, sizeof(on));
	if (!error)
		file_setflags(f, flag, on ? flag : 0);
	return error;
}

static long bytes_left(struct file *f, uaddr_t arg)
{
	off_t left = (off_t)f->f_vnode->v_size - f->f_offset;
	u32 n = left < 0 ? 0 : (u32)left;

	return copyout(arg, &n, sizeof(n));
}

/* -ENOTTY: the file system keeps no flags of such a file. */
static int file_flags(struct vnode *vp, u32 *flags)
{
	struct vattr va;
	int error = vn_getattr(vp, &va);

	*flags = va.va_flags;
	return error ? error : va.va_flagged ? 0 : -ENOTTY;
}

static long get_file_flags(struct vnode *vp, uaddr_t arg)
{
	u32 flags;
	long error = file_flags(vp, &flags);

	return error ? error : copyout(arg, &flags, sizeof(flags));
}

/*
 * Flags that this kernel does not keep may stay as they are.
 * Errors: in this order: -EPERM, -EOPNOTSUPP.
 */
static int decide_flags(const struct vattr *old, const void *arg, struct vattr *va)
{
	const struct cred *cr = cred_cur();
	u32 flags = *(const u32 *)arg, changed = flags ^ old->va_flags;

	if (!cred_fs_super(cr) && old->va_uid != cr->cr_fsuid)
		return -EPERM;
	if ((changed & (VNF_IMMUTABLE | VNF_APPEND)) && !cred_super(cr))
		return -EPERM;
	if (changed & ~VNF_KEPT)
		return -EOPNOTSUPP;
	*va = (struct vattr){ .va_mask = VA_FLAGS, .va_flags = flags };
	return 0;
}

static long set_file_flags(struct vnode *vp, uaddr_t arg)
{
	u32 flags;
	long error = file_flags(vp, &flags);

	if (!error)
		error = copyin(&flags, arg, sizeof(flags));
	return error ? error : vn_change(vp, decide_flags, &flags);
}

static long do_ioctl(int fd, struct file *f, u32 cmd, u32 arg)
{
	struct vnode *vp = f->f_vnode;
	const struct vnodeops *op = vn_io_ops(vp);
	u64 size = vp->v_size;

	switch (cmd) {
	case K_FIOCLEX: return setfd(fd, FD_CLOEXEC);
	case K_FIONCLEX: return setfd(fd, 0);
	case K_FIONBIO: return set_status_flag(f, O_NONBLOCK, arg);
	case K_FIOASYNC: return set_status_flag(f, O_ASYNC, arg);
	case K_FIOQSIZE:
		if (vp->v_type == VREG || vp->v_type == VDIR)
			return copyout(arg, &size, sizeof(size));
		return -ENOTTY;
	case K_FS_IOC_GETFLAGS: return get_file_flags(vp, arg);
	case K_FS_IOC_SETFLAGS: return set_file_flags(vp, arg);
	case K_FIONREAD:
		if (vp->v_type == VREG)
			return bytes_left(f, arg);
		break;
	}
	return op->vop_ioctl ? op->vop_ioctl(vp, f, cmd, arg) : -ENOTTY;
}

long sys_ioctl(int fd, u32 cmd, u32 arg)
{
	struct file *f;
	long ret;

	ret = fd_get(fd, &f);
	if (ret)
		return ret;
	ret = f->f_flags & O_PATH ? -EBADF : do_ioctl(fd, f, cmd, arg);
	file_rele(f);
	return ret;
}
