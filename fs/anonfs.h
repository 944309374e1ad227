/* SPDX-License-Identifier: MIT */
/*
 * File systems that are never mounted. They give vnodes without a name (pipes,
 * block devices) an st_dev, a statfs and a vfs.
 */
#ifndef FS_ANONFS_H
#define FS_ANONFS_H

#include "fs/vnode.h"

extern struct vfs pipefs, bdevfs;

void anonfs_init(void);
/* A new inode number for a vnode of such a file system. */
ino_t anonfs_ino(void);
/* Device numbers for them, from (0, 255) down; mounts count up from (0, 1). */
dev_t anonfs_dev(void);

#endif
