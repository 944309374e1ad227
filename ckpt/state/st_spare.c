/* SPDX-License-Identifier: MIT */
/*
 * Files whose contents the image holds, too (CKPT_SELF). Each file is decided
 * on once, before it is opened or mapped:
 *
 *	under its name                         the processes get
 *	the same file, unchanged               that file
 *	no file, and the processes write it    a new file under that name
 *	else                                   a copy without a name; the file
 *	                                       under the name stays as it is
 *
 * All descriptors, mappings and the program then have that one file, as before.
 */
#include "ckpt/state/state.h"
#include "fs/names.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "proc/acting.h"
#include "proc/fsctx.h"

static int create(struct ckpt_restore *cr, u32 index, struct file **fp)
{
	const struct img_vnode *v = &cr->cr_img.i_vnode[index];
	struct cred *cred = st_name_cred(cr, index);
	struct acting ac;
	const char *path;
	u32 nolinks;
	int error;

	if (!cred)
		return -ENOMEM;
	acting_begin(&ac, st_name_base(cr, index, &path, &nolinks), cred);
	error = file_open(AT_FDCWD, path, O_RDWR | nolinks | O_CREAT | O_EXCL | O_NOCTTY | O_LARGEFILE,
			  v->v_mode & 07777, fp);
	acting_end(&ac);
	cred_rele(cred);
	if (!error) {
		cr->cr_made[index] = true;
		cr->cr_anew[index] = (*fp)->f_vnode;
		vn_hold((*fp)->f_vnode);
	}
	return error;
}

/*
 * Makes the file again under its name, for all processes of the image that have
 * it.
 */
static int make_again(struct ckpt_restore *cr, u32 index, u32 data)
{
	/*
	 * The file gets the saved mode, whatever the hidden process's umask is.
	 */
	mode_t umask = fsctx_set_umask(curproc()->p_fs, 0);
	struct file *f;
	int error = create(cr, index, &f);

	(void)fsctx_set_umask(curproc()->p_fs, umask);
	if (error)
		return error;
	error = st_data_each(cr, data, false, st_data_put, f->f_vnode);
	/* Parts that are not stored stay holes, even at the end. */
	if (!error) {
		struct vattr va = { .va_mask = VA_SIZE, .va_size = cr->cr_img.i_data[data].d_size };

		error = vn_setattr(f->f_vnode, &va);
	}
	file_rele(f);
	return error;
}

static void take_copy(struct ckpt_restore *cr, u32 index, u32 data)
{
	cr->cr_anew[index] = cr->cr_datav[data];
	vn_hold(cr->cr_anew[index]);
	if (cr->cr_written[index])
		printk("ckpt: %s: %s has changed or is missing: the process gets a copy of its own, without a name\n",
		       cr->cr_path, cr_vnode_path(cr, index));
}

static int decide(struct ckpt_restore *cr, u32 index, u32 data)
{
	bool written = cr->cr_written[index];
	struct file *f;
	int error = st_vnode_open(cr, index, written ? O_RDWR : O_RDONLY, written, &f);

	if (!error) {
		file_rele(f);
		return 0;
	}
	if (error == -ENOMEM || error == -EIO)
		return error;
	if (error == -ENOENT && written) {
		error = make_again(cr, index, data);
		return error ? ckpt_refuse(cr->cr_path, error, "%s cannot be made again (error %d)",
					   cr_vnode_path(cr, index), -error)
			     : 0;
	}
	take_copy(cr, index, data);
	return 0;
}

static int st_spare_restore_shared(struct ckpt_restore *cr)
{
	const struct img_image *img = &cr->cr_img;
	int error = 0;

	for (u32 i = 0; i < img->i_nvnode && !error; i++) {
		u32 data = st_name_spare(cr, i) && S_ISREG(img->i_vnode[i].v_mode) ? st_ref_contents(cr, i)
										   : IMG_NONE;

		if (data != IMG_NONE)
			error = decide(cr, i, data);
	}
	return error;
}

static void uncreate(struct ckpt_restore *cr, u32 index)
{
	struct cred *cred = st_name_cred(cr, index);
	struct acting ac;
	const char *path;
	int error = -ENOMEM;
	u32 nolinks;

	if (cred) {
		acting_begin(&ac, st_name_base(cr, index, &path, &nolinks), cred);
		error = names_unlink(NULL, path);
		acting_end(&ac);
		cred_rele(cred);
	}
	if (error)
		printk_limited(&ckpt_limit, "ckpt: %s: left behind (error %d)\n",
			       cr_vnode_path(cr, index), -error);
}

/* A recovery that has failed removes the files that it made. */
static void st_spare_restore_end(struct ckpt_restore *cr, bool failed)
{
	for (u32 i = 0; failed && cr->cr_made && i < cr->cr_img.i_nvnode; i++) {
		if (cr->cr_made[i])
			uncreate(cr, i);
	}
}

const struct ckpt_kind st_spare_kind = {
	.k_name = "files with contents",
	.k_outside = true,
	.k_restore_shared = st_spare_restore_shared,
	.k_restore_end = st_spare_restore_end,
};
