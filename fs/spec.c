/* SPDX-License-Identifier: MIT */
/*
 * Device nodes: open, read, write, ioctl and poll on them, on any file system.
 *
 * The calls on a character device go to its driver by major number. A block
 * device has one vnode of its own (bdev_vnode); all nodes and mounted file
 * systems see it through that vnode's page cache. f_data of an open file holds
 * a reference on it.
 */
#include "fs/anonfs.h"
#include "fs/bio.h"
#include "fs/dev.h"
#include "fs/direct.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/pagecache.h"
#include "fs/poll.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/abi/stat.h"
#include "kernel/dev/blk.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/cred.h"

#define NMAJOR 256u

/* Filled at start-up, then read without a lock. */
static const struct cdevops *cdevs[NMAJOR];

void cdev_register(u32 major, const struct cdevops *ops)
{
	VERIFY(major < NMAJOR && !cdevs[major]);
	cdevs[major] = ops;
}

static const struct cdevops *cdev_of(const struct vnode *vp)
{
	u32 major = DEVMAJOR(vp->v_rdev);

	return major < NMAJOR ? cdevs[major] : NULL;
}

static struct vnode *bdev_of(const struct file *f)
{
	return f->f_data;
}

static int open_block(struct vnode *vp, struct file *f)
{
	struct vnode *bvp;
	int error;

	error = bdev_vnode(vp->v_rdev, &bvp);
	if (error)
		return error;
	if ((f->f_flags & O_ACCMODE) != O_RDONLY && ((struct bdev *)bvp->v_data)->bd_readonly) {
		vn_rele(bvp);
		return -EROFS;
	}
	f->f_data = bvp;
	return 0;
}

static int spec_open(struct vnode *vp, struct file *f)
{
	const struct cdevops *d;

	if (vp->v_vfs->vfs_flags & VFS_MS_NODEV)
		return -EACCES;
	if (vp->v_type == VBLK)
		return open_block(vp, f);
	d = cdev_of(vp);
	if (!d)
		return -ENXIO;
	return d->d_open ? d->d_open(vp->v_rdev, f) : 0;
}

static void spec_close(struct vnode *vp, struct file *f)
{
	if (vp->v_type == VBLK)
		vn_rele(bdev_of(f));
	else if (cdev_of(vp)->d_close)
		cdev_of(vp)->d_close(vp->v_rdev, f);
}

static bool goes_direct(const struct file *f, const struct uio *u)
{
	return (f->f_flags & O_DIRECT) && direct_possible(bdev_of(f), u);
}

static int spec_read(struct vnode *vp, struct uio *u, struct file *f)
{
	const struct cdevops *d;

	if (vp->v_type == VBLK)
		return goes_direct(f, u) ? direct_move(bdev_of(f), u) : pc_read(bdev_of(f), u);
	d = cdev_of(vp);
	return d->d_read ? d->d_read(vp->v_rdev, u, f) : -EINVAL;
}

static int spec_write(struct vnode *vp, struct uio *u, struct file *f)
{
	const struct cdevops *d;

	if (vp->v_type == VBLK)
		return goes_direct(f, u) ? direct_move(bdev_of(f), u)
					 : bdev_of(f)->v_op->vop_write(bdev_of(f), u, f);
	d = cdev_of(vp);
	return d->d_write ? d->d_write(vp->v_rdev, u, f) : -EINVAL;
}

static int put_u32(uaddr_t arg, u32 value)
{
	return copyout(arg, &value, sizeof(value));
}

static int block_ioctl(struct vnode *bvp, u32 cmd, uaddr_t arg)
{
	const struct bdev *bd = bvp->v_data;

	switch (cmd) {
	case K_BLKGETSIZE: return bd->bd_sectors > ~0u ? -EFBIG : put_u32(arg, (u32)bd->bd_sectors);
	case K_BLKGETSIZE64: return copyout(arg, &bvp->v_size, sizeof(bvp->v_size));
	case K_BLKSSZGET:
	case K_BLKPBSZGET: return put_u32(arg, SECTOR_SIZE);
	case K_BLKBSZGET: return put_u32(arg, PAGE_SIZE);
	case K_BLKROGET: return put_u32(arg, bd->bd_readonly);
	case K_BLKFLSBUF: return cred_super(cred_cur()) ? vn_fsync(bvp, false) : -EACCES;
	default: return -ENOTTY;
	}
}

static int spec_ioctl(struct vnode *vp, struct file *f, u32 cmd, uaddr_t arg)
{
	const struct cdevops *d;

	if (vp->v_type == VBLK)
		return block_ioctl(bdev_of(f), cmd, arg);
	d = cdev_of(vp);
	return d->d_ioctl ? d->d_ioctl(vp->v_rdev, f, cmd, arg) : -ENOTTY;
}

static u32 spec_poll(struct vnode *vp, struct file *f, struct poller *p)
{
	if (vp->v_type == VCHR && cdev_of(vp)->d_poll)
		return cdev_of(vp)->d_poll(vp->v_rdev, f, p);
	return K_POLLIN | K_POLLOUT | K_POLLRDNORM | K_POLLWRNORM;
}

const struct vnodeops spec_vnodeops = {
	.vop_open = spec_open,
	.vop_close = spec_close,
	.vop_read = spec_read,
	.vop_write = spec_write,
	.vop_ioctl = spec_ioctl,
	.vop_poll = spec_poll,
};
