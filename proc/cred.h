/* SPDX-License-Identifier: MIT */
/*
 * Credentials: immutable and shared; to change one's own, a new struct is made and put in p_cred
 * under p_lock. Whoever needs those of another process takes a reference, since its lwps may change them at any moment. An lwp has a reference on
 * what its process had when the lwp's call began (l_ucred): another lwp that changes them does not change the call, nor free them under it.
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

struct cred *cred_alloc(void);		      /* all ids 0. NULL: out of memory */
struct cred *cred_dup(const struct cred *cr); /* ref 1. NULL: out of memory */
void cred_hold(struct cred *cr);
void cred_rele(struct cred *cr);
struct cred *cred_of(struct proc *p); /* with a reference. Takes p_lock */
uid_t cred_uid_of(struct proc *p);    /* its real user id. Takes p_lock */
void cred_renew(struct lwp *l); /* l, the current lwp, begins a call, or has changed its credentials. Takes p_lock */
struct cred *cred_cur(void); /* the current process's, or l_cred; no reference: stable for the current lwp during one call */
bool cred_in_group(const struct cred *cr, gid_t gid); /* fsgid or supplementary */
static inline bool cred_super(const struct cred *cr)
{
	return cr->cr_euid == 0;
}
/*
 * May the process act as the owner of any file: Linux's CAP_CHOWN, CAP_FOWNER,
 * CAP_FSETID, CAP_MKNOD? They follow the file-system id: setfsuid(2) alone takes
 * them and gives them.
 */
static inline bool cred_fs_super(const struct cred *cr)
{
	return cr->cr_fsuid == 0;
}
/* Do the ids differ that a process acts with? A process that exchanges a for b is not to be looked into (prctl(2), PR_SET_DUMPABLE). */
static inline bool cred_differs(const struct cred *a, const struct cred *b)
{
	return a->cr_euid != b->cr_euid || a->cr_egid != b->cr_egid || a->cr_fsuid != b->cr_fsuid ||
	       a->cr_fsgid != b->cr_fsgid;
}
/* Access check by mode bits. want: bits 4 read, 2 write, 1 execute. 0 or -EACCES. */
int cred_access(const struct cred *cr, mode_t mode, uid_t uid, gid_t gid, int want);

#endif
