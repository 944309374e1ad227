/* SPDX-License-Identifier: MIT */
/* /proc. */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "kernel/lib/types.h"

struct vnode;

void procfs_init(void);

/*
 * Files and directories that tell of a process: for checkpoints. Their names mean something else another time; what they are about is a process, known by
 * its number and the time of its start, and perhaps a thread of it (0: none). It may have gone: then reads say -ESRCH, lookups -ENOENT.
 */
struct procfs_about {
	pid_t pa_pid;
	u64 pa_start; /* p_start_ns */
	pid_t pa_tid;
};

/* What vp is about; false: of the system, or no such file at all. */
bool procfs_about(const struct vnode *vp, struct procfs_about *pa);
/* The name of such a vp below /proc, with the numbers of pa. PROCFS_NAME_MAX bytes are enough. */
#define PROCFS_NAME_MAX 64u
void procfs_name(const struct vnode *vp, const struct procfs_about *pa, char *buf, u32 size);
/*
 * A vnode of that name below root, a procfs's, about nobody until procfs_bind(), and not to be read before. Who calls has to know whether
 * he may open it. -ENOENT: there is no such name; -ENOMEM
 */
int procfs_make(struct vnode *root, const char *name, struct vnode **vpp);
/* vp, and the directories above it, which nobody else knows of yet. */
void procfs_bind(struct vnode *vp, const struct procfs_about *pa);

#endif
