/* SPDX-License-Identifier: MIT */
/*
 * Counters: a number behind a descriptor, as of eventfd(2). read(2) takes the
 * count, and waits while it is 0; write(2) adds to it, and waits while the sum
 * would be above COUNTER_MAX. Both move 8 bytes.
 *
 * A counter is an unnamed vnode of type VNON: no other vnode has that type.
 * Lock: the counter's own mutex (LR_PIPE).
 */
#ifndef FS_COUNTER_H
#define FS_COUNTER_H

#include "fs/vnode.h"

#define COUNTER_MAX 0xfffffffffffffffeull

/*
 * Makes a counter with the count 0, for file_open_vnode().
 * Errors: -ENOMEM
 */
int counter_create(struct vnode **vpp);

/*
 * For images: sets *files to the number of open files of the counter.
 * Returns: the count.
 */
u64 counter_get(struct vnode *vp, u32 *files);
void counter_set(struct vnode *vp, u64 count);

#endif
