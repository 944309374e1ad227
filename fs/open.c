/* SPDX-License-Identifier: MIT */
/*
 * The core of open(2): from a path to an open file, creating the file if asked
 * to.
 *
 * The whole path is looked up first. If the name does not exist and O_CREAT is
 * set, its directory is locked, and the name looked up again under that lock.
 * If it exists now, it is either a file that another process made in between
 * (start over), or a symbolic link to a name that does not exist: that name is
 * created instead, through as many links as namei() allows.
 */
#include "fs/dev.h"
#include "fs/file.h"
#include "fs/file_impl.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "fs/path_arg.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/fsctx.h"
#include "proc/proc.h"

#define MAX_TRIES 40

/* The flags that O_PATH keeps. */
#define O_PATH_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_NOLINKS | O_CLOEXEC)

struct creation {
	/* Where cr_path begins: a reference; NULL: the working directory. */
	struct vnode *cr_start;
	char *cr_path;
	bool cr_ours; /* cr_path is a link's text, allocated here */
};

static u32 lookup_flags(u32 flags)
{
	u32 ni = 0;

	if ((flags & O_NOFOLLOW) || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		ni |= NI_NOFOLLOW;
	if (flags & O_DIRECTORY)
		ni |= NI_DIRECTORY;
	if (flags & O_NOLINKS)
		ni |= NI_NOLINKS;
	return ni;
}

/* Continues with the target of symbolic link vp, found in dvp. */
static int follow_dangling(struct creation *cr, struct vnode *dvp, struct vnode *vp)
{
	char *text;
	int n;

	if (!vp->v_op->vop_readlink)
		return -ENOENT;
	text = kmalloc(PATH_MAX_K, 0);
	if (!text)
		return -ENOMEM;
	n = vp->v_op->vop_readlink(vp, text, PATH_MAX_K - 1);
	if (n <= 0) {
		kfree(text);
		return n < 0 ? n : -ENOENT;
	}
	text[n] = 0;
	if (cr->cr_ours)
		kfree(cr->cr_path);
	cr->cr_path = text;
	cr->cr_ours = true;
	vn_hold(dvp);
	if (cr->cr_start)
		vn_rele(cr->cr_start);
	cr->cr_start = dvp;
	return 0;
}

/*
 * One attempt to make the file.
 * Returns: 0: *vpp is new.
 * Errors: -EEXIST (it exists: look it up again), -EAGAIN (a symbolic link: cr
 *   now holds its target)
 */
static int create_once(struct creation *cr, u32 flags, mode_t mode, struct vnode **vpp)
{
	struct nameparent np;
	struct vnode *vp;
	int error;

	error = namei_parent(cr->cr_start, cr->cr_path, &np);
	if (error)
		return error;
	if (np.np_special || np.np_slash) {
		error = -EISDIR;
		goto out_parent;
	}
	error = name_create(&np, S_IFREG | (mode & 07777), 0, &vp);
	if (!error)
		*vpp = vp;
	if (error != -EEXIST || (lookup_flags(flags) & NI_NOFOLLOW))
		goto out_parent;
	/*
	 * The name exists after all: follow a dangling link; look anything else
	 * up again.
	 */
	error = name_lookup(&np, &vp);
	if (error) {
		error = error == -ENOENT ? -EEXIST : error;
		goto out_parent;
	}
	error = -EEXIST;
	if (vp->v_type == VLNK) {
		error = follow_dangling(cr, np.np_dvp, vp);
		if (!error)
			error = -EAGAIN;
	}
	vn_rele(vp);
out_parent:
	vn_rele(np.np_dvp);
	return error;
}

/*
 * Only a directory can have such a name: it is not created, and not opened with
 * O_CREAT.
 */
static bool ends_in_slash(const char *path)
{
	size_t n = strlen(path);

	return n > 1 && path[n - 1] == '/';
}

/* Finds or creates the vnode to open; *created tells which. */
static int find_or_create(struct creation *cr, u32 flags, mode_t mode, struct vnode **vpp, bool *created)
{
	int error;

	*created = false;
	for (int tries = 0; tries < MAX_TRIES; tries++) {
		error = -ENOENT;
		if (!(flags & O_CREAT) || !ends_in_slash(cr->cr_path))
			error = namei(cr->cr_start, cr->cr_path, lookup_flags(flags), vpp);
		if (error != -ENOENT || !(flags & O_CREAT))
			return error;
		error = create_once(cr, flags, mode, vpp);
		*created = error == 0;
		if (error != -EEXIST && error != -EAGAIN)
			return error;
	}
	return -ELOOP;
}

/* May the current process open vp, which existed before, with these flags? */
static int may_open(struct vnode *vp, u32 flags)
{
	int want = 0;
	int error;

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (vp->v_type == VLNK)
		return -ELOOP;
	if ((flags & O_DIRECTORY) && vp->v_type != VDIR)
		return -ENOTDIR;
	if ((flags & O_ACCMODE) != O_WRONLY)
		want |= 4;
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))
		want |= 2;
	if (vp->v_type == VDIR && ((want & 2) || (flags & O_CREAT)))
		return -EISDIR;
	error = vn_access(vp, want);
	if (error)
		return error;
	if ((want & 2) && (vp->v_flags & V_APPENDONLY) && (flags & (O_APPEND | O_TRUNC)) != O_APPEND)
		return -EPERM;
	if (flags & O_NOATIME)
		return vn_owner_ok(vp);
	return 0;
}

static int truncate_at_open(struct vnode *vp)
{
	struct vattr va = { .va_mask = VA_SIZE, .va_size = 0 };
	int error;

	/*
	 * A running program is not truncated, even if the open file may only
	 * read.
	 */
	error = vn_write_begin(vp);
	if (error)
		return error;
	error = vn_setattr(vp, &va);
	vn_write_end(vp);
	return error;
}

/* Opens vp; takes over the reference on success. */
static int open_found(struct vnode *vp, u32 flags, bool created, struct file **fp)
{
	int error;

	if (flags & O_PATH)
		return vp->v_type == VDIR || !(flags & O_DIRECTORY) ? file_open_vnode(vp, flags, fp) : -ENOTDIR;
	if (flags & O_TMPFILE_BIT) {
		error = vn_access(vp, 2 | 1);
		return error ? error : -EOPNOTSUPP;
	}
	if (!created) {
		error = may_open(vp, flags);
		if (error)
			return error;
	}
	if (vp->v_type == VREG && !(flags & O_LARGEFILE) && vp->v_size > K_NON_LFS_MAX)
		return -EOVERFLOW;
	if ((flags & O_TRUNC) && vp->v_type == VREG && !created) {
		error = truncate_at_open(vp);
		if (error)
			return error;
	}
	return file_open_vnode(vp, flags, fp);
}

int file_check_flags(u32 flags)
{
	if (flags & O_PATH)
		return 0; /* flags that do not fit O_PATH are ignored */
	if ((flags & O_TMPFILE_BIT) && (!(flags & O_DIRECTORY) || (flags & O_ACCMODE) == O_RDONLY))
		return -EINVAL;
	return (flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY) ? -EINVAL : 0;
}

/* file_open() without the path to remember. */
static int open_from(struct vnode *start, const char *path, u32 flags, mode_t mode, struct file **fp)
{
	struct creation cr = { .cr_start = start, .cr_path = (char *)path };
	struct vnode *vp;
	bool created;
	int error;

	if (flags & O_PATH)
		flags &= O_PATH_FLAGS;
	if (start)
		vn_hold(start);
	error = find_or_create(&cr, flags, mode, &vp, &created);
	if (!error) {
		error = open_found(vp, flags & ~(u32)O_NOLINKS, created, fp);
		if (error)
			vn_rele(vp);
	}
	if (cr.cr_ours)
		kfree(cr.cr_path);
	if (cr.cr_start)
		vn_rele(cr.cr_start);
	return error;
}

/* Sets the path of f (kmalloc'd, taken over; NULL: out of memory). */
static int remember(struct file *f, char *text)
{
	if (!text)
		return -ENOMEM;
	f->f_path = vn_true_path(f->f_vnode, text);
	if (f->f_vnode->v_type == VREG)
		vn_set_path(f->f_vnode, f->f_path);
	return 0;
}

int file_open(int dirfd, const char *path, u32 flags, mode_t mode, struct file **fp)
{
	struct vnode *start;
	struct file *f;
	char *text;
	int error;

	error = file_check_flags(flags);
	if (!error)
		error = dirfd_vnode(dirfd, path, &start);
	if (error)
		return error;
	error = open_from(start, path, flags, mode, &f);
	if (start)
		vn_rele(start);
	if (error)
		return error;
	error = path_of_open(dirfd, path, &text);
	if (!error)
		error = remember(f, text);
	if (error)
		file_rele(f);
	else
		*fp = f;
	return error;
}

int file_open_in(struct vnode *dvp, const char *name, const char *path, u32 flags, mode_t mode, struct file **fp)
{
	struct file *f;
	int error = file_check_flags(flags);

	if (!error)
		error = open_from(dvp, name, flags, mode, &f);
	if (error)
		return error;
	error = remember(f, kstrdup(path, 0));
	if (error)
		file_rele(f);
	else
		*fp = f;
	return error;
}

/* The working directory as a path, kmalloc'd. */
static int cwd_path(char **out)
{
	struct fsctx *fc = curproc()->p_fs;
	char *copy = kmalloc(PATH_MAX_K, 0);
	struct vnode *cwd;
	int error;

	if (!copy)
		return -ENOMEM;
	copy[0] = 0;
	spin_lock(&fc->fc_lock);
	if (fc->fc_cwdpath)
		strlcpy_k(copy, fc->fc_cwdpath, PATH_MAX_K);
	spin_unlock(&fc->fc_lock);
	if (copy[0]) {
		*out = copy;
		return 0;
	}
	kfree(copy);
	cwd = cwd_vnode();
	error = vn_path(cwd, out);
	vn_rele(cwd);
	return error;
}

int path_of_open(int dirfd, const char *path, char **out)
{
	char *base = NULL;
	struct file *df;
	int error;

	if (path[0] == '/')
		return path_absolute("/", path, out);
	if (dirfd == AT_FDCWD) {
		error = cwd_path(&base);
	} else {
		error = fd_get(dirfd, &df);
		if (error)
			return error;
		if (df->f_path)
			base = kstrdup(df->f_path, 0);
		error = base ? 0 : -ENOMEM;
		file_rele(df);
	}
	if (error)
		return error;
	error = path_absolute(base, path, out);
	kfree(base);
	return error;
}
