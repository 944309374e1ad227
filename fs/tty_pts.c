/* SPDX-License-Identifier: MIT */
/*
 * devpts: the file system for /dev/pts, one directory with a device node for
 * each pseudo terminal whose master is open. A node belongs to whoever opened
 * the master.
 *
 * Inode numbers: 1 the directory, n + 2 the node n.
 */
#include "fs/names.h"
#include "fs/tty_impl.h"
#include "fs/vnode.h"
#include "kernel/abi/stat.h"
#include "kernel/abi/statfs.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

#define INO_ROOT 1u
#define INO_NODE 2u

static const struct vnodeops pts_dirops, pts_nodeops;
static struct timespec_k begin; /* time of the directory */

static u32 node_number(const struct vnode *vp)
{
	return (u32)vp->v_ino - INO_NODE;
}

static int get_vnode(struct vfs *vfs, ino_t ino, struct vnode **vpp)
{
	bool isnew, root = ino == INO_ROOT;
	struct vnode *vp;
	int error = vnode_get(vfs, ino, &vp, &isnew);

	if (error)
		return error;
	if (isnew) {
		vp->v_type = root ? VDIR : VCHR;
		vp->v_op = root ? &pts_dirops : &pts_nodeops;
		vp->v_rdev = root ? 0 : MAKEDEV(PTY_MAJOR, (u32)ino - INO_NODE);
		vp->v_flags |= root ? V_DYNAMIC : V_NOCACHE;
		vnode_ready(vp);
	}
	*vpp = vp;
	return 0;
}

/* "17", without a leading 0. PTY_MAX: not a number of ours. */
static u32 tty_pts_parse_number(const char *name, u32 len)
{
	u32 n = 0;

	if (len == 0 || len > 2 || (len > 1 && name[0] == '0'))
		return PTY_MAX;
	for (u32 i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return PTY_MAX;
		n = n * 10 + (u32)(name[i] - '0');
	}
	return MIN(n, (u32)PTY_MAX);
}

static int pts_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp)
{
	u32 n;

	/* ".." of a root is namei's affair. */
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))) {
		vn_hold(dvp);
		*vpp = dvp;
		return 0;
	}
	n = tty_pts_parse_number(name, len);
	if (!pty_exists(n))
		return -ENOENT;
	return get_vnode(dvp->v_vfs, n + INO_NODE, vpp);
}

static int pts_readdir(struct vnode *dvp, off_t off, dirent_fn fn, void *arg)
{
	char name[12];

	if (off <= 0 && !fn(arg, ".", 1, INO_ROOT, VDIR, 1))
		return 0;
	if (off <= 1 && !fn(arg, "..", 2, INO_ROOT, VDIR, 2))
		return 0;
	for (u32 n = off > 2 ? (u32)MIN(off - 2, (off_t)PTY_MAX) : 0; n < PTY_MAX; n++) {
		if (!pty_exists(n))
			continue;
		snprintf(name, sizeof(name), "%u", n);
		if (!fn(arg, name, (u32)strlen(name), n + INO_NODE, VCHR, (off_t)n + 3))
			return 0;
	}
	return 0;
}

static int pts_getattr(struct vnode *vp, struct vattr *va)
{
	struct pty_node pn = { .pn_mode = 0755, .pn_time = begin };
	bool root = vp->v_ino == INO_ROOT;

	if (!root && !pty_get_node(node_number(vp), &pn))
		pn.pn_mode = 0; /* the master is gone; so is what could be opened */
	*va = (struct vattr){
		.va_type = vp->v_type,
		.va_mode = (root ? S_IFDIR : S_IFCHR) | pn.pn_mode,
		.va_uid = pn.pn_uid,
		.va_gid = pn.pn_gid,
		.va_nlink = root ? 2 : 1,
		.va_ino = vp->v_ino,
		.va_dev = vp->v_vfs->vfs_dev,
		.va_rdev = vp->v_rdev,
		.va_blksize = 1024,
		.va_atime = pn.pn_time,
		.va_mtime = pn.pn_time,
		.va_ctime = pn.pn_time,
	};
	return 0;
}

static int pts_setattr(struct vnode *vp, const struct vattr *va)
{
	struct pty_node pn;

	if (vp->v_ino == INO_ROOT)
		return -EPERM;
	if (!pty_get_node(node_number(vp), &pn))
		return -EIO;
	if (va->va_mask & VA_MODE)
		pn.pn_mode = va->va_mode & 07777;
	if (va->va_mask & VA_UID)
		pn.pn_uid = va->va_uid;
	if (va->va_mask & VA_GID)
		pn.pn_gid = va->va_gid;
	if (va->va_mask & VA_MTIME)
		pn.pn_time = va->va_mtime;
	pty_set_node(node_number(vp), &pn);
	return 0;
}

static const struct vnodeops pts_dirops = {
	.vop_getattr = pts_getattr,
	.vop_setattr = pts_setattr,
	.vop_lookup = pts_lookup,
	.vop_readdir = pts_readdir,
};

static const struct vnodeops pts_nodeops = {
	.vop_getattr = pts_getattr,
	.vop_setattr = pts_setattr,
};

static int pts_mount(struct vfs *vfs, const char *dev, const char *options)
{
	return get_vnode(vfs, INO_ROOT, &vfs->vfs_root);
}

static int pts_unmount(struct vfs *vfs)
{
	return 0;
}

static int pts_statfs(struct vfs *vfs, struct statfs_k *st)
{
	st->f_type = K_MAGIC_DEVPTS;
	st->f_bsize = st->f_frsize = PAGE_SIZE;
	st->f_namelen = 255;
	return 0;
}

static const struct vfsops pts_vfsops = {
	.vfs_mount = pts_mount,
	.vfs_unmount = pts_unmount,
	.vfs_statfs = pts_statfs,
};

static struct fstype pts_type = { .fs_name = "devpts", .fs_ops = &pts_vfsops, .fs_nodev = true };

void pts_init(void)
{
	u64 now = clock_real_ns();

	begin.tv_sec = (s64)(now / NSEC_PER_SEC);
	begin.tv_nsec = (u32)(now % NSEC_PER_SEC);
	fstype_register(&pts_type);
}

int pts_show(void)
{
	int error = names_mkdir(rootvp, "dev/pts", 0755);

	return error ? error : vfs_domount("devpts", "/dev/pts", "devpts", 0, NULL);
}
