/* SPDX-License-Identifier: MIT */
/*
 * From path to vnode: search permission on every directory, mount points, symbolic links (at most 40, -ELOOP), PATH_MAX 4096,
 * NAME_MAX 255, l_root or p_root as the top. All may sleep. Paths are kernel strings; start is dirfd's directory, NULL: p_cwd.
 */
#ifndef FS_NAMEI_H
#define FS_NAMEI_H

#include "fs/vnode.h"

#define PATH_MAX_K 4096
#define NAME_MAX_K 255

#define NI_NOFOLLOW 1u	/* do not follow a symbolic link in the last place */
#define NI_DIRECTORY 2u /* must be a directory */
#define NI_NOLINKS 4u	/* no symbolic link in any place: -ELOOP */

/* Where "/" leads the current lwp. A reference */
struct vnode *namei_root(void);
int namei(struct vnode *start, const char *path, u32 flags, struct vnode **vpp);
/* The directory of the last component, and that component (pointing into path; trailing slashes cut and told). */
struct nameparent {
	struct vnode *np_dvp; /* reference */
	const char *np_name;
	u32 np_len;
	bool np_slash;	 /* had a trailing slash: must be a directory */
	bool np_special; /* "." or ".." or "/" */
};
int namei_parent(struct vnode *start, const char *path, struct nameparent *np);

/* Access check of the current credentials: want 4 read, 2 write, 1 execute/search. -EACCES, -EROFS. */
int vn_access(struct vnode *vp, int want);

/* The absolute path of a directory vnode by walking "..", or of base + relative path; kmalloc'd. -ENOENT, -ENOMEM, -ENAMETOOLONG. */
int vn_path(struct vnode *dvp, char **pathp);
/*
 * A path that leads to vp now, whatever was renamed since it was opened: a directory's, or that of the directory in which it was found last and its
 * name there; kmalloc'd. -ENOENT: none is known. -ENOMEM, -EIO, -ENAMETOOLONG
 */
int vn_find_path(struct vnode *vp, char **pathp);
/* Lexical: cwd path + path, with "." and ".." taken out; kmalloc'd, for f_path and images. */
int path_absolute(const char *cwd, const char *path, char **out);

/* Copies a path from user space into a kmalloc'd buffer. -EFAULT, -ENAMETOOLONG, -ENOENT when empty (unless allowed). */
int copyin_path(uaddr_t upath, char **out);
/* dirfd of the *at calls: NULL and 0 for AT_FDCWD or an absolute path; a reference otherwise. -EBADF, -ENOTDIR */
int dirfd_vnode(int dirfd, const char *path, struct vnode **vpp);

#endif
