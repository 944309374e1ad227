/* SPDX-License-Identifier: MIT */
/*
 * Mounted file systems: their list, mounting and unmounting, sync of all,
 * shutdown.
 *
 * A mount joins two vnodes: v_mounted of the covered directory is the vfs,
 * vfs_covered of the vfs the directory. namei() steps from one to the other.
 * Locks: mount_lock (LR_MOUNT) around changes and walks of the list; also
 *   vfs_lock where V_MOUNTED changes.
 */
#include "fs/dev.h"
#include "fs/namecache.h"
#include "fs/namei.h"
#include "fs/pagecache.h"
#include "fs/vnode_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

struct vnode *rootvp;

static struct list mounts = LIST_INIT(mounts);
static struct list fstypes = LIST_INIT(fstypes);
static struct mutex mount_lock;
static u32 next_nodev = 1; /* minor numbers of file systems without a device */

void vfs_init(void)
{
	mutex_init(&mount_lock, "mounts", LR_MOUNT);
	radix_module_init();
	/*
	 * Before the vnode cache: when memory is short, pages not used lately
	 * are freed first, then whole files.
	 */
	pagecache_init();
	vnode_cache_init();
	namecache_init();
}

void fstype_register(struct fstype *fs)
{
	list_push_back(&fstypes, &fs->fs_link);
}

void fstype_foreach(void (*fn)(const struct fstype *fs, void *arg), void *arg)
{
	struct fstype *fs;

	list_for_each(fs, &fstypes, fs_link)
		fn(fs, arg);
}

static const struct fstype *fstype_find(const char *name)
{
	struct fstype *fs;

	list_for_each(fs, &fstypes, fs_link) {
		if (strcmp(fs->fs_name, name) == 0)
			return fs;
	}
	return NULL;
}

/* Is option `want` in the text "a,b=1,c"? */
static bool option_set(const char *options, const char *want)
{
	size_t n = strlen(want);

	while (options && *options) {
		const char *comma = strchr(options, ',');

		if (strncmp(options, want, n) == 0 && (options[n] == 0 || options[n] == ','))
			return true;
		options = comma ? comma + 1 : NULL;
	}
	return false;
}

/*
 * Mounts a vfs over a directory, and keeps a reference on it.
 * Errors: -EBUSY, -ENOENT (the directory was removed)
 * Locks: mount_lock held.
 */
static int cover(struct vfs *vfs, struct vnode *vp)
{
	int error = 0;

	ASSERT(mutex_held(&mount_lock));
	spin_lock(&vfs_lock);
	if (vp->v_flags & (V_ROOT | V_MOUNTED | V_UNLINKED)) {
		error = vp->v_flags & V_UNLINKED ? -ENOENT : -EBUSY;
	} else {
		vp->v_mounted = vfs;
		vp->v_flags |= V_MOUNTED;
		vfs->vfs_covered = vp;
		vn_hold(vp);
	}
	spin_unlock(&vfs_lock);
	return error;
}

static void uncover(struct vfs *vfs)
{
	struct vnode *vp = vfs->vfs_covered;

	if (!vp)
		return;
	spin_lock(&vfs_lock);
	vp->v_flags &= ~V_MOUNTED;
	vp->v_mounted = NULL;
	vfs->vfs_covered = NULL;
	spin_unlock(&vfs_lock);
	vn_rele(vp);
}

static int open_device(struct vfs *vfs, dev_t dev)
{
	struct vfs *other;

	list_for_each(other, &mounts, vfs_link) {
		if (other->vfs_bdevvp && other->vfs_dev == dev)
			return -EBUSY;
	}
	vfs->vfs_dev = dev;
	return bdev_vnode(dev, &vfs->vfs_bdevvp);
}

/*
 * Frees the vnodes of vfs. All must be inactive but the root, which only the
 * mount holds.
 * Errors: -EBUSY, with nothing lost
 */
static int empty_cache(struct vfs *vfs)
{
	struct vnode *root = vfs->vfs_root;

	while (vnode_reclaim(vfs, 64) > 0)
		;
	if (vfs->vfs_nvnodes > 1 || root->v_ref > 1)
		return -EBUSY;
	vnode_setflags(root, V_NOCACHE, V_ROOT);
	vfs->vfs_root = NULL;
	vn_rele(root);
	return 0;
}

static void vfs_free(struct vfs *vfs)
{
	if (vfs->vfs_bdevvp)
		vn_rele(vfs->vfs_bdevvp);
	kfree(vfs);
}

/*
 * Undoes vfs_mount: no name leads to the new file system yet, so it is not in
 * use.
 */
static void abandon(struct vfs *vfs)
{
	const struct vfsops *ops = vfs->vfs_type->fs_ops;

	if (ops->vfs_letgo)
		VERIFY(ops->vfs_letgo(vfs) == 0);
	VERIFY(empty_cache(vfs) == 0);
	ops->vfs_unmount(vfs);
}

/* The source and target of a new mount, as names and as vnodes. */
struct place {
	const char *pl_source, *pl_path;
	dev_t pl_dev;
	struct vnode *pl_over; /* NULL: it becomes the root */
};

/* Locks: mount_lock held. */
static int mount_new(const struct fstype *fs, const struct place *pl, u32 flags, const char *options)
{
	struct vfs *vfs = kzalloc(sizeof(*vfs), 0);
	int error;

	ASSERT(mutex_held(&mount_lock));
	if (!vfs)
		return -ENOMEM;
	vfs->vfs_type = fs;
	vfs->vfs_readonly = (flags & VFS_MS_RDONLY) != 0;
	vfs->vfs_flags = flags & VFS_MS_KEPT;
	vfs->vfs_dev = MAKEDEV(0, next_nodev);
	mutex_init(&vfs->vfs_renamelock, "rename", LR_FS_RENAME);
	strlcpy_k(vfs->vfs_source, pl->pl_source ? pl->pl_source : "none", sizeof(vfs->vfs_source));
	strlcpy_k(vfs->vfs_path, pl->pl_path ? pl->pl_path : "/", sizeof(vfs->vfs_path));
	if (fs->fs_nodev) {
		next_nodev++;
	} else {
		error = open_device(vfs, pl->pl_dev);
		if (error)
			goto out_free;
	}
	error = fs->fs_ops->vfs_mount(vfs, pl->pl_source, options);
	if (error)
		goto out_free;
	vnode_setflags(vfs->vfs_root, V_ROOT, 0);
	if (pl->pl_over) {
		error = cover(vfs, pl->pl_over);
		if (error)
			goto out_unmount;
	} else {
		rootvp = vfs->vfs_root;
	}
	list_push_back(&mounts, &vfs->vfs_link);
	return 0;

out_unmount:
	abandon(vfs);
out_free:
	vfs_free(vfs);
	return error;
}

/* Locks: mount_lock held. */
static int remount(struct vnode *root, u32 flags)
{
	bool readonly = (flags & VFS_MS_RDONLY) != 0;
	struct vfs *vfs = root->v_vfs;
	int error = 0;

	ASSERT(mutex_held(&mount_lock));
	if (!(root->v_flags & V_ROOT))
		return -EINVAL;
	if (readonly != vfs->vfs_readonly && vfs->vfs_type->fs_ops->vfs_remount)
		error = vfs->vfs_type->fs_ops->vfs_remount(vfs, readonly);
	if (!error)
		vfs->vfs_flags = flags & VFS_MS_KEPT;
	return error;
}

/*
 * Looks up the names of a mount. Returns pl_over with a reference.
 * Locks: none, since links of /proc on the way take locks that come before
 *   mount_lock.
 */
static int vfs_find_place(struct place *pl, const struct fstype *fs, bool again)
{
	int error = pl->pl_path ? namei(NULL, pl->pl_path, again ? 0 : NI_DIRECTORY, &pl->pl_over) : 0;

	if (error || again)
		return error;
	if (!fs)
		error = -ENODEV;
	else if (!fs->fs_nodev)
		error = pl->pl_source ? bdev_byname(pl->pl_source, &pl->pl_dev) : -EINVAL;
	if (error && pl->pl_over)
		vn_rele(pl->pl_over);
	return error;
}

int vfs_domount(const char *source, const char *path, const char *type, u32 flags, const char *options)
{
	const struct fstype *fs = type ? fstype_find(type) : NULL;
	struct place pl = { .pl_source = source, .pl_path = path };
	bool again = flags & VFS_MS_REMOUNT;
	int error = vfs_find_place(&pl, fs, again);

	assert_may_sleep("vfs_domount");
	if (error)
		return error;
	if (option_set(options, "ro"))
		flags |= VFS_MS_RDONLY;
	mutex_lock(&mount_lock);
	if (again)
		error = pl.pl_over ? remount(pl.pl_over, flags) : -EINVAL;
	else
		error = mount_new(fs, &pl, flags, options);
	mutex_unlock(&mount_lock);
	if (pl.pl_over)
		vn_rele(pl.pl_over);
	return error;
}

static bool has_mounts_below(const struct vfs *vfs)
{
	struct vfs *other;

	list_for_each(other, &mounts, vfs_link) {
		if (other->vfs_covered && other->vfs_covered->v_vfs == vfs)
			return true;
	}
	return false;
}

static int unmount_locked(struct vfs *vfs)
{
	const struct vfsops *ops = vfs->vfs_type->fs_ops;
	int error;

	if (!vfs->vfs_covered || has_mounts_below(vfs))
		return -EBUSY;
	if (ops->vfs_sync)
		ops->vfs_sync(vfs, true);
	/* From here on namei() does not enter it; lwps inside go on. */
	spin_lock(&vfs_lock);
	vfs->vfs_covered->v_flags &= ~V_MOUNTED;
	spin_unlock(&vfs_lock);
	error = ops->vfs_letgo ? ops->vfs_letgo(vfs) : 0;
	if (!error)
		error = empty_cache(vfs);
	if (error) {
		spin_lock(&vfs_lock);
		vfs->vfs_covered->v_flags |= V_MOUNTED;
		spin_unlock(&vfs_lock);
		return error;
	}
	list_remove(&vfs->vfs_link);
	uncover(vfs);
	error = ops->vfs_unmount(vfs);
	vfs_free(vfs);
	return error;
}

int vfs_unmount(const char *path, u32 flags)
{
	struct vnode *root;
	int error = namei(NULL, path, 0, &root);

	if (error)
		return error;
	mutex_lock(&mount_lock);
	if (root->v_flags & V_ROOT) {
		/*
		 * mount_lock keeps the mount; a reference would make it busy.
		 */
		struct vfs *vfs = root->v_vfs;

		vn_rele(root);
		error = unmount_locked(vfs);
	} else {
		vn_rele(root);
		error = -EINVAL;
	}
	mutex_unlock(&mount_lock);
	return error;
}

int vfs_sync_all(bool wait)
{
	struct vfs *vfs;
	int error, first = 0;

	mutex_lock(&mount_lock);
	list_for_each(vfs, &mounts, vfs_link) {
		if (!vfs->vfs_type->fs_ops->vfs_sync)
			continue;
		error = vfs->vfs_type->fs_ops->vfs_sync(vfs, wait);
		if (error && !first)
			first = error;
	}
	mutex_unlock(&mount_lock);
	return first;
}

void vfs_foreach(bool (*fn)(struct vfs *vfs, void *arg), void *arg)
{
	struct vfs *vfs;

	mutex_lock(&mount_lock);
	list_for_each(vfs, &mounts, vfs_link) {
		if (!fn(vfs, arg))
			break;
	}
	mutex_unlock(&mount_lock);
}

void vfs_dirty(struct vfs *vfs)
{
	if (vfs->vfs_dirtied)
		return;
	vfs->vfs_dirtied = clock_mono_ns() | 1;
	writeback_poke();
}

bool vfs_has_uuid(const struct vfs *vfs)
{
	static const u8 none[sizeof(vfs->vfs_uuid)];

	return memcmp(vfs->vfs_uuid, none, sizeof(none)) != 0;
}

/* As on Linux: both halves of the UUID in one, or the device number. */
static void fill_fsid(const struct vfs *vfs, struct statfs_k *st)
{
	u32 half[4];

	if (vfs_has_uuid(vfs)) {
		memcpy(half, vfs->vfs_uuid, sizeof(half));
		st->f_fsid[0] = half[0] ^ half[2];
		st->f_fsid[1] = half[1] ^ half[3];
	} else {
		st->f_fsid[0] = vfs->vfs_dev;
	}
}

int vfs_statfs(struct vfs *vfs, struct statfs_k *st)
{
	int error;

	*st = (struct statfs_k){ .f_bsize = PAGE_SIZE, .f_frsize = PAGE_SIZE };
	if (!vfs || !vfs->vfs_type->fs_ops->vfs_statfs)
		return -ENOSYS;
	fill_fsid(vfs, st);
	st->f_namelen = NAME_MAX_K;
	/* The ST_* bits are the same. */
	st->f_flags = vfs->vfs_flags | (vfs->vfs_readonly ? 1 : 0);
	error = vfs->vfs_type->fs_ops->vfs_statfs(vfs, st);
	return error;
}

void vfs_shutdown(void)
{
	struct vfs *vfs;

	mutex_lock(&mount_lock);
	list_for_each(vfs, &mounts, vfs_link) {
		const struct vfsops *ops = vfs->vfs_type->fs_ops;

		if (ops->vfs_sync)
			ops->vfs_sync(vfs, true);
		vfs->vfs_ending = true;
		if (!vfs->vfs_readonly && ops->vfs_remount && ops->vfs_remount(vfs, true) < 0)
			printk("vfs: %s on %s could not be made read-only\n", vfs->vfs_source, vfs->vfs_path);
	}
	mutex_unlock(&mount_lock);
}

void vfs_drop_caches(void)
{
	vfs_sync_all(true);
	namecache_purge_all();
	while (vnode_reclaim(NULL, 64) > 0)
		;
	pc_reclaim(PC_RECLAIM_ALL);
}
