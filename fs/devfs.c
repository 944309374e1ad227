/* SPDX-License-Identifier: MIT */
/*
 * devfs, also under Linux's name devtmpfs: a tmpfs that the kernel fills with
 * the nodes of its devices. A user's changes there last as long as the mount.
 */
#include "fs/dev.h"
#include "fs/devfs.h"
#include "fs/tmpfs/tmpfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/dev/blk.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/cred.h"

#define GID_TTY 5u /* as in Debian's /etc/group */
#define GID_DISK 6u

struct devnode {
	struct list dn_link;
	const char *dn_name;
	mode_t dn_mode; /* with S_IFMT */
	dev_t dn_dev;
};

/* changes at start-up only */
static struct list devnodes = LIST_INIT(devnodes);

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

void devfs_add(const char *name, enum vtype type, dev_t dev, mode_t mode)
{
	struct devnode *dn = kmalloc(sizeof(*dn), 0);

	VERIFY(dn);
	dn->dn_name = name;
	dn->dn_mode = (type == VBLK ? S_IFBLK : S_IFCHR) | (mode & 07777);
	dn->dn_dev = dev;
	list_push_back(&devnodes, &dn->dn_link);
}

static gid_t group_of(mode_t mode)
{
	if (S_ISBLK(mode))
		return GID_DISK;
	return mode & 0020 && !(mode & 0006) ? GID_TTY : 0;
}

static int add_node(struct vnode *dir, const char *name, mode_t mode, dev_t dev)
{
	struct cred cr = { .cr_fsgid = group_of(mode) };
	struct vnode *vp;
	int error;

	error = dir->v_op->vop_create(dir, name, (u32)strlen(name), mode, dev, &cr, &vp);
	if (!error)
		vn_rele(vp);
	return error;
}

struct filling {
	struct vnode *fi_dir;
	int fi_error;
};

static void add_disk(struct bdev *bd, void *arg)
{
	struct filling *fi = arg;

	if (!fi->fi_error)
		fi->fi_error = add_node(fi->fi_dir, bd->bd_name, S_IFBLK | 0660, bd->bd_rdev);
}

/* Makes the nodes. The directory is locked. */
static int devfs_fill(struct vnode *dir)
{
	const struct cred root_cred = { 0 };
	struct filling fi = { .fi_dir = dir };
	struct devnode *dn;
	struct vnode *vp;

	list_for_each(dn, &devnodes, dn_link) {
		if (!fi.fi_error)
			fi.fi_error = add_node(dir, dn->dn_name, dn->dn_mode, dn->dn_dev);
	}
	bdev_foreach(add_disk, &fi);
	for (u32 i = 0; i < ARRAY_SIZE(links) && !fi.fi_error; i++)
		fi.fi_error = dir->v_op->vop_symlink(dir, links[i].name, (u32)strlen(links[i].name),
						     links[i].target, &root_cred);
	if (fi.fi_error)
		return fi.fi_error;
	/* For shm_open(3). */
	fi.fi_error = dir->v_op->vop_mkdir(dir, "shm", 3, 01777, &root_cred, &vp);
	if (!fi.fi_error)
		vn_rele(vp);
	return fi.fi_error;
}

static int devfs_mount(struct vfs *vfs, const char *dev, const char *options)
{
	int error;

	error = tmpfs_vfsops.vfs_mount(vfs, dev, "mode=755");
	if (error)
		return error;
	vn_lock(vfs->vfs_root);
	error = devfs_fill(vfs->vfs_root);
	vn_unlock(vfs->vfs_root);
	if (error) {
		tmpfs_vfsops.vfs_letgo(vfs);
		vn_rele(vfs->vfs_root);
		tmpfs_vfsops.vfs_unmount(vfs);
	}
	return error;
}

static struct vfsops devfs_vfsops;
static struct fstype devfs_type = { .fs_name = "devfs", .fs_ops = &devfs_vfsops, .fs_nodev = true };
static struct fstype devtmpfs_type = { .fs_name = "devtmpfs", .fs_ops = &devfs_vfsops, .fs_nodev = true };

void devfs_init(void)
{
	devfs_vfsops = tmpfs_vfsops;
	devfs_vfsops.vfs_mount = devfs_mount;
	fstype_register(&devfs_type);
	fstype_register(&devtmpfs_type);
}
