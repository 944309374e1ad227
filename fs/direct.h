/* SPDX-License-Identifier: MIT */
/*
 * O_DIRECT on block devices: whole pages between the device and the frames of the caller's own memory, past the page cache.
 *
 * Other processes see what was written: pages of the cache are written first and forgotten, under v_lock, which keeps others from
 * writing meanwhile. Who changes the memory during the call gets, or writes, some of both.
 */
#ifndef FS_DIRECT_H
#define FS_DIRECT_H

#include "fs/vnode.h"

/* Can this transfer go direct: offset, length and all user addresses whole pages, within the device? */
bool direct_possible(const struct vnode *vp, const struct uio *u);
/* Moves what it can, by uio_resid. -EFAULT, -EIO, -ENOMEM. May sleep */
int direct_move(struct vnode *vp, struct uio *u);

#endif
