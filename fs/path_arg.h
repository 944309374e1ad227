/* SPDX-License-Identifier: MIT */
/* Paths as arguments of system calls. */
#ifndef FS_PATH_ARG_H
#define FS_PATH_ARG_H

#include "fs/vnode.h"

/*
 * The vnode of (dirfd, upath), with a reference. atflags: AT_SYMLINK_NOFOLLOW;
 * AT_EMPTY_PATH: an empty path means dirfd itself.
 * Errors: -EFAULT, -EBADF, and those of namei()
 * Sleeps: yes.
 */
int path_arg_vnode(int dirfd, uaddr_t upath, u32 atflags, struct vnode **vpp);

/* A path in kernel memory, and the directory where it starts. */
struct path_arg {
	char *pa_path;
	struct vnode *pa_start; /* NULL: the working directory */
};
int path_arg_get(int dirfd, uaddr_t upath, struct path_arg *pa);
void path_arg_put(struct path_arg *pa);

/*
 * The vnode that fd is open on, with a reference.
 * Errors: -EBADF
 */
int fd_vnode(int fd, struct vnode **vpp);
/*
 * fd_vnode(), but fails for O_PATH: such a descriptor gives no right to change
 * the file.
 */
int fd_vnode_rights(int fd, struct vnode **vpp);

/* The working directory, with a reference. */
struct vnode *cwd_vnode(void);

/* Is the path at upath empty? */
bool path_arg_empty(uaddr_t upath);

#endif
