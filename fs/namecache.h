/* SPDX-License-Identifier: MIT */
/*
 * The name cache: what a name in a directory led to last time, or that it led nowhere.
 *
 * vn_lookup() fills it, under the directory's lock. Whoever changes a name (fs/names.c, fs/rename.c) forgets it under
 * the same lock, so a cached answer is never older than the directory. Directories with V_DYNAMIC are left out.
 * An entry holds no references: it goes when one of its vnodes is freed. Lock: the vnode cache's (LR_VFS).
 */
#ifndef FS_NAMECACHE_H
#define FS_NAMECACHE_H

#include "fs/vnode.h"

/* 0 with a reference; -ENOENT: known not to be there; -EAGAIN: not known. Needs no v_lock. Never sleeps. */
int namecache_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp);
/* (dvp, name) leads to vp, or nowhere (NULL). dvp locked. May sleep; does nothing when memory is short. */
void namecache_enter(struct vnode *dvp, const char *name, u32 len, struct vnode *vp);
/* Forgets what (dvp, name) led to, also a "not there". dvp locked. */
void namecache_remove(struct vnode *dvp, const char *name, u32 len);
/* Forgets all names in and of vp: a directory that was removed. */
void namecache_purge(struct vnode *vp);
/* Forgets everything. */
void namecache_purge_all(void);
/* The name by which dvp leads to vp, with its 0, into buf of NAME_MAX + 1 bytes; false if not known. */
bool namecache_name(struct vnode *dvp, struct vnode *vp, char *buf);

#endif
