/* SPDX-License-Identifier: MIT */
/*
 * The name cache: remembers the vnode that a name in a directory led to, or
 * that there was no such name.
 *
 * vn_lookup() fills it, under the directory's lock. Code that changes a name
 * (fs/names.c, fs/rename.c) removes the entry under the same lock, so a cached
 * answer is never older than the directory. Directories with V_DYNAMIC are left
 * out. An entry holds no references: it is removed when one of its vnodes is
 * freed.
 * Locks: the vnode cache's (LR_VFS).
 */
#ifndef FS_NAMECACHE_H
#define FS_NAMECACHE_H

#include "fs/vnode.h"

/*
 * Looks a name up. Returns 0 with a reference.
 * Errors: -ENOENT (known not to exist), -EAGAIN (not in the cache)
 * Locks: v_lock not needed.
 * Sleeps: never.
 */
int namecache_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp);
/*
 * Remembers that (dvp, name) leads to vp; NULL: that it does not exist. Does
 * nothing if memory is short.
 * Locks: v_lock of dvp held.
 * Sleeps: yes.
 */
void namecache_enter(struct vnode *dvp, const char *name, u32 len, struct vnode *vp);
/* Forgets (dvp, name), whether it existed or not. dvp locked. */
void namecache_remove(struct vnode *dvp, const char *name, u32 len);
/* Forgets all names in vp and of vp, a removed directory. */
void namecache_purge(struct vnode *vp);
/* Forgets everything. */
void namecache_purge_all(void);
/*
 * Copies the name by which dvp leads to vp, with its 0, to buf of NAME_MAX + 1
 * bytes; false: not known.
 */
bool namecache_name(struct vnode *dvp, struct vnode *vp, char *buf);

#endif
