/* SPDX-License-Identifier: MIT */
/*
 * Block devices as vnodes: one for each device in use, found by device number.
 *
 * The list holds no references. A vnode leaves it when it is freed, after its
 * dirty pages were written. A lookup of the device waits for that, so that a
 * disk never has two caches.
 */
#include "fs/anonfs.h"
#include "fs/bio.h"
#include "fs/dev.h"
#include "fs/namei.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/dev/blk.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/sched/sleep.h"

struct bdevnode {
	struct list bn_link;
	dev_t bn_dev;
	struct vnode *bn_vp; /* NULL: being made */
};

static struct spinlock bdevs_lock = SPINLOCK_INIT("bdev-vnodes", LR_FDTAB);
static struct list bdevs = LIST_INIT(bdevs);

static int bdev_read(struct vnode *vp, struct uio *u, struct file *f)
{
	return pc_read(vp, u);
}

/* The size of a disk is fixed. */
static int bdev_write(struct vnode *vp, struct uio *u, struct file *f)
{
	size_t want = u->uio_resid, cut;
	int error;

	if (want == 0)
		return 0;
	if ((u64)u->uio_offset >= vp->v_size)
		return -ENOSPC;
	if (((struct bdev *)vp->v_data)->bd_readonly)
		return -EROFS;
	want = (size_t)MIN((u64)want, vp->v_size - (u64)u->uio_offset);
	cut = u->uio_resid - want;
	u->uio_resid = want;
	error = pc_write(vp, u, 0);
	u->uio_resid += cut;
	return error;
}

static int bdev_getattr(struct vnode *vp, struct vattr *va)
{
	va->va_type = VBLK;
	va->va_mode = S_IFBLK | 0600;
	va->va_nlink = 1;
	va->va_dev = bdevfs.vfs_dev;
	va->va_rdev = vp->v_rdev;
	va->va_size = vp->v_size;
	va->va_blksize = PAGE_SIZE;
	return 0;
}

static int bdev_fsync(struct vnode *vp, bool datasync)
{
	int error = pc_flush(vp, 0, PC_END, true);
	int error2 = bio_flush(vp->v_data);

	return error ? error : error2;
}

static bool bdev_inactive(struct vnode *vp)
{
	return true;
}

static void bdev_reclaim(struct vnode *vp)
{
	struct bdevnode *bn;

	spin_lock(&bdevs_lock);
	list_for_each(bn, &bdevs, bn_link) {
		if (bn->bn_vp == vp)
			break;
	}
	ASSERT(&bn->bn_link != &bdevs);
	list_remove(&bn->bn_link);
	wakeup(&bdevs);
	spin_unlock(&bdevs_lock);
	kfree(bn);
}

static const struct vnodeops bdev_vnodeops = {
	.vop_read = bdev_read,
	.vop_write = bdev_write,
	.vop_getattr = bdev_getattr,
	.vop_fsync = bdev_fsync,
	.vop_getpage = bdev_getpage,
	.vop_getpages = bdev_getpages,
	.vop_putpages = bdev_putpages,
	.vop_inactive = bdev_inactive,
	.vop_reclaim = bdev_reclaim,
};

static struct bdevnode *bdev_find_node(dev_t dev)
{
	struct bdevnode *bn;

	list_for_each(bn, &bdevs, bn_link) {
		if (bn->bn_dev == dev)
			return bn;
	}
	return NULL;
}

/*
 * Makes the vnode of a device that has none: fills bn, which is on the list
 * already.
 */
static int bdev_make(struct bdevnode *bn, struct bdev *bd, struct vnode **vpp)
{
	struct vnode *vp = vnode_anon(&bdevfs, VBLK, &bdev_vnodeops);

	if (!vp) {
		spin_lock(&bdevs_lock);
		list_remove(&bn->bn_link);
		wakeup(&bdevs);
		spin_unlock(&bdevs_lock);
		kfree(bn);
		return -ENOMEM;
	}
	vp->v_data = bd;
	vp->v_rdev = bd->bd_rdev;
	vp->v_size = bd->bd_sectors * SECTOR_SIZE;
	vp->v_ino = anonfs_ino();
	spin_lock(&bdevs_lock);
	bn->bn_vp = vp;
	wakeup(&bdevs);
	spin_unlock(&bdevs_lock);
	*vpp = vp;
	return 0;
}

int bdev_vnode(dev_t dev, struct vnode **vpp)
{
	struct bdev *bd = bdev_find(dev);
	struct bdevnode *bn, *fresh;

	if (!bd)
		return -ENXIO;
	fresh = kzalloc(sizeof(*fresh), 0);
	if (!fresh)
		return -ENOMEM;
	fresh->bn_dev = dev;
	spin_lock(&bdevs_lock);
	while ((bn = bdev_find_node(dev)) != NULL) {
		if (bn->bn_vp && vn_tryhold(bn->bn_vp)) {
			*vpp = bn->bn_vp;
			spin_unlock(&bdevs_lock);
			kfree(fresh);
			return 0;
		}
		sleep(&bdevs, &bdevs_lock, 0, 0);
	}
	list_push_back(&bdevs, &fresh->bn_link);
	spin_unlock(&bdevs_lock);
	return bdev_make(fresh, bd, vpp);
}

/* Parses "253:0"; false: another form. */
static bool parse_pair(const char *name, dev_t *dev)
{
	const char *p, *q;
	u64 major = strtou64(name, &p, 10), minor;

	if (p == name || *p != ':')
		return false;
	minor = strtou64(p + 1, &q, 10);
	if (q == p + 1 || *q || major > 0xfff || minor > 0xff)
		return false;
	*dev = MAKEDEV((u32)major, (u32)minor);
	return true;
}

/* The device of a device node's path, once there is a root file system. */
static int device_at(const char *path, dev_t *dev)
{
	struct vnode *vp;
	int error;

	if (!rootvp)
		return -ENODEV;
	error = namei(NULL, path, 0, &vp);
	if (error)
		return error;
	if (vp->v_type == VBLK)
		*dev = vp->v_rdev;
	else
		error = -ENOTBLK;
	vn_rele(vp);
	return error;
}

int bdev_byname(const char *name, dev_t *dev)
{
	const char *base = strncmp(name, "/dev/", 5) == 0 ? name + 5 : name;
	struct bdev *bd;

	if (parse_pair(name, dev))
		return bdev_find(*dev) ? 0 : -ENODEV;
	bd = bdev_find_name(base);
	if (!bd)
		return device_at(name, dev);
	*dev = bd->bd_rdev;
	return 0;
}
