/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks: record locks of fcntl(2), whose owner is a process (its descriptor table) or an
 * open description (F_OFD_*), and whole-file locks of flock(2), whose owner is an open description.
 * The two families do not see each other.
 *
 * Locks: one mutex for all (locks_lock, LR_MISC_MUTEX): v_records and v_wholes of every vnode.
 */
#ifndef FS_FLOCK_H
#define FS_FLOCK_H

#include "kernel/abi/fcntl.h"
#include "kernel/lib/tree.h"
#include "kernel/lib/types.h"

struct fdtab;
struct file;
struct vnode;

/* The locks on a vnode that see each other, in fs/flock_impl.h's two trees. All zeros: none. */
struct flock_table {
	struct tree ft_range, ft_owned;
};

void flock_init(void);

/*
 * F_GETLK64, F_SETLK64, F_SETLKW64 and their OFD forms. -EAGAIN (held by another), -EDEADLK, -EBADF
 * (not open for that), -EINVAL, -EOVERFLOW, -ENOMEM, -ERESTARTSYS. F_SETLKW may sleep.
 */
int flock_fcntl(struct file *f, u32 cmd, struct abi_flock64 *l);
/* Is op one of flock(2)'s? That is told before a bad descriptor. */
bool flock_op_known(u32 op);
/* flock(2): LOCK_SH, LOCK_EX or LOCK_UN, with LOCK_NB. */
int flock_whole(struct file *f, u32 op);

/* Somebody closed a descriptor of vp in table ft: the process's record locks on vp go. */
void flock_owner_closed(struct vnode *vp, struct fdtab *ft);
/* The last descriptor of f was closed. */
void flock_file_closed(struct file *f);

/* A lock as an image keeps it. */
enum flock_kind { FLOCK_POSIX, FLOCK_OFD, FLOCK_WHOLE };
struct flock_info {
	enum flock_kind fi_kind;
	bool fi_write;
	const void *fi_owner; /* struct fdtab or struct file; compared, never followed */
	s64 fi_start, fi_end; /* inclusive; INT64_MAX: to the end of the file */
	pid_t fi_pid;	      /* who set it */
};
/* A place among the locks on a vnode, which are in order of kind, owner and start. All zeros: the begin. */
struct flock_cursor {
	bool fc_wholes;
	const void *fc_owner;
	s64 fc_start;
};
/*
 * Copies up to max locks on vp that stand behind the cursor, and moves that.
 * Returns: how many; 0 at the end. Sleeps.
 */
u32 flock_list(struct vnode *vp, struct flock_cursor *fc, struct flock_info *list, u32 max);
/* Sets a lock for fi_owner. -EAGAIN: another one is in the way. -ENOMEM */
int flock_put(struct vnode *vp, const struct flock_info *fi);

#endif
