/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: contents of regular files and symbolic links.
 *
 * The page cache holds the only copy. A page that was written is dirty, and
 * stays so: the vnode is V_MEMORY. A page is charged to the mount when it first
 * becomes dirty (vop_mkwrite; PRIVATE_CHARGED in pg_private), and credited when
 * it leaves the cache. Clean pages are holes that were read; they are not
 * charged, and may be reclaimed.
 */
#include "fs/tmpfs/tmpfs.h"

#include "fs/file.h"
#include "fs/file_impl.h"
#include "fs/pagecache.h"
#include "fs/setid.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/page.h"
#include "proc/cred.h"

#define PRIVATE_CHARGED 1u
#define SIZE_MAX_TMPFS ((u64)(PC_END - PC_CLUSTER) << PAGE_SHIFT)

static volatile u32 all_pages;

u32 tmpfs_pages(void)
{
	return all_pages;
}

/*
 * A file in memory must not take the last pages of the machine, whatever the
 * mount's limit is.
 */
static bool memory_is_short(void)
{
	struct page_stats st;

	page_stats(&st);
	return st.ps_free < st.ps_total / 64;
}

/* Charges one page; false: the mount is full. */
static bool charge(struct tmpnode *tn)
{
	struct tmpmount *tm = tn->tn_mount;

	if (__atomic_add_fetch(&tm->tm_pages, 1, __ATOMIC_RELAXED) > tm->tm_maxpages) {
		__atomic_sub_fetch(&tm->tm_pages, 1, __ATOMIC_RELAXED);
		return false;
	}
	__atomic_add_fetch(&tn->tn_pages, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&all_pages, 1, __ATOMIC_RELAXED);
	return true;
}

static int tmpfs_mkwrite(struct vnode *vp, struct page **pg, u32 n, u32 from, u32 to)
{
	struct tmpnode *tn = tmpnode(vp);
	u32 i;

	for (i = 0; i < n; i++) {
		if (pg[i]->pg_private == PRIVATE_CHARGED)
			continue;
		if ((i == 0 && memory_is_short()) || !charge(tn))
			break;
		pg[i]->pg_private = PRIVATE_CHARGED;
		if (!page_test(pg[i], PG_UPTODATE))
			page_set(pg[i], PG_NEW);
		pc_dirty(pg[i]);
	}
	return i > 0 ? (int)i : -ENOSPC;
}

void tmpnode_changing(struct tmpnode *tn, u64 from)
{
	struct tmpmount *tm = tn->tn_mount;

	spin_lock(&tm->tm_lock);
	if (from < tn->tn_marked) {
		tn->tn_marked = 0;
		tn->tn_changes++;
	}
	spin_unlock(&tm->tm_lock);
}

static int tmpfs_mark(struct vnode *vp)
{
	struct tmpnode *tn = tmpnode(vp);

	spin_lock(&tn->tn_mount->tm_lock);
	tn->tn_marked = MAX(tn->tn_marked, vp->v_size);
	spin_unlock(&tn->tn_mount->tm_lock);
	return 0;
}

static int tmpfs_stored(struct vnode *vp, struct page *pg)
{
	struct tmpnode *tn = tmpnode(vp);

	tmpnode_changing(tn, (u64)pg->pg_index << PAGE_SHIFT);
	tmpnode_changed(tn);
	return 0;
}

static u32 tmpfs_nextdata(struct vnode *vp, u32 from, u32 to)
{
	u32 idx = to;

	spin_lock(&vp->v_pclock);
	if (!radix_next(&vp->v_pages, from, to, RADIX_ANY, &idx))
		idx = to;
	spin_unlock(&vp->v_pclock);
	return idx;
}

static void tmpfs_droppage(struct vnode *vp, struct page *pg)
{
	struct tmpnode *tn = tmpnode(vp);

	if (pg->pg_private != PRIVATE_CHARGED)
		return;
	pg->pg_private = 0;
	__atomic_sub_fetch(&tn->tn_mount->tm_pages, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&tn->tn_pages, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&all_pages, 1, __ATOMIC_RELAXED);
}

/* A page that is not in the cache was never written. */
static int tmpfs_getpage(struct vnode *vp, struct page *pg)
{
	page_zero(page_kva(pg));
	return 0;
}

int tmpfs_set_size(struct vnode *vp, u64 size)
{
	u64 old = vp->v_size;
	int error;

	ASSERT(mutex_held(&vp->v_lock));
	if (size > SIZE_MAX_TMPFS)
		return -EFBIG;
	if (size > old) {
		/*
		 * A mapping may have written behind the end of the last page.
		 */
		error = pc_zero_tail(vp);
		if (error)
			return error;
		vp->v_size = size;
		return 0;
	}
	tmpnode_changing(tmpnode(vp), size);
	vp->v_size = size;
	if (size < old)
		pc_truncate(vp, (u32)((size + PAGE_MASK) >> PAGE_SHIFT));
	return pc_zero_tail(vp);
}

/* Linux's relatime: only if that shows something new. */
static void accessed(struct tmpnode *tn)
{
	struct timespec_k now = timespec_now();

	if (tn->tn_atime.tv_sec <= tn->tn_mtime.tv_sec ||
	    tn->tn_atime.tv_sec <= tn->tn_ctime.tv_sec || now.tv_sec - 86400 >= tn->tn_atime.tv_sec)
		tn->tn_atime = now;
}

static int tmpfs_read(struct vnode *vp, struct uio *u, struct file *f)
{
	int error = pc_read(vp, u);

	if (f && !(f->f_flags & O_NOATIME) && !vp->v_vfs->vfs_readonly)
		accessed(tmpnode(vp));
	return error;
}

static int tmpfs_write(struct vnode *vp, struct uio *u, struct file *f)
{
	struct tmpnode *tn = tmpnode(vp);
	size_t before = u->uio_resid;
	int error;

	vn_lock(vp);
	if (before > 0)
		tn->tn_mode = setid_written(tn->tn_mode, tn->tn_gid);
	if (!f || !(f->f_flags & O_APPEND))
		tmpnode_changing(tn, (u64)u->uio_offset);
	error = pc_write_locked(vp, u, f && (f->f_flags & O_APPEND) ? IO_APPEND : 0);
	if (u->uio_resid < before)
		tmpnode_changed(tn);
	vn_unlock(vp);
	return error == -ENOMEM ? -ENOSPC : error;
}

static int tmpfs_readlink(struct vnode *vp, char *buf, size_t size)
{
	size_t n = MIN(strlen(tmpnode(vp)->tn_link), size);

	memcpy(buf, tmpnode(vp)->tn_link, n);
	return (int)n;
}

const struct vnodeops tmpfs_file_ops = {
	.vop_read = tmpfs_read,
	.vop_write = tmpfs_write,
	.vop_getattr = tmpfs_getattr,
	.vop_setattr = tmpfs_setattr,
	.vop_fsync = tmpfs_fsync,
	.vop_getpage = tmpfs_getpage,
	.vop_mkwrite = tmpfs_mkwrite,
	.vop_stored = tmpfs_stored,
	.vop_mark = tmpfs_mark,
	.vop_nextdata = tmpfs_nextdata,
	.vop_droppage = tmpfs_droppage,
	.vop_inactive = tmpfs_inactive,
	.vop_reclaim = tmpfs_reclaim,
};

const struct vnodeops tmpfs_link_ops = {
	.vop_getattr = tmpfs_getattr,
	.vop_setattr = tmpfs_setattr,
	.vop_readlink = tmpfs_readlink,
	.vop_inactive = tmpfs_inactive,
	.vop_reclaim = tmpfs_reclaim,
};
