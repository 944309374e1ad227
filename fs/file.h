/* SPDX-License-Identifier: MIT */
/*
 * struct file: an open file; struct fdtab: the descriptor table of a process
 * (shared with CLONE_FILES).
 *
 * Locks: f_ref atomic. f_lock (mutex LR_FILE): f_offset, across a read or write
 *   of a regular file, or a readdir. f_flags: only the status bits change
 *   (fcntl), atomically. fdtab: ft_lock (spin LR_FDTAB) for the arrays.
 *
 * A descriptor is allocated in two steps, so that open(2) without a free
 * descriptor changes nothing on disk: fd_reserve() takes the number, fd_set()
 * puts the open file there. A reserved slot looks closed to other users of the
 * table.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "fs/vnode.h"
#include "kernel/lib/lock.h"
#include "proc/sched/mutex.h"

struct file {
	volatile u32 f_ref;
	/* O_* of kernel/abi/fcntl.h, without O_CREAT and the like. */
	u32 f_flags;
	struct vnode *f_vnode; /* a reference */
	struct mutex f_lock;
	off_t f_offset;
	/*
	 * Absolute path of the open, for /proc/PID/fd and images; NULL: none
	 * (pipes).
	 */
	char *f_path;
	void *f_data;  /* of the vnode's driver, for this open */
	u32 f_id;      /* Unique in this boot. */
	s32 f_owner;   /* F_SETOWN */
	bool f_opened; /* vop_open succeeded: vop_close must follow */
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
 * Initializes the parts of fs/ that do not wait for a disk: open files, pipes,
 * tmpfs, devfs, procfs, the memory devices. After vfs_init().
 */
void file_init(void);
extern volatile u32 file_count; /* live struct files, for leak checks */

/*
 * Makes an open file for vp, without vop_open. Takes over the reference on
 * success.
 * Returns: NULL: out of memory.
 */
struct file *file_alloc(struct vnode *vp, u32 flags);
/*
 * file_alloc() with vop_open and the write right. The caller has checked
 * permissions. Takes over the reference on success.
 */
int file_open_vnode(struct vnode *vp, u32 flags, struct file **fp);
void file_hold(struct file *f);
void file_rele(struct file *f); /* The last one closes. Sleeps. */

struct fdtab *fdtab_create(void);
struct fdtab *fdtab_dup(struct fdtab *ft); /* fork. NULL: out of memory */
void fdtab_hold(struct fdtab *ft);
void fdtab_rele(struct fdtab *ft); /* The last one closes all files. Sleeps. */
void fdtab_closexec(struct fdtab *ft);
/*
 * Gives the current process its own table, if another process shares it.
 * Errors: -ENOMEM, -EINVAL (several lwps of the process share it: one cannot
 *   leave)
 */
int fdtab_unshare(void);

/* Functions on the current process's table. */
int fd_get(int fd, struct file **fp); /* with a reference. -EBADF */
/*
 * fd_get() for a call that closes nothing. Takes no reference (*held false) if
 * no other lwp could close the file: the current lwp is the only user of the
 * table. Processes that read the table from outside change nothing in it.
 */
int fd_borrow(int fd, struct file **fp, bool *held);
/*
 * Puts f at the lowest free descriptor >= min; takes over the reference on
 * success.
 * Returns: the descriptor.
 * Errors: -EMFILE, -ENOMEM
 */
int fd_alloc(int min, u32 fdflags, struct file *f);
int fd_close(int fd);
/*
 * Reserves the lowest free descriptor >= min.
 * Errors: -EMFILE, -ENOMEM, -EINVAL (min beyond the limit)
 */
int fd_reserve(int min, u32 fdflags);
/* Fills a reserved slot; takes over the reference. */
void fd_set(int fd, struct file *f);
void fd_unreserve(int fd);
/*
 * Puts f at fd of any table, replacing an open file there. Takes over the
 * reference. For recovery and dup2.
 */
int fd_install(struct fdtab *ft, int fd, struct file *f, u32 fdflags);
/* The open file, with a reference; NULL: none. */
struct file *fdtab_get(struct fdtab *ft, int fd, u32 *fdflags);
/*
 * The open file of the first used descriptor from *fd on, with a reference; *fd
 * becomes its number. NULL: no more.
 */
struct file *fdtab_next(struct fdtab *ft, u32 *fd, u32 *fdflags);
/* Counts the descriptors of f. Takes only ft_lock. */
u32 fdtab_count(struct fdtab *ft, const struct file *f);

/* Is f open for reading / for writing? 0 or -EBADF. */
int file_readable(const struct file *f);
int file_writable(const struct file *f);
/* One read or write at u's offset; f_offset stays. Bytes or an error. */
ssize_t file_pread(struct file *f, struct uio *u);
ssize_t file_pwrite(struct file *f, struct uio *u);
/* Does f have a position, for lseek, pread and pwrite? */
bool file_seekable(const struct file *f);
/* The size of the file, or of the block device. */
u64 file_size(const struct file *f);
/*
 * fsync(2), fdatasync(2).
 * Errors: -EINVAL (no storage)
 * Sleeps: yes.
 */
int file_sync(struct file *f, bool datasync);
/*
 * lseek(2). Returns the new offset.
 * Errors: -EINVAL, -ESPIPE, -EOVERFLOW, -ENXIO
 */
off_t file_seek(struct file *f, off_t off, int whence);
/* Sets the status flags that fcntl(F_SETFL) may change. */
void file_setflags(struct file *f, u32 mask, u32 flags);

/* Are these flags of open(2) allowed together? 0 or -EINVAL. */
int file_check_flags(u32 flags);
/*
 * The core of open(2). path is in kernel memory, relative to dirfd (AT_FDCWD).
 * Checks permissions of the current credentials. Sets *fp on success only.
 */
int file_open(int dirfd, const char *path, u32 flags, mode_t mode, struct file **fp);
/* file_open() of a name in directory dvp; path: the path to remember. */
int file_open_in(struct vnode *dvp, const char *name, const char *path, u32 flags, mode_t mode,
		 struct file **fp);
/*
 * The absolute path of (dirfd, path), from the text alone; kmalloc'd.
 * Errors: -ENOMEM, -EBADF, -ENAMETOOLONG
 */
int path_of_open(int dirfd, const char *path, char **out);
/* At f_offset, which advances. Bytes or an error. */
ssize_t file_read(struct file *f, struct uio *u);
ssize_t file_write(struct file *f, struct uio *u);

/*
 * The operations for open, close, read, write, ioctl and poll of vp. Devices
 * and FIFOs have those of their drivers on every file system. Attributes and
 * names stay with v_op.
 */
const struct vnodeops *vn_io_ops(const struct vnode *vp);

/*
 * Writing against executing (ETXTBSY): v_writers and v_ntext under one lock. An
 * open file that may write holds a write right from open to close. A process
 * holds a text right on its executable from exec to exit; fork takes one more.
 */
int vn_write_begin(struct vnode *vp); /* -ETXTBSY */
void vn_write_end(struct vnode *vp);
int vn_text_begin(struct vnode *vp); /* -ETXTBSY */
void vn_text_end(struct vnode *vp);

/* Pipes (fs/pipe.c). */
int pipe_create(struct file **rd, struct file **wr, u32 flags);

#endif
