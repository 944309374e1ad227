/* SPDX-License-Identifier: MIT */
/*
 * Names in directories, made and unmade: the cores of mkdir, unlink, rename, link, symlink and
 * mknod, for the system calls and for the kernel itself. Paths are kernel strings, `start` as for
 * namei(). Permissions of the current credentials are checked; the name cache is kept right. All
 * may sleep; no vnode lock may be held.
 */
#ifndef FS_NAMES_H
#define FS_NAMES_H

#include "fs/namei.h"
#include "fs/vnode.h"

/*
 * What np names, under the directory's lock; mounts are not crossed, links not followed. -ENOENT
 * ...
 */
int name_lookup(struct nameparent *np, struct vnode **vpp);
/*
 * A regular file, device or FIFO (mode says which; the umask and the rules of fs/setid.h are
 * applied here). -EEXIST, -EACCES, -EROFS, -ENOENT (directory removed) ...
 */
int name_create(struct nameparent *np, mode_t mode, dev_t rdev, struct vnode **vpp);

int names_mknod(struct vnode *start, const char *path, mode_t mode, dev_t rdev);
int names_mkdir(struct vnode *start, const char *path, mode_t mode);
int names_symlink(const char *target, struct vnode *start, const char *path);
/* vp gets the further name path. */
int names_link(struct vnode *vp, struct vnode *start, const char *path);
int names_unlink(struct vnode *start, const char *path);
int names_rmdir(struct vnode *start, const char *path);
/* flags: K_RENAME_NOREPLACE */
int names_rename(struct vnode *from, const char *fpath, struct vnode *to, const char *tpath, u32 flags);

/* 0 if the current process owns vp or is the superuser, else -EPERM. */
int vn_owner_ok(struct vnode *vp);
/*
 * Changes attributes of vp. A new size takes set-id bits away (fs/setid.h).
 * Errors: -EROFS; -EPERM: the file system cannot; those of vop_setattr.
 * Locks: takes v_lock. Sleeps.
 */
int vn_setattr(struct vnode *vp, const struct vattr *va);
/*
 * The same, of attributes that depend on the present ones: decide() sees `old`
 * and fills `va` under v_lock, so that no other change comes in between.
 */
typedef int (*vattr_fn)(const struct vattr *old, const void *arg, struct vattr *va);
int vn_change(struct vnode *vp, vattr_fn decide, const void *arg);

#endif
