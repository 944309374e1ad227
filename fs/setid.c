/* SPDX-License-Identifier: MIT */
/*
 * The set-id bits of a file's mode: the bits that remain after each kind of
 * call.
 */
#include "fs/setid.h"

#include "kernel/lib/panic.h"
#include "proc/cred.h"

/* May the current process set the set-group-id bit on a file of this group? */
static bool may_set_gid_bit(gid_t gid)
{
	const struct cred *cr = cred_cur();

	return cred_fs_super(cr) || cred_in_group(cr, gid);
}

/*
 * The bits that remain after a call without a check of rights: no set-user-id,
 * and no set-group-id on a program. On a file that its group may not execute,
 * set-group-id is a mark (once: mandatory locks), which members of the group
 * keep.
 */
static mode_t without_setid(mode_t mode, gid_t gid)
{
	mode &= ~(mode_t)S_ISUID;
	if ((mode & S_IXGRP) || !may_set_gid_bit(gid))
		mode &= ~(mode_t)S_ISGID;
	return mode;
}

mode_t setid_created(const struct vattr *dir, mode_t mode)
{
	const mode_t program = S_ISGID | S_IXGRP;

	if (S_ISDIR(mode) || (mode & program) != program || !(dir->va_mode & S_ISGID))
		return mode;
	return may_set_gid_bit(dir->va_gid) ? mode : mode & ~(mode_t)S_ISGID;
}

mode_t setid_chmod(mode_t mode, gid_t gid)
{
	return may_set_gid_bit(gid) ? mode : mode & ~(mode_t)S_ISGID;
}

mode_t setid_chowned(mode_t mode, gid_t gid)
{
	return S_ISDIR(mode) ? mode : without_setid(mode, gid);
}

mode_t setid_written_slow(mode_t mode, gid_t gid)
{
	if (!S_ISREG(mode) || cred_fs_super(cred_cur()))
		return mode;
	return without_setid(mode, gid);
}

int vn_lose_setid(struct vnode *vp)
{
	struct vattr va;
	mode_t mode;
	int error;

	ASSERT(mutex_held(&vp->v_lock));
	error = vn_getattr(vp, &va);
	if (error)
		return error;
	mode = setid_written(va.va_mode, va.va_gid);
	if (mode == va.va_mode)
		return 0;
	va = (struct vattr){ .va_mask = VA_MODE, .va_mode = mode };
	return vp->v_op->vop_setattr(vp, &va);
}
