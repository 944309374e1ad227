/* SPDX-License-Identifier: MIT */
/* Advisory locks that the processes, and the descriptions that they have, hold on files that they have open. */
#include "ckpt/ckpt.h"
#include "fs/file.h"
#include "fs/flock.h"
#include "fs/procfs.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

_Static_assert(IMG_LOCK_POSIX == FLOCK_POSIX + 1 && IMG_LOCK_OFD == FLOCK_OFD + 1 &&
		       IMG_LOCK_FLOCK == FLOCK_WHOLE + 1,
	       "kinds");

/* ---- save ---- */

/* A lock over a range is for those who may read what they share, or write what they exclude others from. */
static bool may_lock(struct file *f, u32 kind, bool write)
{
	return kind == IMG_LOCK_FLOCK || (write ? file_writable(f) : file_readable(f)) == 0;
}

/* The first description of vp that the member has a descriptor for and that such a lock can be set by; IMG_NONE: it has closed them all. */
static u32 file_of(struct ckpt_save *cs, u32 member, const struct vnode *vp, const struct img_lock *il)
{
	const struct img_proc *ip = &cs->cs_img.i_proc[member];
	u32 best = IMG_NONE;

	for (u32 i = 0; i < ip->p_nfd; i++) {
		u32 file = ip->p_fd[i].fd_file;

		/* One that was refused, and only looked at, is not there. */
		if (file < best && file < cs->cs_nfile && cs->cs_file[file]->f_vnode == vp &&
		    may_lock(cs->cs_file[file], il->l_kind, il->l_write))
			best = file;
	}
	return best;
}

/* Fills who owns the lock; false: none of those who are saved. */
static bool find_owner(struct ckpt_save *cs, const struct vnode *vp, const void *owner, struct img_lock *il)
{
	il->l_proc = IMG_NONE;
	if (il->l_kind == IMG_LOCK_POSIX) {
		for (u32 i = 0; i < cs->cs_nmember; i++) {
			if (!cs->cs_member[i].cm_zombie && cs->cs_member[i].cm_proc->p_fdtab == owner) {
				il->l_proc = i;
				il->l_file = file_of(cs, i, vp, il);
				return il->l_file != IMG_NONE;
			}
		}
		return false;
	}
	for (u32 i = 0; i < cs->cs_nfile; i++) {
		if (cs->cs_file[i] == owner) {
			il->l_file = i;
			return true;
		}
	}
	return false;
}

static bool before(const struct img_lock *a, const struct img_lock *b)
{
	if (a->l_file != b->l_file)
		return a->l_file < b->l_file;
	if (a->l_kind != b->l_kind)
		return a->l_kind < b->l_kind;
	if (a->l_proc != b->l_proc)
		return a->l_proc < b->l_proc;
	return a->l_start < b->l_start;
}

/* Adds a lock at its place in the order of the image. */
static int insert(struct ckpt_save *cs, const struct img_lock *il)
{
	struct img_image *img = &cs->cs_img;
	u32 at;

	if (!img_add_lock(img))
		return img->i_nlock == IMG_MAX_LOCKS ? -E2BIG : -ENOMEM;
	for (at = img->i_nlock - 1; at > 0 && before(il, &img->i_lock[at - 1]); at--)
		img->i_lock[at] = img->i_lock[at - 1];
	img->i_lock[at] = *il;
	return 0;
}

static int save_locks_of(struct ckpt_save *cs, struct vnode *vp)
{
	u32 n = flock_list(vp, NULL, 0), max = n;
	struct flock_info *list = n ? kmalloc(n * sizeof(*list), 0) : NULL;
	struct procfs_about about;
	int error = 0;

	if (!n)
		return 0;
	if (!list)
		return -ENOMEM;
	/* Others may have set some meanwhile; those of the members stand still, but may now be behind them. */
	for (n = flock_list(vp, list, max); n > max; n = flock_list(vp, list, max)) {
		kfree(list);
		max = 2 * n;
		list = kmalloc(max * sizeof(*list), 0);
		if (!list)
			return -ENOMEM;
	}
	for (u32 i = 0; i < n && !error; i++) {
		struct img_lock il = { .l_kind = list[i].fi_kind + 1u,
				       .l_write = list[i].fi_write,
				       .l_start = (u64)list[i].fi_start,
				       .l_end = (u64)list[i].fi_end };

		if (!find_owner(cs, vp, list[i].fi_owner, &il))
			continue;
		/* Each open there makes a vnode of its own. */
		if (procfs_about(vp, &about))
			error = ckpt_refuse(cs_name(cs), -EOPNOTSUPP,
					    "a file about process %d is locked", about.pa_pid);
		else if (vp->v_type != VREG && !(vp->v_type == VDIR && il.l_kind == IMG_LOCK_FLOCK))
			error = ckpt_refuse(cs_name(cs), -EOPNOTSUPP, "%s is locked, and no file",
					    cs->cs_file[il.l_file]->f_path ? cs->cs_file[il.l_file]->f_path
									   : "a pipe");
		else
			error = insert(cs, &il);
	}
	kfree(list);
	return error;
}

/* After all descriptions are known. */
int st_lock_save(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < cs->cs_nfile && !error; i++) {
		struct vnode *vp = cs->cs_file[i]->f_vnode;
		u32 first = 0;

		while (cs->cs_file[first]->f_vnode != vp)
			first++;
		/* In place they have never been away. */
		if (first == i && !(cs->cs_req->rq_flags & CKPT_INPLACE))
			error = save_locks_of(cs, vp);
	}
	return error;
}

/* ---- restore ---- */

static int put_lock(struct ckpt_restore *cr, const struct img_lock *il, struct file *f)
{
	u32 member = il->l_proc == IMG_NONE ? 0 : il->l_proc;
	struct proc *p = cr->cr_member[member].rm_proc;
	const struct flock_info fi = { .fi_kind = (enum flock_kind)(il->l_kind - 1),
				       .fi_write = il->l_write,
				       .fi_owner = il->l_proc == IMG_NONE ? (const void *)f : p->p_fdtab,
				       .fi_start = (s64)il->l_start,
				       .fi_end = (s64)il->l_end,
				       .fi_pid = cr->cr_replace && member == 0 ? cr->cr_parent->p_pid : p->p_pid };
	int error = may_lock(f, il->l_kind, il->l_write) ? flock_put(f->f_vnode, &fi) : -EBADF;

	if (error)
		return ckpt_refuse(cr->cr_path, error,
				   error == -EAGAIN ? "%s is locked by somebody else" : "%s cannot be locked",
				   f->f_path ? f->f_path : "a file");
	return 0;
}

/* When the processes have their descriptors and ids. The files that RECOVER_STDIO put in the place of others were never locked. */
int st_lock_restore(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < cr->cr_img.i_nlock && !error; i++) {
		const struct img_lock *il = &cr->cr_img.i_lock[i];

		if (!st_file_taken(cr, il->l_file))
			error = put_lock(cr, il, cr->cr_filev[il->l_file]);
	}
	return error;
}
