/* SPDX-License-Identifier: MIT */
/* 9p: mounting and unmounting. */
#include "fs/p9.h"
#include "fs/p9/p9.h"

#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

/*
 * The folder with this tag is the same one at the next boot: the identity that
 * checkpoint images name comes from the tag alone. FNV-1a, with another start
 * for each word.
 */
static void make_uuid(const char *tag, u8 uuid[16])
{
	for (u32 word = 0; word < 4; word++) {
		u32 h = 2166136261u + word;

		for (const char *p = tag; *p; p++)
			h = (h ^ (u8)*p) * 16777619u;
		memcpy(uuid + 4 * word, &h, sizeof(h));
	}
}

static int p9_mount_root(struct vfs *vfs, struct p9mount *pm)
{
	u32 fid = p9_newfid(pm);
	int error = p9_version(pm);

	if (!error)
		error = p9_attach(pm, fid);
	if (!error)
		error = p9node_get(vfs, fid, &vfs->vfs_root);
	if (!error && vfs->vfs_root->v_type != VDIR) {
		vn_rele(vfs->vfs_root);
		vfs->vfs_root = NULL;
		error = -ENOTDIR;
	}
	return error;
}

/*
 * Options are those of the host's side; what Linux's mount.9p takes (trans=,
 * version=, msize=) is no news.
 */
static int p9_mount(struct vfs *vfs, const char *dev, const char *options)
{
	struct p9mount *pm = kzalloc(sizeof(*pm), 0);
	int error;

	if (!pm)
		return -ENOMEM;
	error = v9p_take(dev ? dev : "", &pm->pm_dev);
	if (error) {
		kfree(pm);
		return error;
	}
	vfs->vfs_data = pm;
	/* The host's set-id bits and devices are none of this machine's. */
	vfs->vfs_flags |= VFS_MS_NOSUID | VFS_MS_NODEV;
	make_uuid(dev, vfs->vfs_uuid);
	error = p9_mount_root(vfs, pm);
	if (error) {
		v9p_give_back(pm->pm_dev);
		kfree(pm);
	}
	return error;
}

static int p9_unmount(struct vfs *vfs)
{
	struct p9mount *pm = p9mount(vfs);

	v9p_give_back(pm->pm_dev);
	kfree(pm);
	return 0;
}

static int p9_sync(struct vfs *vfs, bool wait)
{
	return pc_flush_all(vfs);
}

static int p9vfs_statfs(struct vfs *vfs, struct statfs_k *st)
{
	return p9_statfs(p9mount(vfs), p9node(vfs->vfs_root)->pn_fid, st);
}

static int p9_remount(struct vfs *vfs, bool readonly)
{
	vfs->vfs_readonly = readonly;
	return 0;
}

static const struct vfsops p9_vfsops = {
	.vfs_mount = p9_mount,
	.vfs_unmount = p9_unmount,
	.vfs_sync = p9_sync,
	.vfs_statfs = p9vfs_statfs,
	.vfs_remount = p9_remount,
};

static struct fstype p9_type = { .fs_name = "9p", .fs_ops = &p9_vfsops, .fs_nodev = true };

void p9_init(void)
{
	p9node_init();
	fstype_register(&p9_type);
}
