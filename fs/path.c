/* SPDX-License-Identifier: MIT */
/* Paths as texts: the path of a directory, and removing "." and "..". */
#include "fs/file.h"
#include "fs/namecache.h"
#include "fs/namei_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"

struct find_name {
	ino_t ino;
	char *buf;
	bool found;
};

static bool match_ino(void *arg, const char *name, u32 len, ino_t ino, enum vtype type, off_t next)
{
	struct find_name *fn = arg;

	if (ino != fn->ino || (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))))
		return true;
	memcpy(fn->buf, name, len);
	fn->buf[len] = 0;
	fn->found = true;
	return false;
}

/* The name of vp in its parent directory dvp. buf: NAME_MAX + 1 */
static int name_in_parent(struct vnode *dvp, struct vnode *vp, char *buf)
{
	struct find_name fn = { .ino = vp->v_ino, .buf = buf };
	int error;

	if (namecache_name(dvp, vp, buf))
		return 0;
	if (!dvp->v_op->vop_readdir)
		return -ENOENT;
	vn_lock(dvp);
	error = dvp->v_op->vop_readdir(dvp, 0, match_ino, &fn);
	vn_unlock(dvp);
	if (error < 0)
		return error;
	return fn.found ? 0 : -ENOENT;
}

/* Puts "/name" before the text that begins at *at in buf. */
static int prepend(char *buf, u32 *at, const char *name)
{
	u32 n = (u32)strlen(name);

	if (*at < n + 1)
		return -ENAMETOOLONG;
	*at -= n;
	memcpy(buf + *at, name, n);
	buf[--*at] = '/';
	return 0;
}

/*
 * One step up from *vpp (a reference, replaced); puts its name before the text.
 */
static int path_step(struct vnode **vpp, char *buf, u32 *at)
{
	char name[NAME_MAX_K + 1];
	struct vnode *up;
	int error;

	error = namei_lookup(*vpp, "..", 2, &up);
	if (error)
		return error;
	error = name_in_parent(up, *vpp, name);
	if (!error)
		error = prepend(buf, at, name);
	if (error) {
		vn_rele(up);
		return error;
	}
	vn_rele(*vpp);
	*vpp = up;
	return 0;
}

/*
 * Puts the names of dvp and of the directories above it before the text that
 * begins at *at in buf.
 */
static int climb(struct vnode *dvp, char *buf, u32 *at)
{
	struct vnode *root, *vp;
	int error = 0;

	namei_start(dvp, &root, &vp, false);
	for (;;) {
		vp = namei_covered(vp, root);
		if (vp == root || (vp->v_flags & V_ROOT))
			break;
		error = path_step(&vp, buf, at);
		if (error)
			break;
	}
	vn_rele(vp);
	vn_rele(root);
	return error;
}

/* The path of a directory, or, if name is not NULL, of that name in it. */
static int path_of(struct vnode *dvp, const char *name, char **pathp)
{
	u32 at = PATH_MAX_K - 1;
	int error = 0;
	char *buf;

	buf = kmalloc(PATH_MAX_K, 0);
	if (!buf)
		return -ENOMEM;
	buf[at] = 0;
	if (name)
		error = prepend(buf, &at, name);
	if (!error)
		error = climb(dvp, buf, &at);
	if (!error && buf[at] == 0)
		buf[--at] = '/';
	if (!error) {
		*pathp = kstrdup(buf + at, 0);
		error = *pathp ? 0 : -ENOMEM;
	}
	kfree(buf);
	return error;
}

int vn_path(struct vnode *dvp, char **pathp)
{
	return dvp->v_type == VDIR ? path_of(dvp, NULL, pathp) : -ENOTDIR;
}

int vn_find_path(struct vnode *vp, char **pathp)
{
	struct vfs *vfs = vp->v_vfs;
	char name[NAME_MAX_K + 1];
	struct vnode *dvp;
	int error;

	if (vp->v_type == VDIR)
		return path_of(vp, NULL, pathp);
	if (!vfs || !vfs->vfs_type || !vfs->vfs_type->fs_ops->vfs_vget || !vp->v_dirino)
		return -ENOENT;
	error = vfs->vfs_type->fs_ops->vfs_vget(vfs, vp->v_dirino, &dvp);
	if (error)
		return error == -ESTALE ? -ENOENT : error;
	error = dvp->v_type == VDIR ? name_in_parent(dvp, vp, name) : -ENOENT;
	if (!error)
		error = path_of(dvp, name, pathp);
	vn_rele(dvp);
	return error;
}

/*
 * Appends the components of path to out (len bytes so far; "" stands for "/"),
 * resolving "." and "..".
 */
static int append_lexically(char *out, u32 *len, const char *path)
{
	struct walk w = { .w_rest = path };
	struct component c;

	while (namei_next(&w, &c)) {
		if (namei_dot(&c))
			continue;
		if (namei_dotdot(&c)) {
			while (*len > 0 && out[--*len] != '/')
				;
			continue;
		}
		if (*len + 1 + c.len >= PATH_MAX_K)
			return -ENAMETOOLONG;
		out[(*len)++] = '/';
		memcpy(out + *len, c.name, c.len);
		*len += c.len;
	}
	return 0;
}

int path_absolute(const char *cwd, const char *path, char **out)
{
	char *buf = kmalloc(PATH_MAX_K, 0);
	u32 len = 0;
	int error = 0;

	if (!buf)
		return -ENOMEM;
	if (path[0] != '/')
		error = append_lexically(buf, &len, cwd);
	if (!error)
		error = append_lexically(buf, &len, path);
	if (!error) {
		if (len == 0)
			buf[len++] = '/';
		buf[len] = 0;
		*out = kstrdup(buf, 0);
		if (!*out)
			error = -ENOMEM;
	}
	kfree(buf);
	return error;
}

int copyin_path(uaddr_t upath, char **out)
{
	char *buf = kmalloc(PATH_MAX_K, 0);
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	n = copyinstr(buf, upath, PATH_MAX_K);
	if (n <= 0) {
		kfree(buf);
		return n ? (int)n : -ENOENT;
	}
	*out = buf;
	return 0;
}

int dirfd_vnode(int dirfd, const char *path, struct vnode **vpp)
{
	struct file *f;
	int error;

	*vpp = NULL;
	if (dirfd == AT_FDCWD || path[0] == '/')
		return 0;
	error = fd_get(dirfd, &f);
	if (error)
		return error;
	if (f->f_vnode->v_type != VDIR) {
		error = -ENOTDIR;
	} else {
		*vpp = f->f_vnode;
		vn_hold(*vpp);
	}
	file_rele(f);
	return error;
}
