/* SPDX-License-Identifier: MIT */
/* tmpfs: nodes, their attributes and their end. */
#include "fs/tmpfs/tmpfs.h"

#include "fs/file_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/cred.h"

static struct kmem_cache *node_cache;

void tmpnode_init(void)
{
	node_cache = kmem_cache_create("tmpnode", sizeof(struct tmpnode), 0);
}

static enum vtype type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return VDIR;
	case S_IFLNK: return VLNK;
	case S_IFCHR: return VCHR;
	case S_IFBLK: return VBLK;
	case S_IFIFO: return VFIFO;
	default: return VREG;
	}
}

static const struct vnodeops *tmpfs_ops_of(enum vtype type)
{
	switch (type) {
	case VDIR: return &tmpfs_dir_ops;
	case VLNK: return &tmpfs_link_ops;
	case VREG: return &tmpfs_file_ops;
	default: return &tmpfs_special_ops;
	}
}

static ino_t ino_of(const struct tree_node *n)
{
	return container_of(n, struct tmpnode, tn_node)->tn_vp->v_ino;
}

static bool node_before(const struct tree_node *a, const struct tree_node *b)
{
	return ino_of(a) < ino_of(b);
}

const struct tree_ops tmpnode_order = { .before = node_before };

static bool node_reached(const struct tree_node *n, const void *ino)
{
	return ino_of(n) >= *(const ino_t *)ino;
}

struct tmpnode *tmpnode_from(struct tmpmount *tm, ino_t ino)
{
	ASSERT(spin_held(&tm->tm_lock));
	return tree_entry(tree_seek(&tm->tm_nodes, node_reached, &ino), struct tmpnode, tn_node);
}

/* Counts a new node; false: the mount has reached its limit. */
static bool count_node(struct tmpmount *tm)
{
	bool room;

	spin_lock(&tm->tm_lock);
	room = tm->tm_nnodes < tm->tm_maxnodes;
	if (room)
		tm->tm_nnodes++;
	spin_unlock(&tm->tm_lock);
	return room;
}

/* Gives the node its number. */
static void enter_node(struct tmpmount *tm, struct tmpnode *tn)
{
	spin_lock(&tm->tm_lock);
	tn->tn_vp->v_ino = ++tm->tm_lastino;
	tree_insert(&tm->tm_nodes, &tn->tn_node);
	spin_unlock(&tm->tm_lock);
}

static void leave_node(struct tmpmount *tm, struct tmpnode *tn)
{
	bool last;

	spin_lock(&tm->tm_lock);
	if (tree_linked(&tn->tn_node))
		tree_remove(&tm->tm_nodes, &tn->tn_node);
	last = --tm->tm_nnodes == 0 && tm->tm_dead;
	spin_unlock(&tm->tm_lock);
	if (last)
		kfree(tm);
}

/*
 * A directory with set-group-id gives its group to new files, and the bit to
 * new directories.
 */
static void inherit(struct tmpnode *tn, const struct vnode *dvp)
{
	const struct tmpnode *dn;

	if (!dvp)
		return;
	dn = tmpnode(dvp);
	if (!(dn->tn_mode & S_ISGID))
		return;
	tn->tn_gid = dn->tn_gid;
	if (S_ISDIR(tn->tn_mode))
		tn->tn_mode |= S_ISGID;
}

int tmpnode_create(struct vfs *vfs, struct vnode *dvp, mode_t mode, dev_t rdev,
		   const struct cred *cr, struct vnode **vpp)
{
	struct tmpmount *tm = vfs->vfs_data;
	struct tmpnode *tn = kmem_alloc(node_cache, KM_ZERO);
	enum vtype type = type_of(mode);
	struct vnode *vp;

	if (!tn)
		return -ENOSPC;
	if (!count_node(tm)) {
		kmem_free(node_cache, tn);
		return -ENOSPC;
	}
	vp = vnode_anon(vfs, type, tmpfs_ops_of(type));
	if (!vp) {
		leave_node(tm, tn);
		kmem_free(node_cache, tn);
		return -ENOSPC;
	}
	tn->tn_mount = tm;
	tn->tn_vp = vp;
	tn->tn_mode = mode;
	tn->tn_uid = cr->cr_fsuid;
	tn->tn_gid = cr->cr_fsgid;
	tn->tn_atime = tn->tn_mtime = tn->tn_ctime = timespec_now();
	inherit(tn, dvp);
	vp->v_data = tn;
	vp->v_rdev = rdev;
	vp->v_flags |= V_MEMORY | V_SEEKABLE;
	if (type == VDIR)
		tmpdir_init(&tn->tn_dir, dvp);
	enter_node(tm, tn);
	*vpp = vp;
	return 0;
}

void tmpnode_changed(struct tmpnode *tn)
{
	tn->tn_mtime = tn->tn_ctime = timespec_now();
}

int tmpfs_getattr(struct vnode *vp, struct vattr *va)
{
	const struct tmpnode *tn = tmpnode(vp);

	va->va_type = vp->v_type;
	va->va_mode = tn->tn_mode;
	va->va_uid = tn->tn_uid;
	va->va_gid = tn->tn_gid;
	va->va_nlink = tn->tn_nlink;
	va->va_ino = vp->v_ino;
	va->va_dev = vp->v_vfs->vfs_dev;
	va->va_rdev = vp->v_rdev;
	va->va_size = vp->v_type == VDIR ? (tn->tn_dir.td_n + 2) * 20 : vp->v_size;
	va->va_blocks = (u64)tn->tn_pages * (PAGE_SIZE / 512);
	va->va_blksize = PAGE_SIZE;
	va->va_gen = 0;
	va->va_atime = tn->tn_atime;
	va->va_mtime = tn->tn_mtime;
	va->va_ctime = tn->tn_ctime;
	va->va_changes = tn->tn_changes;
	va->va_counted = vp->v_type == VREG;
	return 0;
}

int tmpfs_setattr(struct vnode *vp, const struct vattr *va)
{
	struct tmpnode *tn = tmpnode(vp);
	int error;

	ASSERT(mutex_held(&vp->v_lock));
	if (va->va_mask & VA_SIZE) {
		if (vp->v_type != VREG)
			return vp->v_type == VDIR ? -EISDIR : -EINVAL;
		error = tmpfs_set_size(vp, va->va_size);
		if (error)
			return error;
		tmpnode_changed(tn);
	}
	if (va->va_mask & VA_MODE)
		tn->tn_mode = (tn->tn_mode & S_IFMT) | (va->va_mode & 07777);
	if (va->va_mask & VA_UID)
		tn->tn_uid = va->va_uid;
	if (va->va_mask & VA_GID)
		tn->tn_gid = va->va_gid;
	if (va->va_mask & VA_ATIME)
		tn->tn_atime = va->va_atime;
	if (va->va_mask & VA_MTIME)
		tn->tn_mtime = va->va_mtime;
	tn->tn_ctime = va->va_mask & VA_CTIME ? va->va_ctime : timespec_now();
	return 0;
}

/* fsync: no storage is more durable than memory. */
int tmpfs_fsync(struct vnode *vp, bool datasync)
{
	return 0;
}

/*
 * Its names hold references: after the last reference it has no name, or its
 * mount is being removed.
 */
bool tmpfs_inactive(struct vnode *vp)
{
	return true;
}

static void free_node(struct tmpnode *tn)
{
	leave_node(tn->tn_mount, tn);
	kmem_free(node_cache, tn);
}

/*
 * A removed directory releases its parent. That may be another removed
 * directory with its last reference, and so on, as deep as a user makes it: so
 * they are released one after the other from a list, without recursion.
 */
static void free_removed_dir(struct tmpnode *tn)
{
	struct tmpmount *tm = tn->tn_mount;
	bool more = true;

	spin_lock(&tm->tm_lock);
	tree_remove(&tm->tm_nodes, &tn->tn_node);
	list_push_back(&tm->tm_dying, &tn->tn_dying);
	if (tm->tm_draining) {
		spin_unlock(&tm->tm_lock);
		return;
	}
	while (more) {
		tn = list_first(&tm->tm_dying, struct tmpnode, tn_dying);
		list_remove(&tn->tn_dying);
		tm->tm_draining = true;
		spin_unlock(&tm->tm_lock);
		vn_rele(tn->tn_dir.td_parent); /* may add one to the list */
		spin_lock(&tm->tm_lock);
		more = tm->tm_draining = !list_empty(&tm->tm_dying);
		/* so this node is not the last, and the mount stays */
		if (more) {
			tm->tm_nnodes--;
			kmem_free(node_cache, tn);
		}
	}
	spin_unlock(&tm->tm_lock);
	free_node(tn);
}

void tmpfs_reclaim(struct vnode *vp)
{
	struct tmpnode *tn = tmpnode(vp);

	ASSERT(tn->tn_pages == 0);
	if (vp->v_type == VLNK)
		kfree(tn->tn_link);
	if (vp->v_type != VDIR) {
		free_node(tn);
		return;
	}
	kfree(tn->tn_dir.td_hash);
	if ((vp->v_flags & V_UNLINKED) && tn->tn_dir.td_parent)
		free_removed_dir(tn);
	else
		free_node(tn);
}

const struct vnodeops tmpfs_special_ops = {
	.vop_getattr = tmpfs_getattr,
	.vop_setattr = tmpfs_setattr,
	.vop_fsync = tmpfs_fsync,
	.vop_inactive = tmpfs_inactive,
	.vop_reclaim = tmpfs_reclaim,
};
