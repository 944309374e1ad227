/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks: record locks of fcntl(2), whose owner is a process (its descriptor table) or an
 * open description (F_OFD_*), and whole-file locks of flock(2), whose owner is an open description.
 * The two families do not see each other.
 *
 * Locks: one spinlock for all (LR_VFS); v_locks of every vnode.
 */
#ifndef FS_FLOCK_H
#define FS_FLOCK_H

#include "kernel/abi/fcntl.h"
#include "kernel/lib/types.h"

struct fdtab;
struct file;
struct vnode;

void flock_init(void);

/*
 * F_GETLK64, F_SETLK64, F_SETLKW64 and their OFD forms. -EAGAIN (held by another), -EDEADLK, -EBADF
 * (not open for that), -EINVAL, -EOVERFLOW, -ENOMEM, -ERESTARTSYS. F_SETLKW may sleep.
 */
int flock_fcntl(struct file *f, u32 cmd, struct abi_flock64 *l);
/* flock(2): LOCK_SH, LOCK_EX or LOCK_UN, with LOCK_NB. */
int flock_whole(struct file *f, u32 op);

/* Somebody closed a descriptor of vp in table ft: the process's record locks on vp go. */
void flock_owner_closed(struct vnode *vp, struct fdtab *ft);
/* The last descriptor of f was closed. */
void flock_file_closed(struct file *f);

/*
 * Calls fn for each lock on vp, for images: start and end (inclusive) are both 0 and -1 for
 * flock(2). No lock may be taken in fn.
 */
void flock_foreach(struct vnode *vp,
		   void (*fn)(void *arg, const void *owner, int type, s64 start, s64 end), void *arg);

#endif
