/* SPDX-License-Identifier: MIT */
/*
 * Names of files: how the name of a file is found when it is saved, and how and
 * with whose rights the name is looked up at a restore.
 */
#include "ckpt/state/state.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/acting.h"
#include "proc/proc.h"

/* ---- save ---- */

bool st_name_none(struct vnode *vp)
{
	struct vattr va;

	if (vp->v_type != VREG || (vp->v_flags & V_DYNAMIC))
		return false;
	return (vp->v_flags & V_UNLINKED) || (vn_getattr(vp, &va) == 0 && va.va_nlink == 0);
}

/* Out of memory or a disk error: the name may be right or wrong. */
static bool says_nothing(int error)
{
	return error == -ENOMEM || error == -EIO;
}

/*
 * Does path lead to vp?
 * Returns: 0: yes; -ENOENT: no; -ENOMEM, -EIO: not known.
 */
static int leads_to(const char *path, const struct vnode *vp)
{
	/* Each lookup of the name makes a new vnode */
	bool dynamic = vp->v_flags & V_DYNAMIC;
	struct vnode *found;
	int error = namei(NULL, path, vp->v_type == VLNK ? NI_NOFOLLOW : 0, &found);

	if (error)
		return says_nothing(error) ? error : -ENOENT;
	error = found == vp || (dynamic && found->v_vfs == vp->v_vfs && found->v_ino == vp->v_ino) ? 0 : -ENOENT;
	vn_rele(found);
	return error;
}

/*
 * Keeps *name only if it leads to vp; else frees it. error, *name: of the
 * search for the name.
 */
static int proven(int error, char **name, const struct vnode *vp)
{
	if (!error)
		error = *name ? leads_to(*name, vp) : -ENOENT;
	if (!error)
		return 0;
	kfree(*name);
	*name = NULL;
	return says_nothing(error) ? error : -ENOENT;
}

/*
 * Finds a path to vp from the machine's root: the path of this open, the path
 * of the last open, or the present name. inside: a member has changed its root;
 * then only the present name counts, as it has no links in it. A device is
 * found by its number, so its path needs no proof.
 * *name: the path; NULL: `path` itself is right.
 */
static int find_path(struct vnode *vp, const char *path, bool inside, char **name)
{
	bool device = vp->v_type == VCHR;
	int error = -ENOENT;

	*name = NULL;
	if (path && vn_path_alias(path) && !device && !(vp->v_flags & V_DYNAMIC))
		path = NULL;
	if (path && !inside)
		error = device ? 0 : leads_to(path, vp);
	if (error == -ENOENT && !inside) {
		error = vn_get_path(vp, name);
		error = proven(error, name, vp);
	}
	if (error == -ENOENT) {
		error = vn_find_path(vp, name);
		error = proven(error, name, vp);
	}
	return error == -ENOENT && path && inside && device ? 0 : error;
}

/*
 * The kernel's rights are enough: the name of a file does not depend on the
 * asker.
 */
int st_name_find(struct vnode *vp, const char *path, bool inside, char **name)
{
	struct acting ac;
	int error;

	acting_begin(&ac, rootvp, proc0.p_cred);
	error = find_path(vp, path, inside, name);
	acting_end(&ac);
	return error;
}

int st_name_of(struct vnode *vp, char **name)
{
	return st_name_find(vp, NULL, true, name);
}

/* ---- restore ---- */

bool st_name_spare(struct ckpt_restore *cr, u32 index)
{
	return (cr->cr_img.i_vnode[index].v_flags & IMG_VF_SPARE) != 0;
}

/*
 * A hidden process misses hangups, so it borrows the caller's controlling
 * terminal only while it opens a name.
 */
static void borrow_terminal(struct ckpt_restore *cr, bool borrow)
{
	spin_lock(&pidlock);
	curproc()->p_ctty = borrow ? cr->cr_parent->p_ctty : NULL;
	spin_unlock(&pidlock);
}

int st_name_open(struct ckpt_restore *cr, const char *path, u32 flags, struct file **fp)
{
	int error;

	borrow_terminal(cr, true);
	error = file_open(AT_FDCWD, path, flags, 0, fp);
	borrow_terminal(cr, false);
	return error;
}

/* The rest of path below root; NULL: path is not below root. */
static const char *below(const char *path, const char *root)
{
	size_t n = strlen(root);

	if (strncmp(path, root, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	return path[n] ? path + n : "/";
}

struct vnode *st_name_base(const struct ckpt_restore *cr, u32 index, const char **path, u32 *oflags)
{
	struct vnode *base = cr->cr_root;

	*path = cr_vnode_path(cr, index);
	*oflags = 0;
	for (u32 i = 0; i < cr->cr_nroot; i++) {
		const char *rest = below(cr_vnode_path(cr, index), cr_vnode_path(cr, cr->cr_rootv[i].r_index));

		if (cr->cr_rootv[i].r_vp && rest) {
			base = cr->cr_rootv[i].r_vp;
			*path = rest;
			*oflags = O_NOLINKS;
		}
	}
	return base;
}

struct vnode *st_name_root(const struct ckpt_restore *cr, u32 index)
{
	for (u32 i = 0; i < cr->cr_nroot; i++) {
		if (cr->cr_rootv[i].r_index == index)
			return cr->cr_rootv[i].r_vp;
	}
	return cr->cr_root;
}

struct cred *st_name_cred(struct ckpt_restore *cr, u32 index)
{
	struct cred *cred = cred_cur();

	if (cred_super(cred))
		return st_cred_make(st_ref_owner(cr, index));
	cred_hold(cred);
	return cred;
}
