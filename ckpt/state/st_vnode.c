/* SPDX-License-Identifier: MIT */
/*
 * Files by name: which file it is when the image is made, and the same file
 * again at a restore.
 */
#include "ckpt/state/state.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "fs/procfs.h"
#include "fs/tmpfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/acting.h"

/* As find_path(). With CKPTCTL_CAN a refusal gives 0, and *name NULL. */
static int find_name(struct ckpt_save *cs, struct vnode *vp, const char *path, char **name)
{
	int error = st_name_find(vp, path, cs->cs_jailed, name);

	if (error != -ENOENT)
		return error;
	return ckpt_refuse(cs_name(cs), -EOPNOTSUPP,
			   "%s has another name now, which cannot be found", path ? path : "a file");
}

/*
 * Saves an unlinked directory, FIFO or device. Two such vnodes with one name
 * are two objects.
 */
static int save_removed(struct ckpt_save *cs, struct vnode *vp, const char *path,
			const struct vattr *va, u32 *index)
{
	struct img_vnode v = { .v_path = path,
			       .v_mode = va->va_mode,
			       .v_rdev = vp->v_type == VCHR ? va->va_rdev : 0,
			       .v_flags = IMG_VF_REMOVED };
	struct ckpt_object *ob = ckpt_object(cs, CO_REMOVED, vp);
	int n;

	if (!ob)
		ob = ckpt_object_add(cs, CO_REMOVED, vp);
	if (!ob)
		return -ENOMEM;
	v.v_ino = ob->ob_index + 1;
	st_stats_removed(&v, va);
	n = img_add_vnode(&cs->cs_img, &v);
	if (n < 0)
		return n;
	*index = (u32)n;
	return 0;
}

/*
 * The file need not exist at a restore: its contents are in the image, or do
 * not matter. Generated files (/proc) exist on every machine.
 */
static bool spare(const struct ckpt_save *cs, const struct vnode *vp)
{
	return cs_self(cs) && (vp->v_type == VDIR || (vp->v_type == VREG && !(vp->v_flags & V_DYNAMIC)));
}

static int save_named(struct ckpt_save *cs, struct vnode *vp, const char *path, const struct vattr *va, u32 *index)
{
	struct img_vnode v;
	u32 before = cs->cs_img.i_nvnode;
	int n;

	st_ident_fill(&v, vp, va);
	v.v_path = path;
	v.v_flags |= spare(cs, vp) ? IMG_VF_SPARE : 0;
	n = img_add_vnode(&cs->cs_img, &v);
	if (n < 0)
		return n;
	*index = (u32)n;
	if (cs->cs_img.i_nvnode > before)
		ckpt_sink_file(cs, vp, path);
	return 0;
}

int st_vnode_save(struct ckpt_save *cs, struct vnode *vp, const char *path, u32 *index)
{
	struct procfs_about about;
	struct vattr va;
	char *name;
	int error;

	if (ckpt_known(cs, vp, path, index))
		return 0;
	if (procfs_about(vp, &about))
		return st_about_save(cs, vp, &about, index);
	error = vn_getattr(vp, &va);
	if (error)
		return error;
	if (va.va_nlink == 0 || (vp->v_flags & V_UNLINKED)) {
		if (vp->v_type == VDIR && cs->cs_jailed)
			return ckpt_refuse(cs_name(cs), -EOPNOTSUPP,
					   "%s was removed, and a process has changed its root",
					   path ? path : "a directory");
		if (path && (vp->v_type == VDIR || vp->v_type == VFIFO || vp->v_type == VCHR))
			return save_removed(cs, vp, path, &va, index);
		return ckpt_refuse(cs_name(cs), -EOPNOTSUPP, "%s was removed while in use", path ? path : "a file");
	}
	error = find_name(cs, vp, path, &name);
	if (error || (!name && !path))
		return error;
	/*
	 * The image must not be on the disk before these contents are,
	 * whichever process wrote them.
	 */
	if (vp->v_type == VREG && vp->v_ndirty > 0)
		error = ckpt_flush_later(cs, vp);
	if (!error)
		error = save_named(cs, vp, name ? name : path, &va, index);
	kfree(name);
	return error ? error : ckpt_know(cs, vp, path, *index);
}

static bool other_contents(const struct img_vnode *was, const struct vattr *is)
{
	return was->v_size != is->va_size || was->v_mtime != is->va_mtime.tv_sec ||
	       was->v_mtime_ns != is->va_mtime.tv_nsec;
}

/*
 * A process may execute a copy of its program in another place. But its saved
 * data and stack belong to the saved code, so size and modification time must
 * be the same.
 */
static const char *other_program(const struct img_vnode *was, const struct vattr *is)
{
	return is->va_type == VREG && other_contents(was, is) ? "is another program" : NULL;
}

/* ---- restore ---- */

/*
 * The directory that ".." of an unlinked directory leads to: its former parent,
 * or else the root.
 * Returns: a reference.
 */
static struct vnode *parent_of(struct ckpt_restore *cr, u32 index)
{
	struct cred *cred = st_name_cred(cr, index);
	struct nameparent np;
	struct acting ac;
	int error = -ENOMEM;

	if (cred) {
		acting_begin(&ac, NULL, cred);
		error = namei_parent(NULL, cr_vnode_path(cr, index), &np);
		acting_end(&ac);
		cred_rele(cred);
	}
	if (!error)
		return np.np_dvp;
	vn_hold(cr->cr_root);
	return cr->cr_root;
}

static int make_removed(struct ckpt_restore *cr, u32 index, struct vnode **vpp)
{
	const struct img_vnode *v = &cr->cr_img.i_vnode[index];
	const struct img_proc *ip = &cr->cr_img.i_proc[0];
	struct vnode *parent = S_ISDIR(v->v_mode) ? parent_of(cr, index) : NULL;
	struct vattr va = { .va_mask = VA_UID | VA_GID, .va_uid = ip->p_fsuid, .va_gid = ip->p_fsgid };
	int error = tmpfs_removed(v->v_mode, v->v_rdev, parent, vpp);

	if (parent)
		vn_rele(parent);
	/* Only the superuser can restore another user's file. */
	if (!error && cred_super(cred_cur())) {
		error = vn_setattr(*vpp, &va);
		if (error)
			vn_rele(*vpp);
	}
	return error;
}

/*
 * The node of the device was unlinked, and the caller may not make nodes. Opens
 * the same device by its usual name, with the rights that this name gives.
 */
static int open_device(struct ckpt_restore *cr, u32 index, u32 oflags, struct file **fp)
{
	static const char *const names[] = { "/dev/null",   "/dev/zero",    "/dev/full",
					     "/dev/random", "/dev/urandom", "/dev/tty",
					     "/dev/tty1",   "/dev/console", "/dev/ttyS0",
					     "/dev/ttyS1" };
	struct vattr va;

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (st_name_open(cr, names[i], oflags | O_NOCTTY | O_NONBLOCK | O_LARGEFILE, fp) != 0)
			continue;
		if (vn_getattr((*fp)->f_vnode, &va) == 0 &&
		    (u32)va.va_rdev == cr->cr_img.i_vnode[index].v_rdev)
			return 0;
		file_rele(*fp);
		*fp = NULL;
	}
	return ckpt_refuse(cr->cr_path, -EACCES, "%s was removed, and the caller can open no other name of the device",
			   cr_vnode_path(cr, index));
}

/*
 * Opens a vnode that is made anew: the first open makes it, later ones share
 * it.
 */
static int open_anew(struct ckpt_restore *cr, u32 index, u32 oflags, struct file **fp)
{
	bool about = cr->cr_img.i_vnode[index].v_flags & IMG_VF_PROCESS;
	struct vnode *vp;
	int error = 0;

	if (!cr->cr_anew[index] && !about && S_ISCHR(cr->cr_img.i_vnode[index].v_mode) &&
	    !cred_super(cred_cur()))
		return open_device(cr, index, oflags, fp);
	if (!cr->cr_anew[index]) {
		error = about ? st_about_make(cr, index, &vp) : make_removed(cr, index, &vp);
		if (!error)
			cr->cr_anew[index] = vp;
		if (!error && !about && cr->cr_img.i_stats)
			error = st_stats_removed_restore(cr, index);
	}
	if (!error && about)
		error = st_about_access(cr, index, oflags);
	if (error)
		return error;
	vn_hold(cr->cr_anew[index]);
	/* An O_PATH file has no other flags. */
	if (!(oflags & O_PATH))
		oflags |= O_NONBLOCK | O_LARGEFILE;
	error = file_open_vnode(cr->cr_anew[index], oflags, fp);
	if (error) {
		vn_rele(cr->cr_anew[index]);
		return error;
	}
	(*fp)->f_path = kstrdup(cr_vnode_path(cr, index), 0);
	if (!(*fp)->f_path) {
		file_rele(*fp);
		*fp = NULL;
		return -ENOMEM;
	}
	return 0;
}

int st_vnode_open(struct ckpt_restore *cr, u32 index, u32 oflags, bool changing, struct file **fp)
{
	const struct img_vnode *v = &cr->cr_img.i_vnode[index];
	struct acting ac;
	const char *path, *why;
	struct vattr va;
	u32 nolinks;
	int error;

	if ((v->v_flags & (IMG_VF_REMOVED | IMG_VF_PROCESS)) || cr->cr_anew[index])
		return open_anew(cr, index, oflags, fp);
	acting_begin(&ac, st_name_base(cr, index, &path, &nolinks), NULL);
	if (S_ISLNK(v->v_mode))
		nolinks |= O_NOFOLLOW;
	error = st_name_open(cr, path, oflags | nolinks | O_NOCTTY | O_NONBLOCK | O_LARGEFILE, fp);
	acting_end(&ac);
	if (error && st_name_spare(cr, index))
		return error;
	if (error)
		return ckpt_refuse(cr->cr_path, error, "cannot open %s again (error %d)",
				   cr_vnode_path(cr, index), -error);
	error = vn_getattr((*fp)->f_vnode, &va);
	if (!error) {
		why = st_ident_differs(cr, index, (*fp)->f_vnode, &va, changing || cr->cr_written[index]);
		if (!why && cr->cr_program[index])
			why = other_program(v, &va);
		if (why && st_name_spare(cr, index))
			error = -ESTALE;
		else if (why)
			error = ckpt_refuse(cr->cr_path, -ESTALE, "%s %s", cr_vnode_path(cr, index), why);
	}
	if (error) {
		file_rele(*fp);
		*fp = NULL;
	}
	return error;
}

/*
 * Finds the vnodes that the processes may write, and those that they execute.
 */
static void find_uses(struct ckpt_restore *cr)
{
	const struct img_image *img = &cr->cr_img;

	for (u32 i = 0; i < img->i_nfile; i++) {
		const struct img_file *fi = &img->i_file[i];

		if (fi->f_vnode != IMG_NONE && !(fi->f_flags & O_PATH) && (fi->f_flags & O_ACCMODE) != O_RDONLY)
			cr->cr_written[fi->f_vnode] = true;
	}
	for (u32 i = 0; i < img->i_nproc; i++) {
		if (img->i_proc[i].p_exe != IMG_NONE)
			cr->cr_program[img->i_proc[i].p_exe] = true;
		for (u32 k = 0; k < img->i_proc[i].p_nseg; k++) {
			const struct img_seg *is = &img->i_proc[i].p_seg[k];

			if ((is->s_prot & PROT_EXEC) && is->s_vnode != IMG_NONE)
				cr->cr_program[is->s_vnode] = true;
			if (is->s_kind == IMG_SEG_SHARED && (is->s_maxprot & PROT_WRITE) && is->s_vnode != IMG_NONE)
				cr->cr_written[is->s_vnode] = true;
		}
	}
}

static int st_vnode_restore_begin(struct ckpt_restore *cr)
{
	u32 n = cr->cr_img.i_nvnode + 1;

	cr->cr_anew = kzalloc(n * sizeof(*cr->cr_anew), 0);
	cr->cr_made = kzalloc(n * sizeof(*cr->cr_made), 0);
	cr->cr_written = kzalloc(n * sizeof(*cr->cr_written), 0);
	cr->cr_program = kzalloc(n * sizeof(*cr->cr_program), 0);
	if (!cr->cr_anew || !cr->cr_made || !cr->cr_written || !cr->cr_program)
		return -ENOMEM;
	find_uses(cr);
	return 0;
}

/* In place: the process still has its unlinked vnodes. */
static void st_vnode_adopt(struct ckpt_restore *cr)
{
	for (u32 i = 0; i < cr->cr_img.i_nvnode; i++) {
		const struct img_vnode *v = &cr->cr_img.i_vnode[i];

		if (v->v_flags & IMG_VF_REMOVED) {
			cr->cr_anew[i] = (struct vnode *)ckpt_object_at(cr->cr_save, CO_REMOVED,
									(u32)v->v_ino - 1)
						 ->ob_ptr;
			vn_hold(cr->cr_anew[i]);
		}
	}
}

static void st_vnode_restore_end(struct ckpt_restore *cr, bool failed)
{
	for (u32 i = 0; cr->cr_anew && i < cr->cr_img.i_nvnode; i++) {
		if (cr->cr_anew[i])
			vn_rele(cr->cr_anew[i]);
	}
	kfree(cr->cr_anew);
	kfree(cr->cr_made);
	kfree(cr->cr_written);
	kfree(cr->cr_program);
}

const struct ckpt_kind st_vnode_kind = {
	.k_name = "files by name",
	.k_restore_begin = st_vnode_restore_begin,
	.k_adopt = st_vnode_adopt,
	.k_restore_end = st_vnode_restore_end,
};
