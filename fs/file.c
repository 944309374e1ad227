/* SPDX-License-Identifier: MIT */
/*
 * Open files: making and closing them, and reading, writing and seeking through
 * them.
 *
 * fs/sys_*.c check descriptors and user memory; the functions here know user
 * pointers only inside a uio.
 */
#include "fs/file.h"

#include "fs/anonfs.h"
#include "fs/dev.h"
#include "fs/devfs.h"
#include "fs/file_impl.h"
#include "fs/flock.h"
#include "fs/mem.h"
#include "fs/pipe.h"
#include "fs/procfs.h"
#include "fs/syscalls.h"
#include "fs/tmpfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/resource.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

volatile u32 file_count;

static struct kmem_cache *file_cache;
static volatile u32 next_id;

/*
 * v_writers and v_ntext of all vnodes; held for a few instructions at open,
 * close, exec and exit.
 */
static struct spinlock right_lock = SPINLOCK_INIT("write-text-rights", LR_VFS);

void file_init(void)
{
	file_cache = kmem_cache_create("file", sizeof(struct file), 0);
	fdtab_init();
	flock_init();
	pipe_init();
	anonfs_init();
	tmpfs_init();
	devfs_init();
	procfs_init();
	mem_init();
	sys_poll_init();
}

int vn_write_begin(struct vnode *vp)
{
	int error = 0;

	spin_lock(&right_lock);
	if (vp->v_ntext > 0)
		error = -ETXTBSY;
	else
		vp->v_writers++;
	spin_unlock(&right_lock);
	return error;
}

void vn_write_end(struct vnode *vp)
{
	spin_lock(&right_lock);
	ASSERT(vp->v_writers > 0);
	vp->v_writers--;
	spin_unlock(&right_lock);
}

int vn_text_begin(struct vnode *vp)
{
	int error = 0;

	spin_lock(&right_lock);
	if (vp->v_writers > 0)
		error = -ETXTBSY;
	else
		vp->v_ntext++;
	spin_unlock(&right_lock);
	return error;
}

void vn_text_end(struct vnode *vp)
{
	spin_lock(&right_lock);
	ASSERT(vp->v_ntext > 0);
	vp->v_ntext--;
	spin_unlock(&right_lock);
}

struct file *file_alloc(struct vnode *vp, u32 flags)
{
	struct file *f = kmem_alloc(file_cache, KM_ZERO);

	if (!f)
		return NULL;
	f->f_ref = 1;
	f->f_flags = flags;
	f->f_vnode = vp;
	mutex_init(&f->f_lock, "file", LR_FILE);
	f->f_id = __atomic_add_fetch(&next_id, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&file_count, 1, __ATOMIC_RELAXED);
	return f;
}

/* Frees the open file; the caller keeps the vnode. */
static void file_free(struct file *f)
{
	kfree(f->f_path);
	kmem_free(file_cache, f);
	__atomic_sub_fetch(&file_count, 1, __ATOMIC_RELAXED);
}

int file_open_vnode(struct vnode *vp, u32 flags, struct file **fp)
{
	const struct vnodeops *op = vn_io_ops(vp);
	bool writer = vp->v_type == VREG && (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH);
	struct file *f;
	int error;

	if (writer) {
		error = vn_write_begin(vp);
		if (error)
			return error;
	}
	f = file_alloc(vp, flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC));
	if (!f) {
		error = -ENOMEM;
		goto undo_right;
	}
	f->f_writer = writer;
	if (op->vop_open && !(flags & O_PATH)) {
		error = op->vop_open(vp, f);
		if (error)
			goto undo_file;
	}
	f->f_opened = !(flags & O_PATH);
	f->f_flags &= ~(u32)O_NOCTTY; /* the terminal has used it */
	*fp = f;
	return 0;

undo_file:
	file_free(f);
undo_right:
	if (writer)
		vn_write_end(vp);
	return error;
}

void file_hold(struct file *f)
{
	__atomic_add_fetch(&f->f_ref, 1, __ATOMIC_RELAXED);
}

void file_rele(struct file *f)
{
	struct vnode *vp = f->f_vnode;
	const struct vnodeops *op;

	ASSERT(f->f_ref > 0);
	if (__atomic_sub_fetch(&f->f_ref, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (f->f_opened) {
		flock_file_closed(f);
		op = vn_io_ops(vp);
		if (op->vop_close)
			op->vop_close(vp, f);
	}
	if (f->f_writer)
		vn_write_end(vp);
	file_free(f);
	vn_rele(vp);
}

const struct vnodeops *vn_io_ops(const struct vnode *vp)
{
	switch (vp->v_type) {
	case VCHR:
	case VBLK: return &spec_vnodeops;
	case VFIFO: return &fifo_vnodeops;
	default: return vp->v_op;
	}
}

int file_readable(const struct file *f)
{
	u32 mode = f->f_flags & O_ACCMODE;

	return !(f->f_flags & O_PATH) && (mode == O_RDONLY || mode == O_RDWR) ? 0 : -EBADF;
}

int file_writable(const struct file *f)
{
	u32 mode = f->f_flags & O_ACCMODE;

	return !(f->f_flags & O_PATH) && (mode == O_WRONLY || mode == O_RDWR) ? 0 : -EBADF;
}

void file_setflags(struct file *f, u32 mask, u32 flags)
{
	u32 old = __atomic_load_n(&f->f_flags, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(&f->f_flags, &old, (old & ~mask) | (flags & mask),
					    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* Does the transfer end at a valid offset? */
static bool offset_fits(const struct uio *u)
{
	return u->uio_offset <= INT64_MAX - (off_t)u->uio_resid;
}

ssize_t file_pread(struct file *f, struct uio *u)
{
	struct vnode *vp = f->f_vnode;
	const struct vnodeops *op = vn_io_ops(vp);
	size_t want = u->uio_resid;
	int error;

	if (!offset_fits(u))
		return -EINVAL;
	if (vp->v_type == VDIR)
		return -EISDIR;
	if (!op->vop_read)
		return -EINVAL;
	error = op->vop_read(vp, u, f);
	u->uio_error = error;
	return u->uio_resid < want ? (ssize_t)(want - u->uio_resid) : error;
}

/*
 * Shortens the uio to RLIMIT_FSIZE, and to 2 GiB - 1 for a file not opened with
 * O_LARGEFILE.
 * Errors: -EFBIG (nothing is left; with SIGXFSZ if it was the process's own
 *   limit)
 */
static int clip_to_limits(struct file *f, struct uio *u, size_t *cut)
{
	off_t pos = f->f_flags & O_APPEND ? (off_t)f->f_vnode->v_size : u->uio_offset;
	u64 limit = rlimit_cur(curproc(), K_RLIMIT_FSIZE);
	bool own = true;

	if (!(f->f_flags & O_LARGEFILE) && limit > K_NON_LFS_MAX) {
		limit = K_NON_LFS_MAX;
		own = false;
	}
	if (u->uio_resid == 0)
		return 0;
	if ((u64)pos >= limit) {
		if (own)
			signal_lwp(curlwp(), K_SIGXFSZ, NULL);
		return -EFBIG;
	}
	if (u->uio_resid > limit - (u64)pos) {
		*cut = u->uio_resid - (size_t)(limit - (u64)pos);
		u->uio_resid -= *cut;
	}
	return 0;
}

ssize_t file_pwrite(struct file *f, struct uio *u)
{
	struct vnode *vp = f->f_vnode;
	const struct vnodeops *op = vn_io_ops(vp);
	size_t want, cut = 0;
	int error;

	if (!op->vop_write || !offset_fits(u))
		return -EINVAL;
	if (vp->v_type == VREG && !(vp->v_flags & V_NOFLOCK)) {
		error = clip_to_limits(f, u, &cut);
		if (error)
			return error;
	}
	want = u->uio_resid;
	error = op->vop_write(vp, u, f);
	u->uio_error = error;
	want -= u->uio_resid;
	u->uio_resid += cut;
	return want > 0 ? (ssize_t)want : error;
}

/* Files with a position keep f_lock across the transfer; streams do not. */
static bool offset_locked(const struct file *f)
{
	enum vtype type = f->f_vnode->v_type;

	return (type == VREG || type == VBLK) && !(f->f_vnode->v_flags & V_NOFLOCK);
}

static ssize_t transfer(struct file *f, struct uio *u, ssize_t (*move)(struct file *f, struct uio *u))
{
	bool lock = offset_locked(f);
	ssize_t n;

	if (lock)
		mutex_lock(&f->f_lock);
	u->uio_offset = f->f_offset;
	n = move(f, u);
	if (n > 0)
		f->f_offset = u->uio_offset;
	if (lock)
		mutex_unlock(&f->f_lock);
	return n;
}

ssize_t file_read(struct file *f, struct uio *u)
{
	return transfer(f, u, file_pread);
}

ssize_t file_write(struct file *f, struct uio *u)
{
	return transfer(f, u, file_pwrite);
}

u64 file_size(const struct file *f)
{
	const struct vnode *vp = f->f_vnode;

	if (vp->v_type == VBLK && f->f_opened)
		vp = f->f_data; /* the device itself, not its node */
	return vp->v_size;
}

int file_sync(struct file *f, bool datasync)
{
	assert_may_sleep("file_sync");
	switch (f->f_vnode->v_type) {
	case VREG:
	case VDIR: return vn_fsync(f->f_vnode, datasync);
	case VBLK: return vn_fsync(f->f_data, datasync);
	default: return -EINVAL;
	}
}

static int seek_base(struct file *f, int whence, off_t off, off_t *base)
{
	u64 size = file_size(f);

	switch (whence) {
	case K_SEEK_SET: *base = 0; return 0;
	case K_SEEK_CUR: *base = f->f_offset; return 0;
	case K_SEEK_END: *base = (off_t)size; return 0;
	/* No map of holes: all is data, with a hole at the end. */
	case K_SEEK_DATA:
	case K_SEEK_HOLE:
		if (off < 0 || (u64)off >= size)
			return -ENXIO;
		*base = whence == K_SEEK_HOLE ? (off_t)size - off : 0;
		return 0;
	default: return -EINVAL;
	}
}

bool file_seekable(const struct file *f)
{
	switch (f->f_vnode->v_type) {
	case VREG:
	case VDIR:
	case VBLK: return true;
	case VCHR: return DEVMAJOR(f->f_vnode->v_rdev) == DEV_MEM_MAJOR;
	default: return false;
	}
}

off_t file_seek(struct file *f, off_t off, int whence)
{
	off_t base, pos;
	int error;

	if (f->f_flags & O_PATH)
		return -EBADF;
	if ((u32)whence > K_SEEK_HOLE)
		return -EINVAL;
	if (!file_seekable(f))
		return -ESPIPE;
	/* /dev/null and the like: only a begin */
	if (f->f_vnode->v_type == VCHR) {
		f->f_offset = 0;
		return 0;
	}
	mutex_lock(&f->f_lock);
	error = seek_base(f, whence, off, &base);
	if (error) {
		pos = error;
	} else if (__builtin_add_overflow(base, off, &pos)) {
		pos = -EOVERFLOW;
	} else if (pos < 0) {
		pos = -EINVAL;
	} else {
		f->f_offset = pos;
	}
	mutex_unlock(&f->f_lock);
	return pos;
}
