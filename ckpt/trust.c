/* SPDX-License-Identifier: MIT */
/*
 * Whose word an image is. The superuser gives the processes of an image whatever credentials it names. So an image that another user can
 * write would give that user the superuser's rights, or a third user's. It is taken
 *
 *   from the superuser's file   with any credentials
 *   from another user's file    with credentials that this user has anyway: each user id is the owner's, each group that of the file,
 *                               which its owner cannot give to a group that it is not in
 *   from no file                that its group or all others may write
 *
 * unless the caller says RECOVER_TRUSTED. The file is looked at that was opened, not its name: who can write the directory can put
 * another file there, but not one of another owner. A caller that is not the superuser gives away no more than it has itself.
 */
#include "ckpt/restore.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"

#define OTHERS_WRITE 0022u

static bool ids_are(const struct img_proc *ip, uid_t uid)
{
	return ip->p_uid == uid && ip->p_euid == uid && ip->p_suid == uid && ip->p_fsuid == uid;
}

static bool groups_are(const struct img_proc *ip, gid_t gid)
{
	for (u32 i = 0; i < ip->p_ngroups; i++) {
		if (ip->p_groups[i] != gid)
			return false;
	}
	return ip->p_gid == gid && ip->p_egid == gid && ip->p_sgid == gid && ip->p_fsgid == gid;
}

static int check_owner(const struct ckpt_restore *cr, const struct vattr *va)
{
	for (u32 i = 0; i < cr->cr_img.i_nproc; i++) {
		const struct img_proc *ip = &cr->cr_img.i_proc[i];

		if (!ids_are(ip, va->va_uid))
			return ckpt_refuse(cr->cr_path, -EPERM,
					   "it belongs to user %u, and process %d in it is another user's",
					   va->va_uid, ip->p_pid);
		if (!groups_are(ip, va->va_gid))
			return ckpt_refuse(cr->cr_path, -EPERM,
					   "it belongs to user %u, and process %d in it is in other groups than %u",
					   va->va_uid, ip->p_pid, va->va_gid);
	}
	return 0;
}

int ckpt_trust(struct ckpt_restore *cr)
{
	struct vattr va;
	int error;

	/* In place at a call, the kernel has written it a moment ago. */
	if (cr->cr_save || (cr->cr_flags & RECOVER_TRUSTED) || !cred_super(cred_cur()))
		return 0;
	error = vn_getattr(cr->cr_file->f_vnode, &va);
	if (error)
		return error;
	if (va.va_mode & OTHERS_WRITE)
		return ckpt_refuse(cr->cr_path, -EPERM, "other users may write it (mode %o)", va.va_mode & 07777);
	return va.va_uid == 0 ? 0 : check_owner(cr, &va);
}
