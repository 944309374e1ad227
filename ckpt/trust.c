/* SPDX-License-Identifier: MIT */
/*
 * Which images the superuser may restore. The superuser can give the processes
 * of an image any credentials that the image names. So an image that another
 * user can write would give that user the superuser's rights, or a third
 * user's. An image is accepted
 *
 *	from a file of      with these credentials
 *	the superuser       any
 *	another user        those that this user has anyway: each user id is
 *	                    the owner's; each group id is the file's, since an
 *	                    owner cannot give a file to a group it is not in
 *	any user, if its group or other users may write it: none
 *
 * unless the caller passes RECOVER_TRUSTED. The checks are made on the open
 * file, not on its name: a user who can write the directory can put another
 * file there, but only its own.
 *
 * A caller that is not the superuser cannot give away more rights than it has.
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
					   "the image belongs to user %u, and its process %d to another user",
					   va->va_uid, ip->p_pid);
		if (!groups_are(ip, va->va_gid))
			return ckpt_refuse(cr->cr_path, -EPERM,
					   "the image belongs to user %u, and its process %d to other groups than %u",
					   va->va_uid, ip->p_pid, va->va_gid);
	}
	return 0;
}

int ckpt_trust(struct ckpt_restore *cr)
{
	struct vattr va;
	int error;

	/*
	 * In place at a system call, the kernel has just written the image
	 * itself.
	 */
	if (cr->cr_save || (cr->cr_flags & RECOVER_TRUSTED) || !cred_super(cred_cur()))
		return 0;
	error = vn_getattr(cr->cr_file->f_vnode, &va);
	if (error)
		return error;
	if (va.va_mode & OTHERS_WRITE)
		return ckpt_refuse(cr->cr_path, -EPERM, "users other than its owner may write the image (mode %o)",
				   va.va_mode & 07777);
	return va.va_uid == 0 ? 0 : check_owner(cr, &va);
}
