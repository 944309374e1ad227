/* SPDX-License-Identifier: MIT */
/*
 * The frame allocator: page_init(), the buddy lists, the CPUs' caches of single
 * frames, reclaim on shortage.
 *
 * A free block's first frame has PG_BUDDY, its order in pg_private, and is on
 * fr_free[order] by pg_link. Its other frames have no flag. Frames in a CPU's
 * cache have no flag either, so they are not joined with their neighbours.
 */
#include "kernel/lib/cpu.h"
#include "kernel/lib/inject.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/page.h"

#define FC_MAX 64u
#define RECLAIM_MIN 32u
#define RECLAIM_ROUNDS 8

struct page *pages;
u32 npages;

volatile u8 mem_soil;
static struct {
	struct spinlock fr_lock; /* guards all of this */
	struct list fr_free[MAX_ORDER + 1];
	u32 fr_nfree;	 /* frames on the lists */
	u32 fr_total;	 /* frames handed to the allocator */
	u32 fr_reserve;	 /* frames that only PGA_RESERVE may take */
	u32 fr_cachemax; /* frames a CPU may keep */
} frames = { .fr_lock = SPINLOCK_INIT("frames", LR_FRAME) };

/*
 * One CPU's cache, used by that CPU alone with interrupts off. Statistics read
 * fc_n of all CPUs.
 */
struct frame_cache {
	volatile u32 fc_n;
	struct page *fc_page[FC_MAX];
};

static struct frame_cache caches[MAXCPU];
/* grows only at start-up */
static struct list reclaimers = LIST_INIT(reclaimers);

#ifdef REPRISE_HOST
extern u8 *host_ram; /* the test's RAM: begins at physical 0 */
#define BOOT_KVA(pa) ((void *)(host_ram + (pa)))

static bool host_reclaiming;

static struct frame_cache *cache_enter(void)
{
	return &caches[0];
}
static void cache_leave(void)
{
}
static bool reclaim_enter(void)
{
	bool was = host_reclaiming;

	host_reclaiming = true;
	return !was;
}
static void reclaim_leave(void)
{
	host_reclaiming = false;
}
static void check_may_sleep(void)
{
}
#else
#define BOOT_KVA(pa) KVA(pa)

static struct frame_cache *cache_enter(void)
{
	intr_push_off();
	return &caches[curcpu()->c_id];
}
static void cache_leave(void)
{
	intr_pop_off();
}
static bool reclaim_enter(void)
{
	struct kstack_info *ki = kstack_info();

	if (ki->ki_reclaim == KSTACK_RECLAIM)
		return false;
	ki->ki_reclaim = KSTACK_RECLAIM;
	return true;
}
static void reclaim_leave(void)
{
	kstack_info()->ki_reclaim = 0;
}
static void check_may_sleep(void)
{
	assert_may_sleep("page_alloc");
}
#endif

/* --- the buddy lists; fr_lock held --- */

static void buddy_put(struct page *pg, u32 order)
{
	u32 pfn = page_pfn(pg);

	ASSERT(spin_held(&frames.fr_lock));
	frames.fr_nfree += 1u << order;
	while (order < MAX_ORDER) {
		struct page *other = &pages[pfn ^ (1u << order)];

		if ((pfn ^ (1u << order)) >= npages || !(other->pg_flags & PG_BUDDY) || other->pg_private != order)
			break;
		list_remove(&other->pg_link);
		other->pg_flags = 0;
		pfn &= ~(1u << order);
		order++;
	}
	pages[pfn].pg_flags = PG_BUDDY;
	pages[pfn].pg_private = order;
	list_push_front(&frames.fr_free[order], &pages[pfn].pg_link);
}

/*
 * Takes 2^order frames, splitting a larger block from its low end. NULL: none
 * that large.
 */
static struct page *buddy_take(u32 order)
{
	struct page *pg;
	u32 o = order;

	ASSERT(spin_held(&frames.fr_lock));
	while (o <= MAX_ORDER && list_empty(&frames.fr_free[o]))
		o++;
	if (o > MAX_ORDER)
		return NULL;
	pg = list_first(&frames.fr_free[o], struct page, pg_link);
	ASSERT(pg->pg_private == o && pg->pg_ref == 0);
	list_remove(&pg->pg_link);
	pg->pg_flags = 0;
	while (o > order) {
		struct page *half;

		o--;
		half = pg + (1u << o);
		half->pg_flags = PG_BUDDY;
		half->pg_private = o;
		list_push_front(&frames.fr_free[o], &half->pg_link);
	}
	frames.fr_nfree -= 1u << order;
	return pg;
}

/* May a caller with these flags take n more frames? */
static bool above_reserve(u32 n, u32 flags)
{
	u32 floor = flags & PGA_RESERVE ? 0 : frames.fr_reserve;

	ASSERT(spin_held(&frames.fr_lock));
	return frames.fr_nfree >= floor + n;
}

/* --- the CPUs' caches --- */

/* Takes frames from the buddy lists into fc. Interrupts off. */
static void cache_refill(struct frame_cache *fc, u32 flags)
{
	struct page *got[FC_MAX / 2];
	u32 want = MAX(frames.fr_cachemax / 2, 1u), n = 0;

	ASSERT(intr_off());
	spin_lock(&frames.fr_lock);
	while (n < want && above_reserve(1, n ? 0 : flags) && (got[n] = buddy_take(0)) != NULL)
		n++;
	spin_unlock(&frames.fr_lock);
	/* The lowest address leaves the cache first. */
	while (n > 0)
		fc->fc_page[fc->fc_n++] = got[--n];
}

/*
 * Gives frames of fc back to the buddy lists until `keep` are left. Interrupts
 * off.
 */
static void cache_drain(struct frame_cache *fc, u32 keep)
{
	ASSERT(intr_off());
	spin_lock(&frames.fr_lock);
	while (fc->fc_n > keep)
		buddy_put(fc->fc_page[--fc->fc_n], 0);
	spin_unlock(&frames.fr_lock);
}

static struct page *take_one(u32 flags)
{
	struct frame_cache *fc = cache_enter();
	struct page *pg = NULL;

	if (fc->fc_n == 0)
		cache_refill(fc, flags);
	if (fc->fc_n > 0)
		pg = fc->fc_page[--fc->fc_n];
	cache_leave();
	return pg;
}

static struct page *take_block(u32 order, u32 flags)
{
	struct page *pg = NULL;

	spin_lock(&frames.fr_lock);
	if (above_reserve(1u << order, flags))
		pg = buddy_take(order);
	spin_unlock(&frames.fr_lock);
	if (!pg) {
		/* This CPU's cache may hold the missing half of a block. */
		struct frame_cache *fc = cache_enter();

		cache_drain(fc, 0);
		spin_lock(&frames.fr_lock);
		if (above_reserve(1u << order, flags))
			pg = buddy_take(order);
		spin_unlock(&frames.fr_lock);
		cache_leave();
	}
	return pg;
}

static struct page *page_take(u32 order, u32 flags)
{
	return order == 0 ? take_one(flags) : take_block(order, flags);
}

/* --- allocation --- */

void reclaimer_register(struct reclaimer *rc)
{
	list_push_back(&reclaimers, &rc->rc_link);
}

static u32 reclaim(u32 want)
{
	struct reclaimer *rc;
	u32 freed = 0;

	list_for_each(rc, &reclaimers, rc_link) {
		if (freed >= want)
			break;
		freed += rc->rc_fn(want - freed);
	}
	return freed;
}

static struct page *alloc_by_reclaim(u32 order, u32 flags)
{
	struct page *pg = NULL;
	int round;

	if (!reclaim_enter())
		return NULL;
	for (round = 0; !pg && round < RECLAIM_ROUNDS; round++) {
		if (reclaim(MAX(RECLAIM_MIN, 2u << order)) == 0)
			round = RECLAIM_ROUNDS;
		pg = page_take(order, flags);
	}
	reclaim_leave();
	return pg;
}

struct page *page_alloc_order(u32 order, u32 flags)
{
	struct page *pg;
	u32 i;

	ASSERT(order <= MAX_ORDER);
	if (!(flags & PGA_NOWAIT))
		check_may_sleep();
	if (inject_fails(INJECT_ALLOC))
		return NULL;
	pg = page_take(order, flags);
	if (unlikely(!pg) && !(flags & PGA_NOWAIT))
		pg = alloc_by_reclaim(order, flags);
	if (unlikely(!pg))
		return NULL;
	if (unlikely(pg->pg_ref != 0 || pg->pg_flags != 0))
		panic("page_alloc: expected frame %x free, found references %u, flags %x",
		      page_pfn(pg), pg->pg_ref, pg->pg_flags);
	pg->pg_vnode = NULL;
	pg->pg_index = 0;
	pg->pg_private = pg->pg_private2 = 0;
	list_init(&pg->pg_link);
	pg->pg_ref = 1;
	if (flags & PGA_ZERO)
		for (i = 0; i < 1u << order; i++)
			page_zero(page_kva(pg + i));
	else
		mem_soil_fill(page_kva(pg), PAGE_SIZE << order);
	return pg;
}

struct page *page_alloc(u32 flags)
{
	return page_alloc_order(0, flags);
}

static void page_give_back(struct page *pg)
{
	struct frame_cache *fc = cache_enter();

	if (fc->fc_n >= frames.fr_cachemax)
		cache_drain(fc, frames.fr_cachemax / 2);
	fc->fc_page[fc->fc_n++] = pg;
	cache_leave();
}

/* Checks a frame whose last reference was dropped. */
static void check_idle(struct page *pg)
{
	if (unlikely(pg->pg_flags & (PG_LOCKED | PG_WRITEBACK | PG_BUDDY | PG_SLAB | PG_RESERVED)))
		panic("page_put: expected frame %x idle, found flags %x", page_pfn(pg), pg->pg_flags);
}

/*
 * QEMU without KVM watches the frames whose code it has translated: each write
 * there is a hundred times as slow, until all of that code is overwritten. In a
 * frame that is written only in part, such as a kernel stack, it would stay
 * slow for ever.
 */
static void overwrite_text(struct page *pg)
{
	page_zero(page_kva(pg));
}

void page_free_order(struct page *pg, u32 order)
{
	VERIFY(pg->pg_ref == 1 || pg->pg_ref == 0);
	check_idle(pg);
	pg->pg_ref = 0;
	pg->pg_flags = 0;
	if (order == 0) {
		page_give_back(pg);
		return;
	}
	ASSERT((page_pfn(pg) & ((1u << order) - 1)) == 0);
	spin_lock(&frames.fr_lock);
	buddy_put(pg, order);
	spin_unlock(&frames.fr_lock);
}

void page_get(struct page *pg)
{
	u32 was = __atomic_fetch_add(&pg->pg_ref, 1, __ATOMIC_RELAXED);

	ASSERT(was != 0);
	(void)was;
}

void page_put(struct page *pg)
{
	u32 was = __atomic_fetch_sub(&pg->pg_ref, 1, __ATOMIC_ACQ_REL);

	if (was > 1)
		return;
	if (unlikely(was == 0))
		panic("page_put: expected frame %x in use, found it free", page_pfn(pg));
	check_idle(pg);
	if (unlikely(pg->pg_flags & PG_TEXT))
		overwrite_text(pg);
	pg->pg_flags = 0;
	page_give_back(pg);
}

void page_stats(struct page_stats *st)
{
	u32 i, n;

	spin_lock(&frames.fr_lock);
	n = frames.fr_nfree;
	spin_unlock(&frames.fr_lock);
	for (i = 0; i < MAXCPU; i++)
		n += caches[i].fc_n;
	st->ps_total = frames.fr_total;
	st->ps_free = n;
}

/* --- start-up --- */

/* [start, end) in whole frames below DIRECT_MAX; false if nothing is left. */
static bool clip(const struct mem_range *r, u32 *start, u32 *end)
{
	u64 s, e;

	if (r->start >= DIRECT_MAX)
		return false;
	s = PAGE_UP(r->start);
	e = PAGE_DOWN(MIN(r->end, (u64)DIRECT_MAX));
	if (s >= e)
		return false;
	*start = (u32)s;
	*end = (u32)e;
	return true;
}

/*
 * The first reserved range that overlaps [start, end), in whole pages; false:
 * none.
 */
static bool first_reserved(const struct mem_range *res, u32 nres, u32 start, u32 end, u32 *rs, u32 *re)
{
	bool found = false;
	u32 i;

	for (i = 0; i < nres; i++) {
		u64 s = PAGE_DOWN(res[i].start), e = PAGE_UP(MIN(res[i].end, (u64)DIRECT_MAX));

		if (res[i].start >= res[i].end || s >= end || e <= start)
			continue;
		if (found && s >= *rs)
			continue;
		*rs = (u32)s;
		*re = (u32)e;
		found = true;
	}
	return found;
}

/* The lowest place for `size` bytes in RAM that is not reserved. */
static u32 find_room(const struct mem_range *ram, u32 nram, const struct mem_range *res, u32 nres, u32 size)
{
	u32 i, start, end, rs, re;

	for (i = 0; i < nram; i++) {
		if (!clip(&ram[i], &start, &end))
			continue;
		while (start < end && end - start >= size) {
			if (!first_reserved(res, nres, start, start + size, &rs, &re))
				return start;
			start = re;
		}
	}
	panic("page_init: expected %u KiB of free RAM for the page array, found none", size >> 10);
}

/*
 * Hands [start, end) to the lists in blocks as large as their alignment allows.
 */
static void free_range(u32 start, u32 end)
{
	u32 pfn = start >> PAGE_SHIFT, last = end >> PAGE_SHIFT;

	spin_lock(&frames.fr_lock);
	frames.fr_total += last - pfn;
	while (pfn < last) {
		u32 order = pfn ? MIN((u32)__builtin_ctz(pfn), MAX_ORDER) : MAX_ORDER;

		while (pfn + (1u << order) > last)
			order--;
		pages[pfn].pg_flags = 0;
		buddy_put(&pages[pfn], order);
		pfn += 1u << order;
	}
	spin_unlock(&frames.fr_lock);
}

/*
 * Frees [start, end) without the reserved ranges and the page array's own [as,
 * ae).
 */
static void free_unreserved(u32 start, u32 end, const struct mem_range *res, u32 nres, u32 as, u32 ae)
{
	const struct mem_range array = { as, ae };
	u32 rs, re, s, e;
	bool found;

	while (start < end) {
		found = first_reserved(res, nres, start, end, &rs, &re);
		if (first_reserved(&array, 1, start, end, &s, &e) && (!found || s < rs)) {
			rs = s;
			re = e;
			found = true;
		}
		if (!found)
			rs = re = end;
		if (rs > start)
			free_range(start, rs);
		start = MAX(re, start + PAGE_SIZE);
	}
}

/* Marks frames that the allocator never gets. */
static void mark_holes(void)
{
	u32 pfn = 0;

	while (pfn < npages) {
		if (pages[pfn].pg_flags & PG_BUDDY) {
			pfn += 1u << pages[pfn].pg_private;
			continue;
		}
		pages[pfn].pg_flags = PG_RESERVED;
		pages[pfn].pg_ref = 1;
		pfn++;
	}
}

void page_init(const struct mem_range *ram, u32 nram, const struct mem_range *reserved, u32 nreserved)
{
	u32 i, start, end, size, at;

	for (i = 0; i <= MAX_ORDER; i++)
		list_init(&frames.fr_free[i]);
	for (i = 0; i < nram; i++)
		if (clip(&ram[i], &start, &end))
			npages = MAX(npages, end >> PAGE_SHIFT);
	size = PAGE_UP(npages * (u32)sizeof(struct page));
	at = find_room(ram, nram, reserved, nreserved, size);
	pages = BOOT_KVA(at);
	memset(pages, 0, size);
	for (i = 0; i < nram; i++)
		if (clip(&ram[i], &start, &end))
			free_unreserved(start, end, reserved, nreserved, at, at + size);
	mark_holes();
	frames.fr_cachemax = MIN(MAX(frames.fr_total / 1024, 8u), FC_MAX);
	frames.fr_reserve = MIN(MAX(frames.fr_total / 128, 32u), 256u);
}
