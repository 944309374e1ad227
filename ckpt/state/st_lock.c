/* SPDX-License-Identifier: MIT */
/* Advisory locks that the processes, and their open files, hold on files. */
#include "ckpt/state/state.h"
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

/*
 * Does the open file's mode allow the lock? A shared range lock needs the right
 * to read, an exclusive one the right to write.
 */
static bool may_lock(struct file *f, u32 kind, bool write)
{
	return kind == IMG_LOCK_FLOCK || (write ? file_writable(f) : file_readable(f)) == 0;
}

/*
 * The first open file of vp in the member's descriptors that allows the lock.
 * Returns: IMG_NONE: the member has closed all such files.
 */
static u32 file_of(struct ckpt_save *cs, u32 member, const struct vnode *vp, const struct img_lock *il)
{
	const struct img_proc *ip = &cs->cs_img.i_proc[member];
	u32 best = IMG_NONE;

	for (u32 i = 0; i < ip->p_nfd; i++) {
		u32 file = ip->p_fd[i].fd_file;

		/*
		 * With CKPTCTL_CAN, an open file that was refused has no place.
		 */
		if (file < best && file < ckpt_nobjects(cs, CO_FILE) && cs_file(cs, file)->f_vnode == vp &&
		    may_lock(cs_file(cs, file), il->l_kind, il->l_write))
			best = file;
	}
	return best;
}

/*
 * Fills in the owner of the lock.
 * Returns: false: the owner is no member, nor an open file of members.
 */
static bool find_owner(struct ckpt_save *cs, const struct vnode *vp, const void *owner, struct img_lock *il)
{
	const struct ckpt_object *ob;

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
	ob = ckpt_object(cs, CO_FILE, owner);
	il->l_file = ob ? ob->ob_index : IMG_NONE;
	return ob != NULL;
}

static bool lock_precedes(const struct img_lock *a, const struct img_lock *b)
{
	if (a->l_file != b->l_file)
		return a->l_file < b->l_file;
	if (a->l_kind != b->l_kind)
		return a->l_kind < b->l_kind;
	if (a->l_proc != b->l_proc)
		return a->l_proc < b->l_proc;
	return a->l_start < b->l_start;
}

/*
 * l[0] to l[n - 1] is a heap with the last lock on top, but for the lock at
 * `at`, which may have to move down.
 */
static void sift_down(struct img_lock *l, u32 at, u32 n)
{
	const struct img_lock moved = l[at];
	u32 child;

	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && lock_precedes(&l[child], &l[child + 1]))
			child++;
		if (!lock_precedes(&moved, &l[child]))
			break;
		l[at] = l[child];
		at = child;
	}
	l[at] = moved;
}

/*
 * Sorts the locks into the order of the image. Heapsort: n log n steps in any
 * order of the input.
 */
static void sort_locks(struct img_lock *l, u32 n)
{
	for (u32 i = n / 2; i > 0; i--)
		sift_down(l, i - 1, n);
	for (; n > 1; n--) {
		const struct img_lock last = l[0];

		l[0] = l[n - 1];
		l[n - 1] = last;
		sift_down(l, 0, n - 1);
	}
}

/* May locks of vp be saved? */
static int check_locked(struct ckpt_save *cs, struct vnode *vp, const struct img_lock *il)
{
	const char *path = cs_file(cs, il->l_file)->f_path;
	struct procfs_about about;

	/* Each open of such a file makes a new vnode. */
	if (procfs_about(vp, &about))
		return ckpt_refuse(cs_name(cs), -EOPNOTSUPP, "a /proc file of process %d is locked", about.pa_pid);
	if (vp->v_type != VREG && !(vp->v_type == VDIR && il->l_kind == IMG_LOCK_FLOCK))
		return ckpt_refuse(cs_name(cs), -EOPNOTSUPP,
				   "%s is locked, but is not a regular file", path ? path : "a pipe");
	return 0;
}

/*
 * The owner of the previous lock. Locks are listed by owner, so the next lock
 * mostly has the same one.
 */
struct last_owner {
	struct flock_info lo_info;
	struct img_lock lo_lock;
	bool lo_found;
};

static bool same_owner(const struct flock_info *a, const struct flock_info *b)
{
	return a->fi_owner == b->fi_owner && a->fi_kind == b->fi_kind && a->fi_write == b->fi_write;
}

static int save_lock(struct ckpt_save *cs, struct vnode *vp, const struct flock_info *fi, struct last_owner *lo)
{
	struct img_lock il = { .l_kind = fi->fi_kind + 1u, .l_write = fi->fi_write }, *new;
	int error;

	if (!lo->lo_info.fi_owner || !same_owner(&lo->lo_info, fi)) {
		*lo = (struct last_owner){ .lo_info = *fi, .lo_found = find_owner(cs, vp, fi->fi_owner, &il) };
		lo->lo_lock = il;
		error = lo->lo_found ? check_locked(cs, vp, &il) : 0;
		if (error)
			return error;
	}
	if (!lo->lo_found)
		return 0;
	new = img_add_lock(&cs->cs_img);
	if (!new)
		return cs->cs_img.i_nlock == IMG_MAX_LOCKS ? -E2BIG : -ENOMEM;
	*new = lo->lo_lock;
	new->l_start = (u64)fi->fi_start;
	new->l_end = (u64)fi->fi_end;
	return 0;
}

#define BATCH 64u

static int save_locks_of(struct ckpt_save *cs, struct vnode *vp)
{
	struct flock_info *list = kmalloc(BATCH * sizeof(*list), 0);
	struct flock_cursor at = { 0 };
	struct last_owner lo = { .lo_found = false };
	int error = list ? 0 : -ENOMEM;
	u32 n = 1;

	/* Other processes may set locks meanwhile; the members stand still. */
	while (!error && n > 0) {
		n = flock_list(vp, &at, list, BATCH);
		for (u32 i = 0; i < n && !error; i++)
			error = save_lock(cs, vp, &list[i], &lo);
	}
	kfree(list);
	return error;
}

/* Called when all open files are in the table. */
static int st_lock_save_shared(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < ckpt_nobjects(cs, CO_FILE) && !error; i++) {
		struct vnode *vp = cs_file(cs, i)->f_vnode;
		u32 first = 0;

		while (cs_file(cs, first)->f_vnode != vp)
			first++;
		/* In place, the locks are still set. */
		if (first == i && !cs_in_place(cs))
			error = save_locks_of(cs, vp);
	}
	sort_locks(cs->cs_img.i_lock, cs->cs_img.i_nlock);
	return error;
}

/* ---- restore ---- */

static int put_lock(struct ckpt_restore *cr, const struct img_lock *il, struct file *f)
{
	const struct ckpt_rmember *rm = &cr->cr_member[il->l_proc == IMG_NONE ? 0 : il->l_proc];
	const struct flock_info fi = { .fi_kind = (enum flock_kind)(il->l_kind - 1),
				       .fi_write = il->l_write,
				       .fi_owner = il->l_proc == IMG_NONE ? (const void *)f
									  : rm->rm_proc->p_fdtab,
				       .fi_start = (s64)il->l_start,
				       .fi_end = (s64)il->l_end,
				       .fi_pid = rm_identity(rm)->p_pid };
	int error = may_lock(f, il->l_kind, il->l_write) ? flock_put(f->f_vnode, &fi) : -EBADF;

	if (error)
		return ckpt_refuse(cr->cr_path, error,
				   error == -EAGAIN ? "%s is locked by another process" : "the lock on %s cannot be set",
				   f->f_path ? f->f_path : "a file");
	return 0;
}

/*
 * Sets the locks, once the processes have their descriptors and ids. Open files
 * that RECOVER_STDIO has replaced were never locked.
 */
static int st_lock_claim(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < cr->cr_img.i_nlock && !error; i++) {
		const struct img_lock *il = &cr->cr_img.i_lock[i];

		if (!st_ref_stdio(cr, il->l_file))
			error = put_lock(cr, il, cr->cr_filev[il->l_file]);
	}
	return error;
}

const struct ckpt_kind st_lock_kind = {
	.k_name = "locks",
	.k_outside = true,
	.k_save_shared = st_lock_save_shared,
	.k_look_shared = st_lock_save_shared,
	.k_claim = st_lock_claim,
};
