/* SPDX-License-Identifier: MIT */
/*
 * Creating and removing names in directories.
 *
 * Each function resolves the directory, locks it, looks at the name under that
 * lock, checks, and calls the file system. Locks: a directory before its files.
 * rename(), which takes two directories, is in fs/rename.c.
 */
#include "fs/names.h"

#include "fs/file_impl.h"
#include "fs/names_impl.h"
#include "fs/namecache.h"
#include "fs/setid.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/fsctx.h"
#include "proc/proc.h"

int vn_owner_ok(struct vnode *vp)
{
	const struct cred *cr = cred_cur();
	struct vattr va;
	int error;

	if (cred_fs_super(cr))
		return 0;
	error = vn_getattr(vp, &va);
	if (error)
		return error;
	return va.va_uid == cr->cr_fsuid ? 0 : -EPERM;
}

/* Can attributes of vp be changed at all? */
static int can_change(const struct vnode *vp)
{
	if (vp->v_vfs->vfs_readonly)
		return -EROFS;
	return vp->v_op->vop_setattr ? 0 : -EPERM;
}

int vn_setattr(struct vnode *vp, const struct vattr *va)
{
	int error = can_change(vp);

	assert_may_sleep("vn_setattr");
	if (error)
		return error;
	vn_lock(vp);
	error = vp->v_op->vop_setattr(vp, va);
	if (!error && (va->va_mask & VA_SIZE) && !(va->va_mask & VA_MODE))
		error = vn_lose_setid(vp);
	vn_unlock(vp);
	return error;
}

int vn_change(struct vnode *vp, vattr_fn decide, const void *arg)
{
	struct vattr old, va = { 0 };
	int error = can_change(vp);

	if (error)
		return error;
	vn_lock(vp);
	error = vn_getattr(vp, &old);
	if (!error)
		error = decide(&old, arg, &va);
	if (!error)
		error = vp->v_op->vop_setattr(vp, &va);
	vn_unlock(vp);
	return error;
}

int name_lookup_locked(const struct nameparent *np, struct vnode **vpp)
{
	return vn_lookup(np->np_dvp, np->np_name, np->np_len, vpp);
}

int name_lookup(struct nameparent *np, struct vnode **vpp)
{
	int error;

	vn_lock(np->np_dvp);
	error = name_lookup_locked(np, vpp);
	vn_unlock(np->np_dvp);
	return error;
}

int name_may_add(struct vnode *dvp)
{
	if (dvp->v_flags & V_UNLINKED)
		return -ENOENT;
	if (dvp->v_vfs->vfs_readonly)
		return -EROFS;
	return vn_access(dvp, 2 | 1);
}

/*
 * May np, a free name, be added? linked: the file that gets the name; NULL: a
 * new file.
 * Errors: in this order: -ENOENT, -EROFS, -EXDEV, -EACCES.
 */
static int may_add(const struct nameparent *np, bool dir, const struct vnode *linked)
{
	const struct vfs *vfs = np->np_dvp->v_vfs;

	if (np->np_slash && !dir)
		return -ENOENT;
	if (linked && linked->v_vfs != vfs && !vfs->vfs_readonly)
		return -EXDEV;
	return name_may_add(np->np_dvp);
}

/*
 * Locks np's directory and checks that the name can be added there. On success
 * the directory stays locked. As on Linux, -EEXIST comes before a missing
 * permission.
 */
static int begin_add(struct nameparent *np, bool dir, const struct vnode *linked)
{
	struct vnode *vp;
	int error;

	if (np->np_special)
		return -EEXIST;
	vn_lock(np->np_dvp);
	error = name_lookup_locked(np, &vp);
	if (!error) {
		vn_unlock(np->np_dvp);
		vn_rele(vp);
		return -EEXIST;
	}
	if (error == -ENOENT)
		error = may_add(np, dir, linked);
	if (error)
		vn_unlock(np->np_dvp);
	return error;
}

static void end_add(struct nameparent *np, int error)
{
	if (!error)
		namecache_remove(np->np_dvp, np->np_name, np->np_len);
	vn_unlock(np->np_dvp);
}

/* The mode of a new file in dvp, which is locked. */
static int mode_in(struct vnode *dvp, mode_t *mode)
{
	struct vattr dir;
	int error = vn_getattr(dvp, &dir);

	if (!error)
		*mode = setid_created(&dir, *mode) & ~(mode_t)fsctx_umask();
	return error;
}

/* Only the superuser may make a device. */
static int may_create(const struct vnode *dvp, mode_t mode)
{
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && !cred_fs_super(cred_cur()))
		return -EPERM;
	return dvp->v_op->vop_create ? 0 : -EPERM;
}

int name_create(struct nameparent *np, mode_t mode, dev_t rdev, struct vnode **vpp)
{
	struct vnode *dvp = np->np_dvp;
	int error;

	error = begin_add(np, false, NULL);
	if (error)
		return error;
	error = may_create(dvp, mode);
	if (!error)
		error = mode_in(dvp, &mode);
	if (!error)
		error = dvp->v_op->vop_create(dvp, np->np_name, np->np_len, mode, rdev, cred_cur(), vpp);
	if (!error)
		vn_found_in(*vpp, dvp);
	end_add(np, error);
	return error;
}

int names_mknod(struct vnode *start, const char *path, mode_t mode, dev_t rdev)
{
	struct nameparent np;
	struct vnode *vp;
	int error;

	error = namei_parent(start, path, &np);
	if (error)
		return error;
	error = name_create(&np, mode, rdev, &vp);
	if (!error)
		vn_rele(vp);
	vn_rele(np.np_dvp);
	return error;
}

int names_mkdir(struct vnode *start, const char *path, mode_t mode)
{
	struct nameparent np;
	struct vnode *dvp, *vp;
	int error;

	error = namei_parent(start, path, &np);
	if (error)
		return error;
	dvp = np.np_dvp;
	error = begin_add(&np, true, NULL);
	if (error)
		goto out;
	error = -EPERM;
	if (dvp->v_op->vop_mkdir)
		error = dvp->v_op->vop_mkdir(dvp, np.np_name, np.np_len, S_IFDIR | (mode & 01777),
					     cred_cur(), &vp);
	end_add(&np, error);
	if (!error)
		vn_rele(vp);
out:
	vn_rele(dvp);
	return error;
}

int names_symlink(const char *target, struct vnode *start, const char *path)
{
	struct nameparent np;
	struct vnode *dvp;
	int error;

	if (!*target)
		return -ENOENT;
	error = namei_parent(start, path, &np);
	if (error)
		return error;
	dvp = np.np_dvp;
	error = begin_add(&np, false, NULL);
	if (error)
		goto out;
	error = -EPERM;
	if (dvp->v_op->vop_symlink)
		error = dvp->v_op->vop_symlink(dvp, np.np_name, np.np_len, target, cred_cur());
	end_add(&np, error);
out:
	vn_rele(dvp);
	return error;
}

int names_link(struct vnode *vp, struct vnode *start, const char *path)
{
	struct nameparent np;
	struct vnode *dvp;
	int error;

	error = namei_parent(start, path, &np);
	if (error)
		return error;
	dvp = np.np_dvp;
	error = begin_add(&np, false, vp);
	if (error)
		goto out;
	if (vp->v_type == VDIR || !dvp->v_op->vop_link || (vp->v_flags & (V_IMMUTABLE | V_APPENDONLY))) {
		error = -EPERM;
	} else {
		/* A file in dvp or elsewhere: files come after directories. */
		mutex_lock_nested(&vp->v_lock);
		error = vp->v_flags & V_UNLINKED ? -ENOENT
						 : dvp->v_op->vop_link(dvp, np.np_name, np.np_len, vp);
		if (!error)
			vn_found_in(vp, dvp);
		vn_unlock(vp);
	}
	end_add(&np, error);
out:
	vn_rele(dvp);
	return error;
}

int name_may_remove(struct vnode *dvp, struct vnode *vp, bool dir)
{
	const struct cred *cr = cred_cur();
	struct vattr da, va;
	int error;

	if (dvp->v_vfs->vfs_readonly)
		return -EROFS;
	error = vn_access(dvp, 2 | 1);
	if (!error)
		error = vn_getattr(dvp, &da);
	if (!error)
		error = vn_getattr(vp, &va);
	if (error)
		return error;
	if ((dvp->v_flags & V_APPENDONLY) || (vp->v_flags & (V_IMMUTABLE | V_APPENDONLY)))
		return -EPERM;
	if ((da.va_mode & S_ISVTX) && !cred_fs_super(cr) && va.va_uid != cr->cr_fsuid && da.va_uid != cr->cr_fsuid)
		return -EPERM;
	if (dir && vp->v_type != VDIR)
		return -ENOTDIR;
	if (!dir && vp->v_type == VDIR)
		return -EISDIR;
	if (vp->v_mounted || (vp->v_flags & V_ROOT))
		return -EBUSY;
	return 0;
}

/* unlink and rmdir of an ordinary name. */
static int remove_name(struct nameparent *np, bool dir)
{
	struct vnode *dvp = np->np_dvp;
	int (*op)(struct vnode * dvp, const char *name, u32 len, struct vnode *vp);
	struct vnode *vp;
	int error;

	op = dir ? dvp->v_op->vop_rmdir : dvp->v_op->vop_remove;
	if (dvp->v_vfs->vfs_readonly)
		return -EROFS; /* before the lookup, as on Linux */
	vn_lock(dvp);
	error = name_lookup_locked(np, &vp);
	if (error) {
		vn_unlock(dvp);
		return error;
	}
	if (np->np_slash && !dir)
		error = vp->v_type == VDIR ? -EISDIR : -ENOTDIR;
	else
		error = name_may_remove(dvp, vp, dir);
	if (!error && !op)
		error = -EPERM;
	if (!error) {
		mutex_lock_nested(&vp->v_lock);
		error = op(dvp, np->np_name, np->np_len, vp);
		if (!error)
			namecache_remove(dvp, np->np_name, np->np_len);
		if (!error && dir)
			namecache_purge(vp);
		vn_unlock(vp);
	}
	vn_unlock(dvp);
	vn_rele(vp); /* no lock held: the last reference frees the file */
	return error;
}

int names_unlink(struct vnode *start, const char *path)
{
	struct nameparent np;
	int error;

	error = namei_parent(start, path, &np);
	if (error)
		return error;
	error = np.np_special ? -EISDIR : remove_name(&np, false);
	vn_rele(np.np_dvp);
	return error;
}

/* rmdir and rename give different errors for "." and the like. */
static int rmdir_special(const struct nameparent *np)
{
	if (np->np_len == 1 && np->np_name[0] == '.')
		return -EINVAL;
	if (np->np_len == 2 && np->np_name[0] == '.')
		return -ENOTEMPTY;
	return -EBUSY;
}

int names_rmdir(struct vnode *start, const char *path)
{
	struct nameparent np;
	int error;

	error = namei_parent(start, path, &np);
	if (error)
		return error;
	error = np.np_special ? rmdir_special(&np) : remove_name(&np, true);
	vn_rele(np.np_dvp);
	return error;
}
