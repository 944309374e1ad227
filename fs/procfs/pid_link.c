/* SPDX-License-Identifier: MIT */
/*
 * Links of a process: exe, cwd, root. Followed, they lead to the file itself,
 * whatever has become of its name.
 */
#include "fs/namei.h"
#include "fs/procfs/procfs.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/fsctx.h"
#include "proc/proc.h"

/* One of the process's vnodes, with a reference. -ENOENT */
static int hold_vnode(struct proc *p, struct vnode *const *field, struct vnode **vpp)
{
	spin_lock(&p->p_lock);
	*vpp = *field;
	if (*vpp)
		vn_hold(*vpp);
	spin_unlock(&p->p_lock);
	return *vpp ? 0 : -ENOENT;
}

int pf_follow_exe(const struct pf_ctx *c, struct vnode **vpp)
{
	int error;

	mutex_lock(&c->c_proc->p_execlock);
	error = hold_vnode(c->c_proc, &c->c_proc->p_exe, vpp);
	mutex_unlock(&c->c_proc->p_execlock);
	return error;
}

int pf_text_exe(const struct pf_ctx *c, char *buf, size_t size)
{
	struct proc *p = c->c_proc;
	int n = -ENOENT;

	mutex_lock(&p->p_execlock);
	spin_lock(&p->p_lock);
	if (p->p_exe && p->p_exepath) {
		n = pf_put_text(p->p_exepath, buf, size);
		if (p->p_exe->v_flags & V_UNLINKED)
			n += pf_put_text(" (deleted)", buf + n, size - (size_t)n);
	}
	spin_unlock(&p->p_lock);
	mutex_unlock(&p->p_execlock);
	return n;
}

static int put_path(struct vnode *vp, char *buf, size_t size)
{
	char *path;
	int n;

	n = vn_path(vp, &path);
	if (!n) {
		n = pf_put_text(path, buf, size);
		kfree(path);
	} else if (n == -ENOENT) {
		n = pf_put_text("(deleted)", buf, size);
	}
	vn_rele(vp);
	return n;
}

int pf_follow_cwd(const struct pf_ctx *c, struct vnode **vpp)
{
	*vpp = fsctx_cwd_of(c->c_proc);
	return *vpp ? 0 : -ENOENT;
}

int pf_text_cwd(const struct pf_ctx *c, char *buf, size_t size)
{
	struct vnode *vp;
	int error = pf_follow_cwd(c, &vp);

	return error ? error : put_path(vp, buf, size);
}

int pf_follow_root(const struct pf_ctx *c, struct vnode **vpp)
{
	*vpp = fsctx_root_of(c->c_proc);
	return *vpp ? 0 : -ENOENT;
}

int pf_text_root(const struct pf_ctx *c, char *buf, size_t size)
{
	struct vnode *vp;
	int error = pf_follow_root(c, &vp);

	return error ? error : put_path(vp, buf, size);
}
