/* SPDX-License-Identifier: MIT */
/*
 * Creating and removing names: the cores of mkdir, unlink, rename, link,
 * symlink and mknod, for the system calls and for the kernel itself. Paths are
 * kernel strings, `start` as for namei(). Checks permissions of the current
 * credentials, and updates the name cache.
 * Locks: no vnode lock held.
 * Sleeps: all functions.
 */
#ifndef FS_NAMES_H
#define FS_NAMES_H

#include "fs/namei.h"
#include "fs/vnode.h"

/*
 * The vnode that np names. Takes the directory's lock; does not cross mounts or
 * follow links.
 * Errors: -ENOENT...
 */
int name_lookup(struct nameparent *np, struct vnode **vpp);
/*
 * Makes a regular file, device or FIFO, as mode says. Applies the umask and the
 * rules of fs/setid.h.
 * Errors: -EEXIST, -EACCES, -EROFS, -ENOENT (directory removed)...
 */
int name_create(struct nameparent *np, mode_t mode, dev_t rdev, struct vnode **vpp);

int names_mknod(struct vnode *start, const char *path, mode_t mode, dev_t rdev);
int names_mkdir(struct vnode *start, const char *path, mode_t mode);
int names_symlink(const char *target, struct vnode *start, const char *path);
/* Adds the name path to vp. */
int names_link(struct vnode *vp, struct vnode *start, const char *path);
int names_unlink(struct vnode *start, const char *path);
int names_rmdir(struct vnode *start, const char *path);
/* flags: K_RENAME_NOREPLACE */
int names_rename(struct vnode *from, const char *fpath, struct vnode *to, const char *tpath, u32 flags);

/* 0 if the current process owns vp or is the superuser, else -EPERM. */
int vn_owner_ok(struct vnode *vp);
/*
 * Changes attributes of vp. A new size removes set-id bits (fs/setid.h).
 * Errors: -EROFS; -EPERM: the file system cannot; those of vop_setattr.
 * Locks: takes v_lock.
 * Sleeps: yes.
 */
int vn_setattr(struct vnode *vp, const struct vattr *va);
/*
 * vn_setattr() for attributes that depend on the present ones: decide() gets
 * `old` and fills `va` under v_lock, so that no other change comes in between.
 */
typedef int (*vattr_fn)(const struct vattr *old, const void *arg, struct vattr *va);
int vn_change(struct vnode *vp, vattr_fn decide, const void *arg);

#endif
