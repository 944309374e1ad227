/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs: size, and the bytes in them. A pipe with an end in a process
 * outside of the image is refused: the restored pipe would lack that end.
 */
#include "ckpt/state/state.h"
#include "fs/anonfs.h"
#include "fs/names.h"
#include "fs/pipe.h"
#include "fs/uio.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"

/* ---- save ---- */

int st_pipe_save(struct ckpt_save *cs, struct file *f, u32 *index)
{
	struct ckpt_object *ob = ckpt_object(cs, CO_PIPE, f->f_vnode);

	if (!ob) {
		ob = ckpt_object_add(cs, CO_PIPE, f->f_vnode);
		if (!ob || !img_add_pipe(&cs->cs_img))
			return -ENOMEM;
	}
	ob->ob_met++;
	*index = ob->ob_index;
	return 0;
}

static int refuse_torn(struct ckpt_save *cs, struct ckpt_object *ob)
{
	if (ob->ob_refused)
		return 0;
	ob->ob_refused = true;
	return ckpt_refuse(cs_name(cs), -EOPNOTSUPP, "its pipe (inode %u) has an end in another process",
			   (u32)((const struct vnode *)ob->ob_ptr)->v_ino);
}

int st_pipe_torn(struct ckpt_save *cs, struct file *f)
{
	return refuse_torn(cs, ckpt_object(cs, CO_PIPE, f->f_vnode));
}

/* Saves copies of the bytes: the original pipe goes on with its pages. */
static int save_bytes(struct ckpt_save *cs, struct vnode *vp, u32 size, u32 *index)
{
	u32 n = ROUND_UP(size, PAGE_SIZE) / PAGE_SIZE, i;
	struct page **pg = kzalloc(n * sizeof(*pg), 0);
	int error = pg ? 0 : -ENOMEM;

	for (i = 0; i < n && !error; i++) {
		u32 off = i * PAGE_SIZE;

		pg[i] = page_alloc(PGA_ZERO);
		if (pg[i])
			pipe_peek(vp, off, page_kva(pg[i]), MIN(size - off, PAGE_SIZE));
		else
			error = -ENOMEM;
	}
	if (!error)
		error = st_data_pipe(cs, pg, size, index);
	for (i = 0; i < n && pg && error; i++) {
		if (pg[i])
			page_put(pg[i]);
	}
	kfree(pg);
	return error;
}

/* Owner and mode of a pipe. Those of a FIFO are saved with its name. */
static void save_owner(struct img_pipe *ip, struct vnode *vp)
{
	struct vattr va;

	if (vp->v_vfs != &pipefs || vn_getattr(vp, &va) != 0)
		return;
	ip->pi_mode = va.va_mode & 07777;
	ip->pi_uid = va.va_uid;
	ip->pi_gid = va.va_gid;
	st_stats_pipe(ip, &va);
}

static int save_pipe(struct ckpt_save *cs, struct ckpt_object *ob, struct img_pipe *ip)
{
	struct vnode *vp = (struct vnode *)ob->ob_ptr;
	struct pipe_state ps;
	int error = 0;

	pipe_get_state(vp, &ps);
	*ip = (struct img_pipe){ .pi_size = ps.ps_size, .pi_data = IMG_NONE };
	save_owner(ip, vp);
	if (!ckpt_closed(cs, ob, ps.ps_files))
		error = refuse_torn(cs, ob);
	return error;
}

static int st_pipe_save_shared(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < ckpt_nobjects(cs, CO_PIPE) && !error; i++)
		error = save_pipe(cs, ckpt_object_at(cs, CO_PIPE, i), &cs->cs_img.i_pipe[i]);
	return error;
}

static int st_pipe_save_contents(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < ckpt_nobjects(cs, CO_PIPE) && !error; i++) {
		struct vnode *vp = (struct vnode *)ckpt_object_at(cs, CO_PIPE, i)->ob_ptr;
		struct pipe_state ps;

		pipe_get_state(vp, &ps);
		if (ps.ps_count)
			error = save_bytes(cs, vp, ps.ps_count, &cs->cs_img.i_pipe[i].pi_data);
	}
	return error;
}

/* ---- restore ---- */

/*
 * A restored pipe belongs to the caller, unless the caller is the superuser: as
 * every file does.
 */
static int pipe_set_owner(struct vnode *vp, const struct img_pipe *ip)
{
	struct vattr va = { .va_mask = VA_MODE, .va_mode = ip->pi_mode, .va_uid = ip->pi_uid, .va_gid = ip->pi_gid };

	if (cred_super(cred_cur()))
		va.va_mask |= VA_UID | VA_GID;
	return vn_setattr(vp, &va);
}

/*
 * An open file of both ends, which keeps the pipe while its own open files are
 * made.
 */
static int open_both(struct ckpt_restore *cr, u32 index, struct file **fp)
{
	u32 name = st_ref_pipe_name(cr, index);
	struct vnode *vp;
	int error;

	if (name != IMG_NONE)
		return st_vnode_open(cr, name, O_RDWR, true, fp);
	error = pipe_vnode_create(&vp);
	if (error)
		return error;
	error = pipe_set_owner(vp, &cr->cr_img.i_pipe[index]);
	if (!error)
		error = file_open_vnode(vp, O_RDWR | O_NONBLOCK, fp);
	if (error)
		vn_rele(vp);
	return error;
}

static int pipe_fill(const void *bytes, u32 off, u32 len, void *arg)
{
	struct uio u;
	ssize_t n;

	uio_init_kernel(&u, true, (void *)bytes, len, 0);
	n = file_write(arg, &u);
	return n < 0 ? (int)n : (u32)n == len ? 0 : -EBUSY;
}

static int restore_pipe(struct ckpt_restore *cr, u32 index)
{
	const struct img_pipe *ip = &cr->cr_img.i_pipe[index];
	struct file **fp = &cr->cr_pipev[index];
	struct pipe_state ps;
	int error = open_both(cr, index, fp);
	long size;

	if (error)
		return error;
	/*
	 * Refuse a FIFO that another process is using: it has other bytes or
	 * ends.
	 */
	pipe_get_state((*fp)->f_vnode, &ps);
	if (ps.ps_files > 1 || ps.ps_count)
		return ckpt_refuse(cr->cr_path, -EBUSY, "%s is in use, or holds bytes",
				   (*fp)->f_path ? (*fp)->f_path : "a pipe");
	size = pipe_set_size(*fp, ip->pi_size);
	if (size < 0)
		return (int)size;
	return ip->pi_data == IMG_NONE ? 0 : st_data_each(cr, ip->pi_data, true, pipe_fill, *fp);
}

static int st_pipe_restore_shared(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < cr->cr_img.i_npipe && !error; i++)
		error = restore_pipe(cr, i);
	return error;
}

int st_pipe_open(struct ckpt_restore *cr, u32 index, u32 flags, struct file **fp)
{
	struct file *both = cr->cr_pipev[index], *f;
	int error;

	vn_hold(both->f_vnode);
	error = file_open_vnode(both->f_vnode, flags | O_NONBLOCK, &f);
	if (error) {
		vn_rele(both->f_vnode);
		return error;
	}
	if (both->f_path) {
		f->f_path = kstrdup(both->f_path, 0);
		if (!f->f_path) {
			file_rele(f);
			return -ENOMEM;
		}
	}
	*fp = f;
	return 0;
}

static int st_pipe_restore_begin(struct ckpt_restore *cr)
{
	cr->cr_pipev = kzalloc((cr->cr_img.i_npipe + 1) * sizeof(*cr->cr_pipev), 0);
	return cr->cr_pipev ? 0 : -ENOMEM;
}

static void st_pipe_restore_end(struct ckpt_restore *cr, bool failed)
{
	st_ref_drop(cr->cr_pipev, cr->cr_img.i_npipe);
}

const struct ckpt_kind st_pipe_kind = {
	.k_name = "pipes",
	.k_outside = true,
	.k_save_shared = st_pipe_save_shared,
	.k_save_contents = st_pipe_save_contents,
	.k_look_shared = st_pipe_save_shared,
	.k_restore_begin = st_pipe_restore_begin,
	.k_restore_shared = st_pipe_restore_shared,
	.k_restore_end = st_pipe_restore_end,
};
