/* SPDX-License-Identifier: MIT */
/*
 * Open files and descriptors. Descriptors that shared an open file share it
 * again. A file with a name is opened by its path with the caller's rights, and
 * must be the same file. Pipes and files without a name are made anew
 * (st_pipe.c, st_data.c).
 */
#include "ckpt/state/state.h"
#include "fs/anonfs.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "fs/pipe.h"
#include "fs/tty.h"
#include "fs/tty_pty.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "mm/kmalloc.h"
#include "proc/fsctx.h"

/* Flags that matter to open() alone, and are not kept in the open file. */
#define OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW)
#define MEM_MAJOR 1u

/*
 * A type of open file, by f_kind. ft_open opens it by its name, or makes it
 * anew.
 */
struct file_type {
	/*
	 * Saves the object behind the open file. *obj: its place, for f_obj.
	 * NULL: there is no such object.
	 */
	int (*ft_save)(struct ckpt_save *cs, struct file *f, u32 *obj);
	/*
	 * Refuses the open file because a process outside of the image shares
	 * it. NULL: sharing is allowed.
	 */
	int (*ft_torn)(struct ckpt_save *cs, struct file *f);
	int (*ft_open)(struct ckpt_restore *cr, const struct img_file *fi, struct file **fp);
};
static const struct file_type file_types[];

/* ---- save ---- */

static const char *kind_of(struct ckpt_save *cs, struct file *f, u32 *kind)
{
	struct vnode *vp = f->f_vnode;
	bool path = f->f_flags & O_PATH; /* a mere name, not open */

	*kind = 0; /* none of the kinds in an image */
	switch (vp->v_type) {
	case VREG: *kind = st_name_none(vp) ? IMG_FILE_DATA : IMG_FILE_REG; return NULL;
	case VDIR: *kind = IMG_FILE_DIR; return NULL;
	case VCHR:
		/*
		 * A slave's open file that was hung up while the master lives
		 * belongs to no pair.
		 */
		if (st_pty_of(cs, f) && (file_tty(f) || !file_pty(f) || !pty_has_master(file_pty(f))))
			*kind = file_pty(f) ? IMG_FILE_TTY : IMG_FILE_PTMX;
		else
			*kind = file_tty(f) ? IMG_FILE_TTY : IMG_FILE_CHR;
		return *kind != IMG_FILE_CHR || path || DEVMAJOR(vp->v_rdev) == MEM_MAJOR ? NULL : "is a device with state";
	case VFIFO: *kind = path ? IMG_FILE_NAME : IMG_FILE_PIPE; return NULL;
	case VLNK: *kind = IMG_FILE_NAME; return NULL;
	default: return "is of a kind that cannot be saved";
	}
}

/*
 * CKPT_SELF: saves the contents of the file. They may not be in the image if
 * neither the open file nor the file's mode lets the process read them.
 */
static int save_regular(struct ckpt_save *cs, struct file *f, u32 *obj)
{
	int error = 0;

	if (!cs_self(cs) || (f->f_flags & O_PATH) || (f->f_vnode->v_flags & V_DYNAMIC))
		return 0;
	if (file_readable(f) != 0)
		error = vn_access(f->f_vnode, 4);
	if (error)
		return ckpt_refuse(cs_name(cs), error, "%s may be written but not read, so its contents cannot be in the image",
				   f->f_path ? f->f_path : "a file");
	return st_data_save(cs, f->f_vnode, f, obj);
}

static int save_data(struct ckpt_save *cs, struct file *f, u32 *obj)
{
	return st_data_save(cs, f->f_vnode, f, obj);
}

static bool has_name(const struct file *f, u32 kind)
{
	return kind != IMG_FILE_DATA && !(kind == IMG_FILE_PIPE && f->f_vnode->v_vfs == &pipefs);
}

/*
 * Saves an open file that has not been met: it becomes the next entry of
 * i_file.
 */
static int save_file(struct ckpt_save *cs, struct ckpt_member *cm, struct file *f, int fd)
{
	u32 kind, vnode = IMG_NONE, obj = IMG_NONE;
	const char *why = kind_of(cs, f, &kind);
	struct img_file *fi;
	int error = 0;

	if (why && !cs_in_place(cs))
		return ckpt_refuse(cm->cm_proc->p_comm, -EOPNOTSUPP, "descriptor %d (%s) %s", fd,
				   f->f_path ? f->f_path : "no path", why);
	if (kind == IMG_FILE_REG && (f->f_flags & O_ACCMODE) != O_RDONLY)
		error = ckpt_write_later(cs, f->f_vnode);
	if (!error && has_name(f, kind))
		error = st_vnode_save(cs, f->f_vnode, f->f_path, &vnode);
	if (!error)
		error = file_types[kind].ft_save ? file_types[kind].ft_save(cs, f, &obj) : 0;
	if (error)
		return error;
	fi = img_add_file(&cs->cs_img);
	if (!fi || !ckpt_object_add(cs, CO_FILE, f))
		return -ENOMEM;
	file_hold(f);
	*fi = (struct img_file){ .f_kind = kind,
				 .f_flags = f->f_flags & ~OPEN_ONLY,
				 .f_offset = kind == IMG_FILE_PIPE ? fifo_unseen(f) : (u64)f->f_offset,
				 .f_vnode = vnode,
				 .f_obj = obj,
				 .f_owner = f->f_owner };
	return 0;
}

static int save_fd(struct ckpt_save *cs, struct ckpt_member *cm, struct file *f, int fd, u32 fdflags)
{
	struct ckpt_object *ob = ckpt_object(cs, CO_FILE, f);
	struct img_fd *ifd;
	/* With CKPTCTL_CAN, an open file that was refused has no place. */
	u32 index = ob ? ob->ob_index : ckpt_nobjects(cs, CO_FILE);

	if (!ob) {
		int error = save_file(cs, cm, f, fd);

		if (error)
			return error;
		ob = ckpt_object(cs, CO_FILE, f);
	}
	if (ob)
		ob->ob_met++;
	ifd = img_add_fd(&cs->cs_img, cm->cm_img);
	if (!ifd)
		return -ENOMEM;
	*ifd = (struct img_fd){ .fd_num = (u32)fd, .fd_file = index, .fd_cloexec = fdflags & FD_CLOEXEC_K ? 1 : 0 };
	return 0;
}

/* Saves the descriptors of a member, and the open files that they lead to. */
static int save_table(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct fdtab *ft = cm->cm_fdtab;
	struct file *f;
	u32 fdflags;

	if (!cm_has_fds(cs, cm))
		return 0;
	for (u32 fd = 0; (f = fdtab_next(ft, &fd, &fdflags)) != NULL; fd++) {
		int error = save_fd(cs, cm, f, (int)fd, fdflags);

		file_rele(f);
		if (error)
			return error;
	}
	return 0;
}

/*
 * Does a process outside of the image share the open file? One reference is the
 * table's.
 */
static bool is_shared(struct ckpt_save *cs, const struct ckpt_object *ob)
{
	const struct file *f = ob->ob_ptr;

	return !ckpt_closed(cs, ob, __atomic_load_n(&f->f_ref, __ATOMIC_RELAXED) - 1) &&
	       ckpt_outsider(cs, CO_FILE, f) != 0;
}

/* Open files of pipes and pseudo terminals may belong to members alone. */
static int check_whole(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < ckpt_nobjects(cs, CO_FILE) && !error; i++) {
		const struct img_file *fi = &cs->cs_img.i_file[i];
		int (*torn)(struct ckpt_save * cs, struct file * f) = file_types[fi->f_kind].ft_torn;

		if (torn && is_shared(cs, ckpt_object_at(cs, CO_FILE, i)))
			error = torn(cs, cs_file(cs, i));
	}
	return error;
}

/* After the state of all members: the image lists its vnodes in this order. */
static int st_file_save_shared(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < cs->cs_nmember && !error; i++) {
		if (cs->cs_member[i].cm_fdtab)
			error = save_table(cs, &cs->cs_member[i]);
	}
	return error ? error : check_whole(cs);
}

/* ---- restore ---- */

/* Opens the file in memory that holds the contents of a file without a name. */
static int open_data(struct ckpt_restore *cr, const struct img_file *fi, struct file **fp)
{
	struct vnode *vp = cr->cr_datav[fi->f_obj];
	int error;

	vn_hold(vp);
	error = file_open_vnode(vp, fi->f_flags | O_LARGEFILE, fp);
	if (error) {
		vn_rele(vp);
		return error;
	}
	(*fp)->f_path = kstrdup(cr->cr_img.i_data[fi->f_obj].d_path, 0);
	if (!(*fp)->f_path) {
		file_rele(*fp);
		return -ENOMEM;
	}
	return 0;
}

static int open_pipe(struct ckpt_restore *cr, const struct img_file *fi, struct file **fp)
{
	return st_pipe_open(cr, fi->f_obj, fi->f_flags, fp);
}

static int open_tty(struct ckpt_restore *cr, const struct img_file *fi, struct file **fp)
{
	const struct img_tty *it = &cr->cr_img.i_tty[fi->f_obj];
	int error;

	if (img_pty_of(&cr->cr_img, fi->f_obj))
		return st_pty_open(cr, fi, fp);
	if (cr->cr_flags & RECOVER_TTY)
		error = st_name_open(cr, "/dev/tty", fi->f_flags | O_NOCTTY | O_NONBLOCK, fp);
	else
		error = st_vnode_open(cr, fi->f_vnode, fi->f_flags, true, fp);
	if (error)
		return error;
	error = st_tty_restore(cr, it, *fp);
	if (error)
		file_rele(*fp);
	return error;
}

static int open_named(struct ckpt_restore *cr, const struct img_file *fi, struct file **fp)
{
	int error = st_vnode_open(cr, fi->f_vnode, fi->f_flags, false, fp);

	/* Not logged yet: the image might have held the contents. */
	if (error && st_name_spare(cr, fi->f_vnode))
		error = ckpt_refuse(cr->cr_path, error, "cannot open %s again (error %d)",
				    cr_vnode_path(cr, fi->f_vnode), -error);
	return error;
}

static int restore_file(struct ckpt_restore *cr, const struct img_file *fi, struct file **fp)
{
	struct file *f;
	int error = file_types[fi->f_kind].ft_open(cr, fi, &f);

	if (error)
		return error;
	f->f_flags = (f->f_flags & ~(u32)(O_NONBLOCK | O_LARGEFILE)) |
		     (fi->f_flags & (O_NONBLOCK | O_LARGEFILE));
	f->f_offset = fi->f_kind == IMG_FILE_PIPE ? 0 : (off_t)fi->f_offset;
	f->f_owner = fi->f_owner;
	*fp = f;
	return 0;
}

/*
 * RECOVER_STDIO: the caller's descriptors 0, 1 and 2 replace those of the first
 * process, and of all processes that share these open files.
 */
static void take_stdio(struct ckpt_restore *cr)
{
	const struct img_proc *ip = &cr->cr_img.i_proc[0];

	for (u32 i = 0; i < ip->p_nfd && ip->p_fd[i].fd_num <= 2; i++) {
		u32 fd = ip->p_fd[i].fd_num;
		struct file **fp = &cr->cr_filev[ip->p_fd[i].fd_file];

		if (!*fp) {
			*fp = fdtab_get(cr->cr_parent->p_fdtab, (int)fd, NULL);
			cr->cr_stdio[fd] = *fp != NULL;
		}
	}
}

static int st_file_restore_shared(struct ckpt_restore *cr)
{
	int error = 0;

	if (cr->cr_flags & RECOVER_STDIO)
		take_stdio(cr);
	for (u32 i = 0; i < cr->cr_img.i_nfile && !error; i++) {
		if (!cr->cr_filev[i])
			error = restore_file(cr, &cr->cr_img.i_file[i], &cr->cr_filev[i]);
	}
	for (u32 i = 0; i < cr->cr_img.i_nfile && !error; i++) {
		const struct img_file *fi = &cr->cr_img.i_file[i];

		if (fi->f_kind == IMG_FILE_PIPE && !st_ref_stdio(cr, i))
			fifo_set_unseen(cr->cr_filev[i], fi->f_offset != 0);
	}
	if (!error)
		st_pty_settle(cr);
	return error;
}

/*
 * Shares the descriptor table of a process that is built already. The first
 * process is built last, but has its table from the start.
 */
static void share_fds(const struct proc *with)
{
	struct proc *p = curproc();
	struct fdtab *old = p->p_fdtab;

	fdtab_hold(with->p_fdtab);
	spin_lock(&p->p_lock);
	p->p_fdtab = with->p_fdtab;
	spin_unlock(&p->p_lock);
	fdtab_rele(old);
}

static int st_file_restore(struct ckpt_rmember *rm)
{
	const struct img_proc *ip = rm->rm_img;
	const struct ckpt_rmember *with = &rm->rm_restore->cr_member[ip->p_fds];

	if (with != rm) {
		share_fds(with->rm_proc);
		return 0;
	}
	for (u32 i = 0; i < ip->p_nfd; i++) {
		const struct img_fd *ifd = &ip->p_fd[i];
		struct file *f = rm->rm_restore->cr_filev[ifd->fd_file];
		int error;

		file_hold(f);
		error = fd_install(curproc()->p_fdtab, (int)ifd->fd_num, f, ifd->fd_cloexec ? FD_CLOEXEC_K : 0);
		if (error) {
			file_rele(f);
			return error;
		}
	}
	return 0;
}

static int st_file_restore_begin(struct ckpt_restore *cr)
{
	cr->cr_filev = kzalloc((cr->cr_img.i_nfile + 1) * sizeof(*cr->cr_filev), 0);
	return cr->cr_filev ? 0 : -ENOMEM;
}

/*
 * Takes over the save's references too: else the last close by the process
 * would not be the file's last.
 */
static void st_file_adopt(struct ckpt_restore *cr)
{
	struct ckpt_save *cs = cr->cr_save;

	for (u32 i = 0; i < ckpt_nobjects(cs, CO_FILE); i++)
		cr->cr_filev[i] = cs_file(cs, i);
	cs->cs_objects[CO_FILE].os_n = 0;
}

static void st_file_restore_end(struct ckpt_restore *cr, bool failed)
{
	st_ref_drop(cr->cr_filev, cr->cr_img.i_nfile);
}

static const struct file_type file_types[] = {
	[IMG_FILE_REG] = { .ft_save = save_regular, .ft_open = open_named },
	[IMG_FILE_DIR] = { .ft_open = open_named },
	[IMG_FILE_CHR] = { .ft_open = open_named },
	[IMG_FILE_NAME] = { .ft_open = open_named },
	[IMG_FILE_TTY] = { .ft_save = st_tty_save, .ft_torn = st_pty_torn, .ft_open = open_tty },
	[IMG_FILE_PTMX] = { .ft_save = st_tty_save, .ft_torn = st_pty_torn, .ft_open = open_tty },
	[IMG_FILE_PIPE] = { .ft_save = st_pipe_save, .ft_torn = st_pipe_torn, .ft_open = open_pipe },
	[IMG_FILE_DATA] = { .ft_save = save_data, .ft_open = open_data },
};

const struct ckpt_kind st_file_kind = {
	.k_name = "open files",
	.k_outside = true,
	.k_save_shared = st_file_save_shared,
	.k_look_shared = st_file_save_shared,
	.k_restore_begin = st_file_restore_begin,
	.k_adopt = st_file_adopt,
	.k_restore_shared = st_file_restore_shared,
	.k_restore = st_file_restore,
	.k_restore_end = st_file_restore_end,
};
