/* SPDX-License-Identifier: MIT */
/*
 * ext2: contents of files where a block is smaller than a page.
 *
 *   page idx   [ block 4*idx | 4*idx + 1 | 4*idx + 2 | 4*idx + 3 ]     blocks of 1 KiB
 *
 * Each block of a page has its own place on the disk, or none: a hole, which is zeros in the page. So
 * a page is read and written in pieces, one for each run of neighbours, and the last piece to end
 * tells the page cache. Where the blocks are is looked up when a piece begins; nothing is kept in the
 * page but the count of pieces under way (pg_private2), and their error (pg_private).
 *
 * A file has no block behind its end, not even in its last page. So a store through a mapping gets
 * blocks up to the end of the file, and when the file grows the rest of that page gets some:
 * ext2_sub_extended().
 */
#include "fs/ext2/ext2.h"

#include "fs/bio.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

static u32 per_page(const struct ext2mount *em)
{
	return PAGE_SIZE >> em->em_bshift;
}

/*
 * The file's first block in the page; one too far for any file if that does not
 * fit.
 */
static u32 first_block(const struct ext2mount *em, const struct page *pg)
{
	return (u32)MIN((u64)pg->pg_index * per_page(em), (u64)UINT32_MAX);
}

/* --- Pieces --- */

static void piece_begin(struct page *pg)
{
	__atomic_add_fetch(&pg->pg_private2, 1, __ATOMIC_RELAXED);
}

/* From interrupts too. */
static void piece_end(struct page *pg, int error, void (*all)(struct page *pg, int error))
{
	if (error)
		__atomic_store_n(&pg->pg_private, (u32)-error, __ATOMIC_RELAXED);
	if (__atomic_sub_fetch(&pg->pg_private2, 1, __ATOMIC_ACQ_REL) == 0)
		all(pg, -(int)pg->pg_private);
}

static void page_read(struct page *pg, int error)
{
	piece_end(pg, error, pc_read_done);
}

static void part_read(void *arg, u32 n, int error)
{
	piece_end(arg, error, pc_read_done);
}

static void page_written(struct page *pg, int error)
{
	piece_end(pg, error, pc_write_done);
}

static void part_written(void *arg, u32 n, int error)
{
	piece_end(arg, error, pc_write_done);
}

/*
 * Consecutive pages on their way, each with a piece of its own until all others
 * have begun.
 */
struct transfer {
	struct ext2mount *em;
	enum buf_op op;
	struct page **pg;
};

/*
 * Starts `n` blocks from block `at` of the pages on, which lie on the disk from
 * blk on.
 */
static void subpage_start(const struct transfer *t, u32 at, u32 n, u32 blk)
{
	bool reading = t->op == BUF_READ;
	u32 per = per_page(t->em), moved;

	for (; n > 0; at += moved, blk += moved, n -= moved) {
		struct page **pg = &t->pg[at / per];
		u64 sector = ext2_sector(t->em, blk);

		if (at % per == 0 && n >= per) {
			moved = n / per * per;
			for (u32 i = 0; i < n / per; i++)
				piece_begin(pg[i]);
			bio_start(t->em->em_bdev, t->op, sector, pg, n / per, reading ? page_read : page_written);
		} else {
			moved = MIN(n, per - at % per);
			piece_begin(*pg);
			bio_start_part(t->em->em_bdev, t->op, sector, *pg, at % per << t->em->em_bshift,
				       moved << t->em->em_bshift, reading ? part_read : part_written, *pg);
		}
	}
}

/* Blocks [at, at + n) of the pages are a hole. */
static void zero(const struct transfer *t, u32 at, u32 n)
{
	u32 per = per_page(t->em);

	for (u32 i = at; i < at + n; i++)
		memset((u8 *)page_kva(t->pg[i / per]) + (i % per << t->em->em_bshift), 0, t->em->em_bsize);
}

/*
 * Starts the transfer of `n` blocks of the file from `first` on, where the
 * pages begin.
 */
static void start_all(struct ext2inode *ei, const struct transfer *t, u32 first, u32 n)
{
	u32 per = per_page(t->em), blk, run;

	for (u32 at = 0; at < n; at += run) {
		int error = first > UINT32_MAX - n ? -EFBIG : ext2_bmap(ei, first + at, n - at, &blk, &run);

		if (error) {
			/* Beyond what a file can have there is nothing. */
			run = 1;
			blk = 0;
			if (error != -EFBIG)
				t->pg[at / per]->pg_private = (u32)(error == -ENOMEM ? ENOMEM : EIO);
		}
		if (blk)
			subpage_start(t, at, run, blk);
		else if (t->op == BUF_READ)
			zero(t, at, run);
	}
}

static void prepare(struct page **pg, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		pg[i]->pg_private = 0;
		pg[i]->pg_private2 = 1;
	}
}

void ext2_sub_getpages(struct vnode *vp, struct page **pg, u32 n)
{
	struct ext2mount *em = ext2mount(vp->v_vfs);
	const struct transfer t = { em, BUF_READ, pg };

	prepare(pg, n);
	start_all(ext2inode(vp), &t, first_block(em, pg[0]), n * per_page(em));
	for (u32 i = 0; i < n; i++)
		page_read(pg[i], 0);
}

void ext2_sub_putpages(struct vnode *vp, struct page **pg, u32 n)
{
	struct ext2mount *em = ext2mount(vp->v_vfs);
	const struct transfer t = { em, BUF_WRITE, pg };
	u32 first = first_block(em, pg[0]), end = ext2_blocks_of(em, vp->v_size);

	prepare(pg, n);
	/* What lies behind the end is on its way out. */
	if (first < end)
		start_all(ext2inode(vp), &t, first, MIN(n * per_page(em), end - first));
	for (u32 i = 0; i < n; i++) {
		/*
		 * What could not even be looked up for want of memory is not
		 * lost: it is dirty again.
		 */
		if (pg[i]->pg_private == ENOMEM)
			pc_dirty(pg[i]);
		page_written(pg[i], 0);
	}
}

/* One page, whose blocks are read one run after the other. */
int ext2_sub_getpage(struct vnode *vp, struct page *pg)
{
	struct ext2inode *ei = ext2inode(vp);
	const struct ext2mount *em = ei->ei_mount;
	u32 per = per_page(em), first = first_block(em, pg), blk, run;
	const struct transfer t = { ei->ei_mount, BUF_READ, &pg };
	int error = 0;

	for (u32 at = 0; at < per && !error; at += run) {
		run = per - at;
		error = first > UINT32_MAX - per ? -EFBIG : ext2_bmap(ei, first + at, run, &blk, &run);
		if (error == -EFBIG)
			blk = error = 0;
		if (!error && blk)
			error = bio_sync_part(em->em_bdev, BUF_READ, ext2_sector(em, blk), pg,
					      at << em->em_bshift, run << em->em_bshift);
		else if (!error)
			zero(&t, at, run);
	}
	return error && error != -ENOMEM ? -EIO : error;
}

/* --- Before a write --- */

/* Have all `n` blocks from `first` on a place on the disk? Some have: *some. */
static int are_mapped(struct ext2inode *ei, u32 first, u32 n, bool *all, bool *some)
{
	u32 blk, run;
	int error;

	*all = true;
	*some = false;
	for (u32 at = 0; at < n; at += run) {
		error = ext2_bmap(ei, first + at, n - at, &blk, &run);
		if (error)
			return error;
		if (blk)
			*some = true;
		else
			*all = false;
	}
	return 0;
}

/*
 * A page that will be overwritten as a whole has not been read. If it has
 * blocks, and holes that get some now, it must be, in case that the write stops
 * half-way: contents of the former, zeros of the latter.
 */
static int fill_mixed(struct vnode *vp, struct page *pg)
{
	const struct ext2mount *em = ext2mount(vp->v_vfs);
	bool all, some;
	int error;

	if (page_test(pg, PG_UPTODATE))
		return 0;
	error = are_mapped(ext2inode(vp), first_block(em, pg), per_page(em), &all, &some);
	if (error || all || !some)
		return error;
	error = ext2_sub_getpage(vp, pg);
	if (!error)
		page_set(pg, PG_UPTODATE);
	return error;
}

/*
 * Gives `n` blocks of the file from `first` on, all in one page, a place;
 * *fresh: some had none. ei_maplock held.
 */
static int give_blocks(struct ext2inode *ei, u32 first, u32 n, bool *fresh)
{
	u32 blk, run;

	ASSERT(mutex_held(&ei->ei_maplock));
	for (u32 at = 0; at < n; at += run) {
		int error = ext2_bmap_locked(ei, first + at, n - at, &blk, &run);

		if (!error && blk == 0) {
			error = ext2_grow(ei, first + at, run, &blk, &run);
			*fresh = *fresh || !error;
		}
		if (error)
			return error;
	}
	return 0;
}

/*
 * The page has new blocks, which hold anything: its contents go there before
 * the file's pointers count.
 */
static void mark_fresh(struct page *pg, int error)
{
	if (!page_test(pg, PG_UPTODATE)) {
		if (error) {
			page_zero(page_kva(pg)); /* nothing else will fill it */
			page_set(pg, PG_UPTODATE);
		} else {
			page_set(pg, PG_NEW);
		}
	}
	pc_dirty(pg);
}

/*
 * The blocks that hold bytes [from, to) of the pages. Returns how many pages
 * are ready, or an error. Within an operation
 */
static int give_all(struct ext2inode *ei, struct page **pg, u32 n, u32 from, u32 to)
{
	struct ext2mount *em = ei->ei_mount;
	u32 per = per_page(em), lo = from >> em->em_bshift, hi = ext2_blocks_of(em, to), i;
	bool ordered = false;
	int error = 0;

	mutex_lock(&ei->ei_maplock);
	for (i = 0; i < n && !error; i++) {
		u32 begin = MAX(lo, i * per), end = MIN(hi, (i + 1) * per);
		bool fresh = false;

		error = give_blocks(ei, first_block(em, pg[0]) + begin, end - begin, &fresh);
		if (fresh)
			mark_fresh(pg[i], error);
		ordered = ordered || fresh;
	}
	mutex_unlock(&ei->ei_maplock);
	if (ordered)
		ext2_order(ei);
	if (!error)
		return (int)n;
	return i > 1 ? (int)i - 1 : error;
}

int ext2_sub_mkwrite(struct vnode *vp, struct page **pg, u32 n, u32 from, u32 to)
{
	struct ext2inode *ei = ext2inode(vp);
	struct ext2mount *em = ei->ei_mount;
	u32 lo = from >> em->em_bshift, hi = ext2_blocks_of(em, to);
	bool all, some;
	int error, ready;

	ASSERT(from < to && to <= n * PAGE_SIZE);
	if (((u64)pg[0]->pg_index << PAGE_SHIFT) + to > em->em_maxsize)
		return -EFBIG;
	error = are_mapped(ei, first_block(em, pg[0]) + lo, hi - lo, &all, &some);
	if (error || all)
		return error ? error : (int)n;
	if (vp->v_vfs->vfs_readonly)
		return -EROFS;
	for (u32 i = 0; i < n; i++) {
		error = fill_mixed(vp, pg[i]);
		if (error)
			return error;
	}
	if (ext2_overfull(em) || !ext2_trybegin(em))
		return -EAGAIN;
	ready = give_all(ei, pg, n, from, to);
	ext2_end(em);
	return ready;
}

/* --- The last page --- */

/*
 * Blocks for what of the page at `before`, once the file's last one, is the
 * file's now.
 */
static int extend_tail(struct vnode *vp, u64 before)
{
	u32 idx = (u32)(before >> PAGE_SHIFT);
	struct page *pg;
	int ready;

	ready = pc_get_locked(vp, idx, true, &pg);
	if (ready)
		return ready;
	ready = ext2_sub_mkwrite(vp, &pg, 1, (u32)(before & PAGE_MASK), pc_bytes(vp, idx));
	if (ready > 0)
		pc_dirty(pg);
	page_unlock(pg);
	page_put(pg);
	return ready;
}

void ext2_sub_extended(struct vnode *vp, u64 before)
{
	ASSERT(mutex_held(&vp->v_lock));
	if (!ext2_subpage(ext2mount(vp->v_vfs)) || !(before & PAGE_MASK) || vp->v_nwritemap == 0)
		return;
	/*
	 * No room: a store through the mapping stays in memory, as the write
	 * that had no room would have.
	 */
	while (extend_tail(vp, before) == -EAGAIN && !ext2_commit(ext2mount(vp->v_vfs)))
		;
}

void ext2_sub_cut(struct vnode *vp)
{
	struct page *pg;

	ASSERT(mutex_held(&vp->v_lock));
	if (!ext2_subpage(ext2mount(vp->v_vfs)) || !(vp->v_size & PAGE_MASK))
		return;
	pg = pc_lookup(vp, (u32)(vp->v_size >> PAGE_SHIFT));
	if (!pg)
		return;
	/* Whoever begins to write it from here on sees the new end. */
	page_lock(pg);
	page_wait_writeback(pg);
	page_unlock(pg);
	page_put(pg);
}
