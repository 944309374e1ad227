/* SPDX-License-Identifier: MIT */
/*
 * rename(2): the one operation on names that touches two directories.
 *
 *   1. resolve both parents
 *   2. if they differ: take the rename lock, so that the tree keeps its shape,
 *      and find out whether one lies below the other
 *   3. lock both: an ancestor before its descendant, unrelated ones by address
 *   4. look both names up
 *   5. check everything
 *   6. the file system does it
 */
#include "fs/names.h"

#include "fs/names_impl.h"
#include "fs/namecache.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"
#include "proc/proc.h"

struct renaming {
	struct nameparent rn_from, rn_to;
	struct vnode *rn_fvp;
	struct vnode *rn_tvp; /* NULL: the new name is free */
	u32 rn_flags;
	/*
	 * If the new directory lies below the old one: the directory right
	 * under the old one on the way there (else NULL). It may not be moved:
	 * it would become its own descendant. And the other way round: it may
	 * not be replaced.
	 */
	struct vnode *rn_fstep, *rn_tstep;
};

/*
 * If dvp lies below top, *step is top's child on the way (a reference), else
 * NULL. No vnode locks held.
 */
static int step_below(struct vnode *dvp, struct vnode *top, struct vnode **step)
{
	struct vnode *vp = dvp, *up;
	int error;

	*step = NULL;
	vn_hold(vp);
	while (!(vp->v_flags & V_ROOT) && vp->v_op->vop_lookup) {
		vn_lock(vp);
		error = vp->v_op->vop_lookup(vp, "..", 2, &up);
		vn_unlock(vp);
		if (error) {
			vn_rele(vp);
			return error == -ENOENT ? 0 : error;
		}
		if (up == top) {
			vn_rele(up);
			*step = vp;
			return 0;
		}
		vn_rele(vp);
		vp = up;
		if (vp == dvp) { /* a damaged disk: ".." leads in a circle */
			vn_rele(vp);
			return -EUCLEAN;
		}
	}
	vn_rele(vp);
	return 0;
}

/* Steps 2 and 3. */
static int lock_directories(struct renaming *rn)
{
	struct vnode *f = rn->rn_from.np_dvp, *t = rn->rn_to.np_dvp;
	bool from_first;
	int error;

	if (f == t) {
		vn_lock(f);
		return 0;
	}
	mutex_lock(&f->v_vfs->vfs_renamelock);
	error = step_below(t, f, &rn->rn_fstep);
	if (!error && !rn->rn_fstep)
		error = step_below(f, t, &rn->rn_tstep);
	if (error) {
		mutex_unlock(&f->v_vfs->vfs_renamelock);
		return error;
	}
	from_first = rn->rn_fstep || (!rn->rn_tstep && f < t);
	vn_lock(from_first ? f : t);
	mutex_lock_nested(from_first ? &t->v_lock : &f->v_lock);
	return 0;
}

static void unlock_directories(struct renaming *rn)
{
	struct vnode *f = rn->rn_from.np_dvp, *t = rn->rn_to.np_dvp;

	vn_unlock(f);
	if (f == t)
		return;
	vn_unlock(t);
	mutex_unlock(&f->v_vfs->vfs_renamelock);
}

/* Step 4. */
static int look_up_both(struct renaming *rn)
{
	int error;

	error = name_lookup_locked(&rn->rn_from, &rn->rn_fvp);
	if (error)
		return error;
	error = name_lookup_locked(&rn->rn_to, &rn->rn_tvp);
	return error == -ENOENT ? 0 : error;
}

/* Is a directory moved to another one? Then its ".." changes, under its lock. */
static bool gets_parent(const struct renaming *rn)
{
	return rn->rn_fvp->v_type == VDIR && rn->rn_from.np_dvp != rn->rn_to.np_dvp;
}

/* Step 5. */
static int check(const struct renaming *rn)
{
	struct vnode *f = rn->rn_from.np_dvp, *t = rn->rn_to.np_dvp;
	bool dir = rn->rn_fvp->v_type == VDIR;
	int error;

	if (rn->rn_tvp && (rn->rn_flags & K_RENAME_NOREPLACE))
		return -EEXIST;
	if (!dir && (rn->rn_from.np_slash || rn->rn_to.np_slash))
		return -ENOTDIR;
	if (rn->rn_fvp == rn->rn_fstep)
		return -EINVAL;
	if (rn->rn_tvp && rn->rn_tvp == rn->rn_tstep)
		return -ENOTEMPTY;
	if (rn->rn_tvp == rn->rn_fvp)
		return 0; /* nothing will change (step 6) */
	error = name_may_remove(f, rn->rn_fvp, dir);
	if (error)
		return error;
	error = rn->rn_tvp ? name_may_remove(t, rn->rn_tvp, dir) : name_may_add(t);
	if (error)
		return error;
	return gets_parent(rn) ? vn_access(rn->rn_fvp, 2) : 0;
}

/* Step 6. */
static int perform(struct renaming *rn)
{
	struct vnode *f = rn->rn_from.np_dvp, *t = rn->rn_to.np_dvp;
	int error;

	if (rn->rn_tvp == rn->rn_fvp)
		return 0; /* two names of one file: both stay (POSIX) */
	if (!f->v_op->vop_rename)
		return -EPERM;
	/* Children of f and of t; neither lies below the other. */
	if (gets_parent(rn))
		mutex_lock_nested(&rn->rn_fvp->v_lock);
	if (rn->rn_tvp)
		mutex_lock_nested(&rn->rn_tvp->v_lock);
	error = f->v_op->vop_rename(f, rn->rn_from.np_name, rn->rn_from.np_len, rn->rn_fvp, t,
				    rn->rn_to.np_name, rn->rn_to.np_len, rn->rn_tvp);
	if (!error) {
		vn_found_in(rn->rn_fvp, t);
		namecache_remove(f, rn->rn_from.np_name, rn->rn_from.np_len);
		namecache_remove(t, rn->rn_to.np_name, rn->rn_to.np_len);
		if (gets_parent(rn))
			namecache_remove(rn->rn_fvp, "..", 2);
		if (rn->rn_tvp && rn->rn_tvp->v_type == VDIR)
			namecache_purge(rn->rn_tvp);
	}
	if (rn->rn_tvp)
		vn_unlock(rn->rn_tvp);
	if (gets_parent(rn))
		vn_unlock(rn->rn_fvp);
	return error;
}

static int rename_parents(struct renaming *rn)
{
	int error;

	if (rn->rn_from.np_dvp->v_vfs != rn->rn_to.np_dvp->v_vfs)
		return -EXDEV;
	if (rn->rn_from.np_special)
		return -EBUSY;
	if (rn->rn_to.np_special)
		return rn->rn_flags & K_RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (rn->rn_from.np_dvp->v_vfs->vfs_readonly)
		return -EROFS;
	error = lock_directories(rn);
	if (!error) {
		error = look_up_both(rn);
		if (!error)
			error = check(rn);
		if (!error)
			error = perform(rn);
		unlock_directories(rn);
	}
	/* The last references free files, so no lock is held. */
	if (rn->rn_fvp)
		vn_rele(rn->rn_fvp);
	if (rn->rn_tvp)
		vn_rele(rn->rn_tvp);
	if (rn->rn_fstep)
		vn_rele(rn->rn_fstep);
	if (rn->rn_tstep)
		vn_rele(rn->rn_tstep);
	return error;
}

int names_rename(struct vnode *from, const char *fpath, struct vnode *to, const char *tpath, u32 flags)
{
	struct renaming rn = { .rn_flags = flags };
	int error;

	error = namei_parent(from, fpath, &rn.rn_from);
	if (error)
		return error;
	error = namei_parent(to, tpath, &rn.rn_to);
	if (!error) {
		error = rename_parents(&rn);
		vn_rele(rn.rn_to.np_dvp);
	}
	vn_rele(rn.rn_from.np_dvp);
	return error;
}
