/* SPDX-License-Identifier: MIT */
/*
 * Device switch: character devices by major number, for devfs and device nodes
 * on any file system. Block devices are vnodes over struct bdev
 * (kernel/dev/blk.h), read and written through the page cache of the device
 * vnode.
 *
 * Majors as on Linux: 1 mem (null 3, zero 5, full 7, random 8, urandom 9, kmsg
 * 11), 4 tty (ttyS0 64, ttyS1 65, tty1 1), 5 (tty 0, console 1), 253 virtio
 * disks
 */
#ifndef FS_DEV_H
#define FS_DEV_H

#include "fs/vnode.h"

struct cdevops {
	int (*d_open)(dev_t dev, struct file *f);
	void (*d_close)(dev_t dev, struct file *f);
	int (*d_read)(dev_t dev, struct uio *u, struct file *f);
	int (*d_write)(dev_t dev, struct uio *u, struct file *f);
	int (*d_ioctl)(dev_t dev, struct file *f, u32 cmd, uaddr_t arg);
	u32 (*d_poll)(dev_t dev, struct file *f, struct poller *p);
};

void cdev_register(u32 major, const struct cdevops *ops);
/* Makes name appear in /dev. */
void devfs_add(const char *name, enum vtype type, dev_t dev, mode_t mode);
/*
 * The one vnode through which a block device is read and written.
 * Errors: -ENXIO
 */
int bdev_vnode(dev_t dev, struct vnode **vpp);
/*
 * The vnodeops of device nodes on any fs for open, read, write, ioctl and poll.
 * Attributes stay with the fs.
 */
extern const struct vnodeops spec_vnodeops;
/*
 * Turns "/dev/vda", "vda" or "maj:min" into a device number, for root=.
 * Errors: -ENODEV
 */
int bdev_byname(const char *name, dev_t *dev);

#endif
