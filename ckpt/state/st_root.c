/* SPDX-License-Identifier: MIT */
/*
 * Roots of processes that have called chroot, and where names are looked up. A
 * name below such a root is looked up from there, from the deepest root. Such a
 * name has no symbolic links in it, and the lookup follows none: so a link that
 * a process inside has made cannot lead outside, whichever user restores the
 * process.
 */
#include "ckpt/state/state.h"
#include "fs/procfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/string.h"
#include "proc/fsctx.h"

/*
 * The changed root of a member; compare it only, do not follow it: the member
 * may go on. *about: the process whose /proc directory it is; 0: none.
 */
static const struct vnode *changed_root(struct ckpt_member *cm, pid_t *about)
{
	struct proc *p = cm->cm_proc;
	const struct vnode *root = NULL;
	struct procfs_about pa;

	*about = 0;
	if (cm->cm_zombie || cm->cm_barred)
		return NULL;
	spin_lock(&p->p_lock);
	if (p->p_fs && p->p_fs->fc_root && p->p_fs->fc_root != rootvp) {
		root = p->p_fs->fc_root;
		if (procfs_about(root, &pa))
			*about = pa.pa_pid;
	}
	spin_unlock(&p->p_lock);
	return root;
}

static int st_root_save_begin(struct ckpt_save *cs)
{
	const struct vnode *seen[CKPT_ROOTS];
	int error = 0;
	u32 n = 0, k;

	for (u32 i = 0; i < cs->cs_nmember && !error; i++) {
		pid_t about;
		const struct vnode *root = changed_root(&cs->cs_member[i], &about);

		for (k = 0; root && k < n && seen[k] != root; k++)
			;
		if (!root || k < n)
			continue;
		cs->cs_jailed = true;
		if (about)
			error = ckpt_refuse(cs_name(cs), -EOPNOTSUPP,
					    "its root directory is a /proc directory of process %d", about);
		else if (n == CKPT_ROOTS)
			return ckpt_refuse(cs_name(cs), -EOPNOTSUPP,
					   "its processes have more than %u different roots", CKPT_ROOTS);
		else
			seen[n++] = root;
	}
	return error;
}

/* ---- restore ---- */

/* Adds a root. Shorter paths come first. */
static int note_root(struct ckpt_restore *cr, u32 index)
{
	u32 at = 0, len = (u32)strlen(cr_vnode_path(cr, index));

	for (u32 i = 0; i < cr->cr_nroot; i++) {
		if (cr->cr_rootv[i].r_index == index)
			return 0;
	}
	if (cr->cr_nroot == CKPT_ROOTS)
		return ckpt_refuse(cr->cr_path, -EOPNOTSUPP,
				   "the image has more than %u different roots", CKPT_ROOTS);
	while (at < cr->cr_nroot && strlen(cr_vnode_path(cr, cr->cr_rootv[at].r_index)) <= len)
		at++;
	memmove(&cr->cr_rootv[at + 1], &cr->cr_rootv[at], (cr->cr_nroot - at) * sizeof(cr->cr_rootv[0]));
	cr->cr_rootv[at] = (struct ckpt_root){ .r_index = index };
	cr->cr_nroot++;
	return 0;
}

/* Is it the caller's own root? */
static bool is_callers(const struct ckpt_restore *cr, u32 index)
{
	const struct img_vnode *was = &cr->cr_img.i_vnode[index];
	struct vattr is;

	return cr->cr_root != rootvp && vn_getattr(cr->cr_root, &is) == 0 &&
	       was->v_ino == is.va_ino && was->v_dev == (u32)is.va_dev && was->v_gen == is.va_gen;
}

static int open_root(struct ckpt_restore *cr, struct ckpt_root *r)
{
	struct file *f;
	int error;

	if (is_callers(cr, r->r_index)) {
		r->r_vp = cr->cr_root;
		vn_hold(r->r_vp);
		return 0;
	}
	error = st_vnode_open(cr, r->r_index, O_PATH | O_DIRECTORY | O_NOLINKS, false, &f);
	if (error && st_name_spare(cr, r->r_index))
		return ckpt_refuse(cr->cr_path, error, "the root directory %s of a process is missing or has changed",
				   cr_vnode_path(cr, r->r_index));
	if (error)
		return error;
	r->r_vp = f->f_vnode;
	vn_hold(r->r_vp);
	file_rele(f);
	return 0;
}

static int st_root_restore_begin(struct ckpt_restore *cr)
{
	int error = 0;

	if (cr->cr_save)
		return 0;
	for (u32 i = 0; i < cr->cr_img.i_nproc && !error; i++) {
		u32 index = cr->cr_img.i_proc[i].p_root;

		if (index != IMG_NONE && strcmp(cr_vnode_path(cr, index), "/") != 0)
			error = note_root(cr, index);
	}
	/* It is not known below which root the directory was. */
	for (u32 i = 0; i < cr->cr_img.i_nvnode && !error && cr->cr_nroot; i++) {
		const struct img_vnode *v = &cr->cr_img.i_vnode[i];

		if ((v->v_flags & IMG_VF_REMOVED) && S_ISDIR(v->v_mode))
			error = ckpt_refuse(cr->cr_path, -EOPNOTSUPP,
					    "%s was removed, and a process has changed its root", v->v_path);
	}
	for (u32 i = 0; i < cr->cr_nroot && !error; i++)
		error = open_root(cr, &cr->cr_rootv[i]);
	return error;
}

static void st_root_restore_end(struct ckpt_restore *cr, bool failed)
{
	for (u32 i = 0; i < cr->cr_nroot; i++) {
		if (cr->cr_rootv[i].r_vp)
			vn_rele(cr->cr_rootv[i].r_vp);
	}
	cr->cr_nroot = 0;
}

/*
 * A process cannot leave its caller's root by being restored, and only the
 * superuser restores a process with another root than the caller's.
 */
static int st_root_restore(struct ckpt_rmember *rm)
{
	struct ckpt_restore *cr = rm->rm_restore;
	struct vnode *root = st_name_root(cr, rm->rm_img->p_root);

	if (root != cr->cr_root && !cred_super(cred_cur()))
		return ckpt_refuse(cr->cr_path, -EPERM, "the root directory of a process is %s, not the caller's",
				   cr_vnode_path(cr, rm->rm_img->p_root));
	vn_hold(root);
	proc_set_root(curproc(), root);
	return 0;
}

const struct ckpt_kind st_root_kind = {
	.k_name = "roots",
	.k_outside = true,
	.k_save_begin = st_root_save_begin,
	.k_restore_begin = st_root_restore_begin,
	.k_restore = st_root_restore,
	.k_restore_end = st_root_restore_end,
};
