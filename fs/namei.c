/* SPDX-License-Identifier: MIT */
/*
 * From a path to a vnode. One struct walk goes along the path, component by
 * component:
 *
 *   w_vp    the vnode reached so far (a reference)
 *   w_rest  the rest of the path: the caller's text or, after a symbolic link,
 *           a buffer with the link's text, followed by the rest
 *
 * So links nest without recursion, and the last component always lies in the
 * caller's own path.
 */
#include "fs/namecache.h"
#include "fs/namei_impl.h"
#include "fs/vnode_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/fsctx.h"
#include "proc/proc.h"

#define MAX_LINKS 40

static struct vnode *hold_or_root(struct vnode *vp)
{
	if (!vp)
		vp = rootvp;
	vn_hold(vp);
	return vp;
}

void namei_start(struct vnode *start, struct vnode **root, struct vnode **from, bool absolute)
{
	struct vnode *top = curlwp()->l_root;
	struct fsctx *fc = curproc()->p_fs;

	/* A kernel thread has no directory of its own. */
	if (fc)
		spin_lock(&fc->fc_lock);
	*root = hold_or_root(top || !fc ? top : fc->fc_root);
	*from = hold_or_root(absolute ? *root : start || !fc ? start : fc->fc_cwd);
	if (fc)
		spin_unlock(&fc->fc_lock);
}

struct vnode *namei_root(void)
{
	struct vnode *root, *from;

	namei_start(NULL, &root, &from, true);
	vn_rele(from);
	return root;
}

static void walk_begin(struct walk *w, struct vnode *start, const char *path)
{
	*w = (struct walk){ .w_rest = path };
	namei_start(start, &w->w_root, &w->w_vp, path[0] == '/');
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

bool namei_next(struct walk *w, struct component *c)
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

bool namei_dot(const struct component *c)
{
	return c->len == 1 && c->name[0] == '.';
}

bool namei_dotdot(const struct component *c)
{
	return c->len == 2 && c->name[0] == '.' && c->name[1] == '.';
}

/*
 * From a covered directory to the root of the file system mounted there, as
 * often as needed.
 */
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

struct vnode *namei_covered(struct vnode *vp, const struct vnode *top)
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

int namei_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp)
{
	bool up = name[0] == '.' && name[1] == '.' && len == 2;
	int error = -EAGAIN;

	assert_may_sleep("namei_lookup");
	if (len > NAME_MAX_K)
		return -ENAMETOOLONG;
	if (!up)
		error = namecache_lookup(dvp, name, len, vpp);
	if (error == -EAGAIN) {
		vn_lock(dvp);
		error = vn_lookup(dvp, name, len, vpp);
		if (!error && !up)
			vn_found_in(*vpp, dvp);
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
	w->w_vp = namei_covered(w->w_vp, w->w_root);
	if (w->w_vp == w->w_root || (w->w_vp->v_flags & V_ROOT))
		return 0;
	error = namei_lookup(w->w_vp, "..", 2, &up);
	if (!error)
		walk_to(w, cross_mounts(up));
	return error;
}

/*
 * Continues the path with the text of link vp (found in w_vp), then with the
 * rest.
 */
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

/* Follows symbolic link vp; takes over the reference. */
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

/*
 * Walks one component further. follow: follow a symbolic link in the last
 * component, too.
 */
static int namei_step(struct walk *w, const struct component *c, bool follow)
{
	struct vnode *vp;
	int error;

	error = may_search(w);
	if (error)
		return error;
	if (namei_dot(c))
		return 0;
	if (namei_dotdot(c))
		return step_dotdot(w);
	error = namei_lookup(w->w_vp, c->name, c->len, &vp);
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
	if (flags & NI_NOLINKS)
		w.w_nlinks = MAX_LINKS;
	while (!error && namei_next(&w, &c)) {
		if (c.last && c.slash)
			must_be_dir = true;
		error = namei_step(&w, &c, !(flags & NI_NOFOLLOW));
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
	while (!error && namei_next(&w, &c)) {
		any = true;
		if (c.last) {
			error = may_search(&w);
			break;
		}
		error = namei_step(&w, &c, true);
	}
	if (error)
		goto out;
	*np = (struct nameparent){ .np_dvp = w.w_vp, .np_name = "/", .np_len = 0, .np_special = true };
	if (any) {
		/* The same bytes in the caller's text, counted from its end. */
		np->np_name = path + pathlen - strlen(c.name);
		np->np_len = c.len;
		np->np_slash = c.slash;
		np->np_special = namei_dot(&c) || namei_dotdot(&c);
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
	if ((want & 2) && (vp->v_flags & V_IMMUTABLE))
		return -EPERM;
	error = vn_getattr(vp, &va);
	if (error)
		return error;
	return cred_access(cred_cur(), va.va_mode, va.va_uid, va.va_gid, want);
}
