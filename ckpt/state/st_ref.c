/* SPDX-License-Identifier: MIT */
/*
 * References inside an image: which entry of one list refers to which entry of
 * another list.
 */
#include "ckpt/state/state.h"
#include "fs/file.h"
#include "mm/kmalloc.h"

const struct img_proc *st_ref_owner(const struct ckpt_restore *cr, u32 index)
{
	const struct img_image *img = &cr->cr_img;

	for (u32 i = 0; i < img->i_nproc; i++) {
		const struct img_proc *ip = &img->i_proc[i], *with = img_fds_of(img, ip);

		for (u32 k = 0; k < with->p_nfd && ip->p_fsuid != 0; k++) {
			if (img->i_file[with->p_fd[k].fd_file].f_vnode == index)
				return ip;
		}
	}
	return &img->i_proc[0];
}

u32 st_ref_contents(const struct ckpt_restore *cr, u32 index)
{
	const struct img_image *img = &cr->cr_img;

	for (u32 i = 0; i < img->i_nfile; i++) {
		if (img->i_file[i].f_vnode == index && img->i_file[i].f_kind == IMG_FILE_REG &&
		    img->i_file[i].f_obj != IMG_NONE)
			return img->i_file[i].f_obj;
	}
	for (u32 i = 0; i < img->i_nproc; i++) {
		for (u32 k = 0; k < img->i_proc[i].p_nseg; k++) {
			const struct img_seg *is = &img->i_proc[i].p_seg[k];

			if (is->s_vnode == index && is->s_data != IMG_NONE)
				return is->s_data;
		}
	}
	return IMG_NONE;
}

u32 st_ref_name(const struct ckpt_restore *cr, u32 data)
{
	const struct img_image *img = &cr->cr_img;

	for (u32 i = 0; i < img->i_nfile; i++) {
		if (img->i_file[i].f_kind == IMG_FILE_REG && img->i_file[i].f_obj == data)
			return img->i_file[i].f_vnode;
	}
	return IMG_NONE;
}

bool st_ref_stdio(struct ckpt_restore *cr, u32 index)
{
	const struct img_proc *ip = &cr->cr_img.i_proc[0];
	bool taken = false;

	for (u32 i = 0; i < ip->p_nfd && ip->p_fd[i].fd_num <= 2; i++)
		taken |= ip->p_fd[i].fd_file == index && cr->cr_stdio[ip->p_fd[i].fd_num];
	return taken;
}

u32 st_ref_pipe_name(const struct ckpt_restore *cr, u32 index)
{
	const struct img_image *img = &cr->cr_img;

	for (u32 i = 0; i < img->i_nfile; i++) {
		const struct img_file *fi = &img->i_file[i];

		if (fi->f_kind == IMG_FILE_PIPE && fi->f_obj == index && fi->f_vnode != IMG_NONE)
			return fi->f_vnode;
	}
	return IMG_NONE;
}

void st_ref_drop(struct file **v, u32 n)
{
	for (u32 i = 0; v && i < n; i++) {
		if (v[i])
			file_rele(v[i]);
	}
	kfree(v);
}
