/* SPDX-License-Identifier: MIT */
/* Checks that fs/names.c and fs/rename.c share. Directories are locked by the caller. */
#ifndef FS_NAMES_IMPL_H
#define FS_NAMES_IMPL_H

#include "fs/names.h"

int name_lookup_locked(const struct nameparent *np, struct vnode **vpp);
/* May a name that is not there be added to dvp? -ENOENT (dvp was removed), -EROFS, -EACCES */
int name_may_add(struct vnode *dvp);
/*
 * May the name of vp go from dvp: write permission, the sticky bit, the right type, mount points.
 */
int name_may_remove(struct vnode *dvp, struct vnode *vp, bool dir);

#endif
