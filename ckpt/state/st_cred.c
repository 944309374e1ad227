/* SPDX-License-Identifier: MIT */
/*
 * Credentials. They are restored last: until then names are opened with the
 * caller's rights.
 */
#include "ckpt/state/state.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

/* ---- save ---- */

static void save_cred(struct img_proc *ip, const struct cred *cr)
{
	ip->p_uid = cr->cr_uid;
	ip->p_euid = cr->cr_euid;
	ip->p_suid = cr->cr_suid;
	ip->p_fsuid = cr->cr_fsuid;
	ip->p_gid = cr->cr_gid;
	ip->p_egid = cr->cr_egid;
	ip->p_sgid = cr->cr_sgid;
	ip->p_fsgid = cr->cr_fsgid;
	ip->p_ngroups = cr->cr_ngroups;
	memcpy(ip->p_groups, cr->cr_groups, cr->cr_ngroups * sizeof(cr->cr_groups[0]));
}

static int st_cred_save(struct ckpt_save *cs, struct ckpt_member *cm)
{
	save_cred(cm->cm_img, cm->cm_proc->p_cred);
	return 0;
}

/* ---- restore ---- */

/* Is each supplementary group of the process one of the caller's? */
static bool groups_within(const struct cred *me, const struct img_proc *ip)
{
	for (u32 i = 0; i < ip->p_ngroups; i++) {
		bool found = ip->p_groups[i] == me->cr_gid;

		for (u32 k = 0; k < me->cr_ngroups; k++)
			found |= ip->p_groups[i] == me->cr_groups[k];
		if (!found)
			return false;
	}
	return true;
}

struct cred *st_cred_make(const struct img_proc *ip)
{
	struct cred *me = cred_cur(), *n;

	n = cred_dup(me);
	if (!n)
		return NULL;
	/*
	 * Not the caller's effective ids, if the caller runs a set-id program.
	 */
	n->cr_uid = ip->p_uid;
	n->cr_euid = ip->p_euid;
	n->cr_suid = ip->p_suid;
	n->cr_fsuid = ip->p_fsuid;
	n->cr_gid = ip->p_gid;
	n->cr_egid = ip->p_egid;
	n->cr_sgid = ip->p_sgid;
	n->cr_fsgid = ip->p_fsgid;
	if (cred_super(me)) {
		n->cr_ngroups = MIN(ip->p_ngroups, (u32)NGROUPS);
		memcpy(n->cr_groups, ip->p_groups, n->cr_ngroups * sizeof(n->cr_groups[0]));
	}
	return n;
}

/*
 * The superuser gives the process the saved credentials. Another caller can
 * restore only a process whose ids are all its own.
 */
static int restore_cred(struct ckpt_restore *cr, const struct img_proc *ip, struct proc *p)
{
	const struct cred *me = cred_cur();
	struct cred *n, *old;

	if (!cred_super(me) &&
	    (ip->p_uid != me->cr_uid || ip->p_euid != me->cr_uid || ip->p_suid != me->cr_uid ||
	     ip->p_fsuid != me->cr_uid || ip->p_gid != me->cr_gid || ip->p_egid != me->cr_gid ||
	     ip->p_sgid != me->cr_gid || ip->p_fsgid != me->cr_gid))
		return ckpt_refuse(cr->cr_path, -EPERM,
				   "a process in the image belongs to another user (%u)", ip->p_uid);
	if (!cred_super(me) && !groups_within(me, ip))
		return ckpt_refuse(cr->cr_path, -EPERM,
				   "a process in the image is in a group that the caller is not in");
	n = st_cred_make(ip);
	if (!n)
		return -ENOMEM;
	spin_lock(&p->p_lock);
	old = p->p_cred;
	p->p_cred = n;
	spin_unlock(&p->p_lock);
	cred_rele(old);
	return 0;
}

static int st_cred_restore(struct ckpt_rmember *rm)
{
	return restore_cred(rm->rm_restore, rm->rm_img, rm->rm_proc);
}

const struct ckpt_kind st_cred_kind = {
	.k_name = "credentials",
	.k_save = st_cred_save,
	.k_save_zombie = st_cred_save,
	.k_restore = st_cred_restore,
	.k_restore_zombie = st_cred_restore,
};
