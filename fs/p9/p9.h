/* SPDX-License-Identifier: MIT */
/*
 * 9p: folders of the host, through the protocol 9P2000.L (source: diod's
 * protocol.md; Linux's include/net/9p/9p.h for the numbers).
 *
 *   struct vfs -- vfs_data --> p9mount: the device
 *   vnode -- v_data --> p9node: its fid, the protocol's handle of a file; a
 *                               fid opened for reading and one opened for
 *                               writing, when they are needed
 *
 * The host may change its files at any time. So attributes, directories, and
 * the data of read and write come from the host at each call. Names are never
 * cached, and a vnode is freed with its last reference. Only mappings (and
 * running programs) have pages in the cache. read sees what mappings stored,
 * and mappings see what write wrote. They see the host's changes after the next
 * open of the file.
 *
 * A reply is hostile input: each length, type and number in it is checked
 * (fs/p9/msg.c).
 *
 * Locks: pn_lock (LR_FS_INODE) guards the opening of pn_rfid and pn_wfid, which
 *   then stay until the vnode is inactive. pn_fid needs no lock: it changes
 *   only when its name was removed, and a reader of the old fid gets -ENOENT in
 *   any case.
 */
#ifndef FS_P9_P9_H
#define FS_P9_P9_H

#include "fs/vnode.h"
#include "kernel/dev/virtio_9p.h"

#define P9_NOFID 0xffffffffu
#define P9_IOMAX (15u * PAGE_SIZE) /* bytes of a file in one request */

/* Flags of open, with Linux's values. */
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
	volatile bool pn_lost; /* pn_fid may lead to a removed name (atomic). */
	struct mutex pn_lock;
	u32 pn_rfid, pn_wfid; /* may be the same fid */
	struct vattr pn_last; /* the host's last answer (v_lock, or a hint) */
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

/*
 * --- Requests (fs/p9/proto.c, fs/p9/proto_io.c). All sleep. Errors: the
 * host's; -EIO: an invalid reply.
 */
u32 p9_newfid(struct p9mount *pm);
int p9_version(struct p9mount *pm);
int p9_attach(struct p9mount *pm, u32 fid);
/* newfid leads to `name` in fid's directory; NULL: to fid's file. */
int p9_walk(struct p9mount *pm, u32 fid, u32 newfid, const struct p9_name *name);
void p9_clunk(struct p9mount *pm, u32 fid);
int p9_lopen(struct p9mount *pm, u32 fid, u32 flags);
/*
 * Creates a file in fid's directory and opens it; fid becomes that open file.
 */
int p9_lcreate(struct p9mount *pm, u32 fid, const struct p9_name *name, u32 flags, mode_t mode, gid_t gid);
int p9_mkdir(struct p9mount *pm, u32 fid, const struct p9_name *name, mode_t mode, gid_t gid);
int p9_symlink(struct p9mount *pm, u32 fid, const struct p9_name *name, const char *target, gid_t gid);
int p9_link(struct p9mount *pm, u32 dirfid, u32 fid, const struct p9_name *name);
int p9_unlink(struct p9mount *pm, u32 dirfid, const struct p9_name *name, bool dir);
int p9_rename(struct p9mount *pm, u32 fdir, const struct p9_name *from, u32 tdir, const struct p9_name *to);
int p9_readlink(struct p9mount *pm, u32 fid, char *buf, size_t size);
/* The caller sets va_dev. */
int p9_getattr(struct p9mount *pm, u32 fid, struct vattr *va);
int p9_setattr(struct p9mount *pm, u32 fid, const struct vattr *va);
int p9_fsync(struct p9mount *pm, u32 fid, bool datasync);
int p9_statfs(struct p9mount *pm, u32 fid, struct statfs_k *st);
/* Reads up to n <= pm_iomax bytes. Returns how many; 0: the end. */
int p9_pread(struct p9mount *pm, u32 fid, void *buf, u32 n, u64 off);
/* p9_pread() into n consecutive pages, n * PAGE_SIZE <= pm_iomax. */
int p9_read_pages(struct p9mount *pm, u32 fid, struct page **pg, u32 n, u64 off);
int p9_pwrite(struct p9mount *pm, u32 fid, const void *buf, u32 n, u64 off);
/*
 * Reads entries of an open directory from `off` on, as the host packs them.
 * Returns bytes; 0: the end.
 */
int p9_readdir(struct p9mount *pm, u32 fid, u64 off, void *buf, u32 n);
/*
 * Transfers between the host and a uio, whose pages are not faulted in. *moved:
 * bytes of the uio moved; *got (p9_read_uio): bytes that the host sent.
 */
int p9_read_uio(struct p9mount *pm, u32 fid, struct uio *u, u32 n, u32 *got, u32 *moved);
int p9_write_uio(struct p9mount *pm, u32 fid, struct uio *u, u32 n, u32 *moved);

/*
 * Calls fn for the entries in the `left` bytes of a reply (fs/p9/entries.c).
 * Returns: 1, with *next set to the next offset; 0: fn stopped.
 * Errors: -EIO (invalid entries)
 */
int p9_hand_on(const u8 *p, u32 left, u64 *next, dirent_fn fn, void *arg);

/* --- Nodes (fs/p9/node.c) */
void p9node_init(void);
/*
 * The vnode of a fid. Takes over the fid, also on an error.
 * Errors: -ESTALE, -ENOMEM, -EIO
 */
int p9node_get(struct vfs *vfs, u32 fid, struct vnode **vpp);
/*
 * Gives the node the fid of its new file, open for reading and writing, or
 * clunks it.
 */
void p9node_give_open(struct vnode *vp, u32 fid);
/* The node's fid that is open for reading, or for writing. */
int p9node_open(struct vnode *vp, bool write, u32 *fid);
/* Updates the cache of the file to the host's size and times. */
void p9node_refresh(struct vnode *vp, const struct vattr *va);
int p9vn_getattr(struct vnode *vp, struct vattr *va);
int p9vn_setattr(struct vnode *vp, const struct vattr *va);
int p9vn_fsync(struct vnode *vp, bool datasync);
bool p9vn_inactive(struct vnode *vp);
void p9vn_reclaim(struct vnode *vp);

extern const struct vnodeops p9_dir_ops, p9_file_ops, p9_link_ops, p9_special_ops;

#endif
