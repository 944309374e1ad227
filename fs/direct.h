/* SPDX-License-Identifier: MIT */
/*
 * O_DIRECT on block devices: whole pages move between the device and the user's
 * own memory, past the page cache.
 *
 * Other processes see what was written: under v_lock, cached pages of the range
 * are written out and dropped first, and no other process can write meanwhile.
 * If a program changes the memory during the call, it gets or writes a mixture.
 */
#ifndef FS_DIRECT_H
#define FS_DIRECT_H

#include "fs/vnode.h"

/*
 * Can this transfer go direct? Offset, length and all user addresses must be
 * whole pages, within the device.
 */
bool direct_possible(const struct vnode *vp, const struct uio *u);
/*
 * Transfers as much as it can; uio_resid says how much is left.
 * Errors: -EFAULT, -EIO, -ENOMEM
 * Sleeps: yes.
 */
int direct_move(struct vnode *vp, struct uio *u);

#endif
