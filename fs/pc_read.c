/* SPDX-License-Identifier: MIT */
/*
 * Reading through the page cache: read-ahead, and read(2) of regular files.
 *
 * Read-ahead. A miss where the last access ended (or at the start of a file)
 * reads a window of pages, twice as large as the last one, and marks a page in
 * its middle. A read that reaches the mark starts reading the next window,
 * without waiting for it, and marks its first page. So a sequential reader
 * finds each page in the cache. A miss elsewhere reads a few pages.
 */
#include "fs/pc_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

#define RA_FIRST 16u /* pages of a first window */
/*
 * Pages read by a miss elsewhere: neighbours are likely to be read, and cost
 * little.
 */
#define RA_RANDOM 4u

/*
 * Puts up to n new locked pages from idx on into the cache, stopping at the
 * first index that has one.
 * Returns: how many; if none, an error or 0.
 */
static int make_pages(struct vnode *vp, u32 idx, u32 n, struct page **pg, u32 allocflags)
{
	u32 i;

	for (i = 0; i < n; i++) {
		int error = -ENOMEM;

		pg[i] = page_alloc(i == 0 ? allocflags : PGA_NOWAIT);
		if (pg[i]) {
			error = pc_insert(vp, idx + i, pg[i]);
			if (error)
				page_put(pg[i]);
		}
		if (error)
			return i > 0 ? (int)i : error == -EEXIST ? 0 : error;
	}
	return (int)i;
}

/*
 * Starts reading those pages of [idx, idx + n) that are not cached. The page
 * `mark` pages on gets the mark.
 */
static int start_read(struct vnode *vp, u32 idx, u32 n, u32 mark, u32 allocflags)
{
	struct page *pg[PC_CLUSTER];
	int got;

	if (pc_has_end(vp))
		n = MIN(n, pc_size(vp) - MIN(idx, pc_size(vp)));
	n = MIN(n, PC_CLUSTER);
	if (n == 0)
		return 0;
	got = make_pages(vp, idx, n, pg, allocflags);
	if (got <= 0)
		return got;
	vp->v_ra_end = idx + (u32)got;
	if (mark < (u32)got)
		page_set(pg[mark], PG_READAHEAD);
	if (vp->v_op->vop_getpages) {
		vp->v_op->vop_getpages(vp, pg, (u32)got);
	} else {
		for (int i = 0; i < got; i++) {
			int error = vp->v_op->vop_getpage ? vp->v_op->vop_getpage(vp, pg[i]) : -EINVAL;

			pc_read_done(pg[i], error);
		}
	}
	for (int i = 0; i < got; i++)
		page_put(pg[i]);
	return 0;
}

int pc_read_from(struct vnode *vp, u32 idx)
{
	bool small = pc_has_end(vp) && pc_size(vp) <= PC_CLUSTER;
	u32 n = RA_RANDOM, mark = PC_CLUSTER;

	if (!vp->v_op->vop_getpages) {
		n = 1; /* memory, or generated: read-ahead saves nothing */
	} else if (small) {
		n = PC_CLUSTER;
	} else if (idx == 0 || idx == vp->v_ra_next) {
		n = idx == 0 ? RA_FIRST : MIN(MAX(vp->v_ra_size * 2, RA_FIRST), PC_CLUSTER);
		mark = n / 2;
		vp->v_ra_size = n;
	}
	return start_read(vp, idx, n, mark, 0);
}

void pc_read_ahead(struct vnode *vp, struct page *pg)
{
	u32 idx = pg->pg_index, from = vp->v_ra_end;

	if (!(__atomic_fetch_and(&pg->pg_flags, ~PG_READAHEAD, __ATOMIC_ACQ_REL) & PG_READAHEAD))
		return;
	if (from <= idx || from > idx + 2 * PC_CLUSTER)
		from = idx + 1;
	vp->v_ra_size = MIN(MAX(vp->v_ra_size * 2, RA_FIRST), PC_CLUSTER);
	start_read(vp, from, vp->v_ra_size, 0, PGA_NOWAIT);
}

int pc_read(struct vnode *vp, struct uio *u)
{
	while (u->uio_resid > 0) {
		u64 pos = (u64)u->uio_offset, size = vp->v_size;
		u32 off = (u32)(pos & PAGE_MASK);
		struct page *pg;
		size_t n;
		int error;

		if (pos >= size)
			return 0;
		n = MIN((size_t)(PAGE_SIZE - off), u->uio_resid);
		if (n > size - pos)
			n = (size_t)(size - pos);
		error = pc_get(vp, (u32)(pos >> PAGE_SHIFT), &pg);
		if (error)
			return error == -ERANGE ? 0 : error; /* truncated */
		error = uiomove((u8 *)page_kva(pg) + off, n, u);
		page_put(pg);
		if (error)
			return error;
	}
	return 0;
}
