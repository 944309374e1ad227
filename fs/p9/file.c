/* SPDX-License-Identifier: MIT */
/*
 * 9p: contents of regular files: read and write past the cache, pages for
 * mappings.
 */
#include "fs/p9/p9.h"

#include "fs/file.h"
#include "fs/pagecache.h"
#include "fs/setid.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/page.h"

#define FAULT_TRIES 100

static int p9vn_open(struct vnode *vp, struct file *f)
{
	u32 acc = f->f_flags & O_ACCMODE, fid;
	struct vattr va;
	int error = 0;

	if (acc != O_WRONLY)
		error = p9node_open(vp, false, &fid);
	if (!error && acc != O_RDONLY)
		error = p9node_open(vp, true, &fid);
	return error ? error : p9vn_getattr(vp, &va);
}

/*
 * No byte could be moved without a page fault: has it now. -EFAULT: it cannot
 * be had.
 */
static int fault_in(struct uio *u, u32 n, int *tries)
{
	if (++*tries > FAULT_TRIES)
		return -EFAULT;
	return uio_prefault(u, n) == 0 ? 0 : uio_prefault(u, 1);
}

static int p9vn_read(struct vnode *vp, struct uio *u, struct file *f)
{
	struct p9mount *pm = p9node(vp)->pn_mount;
	size_t start = u->uio_resid;
	int error, tries = 0;
	u32 fid, got, moved;

	error = p9node_open(vp, false, &fid);
	if (!error && vp->v_ndirty > 0)
		pc_flush(vp, 0, PC_END, true);
	while (!error && u->uio_resid > 0) {
		u32 n = (u32)MIN(u->uio_resid, (size_t)pm->pm_iomax);

		error = p9_read_uio(pm, fid, u, n, &got, &moved);
		if (!error && moved == 0 && got > 0)
			error = fault_in(u, got, &tries);
		else if (!error && moved == got && got < n)
			break; /* the end of the file */
	}
	return u->uio_resid < start ? 0 : error;
}

static int write_past_cache(struct vnode *vp, struct uio *u)
{
	struct p9mount *pm = p9node(vp)->pn_mount;
	int error, tries = 0;
	u32 fid, moved;

	error = p9node_open(vp, true, &fid);
	while (!error && u->uio_resid > 0) {
		u32 n = (u32)MIN(u->uio_resid, (size_t)pm->pm_iomax);

		error = p9_write_uio(pm, fid, u, n, &moved);
		if (!error && moved == 0)
			error = fault_in(u, n, &tries);
	}
	return error;
}

/* Some of the file is mapped: the pages get what the host gets. */
static int write_through_cache(struct vnode *vp, struct uio *u)
{
	u32 first = (u32)((u64)u->uio_offset >> PAGE_SHIFT);
	int error = pc_write_locked(vp, u, 0), error2;

	error2 = pc_flush(vp, first, PC_END, true);
	if (error2)
		pc_take_error(vp);
	return error ? error : error2;
}

static int file_write_locked(struct vnode *vp, struct uio *u, bool append)
{
	size_t start = u->uio_resid;
	struct vattr va;
	int error = 0;

	if (append) {
		error = p9vn_getattr(vp, &va);
		u->uio_offset = error ? 0 : (off_t)va.va_size;
	}
	if (!error && start > 0 && (p9node(vp)->pn_last.va_mode & (S_ISUID | S_ISGID)))
		error = vn_lose_setid(vp);
	if (error)
		return error;
	error = vp->v_npages > 0 ? write_through_cache(vp, u) : write_past_cache(vp, u);
	if (u->uio_resid < start && (u64)u->uio_offset > vp->v_size)
		vp->v_size = (u64)u->uio_offset;
	return u->uio_resid < start ? 0 : error;
}

static int p9vn_write(struct vnode *vp, struct uio *u, struct file *f)
{
	int error;

	vn_lock(vp);
	error = vp->v_vfs->vfs_readonly ? -EROFS : file_write_locked(vp, u, f && (f->f_flags & O_APPEND));
	vn_unlock(vp);
	if (!error && f && (f->f_flags & O_DSYNC))
		error = p9vn_fsync(vp, (f->f_flags & O_SYNC) != O_SYNC);
	return error;
}

/* --- Pages --- */

static u64 page_at(const struct page *pg)
{
	return (u64)pg->pg_index << PAGE_SHIFT;
}

/*
 * Fills a locked page, of which `have` bytes are there; zeros beyond the end of
 * the file.
 */
static int fill_page(struct vnode *vp, u32 fid, struct page *pg, u32 have)
{
	u8 *kva = page_kva(pg);
	int n = 0;

	while (have < PAGE_SIZE) {
		n = p9_pread(p9node(vp)->pn_mount, fid, kva + have, PAGE_SIZE - have, page_at(pg) + have);
		if (n <= 0)
			break;
		have += (u32)n;
	}
	memset(kva + have, 0, PAGE_SIZE - have);
	return n < 0 ? -EIO : 0;
}

static int p9vn_getpage(struct vnode *vp, struct page *pg)
{
	u32 fid;
	int error = p9node_open(vp, false, &fid);

	return error ? -EIO : fill_page(vp, fid, pg, 0);
}

/*
 * Fills the first of n consecutive pages with one request. Returns how many are
 * done.
 */
static u32 fill_run(struct vnode *vp, u32 fid, struct page **pg, u32 n)
{
	struct p9mount *pm = p9node(vp)->pn_mount;
	u32 most = MIN(n, pm->pm_iomax / PAGE_SIZE), whole;
	int got = p9_read_pages(pm, fid, pg, most, page_at(pg[0]));

	if (got < 0) {
		pc_read_done(pg[0], -EIO);
		return 1;
	}
	whole = (u32)got / PAGE_SIZE;
	for (u32 i = 0; i < whole; i++)
		pc_read_done(pg[i], 0);
	if (whole == most)
		return most;
	pc_read_done(pg[whole], fill_page(vp, fid, pg[whole], (u32)got % PAGE_SIZE));
	return whole + 1;
}

static void p9vn_getpages(struct vnode *vp, struct page **pg, u32 n)
{
	u32 fid;
	int error = p9node_open(vp, false, &fid);

	for (u32 i = 0; i < n;) {
		if (error)
			pc_read_done(pg[i++], -EIO);
		else
			i += fill_run(vp, fid, pg + i, n - i);
	}
}

/* Writes one page's bytes of the file. */
static int put_page(struct vnode *vp, u32 fid, struct page *pg)
{
	struct p9mount *pm = p9node(vp)->pn_mount;
	u64 at = page_at(pg);
	u32 len = at < vp->v_size ? pc_bytes(vp, pg->pg_index) : 0, done = 0;
	int n;

	while (done < len) {
		n = p9_pwrite(pm, fid, (u8 *)page_kva(pg) + done, len - done, at + done);
		if (n < 0)
			return n;
		done += (u32)n;
	}
	return 0;
}

static void p9vn_putpages(struct vnode *vp, struct page **pg, u32 n)
{
	u32 fid;
	int error = p9node_open(vp, true, &fid);

	for (u32 i = 0; i < n; i++)
		pc_write_done(pg[i], error ? error : put_page(vp, fid, pg[i]));
}

/* The host allocates; here only the right to write is needed. */
static int p9vn_mkwrite(struct vnode *vp, struct page **pg, u32 n, u32 from, u32 to)
{
	u32 fid;
	int error = vp->v_vfs->vfs_readonly ? -EROFS : p9node_open(vp, true, &fid);

	return error ? error : (int)n;
}

static int p9vn_readlink(struct vnode *vp, char *buf, size_t size)
{
	return p9_readlink(p9node(vp)->pn_mount, p9node(vp)->pn_fid, buf, size);
}

const struct vnodeops p9_file_ops = {
	.vop_open = p9vn_open,
	.vop_read = p9vn_read,
	.vop_write = p9vn_write,
	.vop_getattr = p9vn_getattr,
	.vop_setattr = p9vn_setattr,
	.vop_fsync = p9vn_fsync,
	.vop_getpage = p9vn_getpage,
	.vop_getpages = p9vn_getpages,
	.vop_putpages = p9vn_putpages,
	.vop_mkwrite = p9vn_mkwrite,
	.vop_inactive = p9vn_inactive,
	.vop_reclaim = p9vn_reclaim,
};

const struct vnodeops p9_link_ops = {
	.vop_getattr = p9vn_getattr,
	.vop_setattr = p9vn_setattr,
	.vop_readlink = p9vn_readlink,
	.vop_inactive = p9vn_inactive,
	.vop_reclaim = p9vn_reclaim,
};

const struct vnodeops p9_special_ops = {
	.vop_getattr = p9vn_getattr,
	.vop_setattr = p9vn_setattr,
	.vop_inactive = p9vn_inactive,
	.vop_reclaim = p9vn_reclaim,
};
