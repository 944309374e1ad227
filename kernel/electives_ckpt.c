/* SPDX-License-Identifier: MIT */
/*
 * What the checkpoint does without an elective: see kernel/electives.c.
 *
 * The kind of a state that only an elective has is still in the table of kinds
 * (ckpt/state/kinds.c). Without the elective it saves nothing, because no
 * process can have the state, and refuses an image that holds some.
 */
#include "ckpt/every.h"
#include "ckpt/inplace.h"
#include "ckpt/state/state.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* n: how much of the state the image holds. */
static int refuse_state(struct ckpt_restore *cr, u32 n, const char *state)
{
	if (n == 0)
		return 0;
	return ckpt_refuse(cr->cr_path, -EOPNOTSUPP,
			   "the image holds %s, which this kernel was built without", state);
}

/* ---- inject, can, forked ---- */

__weak int ckpt_fault(uaddr_t buf)
{
	return -EOPNOTSUPP;
}

__weak long ckpt_can(struct proc *p, uaddr_t buf, bool volatiles)
{
	return -EOPNOTSUPP;
}

__weak int fckpt(struct ckpt_save *cs, struct proc **childp)
{
	return -EOPNOTSUPP;
}

/* ---- key ---- */

__weak void ckpt_key_init(void)
{
}

__weak void ckpt_key_request(void)
{
}

__weak void ckpt_key_report(const struct ckpt_request *rq)
{
}

/* ---- inplace ---- */

__weak int ckpt_exec_image(struct vnode *vp, const char *path)
{
	return -ENOEXEC;
}

__weak void ckpt_every_set(struct proc *p, u32 n)
{
}

__weak void ckpt_every(void)
{
}

__weak void ckpt_every_call(struct lwp *l)
{
}

/* ---- timerid ---- */

static int refuse_timers(struct ckpt_restore *cr)
{
	u32 n = 0;

	for (u32 i = 0; i < cr->cr_img.i_nproc; i++)
		n += cr->cr_img.i_proc[i].p_nptimer;
	return refuse_state(cr, n, "timers by id");
}

__weak const struct ckpt_kind st_ptimer_kind = {
	.k_name = "timers by id",
	.k_restore_begin = refuse_timers,
};

/* ---- roots ---- */

static int refuse_roots(struct ckpt_restore *cr)
{
	u32 n = 0;

	for (u32 i = 0; i < cr->cr_img.i_nproc; i++) {
		u32 index = cr->cr_img.i_proc[i].p_root;

		n += index != IMG_NONE && strcmp(cr_vnode_path(cr, index), "/") != 0;
	}
	return refuse_state(cr, n, "a process that has changed its root directory");
}

__weak const struct ckpt_kind st_root_kind = {
	.k_name = "roots",
	.k_restore_begin = refuse_roots,
};

/* ---- locks ---- */

static int refuse_locks(struct ckpt_restore *cr)
{
	return refuse_state(cr, cr->cr_img.i_nlock, "locks on files");
}

__weak const struct ckpt_kind st_lock_kind = {
	.k_name = "locks",
	.k_restore_begin = refuse_locks,
};

/* ---- pty ---- */

static int refuse_ptys(struct ckpt_restore *cr)
{
	return refuse_state(cr, cr->cr_img.i_npty, "pseudo terminals");
}

__weak const struct ckpt_kind st_pty_kind = {
	.k_name = "pseudo terminals",
	.k_restore_begin = refuse_ptys,
};

__weak struct ckpt_object *st_pty_of(struct ckpt_save *cs, struct file *f)
{
	return NULL;
}

__weak int st_pty_save(struct ckpt_save *cs, struct ckpt_object *ob, struct file *f, u32 *index)
{
	return -EOPNOTSUPP;
}

__weak int st_pty_torn(struct ckpt_save *cs, struct file *f)
{
	return 0;
}

__weak int st_pty_open(struct ckpt_restore *cr, const struct img_file *fi, struct file **fp)
{
	return -EOPNOTSUPP;
}

__weak void st_pty_settle(struct ckpt_restore *cr)
{
}

/* ---- procfs ---- */

static int refuse_abouts(struct ckpt_restore *cr)
{
	u32 n = 0;

	for (u32 i = 0; i < cr->cr_img.i_nvnode; i++)
		n += (cr->cr_img.i_vnode[i].v_flags & IMG_VF_PROCESS) != 0;
	return refuse_state(cr, n, "files of /proc");
}

__weak const struct ckpt_kind st_about_kind = {
	.k_name = "files of /proc",
	.k_restore_begin = refuse_abouts,
};

__weak int st_about_save(struct ckpt_save *cs, struct vnode *vp, const struct procfs_about *pa, u32 *index)
{
	return -EOPNOTSUPP;
}

__weak int st_about_make(struct ckpt_restore *cr, u32 index, struct vnode **vpp)
{
	return -EOPNOTSUPP;
}

__weak int st_about_access(struct ckpt_restore *cr, u32 index, u32 oflags)
{
	return -EOPNOTSUPP;
}
