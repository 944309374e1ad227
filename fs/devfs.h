/* SPDX-License-Identifier: MIT */
/* /dev. fs/dev.h says how drivers enter their devices. */
#ifndef FS_DEVFS_H
#define FS_DEVFS_H

void devfs_init(void);

#endif
