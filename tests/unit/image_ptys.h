/* SPDX-License-Identifier: MIT */
/* A sample image with pseudo terminals: see image_sample.h. */
#ifndef TESTS_UNIT_IMAGE_PTYS_H
#define TESTS_UNIT_IMAGE_PTYS_H

#include "tests/unit/image_sample.h"

static inline u32 sample_device(struct img_image *img, const char *path, u32 rdev)
{
	u32 vnode = sample_vnode(img, path, 0020620, rdev);

	img->i_vnode[vnode].v_rdev = rdev;
	return vnode;
}

static inline struct img_pty *sample_pty(struct img_image *img, u32 tty, u32 flags)
{
	struct img_pty *y = img_add_pty(img);

	NEED(y);
	*y = (struct img_pty){ .y_tty = tty, .y_flags = flags };
	return y;
}

/* Both ends of pts/3, which controls the process's session, with something in every queue; and pts/4, hung up. */
static inline void sample_ptys(struct img_image *img)
{
	struct img_proc *p = sample_begin(img, 1);
	u32 ptmx, three, four;
	struct img_pty *y;

	sample_proc(img, 0, 77, IMG_NONE);
	sample_lwp(img, p, 77, false);
	sample_seg(img, p, 0xbffe0000, 32, 3, IMG_SEG_ANON, IMG_SEGF_STACK, IMG_NONE, 0);
	sample_pages(img, p, 0xbffff000, 1);
	ptmx = sample_device(img, "/dev/ptmx", 0x502);
	three = sample_device(img, "/dev/pts/3", 0x8803);
	four = sample_device(img, "/dev/pts/4", 0x8804);
	sample_file(img, (struct img_file){ .f_kind = IMG_FILE_PTMX, .f_flags = 2, .f_vnode = ptmx });
	sample_file(img, (struct img_file){ .f_kind = IMG_FILE_TTY, .f_flags = 2, .f_vnode = three });
	sample_file(img, (struct img_file){ .f_kind = IMG_FILE_TTY, .f_flags = 2, .f_vnode = four, .f_obj = 1 });
	for (u32 i = 0; i < 3; i++)
		sample_fd(img, p, (struct img_fd){ .fd_num = i, .fd_file = i });
	for (u32 i = 0; i < 2; i++) {
		struct img_tty *t = img_add_tty(img);

		NEED(t);
		*t = (struct img_tty){ .t_vnode = i ? four : three, .t_lflag = 0x8a3b, .t_row = 24, .t_col = 80 };
	}
	img->i_tty[0].t_pgrp = 77;
	p->p_ctty = 0;
	y = sample_pty(img, 0, IMG_PTY_MASTER | IMG_PTY_HAD_SLAVE | IMG_PTY_STOPPED);
	y->y_sid = 77;
	y->y_mode = 0620;
	y->y_uid = 1000;
	y->y_gid = 5;
	y->y_linecol = 7;
	y->y_column = 11;
	y->y_canon = 9;
	NEED(img_set_bytes(img, &y->y_in, "one\ntwo!\nhalf", 13) == 0 &&
	     img_set_bytes(img, &y->y_mark, "\x08\x01", 2) == 0 &&
	     img_set_bytes(img, &y->y_out, "more", 4) == 0 &&
	     img_set_bytes(img, &y->y_sent, "12345> half", 11) == 0);
	sample_pty(img, 1, IMG_PTY_HAD_SLAVE | IMG_PTY_HELD);
}

#endif
