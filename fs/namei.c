/* SPDX-License-Identifier: MIT */
/*
 * From path to vnode. One struct walk goes along the path, component by component:
 *
 *   w_vp    where we are (a reference)
 *   w_rest  what is left of the path: the caller's text, or, after a symbolic link, a buffer that holds the link's text and,
 *           behind it, what was left
 *
 * So links nest without recursion, and the last component always lies in the caller's own path.
 */
#include "fs/namei.h"

#include "fs/file.h"
#include "fs/namecache.h"
#include "fs/vnode_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/proc.h"

#define MAX_LINKS 40

struct walk {
	struct vnode *w_vp;
	struct vnode *w_root; /* ".." ends here (a reference) */
	const char *w_rest;
	char *w_buf; /* w_rest lies in it, or NULL */
	u32 w_nlinks;
};

/* One component: len bytes at name; what is behind it: slash or the end. */
struct component {
	const char *name;
	u32 len;
	bool last, slash; /* nothing but slashes follows; at least one does */
};

static struct vnode *hold_or_root(struct vnode *vp)
{
	if (!vp)
		vp = rootvp;
	vn_hold(vp);
	return vp;
}

/* p_root and where a relative path starts, with references. */
static void starting_points(struct vnode *start, struct vnode **root, struct vnode **from, bool absolute)
{
	struct proc *p = curproc();

	spin_lock(&p->p_lock);
	*root = hold_or_root(p->p_root);
	*from = hold_or_root(absolute ? *root : start ? start : p->p_cwd);
	spin_unlock(&p->p_lock);
}

static void walk_begin(struct walk *w, struct vnode *start, const char *path)
{
	*w = (struct walk){ .w_rest = path };
	starting_points(start, &w->w_root, &w->w_vp, path[0] == '/');
}

static void walk_end(struct walk *w)
{
	if (w->w_vp)
		vn_rele(w->w_vp);
	vn_rele(w->w_root);
	kfree(w->w_buf);
}

/* Takes over the reference on vp. */
static void walk_to(struct walk *w, struct vnode *vp)
{
	vn_rele(w->w_vp);
	w->w_vp = vp;
}

/* Cuts the next component off w_rest; false if there is none. */
static bool next_component(struct walk *w, struct component *c)
{
	const char *p = w->w_rest;

	while (*p == '/')
		p++;
	c->name = p;
	while (*p && *p != '/')
		p++;
	c->len = (u32)(p - c->name);
	c->slash = *p == '/';
	while (*p == '/')
		p++;
	c->last = *p == 0;
	w->w_rest = p;
	return c->len > 0;
}

static bool is_dot(const struct component *c)
{
	return c->len == 1 && c->name[0] == '.';
}

static bool is_dotdot(const struct component *c)
{
	return c->len == 2 && c->name[0] == '.' && c->name[1] == '.';
}

/* From a covered directory to the root of what is mounted there, as often as needed. */
static struct vnode *cross_mounts(struct vnode *vp)
{
	while (vp->v_flags & V_MOUNTED) {
		struct vnode *root = NULL;

		spin_lock(&vfs_lock);
		if (vp->v_flags & V_MOUNTED) {
			root = vp->v_mounted->vfs_root;
			vn_hold(root);
		}
		spin_unlock(&vfs_lock);
		if (!root)
			break;
		vn_rele(vp);
		vp = root;
	}
	return vp;
}

/* The other way: from the root of a mount to the directory it covers. Takes over and returns a reference. */
static struct vnode *cross_covered(struct vnode *vp, const struct vnode *top)
{
	while (vp != top && (vp->v_flags & V_ROOT)) {
		struct vnode *covered;

		spin_lock(&vfs_lock);
		covered = vp->v_vfs->vfs_covered;
		if (covered)
			vn_hold(covered);
		spin_unlock(&vfs_lock);
		if (!covered)
			break;
		vn_rele(vp);
		vp = covered;
	}
	return vp;
}

static int lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp)
{
	int error = -EAGAIN;

	if (len > NAME_MAX_K)
		return -ENAMETOOLONG;
	if (!(name[0] == '.' && name[1] == '.' && len == 2))
		error = namecache_lookup(dvp, name, len, vpp);
	if (error == -EAGAIN) {
		vn_lock(dvp);
		error = vn_lookup(dvp, name, len, vpp);
		vn_unlock(dvp);
	}
	return error;
}

static int step_dotdot(struct walk *w)
{
	struct vnode *up;
	int error;

	if (w->w_vp == w->w_root)
		return 0;
	w->w_vp = cross_covered(w->w_vp, w->w_root);
	if (w->w_vp == w->w_root || (w->w_vp->v_flags & V_ROOT))
		return 0;
	error = lookup(w->w_vp, "..", 2, &up);
	if (!error)
		walk_to(w, cross_mounts(up));
	return error;
}

/* The path now goes on with the text of link vp (found in w_vp), then with what was left. */
static int follow_text(struct walk *w, struct vnode *vp, bool slash)
{
	size_t rest = strlen(w->w_rest);
	char *buf;
	int n;

	if (!vp->v_op->vop_readlink)
		return -EINVAL;
	buf = kmalloc(PATH_MAX_K + 1, 0);
	if (!buf)
		return -ENOMEM;
	n = vp->v_op->vop_readlink(vp, buf, PATH_MAX_K);
	if (n <= 0 || (u32)n + rest + 1 >= PATH_MAX_K) {
		kfree(buf);
		return n < 0 ? n : n == 0 ? -ENOENT : -ENAMETOOLONG;
	}
	if (slash)
		buf[n++] = '/';
	memcpy(buf + n, w->w_rest, rest + 1);
	kfree(w->w_buf);
	w->w_buf = buf;
	w->w_rest = buf;
	if (buf[0] == '/') {
		vn_hold(w->w_root);
		walk_to(w, w->w_root);
	}
	return 0;
}

/* Goes through symbolic link vp; takes over the reference. */
static int follow_link(struct walk *w, struct vnode *vp, const struct component *c)
{
	struct vnode *target;
	int error;

	if (++w->w_nlinks > MAX_LINKS)
		error = -ELOOP;
	else if (!vp->v_op->vop_follow)
		error = follow_text(w, vp, c->slash);
	else {
		error = vp->v_op->vop_follow(vp, &target);
		if (!error)
			walk_to(w, target);
	}
	vn_rele(vp);
	return error;
}

/* w_vp must be a directory that may be searched. */
static int may_search(const struct walk *w)
{
	if (w->w_vp->v_type != VDIR)
		return -ENOTDIR;
	return vn_access(w->w_vp, 1);
}

/* One component further. follow: also when it is the last one and a symbolic link. */
static int step(struct walk *w, const struct component *c, bool follow)
{
	struct vnode *vp;
	int error;

	error = may_search(w);
	if (error)
		return error;
	if (is_dot(c))
		return 0;
	if (is_dotdot(c))
		return step_dotdot(w);
	error = lookup(w->w_vp, c->name, c->len, &vp);
	if (error)
		return error;
	vp = cross_mounts(vp);
	if (vp->v_type == VLNK && (follow || !c->last || c->slash))
		return follow_link(w, vp, c);
	walk_to(w, vp);
	return 0;
}

int namei(struct vnode *start, const char *path, u32 flags, struct vnode **vpp)
{
	bool must_be_dir = flags & NI_DIRECTORY;
	struct component c;
	struct walk w;
	int error = 0;

	if (!*path)
		return -ENOENT;
	walk_begin(&w, start, path);
	while (!error && next_component(&w, &c)) {
		if (c.last && c.slash)
			must_be_dir = true;
		error = step(&w, &c, !(flags & NI_NOFOLLOW));
	}
	if (!error && must_be_dir && w.w_vp->v_type != VDIR)
		error = -ENOTDIR;
	if (!error) {
		*vpp = w.w_vp;
		w.w_vp = NULL;
	}
	walk_end(&w);
	return error;
}

int namei_parent(struct vnode *start, const char *path, struct nameparent *np)
{
	size_t pathlen = strlen(path);
	struct component c;
	struct walk w;
	bool any = false;
	int error = 0;

	if (pathlen == 0)
		return -ENOENT;
	walk_begin(&w, start, path);
	while (!error && next_component(&w, &c)) {
		any = true;
		if (c.last) {
			error = may_search(&w);
			break;
		}
		error = step(&w, &c, true);
	}
	if (error)
		goto out;
	*np = (struct nameparent){ .np_dvp = w.w_vp, .np_name = "/", .np_len = 0, .np_special = true };
	if (any) {
		/* The same bytes in the caller's text, counted from its end. */
		np->np_name = path + pathlen - strlen(c.name);
		np->np_len = c.len;
		np->np_slash = c.slash;
		np->np_special = is_dot(&c) || is_dotdot(&c);
		if (c.len > NAME_MAX_K)
			error = -ENAMETOOLONG;
	}
	if (!error)
		w.w_vp = NULL;
out:
	walk_end(&w);
	return error;
}

int vn_access(struct vnode *vp, int want)
{
	struct vattr va;
	int error;

	if ((want & 2) && vp->v_vfs && vp->v_vfs->vfs_readonly &&
	    (vp->v_type == VREG || vp->v_type == VDIR || vp->v_type == VLNK))
		return -EROFS;
	error = vn_getattr(vp, &va);
	if (error)
		return error;
	return cred_access(cred_cur(), va.va_mode, va.va_uid, va.va_gid, want);
}

/* --- Paths as texts -------------------------------------------------------------------------- */

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

/* One step up from *vpp (a reference, replaced), its name put before the text. */
static int path_step(struct vnode **vpp, char *buf, u32 *at)
{
	char name[NAME_MAX_K + 1];
	struct vnode *up;
	int error;

	error = lookup(*vpp, "..", 2, &up);
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

int vn_path(struct vnode *dvp, char **pathp)
{
	struct vnode *root, *vp;
	u32 at = PATH_MAX_K - 1;
	int error = 0;
	char *buf;

	if (dvp->v_type != VDIR)
		return -ENOTDIR;
	buf = kmalloc(PATH_MAX_K, 0);
	if (!buf)
		return -ENOMEM;
	buf[at] = 0;
	starting_points(dvp, &root, &vp, false);
	for (;;) {
		vp = cross_covered(vp, root);
		if (vp == root || (vp->v_flags & V_ROOT))
			break;
		error = path_step(&vp, buf, &at);
		if (error)
			break;
	}
	vn_rele(vp);
	vn_rele(root);
	if (!error && buf[at] == 0)
		buf[--at] = '/';
	if (!error) {
		*pathp = kstrdup(buf + at, 0);
		error = *pathp ? 0 : -ENOMEM;
	}
	kfree(buf);
	return error;
}

/* Appends the components of path to out (len bytes so far, "" stands for "/"), taking "." and ".." out. */
static int append_lexically(char *out, u32 *len, const char *path)
{
	struct walk w = { .w_rest = path };
	struct component c;

	while (next_component(&w, &c)) {
		if (is_dot(&c))
			continue;
		if (is_dotdot(&c)) {
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
