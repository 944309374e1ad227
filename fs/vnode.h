/* SPDX-License-Identifier: MIT */
/*
 * vnode: one file, of any file system (SVR4's name); vfs: one mounted file
 * system. The code above calls them through two tables of operations, vnodeops
 * and vfsops. The code below is the file systems: ext2, tmpfs, devfs, procfs,
 * 9p, and pipes.
 *
 * Locks
 *   v_lock   (mutex, LR_VNODE): contents of directories, v_size and truncation,
 *            attributes. The table of operations says which of them need it.
 *            Parent directory before child; two directories of a rename in
 *            order of address, under the vfs's rename lock.
 *   v_pclock (LR_PCACHE): the page-cache fields. v_segs: its vs_lock (LR_VSEG).
 *   v_ref    atomic; the step to 0 under the vnode cache's lock.
 * A page fault holds a_lock, may lock pages and read the block map, but never
 * takes v_lock.
 */
#ifndef FS_VNODE_H
#define FS_VNODE_H

#include "kernel/lib/list.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/types.h"
#include "fs/flock.h"
#include "fs/radix.h"
#include "fs/uio.h"
#include "mm/as.h"
#include "proc/sched/mutex.h"

struct cred;
struct file;
struct frames_run;
struct page;
struct poller;
struct statfs_k;
struct vfs;
struct vnode;

enum vtype { VNON, VREG, VDIR, VLNK, VCHR, VBLK, VFIFO };

struct timespec_k {
	s64 tv_sec;
	u32 tv_nsec;
};

/* Attributes. getattr fills all; for setattr, va_mask says which to set. */
#define VA_MODE 0x01u
#define VA_UID 0x02u
#define VA_GID 0x04u
#define VA_SIZE 0x08u
#define VA_ATIME 0x10u
#define VA_MTIME 0x20u
#define VA_CTIME 0x40u
#define VA_FLAGS 0x80u

struct vattr {
	u32 va_mask;
	enum vtype va_type;
	mode_t va_mode; /* S_IFMT and permission bits */
	uid_t va_uid;
	gid_t va_gid;
	nlink_t va_nlink;
	ino_t va_ino;
	dev_t va_dev; /* of the file system */
	dev_t va_rdev;
	u64 va_size;
	u64 va_blocks; /* 512-byte units */
	u32 va_blksize;
	u32 va_gen; /* generation: a reused inode number differs */
	struct timespec_k va_atime, va_mtime, va_ctime;
	/*
	 * How often a byte that an image depends on was changed (vop_mark).
	 * va_counted false: the fs does not count.
	 */
	u32 va_changes;
	bool va_counted;
	/* VNF_*; va_flagged false: the file system has no flags. */
	bool va_flagged;
	u32 va_flags;
};

/*
 * Flags of a file that chattr(1) sets, with Linux's numbers. The first two bind
 * every process; the vnode's V_IMMUTABLE and V_APPENDONLY are copies.
 */
#define VNF_IMMUTABLE 0x10u
#define VNF_APPEND 0x20u /* The file only grows; a directory loses no name. */
#define VNF_NODUMP 0x40u /* for programs */
#define VNF_KEPT (VNF_IMMUTABLE | VNF_APPEND | VNF_NODUMP)

/*
 * readdir calls it for each entry; next is the offset behind the entry.
 * Returns: false: the buffer is full, and the entry was not taken.
 */
typedef bool (*dirent_fn)(void *arg, const char *name, u32 namelen, ino_t ino, enum vtype type, off_t next);

/*
 * Operations of a vnode. Each returns 0 or a negative errno value, unless the
 * table says otherwise. All but vop_droppage may sleep.
 *
 *   Names      come with their length, 1..255, and hold no '/'.
 *   Vnodes     returned through vpp carry a reference.
 *   Checks     Permissions (search, write, sticky bit) are the caller's part
 *              (fs/namei.c); limits of the file system are the fs's.
 *   NULL       fs/vnode.c gives the usual error: -ENOTDIR, -EINVAL,
 *              -ENOTTY..., or the table says what a missing operation means.
 *   [L]        The caller holds v_lock, of the directory and of the vnodes
 *              that are named.
 *
 * Open files
 *   vop_open     Opens f, whose f_flags are set. May set f_data and f_ops.
 *                Waits for the other end of a FIFO.
 *   vop_close    The last descriptor of the open file f was closed.
 *   vop_read     Reads at uio_offset and advances uio_resid. f may be NULL.
 *   vop_write    Writes likewise. With O_APPEND it sets uio_offset itself,
 *                under v_lock.
 *   vop_ioctl    As ioctl(2).
 *   vop_poll     Returns the POLL* bits that are ready; see fs/poll.h.
 *   vop_fsync    Writes pages, then metadata, then flushes the disk's cache.
 *
 * Attributes
 *   vop_getattr  Fills all of va.
 *   vop_setattr  [L] Sets what va_mask names. VA_SIZE truncates or extends.
 *   vop_mark     A checkpoint image depends on the bytes that the file has
 *                now. The first change of one of them adds one to va_changes;
 *                appending is no change. The new count is on the medium
 *                before the changed bytes are. So images that depend on the
 *                same bytes hold the same count. The mark itself is on the
 *                medium after the next vop_fsync. NULL: changes are not
 *                counted. Errors: -EROFS.
 *
 * Names in a directory
 *   vop_lookup   [L] Finds a name, "." and ".." too. Errors: -ENOENT.
 *   vop_create   [L] Makes a regular file, device or FIFO, by S_IFMT of mode.
 *                Errors: -EEXIST.
 *   vop_mkdir    [L] Makes a directory.
 *   vop_symlink  [L] Makes a symbolic link to target.
 *   vop_link     [L] Adds a name for vp.
 *   vop_remove   [L] Removes the name of vp, which is no directory.
 *   vop_rmdir    [L] Removes the directory vp. Errors: -ENOTEMPTY.
 *   vop_rename   [L, both directories and tvp; fvp if it is a directory that
 *                gets another parent] Moves fvp to (tdvp, tname), replacing
 *                tvp if it is not NULL. The caller has checked types and
 *                cycles; the fs checks that tvp is empty.
 *   vop_readlink Copies the target, without a 0. Returns its length.
 *   vop_follow   Magic links of /proc: the vnode that the link leads to,
 *                instead of a text.
 *   vop_readdir  [L] Calls fn for each entry from offset off on. Returns 0
 *                at the end.
 *
 * Page cache; none of these takes v_lock. n is at most PC_CLUSTER, and the n
 * pages are consecutive and locked.
 *   vop_getpage  Fills the locked page, with zeros for holes and beyond the
 *                end, and waits for that. The page stays locked; the caller
 *                sets PG_UPTODATE. Errors: -EIO.
 *   vop_getpages Starts reading n pages. pc_read_done() is called once for
 *                each, at the latest when its read ends, and unlocks it.
 *                NULL: one by one through vop_getpage.
 *   vop_putpages Starts writing n pages, which have PG_WRITEBACK.
 *                pc_write_done() is called once for each. The caller unlocks
 *                the pages. NULL: never written back (V_MEMORY).
 *   vop_mkwrite  A write, or a shared writable mapping, is about to dirty the
 *                bytes [from, to), counted from the start of the first of n
 *                pages; each page in part at least. Allocates their blocks.
 *                Marks pages that had no block dirty, and PG_NEW if they are
 *                not PG_UPTODATE, so that no commit overtakes their contents.
 *                Returns how many of the first pages are ready, > 0.
 *                Errors: -ENOSPC, -EFBIG, -EIO...; -EAGAIN: unlock the pages,
 *                let vfs_sync or the write-back thread commit, and try again.
 *                NULL: nothing to do.
 *   vop_stored   A shared mapping is about to write this locked page for the
 *                first time since its write-back: sets mtime and ctime, and
 *                counts the change (vop_mark). Errors: -EAGAIN, as of
 *                vop_mkwrite. NULL: nothing to do.
 *   vop_nextdata Returns the first page of [from, to) that is no hole, as far
 *                as the fs knows; `to`: all are holes. NULL: no page is a
 *                hole.
 *   vop_droppage A page leaves the cache; for file systems that count pages
 *                (tmpfs). Reclaim does not call it, since it leaves V_MEMORY
 *                alone. Never sleeps. NULL: nothing to do.
 *
 * Frames (fs/frames.h) [L]: a series of transfers without the cache.
 * frames_done() is called once for each page, when its transfer has ended.
 * NULL: vop_read and vop_write copy instead.
 *   vop_putframes  Starts writing frames [at, at + n) of the run to a file
 *                  that was empty at the start of the series. Returns how many
 *                  of the first frames were started, > 0. Errors: -ENOSPC,
 *                  -EFBIG, -EROFS, -EIO, -ENOMEM.
 *   vop_endframes  All transfers have ended. If the series had no error, the
 *                  file gets `size` bytes; else it is emptied again. Returns
 *                  that error, or one of its own.
 *   vop_getframes  Starts reading pages that lie within the file and are not
 *                  in the cache.
 *
 * End of a vnode
 *   vop_inactive v_ref became 0: frees what only a referenced vnode needs; an
 *                unlinked file frees its blocks. No locks held. Returns true
 *                if the vnode must not stay in the vnode cache.
 *   vop_reclaim  The vnode is about to be freed: frees v_data. It has no
 *                pages left.
 */
struct vnodeops {
	int (*vop_open)(struct vnode *vp, struct file *f);
	void (*vop_close)(struct vnode *vp, struct file *f);
	int (*vop_read)(struct vnode *vp, struct uio *u, struct file *f);
	int (*vop_write)(struct vnode *vp, struct uio *u, struct file *f);
	int (*vop_ioctl)(struct vnode *vp, struct file *f, u32 cmd, uaddr_t arg);
	u32 (*vop_poll)(struct vnode *vp, struct file *f, struct poller *p);
	int (*vop_getattr)(struct vnode *vp, struct vattr *va);
	int (*vop_setattr)(struct vnode *vp, const struct vattr *va);
	int (*vop_lookup)(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp);
	int (*vop_create)(struct vnode *dvp, const char *name, u32 len, mode_t mode, dev_t rdev,
			  const struct cred *cr, struct vnode **vpp);
	int (*vop_mkdir)(struct vnode *dvp, const char *name, u32 len, mode_t mode,
			 const struct cred *cr, struct vnode **vpp);
	int (*vop_symlink)(struct vnode *dvp, const char *name, u32 len, const char *target,
			   const struct cred *cr);
	int (*vop_link)(struct vnode *dvp, const char *name, u32 len, struct vnode *vp);
	int (*vop_remove)(struct vnode *dvp, const char *name, u32 len, struct vnode *vp);
	int (*vop_rmdir)(struct vnode *dvp, const char *name, u32 len, struct vnode *vp);
	int (*vop_rename)(struct vnode *fdvp, const char *fname, u32 flen, struct vnode *fvp,
			  struct vnode *tdvp, const char *tname, u32 tlen, struct vnode *tvp);
	int (*vop_readlink)(struct vnode *vp, char *buf, size_t size);
	int (*vop_follow)(struct vnode *vp, struct vnode **vpp);
	int (*vop_readdir)(struct vnode *dvp, off_t off, dirent_fn fn, void *arg);
	int (*vop_fsync)(struct vnode *vp, bool datasync);
	int (*vop_getpage)(struct vnode *vp, struct page *pg);
	void (*vop_getpages)(struct vnode *vp, struct page **pg, u32 n);
	void (*vop_putpages)(struct vnode *vp, struct page **pg, u32 n);
	int (*vop_mkwrite)(struct vnode *vp, struct page **pg, u32 n, u32 from, u32 to);
	int (*vop_stored)(struct vnode *vp, struct page *pg);
	int (*vop_mark)(struct vnode *vp);
	u32 (*vop_nextdata)(struct vnode *vp, u32 from, u32 to);
	int (*vop_putframes)(struct vnode *vp, struct frames_run *run, u32 at, u32 n);
	int (*vop_endframes)(struct vnode *vp, u64 size, int error);
	void (*vop_getframes)(struct vnode *vp, struct frames_run *run, u32 at, u32 n);
	void (*vop_droppage)(struct vnode *vp, struct page *pg);
	bool (*vop_inactive)(struct vnode *vp);
	void (*vop_reclaim)(struct vnode *vp);
};

#define V_ROOT 0x01u	 /* root of its vfs */
#define V_UNLINKED 0x02u /* no name left; freed with the last reference */
#define V_MOUNTED 0x04u	 /* v_mounted is mounted here */
#define V_SEEKABLE 0x08u
#define V_NOCACHE 0x10u /* do not keep after the last reference */
/*
 * Its pages are the only copy: dirty pages are neither written back nor
 * reclaimed, and pc_flush() does nothing.
 */
#define V_MEMORY 0x20u
/*
 * A directory whose names change by themselves (/proc); not in the name cache.
 */
#define V_DYNAMIC 0x40u
#define V_NEW 0x100u  /* vnode cache: being filled by its fs */
#define V_BUSY 0x200u /* vnode cache: in vop_inactive, or being freed */
/*
 * f_lock is not held across reads and writes, because they take locks of lower
 * rank (/proc: LR_EXEC).
 */
#define V_NOFLOCK 0x80u

#define V_IMMUTABLE 0x400u
#define V_APPENDONLY 0x800u

struct vnode {
	volatile u32 v_ref;
	enum vtype v_type;
	u32 v_flags; /* V_*; vfs cache lock */
	struct vfs *v_vfs;
	const struct vnodeops *v_op;
	void *v_data; /* the fs's */
	ino_t v_ino;
	dev_t v_rdev; /* VCHR, VBLK */
	struct mutex v_lock;
	/*
	 * Regular files: changed under v_lock. Readers without v_lock check
	 * again under the page lock.
	 */
	u64 v_size;
	struct vfs *v_mounted;	   /* the vfs mounted on this directory */
	struct list v_hash, v_lru; /* vnode cache */
	/* Name-cache entries in this directory (vfs cache lock). */
	struct list v_names;
	struct list v_namedby; /* Name-cache entries that lead to this vnode. */

	/* Page cache (v_pclock). */
	struct spinlock v_pclock;
	/* index -> struct page; tags PCT_DIRTY, PCT_WRITEBACK */
	struct radix v_pages;
	u32 v_npages, v_ndirty;
	/* Vnodes with dirty pages, oldest first (write-back lock). */
	struct list v_dirtylink;
	u64 v_dirtied; /* when it was put on that list, monotonic ns */
	/* First write-back error that fsync has not reported yet (atomic). */
	s32 v_wberror;
	/*
	 * Read-ahead: index of the next sequential read, end of the pages asked
	 * for, window. Hints, no lock.
	 */
	u32 v_ra_next, v_ra_end, v_ra_size;

	/* Shared and private mappings. */
	struct vsegs v_segs;
	volatile u32 v_nwritemap; /* Writable shared mappings. */
	/*
	 * Processes that execute the file: opening it for writing gives
	 * -ETXTBSY.
	 */
	volatile u32 v_ntext;
	volatile s32 v_writers; /* open files that may write */

	/* Absolute path of its last open; NULL: none. See vn_set_path(). */
	char *v_path;
	/*
	 * The directory in which it was last found, made, linked or renamed; 0:
	 * not known. A hint, no lock.
	 */
	ino_t v_dirino;

	/*
	 * FIFO: its pipe while it is open (v_lock). Advisory locks
	 * (fs/flock.c).
	 */
	struct pipe *v_pipe;
	struct flock_table v_records, v_wholes;
};

/*
 * Finds the vnode (vfs, ino) in the vnode cache, or creates it. *isnew: the fs
 * must fill it and call vnode_ready(), or vnode_bad(). Other callers that find
 * it wait for that.
 * Errors: -ENOMEM
 * Sleeps: yes.
 */
int vnode_get(struct vfs *vfs, ino_t ino, struct vnode **vpp, bool *isnew);
void vnode_ready(struct vnode *vp);
void vnode_bad(struct vnode *vp); /* also drops the reference */
/*
 * Makes a vnode that is in no cache (pipes, unnamed memory), v_ref 1.
 * Returns: NULL: out of memory.
 */
struct vnode *vnode_anon(struct vfs *vfs, enum vtype type, const struct vnodeops *op);

/* Sets and clears V_* flags, under the vfs cache lock. */
void vnode_setflags(struct vnode *vp, u32 set, u32 clear);

void vn_hold(struct vnode *vp);
void vn_rele(struct vnode *vp); /* sleeps (vop_inactive) */

/* Notes that dvp has a name for vp. */
static inline void vn_found_in(struct vnode *vp, const struct vnode *dvp)
{
	vp->v_dirino = dvp->v_ino;
}

/*
 * vop_lookup through the name cache.
 * Errors: -ENOTDIR, -ENAMETOOLONG, and those of vop_lookup
 * Locks: v_lock of dvp held.
 */
int vn_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp);
/*
 * fsync: writes pages and metadata, and flushes the disk. Reports an error of
 * earlier write-back, once.
 * Errors: -EINVAL (the file has no storage)
 * Locks: none held.
 */
int vn_fsync(struct vnode *vp, bool datasync);
/*
 * vop_mark. From here on, the first store of each shared mapping into a page is
 * seen too.
 * Returns: as vop_mark; 0 if the fs does not count.
 * Locks: none held.
 */
int vn_mark(struct vnode *vp);
/*
 * Takes a reference to a vnode from a list that holds none.
 * Returns: false: its last reference has been dropped.
 */
bool vn_tryhold(struct vnode *vp);

static inline void vn_lock(struct vnode *vp)
{
	mutex_lock(&vp->v_lock);
}
static inline void vn_unlock(struct vnode *vp)
{
	mutex_unlock(&vp->v_lock);
}

/*
 * A vnode has no name of its own. For /proc/PID/maps and checkpoint images it
 * remembers the absolute path of its last open or exec. A rename makes the path
 * stale, so a user of it compares the file's identity. vn_get_path() returns a
 * kmalloc'd copy, NULL if there is none.
 * Errors: -ENOMEM
 */
void vn_set_path(struct vnode *vp, const char *path);
int vn_get_path(struct vnode *vp, char **path);
/*
 * Is the path an alias, like /proc/PID/fd/N or /dev/stdin? Such a path leads to
 * a file with another name, and later perhaps to another file.
 */
bool vn_path_alias(const char *path);
/*
 * The path to remember for vp, opened as `path` (kmalloc'd, taken over): `path`
 * itself or, for a link of /proc, the path that the file was first opened by.
 * NULL: none (a pipe).
 */
char *vn_true_path(struct vnode *vp, char *path);

/*
 * Read and write with a kernel buffer, through vop_read and vop_write.
 * Returns: bytes, fewer at the end of the file; or an error.
 */
ssize_t vn_pread(struct vnode *vp, void *buf, size_t len, off_t off);
ssize_t vn_pwrite(struct vnode *vp, const void *buf, size_t len, off_t off);
int vn_getattr(struct vnode *vp, struct vattr *va);

/* Operations of a mounted file system. */
struct vfsops {
	/* Fills vfs_root. Options as text: "ro,size=..." */
	int (*vfs_mount)(struct vfs *vfs, const char *dev, const char *options);
	/*
	 * Before an unmount, when no new users can come: drops the references
	 * that the fs itself holds on its vnodes. NULL: it holds only the root.
	 * Errors: -EBUSY (there are other references; nothing was changed)
	 */
	int (*vfs_letgo)(struct vfs *vfs);
	/* All vnodes are inactive and written. -EBUSY */
	int (*vfs_unmount)(struct vfs *vfs);
	/*
	 * The vnode of an inode number that was seen earlier. NULL: the fs
	 * cannot find a file by number.
	 * Errors: -ESTALE (no longer in use)
	 */
	int (*vfs_vget)(struct vfs *vfs, ino_t ino, struct vnode **vpp);
	int (*vfs_sync)(struct vfs *vfs, bool wait);
	int (*vfs_statfs)(struct vfs *vfs, struct statfs_k *st);
	int (*vfs_remount)(struct vfs *vfs, bool readonly);
};

struct fstype {
	const char *fs_name; /* "ext2" */
	const struct vfsops *fs_ops;
	bool fs_nodev; /* needs no device */
	struct list fs_link;
};

struct statfs_k {
	u32 f_type, f_bsize;
	u64 f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	u32 f_fsid[2], f_namelen, f_frsize, f_flags;
};

struct vfs {
	struct list vfs_link; /* all mounts, in order (vfs lock) */
	const struct fstype *vfs_type;
	struct vnode *vfs_root; /* a reference */
	/* Directory mounted on; NULL: this is the root. */
	struct vnode *vfs_covered;
	dev_t vfs_dev;			    /* st_dev of its files */
	u8 vfs_uuid[16];		    /* vfs_has_uuid() */
	struct vnode *vfs_bdevvp;	    /* block device, if any */
	char vfs_source[64], vfs_path[128]; /* for /proc/mounts */
	bool vfs_readonly;
	/* The machine shuts down: made read-only even if files are open. */
	bool vfs_ending;
	u32 vfs_flags; /* VFS_MS_KEPT */
	/*
	 * Monotonic ns of the first metadata change that vfs_sync has not
	 * written; 0: none. Set by vfs_dirty().
	 */
	u64 vfs_dirtied;
	/*
	 * LR_FS_RENAME: taken by a rename between directories, before the
	 * v_locks.
	 */
	struct mutex vfs_renamelock;
	volatile u32 vfs_nvnodes;
	void *vfs_data;
};

/*
 * vfs_uuid identifies a file system, wherever it is mounted. The fs sets it at
 * the mount, and it never changes. ext2 reads it from the superblock; tmpfs and
 * devtmpfs, which end with their mount, draw a new one for each. All zeros: the
 * file system has none.
 */
bool vfs_has_uuid(const struct vfs *vfs);

void vfs_init(void);
void fstype_register(struct fstype *fs); /* at start-up */
void fstype_foreach(void (*fn)(const struct fstype *fs, void *arg), void *arg);
/* Numbers as in mount(2) (source: linux-libc-dev linux/mount.h). */
#define VFS_MS_RDONLY 0x01u
#define VFS_MS_NOSUID 0x02u /* kept in vfs_flags, for exec and device nodes */
#define VFS_MS_NODEV 0x04u
#define VFS_MS_NOEXEC 0x08u
#define VFS_MS_KEPT (VFS_MS_NOSUID | VFS_MS_NODEV | VFS_MS_NOEXEC)
#define VFS_MS_REMOUNT 0x20u
/*
 * Mounts a file system; path NULL: as the root. The source is a device name or
 * path, if the type needs a device. VFS_MS_REMOUNT changes only the read-only
 * state.
 * Errors: of mount(2)
 * Sleeps: yes.
 */
int vfs_domount(const char *source, const char *path, const char *type, u32 flags, const char *options);
int vfs_unmount(const char *path, u32 flags);
int vfs_sync_all(bool wait);
/*
 * Calls fn for each mount, in order, until it returns false. fn may sleep; no
 * mount is removed during the walk.
 */
void vfs_foreach(bool (*fn)(struct vfs *vfs, void *arg), void *arg);
/*
 * Tells the write-back thread that the fs has metadata to write: it calls
 * vfs_sync some seconds later. Never sleeps.
 */
void vfs_dirty(struct vfs *vfs);
/* Also fills f_flags, f_fsid and f_namelen. */
int vfs_statfs(struct vfs *vfs, struct statfs_k *st);
extern struct vnode *rootvp;
/*
 * Shutdown: syncs, then makes every file system read-only, so that e2fsck finds
 * clean disks.
 */
void vfs_shutdown(void);
/*
 * Frees as many inactive vnodes and clean pages as possible (drop_caches; leak
 * checks).
 */
void vfs_drop_caches(void);

struct vnode_counts {
	u32 vc_total, vc_active, vc_inactive, vc_pages, vc_dirty;
};
void vnode_counts(struct vnode_counts *vc);

#endif
