/* SPDX-License-Identifier: MIT */
/* /proc. */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "kernel/lib/types.h"

struct vnode;

void procfs_init(void);

/*
 * For checkpoints: files and directories of /proc about a process. The process
 * is identified by its number and start time, the thread by its number (0:
 * none), since names are reused. After it has exited, reads give -ESRCH,
 * lookups -ENOENT.
 */
struct procfs_about {
	pid_t pa_pid;
	u64 pa_start; /* p_start_ns */
	pid_t pa_tid;
};

/*
 * The process that vp is about; false: the file is about the system, or not in
 * /proc.
 */
bool procfs_about(const struct vnode *vp, struct procfs_about *pa);
/*
 * The name of such a vnode below /proc, with the numbers of pa, in at most
 * PROCFS_NAME_MAX bytes.
 */
#define PROCFS_NAME_MAX 64u
void procfs_name(const struct vnode *vp, const struct procfs_about *pa, char *buf, u32 size);
/*
 * Makes a vnode of that name below root, a root of procfs. It is about no
 * process, and unreadable, until procfs_bind(). The caller checks that the user
 * may open it.
 * Errors: -ENOENT (no such name), -ENOMEM
 */
int procfs_make(struct vnode *root, const char *name, struct vnode **vpp);
/*
 * Binds vp, and the directories above it, which no other lwp knows yet, to a
 * process.
 */
void procfs_bind(struct vnode *vp, const struct procfs_about *pa);

#endif
