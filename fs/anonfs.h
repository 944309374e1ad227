/* SPDX-License-Identifier: MIT */
/*
 * File systems that are never mounted: they only give st_dev, statfs and a home to vnodes without a
 * name (pipes, block devices).
 */
#ifndef FS_ANONFS_H
#define FS_ANONFS_H

#include "fs/vnode.h"

extern struct vfs pipefs, bdevfs;

void anonfs_init(void);
/* A fresh inode number for a vnode of such a file system. */
ino_t anonfs_ino(void);
/* Device numbers for these, (0, 255) and down: mounts count from (0, 1) up. */
dev_t anonfs_dev(void);

#endif
