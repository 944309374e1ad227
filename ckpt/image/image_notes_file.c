/* SPDX-License-Identifier: MIT */
/* The notes about what processes share, field by field: see image_notes.c. */
#include "ckpt/image/image_codec.h"
#include "ckpt/image/image_format.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* The least that one item takes in its note. */
#define MIN_VNODE 56u
#define MIN_FILE 28u
#define MIN_TTY 60u
#define MIN_PTY 56u
#define MIN_PIPE 20u
#define MIN_DATA 32u
#define MIN_LOCK 32u

void imgx_vnodes(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_vnode = imgx_list(x, img->i_vnode, &img->i_nvnode, IMG_MAX_VNODES, MIN_VNODE,
				 sizeof(*img->i_vnode));
	for (u32 i = 0; i < img->i_nvnode && !x->x_error; i++) {
		struct img_vnode *v = &img->i_vnode[i];

		imgx_u64(x, &v->v_ino);
		imgx_u64(x, &v->v_size);
		imgx_s64(x, &v->v_mtime);
		imgx_u32(x, &v->v_mtime_ns);
		imgx_u32(x, &v->v_dev);
		imgx_u32(x, &v->v_rdev);
		imgx_u32(x, &v->v_gen);
		imgx_u32(x, &v->v_mode);
		imgx_u32(x, &v->v_flags);
		imgx_str(x, &v->v_path);
	}
}

void imgx_files(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_file = imgx_list(x, img->i_file, &img->i_nfile, IMG_MAX_FILES, MIN_FILE, sizeof(*img->i_file));
	for (u32 i = 0; i < img->i_nfile && !x->x_error; i++) {
		struct img_file *f = &img->i_file[i];

		imgx_u32(x, &f->f_kind);
		imgx_u32(x, &f->f_flags);
		imgx_u64(x, &f->f_offset);
		imgx_u32(x, &f->f_vnode);
		imgx_u32(x, &f->f_obj);
		imgx_s32(x, &f->f_owner);
	}
}

void imgx_pipes(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_PIPES_VERSION);
	img->i_pipe = imgx_list(x, img->i_pipe, &img->i_npipe, IMG_MAX_PIPES, MIN_PIPE, sizeof(*img->i_pipe));
	for (u32 i = 0; i < img->i_npipe && !x->x_error; i++) {
		imgx_u32(x, &img->i_pipe[i].pi_size);
		imgx_u32(x, &img->i_pipe[i].pi_data);
		imgx_u32(x, &img->i_pipe[i].pi_mode);
		imgx_u32(x, &img->i_pipe[i].pi_uid);
		imgx_u32(x, &img->i_pipe[i].pi_gid);
	}
}

void imgx_data(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_data = imgx_list(x, img->i_data, &img->i_ndata, IMG_MAX_DATA, MIN_DATA, sizeof(*img->i_data));
	for (u32 i = 0; i < img->i_ndata && !x->x_error; i++) {
		struct img_data *d = &img->i_data[i];

		imgx_u32(x, &d->d_kind);
		imgx_u32(x, &d->d_mode);
		imgx_u32(x, &d->d_uid);
		imgx_u32(x, &d->d_gid);
		imgx_u64(x, &d->d_size);
		imgx_str(x, &d->d_path);
	}
}

static void stamp(struct imgx *x, struct img_stamp *t)
{
	imgx_s64(x, &t->ts_sec);
	imgx_u32(x, &t->ts_ns);
}

static void vnode_stats(struct imgx *x, struct img_vnode *v)
{
	stamp(x, &v->v_ctime);
	stamp(x, &v->v_atime);
	imgx_u32(x, &v->v_uid);
	imgx_u32(x, &v->v_gid);
	imgx_u32(x, &v->v_changes);
	imgx_raw(x, v->v_uuid, sizeof(v->v_uuid));
}

/* What VNODES, DATA and PIPES do not hold: their lists are there by now. */
void imgx_stats(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_stats = 1;
	for (u32 i = 0; i < img->i_nvnode && !x->x_error; i++)
		vnode_stats(x, &img->i_vnode[i]);
	for (u32 i = 0; i < img->i_ndata && !x->x_error; i++) {
		stamp(x, &img->i_data[i].d_atime);
		stamp(x, &img->i_data[i].d_mtime);
		stamp(x, &img->i_data[i].d_ctime);
	}
	for (u32 i = 0; i < img->i_npipe && !x->x_error; i++) {
		stamp(x, &img->i_pipe[i].pi_atime);
		stamp(x, &img->i_pipe[i].pi_mtime);
		stamp(x, &img->i_pipe[i].pi_ctime);
	}
}

void imgx_locks(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_lock = imgx_list(x, img->i_lock, &img->i_nlock, IMG_MAX_LOCKS, MIN_LOCK, sizeof(*img->i_lock));
	for (u32 i = 0; i < img->i_nlock && !x->x_error; i++) {
		struct img_lock *l = &img->i_lock[i];

		imgx_u32(x, &l->l_kind);
		imgx_u32(x, &l->l_write);
		imgx_u32(x, &l->l_file);
		imgx_u32(x, &l->l_proc);
		imgx_u64(x, &l->l_start);
		imgx_u64(x, &l->l_end);
	}
}

void imgx_ttys(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_tty = imgx_list(x, img->i_tty, &img->i_ntty, IMG_MAX_TTYS, MIN_TTY, sizeof(*img->i_tty));
	for (u32 i = 0; i < img->i_ntty && !x->x_error; i++) {
		struct img_tty *t = &img->i_tty[i];

		imgx_u32(x, &t->t_vnode);
		imgx_u32(x, &t->t_iflag);
		imgx_u32(x, &t->t_oflag);
		imgx_u32(x, &t->t_cflag);
		imgx_u32(x, &t->t_lflag);
		imgx_raw(x, &t->t_line, 1);
		imgx_raw(x, t->t_cc, sizeof(t->t_cc));
		imgx_u32(x, &t->t_ispeed);
		imgx_u32(x, &t->t_ospeed);
		imgx_u16(x, &t->t_row);
		imgx_u16(x, &t->t_col);
		imgx_u16(x, &t->t_xpixel);
		imgx_u16(x, &t->t_ypixel);
		imgx_s32(x, &t->t_pgrp);
	}
}

void imgx_ptys(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	imgx_u32(x, &img->i_npty);
	img->i_pty = imgx_list(x, img->i_pty, &img->i_npty, IMG_MAX_TTYS, MIN_PTY, sizeof(*img->i_pty));
	for (u32 i = 0; i < img->i_npty && !x->x_error; i++) {
		struct img_pty *y = &img->i_pty[i];

		imgx_u32(x, &y->y_tty);
		imgx_u32(x, &y->y_flags);
		imgx_s32(x, &y->y_sid);
		imgx_u32(x, &y->y_mode);
		imgx_u32(x, &y->y_uid);
		imgx_u32(x, &y->y_gid);
		imgx_u32(x, &y->y_linecol);
		imgx_u32(x, &y->y_column);
		imgx_u32(x, &y->y_xchar);
		imgx_u32(x, &y->y_canon);
		imgx_bytes(x, &y->y_in, IMG_MAX_TTY_IN);
		imgx_bytes(x, &y->y_mark, IMG_MAX_TTY_IN / 8);
		imgx_bytes(x, &y->y_out, IMG_MAX_TTY_OUT);
		imgx_bytes(x, &y->y_sent, IMG_MAX_PTY_SENT);
	}
}
