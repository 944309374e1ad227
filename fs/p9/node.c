/* SPDX-License-Identifier: MIT */
/* 9p: nodes, from fid to vnode; attributes; what is open; the end. */
#include "fs/p9/p9.h"

#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

static struct kmem_cache *node_cache;

void p9node_init(void)
{
	node_cache = kmem_cache_create("p9node", sizeof(struct p9node), 0);
}

static const struct vnodeops *p9_ops_of(enum vtype type)
{
	switch (type) {
	case VREG: return &p9_file_ops;
	case VDIR: return &p9_dir_ops;
	case VLNK: return &p9_link_ops;
	default: return &p9_special_ops;
	}
}

static int node_fill(struct vnode *vp, u32 fid, const struct vattr *va)
{
	struct p9node *pn = kmem_alloc(node_cache, KM_ZERO);

	if (!pn)
		return -ENOMEM;
	pn->pn_mount = p9mount(vp->v_vfs);
	pn->pn_fid = fid;
	pn->pn_rfid = pn->pn_wfid = P9_NOFID;
	mutex_init(&pn->pn_lock, "p9node", LR_FS_INODE);
	pn->pn_last = *va;
	vp->v_data = pn;
	vp->v_type = va->va_type;
	vp->v_op = p9_ops_of(va->va_type);
	if (va->va_type == VREG) {
		vp->v_size = va->va_size;
		vnode_setflags(vp, V_SEEKABLE, 0);
	}
	if (va->va_type == VDIR)
		vnode_setflags(vp, V_DYNAMIC, 0);
	return 0;
}

/*
 * A host's fid is a path. If the name that it was made for is gone, and the
 * file has another one, by which it was just found, the fid of that name takes
 * its place. Returns the fid that is not needed.
 */
static u32 renew_fid(struct vnode *vp, u32 fid)
{
	struct p9node *pn = p9node(vp);
	struct vattr va;

	if (!__atomic_exchange_n(&pn->pn_lost, false, __ATOMIC_ACQ_REL))
		return fid;
	if (p9_getattr(pn->pn_mount, pn->pn_fid, &va) == 0 && va.va_ino == vp->v_ino)
		return fid;
	return __atomic_exchange_n(&pn->pn_fid, fid, __ATOMIC_ACQ_REL);
}

/*
 * What is there already has a fid of its own. A number that is another kind of
 * file now was used again.
 */
static int found_again(struct vnode *vp, u32 *fid, const struct vattr *va)
{
	if (vp->v_type != va->va_type) {
		vn_rele(vp);
		return -ESTALE;
	}
	*fid = renew_fid(vp, *fid);
	p9node_refresh(vp, va);
	return 0;
}

int p9node_get(struct vfs *vfs, u32 fid, struct vnode **vpp)
{
	struct p9mount *pm = p9mount(vfs);
	struct vattr va;
	bool isnew = false;
	int error;

	error = p9_getattr(pm, fid, &va);
	if (!error)
		error = vnode_get(vfs, va.va_ino, vpp, &isnew);
	if (!error && isnew) {
		error = node_fill(*vpp, fid, &va);
		if (error) {
			vnode_bad(*vpp);
		} else {
			vnode_ready(*vpp);
			return 0;
		}
	} else if (!error) {
		error = found_again(*vpp, &fid, &va);
	}
	p9_clunk(pm, fid);
	return error;
}

/*
 * What mappings see of a file that the host has changed goes, unless stores
 * through one of them could be lost with it.
 */
static void forget_pages(struct vnode *vp)
{
	if (vp->v_npages == 0 || vp->v_nwritemap > 0)
		return;
	pc_flush(vp, 0, PC_END, true);
	pc_truncate(vp, 0);
}

static bool same_time(const struct timespec_k *a, const struct timespec_k *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

void p9node_refresh(struct vnode *vp, const struct vattr *va)
{
	struct p9node *pn = p9node(vp);

	/*
	 * A holder of the lock is about to change the file, and will see to the
	 * size itself.
	 */
	if (vp->v_type != VREG || !mutex_trylock(&vp->v_lock))
		return;
	if (va->va_size != vp->v_size || !same_time(&va->va_mtime, &pn->pn_last.va_mtime)) {
		forget_pages(vp);
		if (va->va_size < vp->v_size) {
			vp->v_size = va->va_size;
			pc_truncate(vp, (u32)((va->va_size + PAGE_MASK) >> PAGE_SHIFT));
		}
		vp->v_size = va->va_size;
	}
	pn->pn_last = *va;
	vn_unlock(vp);
}

int p9vn_getattr(struct vnode *vp, struct vattr *va)
{
	struct p9node *pn = p9node(vp);
	int error = 0;

	if (vp->v_flags & V_UNLINKED) {
		*va = pn->pn_last;
		va->va_nlink = 0;
		va->va_size = vp->v_type == VREG ? vp->v_size : va->va_size;
	} else {
		if (vp->v_ndirty > 0)
			pc_flush(vp, 0, PC_END, true); /* stores to mappings: they move the times */
		error = p9_getattr(pn->pn_mount, pn->pn_fid, va);
		if (error == -ENOENT)
			pn->pn_lost = true;
		if (!error && (va->va_type != vp->v_type || va->va_ino != vp->v_ino))
			error = -ESTALE;
		if (!error)
			p9node_refresh(vp, va);
	}
	va->va_dev = vp->v_vfs->vfs_dev;
	return error;
}

static int set_size(struct vnode *vp, u64 size)
{
	u64 old = vp->v_size;

	vp->v_size = size;
	if (size < old)
		pc_truncate(vp, (u32)((size + PAGE_MASK) >> PAGE_SHIFT));
	return vp->v_npages > 0 ? pc_zero_tail(vp) : 0;
}

int p9vn_setattr(struct vnode *vp, const struct vattr *va)
{
	struct p9node *pn = p9node(vp);
	struct vattr set = *va, now;
	int error;

	ASSERT(mutex_held(&vp->v_lock));
	if ((va->va_mask & VA_SIZE) && vp->v_type != VREG)
		return vp->v_type == VDIR ? -EISDIR : -EINVAL;
	error = p9vn_getattr(vp, &now);
	if (error)
		return error;
	/* The host's user may change neither; that they stay is no change. */
	if ((set.va_mask & VA_UID) && set.va_uid == now.va_uid)
		set.va_mask &= ~VA_UID;
	if ((set.va_mask & VA_GID) && set.va_gid == now.va_gid)
		set.va_mask &= ~VA_GID;
	if (!(vp->v_flags & V_UNLINKED) && (set.va_mask & ~VA_CTIME))
		error = p9_setattr(pn->pn_mount, pn->pn_fid, &set);
	if (!error && (va->va_mask & VA_MODE))
		pn->pn_last.va_mode = (now.va_mode & S_IFMT) | (va->va_mode & 07777);
	if (!error && (va->va_mask & VA_SIZE))
		error = set_size(vp, va->va_size);
	return error;
}

void p9node_give_open(struct vnode *vp, u32 fid)
{
	struct p9node *pn = p9node(vp);
	bool taken = false;

	mutex_lock(&pn->pn_lock);
	if (vp->v_type == VREG && pn->pn_rfid == P9_NOFID && pn->pn_wfid == P9_NOFID) {
		pn->pn_rfid = pn->pn_wfid = fid;
		taken = true;
	}
	mutex_unlock(&pn->pn_lock);
	if (!taken)
		p9_clunk(pn->pn_mount, fid);
}

int p9node_open(struct vnode *vp, bool write, u32 *fid)
{
	struct p9node *pn = p9node(vp);
	u32 *slot = write ? &pn->pn_wfid : &pn->pn_rfid, new;
	int error = 0;

	mutex_lock(&pn->pn_lock);
	if (*slot == P9_NOFID) {
		new = p9_newfid(pn->pn_mount);
		error = p9_walk(pn->pn_mount, pn->pn_fid, new, NULL);
		if (!error) {
			error = p9_lopen(pn->pn_mount, new,
					 write		      ? P9_WRONLY
					 : vp->v_type == VDIR ? P9_RDONLY | P9_DIRECTORY
							      : P9_RDONLY);
			if (error)
				p9_clunk(pn->pn_mount, new);
			else
				*slot = new;
		}
	}
	*fid = *slot;
	mutex_unlock(&pn->pn_lock);
	return error;
}

int p9vn_fsync(struct vnode *vp, bool datasync)
{
	int error = vp->v_type == VREG ? pc_flush(vp, 0, PC_END, true) : 0, error2;
	struct p9node *pn = p9node(vp);
	u32 fid = pn->pn_wfid;

	if (fid == P9_NOFID)
		return error;
	error2 = p9_fsync(pn->pn_mount, fid, datasync);
	return error ? error : error2;
}

bool p9vn_inactive(struct vnode *vp)
{
	struct p9node *pn = p9node(vp);

	if (vp->v_ndirty > 0 && !(vp->v_flags & V_UNLINKED))
		pc_flush(vp, 0, PC_END, true);
	if (pn->pn_wfid != P9_NOFID)
		p9_clunk(pn->pn_mount, pn->pn_wfid);
	if (pn->pn_rfid != P9_NOFID && pn->pn_rfid != pn->pn_wfid)
		p9_clunk(pn->pn_mount, pn->pn_rfid);
	p9_clunk(pn->pn_mount, pn->pn_fid);
	return true;
}

void p9vn_reclaim(struct vnode *vp)
{
	kmem_free(node_cache, vp->v_data);
}
