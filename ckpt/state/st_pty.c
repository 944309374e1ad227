/* SPDX-License-Identifier: MIT */
/*
 * Pseudo terminals with both ends in the image: modes, queues, sessions. A pair
 * whose slave is open outside of the image is refused. Of a pair without a
 * master only open files that were hung up are left, and are restored as such.
 * A program knows its terminal by number: the pair gets the same one if it is
 * free; with RECOVER_CHANGED, another one.
 */
#include "ckpt/state/state.h"
#include "fs/namei.h"
#include "fs/tty_pty.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

#define PTMX "/dev/ptmx"
#define NAME_SIZE 24u

_Static_assert(LS_LNEXT << 5 == IMG_PTY_LNEXT && LS_TCOOFF << 5 == IMG_PTY_TCOOFF &&
		       PTYS_HELD == IMG_PTY_HELD && (LS_FLAGS << 5 | PTYS_FLAGS) == IMG_PTY_FLAGS,
	       "flags are put together and taken apart by shifting");
_Static_assert(LD_INSIZE == IMG_MAX_TTY_IN, "what is in an image fits the queues");
_Static_assert(LD_OUTSIZE == IMG_MAX_TTY_OUT, "what is in an image fits the queues");
_Static_assert(PTY_RING == IMG_MAX_PTY_SENT, "what is in an image fits the queues");

static void pts_name(char name[NAME_SIZE], u32 number)
{
	snprintf(name, NAME_SIZE, "/dev/pts/%u", number);
}

/* ---- save ---- */

/* The pair that f brings into the image: as its master, or with none left. */
static struct tty *pair_by(struct file *f)
{
	struct tty *tty = file_pty_of_master(f);

	if (tty)
		return tty;
	tty = file_pty(f);
	return tty && !pty_has_master(tty) ? tty : NULL;
}

static int find_among(struct ckpt_save *cs, struct fdtab *ft)
{
	struct file *f;
	u32 fdflags;
	int error = 0;

	for (u32 fd = 0; !error && (f = fdtab_next(ft, &fd, &fdflags)) != NULL; fd++) {
		struct tty *tty = pair_by(f);

		if (tty && !ckpt_object(cs, CO_PTY, tty)) {
			struct ckpt_object *ob = ckpt_object_add(cs, CO_PTY, tty);

			if (ob)
				ob->ob_index = IMG_NONE;
			else
				error = -ENOMEM;
		}
		file_rele(f);
	}
	return error;
}

static int st_pty_save_begin(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < cs->cs_nmember && !error; i++) {
		if (cs->cs_member[i].cm_fdtab) /* not a zombie */
			error = find_among(cs, cs->cs_member[i].cm_fdtab);
	}
	return error;
}

struct ckpt_object *st_pty_of(struct ckpt_save *cs, struct file *f)
{
	struct tty *tty = file_pty_of_master(f);

	if (!tty)
		tty = file_pty(f);
	return tty ? ckpt_object(cs, CO_PTY, tty) : NULL;
}

/* ob_met counts only open files of the slave. */
int st_pty_save(struct ckpt_save *cs, struct ckpt_object *ob, struct file *f, u32 *index)
{
	if (ob->ob_index == IMG_NONE) {
		if (!img_add_tty(&cs->cs_img))
			return -ENOMEM;
		ob->ob_index = cs->cs_img.i_ntty - 1;
	}
	ob->ob_met += file_pty(f) != NULL;
	*index = ob->ob_index;
	return 0;
}

static int refuse_torn(struct ckpt_save *cs, struct ckpt_object *ob)
{
	if (ob->ob_refused)
		return 0;
	ob->ob_refused = true;
	return ckpt_refuse(cs_name(cs), -EOPNOTSUPP, "its pseudo terminal %u is open in another process",
			   pty_number((struct tty *)ob->ob_ptr));
}

int st_pty_torn(struct ckpt_save *cs, struct file *f)
{
	struct ckpt_object *ob = st_pty_of(cs, f);

	return ob ? refuse_torn(cs, ob) : 0;
}

static int save_queues(struct img_image *img, struct img_pty *y, const struct pty_state *ps)
{
	const struct ldisc_state *ls = &ps->ps_ld;
	int error = img_set_bytes(img, &y->y_in, ls->ls_in, ls->ls_nin);

	if (!error)
		error = img_set_bytes(img, &y->y_mark, ls->ls_mark, (ls->ls_nin + 7) / 8);
	if (!error)
		error = img_set_bytes(img, &y->y_out, ls->ls_out, ls->ls_nout);
	return error ? error : img_set_bytes(img, &y->y_sent, ps->ps_sent, ps->ps_nsent);
}

/* Saves the slave's name: /dev/pts/N; if it was hung up, the opened name. */
static int save_name(struct ckpt_save *cs, struct tty *tty, u32 *vnode)
{
	char name[NAME_SIZE];
	struct vnode *vp;
	int error;

	for (u32 i = 0; i < ckpt_nobjects(cs, CO_FILE) && !pty_has_master(tty); i++) {
		struct file *f = cs_file(cs, i);

		if (file_pty(f) == tty)
			return st_vnode_save(cs, f->f_vnode, f->f_path, vnode);
	}
	pts_name(name, pty_number(tty));
	error = namei(NULL, name, 0, &vp);
	if (error)
		return ckpt_refuse(cs_name(cs), error == -ENOENT ? -EOPNOTSUPP : error,
				   "its pseudo terminal %u has no name in /dev/pts", pty_number(tty));
	error = st_vnode_save(cs, vp, name, vnode);
	vn_rele(vp);
	return error;
}

static int save_pair(struct ckpt_save *cs, struct ckpt_object *ob, struct pty_state *ps)
{
	struct proc *first = cs->cs_member[0].cm_proc;
	struct img_tty *it = &cs->cs_img.i_tty[ob->ob_index];
	struct img_pty *y = img_add_pty(&cs->cs_img);
	int error = 0;

	if (!y)
		return -ENOMEM;
	pty_get_state((struct tty *)ob->ob_ptr, ps);
	if (!ckpt_closed(cs, ob, ps->ps_opens))
		error = refuse_torn(cs, ob);
	if (error)
		return error;
	st_tty_fill(it, &ps->ps_tty);
	it->t_pgrp = pid_seen_by(first, ps->ps_pgrp);
	*y = (struct img_pty){ .y_tty = ob->ob_index,
			       .y_flags = ps->ps_flags | ps->ps_ld.ls_flags << 5,
			       .y_sid = pid_seen_by(first, ps->ps_sid),
			       .y_mode = ps->ps_mode,
			       .y_uid = ps->ps_uid,
			       .y_gid = ps->ps_gid,
			       .y_linecol = ps->ps_ld.ls_linecol,
			       .y_column = ps->ps_ld.ls_column,
			       .y_xchar = ps->ps_ld.ls_xchar,
			       .y_canon = ps->ps_ld.ls_canon };
	return save_queues(&cs->cs_img, y, ps);
}

/* Notes which members have a pair as their controlling terminal. */
static void save_controlled(struct ckpt_save *cs)
{
	spin_lock(&pidlock);
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		struct ckpt_member *cm = &cs->cs_member[i];
		const struct tty *tty = cm->cm_zombie ? NULL : cm->cm_proc->p_ctty;
		const struct ckpt_object *ob = tty ? ckpt_object(cs, CO_PTY, tty) : NULL;

		if (ob)
			cm->cm_img->p_ctty = ob->ob_index;
	}
	spin_unlock(&pidlock);
}

/* The first session's terminal will be the caller's; others must be saved. */
static int check_controlling(struct ckpt_save *cs)
{
	const struct proc *first = cs->cs_member[0].cm_proc;

	for (u32 i = 1; i < cs->cs_nmember; i++) {
		struct proc *p = cs->cs_member[i].cm_proc;
		bool missing;
		int error;

		spin_lock(&pidlock);
		missing = !cs->cs_member[i].cm_zombie && p->p_ctty && p->p_sid != first->p_sid &&
			  !ckpt_object(cs, CO_PTY, p->p_ctty);
		spin_unlock(&pidlock);
		error = missing ? ckpt_lacks(cs, cs_name(cs), "the controlling terminal of process %d would be missing in the image",
					     p->p_pid)
				: 0;
		if (error)
			return error;
	}
	return 0;
}

/* The pseudo terminal that is terminal `tty` of the image; NULL: none. */
static struct ckpt_object *pty_at(struct ckpt_save *cs, u32 tty)
{
	for (u32 k = 0; k < ckpt_nobjects(cs, CO_PTY); k++) {
		struct ckpt_object *ob = ckpt_object_at(cs, CO_PTY, k);

		if (ob->ob_index == tty)
			return ob;
	}
	return NULL;
}

/* Saves the pairs in the order of terminals, which is the order of an image. */
static int save_pairs(struct ckpt_save *cs)
{
	struct pty_state *ps = kmalloc(sizeof(*ps), 0);
	int error = ps ? 0 : -ENOMEM;

	for (u32 i = 0; i < cs->cs_img.i_ntty && !error; i++) {
		struct ckpt_object *ob = pty_at(cs, i);

		if (!ob)
			continue;
		error = save_name(cs, (struct tty *)ob->ob_ptr, &cs->cs_img.i_tty[i].t_vnode);
		if (!error)
			error = save_pair(cs, ob, ps);
	}
	kfree(ps);
	return error;
}

static int st_pty_save_shared(struct ckpt_save *cs)
{
	int error = check_controlling(cs);

	if (error || !ckpt_nobjects(cs, CO_PTY))
		return error;
	error = save_pairs(cs);
	save_controlled(cs);
	return error;
}

/* ---- restore ---- */

static u32 index_of(const struct ckpt_restore *cr, u32 tty)
{
	const struct img_pty *y = tty == IMG_NONE ? NULL : img_pty_of(&cr->cr_img, tty);

	return y ? (u32)(y - cr->cr_img.i_pty) : IMG_NONE;
}

/* The restored pseudo terminal of terminal `tty`; NULL: none, or IMG_NONE. */
static struct tty *tty_of(const struct ckpt_restore *cr, u32 tty)
{
	u32 i = index_of(cr, tty);
	struct file *master = i == IMG_NONE ? NULL : cr->cr_ptyv[i];

	return master ? file_pty_of_master(master) : NULL;
}

static void get_state(const struct ckpt_restore *cr, const struct img_pty *y, struct pty_state *ps)
{
	const struct img_tty *it = &cr->cr_img.i_tty[y->y_tty];
	struct ldisc_state *ls = &ps->ps_ld;

	*ps = (struct pty_state){ .ps_flags = y->y_flags & PTYS_FLAGS,
				  .ps_mode = y->y_mode,
				  .ps_uid = y->y_uid,
				  .ps_gid = y->y_gid,
				  .ps_nsent = y->y_sent.b_len };
	st_tty_take(&ps->ps_tty, it);
	ls->ls_nin = y->y_in.b_len;
	ls->ls_canon = y->y_canon;
	ls->ls_nout = y->y_out.b_len;
	ls->ls_linecol = y->y_linecol;
	ls->ls_column = y->y_column;
	ls->ls_xchar = (u8)y->y_xchar;
	ls->ls_flags = y->y_flags >> 5;
	if (ls->ls_nin) {
		memcpy(ls->ls_in, y->y_in.b_ptr, y->y_in.b_len);
		memcpy(ls->ls_mark, y->y_mark.b_ptr, y->y_mark.b_len);
	}
	if (ls->ls_nout)
		memcpy(ls->ls_out, y->y_out.b_ptr, y->y_out.b_len);
	if (ps->ps_nsent)
		memcpy(ps->ps_sent, y->y_sent.b_ptr, y->y_sent.b_len);
}

/* An open file at the vnode and path of `name`, without the device's open. */
static int file_at(struct file *name, u32 flags, struct file **fp)
{
	struct file *f = file_alloc(name->f_vnode, (flags & ~(u32)O_PATH) | O_LARGEFILE);

	if (!f)
		return -ENOMEM;
	vn_hold(name->f_vnode);
	f->f_path = kstrdup(name->f_path, 0);
	if (!f->f_path) {
		file_rele(f);
		return -ENOMEM;
	}
	*fp = f;
	return 0;
}

/* The open file that is the master of terminal `tty`; NULL: it has none. */
static const struct img_file *master_of(const struct img_image *img, u32 tty)
{
	for (u32 i = 0; i < img->i_nfile; i++) {
		if (img->i_file[i].f_kind == IMG_FILE_PTMX && img->i_file[i].f_obj == tty)
			return &img->i_file[i];
	}
	return NULL;
}

/* A pair that was hung up gets any number: no process can use it. */
static int make_pty(struct ckpt_restore *cr, const struct img_pty *y, struct file *f, const struct pty_state *ps)
{
	const struct img_vnode *v = &cr->cr_img.i_vnode[cr->cr_img.i_tty[y->y_tty].t_vnode];
	bool master = y->y_flags & IMG_PTY_MASTER;
	int error = pty_make(f, master ? DEVMINOR(v->v_rdev) : PTY_MAX, ps);

	if (error != -EBUSY)
		return error;
	if (cr->cr_flags & RECOVER_CHANGED)
		return pty_make(f, PTY_MAX, ps);
	return ckpt_refuse(cr->cr_path, error, "the pseudo terminal %s is in use", v->v_path);
}

static int restore_pair(struct ckpt_restore *cr, const struct img_pty *y, struct file **fp)
{
	const struct img_file *fi = master_of(&cr->cr_img, y->y_tty);
	struct pty_state *ps = kmalloc(sizeof(*ps), 0);
	u32 flags = fi ? fi->f_flags : O_RDWR;
	struct file *name, *f;
	int error = -ENOMEM;

	if (!ps)
		return error;
	error = fi ? st_vnode_open(cr, fi->f_vnode, O_PATH, false, &name)
		   : file_open(AT_FDCWD, PTMX, O_PATH, 0, &name);
	if (error)
		goto out;
	error = vn_access(name->f_vnode, ((flags & O_ACCMODE) != O_WRONLY ? 4 : 0) |
						 ((flags & O_ACCMODE) != O_RDONLY ? 2 : 0));
	if (!error && (name->f_vnode->v_type != VCHR || name->f_vnode->v_rdev != PTMX_DEV))
		error = ckpt_refuse(cr->cr_path, -ESTALE, "%s is not the device of /dev/ptmx", name->f_path);
	if (!error)
		error = file_at(name, flags, &f);
	if (!error) {
		get_state(cr, y, ps);
		error = make_pty(cr, y, f, ps);
		if (error)
			file_rele(f);
		else
			*fp = f;
	}
	file_rele(name);
out:
	kfree(ps);
	return error;
}

static int st_pty_restore_shared(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < cr->cr_img.i_npty && !error; i++)
		error = restore_pair(cr, &cr->cr_img.i_pty[i], &cr->cr_ptyv[i]);
	return error;
}

/* Opens the slave by its present /dev/pts/N, or by a name like /dev/tty. */
static int slave_name(struct ckpt_restore *cr, const struct img_file *fi, struct tty *tty, struct file **fp)
{
	char name[NAME_SIZE];

	if (fi->f_vnode != cr->cr_img.i_tty[fi->f_obj].t_vnode ||
	    DEVMAJOR(cr->cr_img.i_vnode[fi->f_vnode].v_rdev) != IMG_PTY_MAJOR)
		return st_vnode_open(cr, fi->f_vnode, O_PATH, false, fp);
	pts_name(name, pty_number(tty));
	return file_open(AT_FDCWD, name, O_PATH, 0, fp);
}

int st_pty_open(struct ckpt_restore *cr, const struct img_file *fi, struct file **fp)
{
	struct file *master = cr->cr_ptyv[index_of(cr, fi->f_obj)], *name, *f;
	struct tty *tty = file_pty_of_master(master);
	int error;

	if (fi->f_kind == IMG_FILE_PTMX) {
		file_hold(master);
		*fp = master;
		return 0;
	}
	error = slave_name(cr, fi, tty, &name);
	if (error)
		return error;
	/* The image may name any file here. */
	error = tty_is_node(name->f_vnode) ? file_at(name, fi->f_flags, &f) : -ENOTTY;
	if (error == -ENOTTY)
		(void)ckpt_refuse(cr->cr_path, error, "%s is not a terminal", name->f_path);
	file_rele(name);
	if (error)
		return error;
	error = pty_open_slave(f, tty);
	if (error)
		file_rele(f);
	else
		*fp = f;
	return error;
}

void st_pty_settle(struct ckpt_restore *cr)
{
	for (u32 i = 0; i < cr->cr_img.i_npty; i++) {
		if (cr->cr_img.i_pty[i].y_flags & IMG_PTY_MASTER)
			continue;
		file_rele(cr->cr_ptyv[i]);
		cr->cr_ptyv[i] = NULL;
	}
}

/* The id now of the group or session that was `seen`; 0: no member is in it. */
static pid_t now_called(const struct ckpt_restore *cr, pid_t seen, bool session)
{
	for (u32 i = 0; i < cr->cr_img.i_nproc && seen; i++) {
		const struct img_proc *ip = &cr->cr_img.i_proc[i];
		const struct proc *p = rm_identity(&cr->cr_member[i]);

		if ((session ? ip->p_sid : ip->p_pgid) == seen)
			return session ? p->p_sid : p->p_pgid;
	}
	return 0;
}

/* Sets the sessions of the pairs, once the processes have their ids. */
static void st_pty_publish(struct ckpt_restore *cr)
{
	for (u32 i = 0; i < cr->cr_img.i_npty; i++) {
		const struct img_pty *y = &cr->cr_img.i_pty[i];
		pid_t sid = now_called(cr, y->y_sid, true);

		/* The caller's session keeps its own terminal. */
		if (sid && sid != cr->cr_parent->p_sid)
			pty_set_session(tty_of(cr, y->y_tty), sid,
					now_called(cr, cr->cr_img.i_tty[y->y_tty].t_pgrp, false));
	}
}

static int st_pty_restore_begin(struct ckpt_restore *cr)
{
	cr->cr_ptyv = kzalloc((cr->cr_img.i_npty + 1) * sizeof(*cr->cr_ptyv), 0);
	return cr->cr_ptyv ? 0 : -ENOMEM;
}

/* The controlling terminal of a member in a session other than the caller's. */
static void st_pty_reveal(const struct ckpt_rmember *rm, struct revealed *rv)
{
	rv->rv_ctty = tty_of(rm->rm_restore, rm->rm_img->p_ctty);
}

static void st_pty_restore_end(struct ckpt_restore *cr, bool failed)
{
	st_ref_drop(cr->cr_ptyv, cr->cr_img.i_npty);
}

const struct ckpt_kind st_pty_kind = {
	.k_name = "pseudo terminals",
	.k_outside = true,
	.k_save_begin = st_pty_save_begin,
	.k_save_shared = st_pty_save_shared,
	.k_look_shared = st_pty_save_shared,
	.k_restore_begin = st_pty_restore_begin,
	.k_restore_shared = st_pty_restore_shared,
	.k_reveal = st_pty_reveal,
	.k_publish = st_pty_publish,
	.k_restore_end = st_pty_restore_end,
};
