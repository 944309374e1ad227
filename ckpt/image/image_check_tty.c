/* SPDX-License-Identifier: MIT */
/* The rules of terminals, and of pseudo terminals whose both ends are the processes'. */
#include "ckpt/image/image_check.h"

/* Lines end where the marks say, and all that are ended come first. */
static bool lines_ok(const struct img_pty *y)
{
	const u8 *mark = y->y_mark.b_ptr;

	if (y->y_canon > y->y_in.b_len || y->y_mark.b_len != (y->y_in.b_len + 7) / 8)
		return false;
	for (u32 i = y->y_canon; i < y->y_mark.b_len * 8; i++) {
		if (mark[i / 8] >> i % 8 & 1)
			return false;
	}
	return y->y_canon == 0 || (mark[(y->y_canon - 1) / 8] >> (y->y_canon - 1) % 8 & 1);
}

static u32 masters_of(const struct img_image *img, u32 tty)
{
	u32 n = 0;

	for (u32 i = 0; i < img->i_nfile; i++)
		n += img->i_file[i].f_kind == IMG_FILE_PTMX && img->i_file[i].f_obj == tty;
	return n;
}

/* One that has its master has a name, /dev/pts/N, and N is its own. */
static bool name_ok(const struct img_image *img, u32 i)
{
	u32 rdev = img->i_vnode[img->i_tty[img->i_pty[i].y_tty].t_vnode].v_rdev;

	if (rdev >> 8 != IMG_PTY_MAJOR)
		return false;
	for (u32 k = 0; k < i; k++) {
		const struct img_pty *y = &img->i_pty[k];

		if ((y->y_flags & IMG_PTY_MASTER) && img->i_vnode[img->i_tty[y->y_tty].t_vnode].v_rdev == rdev)
			return false;
	}
	return true;
}

/* The master is open as /dev/ptmx; the slave as /dev/pts/N, /dev/tty, or another name of a terminal (device numbers: linux's devices.txt). */
static bool node_ok(const struct img_image *img, const struct img_file *f)
{
	u32 rdev = img->i_vnode[f->f_vnode].v_rdev, major = rdev >> 8;

	if (f->f_kind == IMG_FILE_PTMX)
		return rdev == IMG_PTMX_RDEV;
	return rdev != IMG_PTMX_RDEV && (major == 4 || major == 5 || major == IMG_PTY_MAJOR);
}

static int check_pty(const struct img_image *img, u32 i, struct img_err *err)
{
	const struct img_pty *y = &img->i_pty[i];
	bool master = y->y_flags & IMG_PTY_MASTER;

	REQUIRE(y->y_tty < img->i_ntty && (i == 0 || img->i_pty[i - 1].y_tty < y->y_tty),
		"pseudo terminal out of order", y->y_tty);
	REQUIRE(!(y->y_flags & ~IMG_PTY_FLAGS), "pseudo terminal's flags", y->y_flags);
	REQUIRE(y->y_sid >= 0 && y->y_sid < IMG_PID_MAX, "pseudo terminal's session", y->y_sid);
	REQUIRE(!(y->y_mode & ~07777u) && y->y_uid != ~0u && y->y_gid != ~0u, "pseudo terminal's attributes", i);
	REQUIRE(y->y_in.b_len <= IMG_MAX_TTY_IN && y->y_out.b_len <= IMG_MAX_TTY_OUT &&
			y->y_sent.b_len <= IMG_MAX_PTY_SENT && y->y_xchar <= 255,
		"pseudo terminal's queues", i);
	REQUIRE(lines_ok(y), "lines of a pseudo terminal", i);
	REQUIRE(masters_of(img, y->y_tty) == master, "master of a pseudo terminal", i);
	REQUIRE(!master || name_ok(img, i), "name of a pseudo terminal", i);
	REQUIRE(master || (!y->y_in.b_len && !y->y_out.b_len && !y->y_sent.b_len && !y->y_sid),
		"pseudo terminal that was hung up, and has something", i);
	return 0;
}

int imgc_ttys(const struct img_image *img, struct img_err *err)
{
	REQUIRE(img->i_npty <= IMG_MAX_TTYS, "too many pseudo terminals", img->i_npty);
	for (u32 i = 0; i < img->i_ntty; i++)
		REQUIRE(img->i_tty[i].t_pgrp >= 0 && img->i_tty[i].t_pgrp < IMG_PID_MAX,
			"foreground group", img->i_tty[i].t_pgrp);
	for (u32 i = 0; i < img->i_npty; i++) {
		int error = check_pty(img, i, err);

		if (error)
			return error;
	}
	for (u32 i = 0; i < img->i_nfile; i++) {
		const struct img_file *f = &img->i_file[i];
		bool end = (f->f_kind == IMG_FILE_PTMX || f->f_kind == IMG_FILE_TTY) &&
			   img_pty_of(img, f->f_obj);

		REQUIRE(end || f->f_kind != IMG_FILE_PTMX, "master of no pseudo terminal", i);
		REQUIRE(!end || node_ok(img, f), "pseudo terminal open as another device", i);
	}
	return 0;
}
