/* SPDX-License-Identifier: MIT */
/* What the walk along a path (namei.c) and paths as texts (path.c) share. */
#ifndef FS_NAMEI_IMPL_H
#define FS_NAMEI_IMPL_H

#include "fs/namei.h"

struct walk {
	struct vnode *w_vp;
	struct vnode *w_root; /* ".." ends here (a reference) */
	const char *w_rest;
	char *w_buf;  /* w_rest lies in it, or NULL */
	u32 w_nlinks; /* that were followed; MAX_LINKS from the start where none may be */
};

/* One component: len bytes at name; what is behind it: slash or the end. */
struct component {
	const char *name;
	u32 len;
	bool last, slash; /* nothing but slashes follows; at least one does */
};

/* l_root or p_root, and where a path starts (NULL: p_cwd; absolute: p_root), with references. */
void namei_start(struct vnode *start, struct vnode **root, struct vnode **from, bool absolute);
/* Cuts the next component off w_rest; false if there is none. */
bool namei_next(struct walk *w, struct component *c);
bool namei_dot(const struct component *c);
bool namei_dotdot(const struct component *c);

/* One name in directory dvp, through the name cache. -ENOENT, -ENAMETOOLONG... May sleep; takes dvp's lock. */
int namei_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp);
/* From the root of a mount to the directory it covers, as often as needed, but not above top. Takes over and returns a reference. */
struct vnode *namei_covered(struct vnode *vp, const struct vnode *top);

#endif
