/* SPDX-License-Identifier: MIT */
/*
 * ext2 for the rest of the kernel: the file system type "ext2". The inside is
 * described in fs/ext2/ext2.h.
 */
#ifndef FS_EXT2_H
#define FS_EXT2_H

void ext2_init(void);

#endif
