/* SPDX-License-Identifier: MIT */
/*
 * Slabs: blocks of 2^kc_order frames, cut into slots of kc_stride bytes. The
 * state of a slab is in the struct page of its first frame:
 *
 *   pg_link      on kc_partial while a slot is free; slabs without a live
 *                object at its end
 *   pg_cache     the cache
 *   pg_private   index of the first free slot; each free slot holds the
 *                index of the next in its first word
 *   pg_private2  live objects
 *   pg_index     of the other frames: distance from the first
 *
 * Debug builds put a struct guard at the end of each slot:
 *
 *   | object, kc_size bytes; behind gd_size: 0xbb | gd_state | gd_size |
 */
#include "kernel/lib/inject.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"

#define NCACHE 64
#define SLAB_MAXORDER 3u
#define NO_SLOT 0xffffffffu
#define LARGE_MAX (PAGE_SIZE << MAX_ORDER)

#ifdef DEBUG
#define KM_DEBUG 1
#else
#define KM_DEBUG 0
#endif

#define POISON_FREE 0x6b
#define POISON_PAST 0xbb
#define POISON_MAX 1024u
#define GUARD_LIVE 0x11feb10cu
#define GUARD_FREE 0xf4eeb10cu

struct guard {
	u32 gd_state;
	u32 gd_size;
};

struct kmem_cache {
	struct spinlock kc_lock; /* guards all below the line, and the slabs */
	const char *kc_name;
	u32 kc_size;   /* of an object */
	u32 kc_stride; /* from one slot to the next */
	u32 kc_order, kc_perslab;
	bool kc_guard; /* slots end in a struct guard */
	/* ---- */
	struct list kc_partial;
	u32 kc_live;
	u32 kc_slabs;
	u32 kc_empty; /* slabs without a live object */
};

static struct kmem_cache caches[NCACHE];
static u32 ncaches; /* grows at start-up only */

static const u16 class_size[] = { 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048 };
#define CLASS_MAX 2048u
static struct kmem_cache *class_cache[ARRAY_SIZE(class_size)];
static u8 class_of[CLASS_MAX / 16 + 1]; /* [(size + 15) / 16] */

/* Objects of whole frames count as one cache. */
static struct {
	volatile u32 lg_live, lg_frames;
} large;

/* --- slots --- */

static void *slot_at(const struct kmem_cache *kc, struct page *slab, u32 i)
{
	return (u8 *)page_kva(slab) + i * kc->kc_stride;
}

static struct guard *slot_guard(const struct kmem_cache *kc, void *slot)
{
	return (struct guard *)((u8 *)slot + kc->kc_stride - sizeof(struct guard));
}

static u32 slot_next(void *slot)
{
	return *(u32 *)slot;
}

static void slot_set_next(void *slot, u32 next)
{
	*(u32 *)slot = next;
}

/* The slab that holds obj, and the number of its slot. */
static struct page *slab_of(struct kmem_cache *kc, void *obj, u32 *slot)
{
	struct page *pg = kva_page(obj);
	u32 off;

	if (unlikely(!page_test(pg, PG_SLAB)))
		panic("kmem_free(%s): expected one of its objects, found %p", kc->kc_name, obj);
	pg -= pg->pg_index;
	off = (u32)((u8 *)obj - (u8 *)page_kva(pg));
	if (unlikely(pg->pg_cache != kc || off % kc->kc_stride || off / kc->kc_stride >= kc->kc_perslab))
		panic("kmem_free(%s): expected one of its objects, found %p of %s", kc->kc_name,
		      obj, pg->pg_cache ? pg->pg_cache->kc_name : "large memory");
	*slot = off / kc->kc_stride;
	return pg;
}

/* --- debug checks --- */

static void poison(const struct kmem_cache *kc, void *slot)
{
	u32 n = MIN(kc->kc_size, POISON_MAX);

	memset((u8 *)slot + sizeof(u32), POISON_FREE, n - sizeof(u32));
	if (kc->kc_guard)
		slot_guard(kc, slot)->gd_state = GUARD_FREE;
}

static void check_poison(const struct kmem_cache *kc, void *slot)
{
	const u32 *w = slot;
	u32 i, n = MIN(kc->kc_size, POISON_MAX) / sizeof(u32);

	for (i = 1; i < n; i++)
		if (unlikely(w[i] != POISON_FREE * 0x01010101u))
			panic("use after free of %s: expected 6b6b6b6b at %p, found %x",
			      kc->kc_name, (const void *)&w[i], w[i]);
	if (kc->kc_guard && slot_guard(kc, slot)->gd_state != GUARD_FREE)
		panic("use after free of %s: expected a free slot at %p, found guard %x",
		      kc->kc_name, slot, slot_guard(kc, slot)->gd_state);
}

static void set_guard(const struct kmem_cache *kc, void *obj, u32 size)
{
	struct guard *g = slot_guard(kc, obj);

	memset((u8 *)obj + size, POISON_PAST, (size_t)((u8 *)g - (u8 *)obj) - size);
	g->gd_state = GUARD_LIVE;
	g->gd_size = size;
}

static void check_guard(const struct kmem_cache *kc, void *obj)
{
	const struct guard *g = slot_guard(kc, obj);
	const u8 *p;

	if (unlikely(g->gd_state == GUARD_FREE))
		panic("double free of %s at %p", kc->kc_name, obj);
	if (unlikely(g->gd_state != GUARD_LIVE || g->gd_size > kc->kc_size))
		panic("%s at %p was written beyond its end: found guard %x", kc->kc_name, obj, g->gd_state);
	for (p = (const u8 *)obj + g->gd_size; p < (const u8 *)g; p++)
		if (unlikely(*p != POISON_PAST))
			panic("%s of %u bytes at %p was written beyond its end: found %x at %p",
			      kc->kc_name, g->gd_size, obj, *p, (const void *)p);
}

/* The check for caches without guards. kc_lock held. */
static void check_not_free(struct kmem_cache *kc, struct page *slab, u32 slot)
{
	u32 i;

	ASSERT(spin_held(&kc->kc_lock));
	for (i = slab->pg_private; i != NO_SLOT; i = slot_next(slot_at(kc, slab, i)))
		if (unlikely(i == slot))
			panic("double free of %s at %p", kc->kc_name, slot_at(kc, slab, i));
}

/* --- slabs --- */

static bool slab_create(struct kmem_cache *kc, u32 flags)
{
	struct page *slab = page_alloc_order(kc->kc_order, flags & KM_NOWAIT ? PGA_NOWAIT : 0);
	u32 i;

	if (!slab)
		return false;
	for (i = 0; i < 1u << kc->kc_order; i++) {
		slab[i].pg_flags = PG_SLAB;
		slab[i].pg_index = i;
		slab[i].pg_cache = kc;
	}
	for (i = 0; i < kc->kc_perslab; i++) {
		void *slot = slot_at(kc, slab, i);

		slot_set_next(slot, i + 1 < kc->kc_perslab ? i + 1 : NO_SLOT);
		if (KM_DEBUG)
			poison(kc, slot);
	}
	slab->pg_private = 0;
	slab->pg_private2 = 0;
	spin_lock(&kc->kc_lock);
	list_push_back(&kc->kc_partial, &slab->pg_link);
	kc->kc_slabs++;
	kc->kc_empty++;
	spin_unlock(&kc->kc_lock);
	return true;
}

/* Frees a slab that is on no list. No lock held. */
static void slab_destroy(struct kmem_cache *kc, struct page *slab)
{
	u32 i;

	for (i = 0; i < 1u << kc->kc_order; i++) {
		slab[i].pg_flags = 0;
		slab[i].pg_cache = NULL;
	}
	page_free_order(slab, kc->kc_order);
}

/* Takes an empty slab out of the cache. kc_lock held. */
static void slab_detach(struct kmem_cache *kc, struct page *slab)
{
	ASSERT(spin_held(&kc->kc_lock));
	list_remove(&slab->pg_link);
	kc->kc_slabs--;
	kc->kc_empty--;
}

static void *slab_alloc(struct kmem_cache *kc, u32 size, u32 flags)
{
	struct page *slab;
	void *obj;

	if (inject_fails(INJECT_ALLOC))
		return NULL;
	spin_lock(&kc->kc_lock);
	while (list_empty(&kc->kc_partial)) {
		spin_unlock(&kc->kc_lock);
		if (!slab_create(kc, flags))
			return NULL;
		spin_lock(&kc->kc_lock);
	}
	slab = list_first(&kc->kc_partial, struct page, pg_link);
	obj = slot_at(kc, slab, slab->pg_private);
	slab->pg_private = slot_next(obj);
	if (slab->pg_private2++ == 0)
		kc->kc_empty--;
	if (slab->pg_private == NO_SLOT)
		list_remove(&slab->pg_link);
	kc->kc_live++;
	spin_unlock(&kc->kc_lock);

	if (KM_DEBUG)
		check_poison(kc, obj);
	if (flags & KM_ZERO)
		memset(obj, 0, size);
	else
		mem_soil_fill(obj, size);
	if (kc->kc_guard)
		set_guard(kc, obj, size);
	return obj;
}

void *kmem_alloc(struct kmem_cache *kc, u32 flags)
{
	return slab_alloc(kc, kc->kc_size, flags);
}

void kmem_free(struct kmem_cache *kc, void *obj)
{
	struct page *slab, *dead = NULL;
	u32 slot;

	if (!obj)
		return;
	slab = slab_of(kc, obj, &slot);
	if (kc->kc_guard)
		check_guard(kc, obj);
	spin_lock(&kc->kc_lock);
	if (KM_DEBUG && !kc->kc_guard)
		check_not_free(kc, slab, slot);
	if (KM_DEBUG)
		poison(kc, obj);
	if (slab->pg_private == NO_SLOT)
		list_push_front(&kc->kc_partial, &slab->pg_link);
	slot_set_next(obj, slab->pg_private);
	slab->pg_private = slot;
	kc->kc_live--;
	if (--slab->pg_private2 == 0) {
		/*
		 * Keeps one empty slab: otherwise freeing and allocating one
		 * object in turn would cost a frame each time.
		 */
		kc->kc_empty++;
		if (kc->kc_empty > 1) {
			slab_detach(kc, slab);
			dead = slab;
		} else {
			list_remove(&slab->pg_link);
			list_push_back(&kc->kc_partial, &slab->pg_link);
		}
	}
	spin_unlock(&kc->kc_lock);
	if (dead)
		slab_destroy(kc, dead);
}

/* --- large objects: whole frames --- */

/* Frees n frames of a block from `first` on, in aligned parts. */
static void free_frames(struct page *first, u32 n)
{
	while (n > 0) {
		u32 order = MIN((u32)__builtin_ctz(page_pfn(first) | (1u << MAX_ORDER)), MAX_ORDER);

		while (1u << order > n)
			order--;
		page_free_order(first, order);
		first += 1u << order;
		n -= 1u << order;
	}
}

static void *large_alloc(size_t size, u32 flags)
{
	u32 n = (u32)(PAGE_UP(size) >> PAGE_SHIFT), order = 0;
	struct page *pg;

	while (1u << order < n)
		order++;
	pg = page_alloc_order(order, flags & KM_NOWAIT ? PGA_NOWAIT : 0);
	if (!pg)
		return NULL;
	free_frames(pg + n, (1u << order) - n);
	pg->pg_flags = PG_SLAB;
	pg->pg_cache = NULL;
	pg->pg_private = n;
	__atomic_add_fetch(&large.lg_live, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&large.lg_frames, n, __ATOMIC_RELAXED);
	if (flags & KM_ZERO)
		memset(page_kva(pg), 0, n << PAGE_SHIFT);
	return page_kva(pg);
}

static void large_free(struct page *pg, void *obj)
{
	u32 n = pg->pg_private;

	VERIFY(page_kva(pg) == obj && n > 0);
	pg->pg_flags = 0;
	__atomic_sub_fetch(&large.lg_live, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&large.lg_frames, n, __ATOMIC_RELAXED);
	free_frames(pg, n);
}

/* --- kmalloc --- */

void *kmalloc(size_t size, u32 flags)
{
	if (likely(size <= CLASS_MAX))
		return slab_alloc(class_cache[class_of[(size + 15) / 16]], (u32)size, flags);
	if (size > LARGE_MAX)
		return NULL;
	return large_alloc(size, flags);
}

void *kzalloc(size_t size, u32 flags)
{
	return kmalloc(size, flags | KM_ZERO);
}

void kfree(void *obj)
{
	struct page *pg;

	if (!obj)
		return;
	pg = kva_page(obj);
	if (unlikely(!page_test(pg, PG_SLAB)))
		panic("kfree: expected an object of kmalloc, found %p", obj);
	pg -= pg->pg_index;
	if (pg->pg_cache)
		kmem_free(pg->pg_cache, obj);
	else
		large_free(pg, obj);
}

char *kstrdup(const char *s, u32 flags)
{
	size_t n = strlen(s) + 1;
	char *d = kmalloc(n, flags);

	if (d)
		memcpy(d, s, n);
	return d;
}

/* --- caches --- */

/* The smallest slab that wastes no more than an eighth. */
static void choose_slab(struct kmem_cache *kc)
{
	u32 order;

	for (order = 0; order < SLAB_MAXORDER || PAGE_SIZE << order < kc->kc_stride; order++) {
		u32 bytes = PAGE_SIZE << order;

		if (bytes >= kc->kc_stride && bytes % kc->kc_stride <= bytes / 8)
			break;
	}
	kc->kc_order = order;
	kc->kc_perslab = (PAGE_SIZE << order) / kc->kc_stride;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
	struct kmem_cache *kc;
	size_t guarded;

	VERIFY(ncaches < NCACHE);
	VERIFY(size > 0 && size <= (PAGE_SIZE << SLAB_MAXORDER) && (align & (align - 1)) == 0);
	kc = &caches[ncaches++];
	spin_init(&kc->kc_lock, name, LR_KMEM);
	list_init(&kc->kc_partial);
	align = MAX(align, (size_t)8);
	kc->kc_name = name;
	kc->kc_size = (u32)ROUND_UP(size, 4);
	kc->kc_stride = (u32)ROUND_UP(size, align);
	guarded = ROUND_UP(kc->kc_size + sizeof(struct guard), align);
	/* No guard where alignment makes it expensive: kernel stacks. */
	if (KM_DEBUG && guarded <= size + size / 4 + 64) {
		kc->kc_guard = true;
		kc->kc_stride = (u32)guarded;
	}
	choose_slab(kc);
	return kc;
}

void kmem_init(void)
{
	static const char *const names[] = { "kmalloc-16",   "kmalloc-32",  "kmalloc-48",
					     "kmalloc-64",   "kmalloc-96",  "kmalloc-128",
					     "kmalloc-192",  "kmalloc-256", "kmalloc-384",
					     "kmalloc-512",  "kmalloc-768", "kmalloc-1024",
					     "kmalloc-1536", "kmalloc-2048" };
	u32 i, c;

	_Static_assert(ARRAY_SIZE(names) == ARRAY_SIZE(class_size), "a name for each class");
	for (c = 0; c < ARRAY_SIZE(class_size); c++)
		class_cache[c] = kmem_cache_create(names[c], class_size[c], 0);
	for (i = 0, c = 0; i < ARRAY_SIZE(class_of); i++) {
		while (class_size[c] < i * 16)
			c++;
		class_of[i] = (u8)c;
	}
}

void kmem_stats(void (*fn)(const char *name, u32 live, size_t objsize, u32 frames, void *arg), void *arg)
{
	u32 i;

	for (i = 0; i < ncaches; i++)
		fn(caches[i].kc_name, caches[i].kc_live, caches[i].kc_size,
		   caches[i].kc_slabs << caches[i].kc_order, arg);
	fn("kmalloc-large", large.lg_live, PAGE_SIZE, large.lg_frames, arg);
}

/* One empty slab of kc, detached; NULL: none left. */
static struct page *take_empty(struct kmem_cache *kc)
{
	struct page *slab = NULL;

	spin_lock(&kc->kc_lock);
	if (kc->kc_empty > 0) {
		slab = list_last(&kc->kc_partial, struct page, pg_link);
		while (slab->pg_private2 != 0)
			slab = list_prev(slab, pg_link);
		slab_detach(kc, slab);
	}
	spin_unlock(&kc->kc_lock);
	return slab;
}

void kmem_trim(void)
{
	struct page *slab;
	u32 i;

	for (i = 0; i < ncaches; i++)
		while ((slab = take_empty(&caches[i])) != NULL)
			slab_destroy(&caches[i], slab);
}
