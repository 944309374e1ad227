/* SPDX-License-Identifier: MIT */
/* Paths as the arguments of system calls. */
#ifndef FS_PATH_ARG_H
#define FS_PATH_ARG_H

#include "fs/vnode.h"

/*
 * The file that (dirfd, upath) names, with a reference. atflags: AT_SYMLINK_NOFOLLOW;
 * AT_EMPTY_PATH: an empty path means dirfd itself. -EFAULT, -EBADF and all of namei(). May sleep.
 */
int path_arg_vnode(int dirfd, uaddr_t upath, u32 atflags, struct vnode **vpp);

/* A path in kernel memory, and the directory where it starts. */
struct path_arg {
	char *pa_path;
	struct vnode *pa_start; /* NULL: the working directory */
};
int path_arg_get(int dirfd, uaddr_t upath, struct path_arg *pa);
void path_arg_put(struct path_arg *pa);

/* What a descriptor is open on, with a reference. -EBADF */
int fd_vnode(int fd, struct vnode **vpp);
/* The same, but a descriptor opened with O_PATH only names a file, and gives no right to change it. */
int fd_vnode_rights(int fd, struct vnode **vpp);

/* The working directory, with a reference. */
struct vnode *cwd_vnode(void);

/* Is the path at upath the empty one? */
bool path_arg_empty(uaddr_t upath);

#endif
