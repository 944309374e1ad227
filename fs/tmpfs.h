/* SPDX-License-Identifier: MIT */
/* tmpfs, as the rest of the kernel sees it: files in memory that have no name at all. */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include "fs/vnode.h"

void tmpfs_init(void);

/*
 * A regular file of size bytes, all zero, in no directory: shared anonymous memory (mm's
 * shm_vnode_create) and memfd_create(2). Gone with its last reference. -ENOMEM, -EINVAL (too large)
 */
int tmpfs_unnamed(u64 size, struct vnode **vpp);

/*
 * A directory, FIFO or device node with these permissions that has been removed already. `parent`, NULL but for a directory, is where its ".." leads; a
 * reference of its own. -ENOMEM
 */
int tmpfs_removed(mode_t mode, dev_t rdev, struct vnode *parent, struct vnode **vpp);

/* Pages that files of all mounts hold. */
u32 tmpfs_pages(void);

#endif
