/* SPDX-License-Identifier: MIT */
/*
 * The descriptor table of a process: two arrays, of open files and of flags,
 * that grow by doubling.
 *
 * An open file leaves the table under ft_lock and is released after it, since
 * the last release may sleep.
 */
#include "fs/file.h"

#include "fs/file_impl.h"
#include "fs/flock.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/resource.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

#define FDTAB_FIRST 64u

static struct kmem_cache *fdtab_cache;

void fdtab_init(void)
{
	fdtab_cache = kmem_cache_create("fdtab", sizeof(struct fdtab), 0);
}

/* Allocates both arrays in one piece: the pointers, then the flags. */
static struct file **alloc_arrays(u32 size)
{
	return kzalloc(size * (sizeof(struct file *) + 1), 0);
}

static void use_arrays(struct fdtab *ft, struct file **files, u32 size)
{
	ft->ft_file = files;
	ft->ft_flags = (u8 *)(files + size);
	ft->ft_size = size;
}

static struct fdtab *create_sized(u32 size)
{
	struct fdtab *ft = kmem_alloc(fdtab_cache, KM_ZERO);
	struct file **files;

	if (!ft)
		return NULL;
	files = alloc_arrays(size);
	if (!files) {
		kmem_free(fdtab_cache, ft);
		return NULL;
	}
	ft->ft_ref = 1;
	spin_init(&ft->ft_lock, "fdtab", LR_FDTAB);
	use_arrays(ft, files, size);
	return ft;
}

struct fdtab *fdtab_create(void)
{
	return create_sized(FDTAB_FIRST);
}

static void fdtab_free(struct fdtab *ft)
{
	kfree(ft->ft_file);
	kmem_free(fdtab_cache, ft);
}

struct fdtab *fdtab_dup(struct fdtab *ft)
{
	struct fdtab *nft;
	u32 size = __atomic_load_n(&ft->ft_size, __ATOMIC_RELAXED);

	for (;;) {
		nft = create_sized(size);
		if (!nft)
			return NULL;
		spin_lock(&ft->ft_lock);
		if (ft->ft_size <= size)
			break;
		size = ft->ft_size; /* it has grown */
		spin_unlock(&ft->ft_lock);
		fdtab_free(nft);
	}
	for (u32 fd = 0; fd < ft->ft_size; fd++) {
		struct file *f = ft->ft_file[fd];

		if (!f)
			continue; /* a reserved slot stays free in the copy */
		file_hold(f);
		nft->ft_file[fd] = f;
		nft->ft_flags[fd] = ft->ft_flags[fd];
		nft->ft_open++;
	}
	spin_unlock(&ft->ft_lock);
	return nft;
}

void fdtab_hold(struct fdtab *ft)
{
	__atomic_add_fetch(&ft->ft_ref, 1, __ATOMIC_RELAXED);
}

/* close(2) for one open file that has left the table. */
static void fdtab_drop(struct fdtab *ft, struct file *f)
{
	flock_owner_closed(f->f_vnode, ft);
	file_rele(f);
}

void fdtab_rele(struct fdtab *ft)
{
	ASSERT(ft->ft_ref > 0);
	if (__atomic_sub_fetch(&ft->ft_ref, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (u32 fd = 0; fd < ft->ft_size; fd++) {
		if (ft->ft_file[fd])
			fdtab_drop(ft, ft->ft_file[fd]);
	}
	fdtab_free(ft);
}

/*
 * Removes the open file at fd. ft_lock held. NULL: the slot is free, or
 * reserved.
 */
static struct file *fdtab_take_out(struct fdtab *ft, u32 fd)
{
	struct file *f = fd < ft->ft_size ? ft->ft_file[fd] : NULL;

	ASSERT(spin_held(&ft->ft_lock));
	if (!f)
		return NULL;
	ft->ft_file[fd] = NULL;
	ft->ft_flags[fd] = 0;
	ft->ft_open--;
	ft->ft_lowest = MIN(ft->ft_lowest, fd);
	return f;
}

void fdtab_closexec(struct fdtab *ft)
{
	for (u32 fd = 0; fd < ft->ft_size; fd++) {
		struct file *f = NULL;

		spin_lock(&ft->ft_lock);
		if (ft->ft_flags[fd] & FD_CLOEXEC_K)
			f = fdtab_take_out(ft, fd);
		spin_unlock(&ft->ft_lock);
		if (f)
			fdtab_drop(ft, f);
	}
}

u32 fdtab_count(struct fdtab *ft, const struct file *f)
{
	u32 n = 0;

	spin_lock(&ft->ft_lock);
	for (u32 fd = 0; fd < ft->ft_size; fd++)
		n += ft->ft_file[fd] == f;
	spin_unlock(&ft->ft_lock);
	return n;
}

struct file *fdtab_next(struct fdtab *ft, u32 *fd, u32 *fdflags)
{
	struct file *f = NULL;

	spin_lock(&ft->ft_lock);
	while (*fd < ft->ft_size && !ft->ft_file[*fd])
		++*fd;
	if (*fd < ft->ft_size) {
		f = ft->ft_file[*fd];
		file_hold(f);
		*fdflags = ft->ft_flags[*fd];
	}
	spin_unlock(&ft->ft_lock);
	return f;
}

struct file *fdtab_get(struct fdtab *ft, int fd, u32 *fdflags)
{
	struct file *f = NULL;

	spin_lock(&ft->ft_lock);
	if ((u32)fd < ft->ft_size)
		f = ft->ft_file[fd];
	if (f) {
		file_hold(f);
		if (fdflags)
			*fdflags = ft->ft_flags[fd];
	}
	spin_unlock(&ft->ft_lock);
	return f;
}

int fd_get(int fd, struct file **fp)
{
	*fp = fdtab_get(curproc()->p_fdtab, fd, NULL);
	return *fp ? 0 : -EBADF;
}

int fd_borrow(int fd, struct file **fp, bool *held)
{
	struct proc *p = curproc();
	struct fdtab *ft = p->p_fdtab;

	*held = p->p_nlwp > 1 || ft->ft_ref > 1;
	if (*held)
		return fd_get(fd, fp);
	*fp = (u32)fd < ft->ft_size ? ft->ft_file[fd] : NULL;
	return *fp ? 0 : -EBADF;
}

/* Makes room for descriptor fd. ft_lock not held. -ENOMEM */
static int grow(struct fdtab *ft, u32 fd)
{
	struct file **files, **old = NULL;
	u32 size = FDTAB_FIRST;

	while (size <= fd)
		size *= 2;
	files = alloc_arrays(size);
	if (!files)
		return -ENOMEM;
	spin_lock(&ft->ft_lock);
	if (ft->ft_size < size) {
		old = ft->ft_file;
		memcpy(files, old, ft->ft_size * sizeof(*files));
		memcpy(files + size, ft->ft_flags, ft->ft_size);
		use_arrays(ft, files, size);
		files = NULL;
	}
	spin_unlock(&ft->ft_lock);
	kfree(old);
	kfree(files); /* another lwp was faster */
	return 0;
}

static u32 nofile_limit(void)
{
	u64 limit = rlimit_cur(curproc(), K_RLIMIT_NOFILE);

	return limit < NOFILE_MAX ? (u32)limit : NOFILE_MAX;
}

/* The first free slot from `min` on; ft_size: none. ft_lock held. */
static u32 find_free(struct fdtab *ft, u32 min)
{
	u32 fd = MAX(min, ft->ft_lowest);

	ASSERT(spin_held(&ft->ft_lock));
	while (fd < ft->ft_size && (ft->ft_file[fd] || ft->ft_flags[fd]))
		fd++;
	if (min <= ft->ft_lowest)
		ft->ft_lowest = MIN(fd, ft->ft_size);
	return fd;
}

int fd_reserve(int min, u32 fdflags)
{
	struct fdtab *ft = curproc()->p_fdtab;
	u32 limit = nofile_limit();
	u32 fd;
	int error;

	if (min < 0 || (u32)min >= limit)
		return min ? -EINVAL : -EMFILE;
	for (;;) {
		spin_lock(&ft->ft_lock);
		fd = find_free(ft, (u32)min);
		if (fd >= limit) {
			spin_unlock(&ft->ft_lock);
			return -EMFILE;
		}
		if (fd < ft->ft_size)
			break;
		spin_unlock(&ft->ft_lock);
		error = grow(ft, fd);
		if (error)
			return error;
	}
	ft->ft_flags[fd] = (u8)(FD_RESERVED_K | fdflags);
	spin_unlock(&ft->ft_lock);
	return (int)fd;
}

void fd_set(int fd, struct file *f)
{
	struct fdtab *ft = curproc()->p_fdtab;

	spin_lock(&ft->ft_lock);
	ASSERT(!ft->ft_file[fd] && (ft->ft_flags[fd] & FD_RESERVED_K));
	ft->ft_file[fd] = f;
	ft->ft_flags[fd] &= FD_CLOEXEC_K;
	ft->ft_open++;
	spin_unlock(&ft->ft_lock);
}

void fd_unreserve(int fd)
{
	struct fdtab *ft = curproc()->p_fdtab;

	spin_lock(&ft->ft_lock);
	ASSERT(!ft->ft_file[fd] && (ft->ft_flags[fd] & FD_RESERVED_K));
	ft->ft_flags[fd] = 0;
	ft->ft_lowest = MIN(ft->ft_lowest, (u32)fd);
	spin_unlock(&ft->ft_lock);
}

int fd_alloc(int min, u32 fdflags, struct file *f)
{
	int fd = fd_reserve(min, fdflags);

	if (fd >= 0)
		fd_set(fd, f);
	return fd;
}

int fd_close(int fd)
{
	struct fdtab *ft = curproc()->p_fdtab;
	struct file *f;

	spin_lock(&ft->ft_lock);
	f = fdtab_take_out(ft, (u32)fd);
	spin_unlock(&ft->ft_lock);
	if (!f)
		return -EBADF;
	fdtab_drop(ft, f);
	return 0;
}

int fd_install(struct fdtab *ft, int fd, struct file *f, u32 fdflags)
{
	struct file *old;
	int error;

	if ((u32)fd >= NOFILE_MAX)
		return -EBADF;
	if ((u32)fd >= __atomic_load_n(&ft->ft_size, __ATOMIC_RELAXED)) {
		error = grow(ft, (u32)fd);
		if (error)
			return error;
	}
	spin_lock(&ft->ft_lock);
	old = fdtab_take_out(ft, (u32)fd);
	if (!old && ft->ft_flags[fd]) {
		spin_unlock(&ft->ft_lock);
		/* another lwp is opening a file under this number */
		return -EBUSY;
	}
	ft->ft_file[fd] = f;
	ft->ft_flags[fd] = (u8)(fdflags & FD_CLOEXEC_K);
	ft->ft_open++;
	spin_unlock(&ft->ft_lock);
	if (old)
		fdtab_drop(ft, old);
	return 0;
}
