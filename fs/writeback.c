/* SPDX-License-Identifier: MIT */
/*
 * Write-back: the vnodes with dirty pages, writing them in clusters, and the
 * thread that does so in the background.
 *
 * A dirty vnode is on wb_list (pc_list_lock), in the order in which the vnodes
 * became dirty. The thread writes those that have been dirty for WB_AGE, and
 * syncs file systems with old metadata. If more than a tenth of memory is dirty
 * it writes all. An lwp that dirties pages beyond a quarter of memory waits for
 * writes to end (pc_balance()).
 */
#include "fs/pc_impl.h"
#include "fs/vnode_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/inject.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "proc/sched/lwp.h"
#include "proc/sched/sleep.h"

#define WB_AGE (5 * NSEC_PER_SEC)
#define SYNC_BATCH 32u /* vnodes written at the same time by sync */
#define WB_TICK (1 * NSEC_PER_SEC)
/* Dirty pages of one vnode that start its writing at once. */
#define WB_STREAM 256u

static struct list wb_list = LIST_INIT(wb_list); /* v_dirtylink */
static bool wb_poked;				 /* the thread has work (pc_list_lock) */
static bool wb_urgent;				 /* all dirty pages, now */
static u32 wb_background, wb_limit;		 /* pages */
static u32 wb_waiters;				 /* in writeback_wait() (atomic) */

void writeback_init(void)
{
	struct page_stats st;

	page_stats(&st);
	wb_background = st.ps_free / 10;
	wb_limit = st.ps_free / 4;
}

/* --- The list, and waiting --- */

static void poke(bool urgent)
{
	spin_lock(&pc_list_lock);
	if (!wb_poked || (urgent && !wb_urgent)) {
		wb_poked = true;
		wb_urgent |= urgent;
		wakeup(&wb_poked);
	}
	spin_unlock(&pc_list_lock);
}

void writeback_poke(void)
{
	poke(false);
}

void writeback_urge(void)
{
	poke(true);
}

void writeback_add(struct vnode *vp)
{
	ASSERT(spin_held(&vp->v_pclock));
	vp->v_dirtied = clock_mono_ns();
	spin_lock(&pc_list_lock);
	if (list_empty(&vp->v_dirtylink))
		list_push_back(&wb_list, &vp->v_dirtylink);
	if (!wb_poked) {
		wb_poked = true;
		wakeup(&wb_poked);
	}
	spin_unlock(&pc_list_lock);
}

void writeback_ended(void)
{
	if (__atomic_load_n(&wb_waiters, __ATOMIC_ACQUIRE) > 0)
		wakeup(&wb_waiters);
}

void writeback_wait(u64 deadline)
{
	__atomic_add_fetch(&wb_waiters, 1, __ATOMIC_ACQ_REL);
	/*
	 * A wakeup that comes too early costs at most the time until the
	 * deadline.
	 */
	sleep(&wb_waiters, NULL, 0, deadline);
	__atomic_sub_fetch(&wb_waiters, 1, __ATOMIC_ACQ_REL);
}

void pc_dirty(struct page *pg)
{
	struct vnode *vp = __atomic_load_n(&pg->pg_vnode, __ATOMIC_ACQUIRE);

	/*
	 * Dirty already: its write has not begun, and will include this change.
	 */
	if (!vp || page_test(pg, PG_DIRTY))
		return;
	if (vp->v_flags & V_MEMORY) {
		page_set(pg, PG_DIRTY);
		return;
	}
	spin_lock(&vp->v_pclock);
	if (pg->pg_vnode == vp && !page_test_and_set(pg, PG_DIRTY)) {
		radix_tag(&vp->v_pages, pg->pg_index, PCT_DIRTY);
		__atomic_add_fetch(&pc_ndirty, 1, __ATOMIC_RELAXED);
		if (vp->v_ndirty++ == 0)
			writeback_add(vp);
	}
	spin_unlock(&vp->v_pclock);
}

/* --- Writing pages out --- */

/* The write of a locked dirty page begins. v_pclock held. */
static void begin_write(struct vnode *vp, struct page *pg)
{
	ASSERT(spin_held(&vp->v_pclock));
	pc_clean_locked(vp, pg);
	page_set(pg, PG_WRITEBACK);
	radix_tag(&vp->v_pages, pg->pg_index, PCT_WRITEBACK);
	__atomic_add_fetch(&pc_nwriteback, 1, __ATOMIC_RELAXED);
}

/*
 * The next dirty page in [*idx, to), locked, with a reference and not being
 * written. NULL: none.
 */
static struct page *next_dirty(struct vnode *vp, u32 *idx, u32 to, bool wait)
{
	struct page *pg;
	u32 at;

	for (;;) {
		spin_lock(&vp->v_pclock);
		pg = radix_next(&vp->v_pages, *idx, to, PCT_DIRTY, &at);
		if (pg)
			page_get(pg);
		spin_unlock(&vp->v_pclock);
		if (!pg)
			return NULL;
		*idx = at;
		page_lock(pg);
		if (wait)
			page_wait_writeback(pg);
		if (pg->pg_vnode == vp && page_test(pg, PG_DIRTY) && !page_test(pg, PG_WRITEBACK))
			return pg;
		page_unlock(pg);
		page_put(pg);
		*idx = at + 1;
	}
}

/*
 * The dirty page idx, locked, with its write begun, if that needs no waiting.
 * v_pclock held.
 */
static struct page *neighbour(struct vnode *vp, u32 idx)
{
	struct page *pg = radix_lookup(&vp->v_pages, idx);

	ASSERT(spin_held(&vp->v_pclock));
	if (!pg || !page_test(pg, PG_DIRTY) || page_test(pg, PG_WRITEBACK) || !page_trylock(pg))
		return NULL;
	page_get(pg);
	begin_write(vp, pg);
	return pg;
}

/*
 * Zeroes the bytes of the last page behind the end of the file, which a mapping
 * may have changed, for the disk.
 */
static void clear_tail(struct vnode *vp, struct page *pg)
{
	u64 size = vp->v_size;

	if (vp->v_type == VREG && (u64)pg->pg_index == size >> PAGE_SHIFT && (size & PAGE_MASK))
		memset((u8 *)page_kva(pg) + (size & PAGE_MASK), 0, PAGE_SIZE - (size & PAGE_MASK));
}

/*
 * Up to PC_CLUSTER consecutive dirty pages from *idx on, locked, with
 * references, their writes begun.
 */
static u32 writeback_gather(struct vnode *vp, u32 *idx, u32 to, bool wait, struct page **pg)
{
	u32 n = 0;

	pg[0] = next_dirty(vp, idx, to, wait);
	if (!pg[0])
		return 0;
	spin_lock(&vp->v_pclock);
	begin_write(vp, pg[0]);
	for (n = 1; n < PC_CLUSTER && *idx + n < to; n++) {
		pg[n] = neighbour(vp, *idx + n);
		if (!pg[n])
			break;
	}
	spin_unlock(&vp->v_pclock);
	*idx += n;
	return n;
}

/* Waits for the running writes of pages [from, to). */
static void wait_range(struct vnode *vp, u32 from, u32 to)
{
	struct page *pg;
	u32 at;

	for (;;) {
		spin_lock(&vp->v_pclock);
		pg = radix_next(&vp->v_pages, from, to, PCT_WRITEBACK, &at);
		if (pg)
			page_get(pg);
		spin_unlock(&vp->v_pclock);
		if (!pg)
			return;
		page_wait_writeback(pg);
		page_put(pg);
		from = at + 1;
	}
}

int pc_flush(struct vnode *vp, u32 from, u32 to, bool wait)
{
	struct page *pg[PC_CLUSTER];
	u32 idx = from, n;

	if ((vp->v_flags & V_MEMORY) || !vp->v_op->vop_putpages)
		return 0;
	if (vp->v_nwritemap > 0)
		seg_vnode_harvest(vp, from, to - 1);
	while (vp->v_ndirty > 0 && (n = writeback_gather(vp, &idx, to, wait, pg)) > 0) {
		for (u32 i = 0; i < n; i++)
			clear_tail(vp, pg[i]);
		vp->v_op->vop_putpages(vp, pg, n);
		for (u32 i = 0; i < n; i++) {
			page_unlock(pg[i]);
			page_put(pg[i]);
		}
	}
	if (!wait)
		return 0;
	wait_range(vp, from, to);
	return __atomic_load_n(&vp->v_wberror, __ATOMIC_RELAXED);
}

int pc_take_error(struct vnode *vp)
{
	return __atomic_exchange_n(&vp->v_wberror, 0, __ATOMIC_RELAXED);
}

void pc_balance(struct vnode *vp)
{
	if (vp->v_ndirty >= WB_STREAM)
		pc_flush(vp, 0, PC_END, false);
	if (pc_ndirty > wb_background)
		writeback_urge();
	while (pc_ndirty + pc_nwriteback > wb_limit) {
		pc_flush(vp, 0, PC_END, false);
		if (pc_ndirty + pc_nwriteback <= wb_limit)
			break;
		writeback_urge();
		writeback_wait(clock_mono_ns() + 20 * NSEC_PER_MSEC);
		if (pc_nwriteback == 0 && pc_ndirty <= vp->v_ndirty)
			break; /* the rest cannot be written now */
	}
}

/* --- The thread --- */

/*
 * The first vnode on the list (of vfs, unless NULL) that became dirty before
 * `before`, with a reference; moves it to the end.
 */
static struct vnode *oldest(const struct vfs *vfs, u64 before)
{
	struct vnode *vp, *found = NULL;

	spin_lock(&vfs_lock);
	spin_lock(&pc_list_lock);
	list_for_each(vp, &wb_list, v_dirtylink) {
		if (vp->v_dirtied > before)
			break;
		if ((vfs && vp->v_vfs != vfs) || !vnode_ref_locked(vp))
			continue; /* being freed, with its pages */
		found = vp;
		list_remove(&vp->v_dirtylink);
		list_push_back(&wb_list, &vp->v_dirtylink);
		break;
	}
	spin_unlock(&pc_list_lock);
	spin_unlock(&vfs_lock);
	return found;
}

static void write_old(u64 before)
{
	struct vnode *vp;

	while ((vp = oldest(NULL, before))) {
		/*
		 * Pages that become dirty from now on are written five seconds
		 * later.
		 */
		vp->v_dirtied = clock_mono_ns();
		pc_flush(vp, 0, PC_END, false);
		vn_rele(vp);
	}
}

/* Begins writing back up to max vnodes, and returns them with references. */
static u32 flush_some(struct vfs *vfs, u64 before, struct vnode **vp, u32 max)
{
	u32 n;

	for (n = 0; n < max && (vp[n] = oldest(vfs, before)); n++) {
		vp[n]->v_dirtied = clock_mono_ns();
		pc_flush(vp[n], 0, PC_END, false);
	}
	return n;
}

int pc_flush_all(struct vfs *vfs)
{
	struct vnode *vp[SYNC_BATCH];
	u64 before = clock_mono_ns();
	int error, first = 0;
	u32 n;

	while ((n = flush_some(vfs, before, vp, SYNC_BATCH)) > 0) {
		for (u32 i = 0; i < n; i++) {
			error = pc_flush(vp[i], 0, PC_END, true);
			if (error && !first)
				first = error;
			vn_rele(vp[i]);
		}
	}
	return first;
}

static bool sync_old(struct vfs *vfs, void *arg)
{
	u64 before = *(u64 *)arg, dirtied = vfs->vfs_dirtied;

	if (dirtied && dirtied <= before && vfs->vfs_type->fs_ops->vfs_sync) {
		vfs->vfs_dirtied = 0;
		vfs->vfs_type->fs_ops->vfs_sync(vfs, false);
	}
	return true;
}

static bool any_dirty(struct vfs *vfs, void *arg)
{
	if (vfs->vfs_dirtied)
		*(bool *)arg = true;
	return true;
}

/* Sleeps until there is work; true if all of it must be done now. */
static bool wait_for_work(void)
{
	bool later = false, urgent;

	vfs_foreach(any_dirty, &later);
	spin_lock(&pc_list_lock);
	if (!list_empty(&wb_list))
		later = true;
	if (!wb_urgent) {
		if (later)
			sleep(&wb_poked, &pc_list_lock, 0, clock_mono_ns() + WB_TICK);
		else
			while (!wb_poked)
				sleep(&wb_poked, &pc_list_lock, 0, 0);
	}
	urgent = wb_urgent;
	wb_poked = wb_urgent = false;
	spin_unlock(&pc_list_lock);
	return urgent;
}

static void writeback_thread(void *arg)
{
	inject_helper();
	for (;;) {
		bool urgent = wait_for_work();
		u64 now = clock_mono_ns(), before = now > WB_AGE ? now - WB_AGE : 0;

		write_old(urgent ? now : before);
		vfs_foreach(sync_old, &before);
	}
}

void writeback_start(void)
{
	kthread_create("writeback", writeback_thread, NULL, PRI_KERNEL);
}
