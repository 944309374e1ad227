/* SPDX-License-Identifier: MIT */
/* procfs: the vnodes, their attributes, and mounting. */
#include "fs/file_impl.h"
#include "fs/procfs.h"
#include "fs/procfs/node.h"
#include "kernel/abi/statfs.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

static struct kmem_cache *node_cache;
static const struct pf_entry root_entry = { "/", S_IFDIR | 0555, .pe_dir = &pf_root_dir };

int pf_ctx_get(const struct pf_node *pn, struct pf_ctx *c)
{
	*c = (struct pf_ctx){ .c_tid = pn->pn_tid, .c_fd = pn->pn_fd };
	if (!pn->pn_pid)
		return 0;
	c->c_proc = proc_find(pn->pn_pid);
	if (!c->c_proc)
		return -ESRCH;
	if (c->c_proc->p_start_ns != pn->pn_start) {
		proc_rele(c->c_proc);
		return -ESRCH;
	}
	return 0;
}

void pf_ctx_put(struct pf_ctx *c)
{
	if (c->c_proc)
		proc_rele(c->c_proc);
}

int pf_guard(const struct pf_node *pn, const struct pf_ctx *c)
{
	if (!pn->pn_entry->pe_guarded || !c->c_proc)
		return 0;
	if (c->c_proc->p_nclosed != pn->pn_nclosed)
		return -EACCES; /* opened before it ran a set-id program, which may itself be made to use it */
	return proc_can_look(c->c_proc) ? -EACCES : 0;
}

/*
 * Unique for what a node is about: entry tables lie among the kernel's
 * constants, eight bytes apart at least.
 */
ino_t pf_ino(const struct pf_node *pn)
{
	u32 entry = ((u32)(uintptr_t)pn->pn_entry >> 3) & 0xfffff;
	u32 sub = (u32)(pn->pn_fd >= 0 ? pn->pn_fd + 1 : pn->pn_tid) & 0xffff;

	return (u64)pn->pn_pid << 36 | (u64)sub << 20 | entry;
}

enum vtype pf_type(const struct pf_entry *pe)
{
	return S_ISDIR(pe->pe_mode) ? VDIR : S_ISLNK(pe->pe_mode) ? VLNK : VREG;
}

static const struct vnodeops *procfs_ops_of(const struct pf_entry *pe)
{
	switch (pf_type(pe)) {
	case VDIR: return &pf_dir_ops;
	case VLNK: return pe->pe_follow ? &pf_link_ops : &pf_textlink_ops;
	default: return &pf_file_ops;
	}
}

int pf_vnode(struct vfs *vfs, const struct pf_node *like, struct vnode *parent, struct vnode **vpp)
{
	enum vtype type = pf_type(like->pn_entry);
	struct pf_node *pn = kmem_alloc(node_cache, 0);
	struct vnode *vp;

	if (!pn)
		return -ENOMEM;
	vp = vnode_anon(vfs, type, procfs_ops_of(like->pn_entry));
	if (!vp) {
		kmem_free(node_cache, pn);
		return -ENOMEM;
	}
	*pn = *like;
	pn->pn_parent = type == VDIR ? parent : NULL;
	if (pn->pn_parent)
		vn_hold(pn->pn_parent);
	vp->v_data = pn;
	vp->v_ino = pf_ino(pn);
	vp->v_flags |= V_DYNAMIC | V_NOFLOCK | V_NOCACHE | V_SEEKABLE;
	*vpp = vp;
	return 0;
}

bool pf_inactive(struct vnode *vp)
{
	return true;
}

void pf_reclaim(struct vnode *vp)
{
	struct pf_node *pn = pf_node(vp);

	if (pn->pn_parent)
		vn_rele(pn->pn_parent); /* the tree is a handful of levels deep */
	kmem_free(node_cache, pn);
}

/*
 * Files of a process belong to whom it works for; of a set-id program to the
 * superuser, as in the eyes of others those that tell what it knows.
 */
static void owner_of(struct proc *p, struct vattr *va)
{
	spin_lock(&p->p_lock);
	bool open = p == curproc() || va->va_mode == (S_IFDIR | 0555);

	if (p->p_cred && !(p->p_flags & P_SUGID) && (open || !(p->p_flags & P_NODUMP))) {
		va->va_uid = p->p_cred->cr_euid;
		va->va_gid = p->p_cred->cr_egid;
	}
	spin_unlock(&p->p_lock);
}

int pf_getattr(struct vnode *vp, struct vattr *va)
{
	const struct pf_node *pn = pf_node(vp);
	struct pf_ctx c;

	if (pf_ctx_get(pn, &c) != 0)
		return -ENOENT;
	va->va_type = vp->v_type;
	va->va_mode = pn->pn_entry->pe_modeof ? pn->pn_entry->pe_modeof(&c) : pn->pn_entry->pe_mode;
	va->va_nlink = vp->v_type == VDIR ? 2 : 1;
	va->va_ino = vp->v_ino;
	va->va_dev = vp->v_vfs->vfs_dev;
	va->va_blksize = 1024;
	va->va_uid = 0;
	va->va_gid = 0;
	va->va_atime = va->va_mtime = va->va_ctime = timespec_now();
	if (c.c_proc)
		owner_of(c.c_proc, va);
	pf_ctx_put(&c);
	return 0;
}

/*
 * What O_TRUNC asks of a file whose length is 0 anyway; nothing else can be
 * changed.
 */
int pf_setattr(struct vnode *vp, const struct vattr *va)
{
	return va->va_mask & (VA_MODE | VA_UID | VA_GID) ? -EPERM : 0;
}

static int procfs_mount(struct vfs *vfs, const char *dev, const char *options)
{
	const struct pf_node root = { .pn_entry = &root_entry, .pn_fd = -1 };

	return pf_vnode(vfs, &root, NULL, &vfs->vfs_root);
}

static int procfs_unmount(struct vfs *vfs)
{
	return 0;
}

static int procfs_statfs(struct vfs *vfs, struct statfs_k *st)
{
	st->f_type = K_MAGIC_PROC;
	return 0;
}

static const struct vfsops procfs_vfsops = {
	.vfs_mount = procfs_mount,
	.vfs_unmount = procfs_unmount,
	.vfs_statfs = procfs_statfs,
};

static struct fstype procfs_type = { .fs_name = "proc", .fs_ops = &procfs_vfsops, .fs_nodev = true };

void procfs_init(void)
{
	node_cache = kmem_cache_create("procfs", sizeof(struct pf_node), 0);
	fstype_register(&procfs_type);
}
