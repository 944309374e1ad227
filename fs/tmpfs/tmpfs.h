/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: a file system whose only storage is the page cache and the kernel's
 * heap.
 *
 *   struct vfs -- vfs_data --> tmpmount
 *   vnode -- v_data --> tmpnode: attributes, and by type:
 *      directory      entries, each with a reference to its vnode
 *      regular file   nothing; its pages are the vnode's (V_MEMORY)
 *      symbolic link  the text
 *
 * An entry holds a reference on its vnode: so a named file stays in memory with
 * its pages. A file without a name is freed with its last reference.
 *
 * Locks: v_lock of the vnode for the entries and attributes of its node.
 *   td_parent is also under tm_lock (LR_TMPFS, inside all locks of the vnode
 *   layer), so that ".." can be followed during a rename. Counters are atomic.
 */
#ifndef FS_TMPFS_TMPFS_H
#define FS_TMPFS_TMPFS_H

#include "fs/tmpfs.h"
#include "fs/vnode.h"
#include "kernel/lib/tree.h"

struct cred;

struct tmpmount {
	struct spinlock tm_lock;
	struct tree tm_nodes; /* tn_node, by v_ino (tm_lock) */
	/* tn_dying: removed directories that still hold their parents (tm_lock). */
	struct list tm_dying;
	bool tm_draining; /* an lwp is releasing them */
	u32 tm_nnodes;	  /* tm_lock; the last one frees a dead mount */
	bool tm_dead;	  /* unmounted */
	u32 tm_maxnodes;
	volatile u32 tm_pages; /* charged: dirty pages of all files */
	u32 tm_maxpages;
	ino_t tm_lastino; /* tm_lock */
};

struct tmpent {
	struct list te_link;	/* td_entries, by te_off */
	struct tmpent *te_next; /* hash chain */
	u32 te_hash;
	u32 te_off;	     /* readdir's cookie, never reused */
	struct vnode *te_vp; /* a reference */
	u32 te_len;
	char te_name[];
};

struct tmpdir {
	struct list td_entries;
	/* td_nhash chains, a power of two; NULL: few entries. */
	struct tmpent **td_hash;
	u32 td_nhash, td_n;
	u32 td_nextoff;
	/*
	 * No reference, because a parent outlives its children; a removed
	 * directory holds one.
	 */
	struct vnode *td_parent;
};

struct tmpnode {
	struct tmpmount *tn_mount;
	struct vnode *tn_vp;
	struct tree_node tn_node;
	struct list tn_dying;
	mode_t tn_mode; /* with S_IFMT */
	uid_t tn_uid;
	gid_t tn_gid;
	nlink_t tn_nlink;
	struct timespec_k tn_atime, tn_mtime, tn_ctime;
	volatile u32 tn_pages; /* charged for it */
	/* vop_mark (tm_lock): an image depends on the bytes [0, tn_marked). */
	u64 tn_marked;
	u32 tn_changes;
	union {
		struct tmpdir tn_dir;
		char *tn_link;
	};
};

static inline struct tmpnode *tmpnode(const struct vnode *vp)
{
	return vp->v_data;
}

void tmpnode_init(void);
/* The order of tm_nodes. */
extern const struct tree_ops tmpnode_order;
/*
 * Returns: the node with this number, or the first with a higher one; NULL:
 *   there is none.
 * Locks: tm_lock.
 */
struct tmpnode *tmpnode_from(struct tmpmount *tm, ino_t ino);
/*
 * Makes a node with its vnode (one reference, no name, nlink 0). dvp: the
 * directory it will be in, for its group; NULL: none.
 * Errors: -ENOSPC, -ENOMEM
 */
int tmpnode_create(struct vfs *vfs, struct vnode *dvp, mode_t mode, dev_t rdev,
		   const struct cred *cr, struct vnode **vpp);
void tmpnode_changed(struct tmpnode *tn); /* sets mtime and ctime */

/* Entries (fs/tmpfs/dir.c). The directory is locked. */
void tmpdir_init(struct tmpdir *td, struct vnode *parent);
/* Moves all entries to `out` (te_link), for unmounting. */
void tmpdir_take_all(struct tmpdir *td, struct list *out);

/* For devfs, a tmpfs with device nodes. */
extern const struct vfsops tmpfs_vfsops;

extern const struct vnodeops tmpfs_dir_ops, tmpfs_file_ops, tmpfs_link_ops, tmpfs_special_ops;

/* Shared by all node types (fs/tmpfs/node.c). */
int tmpfs_getattr(struct vnode *vp, struct vattr *va);
int tmpfs_setattr(struct vnode *vp, const struct vattr *va);
int tmpfs_fsync(struct vnode *vp, bool datasync);
bool tmpfs_inactive(struct vnode *vp);
void tmpfs_reclaim(struct vnode *vp);
/*
 * The bytes from `from` on are about to change: counts that if an image depends
 * on one of them.
 */
void tmpnode_changing(struct tmpnode *tn, u64 from);
/*
 * Sets the size of a regular file. v_lock held.
 * Errors: -EFBIG, -ENOMEM
 */
int tmpfs_set_size(struct vnode *vp, u64 size);

#endif
