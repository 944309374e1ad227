/* SPDX-License-Identifier: MIT */
/* tmpfs for the rest of the kernel: files in memory without a name. */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include "fs/vnode.h"

void tmpfs_init(void);

/*
 * Makes a regular file of size bytes, all zero, in no directory, for shared
 * anonymous memory (mm's shm_vnode_create) and memfd_create(2). Freed with its
 * last reference.
 * Errors: -ENOMEM, -EINVAL (too large)
 */
int tmpfs_unnamed(u64 size, struct vnode **vpp);

/*
 * Makes a removed directory, FIFO or device node with these permissions.
 * `parent`: where the ".." of a directory leads, with a reference of its own;
 * else NULL.
 * Errors: -ENOMEM
 */
int tmpfs_removed(mode_t mode, dev_t rdev, struct vnode *parent, struct vnode **vpp);

/* The pages of the files of all mounts. */
u32 tmpfs_pages(void);

#endif
