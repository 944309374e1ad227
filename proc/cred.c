/* SPDX-License-Identifier: MIT */
/* Credentials: shared, immutable structs. */
#include "proc/cred.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/sched/lwp_impl.h"
#include "proc/proc.h"

static struct kmem_cache *cred_cache;

void cred_init(void)
{
	cred_cache = kmem_cache_create("cred", sizeof(struct cred), 0);
}

struct cred *cred_alloc(void)
{
	struct cred *cr = kmem_alloc(cred_cache, KM_ZERO);

	if (cr)
		cr->cr_ref = 1;
	return cr;
}

struct cred *cred_dup(const struct cred *cr)
{
	struct cred *n = kmem_alloc(cred_cache, 0);

	if (n) {
		*n = *cr;
		n->cr_ref = 1;
	}
	return n;
}

void cred_hold(struct cred *cr)
{
	__atomic_add_fetch(&cr->cr_ref, 1, __ATOMIC_RELAXED);
}

void cred_rele(struct cred *cr)
{
	if (cr && __atomic_sub_fetch(&cr->cr_ref, 1, __ATOMIC_ACQ_REL) == 0)
		kmem_free(cred_cache, cr);
}

struct cred *cred_of(struct proc *p)
{
	struct cred *cr;

	spin_lock(&p->p_lock);
	cr = p->p_cred;
	cred_hold(cr);
	spin_unlock(&p->p_lock);
	return cr;
}

uid_t cred_uid_of(struct proc *p)
{
	uid_t uid;

	spin_lock(&p->p_lock);
	uid = p->p_cred->cr_uid;
	spin_unlock(&p->p_lock);
	return uid;
}

void cred_renew(struct lwp *l)
{
	struct cred *old = l->l_ucred;

	l->l_ucred = cred_of(l->l_proc);
	cred_rele(old);
}

struct cred *cred_cur(void)
{
	struct lwp *l = curlwp();

	if (l->l_cred)
		return l->l_cred;
	/*
	 * NULL before lwp_begin(): the lwps of start-up, which act for proc0.
	 */
	return l->l_ucred ? l->l_ucred : proc0.p_cred;
}

bool cred_in_group(const struct cred *cr, gid_t gid)
{
	if (gid == cr->cr_fsgid)
		return true;
	for (u32 i = 0; i < cr->cr_ngroups; i++) {
		if (cr->cr_groups[i] == gid)
			return true;
	}
	return false;
}

/*
 * The superuser may read and write everything, execute a file that has any
 * execute bit, and search any directory (the file type is in mode).
 */
int cred_access(const struct cred *cr, mode_t mode, uid_t uid, gid_t gid, int want)
{
	int granted;

	if (cr->cr_fsuid == 0) {
		bool dir = (mode & 0170000) == 0040000;

		return !(want & 1) || dir || (mode & 0111) ? 0 : -EACCES;
	}
	if (cr->cr_fsuid == uid)
		granted = (mode >> 6) & 7;
	else if (cred_in_group(cr, gid))
		granted = (mode >> 3) & 7;
	else
		granted = mode & 7;
	return (want & ~granted) ? -EACCES : 0;
}
