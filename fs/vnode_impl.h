/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the vnode layer: the vnode cache's lock, and functions
 * for mounts and reclaim.
 */
#ifndef FS_VNODE_IMPL_H
#define FS_VNODE_IMPL_H

#include "fs/vnode.h"

/*
 * Hash, inactive list, v_flags, steps of v_ref from and to 0, name cache, list
 * of mounts (LR_VFS).
 */
extern struct spinlock vfs_lock;

void vnode_cache_init(void);
void namecache_init(void);

/*
 * Takes a reference, also from 0; false if the vnode is being freed (V_BUSY).
 * vfs_lock held.
 */
bool vnode_ref_locked(struct vnode *vp);
/*
 * Frees up to `want` inactive vnodes (of vfs; NULL: of all) that need no
 * writing, oldest first; returns how many. Sleeps.
 */
u32 vnode_reclaim(struct vfs *vfs, u32 want);

#endif
