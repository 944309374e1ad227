/* SPDX-License-Identifier: MIT */
/* The file systems of vnodes that have no name. */
#include "fs/anonfs.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/statfs.h"
#include "kernel/lib/string.h"

struct vfs pipefs, bdevfs;

static volatile u32 next_ino, next_dev;

ino_t anonfs_ino(void)
{
	return __atomic_add_fetch(&next_ino, 1, __ATOMIC_RELAXED);
}

dev_t anonfs_dev(void)
{
	return MAKEDEV(0, 256 - __atomic_add_fetch(&next_dev, 1, __ATOMIC_RELAXED));
}

static int anonfs_statfs(struct vfs *vfs, struct statfs_k *st)
{
	*st = (struct statfs_k){
		.f_type = vfs == &pipefs ? K_MAGIC_PIPEFS : K_MAGIC_BDEVFS,
		.f_bsize = PAGE_SIZE,
		.f_frsize = PAGE_SIZE,
		.f_namelen = 255,
	};
	return 0;
}

static int anonfs_mount(struct vfs *vfs, const char *dev, const char *options)
{
	return -EINVAL;
}

static const struct vfsops anonfs_ops = { .vfs_mount = anonfs_mount, .vfs_statfs = anonfs_statfs };
static const struct fstype pipefs_type = { .fs_name = "pipefs", .fs_ops = &anonfs_ops, .fs_nodev = true };
static const struct fstype bdevfs_type = { .fs_name = "bdev", .fs_ops = &anonfs_ops, .fs_nodev = true };

static void anonfs_init_one(struct vfs *vfs, const struct fstype *type)
{
	list_init(&vfs->vfs_link);
	vfs->vfs_type = type;
	vfs->vfs_dev = anonfs_dev();
	mutex_init(&vfs->vfs_renamelock, "rename", LR_FS_RENAME);
	strlcpy_k(vfs->vfs_source, type->fs_name, sizeof(vfs->vfs_source));
}

void anonfs_init(void)
{
	anonfs_init_one(&pipefs, &pipefs_type);
	anonfs_init_one(&bdevfs, &bdevfs_type);
}
