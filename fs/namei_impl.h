/* SPDX-License-Identifier: MIT */
/* Shared by the walk along a path (namei.c) and paths as texts (path.c). */
#ifndef FS_NAMEI_IMPL_H
#define FS_NAMEI_IMPL_H

#include "fs/namei.h"

struct walk {
	struct vnode *w_vp;
	struct vnode *w_root; /* ".." stops here (a reference) */
	const char *w_rest;
	char *w_buf; /* the buffer of w_rest, or NULL */
	/* Links followed; starts at MAX_LINKS if none is allowed. */
	u32 w_nlinks;
};

/* One component: len bytes at name, followed by a slash or the end. */
struct component {
	const char *name;
	u32 len;
	bool last, slash; /* the last one; followed by a slash */
};

/*
 * The root (l_root or p_root) and the start of a walk, with references. An
 * absolute path starts at the root; start NULL: p_cwd.
 */
void namei_start(struct vnode *start, struct vnode **root, struct vnode **from, bool absolute);
/* Cuts the next component off w_rest; false if there is none. */
bool namei_next(struct walk *w, struct component *c);
bool namei_dot(const struct component *c);
bool namei_dotdot(const struct component *c);

/*
 * Looks up one name in directory dvp, through the name cache.
 * Errors: -ENOENT, -ENAMETOOLONG...
 * Locks: takes dvp's v_lock.
 * Sleeps: yes.
 */
int namei_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp);
/*
 * From the root of a mount to the directory it covers, as often as needed, but
 * not above top. Takes over the reference, and returns one.
 */
struct vnode *namei_covered(struct vnode *vp, const struct vnode *top);

#endif
