/* SPDX-License-Identifier: MIT */
/*
 * The page cache: page locks, the pages of a vnode, and removing pages. See
 * fs/pagecache.h.
 */
#include "fs/pc_impl.h"

#include "fs/bio.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "proc/sched/sleep.h"

#define NPGWAIT 64u
#define TRUNCATE_BATCH 16u

struct spinlock pc_list_lock = SPINLOCK_INIT("pagecache-lists", LR_PCLIST);
struct list pc_lru = LIST_INIT(pc_lru);
volatile u32 pc_npages, pc_ndirty, pc_nwriteback;

/* for sleepers on a page, by its address */
static struct spinlock page_waitlock[NPGWAIT];

void pagecache_init(void)
{
	for (u32 i = 0; i < NPGWAIT; i++)
		spin_init(&page_waitlock[i], "pagewait", LR_PGWAIT);
	bio_init();
	writeback_init();
	reclaim_init();
}

void pc_get_counts(struct pc_counts *pc)
{
	*pc = (struct pc_counts){ .pc_pages = pc_npages, .pc_ndirty = pc_ndirty, .pc_nwriteback = pc_nwriteback };
}

/* --- Page locks --- */

static struct spinlock *waitlock(const struct page *pg)
{
	return &page_waitlock[((uintptr_t)pg / sizeof(*pg)) % NPGWAIT];
}

bool page_trylock(struct page *pg)
{
	return !page_test_and_set(pg, PG_LOCKED);
}

/*
 * Sleeps until the page lock can be taken, or PG_WRITEBACK is clear. Sets
 * PG_WAITERS before the last look. Code that clears the flag later sees
 * PG_WAITERS, and must take this spinlock for the wakeup: by then this lwp
 * sleeps.
 */
static void pagecache_wait_for(struct page *pg, bool take)
{
	struct spinlock *lk = waitlock(pg);

	spin_lock(lk);
	for (;;) {
		page_set(pg, PG_WAITERS);
		if (take ? page_trylock(pg) : !page_test(pg, PG_WRITEBACK))
			break;
		sleep(pg, lk, 0, 0);
	}
	spin_unlock(lk);
}

/* Clears flag and wakes its waiters. Does not touch the page afterwards. */
static void clear_and_wake(struct page *pg, u32 flag)
{
	struct spinlock *lk = waitlock(pg);
	u32 old = __atomic_fetch_and(&pg->pg_flags, ~(flag | PG_WAITERS), __ATOMIC_ACQ_REL);

	ASSERT(old & flag);
	if (old & PG_WAITERS) {
		spin_lock(lk);
		wakeup(pg);
		spin_unlock(lk);
	}
}

void page_lock(struct page *pg)
{
	if (!page_trylock(pg))
		pagecache_wait_for(pg, true);
}

void page_unlock(struct page *pg)
{
	clear_and_wake(pg, PG_LOCKED);
}

void page_wait_writeback(struct page *pg)
{
	if (page_test(pg, PG_WRITEBACK))
		pagecache_wait_for(pg, false);
}

void pc_read_done(struct page *pg, int error)
{
	if (error)
		page_set(pg, PG_ERROR);
	else
		page_set(pg, PG_UPTODATE);
	page_unlock(pg);
}

void pc_write_done(struct page *pg, int error)
{
	/* A page being written stays in the cache. */
	struct vnode *vp = pg->pg_vnode;

	if (error) {
		s32 none = 0;

		page_set(pg, PG_ERROR);
		__atomic_compare_exchange_n(&vp->v_wberror, &none, error, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
	spin_lock(&vp->v_pclock);
	radix_untag(&vp->v_pages, pg->pg_index, PCT_WRITEBACK);
	spin_unlock(&vp->v_pclock);
	__atomic_sub_fetch(&pc_nwriteback, 1, __ATOMIC_RELAXED);
	clear_and_wake(pg, PG_WRITEBACK);
	writeback_ended();
}

/* --- Identity --- */

struct page *pc_find(struct vnode *vp, u32 idx)
{
	struct page *pg;

	spin_lock(&vp->v_pclock);
	pg = radix_lookup(&vp->v_pages, idx);
	if (pg)
		page_get(pg);
	spin_unlock(&vp->v_pclock);
	return pg;
}

struct page *pc_lookup(struct vnode *vp, u32 idx)
{
	struct page *pg = pc_find(vp, idx);

	if (pg && !page_test(pg, PG_UPTODATE)) {
		page_put(pg);
		return NULL;
	}
	if (pg && !page_test(pg, PG_REFERENCED))
		page_set(pg, PG_REFERENCED);
	return pg;
}

/* Puts the locked page at idx. -EEXIST, -ENOMEM */
static int insert(struct vnode *vp, u32 idx, struct page *pg)
{
	struct radix_spare spare = { 0 };
	int error;

	for (;;) {
		spin_lock(&vp->v_pclock);
		error = radix_insert(&vp->v_pages, idx, pg, &spare);
		if (error != -ENOMEM || spare.sp_n > 0)
			break;
		spin_unlock(&vp->v_pclock);
		error = radix_spare_fill(&spare);
		if (error)
			return error;
	}
	if (!error) {
		page_get(pg);
		pg->pg_vnode = vp;
		pg->pg_index = idx;
		pg->pg_private = 0;
		pg->pg_private2 = 0;
		vp->v_npages++;
	}
	spin_unlock(&vp->v_pclock);
	radix_spare_drop(&spare);
	if (error)
		return error;
	__atomic_add_fetch(&pc_npages, 1, __ATOMIC_RELAXED);
	list_init(&pg->pg_link);
	if (!(vp->v_flags & V_MEMORY)) {
		spin_lock(&pc_list_lock);
		list_push_back(&pc_lru, &pg->pg_link);
		spin_unlock(&pc_list_lock);
	}
	return 0;
}

int pc_insert(struct vnode *vp, u32 idx, struct page *pg)
{
	int error;

	if (!page_trylock(pg))
		return -EBUSY;
	error = pg->pg_vnode ? -EBUSY : insert(vp, idx, pg);
	if (error)
		page_unlock(pg);
	return error;
}

void pc_clean_locked(struct vnode *vp, struct page *pg)
{
	ASSERT(spin_held(&vp->v_pclock));
	page_clear(pg, PG_DIRTY);
	if (vp->v_flags & V_MEMORY)
		return;
	radix_untag(&vp->v_pages, pg->pg_index, PCT_DIRTY);
	__atomic_sub_fetch(&pc_ndirty, 1, __ATOMIC_RELAXED);
	if (--vp->v_ndirty == 0) {
		spin_lock(&pc_list_lock);
		list_remove(&vp->v_dirtylink);
		spin_unlock(&pc_list_lock);
	}
}

bool pc_remove_if(struct vnode *vp, struct page *pg, u32 refs)
{
	bool mine;

	ASSERT(page_test(pg, PG_LOCKED) && pg->pg_vnode == vp);
	/*
	 * In one critical section: once the slot is empty it may get another
	 * page, and once the lock is free vp may be freed.
	 */
	spin_lock(&vp->v_pclock);
	mine = pg->pg_ref <= refs && !page_test(pg, refs == PC_ANYREFS ? 0 : PG_DIRTY | PG_WRITEBACK);
	if (mine) {
		if (page_test(pg, PG_DIRTY))
			pc_clean_locked(vp, pg);
		radix_delete(&vp->v_pages, pg->pg_index);
		pg->pg_vnode = NULL;
		vp->v_npages--;
	}
	spin_unlock(&vp->v_pclock);
	if (!mine)
		return false;
	spin_lock(&pc_list_lock);
	list_remove(&pg->pg_link);
	spin_unlock(&pc_list_lock);
	__atomic_sub_fetch(&pc_npages, 1, __ATOMIC_RELAXED);
	page_clear(pg, PG_UPTODATE | PG_ERROR | PG_REFERENCED | PG_READAHEAD | PG_NEW);
	page_put(pg);
	return true;
}

/*
 * Removes a locked page, which is not being written, from the cache, whatever
 * references it has.
 */
static void pc_remove(struct vnode *vp, struct page *pg)
{
	ASSERT(!page_test(pg, PG_WRITEBACK));
	if (vp->v_op->vop_droppage)
		vp->v_op->vop_droppage(vp, pg);
	pc_remove_if(vp, pg, PC_ANYREFS);
}

int pc_fill(struct vnode *vp, struct page *pg)
{
	int error = vp->v_op->vop_getpage ? vp->v_op->vop_getpage(vp, pg) : -EINVAL;

	if (!error)
		page_set(pg, PG_UPTODATE);
	return error;
}

int pc_get_locked(struct vnode *vp, u32 idx, bool fill, struct page **pgp)
{
	struct page *pg;
	int error;

	for (;;) {
		pg = pc_find(vp, idx);
		if (pg) {
			page_lock(pg);
			if (pg->pg_vnode == vp)
				break;
			page_unlock(pg);
			page_put(pg);
			continue;
		}
		pg = page_alloc(0);
		if (!pg)
			return -ENOMEM;
		page_set(pg, PG_LOCKED);
		error = insert(vp, idx, pg);
		if (!error)
			break;
		page_clear(pg, PG_LOCKED);
		page_put(pg);
		if (error != -EEXIST)
			return error;
	}
	if (fill && !page_test(pg, PG_UPTODATE)) {
		error = pc_fill(vp, pg);
		if (error) {
			page_unlock(pg);
			page_put(pg);
			return error;
		}
	}
	if (!page_test(pg, PG_REFERENCED))
		page_set(pg, PG_REFERENCED);
	*pgp = pg;
	return 0;
}

int pc_get(struct vnode *vp, u32 idx, struct page **pgp)
{
	struct page *pg;
	int error;

	assert_may_sleep("pc_get");
	for (;;) {
		if (pc_has_end(vp) && idx >= pc_size(vp))
			return -ERANGE;
		pg = pc_find(vp, idx);
		if (!pg) {
			error = pc_read_from(vp, idx);
			if (error)
				return error;
			continue;
		}
		if (page_test(pg, PG_UPTODATE))
			break;
		/* Being read; or the read failed, and is tried again. */
		page_lock(pg);
		error = 0;
		if (pg->pg_vnode == vp && !page_test(pg, PG_UPTODATE))
			error = pc_fill(vp, pg);
		page_unlock(pg);
		if (error || page_test(pg, PG_UPTODATE)) {
			if (!error)
				break;
			page_put(pg);
			return error;
		}
		page_put(pg);
	}
	vp->v_ra_next = idx + 1;
	if (page_test(pg, PG_READAHEAD))
		pc_read_ahead(vp, pg);
	if (!page_test(pg, PG_REFERENCED))
		page_set(pg, PG_REFERENCED);
	*pgp = pg;
	return 0;
}

/* --- Taking pages out --- */

/* Up to max pages >= idx, with references. */
static u32 collect(struct vnode *vp, u32 idx, struct page **pg, u32 max)
{
	u32 n = 0, at;

	spin_lock(&vp->v_pclock);
	while (n < max) {
		pg[n] = radix_next(&vp->v_pages, idx, PC_END, RADIX_ANY, &at);
		if (!pg[n])
			break;
		page_get(pg[n++]);
		idx = at + 1;
	}
	spin_unlock(&vp->v_pclock);
	return n;
}

void pc_truncate(struct vnode *vp, u32 idx)
{
	struct page *pg[TRUNCATE_BATCH];
	u32 n;

	ASSERT(mutex_held(&vp->v_lock) || vp->v_ref <= 1);
	if (vp->v_npages == 0)
		return;
	if (!vsegs_none(&vp->v_segs))
		seg_vnode_unmap(vp, idx);
	while ((n = collect(vp, idx, pg, TRUNCATE_BATCH)) > 0) {
		for (u32 i = 0; i < n; i++) {
			page_lock(pg[i]);
			page_wait_writeback(pg[i]);
			if (pg[i]->pg_vnode == vp) {
				/*
				 * A fault may have mapped it since; once it has
				 * left the cache, its file is not known any
				 * more.
				 */
				if (pg[i]->pg_ref > 2 && !vsegs_none(&vp->v_segs))
					seg_vnode_unmap(vp, idx);
				pc_remove(vp, pg[i]);
			}
			page_unlock(pg[i]);
			page_put(pg[i]);
		}
	}
}

int pc_zero_tail(struct vnode *vp)
{
	u32 off = (u32)(vp->v_size & PAGE_MASK);
	u32 idx = (u32)(vp->v_size >> PAGE_SHIFT);
	struct page *pg;
	int error;

	ASSERT(mutex_held(&vp->v_lock));
	if (off == 0)
		return 0;
	if (vp->v_flags & V_MEMORY) {
		pg = pc_find(vp, idx);
		if (!pg)
			return 0;
		page_lock(pg);
	} else {
		error = pc_get_locked(vp, idx, true, &pg);
		if (error)
			return error;
	}
	if (pg->pg_vnode == vp && page_test(pg, PG_UPTODATE)) {
		memset((u8 *)page_kva(pg) + off, 0, PAGE_SIZE - off);
		pc_dirty(pg);
	}
	page_unlock(pg);
	page_put(pg);
	return 0;
}

bool pc_drop_clean(struct vnode *vp)
{
	struct page *pg[TRUNCATE_BATCH];
	u32 idx = 0, n;

	while (!(vp->v_flags & V_MEMORY) && (n = collect(vp, idx, pg, TRUNCATE_BATCH)) > 0) {
		idx = pg[n - 1]->pg_index + 1;
		for (u32 i = 0; i < n; i++) {
			/*
			 * References: the cache's and this function's. The
			 * vnode has no users, so no other can be taken.
			 */
			if (page_trylock(pg[i])) {
				if (pg[i]->pg_vnode == vp)
					pc_remove_if(vp, pg[i], 2);
				page_unlock(pg[i]);
			}
			page_put(pg[i]);
		}
	}
	spin_lock(&vp->v_pclock);
	n = vp->v_npages;
	spin_unlock(&vp->v_pclock);
	return n == 0;
}
