/* SPDX-License-Identifier: MIT */
/* The path of a vnode's last open. v_path: path_lock. */
#include "fs/vnode.h"

#include "fs/anonfs.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

static struct spinlock path_lock = SPINLOCK_INIT("vnode path", LR_VFS);

bool vn_path_alias(const char *path)
{
	return strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/dev/std", 8) == 0 ||
	       strncmp(path, "/dev/fd/", 8) == 0;
}

void vn_set_path(struct vnode *vp, const char *path)
{
	char *new, *old;

	if (vn_path_alias(path))
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

int vn_get_path(struct vnode *vp, char **path)
{
	size_t room = 0, len;

	*path = NULL;
	for (;;) {
		spin_lock(&path_lock);
		len = vp->v_path ? strlen(vp->v_path) + 1 : 0;
		if (len && len <= room)
			memcpy(*path, vp->v_path, len);
		spin_unlock(&path_lock);
		if (len && len <= room)
			return 0;
		kfree(*path);
		*path = NULL;
		if (!len)
			return 0;
		room = len;
		*path = kmalloc(room, 0);
		if (!*path)
			return -ENOMEM;
	}
}

/*
 * The target of the symbolic link at path; NULL: no link, or its target is no
 * path.
 */
static char *link_text(const char *path)
{
	char *text = kmalloc(PATH_MAX_K, 0);
	struct vnode *vp;
	int n = 0;

	if (text && namei(NULL, path, NI_NOFOLLOW, &vp) == 0) {
		if (vp->v_type == VLNK && vp->v_op->vop_readlink)
			n = vp->v_op->vop_readlink(vp, text, PATH_MAX_K - 1);
		vn_rele(vp);
	}
	if (n <= 0 || text[0] != '/') {
		kfree(text);
		return NULL;
	}
	text[n] = 0;
	return text;
}

char *vn_true_path(struct vnode *vp, char *path)
{
	char *better = NULL;

	if (vp->v_vfs == &pipefs) {
		kfree(path);
		return NULL;
	}
	if ((vp->v_flags & V_DYNAMIC) || !vn_path_alias(path))
		return path;
	if (vp->v_type == VDIR)
		return vn_path(vp, &better) == 0 ? (kfree(path), better) : path;
	/*
	 * /dev/stdin leads to /proc/self/fd/0, and that to the path by which
	 * descriptor 0 was opened.
	 */
	for (int i = 0; i < 2 && vn_path_alias(path); i++) {
		if (vn_get_path(vp, &better) != 0 || !better)
			better = link_text(path);
		if (!better)
			break;
		kfree(path);
		path = better;
	}
	return path;
}
