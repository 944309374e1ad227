/* SPDX-License-Identifier: MIT */
/*
 * Open files: regular files, directories, devices without state, terminals. Descriptors that share a description share it again. Each is
 * opened again by its path under the caller's rights, and must be the file that it was.
 */
#include "ckpt/ckpt.h"
#include "fs/tty.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"

/* What open() alone looks at is not part of a description. */
#define OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW)
#define MEM_MAJOR 1u

/* ---- save ---- */

static const char *kind_of(struct file *f, u32 *kind)
{
	switch (f->f_vnode->v_type) {
	case VREG:
		*kind = IMG_FILE_REG;
		return f->f_vnode->v_flags & V_DYNAMIC ? "is made up by the kernel" : NULL;
	case VDIR: *kind = IMG_FILE_DIR; return NULL;
	case VCHR:
		*kind = file_tty(f) ? IMG_FILE_TTY : IMG_FILE_CHR;
		return *kind == IMG_FILE_TTY || DEVMAJOR(f->f_vnode->v_rdev) == MEM_MAJOR ? NULL : "is a device with state";
	case VFIFO: return "is a pipe";
	default: return "is of a kind that cannot be saved";
	}
}

/* A description that was not met before becomes the next entry of the table. */
static int save_file(struct ckpt_save *cs, struct file *f, int fd, u32 *index)
{
	const char *comm = cs->cs_proc->p_comm, *why;
	struct img_file *fi;
	u32 kind, vnode, tty = IMG_NONE;
	int error;

	why = kind_of(f, &kind);
	if (why)
		return ckpt_refuse(comm, -EOPNOTSUPP, "descriptor %d (%s) %s", fd,
				   f->f_path ? f->f_path : "no path", why);
	error = st_vnode_save(cs, f->f_vnode, f->f_path, &vnode);
	if (!error && kind == IMG_FILE_TTY)
		error = st_tty_save(cs, f, &tty);
	if (error)
		return error;
	if (kind == IMG_FILE_REG && (f->f_flags & O_ACCMODE) != O_RDONLY) {
		error = ckpt_flush_later(cs, f->f_vnode);
		if (error)
			return error;
	}
	fi = img_add_file(&cs->cs_img);
	if (!fi)
		return -ENOMEM;
	fi->f_kind = kind;
	fi->f_flags = f->f_flags & ~OPEN_ONLY;
	fi->f_offset = (u64)f->f_offset;
	fi->f_vnode = vnode;
	fi->f_tty = tty;
	fi->f_owner = f->f_owner;
	*index = cs->cs_nfiles;
	file_hold(f);
	cs->cs_files[cs->cs_nfiles++] = f;
	return 0;
}

static int save_fd(struct ckpt_save *cs, struct file *f, int fd, u32 fdflags)
{
	struct img_fd *ifd;
	u32 index;
	int error;

	for (index = 0; index < cs->cs_nfiles; index++) {
		if (cs->cs_files[index] == f)
			break;
	}
	if (index == cs->cs_nfiles) {
		error = save_file(cs, f, fd, &index);
		if (error)
			return error;
	}
	ifd = img_add_fd(&cs->cs_img);
	if (!ifd)
		return -ENOMEM;
	ifd->fd_num = (u32)fd;
	ifd->fd_file = index;
	ifd->fd_cloexec = fdflags & FD_CLOEXEC_K ? 1 : 0;
	return 0;
}

int st_file_save(struct ckpt_save *cs)
{
	struct fdtab *ft = cs->cs_proc->p_fdtab;
	u32 fdflags;

	cs->cs_files = kmalloc(NOFILE_MAX * sizeof(cs->cs_files[0]), 0);
	if (!cs->cs_files)
		return -ENOMEM;
	for (u32 fd = 0; fd < ft->ft_size; fd++) {
		struct file *f = fdtab_get(ft, (int)fd, &fdflags);
		int error;

		if (!f)
			continue;
		error = save_fd(cs, f, (int)fd, fdflags);
		file_rele(f);
		if (error)
			return error;
	}
	return 0;
}

/* ---- restore ---- */

static int restore_file(struct ckpt_restore *cr, const struct img_file *fi, struct file **fp)
{
	bool writes = (fi->f_flags & O_ACCMODE) != O_RDONLY;
	struct file *f;
	int error;

	error = st_vnode_open(cr, fi->f_vnode, fi->f_flags, writes, &f);
	if (error)
		return error;
	if (fi->f_kind == IMG_FILE_TTY)
		error = st_tty_restore(cr, &cr->cr_img.i_tty[fi->f_tty], f);
	if (error) {
		file_rele(f);
		return error;
	}
	f->f_flags = (f->f_flags & ~(u32)O_NONBLOCK) | (fi->f_flags & O_NONBLOCK);
	f->f_offset = (off_t)fi->f_offset;
	*fp = f;
	return 0;
}

static int restore_fds(const struct img_image *img, struct file **files)
{
	for (u32 i = 0; i < img->i_nfd; i++) {
		const struct img_fd *ifd = &img->i_fd[i];
		struct file *f = files[ifd->fd_file];
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

int st_file_restore(struct ckpt_restore *cr)
{
	const struct img_image *img = &cr->cr_img;
	struct file **files = kzalloc((img->i_nfile + 1) * sizeof(*files), 0);
	int error = files ? 0 : -ENOMEM;

	for (u32 i = 0; i < img->i_nfile && !error; i++)
		error = restore_file(cr, &img->i_file[i], &files[i]);
	if (!error)
		error = restore_fds(img, files);
	for (u32 i = 0; files && i < img->i_nfile; i++) {
		if (files[i])
			file_rele(files[i]);
	}
	kfree(files);
	return error;
}
