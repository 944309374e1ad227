/* SPDX-License-Identifier: MIT */
/* /proc. */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

void procfs_init(void);

#endif
