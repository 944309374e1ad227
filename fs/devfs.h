/* SPDX-License-Identifier: MIT */
/* /dev: see fs/dev.h for how drivers enter their devices. */
#ifndef FS_DEVFS_H
#define FS_DEVFS_H

void devfs_init(void);

#endif
