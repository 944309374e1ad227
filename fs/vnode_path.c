/* SPDX-License-Identifier: MIT */
/* The path that a vnode was opened by last. v_path: path_lock. */
#include "fs/vnode.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

static struct spinlock path_lock = SPINLOCK_INIT("vnode path", LR_VFS);

/* Names like /proc/PID/exe and /proc/PID/fd/N lead to files that have a better name, and mean another file tomorrow. */
static bool is_alias(const struct vnode *vp, const char *path)
{
	return strncmp(path, "/proc/", 6) == 0 && !(vp->v_flags & V_DYNAMIC);
}

void vn_set_path(struct vnode *vp, const char *path)
{
	char *new, *old;

	if (is_alias(vp, path))
		return;

	spin_lock(&path_lock);
	old = vp->v_path;
	if (old && strcmp(old, path) == 0) {
		spin_unlock(&path_lock);
		return;
	}
	spin_unlock(&path_lock);
	new = kstrdup(path, 0);
	if (!new)
		return;
	spin_lock(&path_lock);
	old = vp->v_path;
	vp->v_path = new;
	spin_unlock(&path_lock);
	kfree(old);
}

char *vn_get_path(struct vnode *vp)
{
	char *copy;

	spin_lock(&path_lock);
	copy = vp->v_path ? kstrdup(vp->v_path, KM_NOWAIT) : NULL;
	spin_unlock(&path_lock);
	return copy;
}

char *vn_true_path(struct vnode *vp, char *path)
{
	char *better = is_alias(vp, path) ? vn_get_path(vp) : NULL;

	if (!better)
		return path;
	kfree(path);
	return better;
}
