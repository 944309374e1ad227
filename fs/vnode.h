/* SPDX-License-Identifier: MIT */
/*
 * vnode: one file, of whatever file system (SVR4's name); vfs: one mounted file system. Everything above speaks to them through
 * the two operation tables here; everything below them is a file system: ext2, tmpfs, devfs, procfs, and pipes.
 *
 * Locks
 *   v_lock   (mutex, LR_VNODE): contents of directories, v_size and truncation, attributes. Who calls an operation holds
 *            what the table says. Parent directory before child; two directories of a rename in order of address
 *            under the vfs's rename lock.
 *   page-cache fields: v_pclock (LR_PCACHE). v_segs: its vs_lock (LR_VSEG).
 *   v_ref: atomic; the step to 0 under the vfs cache lock.
 * Page faults hold a_lock and may lock pages and read the block map, but never take v_lock.
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

/* Attributes: filled by getattr; for setattr va_mask says which. */
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
	/* How often a byte that an image depends on was changed (vop_mark); va_counted false: nobody counts. */
	u32 va_changes;
	bool va_counted;
	/* VNF_*; va_flagged false: the file system keeps none. */
	bool va_flagged;
	u32 va_flags;
};

/*
 * Flags of a file that chattr(1) sets, with Linux's numbers. The first two hold
 * for everyone: V_IMMUTABLE and V_APPENDONLY say so to whoever changes the file.
 */
#define VNF_IMMUTABLE 0x10u
#define VNF_APPEND 0x20u /* a file only grows; of a directory no name is removed */
#define VNF_NODUMP 0x40u /* for programs */
#define VNF_KEPT (VNF_IMMUTABLE | VNF_APPEND | VNF_NODUMP)

/* Called by readdir for each entry; false: buffer full, stop (the entry was not taken). next is the offset behind it. */
typedef bool (*dirent_fn)(void *arg, const char *name, u32 namelen, ino_t ino, enum vtype type, off_t next);

/*
 * Names are given with their length and hold no '/', lengths 1..255. Returned vnodes carry a reference.
 * Permission checks (search, write, sticky bit) are done by the caller (fs/namei.c), limits of the fs by the fs.
 * "L": caller holds v_lock (of dvp and of what is named). Missing entries: regular defaults by fs/vnode.c: -ENOTDIR, -EINVAL, -ENOTTY...
 */
struct vnodeops {
	int (*vop_open)(struct vnode *vp, struct file *f); /* f_flags set; may set f_data, f_ops. FIFO: may sleep */
	void (*vop_close)(struct vnode *vp, struct file *f); /* last close of that description */
	int (*vop_read)(struct vnode *vp, struct uio *u, struct file *f); /* f may be NULL. bytes by uio_resid. 0 or error */
	int (*vop_write)(struct vnode *vp, struct uio *u, struct file *f); /* O_APPEND: sets uio_offset itself, under v_lock */
	int (*vop_ioctl)(struct vnode *vp, struct file *f, u32 cmd, uaddr_t arg);
	u32 (*vop_poll)(struct vnode *vp, struct file *f, struct poller *p); /* POLL* bits ready; see fs/poll.h */
	int (*vop_getattr)(struct vnode *vp, struct vattr *va);
	int (*vop_setattr)(struct vnode *vp, const struct vattr *va); /* L. VA_SIZE truncates or extends */
	int (*vop_lookup)(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp); /* L. "." and ".." too. -ENOENT */
	int (*vop_create)(struct vnode *dvp, const char *name, u32 len, mode_t mode, dev_t rdev,
			  const struct cred *cr, struct vnode **vpp); /* L. regular files, devices, FIFOs by S_IFMT. -EEXIST */
	int (*vop_mkdir)(struct vnode *dvp, const char *name, u32 len, mode_t mode,
			 const struct cred *cr, struct vnode **vpp); /* L */
	int (*vop_symlink)(struct vnode *dvp, const char *name, u32 len, const char *target,
			   const struct cred *cr);					 /* L */
	int (*vop_link)(struct vnode *dvp, const char *name, u32 len, struct vnode *vp); /* L */
	int (*vop_remove)(struct vnode *dvp, const char *name, u32 len, struct vnode *vp); /* L. unlink */
	int (*vop_rmdir)(struct vnode *dvp, const char *name, u32 len, struct vnode *vp); /* L. -ENOTEMPTY */
	/* L on both directories (and on tvp if there is one: it is replaced). Types, emptiness and cycles were checked by the caller
	 * but for emptiness of tvp. */
	int (*vop_rename)(struct vnode *fdvp, const char *fname, u32 flen, struct vnode *fvp,
			  struct vnode *tdvp, const char *tname, u32 tlen, struct vnode *tvp);
	int (*vop_readlink)(struct vnode *vp, char *buf, size_t size); /* bytes, no 0 */
	/* Magic links of /proc: a reference to where it leads, instead of a text. */
	int (*vop_follow)(struct vnode *vp, struct vnode **vpp);
	int (*vop_readdir)(struct vnode *dvp, off_t off, dirent_fn fn, void *arg); /* L. from offset off on; 0 at the end */
	int (*vop_fsync)(struct vnode *vp, bool datasync); /* pages, then metadata, then FLUSH */
	/*
	 * Page cache; none of these takes v_lock. getpage fills the locked page (zeros for holes and beyond the end) and returns when
	 * that is done; the page stays locked, the caller sets PG_UPTODATE. -EIO
	 */
	int (*vop_getpage)(struct vnode *vp, struct page *pg);
	/* Starts reading n <= PC_CLUSTER consecutive locked pages, and calls pc_read_done(), which unlocks, once for each, at the
	 * latest when its read ends. NULL: one by one through getpage. */
	void (*vop_getpages)(struct vnode *vp, struct page **pg, u32 n);
	/* Starts writing n <= PC_CLUSTER consecutive pages (locked, PG_WRITEBACK), and calls pc_write_done() once for each. The
	 * page lock stays the caller's. NULL: nothing can be written back (V_MEMORY). */
	void (*vop_putpages)(struct vnode *vp, struct page **pg, u32 n);
	/* A write or a shared writable mapping is about to dirty the bytes [from, to), counted from the start of the first, of these n <= PC_CLUSTER
	 * consecutive pages (locked), each of them in part at least: allocates their
	 * blocks, and marks those that had none dirty (PG_NEW too if not PG_UPTODATE), so that no commit can overtake their contents.
	 * Returns how many of the first ones are ready, > 0, or -ENOSPC, -EFBIG, -EIO...; -EAGAIN: unlock the pages, let vfs_sync (or
	 * the write-back thread) commit, and come again. NULL: nothing to do. */
	int (*vop_mkwrite)(struct vnode *vp, struct page **pg, u32 n, u32 from, u32 to);
	/*
	 * A shared mapping is about to write into this page (locked), which it could not since the page was written back: mtime and
	 * ctime are now, and the change is counted (vop_mark). 0 or -EAGAIN, as of vop_mkwrite. NULL: nothing to do.
	 */
	int (*vop_stored)(struct vnode *vp, struct page *pg);
	/*
	 * An image of a process depends on the bytes that the file has now. The first change of one of them, not of any behind them, adds
	 * one to va_changes, and that is on the medium before the change. Two images that depend on the same bytes are told by one count.
	 * The mark itself is on the medium after the next vop_fsync. NULL: nobody counts.
	 * Errors: -EROFS. Sleeps.
	 */
	int (*vop_mark)(struct vnode *vp);
	/* The first page of [from, to) that is no hole as far as the file system knows; to: there is none. NULL: no page is a hole. Sleeps. */
	u32 (*vop_nextdata)(struct vnode *vp, u32 from, u32 to);
	/*
	 * Frames (fs/frames.h): transfers without the cache, of one series; v_lock held. Each page's transfer ends in frames_done(), once.
	 * putframes starts writing frames [at, at + n) of the run to a file that was empty at the begin of the series. Returns how many of the first
	 * ones, > 0, or an error: -ENOSPC, -EFBIG, -EROFS, -EIO, -ENOMEM. endframes: all have ended; without an error of the series the
	 * file has `size` bytes now, with one it is empty. Returns that error, or one of its own. getframes reads pages that lie within the
	 * file and are not in the cache. NULL: copied through vop_read and vop_write.
	 */
	int (*vop_putframes)(struct vnode *vp, struct frames_run *run, u32 at, u32 n);
	int (*vop_endframes)(struct vnode *vp, u64 size, int error);
	void (*vop_getframes)(struct vnode *vp, struct frames_run *run, u32 at, u32 n);
	/* A page leaves the cache, for file systems that count pages (tmpfs; reclaim, which leaves V_MEMORY alone, does not call
	 * it). Never sleeps. NULL: nothing */
	void (*vop_droppage)(struct vnode *vp, struct page *pg);
	/* v_ref went to 0: free what only a referenced vnode needs; an unlinked file gives up its blocks. May sleep, no locks held.
	 * Returns true: forget the vnode now (do not keep it cached). */
	bool (*vop_inactive)(struct vnode *vp);
	void (*vop_reclaim)(struct vnode *vp); /* the vnode is about to be freed: free v_data. No pages are left */
};

#define V_ROOT 0x01u	 /* root of its vfs */
#define V_UNLINKED 0x02u /* no name left; gone with the last reference */
#define V_MOUNTED 0x04u	 /* v_mounted is mounted here */
#define V_SEEKABLE 0x08u
#define V_NOCACHE 0x10u /* do not keep after the last reference */
#define V_MEMORY \
	0x20u /* its pages are the only copy: dirty ones are never written back nor reclaimed, pc_flush() is a no-op */
#define V_DYNAMIC \
	0x40u /* directory: names come and go by themselves (/proc), the name cache keeps out */
#define V_NEW 0x100u  /* vnode cache: found, but not yet filled by its fs */
#define V_BUSY 0x200u /* vnode cache: in vop_inactive, or being freed */
#define V_NOFLOCK \
	0x80u /* f_lock is not held across reads and writes: they take locks of lower rank (/proc: LR_EXEC) */

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
	u64 v_size; /* of regular files (v_lock to change; read atomically enough: it is re-checked under the page lock) */
	struct vfs *v_mounted;	   /* what is mounted on this directory */
	struct list v_hash, v_lru; /* vnode cache */
	struct list v_names;	   /* name-cache entries in this directory (vfs cache lock) */
	struct list v_namedby;	   /* name-cache entries that lead to this vnode */

	/* Page cache (v_pclock). */
	struct spinlock v_pclock;
	struct radix v_pages; /* index -> struct page; tags PCT_DIRTY, PCT_WRITEBACK */
	u32 v_npages, v_ndirty;
	struct list v_dirtylink; /* vnodes with dirty pages, oldest first (write-back lock) */
	u64 v_dirtied;		 /* monotonic ns when it went on that list */
	s32 v_wberror;		 /* first write-back error not yet reported by fsync (atomic) */
	u32 v_ra_next, v_ra_end, v_ra_size; /* read-ahead: index that would be sequential, end of what was asked for,
					     * window. Hints, no lock */

	/* Shared and private mappings. */
	struct vsegs v_segs;
	volatile u32 v_nwritemap; /* writable shared mappings; and deny-write for running programs: */
	volatile u32 v_ntext;	  /* processes that execute it: writing gives -ETXTBSY */
	volatile s32 v_writers;	  /* open descriptions that may write */

	char *v_path; /* absolute path it was opened by last, NULL: none; vn_set_path() */
	ino_t v_dirino; /* directory in which it was found, made, linked or renamed last; 0: not known. A hint, no lock */

	/* FIFO: its pipe while open (v_lock). Advisory locks (fs/flock.c). */
	struct pipe *v_pipe;
	struct flock_table v_records, v_wholes;
};

/* Creates / finds the vnode (vfs, ino) in the vnode cache. *isnew: the fs must fill it and call vnode_ready(), or vnode_bad(). Others who find it wait for that.
 * -ENOMEM. May sleep. */
int vnode_get(struct vfs *vfs, ino_t ino, struct vnode **vpp, bool *isnew);
void vnode_ready(struct vnode *vp);
void vnode_bad(struct vnode *vp); /* takes the reference, too */
/* A vnode that is in no cache (pipes, unnamed memory). NULL: out of memory. ref 1 */
struct vnode *vnode_anon(struct vfs *vfs, enum vtype type, const struct vnodeops *op);

/* Sets and clears V_* flags, under the vfs cache lock. */
void vnode_setflags(struct vnode *vp, u32 set, u32 clear);

void vn_hold(struct vnode *vp);
void vn_rele(struct vnode *vp); /* may sleep (inactive) */

/* dvp has a name for vp. */
static inline void vn_found_in(struct vnode *vp, const struct vnode *dvp)
{
	vp->v_dirino = dvp->v_ino;
}

/* vop_lookup through the name cache: dvp locked by the caller. -ENOTDIR, -ENAMETOOLONG */
int vn_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp);
/* fsync: pages, metadata, medium; no lock. Reports an error of earlier write-back, once. -EINVAL: nothing that could be synced */
int vn_fsync(struct vnode *vp, bool datasync);
/* vop_mark; from here on also the first store of each shared mapping into a page is seen. As vop_mark; 0 where nobody counts. No locks held. */
int vn_mark(struct vnode *vp);
/* A reference to a vnode that may be on its way out: false if its last reference is gone. For lists that hold none. */
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
 * A vnode has no name of its own; for /proc/PID/maps and checkpoint images it remembers the absolute path it was opened (or executed) by last. A rename
 * makes it stale: who relies on it compares the file's identity. vn_get_path: a kmalloc'd copy, NULL if there is none. -ENOMEM
 */
void vn_set_path(struct vnode *vp, const char *path);
int vn_get_path(struct vnode *vp, char **path);
/* Names like /proc/PID/fd/N and /dev/stdin lead to files that have a name of their own, and to other files tomorrow. */
bool vn_path_alias(const char *path);
/* The path under which to remember vp, opened as `path` (kmalloc'd, taken over): that, or, for a link of /proc, what it had been opened as. NULL: a pipe's end has none. */
char *vn_true_path(struct vnode *vp, char *path);

/* Reads / writes through vop_read / vop_write with a kernel buffer. Bytes or an error; short at the end of the file. */
ssize_t vn_pread(struct vnode *vp, void *buf, size_t len, off_t off);
ssize_t vn_pwrite(struct vnode *vp, const void *buf, size_t len, off_t off);
int vn_getattr(struct vnode *vp, struct vattr *va);

/* One mounted file system. */
struct vfsops {
	int (*vfs_mount)(struct vfs *vfs, const char *dev, const char *options); /* fills vfs_root. Options as text "ro,size=..." */
	/* About to be unmounted, nobody can come in any more: gives up the references that the fs itself holds on its vnodes. -EBUSY: others
	 * hold some too, nothing was changed. NULL: holds none but the root */
	int (*vfs_letgo)(struct vfs *vfs);
	int (*vfs_unmount)(struct vfs *vfs); /* all vnodes are inactive and written. -EBUSY */
	/* The vnode of an inode number that was seen earlier. -ESTALE: it is no longer in use. NULL: no number leads to a file */
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
	struct vnode *vfs_root;		    /* a reference */
	struct vnode *vfs_covered;	    /* directory mounted on; NULL: the root */
	dev_t vfs_dev;			    /* st_dev of its files */
	u8 vfs_uuid[16];		    /* vfs_has_uuid() */
	struct vnode *vfs_bdevvp;	    /* block device, if any */
	char vfs_source[64], vfs_path[128]; /* for /proc/mounts */
	bool vfs_readonly;
	bool vfs_ending; /* the machine goes down: it is made read-only, whoever still has files of it open */
	u32 vfs_flags; /* VFS_MS_KEPT */
	u64 vfs_dirtied; /* monotonic ns since when it has metadata that vfs_sync would write; 0: none. Set by vfs_dirty() */
	struct mutex vfs_renamelock; /* LR_FS_RENAME: whoever renames between directories, before their v_locks */
	volatile u32 vfs_nvnodes;
	void *vfs_data;
};

/*
 * vfs_uuid tells one file system from another, wherever it is mounted: the file system sets it when
 * it is mounted, and it is constant from then on. ext2 reads it from the superblock; tmpfs and
 * devtmpfs, which end with their mount, draw it anew for each. All zeros: the file system has none.
 */
bool vfs_has_uuid(const struct vfs *vfs);

void vfs_init(void);
void fstype_register(struct fstype *fs); /* at start-up */
void fstype_foreach(void (*fn)(const struct fstype *fs, void *arg), void *arg);
/* Numbers as in mount(2) (source: linux-libc-dev linux/mount.h). */
#define VFS_MS_RDONLY 0x01u
#define VFS_MS_NOSUID 0x02u /* kept in vfs_flags: exec and device nodes look there */
#define VFS_MS_NODEV 0x04u
#define VFS_MS_NOEXEC 0x08u
#define VFS_MS_KEPT (VFS_MS_NOSUID | VFS_MS_NODEV | VFS_MS_NOEXEC)
#define VFS_MS_REMOUNT 0x20u
/* Mounts; path NULL: as the root. Returns errors of mount(2); with VFS_MS_REMOUNT only the read-only state changes. The source is a
 * device name or path for what needs one. May sleep. */
int vfs_domount(const char *source, const char *path, const char *type, u32 flags, const char *options);
int vfs_unmount(const char *path, u32 flags);
int vfs_sync_all(bool wait);
/* Calls fn for each mount, in order, until it returns false. fn may sleep; mounts stay. */
void vfs_foreach(bool (*fn)(struct vfs *vfs, void *arg), void *arg);
/* A file system has metadata to write: the write-back thread will call vfs_sync some seconds later. Never sleeps. */
void vfs_dirty(struct vfs *vfs);
int vfs_statfs(struct vfs *vfs, struct statfs_k *st); /* f_flags, f_fsid and f_namelen are filled here */
extern struct vnode *rootvp;
/* Shutdown: sync, then every file system read-only, so that e2fsck finds a clean disk. */
void vfs_shutdown(void);
/* Frees inactive vnodes and clean pages as far as possible (drop_caches; leak checks). */
void vfs_drop_caches(void);

struct vnode_counts {
	u32 vc_total, vc_active, vc_inactive, vc_pages, vc_dirty;
};
void vnode_counts(struct vnode_counts *vc);

#endif
