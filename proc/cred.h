/* SPDX-License-Identifier: MIT */
/*
 * Credentials: immutable and shared. A process changes its own by making a new
 * struct and putting it into p_cred under p_lock. A reader of another process's
 * credentials takes a reference, because that process may change them at any
 * time. An lwp keeps a reference on those that its process had when the lwp's
 * system call began (l_ucred). So another lwp that changes them neither changes
 * the call nor frees them during it.
 */
#ifndef PROC_CRED_H
#define PROC_CRED_H

#include "kernel/lib/types.h"

#define NGROUPS 32

struct cred {
	volatile u32 cr_ref;
	uid_t cr_uid, cr_euid, cr_suid, cr_fsuid;
	gid_t cr_gid, cr_egid, cr_sgid, cr_fsgid;
	u32 cr_ngroups;
	gid_t cr_groups[NGROUPS];
};

struct proc;
struct lwp;

/* all ids 0. Returns: NULL: no memory */
struct cred *cred_alloc(void);
/* with one reference. Returns: NULL: no memory */
struct cred *cred_dup(const struct cred *cr);
void cred_hold(struct cred *cr);
void cred_rele(struct cred *cr);
/*
 * Returns: p's credentials, with a reference.
 * Locks: takes p_lock.
 */
struct cred *cred_of(struct proc *p);
/*
 * Returns: p's real user id.
 * Locks: takes p_lock.
 */
uid_t cred_uid_of(struct proc *p);
/*
 * Updates l_ucred: l, the current lwp, begins a call or has changed its
 * credentials.
 * Locks: takes p_lock.
 */
void cred_renew(struct lwp *l);
/*
 * Returns: l_cred if set, else those of the current process. No reference: the
 *   current lwp may use them during one call.
 */
struct cred *cred_cur(void);
/* as fsgid or supplementary group */
bool cred_in_group(const struct cred *cr, gid_t gid);
static inline bool cred_super(const struct cred *cr)
{
	return cr->cr_euid == 0;
}
/*
 * May the process act as the owner of any file: Linux's CAP_CHOWN, CAP_FOWNER,
 * CAP_FSETID, CAP_MKNOD? They follow the file-system id: setfsuid(2) alone
 * takes them and gives them.
 */
static inline bool cred_fs_super(const struct cred *cr)
{
	return cr->cr_fsuid == 0;
}
/*
 * Do the ids differ with which a process acts? After a change from a to b other
 * processes may not look inside (prctl(2), PR_SET_DUMPABLE).
 */
static inline bool cred_differs(const struct cred *a, const struct cred *b)
{
	return a->cr_euid != b->cr_euid || a->cr_egid != b->cr_egid || a->cr_fsuid != b->cr_fsuid ||
	       a->cr_fsgid != b->cr_fsgid;
}
/*
 * Checks access by mode bits. want: 4 read, 2 write, 1 execute.
 * Errors: -EACCES.
 */
int cred_access(const struct cred *cr, mode_t mode, uid_t uid, gid_t gid, int want);

#endif
