/* SPDX-License-Identifier: MIT */
/* Working directory, root and umask: see proc/fsctx.h. */
#include "proc/fsctx.h"

#include "fs/vnode.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

struct fsctx *fsctx_create(void)
{
	struct fsctx *fc = kzalloc(sizeof(*fc), 0);

	if (!fc)
		return NULL;
	fc->fc_ref = 1;
	spin_init(&fc->fc_lock, "fsctx", LR_FSCTX);
	fc->fc_umask = 022;
	return fc;
}

static size_t path_size(const struct fsctx *fc)
{
	return fc->fc_cwdpath ? strlen(fc->fc_cwdpath) + 1 : 0;
}

/*
 * Allocates room for the path, which another process may meanwhile replace by a
 * longer one.
 * Errors: -ENOMEM, without the lock.
 * Locks: returns with fc_lock held.
 */
static int lock_with_room(struct fsctx *fc, char **room)
{
	size_t size = 0, need;

	*room = NULL;
	for (;;) {
		spin_lock(&fc->fc_lock);
		need = path_size(fc);
		if (need <= size)
			return 0;
		spin_unlock(&fc->fc_lock);
		kfree(*room);
		*room = kmalloc(need, 0);
		if (!*room)
			return -1;
		size = need;
	}
}

struct fsctx *fsctx_dup(struct fsctx *fc)
{
	struct fsctx *n = fsctx_create();
	char *path;

	assert_may_sleep("fsctx_dup");
	if (!n)
		return NULL;
	if (lock_with_room(fc, &path) != 0) {
		fsctx_rele(n);
		return NULL;
	}
	n->fc_cwd = fc->fc_cwd;
	n->fc_root = fc->fc_root;
	n->fc_umask = fc->fc_umask;
	if (n->fc_cwd)
		vn_hold(n->fc_cwd);
	if (n->fc_root)
		vn_hold(n->fc_root);
	if (fc->fc_cwdpath) {
		memcpy(path, fc->fc_cwdpath, path_size(fc));
		n->fc_cwdpath = path;
		path = NULL;
	}
	spin_unlock(&fc->fc_lock);
	kfree(path);
	return n;
}

void fsctx_hold(struct fsctx *fc)
{
	__atomic_add_fetch(&fc->fc_ref, 1, __ATOMIC_RELAXED);
}

void fsctx_rele(struct fsctx *fc)
{
	assert_may_sleep("fsctx_rele");
	if (!fc || __atomic_sub_fetch(&fc->fc_ref, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	if (fc->fc_cwd)
		vn_rele(fc->fc_cwd);
	if (fc->fc_root)
		vn_rele(fc->fc_root);
	kfree(fc->fc_cwdpath);
	kfree(fc);
}

void fsctx_replace(struct fsctx *fc)
{
	struct proc *p = curproc();
	struct fsctx *old;

	assert_may_sleep("fsctx_replace");
	spin_lock(&p->p_lock);
	old = p->p_fs;
	p->p_fs = fc;
	spin_unlock(&p->p_lock);
	fsctx_rele(old);
}

mode_t fsctx_set_umask(struct fsctx *fc, mode_t mask)
{
	mode_t old;

	spin_lock(&fc->fc_lock);
	old = fc->fc_umask;
	fc->fc_umask = mask;
	spin_unlock(&fc->fc_lock);
	return old;
}

static struct vnode *held(struct vnode *vp)
{
	if (vp)
		vn_hold(vp);
	return vp;
}

static struct vnode *place_of(struct proc *p, bool root)
{
	struct vnode *vp = NULL;
	struct fsctx *fc;

	spin_lock(&p->p_lock);
	fc = p->p_fs;
	if (fc) {
		spin_lock(&fc->fc_lock);
		vp = held(root ? fc->fc_root : fc->fc_cwd);
		spin_unlock(&fc->fc_lock);
	}
	spin_unlock(&p->p_lock);
	return vp;
}

struct vnode *fsctx_cwd_of(struct proc *p)
{
	return place_of(p, false);
}

struct vnode *fsctx_root_of(struct proc *p)
{
	return place_of(p, true);
}

void proc_set_cwd(struct proc *p, struct vnode *vp, char *path)
{
	struct fsctx *fc = p->p_fs;
	struct vnode *oldvp;
	char *oldpath;

	spin_lock(&fc->fc_lock);
	oldvp = fc->fc_cwd;
	oldpath = fc->fc_cwdpath;
	fc->fc_cwd = vp;
	fc->fc_cwdpath = path;
	spin_unlock(&fc->fc_lock);
	if (oldvp)
		vn_rele(oldvp);
	kfree(oldpath);
}

void proc_set_root(struct proc *p, struct vnode *vp)
{
	struct fsctx *fc = p->p_fs;
	struct vnode *old;

	spin_lock(&fc->fc_lock);
	old = fc->fc_root;
	fc->fc_root = vp;
	spin_unlock(&fc->fc_lock);
	if (old)
		vn_rele(old);
}
