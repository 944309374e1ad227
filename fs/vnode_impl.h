/* SPDX-License-Identifier: MIT */
/* What the files of the vnode layer share: the vnode cache's lock, and how mounts and reclaim reach into it. */
#ifndef FS_VNODE_IMPL_H
#define FS_VNODE_IMPL_H

#include "fs/vnode.h"

/* Hash, inactive list, v_flags, steps of v_ref from and to 0, name cache, list of mounts (LR_VFS). */
extern struct spinlock vfs_lock;

void vnode_cache_init(void);
void namecache_init(void);

/* Takes a reference, also from 0; false if the vnode is on its way out (V_BUSY). vfs_lock held. */
bool vnode_ref_locked(struct vnode *vp);
/* Frees up to `want` inactive vnodes (of vfs, or of all when NULL) that need no writing, oldest first; returns how many. May sleep. */
u32 vnode_reclaim(struct vfs *vfs, u32 want);

#endif
