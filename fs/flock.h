/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks: record locks of fcntl(2), whose owner is a process (its
 * descriptor table) or an open file (F_OFD_*), and whole-file locks of
 * flock(2), whose owner is an open file. The two families do not conflict.
 *
 * Locks: locks_lock (LR_MISC_MUTEX), one mutex for v_records and v_wholes of
 *   every vnode.
 */
#ifndef FS_FLOCK_H
#define FS_FLOCK_H

#include "kernel/abi/fcntl.h"
#include "kernel/lib/tree.h"
#include "kernel/lib/types.h"

struct fdtab;
struct file;
struct vnode;

/*
 * The locks on a vnode that may conflict, in the two trees of fs/flock_impl.h.
 * All zeros: none.
 */
struct flock_table {
	struct tree ft_range, ft_owned;
};

void flock_init(void);

/*
 * F_GETLK64, F_SETLK64, F_SETLKW64 and their OFD forms.
 * Errors: -EAGAIN (another owner holds it), -EDEADLK, -EBADF (not open for
 *   that), -EINVAL, -EOVERFLOW, -ENOMEM, -ERESTARTSYS
 * Sleeps: F_SETLKW.
 */
int flock_fcntl(struct file *f, u32 cmd, struct abi_flock64 *l);
/* Is op valid for flock(2)? Checked before the descriptor. */
bool flock_op_known(u32 op);
/* flock(2): LOCK_SH, LOCK_EX or LOCK_UN, with LOCK_NB. */
int flock_whole(struct file *f, u32 op);

/*
 * A descriptor of vp in table ft was closed: removes the process's record locks
 * on vp.
 */
void flock_owner_closed(struct vnode *vp, struct fdtab *ft);
/* The last descriptor of f was closed: removes its locks. */
void flock_file_closed(struct file *f);

/* A lock as an image stores it. */
enum flock_kind { FLOCK_POSIX, FLOCK_OFD, FLOCK_WHOLE };
struct flock_info {
	enum flock_kind fi_kind;
	bool fi_write;
	/* struct fdtab or struct file; only compared, never dereferenced. */
	const void *fi_owner;
	s64 fi_start, fi_end; /* inclusive; INT64_MAX: to the end of the file */
	pid_t fi_pid;	      /* the process that set it */
};
/*
 * A position among the locks on a vnode, which are in order of kind, owner and
 * start. All zeros: the start.
 */
struct flock_cursor {
	bool fc_wholes;
	const void *fc_owner;
	s64 fc_start;
};
/*
 * Copies up to max locks on vp from the cursor on, and advances it.
 * Returns: how many; 0 at the end.
 * Sleeps: yes.
 */
u32 flock_list(struct vnode *vp, struct flock_cursor *fc, struct flock_info *list, u32 max);
/*
 * Sets a lock for fi_owner.
 * Errors: -EAGAIN (conflict), -ENOMEM
 */
int flock_put(struct vnode *vp, const struct flock_info *fi);

#endif
