/* SPDX-License-Identifier: MIT */
/*
 * 9p: folders of the host, through the protocol 9P2000.L (source: diod's protocol.md; Linux's
 * include/net/9p/9p.h for the numbers).
 *
 *   struct vfs -- vfs_data --> p9mount: the device
 *   vnode -- v_data --> p9node: its fid, the protocol's handle of a file; a fid opened for reading
 *                               and one opened for writing, when they are needed
 *
 * The host may change its files at any time. So attributes, directories, and what read and write
 * move come from the host at each call; names are never cached, and a vnode is forgotten with its
 * last reference. Only mappings (and programs that run) have pages in the cache. read sees what they
 * stored, and they see what write wrote; what the host changes under a mapping they see after the
 * file is opened anew.
 *
 * A reply is hostile input: each length, type and number in it is checked (fs/p9/msg.c).
 *
 * Locks: pn_lock (LR_FS_INODE) guards the opening of pn_rfid and pn_wfid, which then stay the same
 * until the vnode is inactive. pn_fid needs none: it changes only when its name is gone, and whoever
 * still has the old one gets -ENOENT in any case.
 */
#ifndef FS_P9_P9_H
#define FS_P9_P9_H

#include "fs/vnode.h"
#include "kernel/dev/virtio_9p.h"

#define P9_NOFID 0xffffffffu
#define P9_IOMAX (15u * PAGE_SIZE) /* bytes of a file in one request */

/* Flags of open, which are Linux's. */
#define P9_RDONLY 0u
#define P9_WRONLY 01u
#define P9_RDWR 02u
#define P9_CREAT 0100u
#define P9_EXCL 0200u
#define P9_DIRECTORY 0200000u

struct p9mount {
	struct v9p *pm_dev;
	u32 pm_iomax;
	volatile u32 pm_nextfid; /* atomic */
};

struct p9node {
	struct p9mount *pn_mount;
	volatile u32 pn_fid;   /* atomic */
	volatile bool pn_lost; /* pn_fid may lead to a name that is gone (atomic) */
	struct mutex pn_lock;
	u32 pn_rfid, pn_wfid; /* may be one and the same */
	struct vattr pn_last; /* as the host said last (v_lock, or a hint) */
};

static inline struct p9mount *p9mount(const struct vfs *vfs)
{
	return vfs->vfs_data;
}
static inline struct p9node *p9node(const struct vnode *vp)
{
	return vp->v_data;
}

struct p9_name {
	const char *pn_text;
	u32 pn_len;
};

/* --- Requests (fs/p9/proto.c, fs/p9/proto_io.c). All sleep. Errors: the host's; -EIO: a reply that makes no sense. */
u32 p9_newfid(struct p9mount *pm);
int p9_version(struct p9mount *pm);
int p9_attach(struct p9mount *pm, u32 fid);
/* newfid leads where `name` in fid's directory leads; NULL: where fid leads. */
int p9_walk(struct p9mount *pm, u32 fid, u32 newfid, const struct p9_name *name);
void p9_clunk(struct p9mount *pm, u32 fid);
int p9_lopen(struct p9mount *pm, u32 fid, u32 flags);
/* fid, a directory's, becomes the open new file. */
int p9_lcreate(struct p9mount *pm, u32 fid, const struct p9_name *name, u32 flags, mode_t mode, gid_t gid);
int p9_mkdir(struct p9mount *pm, u32 fid, const struct p9_name *name, mode_t mode, gid_t gid);
int p9_symlink(struct p9mount *pm, u32 fid, const struct p9_name *name, const char *target, gid_t gid);
int p9_link(struct p9mount *pm, u32 dirfid, u32 fid, const struct p9_name *name);
int p9_unlink(struct p9mount *pm, u32 dirfid, const struct p9_name *name, bool dir);
int p9_rename(struct p9mount *pm, u32 fdir, const struct p9_name *from, u32 tdir, const struct p9_name *to);
int p9_readlink(struct p9mount *pm, u32 fid, char *buf, size_t size);
/* va_dev is the caller's. */
int p9_getattr(struct p9mount *pm, u32 fid, struct vattr *va);
int p9_setattr(struct p9mount *pm, u32 fid, const struct vattr *va);
int p9_fsync(struct p9mount *pm, u32 fid, bool datasync);
int p9_statfs(struct p9mount *pm, u32 fid, struct statfs_k *st);
/* Up to n bytes, n <= pm_iomax. Returns how many; 0: the end. */
int p9_pread(struct p9mount *pm, u32 fid, void *buf, u32 n, u64 off);
/* The same into n consecutive pages, n * PAGE_SIZE <= pm_iomax. */
int p9_read_pages(struct p9mount *pm, u32 fid, struct page **pg, u32 n, u64 off);
int p9_pwrite(struct p9mount *pm, u32 fid, const void *buf, u32 n, u64 off);
/* Entries of an open directory from `off` on, as the host packs them. Returns bytes; 0: the end. */
int p9_readdir(struct p9mount *pm, u32 fid, u64 off, void *buf, u32 n);
/*
 * The same between the host and a uio, whose pages are not faulted in: *moved bytes of it were
 * moved. p9_read_uio: *got is what the host gave.
 */
int p9_read_uio(struct p9mount *pm, u32 fid, struct uio *u, u32 n, u32 *got, u32 *moved);
int p9_write_uio(struct p9mount *pm, u32 fid, struct uio *u, u32 n, u32 *moved);

/*
 * Hands on the entries in the `left` bytes of a reply (fs/p9/entries.c). Returns: 1, and in *next
 * where to go on; 0: fn has enough; -EIO: they make no sense.
 */
int p9_hand_on(const u8 *p, u32 left, u64 *next, dirent_fn fn, void *arg);

/* --- Nodes (fs/p9/node.c) */
void p9node_init(void);
/* The vnode that fid leads to; takes over the fid, also on an error. -ESTALE, -ENOMEM, -EIO */
int p9node_get(struct vfs *vfs, u32 fid, struct vnode **vpp);
/* The fid of a new file that is open for reading and writing is the node's, or is clunked. */
void p9node_give_open(struct vnode *vp, u32 fid);
/* A fid that is open for reading, or for writing. */
int p9node_open(struct vnode *vp, bool write, u32 *fid);
/* The size and times may be others than before: what is cached of the file follows. */
void p9node_refresh(struct vnode *vp, const struct vattr *va);
int p9vn_getattr(struct vnode *vp, struct vattr *va);
int p9vn_setattr(struct vnode *vp, const struct vattr *va);
int p9vn_fsync(struct vnode *vp, bool datasync);
bool p9vn_inactive(struct vnode *vp);
void p9vn_reclaim(struct vnode *vp);

extern const struct vnodeops p9_dir_ops, p9_file_ops, p9_link_ops, p9_special_ops;

#endif
