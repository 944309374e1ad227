/* SPDX-License-Identifier: MIT */
/*
 * System calls that move data inside the kernel, or prepare for it: sendfile,
 * copy_file_range, fallocate, readahead, fadvise.
 */
#include "fs/file.h"
#include "fs/names.h"
#include "fs/pagecache.h"
#include "fs/setid.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/resource.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/proc.h"

#define CHUNK 16384u
#define READAHEAD_MAX 512u /* pages */

/*
 * One side of a copy: a description, and an offset of its own if the caller
 * gave one.
 */
struct side {
	struct file *sd_file;
	bool sd_own;
	off_t sd_off;
};

static ssize_t side_read(struct side *sd, void *buf, size_t len)
{
	struct uio u;

	uio_init_kernel(&u, false, buf, len, sd->sd_off);
	return sd->sd_own ? file_pread(sd->sd_file, &u) : file_read(sd->sd_file, &u);
}

static ssize_t side_write(struct side *sd, void *buf, size_t len)
{
	struct uio u;

	uio_init_kernel(&u, true, buf, len, sd->sd_off);
	return sd->sd_own ? file_pwrite(sd->sd_file, &u) : file_write(sd->sd_file, &u);
}

static void copy_advance(struct side *sd, ssize_t n)
{
	if (sd->sd_own)
		sd->sd_off += n;
}

/* Takes back what was read but could not be written. */
static void copy_give_back(struct side *sd, ssize_t n)
{
	if (!sd->sd_own && n > 0)
		file_seek(sd->sd_file, -(off_t)n, K_SEEK_CUR);
}

/* One piece. Bytes copied, 0 at the end of the input, or an error. */
static ssize_t copy_piece(struct side *in, struct side *out, u8 *buf, size_t len)
{
	ssize_t got = side_read(in, buf, len), put;

	if (got <= 0)
		return got;
	put = side_write(out, buf, (size_t)got);
	copy_give_back(in, got - (put > 0 ? put : 0));
	if (put > 0) {
		copy_advance(in, put);
		copy_advance(out, put);
	}
	return put;
}

static long copy_data(struct side *in, struct side *out, size_t count)
{
	size_t size = MIN(count, (size_t)CHUNK), done = 0;
	u8 *buf = kmalloc(size ? size : 1, 0);
	ssize_t n = 0;

	if (!buf)
		return -ENOMEM;
	while (done < count) {
		size_t want = MIN(count - done, size);

		if (done > 0 && curlwp()->l_attention)
			break;
		n = copy_piece(in, out, buf, want);
		if (n > 0)
			done += (size_t)n;
		if (n < (ssize_t)want)
			break;
	}
	kfree(buf);
	return done > 0 ? (long)done : n;
}

static bool has_pages(const struct file *f)
{
	return f->f_vnode->v_type == VREG || f->f_vnode->v_type == VBLK;
}

/*
 * Errors of a sendfile's input, before the output is looked at: -EBADF,
 * -ESPIPE, -EINVAL.
 */
static int check_input(const struct file *in, const off_t *offp)
{
	if (file_readable(in) != 0)
		return -EBADF;
	if (offp && !file_seekable(in))
		return -ESPIPE;
	return offp && *offp < 0 ? -EINVAL : 0;
}

static long send_between(struct file *out, struct file *in, off_t *offp, u32 count)
{
	struct side si = { .sd_file = in }, so = { .sd_file = out };
	long n;

	if (file_writable(out) != 0)
		return -EBADF;
	/*
	 * Linux serves more kinds of input; programs fall back to read and
	 * write.
	 */
	if (!has_pages(in) || (out->f_flags & O_APPEND))
		return -EINVAL;
	if (offp) {
		si.sd_own = true;
		si.sd_off = *offp;
	}
	n = copy_data(&si, &so, MIN(count, K_RW_MAX));
	if (offp)
		*offp = si.sd_off;
	return n;
}

static long do_sendfile(int outfd, int infd, off_t *offp, u32 count)
{
	struct file *in, *out;
	long n;

	n = fd_get(infd, &in);
	if (n)
		return n;
	n = check_input(in, offp);
	if (!n)
		n = fd_get(outfd, &out);
	if (!n) {
		n = send_between(out, in, offp, count);
		file_rele(out);
	}
	file_rele(in);
	return n;
}

long sys_sendfile64(int outfd, int infd, uaddr_t uoff, u32 count)
{
	off_t off;
	long n;

	if (!uoff)
		return do_sendfile(outfd, infd, NULL, count);
	if (copyin(&off, uoff, sizeof(off)) != 0)
		return -EFAULT;
	n = do_sendfile(outfd, infd, &off, count);
	return copyout(uoff, &off, sizeof(off)) ? -EFAULT : n;
}

long sys_sendfile(int outfd, int infd, uaddr_t uoff, u32 count)
{
	s32 off32;
	off_t off;
	long n;

	if (!uoff)
		return do_sendfile(outfd, infd, NULL, count);
	if (copyin(&off32, uoff, sizeof(off32)) != 0)
		return -EFAULT;
	off = off32;
	count = off < 0 ? count : MIN(count, K_NON_LFS_MAX - (u32)off);
	n = do_sendfile(outfd, infd, &off, count);
	off32 = (s32)off;
	return copyout(uoff, &off32, sizeof(off32)) ? -EFAULT : n;
}

static int side_from_user(struct side *sd, struct file *f, uaddr_t uoff)
{
	*sd = (struct side){ .sd_file = f, .sd_own = uoff != 0 };
	if (uoff && copyin(&sd->sd_off, uoff, sizeof(sd->sd_off)) != 0)
		return -EFAULT;
	return sd->sd_off < 0 ? -EINVAL : 0;
}

/*
 * May bytes go from one side to the other? *len: cut to what there is to read.
 * Errors: in this order: -EISDIR, -EINVAL (no regular file), -EBADF, -EINVAL
 * (the ranges overlap).
 */
static int check_range_copy(struct side *in, struct side *out, u32 *len)
{
	struct vnode *ivp = in->sd_file->f_vnode, *ovp = out->sd_file->f_vnode;
	off_t ioff = in->sd_own ? in->sd_off : in->sd_file->f_offset;
	off_t ooff = out->sd_own ? out->sd_off : out->sd_file->f_offset;
	u64 left = (u64)ioff < ivp->v_size ? ivp->v_size - (u64)ioff : 0;

	if (ivp->v_type == VDIR || ovp->v_type == VDIR)
		return -EISDIR;
	if (ivp->v_type != VREG || ovp->v_type != VREG)
		return -EINVAL;
	if (file_readable(in->sd_file) != 0 || file_writable(out->sd_file) != 0 ||
	    (out->sd_file->f_flags & O_APPEND))
		return -EBADF;
	*len = (u32)MIN((u64)*len, left);
	if (ivp == ovp && ioff < ooff + (off_t)*len && ooff < ioff + (off_t)*len)
		return -EINVAL;
	return 0;
}

static long copy_range(struct file *in, uaddr_t uinoff, struct file *out, uaddr_t uoutoff, u32 len, u32 flags)
{
	struct side si, so;
	long n;

	len = MIN(len, K_RW_MAX);
	n = side_from_user(&si, in, uinoff);
	if (!n)
		n = side_from_user(&so, out, uoutoff);
	if (!n && flags)
		n = -EINVAL;
	if (!n)
		n = check_range_copy(&si, &so, &len);
	if (n)
		return n;
	if ((u64)(si.sd_own ? si.sd_off : in->f_offset) >= in->f_vnode->v_size)
		return 0;
	n = copy_data(&si, &so, len);
	if (uinoff && copyout(uinoff, &si.sd_off, sizeof(si.sd_off)) != 0)
		return -EFAULT;
	if (uoutoff && copyout(uoutoff, &so.sd_off, sizeof(so.sd_off)) != 0)
		return -EFAULT;
	return n;
}

long sys_copy_file_range(int infd, uaddr_t uinoff, int outfd, uaddr_t uoutoff, u32 len, u32 flags)
{
	struct file *in, *out;
	long n;

	n = fd_get(infd, &in);
	if (n)
		return n;
	n = fd_get(outfd, &out);
	if (!n) {
		n = copy_range(in, uinoff, out, uoutoff, len, flags);
		file_rele(out);
	}
	file_rele(in);
	return n;
}

/*
 * Gives every page of [from, to) its place on the disk, contents unchanged
 * (zeros where there was a hole).
 */
static int allocate_pages(struct vnode *vp, u32 from, u32 to)
{
	u32 idx = from;

	if (!vp->v_op->vop_mkwrite)
		return 0;
	while (idx < to) {
		struct page *pg;
		int n, error;

		if (curlwp()->l_attention)
			return -ERESTARTSYS; /* done so far stays done, and costs nothing again */
		error = pc_get_locked(vp, idx, true, &pg);
		if (error)
			return error;
		/*
		 * The page lock keeps a truncation off: what it has cut off
		 * meanwhile gets no blocks behind the end of the file.
		 */
		n = (u64)idx << PAGE_SHIFT < vp->v_size
			    ? vp->v_op->vop_mkwrite(vp, &pg, 1, 0, pc_bytes(vp, idx))
			    : 0;
		if (n > 0)
			pc_dirty(pg);
		page_unlock(pg);
		page_put(pg);
		if (n == -EAGAIN) {
			vp->v_vfs->vfs_type->fs_ops->vfs_sync(vp->v_vfs, false);
			continue;
		}
		if (n <= 0)
			return n;
		idx++;
		pc_balance(vp);
	}
	return 0;
}

static int extend(struct vnode *vp, u64 size)
{
	struct vattr va = { .va_mask = VA_SIZE, .va_size = size };

	return vn_setattr(vp, &va);
}

/* Blocks for [off, end) of vp, which gets longer if need be. */
static int allocate_range(struct vnode *vp, u64 off, u64 end)
{
	u64 old = vp->v_size;
	int error;

	vn_lock(vp);
	error = vn_lose_setid(vp);
	vn_unlock(vp);
	if (!error && end > old)
		error = extend(vp, end);
	if (error)
		return error;
	error = allocate_pages(vp, (u32)(off >> PAGE_SHIFT), (u32)((end + PAGE_MASK) >> PAGE_SHIFT));
	/*
	 * A file that could not be had in full does not stay longer than it
	 * was, unless somebody wrote there meanwhile.
	 */
	if (error && end > old && vp->v_size == end)
		extend(vp, old);
	return error;
}

static int do_fallocate(struct file *f, u32 mode, off_t off, off_t len)
{
	struct vnode *vp = f->f_vnode;
	u64 end;

	if (off < 0 || len <= 0)
		return -EINVAL;
	if (mode)
		return -EOPNOTSUPP;
	if (file_writable(f) != 0)
		return -EBADF;
	if (vp->v_flags & V_IMMUTABLE)
		return -EPERM;
	if (vp->v_type == VFIFO)
		return -ESPIPE;
	if (vp->v_type != VREG)
		return vp->v_type == VDIR ? -EISDIR : -ENODEV;
	end = (u64)off + (u64)len;
	if (end > (u64)INT64_MAX || end >> PAGE_SHIFT > 0xfffffffeu)
		return -EFBIG;
	if (end > rlimit_cur(curproc(), K_RLIMIT_FSIZE)) {
		signal_lwp(curlwp(), K_SIGXFSZ, NULL);
		return -EFBIG;
	}
	return allocate_range(vp, (u64)off, end);
}

long sys_fallocate(int fd, u32 mode, u32 offlo, u32 offhi, u32 lenlo, u32 lenhi)
{
	struct file *f;
	int error;

	error = fd_get(fd, &f);
	if (error)
		return error;
	error = f->f_flags & O_PATH ? -EBADF
				    : do_fallocate(f, mode, (off_t)((u64)offhi << 32 | offlo),
						   (off_t)((u64)lenhi << 32 | lenlo));
	file_rele(f);
	return error;
}

long sys_readahead(int fd, u32 offlo, u32 offhi, u32 count)
{
	u64 off = (u64)offhi << 32 | offlo;
	struct file *f;
	struct page *pg;
	int error;

	error = fd_get(fd, &f);
	if (error)
		return error;
	if (file_readable(f) != 0)
		error = -EBADF;
	else if (!has_pages(f) || (s64)off < 0)
		error = -EINVAL;
	for (u32 i = 0; !error && i < MIN(count / PAGE_SIZE + 1, READAHEAD_MAX); i++) {
		if ((off >> PAGE_SHIFT) + i > ~0u || pc_get(f->f_vnode, (u32)(off >> PAGE_SHIFT) + i, &pg) != 0)
			break; /* advice: an error is for the one who reads */
		page_put(pg);
	}
	file_rele(f);
	return error;
}

long sys_fadvise64_64(int fd, u32 offlo, u32 offhi, u32 lenlo, u32 lenhi, u32 advice)
{
	struct file *f;
	int error;

	error = fd_get(fd, &f);
	if (error)
		return error;
	if (f->f_flags & O_PATH)
		error = -EBADF;
	else if (f->f_vnode->v_type == VFIFO)
		error = -ESPIPE;
	else if (advice > 5 || (s32)lenhi < 0)
		error = -EINVAL;
	file_rele(f);
	return error;
}

long sys_fadvise64(int fd, u32 offlo, u32 offhi, u32 len, u32 advice)
{
	return sys_fadvise64_64(fd, offlo, offhi, len, 0, advice);
}
