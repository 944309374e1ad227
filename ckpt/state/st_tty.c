/* SPDX-License-Identifier: MIT */
/*
 * Terminals whose other end is hardware, or outside of the image: modes and
 * window size. A process is restored onto the terminal that its path leads to;
 * for /dev/tty that is the caller's. If the process was in the foreground, so
 * that the modes were its own to set, and the caller is in the foreground now,
 * then the saved modes are set, and the process is in the foreground again. A
 * line that was no session's terminal, and is none now, gets its saved modes.
 */
#include "ckpt/state/state.h"
#include "fs/tty.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

/* ---- save ---- */

void st_tty_fill(struct img_tty *it, const struct tty_state *st)
{
	it->t_iflag = st->ts_termios.c_iflag;
	it->t_oflag = st->ts_termios.c_oflag;
	it->t_cflag = st->ts_termios.c_cflag;
	it->t_lflag = st->ts_termios.c_lflag;
	it->t_line = st->ts_termios.c_line;
	it->t_ispeed = st->ts_termios.c_ispeed;
	it->t_ospeed = st->ts_termios.c_ospeed;
	memcpy(it->t_cc, st->ts_termios.c_cc, sizeof(it->t_cc));
	it->t_row = st->ts_winsize.ws_row;
	it->t_col = st->ts_winsize.ws_col;
	it->t_xpixel = st->ts_winsize.ws_xpixel;
	it->t_ypixel = st->ts_winsize.ws_ypixel;
}

int st_tty_save(struct ckpt_save *cs, struct file *f, u32 *index)
{
	struct ckpt_object *pty = st_pty_of(cs, f);
	struct tty *tty;
	struct tty_state st;
	struct img_tty *it;
	u32 vnode;
	int error;

	if (pty)
		return st_pty_save(cs, pty, f, index);
	error = st_vnode_save(cs, f->f_vnode, f->f_path, &vnode);
	if (error)
		return error;
	/*
	 * The process with the other end of a pseudo terminal may close it at
	 * any moment.
	 */
	tty = file_tty(f);
	if (!tty)
		return ckpt_refuse(cs_name(cs), -EOPNOTSUPP, "%s was hung up just now",
				   f->f_path ? f->f_path : "a terminal");
	for (u32 i = 0; i < cs->cs_img.i_ntty; i++) {
		if (cs->cs_img.i_tty[i].t_vnode == vnode) {
			*index = i;
			return 0;
		}
	}
	it = img_add_tty(&cs->cs_img);
	if (!it)
		return -ENOMEM;
	tty_get_state(tty, &st);
	it->t_vnode = vnode;
	st_tty_fill(it, &st);
	it->t_pgrp = pid_seen_by(cs->cs_member[0].cm_proc, tty_foreground(tty));
	*index = cs->cs_img.i_ntty - 1;
	return 0;
}

/* ---- restore ---- */

/* The member whose group has the terminal in the foreground; IMG_NONE: none. */
static u32 in_foreground(const struct ckpt_restore *cr, const struct img_tty *it)
{
	const struct img_image *img = &cr->cr_img;

	for (u32 i = 0; i < img->i_nproc && it->t_pgrp != 0; i++) {
		if (img->i_proc[i].p_pgid == it->t_pgrp && img->i_proc[i].p_sid == img->i_proc[0].p_sid)
			return i;
	}
	return IMG_NONE;
}

int st_tty_restore(struct ckpt_restore *cr, const struct img_tty *it, struct file *f)
{
	struct tty *tty = file_tty(f);

	if (!tty)
		return ckpt_refuse(cr->cr_path, -ENOTTY, "%s is not a terminal now",
				   cr->cr_img.i_vnode[it->t_vnode].v_path);
	if (in_foreground(cr, it) != IMG_NONE) {
		cr->cr_tty = tty;
		cr->cr_foreground = in_foreground(cr, it);
	}
	return 0;
}

void st_tty_take(struct tty_state *st, const struct img_tty *it)
{
	*st = (struct tty_state){ .ts_termios = { .c_iflag = it->t_iflag,
						  .c_oflag = it->t_oflag,
						  .c_cflag = it->t_cflag,
						  .c_lflag = it->t_lflag,
						  .c_line = it->t_line,
						  .c_ispeed = it->t_ispeed,
						  .c_ospeed = it->t_ospeed },
				  .ts_winsize = { it->t_row, it->t_col, it->t_xpixel, it->t_ypixel } };
	memcpy(st->ts_termios.c_cc, it->t_cc, sizeof(it->t_cc));
}

static void set_modes(struct tty *tty, const struct img_tty *it)
{
	struct tty_state st, now;

	tty_get_state(tty, &now);
	st_tty_take(&st, it);
	/* The window keeps its present size. */
	st.ts_winsize = now.ts_winsize;
	tty_set_state(tty, &st);
}

/*
 * May the saved modes be set? Not if a job other than the caller's is in the
 * foreground. A line without a session gets the modes that it had.
 */
static bool may_set(const struct ckpt_restore *cr, const struct img_tty *it, const struct tty *tty)
{
	pid_t pgrp = tty_foreground(tty);

	return pgrp == 0 ? it->t_pgrp == 0 || in_foreground(cr, it) != IMG_NONE
			 : pgrp == cr->cr_parent->p_pgid && in_foreground(cr, it) != IMG_NONE;
}

static void restore_modes(struct ckpt_restore *cr)
{
	for (u32 i = 0; i < cr->cr_img.i_nfile; i++) {
		const struct img_file *fi = &cr->cr_img.i_file[i];
		const struct img_tty *it;
		struct tty *tty;

		if (fi->f_kind != IMG_FILE_TTY || img_pty_of(&cr->cr_img, fi->f_obj) || st_ref_stdio(cr, i))
			continue;
		it = &cr->cr_img.i_tty[fi->f_obj];
		tty = file_tty(cr->cr_filev[i]);
		if (tty && may_set(cr, it, tty))
			set_modes(tty, it);
	}
}

/*
 * A job that was in the foreground is there again, if the caller's group is
 * now.
 */
static void give_terminal(struct ckpt_restore *cr)
{
	const struct proc *parent = cr->cr_parent, *p = rm_identity(&cr->cr_member[cr->cr_foreground]);

	if (cr->cr_tty && p->p_sid == parent->p_sid)
		tty_hand_over(cr->cr_tty, p->p_sid, parent->p_pgid, p->p_pgid);
}

static void st_tty_publish(struct ckpt_restore *cr)
{
	restore_modes(cr);
	give_terminal(cr);
}

const struct ckpt_kind st_tty_kind = { .k_name = "terminals", .k_outside = true, .k_publish = st_tty_publish };
