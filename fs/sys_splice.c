/* SPDX-License-Identifier: MIT */
/*
 * splice, tee and vmsplice. No file system here gives its pages away, which
 * Linux says with EINVAL after the checks of the arguments: programs then read
 * and write. vmsplice, which only may keep the pages, copies.
 *
 * Source: splice(2), tee(2), vmsplice(2).
 */
#include "fs/file.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "mm/usercopy.h"

#define SPLICE_F_ALL 0xfu

static bool is_fifo(const struct file *f)
{
	return f->f_vnode->v_type == VFIFO;
}

/* Two descriptors, and what is to be said about them. */
static long with_both(int infd, int outfd,
		      long (*check)(struct file *in, struct file *out, const uaddr_t *uoff), const uaddr_t *uoff)
{
	struct file *in, *out;
	long error = fd_get(infd, &in);

	if (error)
		return error;
	error = fd_get(outfd, &out);
	if (!error) {
		error = check(in, out, uoff);
		file_rele(out);
	}
	file_rele(in);
	return error;
}

static long check_splice(struct file *in, struct file *out, const uaddr_t *uoff)
{
	off_t off;

	if ((uoff[0] && is_fifo(in)) || (uoff[1] && is_fifo(out)))
		return -ESPIPE;
	for (int i = 0; i < 2; i++) {
		if (uoff[i] && copyin(&off, uoff[i], sizeof(off)) != 0)
			return -EFAULT;
	}
	return file_readable(in) != 0 || file_writable(out) != 0 ? -EBADF : -EINVAL;
}

static long check_tee(struct file *in, struct file *out, const uaddr_t *uoff)
{
	return file_readable(in) != 0 || file_writable(out) != 0 ? -EBADF : -EINVAL;
}

long sys_splice(int infd, uaddr_t uinoff, int outfd, uaddr_t uoutoff, u32 len, u32 flags)
{
	if (len == 0)
		return 0;
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	return with_both(infd, outfd, check_splice, (const uaddr_t[]){ uinoff, uoutoff });
}

long sys_tee(int infd, int outfd, u32 len, u32 flags)
{
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	if (len == 0)
		return 0;
	return with_both(infd, outfd, check_tee, NULL);
}

/* -EINVAL, -EFAULT: what writev(2) would say of the vector itself. */
static long check_vector(uaddr_t uiov, u32 n)
{
	struct abi_iovec iov;

	if (n > K_IOV_MAX)
		return -EINVAL;
	for (u32 i = 0; i < n; i++) {
		if (copyin(&iov, uiov + i * sizeof(iov), sizeof(iov)) != 0)
			return -EFAULT;
		if ((s32)iov.iov_len < 0)
			return -EINVAL;
	}
	return 0;
}

long sys_vmsplice(int fd, uaddr_t uiov, u32 n, u32 flags)
{
	struct file *f;
	bool fifo, writes, reads;
	long error;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	error = fd_get(fd, &f);
	if (error)
		return error;
	fifo = is_fifo(f) && !(f->f_flags & O_PATH);
	writes = file_writable(f) == 0;
	reads = file_readable(f) == 0;
	file_rele(f);
	if (!fifo) {
		error = writes || reads ? check_vector(uiov, n) : -EBADF;
		return error ? error : -EBADF;
	}
	return writes ? sys_writev(fd, uiov, n) : sys_readv(fd, uiov, n);
}
