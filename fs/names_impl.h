/* SPDX-License-Identifier: MIT */
/*
 * Checks shared by fs/names.c and fs/rename.c. The caller locks the
 * directories.
 */
#ifndef FS_NAMES_IMPL_H
#define FS_NAMES_IMPL_H

#include "fs/names.h"

int name_lookup_locked(const struct nameparent *np, struct vnode **vpp);
/*
 * May a new name be added to dvp?
 * Errors: -ENOENT (dvp was removed), -EROFS, -EACCES
 */
int name_may_add(struct vnode *dvp);
/*
 * May the name of vp be removed from dvp? Checks write permission, the sticky
 * bit, the type, and mount points.
 */
int name_may_remove(struct vnode *dvp, struct vnode *vp, bool dir);

#endif
