/* SPDX-License-Identifier: MIT */
/*
 * The name cache: what a name in a directory led to last time, or that it led nowhere.
 *
 * namei() fills it, under the directory's lock. Whoever changes a name (fs/names.c, fs/rename.c) forgets it under
 * the same lock, so a cached answer is never older than the directory. Directories with V_DYNAMIC are left out.
 */
#ifndef FS_NAMECACHE_H
#define FS_NAMECACHE_H

#include "fs/vnode.h"

/* Forgets what (dvp, name) led to, also a "not there". dvp locked. */
void namecache_remove(struct vnode *dvp, const char *name, u32 len);
/* Forgets all names in and of vp: a directory that was removed. */
void namecache_purge(struct vnode *vp);

#endif
