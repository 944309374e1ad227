/* SPDX-License-Identifier: MIT */
/*
 * System calls that read, write and seek.
 *
 * All end in one function, rw(): it checks the descriptor, fetches the vector,
 * clips it to what one call may move, and goes through the description with or
 * without its offset.
 */
#include "fs/file.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/sched/lwp.h"

#define FEW_IOV 8u

/* Where the offset of a call comes from. */
#define AT_FILE_OFFSET (-1ll)

/*
 * Checks each piece, clips their sum to K_RW_MAX, and returns it. -EINVAL,
 * -EFAULT
 */
static ssize_t check_iov(struct uiovec *iov, u32 cnt)
{
	u32 total = 0;

	for (u32 i = 0; i < cnt; i++) {
		if ((s32)iov[i].len < 0)
			return -EINVAL;
		if (iov[i].len && !user_range_ok(iov[i].base, iov[i].len))
			return -EFAULT;
		iov[i].len = MIN(iov[i].len, K_RW_MAX - total);
		total += iov[i].len;
	}
	return (ssize_t)total;
}

static long do_rw(struct file *f, struct uio *u, bool write, off_t pos)
{
	if (pos == AT_FILE_OFFSET)
		return write ? file_write(f, u) : file_read(f, u);
	u->uio_offset = pos;
	return write ? file_pwrite(f, u) : file_pread(f, u);
}

/*
 * A write to a pipe or a terminal, or a read from a terminal that asks for so
 * many bytes at least, that was cut short, after some bytes, only so that the
 * lwp comes to the boundary (to be saved, to stop), is not over: it goes on
 * where it was when it is made again. If a handler is run instead, what was
 * moved so far is the result, as ever.
 */
static long go_on(struct file *f, struct uio *u, bool write, u32 done)
{
	struct lwp *l = curlwp();
	long n;

	uio_skip(u, MIN((size_t)done, u->uio_resid));
	if (done && u->uio_resid == 0)
		return (long)done;
	u->uio_done = done;
	u->uio_error = 0;
	n = do_rw(f, u, write, AT_FILE_OFFSET);
	done += n > 0 ? (u32)n : 0;
	if (!done)
		return n;
	if (u->uio_error == -ERESTARTSYS && (f->f_vnode->v_type == VFIFO || f->f_vnode->v_type == VCHR)) {
		l->l_done = done;
		return -ERESTARTNOHAND;
	}
	return (long)done;
}

/*
 * What the call that begins has moved already. It is asked once, whatever
 * becomes of the call: the next one is another.
 */
static u32 take_done(void)
{
	struct lwp *l = curlwp();
	u32 done = l->l_done;

	l->l_done = 0;
	return done;
}

/*
 * May f be read or written at pos?
 * Errors: in this order: -ESPIPE, -EBADF.
 */
static int may_rw(const struct file *f, bool write, off_t pos)
{
	if (pos != AT_FILE_OFFSET && !(f->f_flags & O_PATH) && !file_seekable(f))
		return -ESPIPE;
	return write ? file_writable(f) : file_readable(f);
}

/* On an open description. */
static long rw_file(struct file *f, struct uiovec *iov, u32 cnt, bool write, off_t pos, u32 done)
{
	int error = may_rw(f, write, pos);
	struct uio u;
	ssize_t total;

	if (error)
		return done ? (long)done : error;
	total = check_iov(iov, cnt);
	if (total < 0)
		return done ? (long)done : total;
	uio_init_user(&u, write, iov, cnt, 0);
	return pos == AT_FILE_OFFSET ? go_on(f, &u, write, done) : do_rw(f, &u, write, pos);
}

static long rw(int fd, struct uiovec *iov, u32 cnt, bool write, off_t pos, u32 done)
{
	struct file *f;
	bool held;
	long n;

	if (pos < 0 && pos != AT_FILE_OFFSET)
		return -EINVAL;
	n = fd_borrow(fd, &f, &held);
	if (n)
		return done ? (long)done : n;
	n = rw_file(f, iov, cnt, write, pos, done);
	if (held)
		file_rele(f);
	return n;
}

static long rw_one(int fd, uaddr_t buf, u32 len, bool write, off_t pos)
{
	struct uiovec iov = { .base = buf, .len = MIN(len, K_RW_MAX) };

	if (len && !user_range_ok(buf, len))
		iov.base = ~0u; /* refused as one piece, once the descriptor was found good */
	return rw(fd, &iov, 1, write, pos, take_done());
}

/*
 * What is wrong with the descriptor is told before what is wrong with the
 * vector.
 */
static long check_vector_fd(int fd, bool write, off_t pos)
{
	struct file *f;
	bool held;
	long error;

	if (pos < 0 && pos != AT_FILE_OFFSET)
		return -EINVAL;
	error = fd_borrow(fd, &f, &held);
	if (error)
		return error;
	error = may_rw(f, write, pos);
	if (held)
		file_rele(f);
	return error;
}

static long rw_vector(int fd, uaddr_t uiov, u32 cnt, bool write, off_t pos)
{
	struct uiovec few[FEW_IOV], *iov = few;
	u32 done = take_done();
	long n;

	_Static_assert(sizeof(struct uiovec) == sizeof(struct abi_iovec), "vectors are copied in as they are");
	n = check_vector_fd(fd, write, pos);
	if (n)
		return done ? (long)done : n;
	if (cnt > K_IOV_MAX)
		return -EINVAL;
	if (cnt > FEW_IOV) {
		iov = kmalloc(cnt * sizeof(*iov), 0);
		if (!iov)
			return done ? (long)done : -ENOMEM;
	}
	n = copyin(iov, uiov, cnt * sizeof(*iov));
	if (!n)
		n = rw(fd, iov, cnt, write, pos, done);
	else if (done)
		n = (long)done;
	if (iov != few)
		kfree(iov);
	return n;
}

static off_t offset_of(u32 lo, u32 hi)
{
	off_t off = (off_t)((u64)hi << 32 | lo);

	/*
	 * negative offsets are all alike, but for the one with a meaning here
	 */
	return off == AT_FILE_OFFSET ? -2 : off;
}

long sys_read(int fd, uaddr_t buf, u32 len)
{
	return rw_one(fd, buf, len, false, AT_FILE_OFFSET);
}

long sys_write(int fd, uaddr_t buf, u32 len)
{
	return rw_one(fd, buf, len, true, AT_FILE_OFFSET);
}

long sys_readv(int fd, uaddr_t iov, u32 cnt)
{
	return rw_vector(fd, iov, cnt, false, AT_FILE_OFFSET);
}

long sys_writev(int fd, uaddr_t iov, u32 cnt)
{
	return rw_vector(fd, iov, cnt, true, AT_FILE_OFFSET);
}

long sys_pread64(int fd, uaddr_t buf, u32 len, u32 lo, u32 hi)
{
	return rw_one(fd, buf, len, false, offset_of(lo, hi));
}

long sys_pwrite64(int fd, uaddr_t buf, u32 len, u32 lo, u32 hi)
{
	return rw_one(fd, buf, len, true, offset_of(lo, hi));
}

long sys_preadv(int fd, uaddr_t iov, u32 cnt, u32 lo, u32 hi)
{
	return rw_vector(fd, iov, cnt, false, offset_of(lo, hi));
}

long sys_pwritev(int fd, uaddr_t iov, u32 cnt, u32 lo, u32 hi)
{
	return rw_vector(fd, iov, cnt, true, offset_of(lo, hi));
}

/*
 * In the next two an offset of -1 means the description's. No flag is
 * supported: each would be a promise. That is told last.
 */
static long rw_vector2(int fd, uaddr_t iov, u32 cnt, bool write, off_t pos, u32 flags)
{
	long error;

	if (!flags)
		return rw_vector(fd, iov, cnt, write, pos);
	error = check_vector_fd(fd, write, pos);
	if (error)
		return error;
	return cnt > K_IOV_MAX ? -EINVAL : -EOPNOTSUPP;
}

static off_t offset2_of(u32 lo, u32 hi)
{
	return (lo & hi) == ~0u ? AT_FILE_OFFSET : offset_of(lo, hi);
}

long sys_preadv2(int fd, uaddr_t iov, u32 cnt, u32 lo, u32 hi, u32 flags)
{
	return rw_vector2(fd, iov, cnt, false, offset2_of(lo, hi), flags);
}

long sys_pwritev2(int fd, uaddr_t iov, u32 cnt, u32 lo, u32 hi, u32 flags)
{
	return rw_vector2(fd, iov, cnt, true, offset2_of(lo, hi), flags);
}

static off_t seek_fd(int fd, off_t off, u32 whence)
{
	struct file *f;
	off_t pos;
	int error;

	error = fd_get(fd, &f);
	if (error)
		return error;
	pos = file_seek(f, off, (int)whence);
	file_rele(f);
	return pos;
}

long sys_lseek(int fd, s32 off, u32 whence)
{
	off_t pos = seek_fd(fd, off, whence);

	return pos > (off_t)K_NON_LFS_MAX ? -EOVERFLOW : (long)pos;
}

long sys_llseek(int fd, u32 hi, u32 lo, uaddr_t uresult, u32 whence)
{
	off_t pos = seek_fd(fd, (off_t)((u64)hi << 32 | lo), whence);

	if (pos < 0)
		return (long)pos;
	return copyout(uresult, &pos, sizeof(pos));
}
