/* SPDX-License-Identifier: MIT */
/*
 * From a path to a vnode: search permission on every directory, mount points,
 * symbolic links (at most 40, -ELOOP), PATH_MAX 4096, NAME_MAX 255, l_root or
 * p_root as the top. Paths are kernel strings. start is dirfd's directory;
 * NULL: p_cwd.
 * Sleeps: all functions.
 */
#ifndef FS_NAMEI_H
#define FS_NAMEI_H

#include "fs/vnode.h"

#define PATH_MAX_K 4096
#define NAME_MAX_K 255

#define NI_NOFOLLOW 1u	/* do not follow a link in the last component */
#define NI_DIRECTORY 2u /* must be a directory */
#define NI_NOLINKS 4u	/* a symbolic link anywhere: -ELOOP */

/* The vnode of "/" for the current lwp, with a reference. */
struct vnode *namei_root(void);
int namei(struct vnode *start, const char *path, u32 flags, struct vnode **vpp);
/*
 * The directory of the last component, and that component: it points into path,
 * without trailing slashes.
 */
struct nameparent {
	struct vnode *np_dvp; /* reference */
	const char *np_name;
	u32 np_len;
	bool np_slash;	 /* had a trailing slash: must be a directory */
	bool np_special; /* "." or ".." or "/" */
};
int namei_parent(struct vnode *start, const char *path, struct nameparent *np);

/*
 * Checks access for the current credentials: want is 4 read, 2 write, 1 execute
 * or search.
 * Errors: -EACCES, -EROFS
 */
int vn_access(struct vnode *vp, int want);

/*
 * The absolute path of a directory, found by walking ".."; kmalloc'd.
 * Errors: -ENOENT, -ENOMEM, -ENAMETOOLONG
 */
int vn_path(struct vnode *dvp, char **pathp);
/*
 * A path that leads to vp now, whatever was renamed since its open; kmalloc'd.
 * For a file that is no directory: the path of the directory in which it was
 * found last, and its name there.
 * Errors: -ENOENT (none is known), -ENOMEM, -EIO, -ENAMETOOLONG
 */
int vn_find_path(struct vnode *vp, char **pathp);
/*
 * Joins cwd and path as texts, and resolves "." and ".."; kmalloc'd. For f_path
 * and images.
 */
int path_absolute(const char *cwd, const char *path, char **out);

/*
 * Copies a path from user space into a kmalloc'd buffer.
 * Errors: -EFAULT, -ENAMETOOLONG, -ENOENT (empty, unless allowed)
 */
int copyin_path(uaddr_t upath, char **out);
/*
 * The directory of dirfd for the *at calls, with a reference; NULL for AT_FDCWD
 * or an absolute path.
 * Errors: -EBADF, -ENOTDIR
 */
int dirfd_vnode(int dirfd, const char *path, struct vnode **vpp);

#endif
