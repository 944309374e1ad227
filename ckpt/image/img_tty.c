/* SPDX-License-Identifier: MIT */
/*
 * Terminals, and pseudo terminals whose both ends are the processes'. Fields
 * and rules.
 */
#include "ckpt/image/img_check.h"

/* Device numbers: linux's devices.txt. */
#define MAJOR(rdev) ((rdev) >> 8)
#define MAJOR_TTY 4u
#define MAJOR_TTYAUX 5u

static u32 rdev_of(const struct img_image *img, u32 tty)
{
	return img->i_vnode[img->i_tty[tty].t_vnode].v_rdev;
}

#define ITEM struct img_tty
static const struct img_field tty_fields[] = {
	NOTE(TTYS),
	F(INDEX, t_vnode, "vnode", OF(VNODE), USE),
	F(U32, t_iflag, "iflag"),
	F(U32, t_oflag, "oflag"),
	F(U32, t_cflag, "cflag"),
	F(U32, t_lflag, "lflag"),
	F(U8, t_line, "line"),
	BYTES(t_cc, "cc"),
	F(U32, t_ispeed, "ispeed"),
	F(U32, t_ospeed, "ospeed"),
	F(U16, t_row, "rows"),
	F(U16, t_col, "columns"),
	F(U16, t_xpixel, "xpixel"),
	F(U16, t_ypixel, "ypixel"),
	F(S32, t_pgrp, "foreground", RULE(PID0)),
	END,
};

static int check_tty(struct imgc *c, const void *item, u32 index)
{
	const struct img_tty *t = item;

	REQUIRE(imgc_vnode_is(c->c_img, t->t_vnode, MODE_CHR), "vnode is no device", t->t_vnode);
	return 0;
}

const struct img_kind img_tty_kind = KIND(tty_fields, "terminal", CHECK(check_tty));
#undef ITEM

#define ITEM struct img_pty
static const struct img_field pty_fields[] = {
	NOTE(PTYS),
	F(U32, y_tty, "tty", HIDDEN),
	F(U32, y_flags, "flags", BITS(IMG_PTY_FLAGS)),
	F(S32, y_sid, "session", RULE(PID0)),
	F(U32, y_mode, "mode", BITS(MODE_PERM)),
	F(U32, y_uid, "uid", RULE(ID)),
	F(U32, y_gid, "gid", RULE(ID)),
	F(U32, y_linecol, "line_column"),
	F(U32, y_column, "column"),
	F(U32, y_xchar, "xchar", MAX_OF(255)),
	F(U32, y_canon, "ended"),
	QUEUE(y_in, "typed", IMG_MAX_TTY_IN),
	QUEUE(y_mark, "marks", IMG_MAX_TTY_IN / 8),
	QUEUE(y_out, "written", IMG_MAX_TTY_OUT),
	QUEUE(y_sent, "printed", IMG_MAX_PTY_SENT),
	END,
};

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

/*
 * Its ends are open as what they are: the master, once or not at all, as
 * /dev/ptmx; the slave as /dev/pts/N, /dev/tty, or another name of a terminal.
 */
static int check_ends(struct imgc *c, const struct img_pty *y)
{
	const struct img_image *img = c->c_img;
	u32 masters = 0;

	for (u32 i = 0; i < img->i_nfile; i++) {
		const struct img_file *f = &img->i_file[i];
		bool master = f->f_kind == IMG_FILE_PTMX;
		u32 rdev;

		if ((!master && f->f_kind != IMG_FILE_TTY) || f->f_obj != y->y_tty)
			continue;
		rdev = img->i_vnode[f->f_vnode].v_rdev;
		masters += master;
		REQUIRE(!master || rdev == IMG_PTMX_RDEV, "its master is open as another device", rdev);
		REQUIRE(master || (rdev != IMG_PTMX_RDEV && (MAJOR(rdev) == MAJOR_TTY || MAJOR(rdev) == MAJOR_TTYAUX ||
							     MAJOR(rdev) == IMG_PTY_MAJOR)),
			"its slave is open as another device", rdev);
	}
	REQUIRE(masters == !!(y->y_flags & IMG_PTY_MASTER),
		"flags say another number of masters than are open", masters);
	return 0;
}

/* If it has its master, it has a name, /dev/pts/N, and N is its own. */
static int check_name(struct imgc *c, const struct img_pty *y, u32 index)
{
	u32 rdev = rdev_of(c->c_img, y->y_tty);

	REQUIRE(MAJOR(rdev) == IMG_PTY_MAJOR, "its vnode is none of a pseudo terminal", rdev);
	for (const struct img_pty *z = y - index; z < y; z++)
		REQUIRE(!(z->y_flags & IMG_PTY_MASTER) || rdev_of(c->c_img, z->y_tty) != rdev,
			"its name is that of another one, too", rdev);
	return 0;
}

static int check_pty(struct imgc *c, const void *item, u32 index)
{
	const struct img_pty *y = item;
	int error;

	REQUIRE(y->y_tty < c->c_img->i_ntty, "tty is none of the image's", y->y_tty);
	REQUIRE(index == 0 || y[-1].y_tty < y->y_tty, "is out of the order of terminals", y->y_tty);
	REQUIRE(lines_ok(y), "ended and marks do not fit typed", y->y_canon);
	REQUIRE((y->y_flags & IMG_PTY_MASTER) ||
			(!y->y_in.b_len && !y->y_out.b_len && !y->y_sent.b_len && !y->y_sid),
		"it was hung up, and has a session or something in a queue", index);
	error = check_ends(c, y);
	return error || !(y->y_flags & IMG_PTY_MASTER) ? error : check_name(c, y, index);
}

const struct img_kind img_pty_kind = KIND(pty_fields, "pseudo terminal", CHECK(check_pty));
#undef ITEM
