/* SPDX-License-Identifier: MIT */
/* /proc. */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "kernel/lib/types.h"

struct vnode;

void procfs_init(void);
/* Does this file or directory tell of a process, and not of the system? (Then its name means something else another time.) */
bool procfs_of_process(const struct vnode *vp);

#endif
