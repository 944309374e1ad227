/* SPDX-License-Identifier: MIT */
/*
 * The operations that address spaces need of vnodes (struct vnode_mm_ops,
 * mm/as.h).
 */
#include "fs/dev.h"
#include "fs/file.h"
#include "fs/file_impl.h"
#include "fs/mem.h"
#include "fs/pagecache.h"
#include "fs/pc_impl.h"
#include "fs/vnode_vm.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "mm/as.h"

static bool inside(const struct vnode *vp, u32 idx)
{
	return !pc_has_end(vp) || idx < pc_size(vp);
}

static bool vm_current(struct vnode *vp, u32 idx, const struct page *pg)
{
	return pg->pg_vnode == vp && pg->pg_index == idx && inside(vp, idx);
}

static void vm_lookup(struct vnode *vp, u32 idx, u32 n, struct page **pg)
{
	for (u32 i = 0; i < n; i++)
		pg[i] = inside(vp, idx + i) ? pc_lookup(vp, idx + i) : NULL;
}

static int vm_mkwrite(struct vnode *vp, struct page *pg)
{
	int ready = 1;

	page_lock(pg);
	if (pg->pg_vnode != vp || !inside(vp, pg->pg_index))
		ready = -ESTALE;
	else if (vp->v_op->vop_mkwrite)
		ready = vp->v_op->vop_mkwrite(vp, &pg, 1, 0, pc_bytes(vp, pg->pg_index));
	if (ready > 0 && vp->v_op->vop_stored) {
		int error = vp->v_op->vop_stored(vp, pg);

		ready = error ? error : ready;
	}
	if (ready > 0)
		pc_dirty(pg);
	page_unlock(pg);
	if (ready == -EAGAIN)
		return -EBUSY; /* the file system must commit first */
	return ready > 0 ? 0 : ready == -ESTALE ? -EAGAIN : ready;
}

static void vm_commit(struct vnode *vp)
{
	vp->v_vfs->vfs_type->fs_ops->vfs_sync(vp->v_vfs, false);
}

static int vm_sync(struct vnode *vp, u32 from, u32 to, bool wait, bool medium)
{
	int error;

	seg_vnode_harvest(vp, from, to - 1);
	error = pc_flush(vp, from, to, wait);
	if (!error && wait && medium && vp->v_op->vop_fsync)
		error = vp->v_op->vop_fsync(vp, true);
	/*
	 * Reported once, as by fsync: a program that has only a mapping could
	 * not ask otherwise.
	 */
	if (error && wait)
		(void)pc_take_error(vp);
	return error;
}

static struct vsegs *vm_segs(struct vnode *vp)
{
	return &vp->v_segs;
}

static void vm_writemap(struct vnode *vp, int delta)
{
	ASSERT(mutex_held(&vp->v_segs.vs_lock));
	vp->v_nwritemap += (u32)delta;
}

static int vm_file(int fd, struct file **fp)
{
	int error = fd_get(fd, fp);

	if (!error && ((*fp)->f_flags & O_PATH)) {
		file_rele(*fp);
		error = -EBADF;
	}
	return error;
}

/*
 * A shared mapping that may be written needs a file open for reading and
 * writing.
 */
static int check_shared(const struct file *f, u32 prot, u32 flags, u32 *maxprot)
{
	if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && (flags & ~MAP_KNOWN))
		return -EOPNOTSUPP;
	if ((f->f_flags & O_ACCMODE) != O_RDONLY)
		return f->f_vnode->v_flags & V_APPENDONLY ? -EACCES : 0;
	*maxprot &= ~PROT_WRITE;
	return prot & PROT_WRITE ? -EACCES : 0;
}

static int check_access(const struct file *f, u32 prot, u32 flags, u32 *maxprot)
{
	u32 type = flags & MAP_TYPE;
	int error = 0;

	if (type == MAP_SHARED || type == MAP_SHARED_VALIDATE)
		error = check_shared(f, prot, flags, maxprot);
	else if (type != MAP_PRIVATE)
		error = -EINVAL;
	if (error)
		return error;
	if (file_readable(f) != 0)
		return -EACCES;
	if (f->f_vnode->v_vfs->vfs_flags & VFS_MS_NOEXEC) {
		if (prot & PROT_EXEC)
			return -EPERM;
		*maxprot &= ~PROT_EXEC;
	}
	return 0;
}

static int vm_file_map(struct file *f, u32 prot, u32 flags, struct vnode **vpp, u32 *maxprot)
{
	struct vnode *vp = f->f_vnode;
	bool zero = vp->v_type == VCHR && vp->v_rdev == MAKEDEV(DEV_MEM_MAJOR, MEM_ZERO);
	int error = check_access(f, prot, flags, maxprot);

	if (error)
		return error;
	if (!zero && (!vp->v_op->vop_getpage || (vp->v_type != VREG && vp->v_type != VBLK)))
		return -ENODEV;
	if (flags & MAP_GROWSDOWN)
		return -EINVAL;
	if (zero)
		return 0;
	vn_hold(vp);
	*vpp = vp;
	if (f->f_path)
		vn_set_path(vp, f->f_path);
	return 0;
}

static const struct vnode_mm_ops ops = {
	.vm_hold = vn_hold,
	.vm_rele = vn_rele,
	.vm_getpage = pc_get,
	.vm_lookup = vm_lookup,
	.vm_current = vm_current,
	.vm_mkwrite = vm_mkwrite,
	.vm_commit = vm_commit,
	.vm_dirty = pc_dirty,
	.vm_sync = vm_sync,
	.vm_segs = vm_segs,
	.vm_writemap = vm_writemap,
	.vm_file = vm_file,
	.vm_file_rele = file_rele,
	.vm_file_map = vm_file_map,
};

void vnode_vm_init(void)
{
	vnode_mm_register(&ops);
}
