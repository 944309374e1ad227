/* SPDX-License-Identifier: MIT */
/*
 * struct file: an open file description; struct fdtab: the descriptors of a process (shared by
 * CLONE_FILES).
 *
 * Locks: f_ref atomic. f_lock (mutex LR_FILE): f_offset, across a read or write of a regular file
 * or a readdir. f_flags: only the status bits change (fcntl), atomically. fdtab: ft_lock (spin
 * LR_FDTAB) for the arrays.
 *
 * A descriptor is taken in two steps, so that open(2) with no descriptor left changes nothing on
 * disk: fd_reserve() takes the number, fd_set() puts the description there. A reserved slot looks
 * closed to everybody else.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "fs/vnode.h"
#include "kernel/lib/lock.h"
#include "proc/sched/mutex.h"

struct file {
	volatile u32 f_ref;
	u32 f_flags;	       /* O_* of the ABI (kernel/abi/fcntl.h), without O_CREAT etc. */
	struct vnode *f_vnode; /* a reference */
	struct mutex f_lock;
	off_t f_offset;
	char *f_path; /* absolute path it was opened by, for /proc/PID/fd and images; NULL: none (pipes) */
	void *f_data;  /* the vnode's driver's, per open */
	u32 f_id;      /* unique in this boot: tells shared descriptions apart in an image */
	s32 f_owner;   /* F_SETOWN */
	bool f_opened; /* vop_open has succeeded: vop_close is due */
	bool f_writer; /* holds a write right on f_vnode */
};

#define FD_CLOEXEC_K 1u
#define FD_RESERVED_K 0x80u
#define NOFILE_MAX 1024u

struct fdtab {
	volatile u32 ft_ref;
	struct spinlock ft_lock;
	u32 ft_size;	       /* slots */
	struct file **ft_file; /* NULL: free */
	u8 *ft_flags;	       /* FD_CLOEXEC_K */
	u32 ft_open;
	u32 ft_lowest; /* no slot below this one is free */
};

/*
 * Everything in fs/ that does not wait for a disk: descriptions, pipes, tmpfs, devfs, procfs, the
 * memory devices. After vfs_init().
 */
void file_init(void);
extern volatile u32 file_count; /* live struct files: leak check */

/*
 * A description for vp (takes over the reference on success), vop_open not called. NULL: out of
 * memory.
 */
struct file *file_alloc(struct vnode *vp, u32 flags);
/*
 * The same with vop_open and the write right. Permissions were checked by the caller. Takes over
 * the reference on success.
 */
int file_open_vnode(struct vnode *vp, u32 flags, struct file **fp);
void file_hold(struct file *f);
void file_rele(struct file *f); /* the last one closes. May sleep */

struct fdtab *fdtab_create(void);
struct fdtab *fdtab_dup(struct fdtab *ft); /* fork. NULL: out of memory */
void fdtab_hold(struct fdtab *ft);
void fdtab_rele(struct fdtab *ft); /* the last one closes all. May sleep */
void fdtab_closexec(struct fdtab *ft);
/*
 * Gives the current process a table of its own, if another one shares it.
 * Errors: -ENOMEM; -EINVAL: several lwps share it, and one alone cannot leave.
 */
int fdtab_unshare(void);

/* Of the current process. */
int fd_get(int fd, struct file **fp); /* with a reference. -EBADF */
/*
 * The same for as long as a call lasts that closes nothing, and without a reference (*held false) where nobody else could close it meanwhile: the current lwp
 * is the only one that has the table. Who looks at the table from outside changes nothing in it.
 */
int fd_borrow(int fd, struct file **fp, bool *held);
int fd_alloc(int min, u32 fdflags, struct file *f); /* lowest free >= min; takes over the reference on success. fd or -EMFILE, -ENOMEM */
int fd_close(int fd);
int fd_reserve(int min, u32 fdflags); /* lowest free >= min, or -EMFILE, -ENOMEM, -EINVAL (min beyond the limit) */
void fd_set(int fd, struct file *f); /* of a reserved slot; takes over the reference */
void fd_unreserve(int fd);
/* Any table; replaces what is there. Takes over the reference. For recovery and dup2. */
int fd_install(struct fdtab *ft, int fd, struct file *f, u32 fdflags);
struct file *fdtab_get(struct fdtab *ft, int fd, u32 *fdflags); /* with a reference, NULL */
/* The description of the first descriptor in use from *fd on, with a reference; *fd becomes its number. NULL: no more */
struct file *fdtab_next(struct fdtab *ft, u32 *fd, u32 *fdflags);
u32 fdtab_count(struct fdtab *ft, const struct file *f); /* descriptors of f. Takes only ft_lock */

/* May f be read / written at all? 0 or -EBADF. */
int file_readable(const struct file *f);
int file_writable(const struct file *f);
/* One read or write at u's offset, f_offset untouched. bytes or error */
ssize_t file_pread(struct file *f, struct uio *u);
ssize_t file_pwrite(struct file *f, struct uio *u);
/* Has f a position: lseek, pread and pwrite make sense? */
bool file_seekable(const struct file *f);
/* How long is what f reads and writes; of block devices, the device. */
u64 file_size(const struct file *f);
/* fsync(2), fdatasync(2). -EINVAL for what has no storage. May sleep */
int file_sync(struct file *f, bool datasync);
/* lseek(2). The new offset, -EINVAL, -ESPIPE, -EOVERFLOW, -ENXIO */
off_t file_seek(struct file *f, off_t off, int whence);
/* Sets the status flags that fcntl(F_SETFL) may change. */
void file_setflags(struct file *f, u32 mask, u32 flags);

/* Do these flags of open(2) go together? -EINVAL: no. */
int file_check_flags(u32 flags);
/*
 * open(2)'s core: path in kernel memory, relative to dirfd (AT_FDCWD). Checks permissions of the
 * current credentials. *fp is written on success only.
 */
int file_open(int dirfd, const char *path, u32 flags, mode_t mode, struct file **fp);
/* The same of a name in directory dvp; path: where that is, to be remembered. */
int file_open_in(struct vnode *dvp, const char *name, const char *path, u32 flags, mode_t mode,
		 struct file **fp);
/*
 * The absolute path that (dirfd, path) names, by the text alone; kmalloc'd. -ENOMEM, -EBADF,
 * -ENAMETOOLONG
 */
int path_of_open(int dirfd, const char *path, char **out);
ssize_t file_read(struct file *f, struct uio *u); /* at f_offset, advances it. bytes or error */
ssize_t file_write(struct file *f, struct uio *u);

/*
 * The operations for open, close, read, write, ioctl and poll of vp: devices and FIFOs have those
 * of their drivers on every file system. Attributes and names stay with v_op.
 */
const struct vnodeops *vn_io_ops(const struct vnode *vp);

/*
 * Writing against running (ETXTBSY), v_writers and v_ntext under one lock. A description that may
 * write holds a write right from open to close; a process holds a text right on its executable from
 * exec to exit (fork takes one more).
 */
int vn_write_begin(struct vnode *vp); /* -ETXTBSY */
void vn_write_end(struct vnode *vp);
int vn_text_begin(struct vnode *vp); /* -ETXTBSY */
void vn_text_end(struct vnode *vp);

/* Pipes (fs/pipe.c). */
int pipe_create(struct file **rd, struct file **wr, u32 flags);

#endif
