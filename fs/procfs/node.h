/* SPDX-License-Identifier: MIT */
/*
 * Shared by procfs's directories, files and links (fs/procfs/node.c): their
 * vnodes.
 */
#ifndef FS_PROCFS_NODE_H
#define FS_PROCFS_NODE_H

#include "fs/procfs/procfs.h"

static inline struct pf_node *pf_node(const struct vnode *vp)
{
	return vp->v_data;
}

/*
 * Makes a vnode with the fields of `like`; a directory takes a reference on its
 * parent.
 * Errors: -ENOMEM
 */
int pf_vnode(struct vfs *vfs, const struct pf_node *like, struct vnode *parent, struct vnode **vpp);
/*
 * The entry of that name in dvp, for a process, thread or descriptor that need
 * not exist, with pn_pid 0.
 * Errors: -ENOENT, -ENOMEM
 */
int pf_child_of_nobody(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp);
ino_t pf_ino(const struct pf_node *pn);
enum vtype pf_type(const struct pf_entry *pe);
/* May the current process use this entry of c's process? 0 or -EACCES */
int pf_guard(const struct pf_node *pn, const struct pf_ctx *c);

int pf_getattr(struct vnode *vp, struct vattr *va);
int pf_setattr(struct vnode *vp, const struct vattr *va);
bool pf_inactive(struct vnode *vp);
void pf_reclaim(struct vnode *vp);

extern const struct vnodeops pf_dir_ops, pf_file_ops, pf_link_ops, pf_textlink_ops;

#endif
