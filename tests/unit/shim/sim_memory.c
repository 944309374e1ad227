/* SPDX-License-Identifier: MIT */
/* Frames and kernel objects of the simulated machine, from malloc. */
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/sched/sleep.h"
#include "sim_impl.h"

u32 sim_fail_alloc;

/* --- Frames --- */

struct page *pages;
u32 npages;
static u8 *ram;
static struct list free_frames;
static u32 nfree;
static struct list reclaimers;
static bool reclaiming;

void *page_kva(const struct page *pg)
{
	return ram + ((size_t)(pg - pages) << PAGE_SHIFT);
}

struct page *kva_page(const void *kva)
{
	return &pages[(size_t)((const u8 *)kva - ram) >> PAGE_SHIFT];
}

void sim_frames_init(u32 n)
{
	if (ram) {
		ASAN_UNPOISON_MEMORY_REGION(ram, (size_t)npages << PAGE_SHIFT);
		free(ram);
		free(pages);
	}
	npages = n;
	ram = aligned_alloc(PAGE_SIZE, (size_t)n << PAGE_SHIFT);
	pages = calloc(n, sizeof(*pages));
	list_init(&free_frames);
	list_init(&reclaimers);
	nfree = 0;
	for (u32 i = 1; i < n; i++) {
		list_push_back(&free_frames, &pages[i].pg_link);
		nfree++;
	}
	ASAN_POISON_MEMORY_REGION(ram, (size_t)n << PAGE_SHIFT);
}

static void reclaim(void)
{
	struct reclaimer *rc;

	/* One at a time: others wait for what it finds. */
	for (u32 i = 0; i < 1000 && reclaiming && sim_task_name() && list_empty(&free_frames); i++)
		sim_pause();
	if (reclaiming || !list_empty(&free_frames))
		return;
	reclaiming = true;
	list_for_each(rc, &reclaimers, rc_link) {
		if (nfree < 32)
			rc->rc_fn(32);
	}
	reclaiming = false;
}

struct page *page_alloc(u32 flags)
{
	struct page *pg;

	if (!(flags & PGA_NOWAIT)) {
		assert_may_sleep("page_alloc");
		for (u32 i = 0; i < 8 && list_empty(&free_frames); i++)
			reclaim();
	}
	if (list_empty(&free_frames))
		return NULL;
	if (sim_fail_alloc && sim_rnd(sim_fail_alloc) == 0 && (!(flags & PGA_RESERVE) || sim_rnd(8) == 0))
		return NULL;
	pg = list_first(&free_frames, struct page, pg_link);
	list_remove(&pg->pg_link);
	nfree--;
	*pg = (struct page){ .pg_ref = 1 };
	list_init(&pg->pg_link);
	ASAN_UNPOISON_MEMORY_REGION(page_kva(pg), PAGE_SIZE);
	memset(page_kva(pg), flags & PGA_ZERO ? 0 : 0x5a, PAGE_SIZE);
	return pg;
}

void page_get(struct page *pg)
{
	if (pg->pg_ref == 0)
		panic("page_get of a free frame");
	pg->pg_ref++;
}

void page_put(struct page *pg)
{
	if (pg->pg_ref == 0)
		panic("page_put of a free frame");
	if (--pg->pg_ref > 0)
		return;
	if (pg->pg_vnode || (pg->pg_flags & (PG_LOCKED | PG_WRITEBACK)) || !list_empty(&pg->pg_link))
		panic("a frame in use is freed: flags %x", pg->pg_flags);
	ASAN_POISON_MEMORY_REGION(page_kva(pg), PAGE_SIZE);
	if (sim_rnd(2))
		list_push_back(&free_frames, &pg->pg_link);
	else
		list_push_front(&free_frames, &pg->pg_link);
	nfree++;
}

void page_stats(struct page_stats *st)
{
	*st = (struct page_stats){ .ps_total = npages, .ps_free = nfree };
}

void reclaimer_register(struct reclaimer *rc)
{
	list_push_back(&reclaimers, &rc->rc_link);
}

u32 sim_frames_used(void)
{
	return npages - 1 - nfree;
}

/* --- Kernel objects --- */

struct kmem_cache {
	const char *kc_name;
	size_t kc_size;
	u32 kc_live;
	struct kmem_cache *kc_next;
};

struct kobj {
	struct kmem_cache *ko_cache;
	u64 ko_pad;
};

static struct kmem_cache *all_caches;
static struct kmem_cache odd_sizes = { .kc_name = "kmalloc" };

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
	struct kmem_cache *kc;

	for (kc = all_caches; kc; kc = kc->kc_next) {
		if (strcmp(kc->kc_name, name) == 0)
			return kc;
	}
	kc = calloc(1, sizeof(*kc));
	kc->kc_name = name;
	kc->kc_size = size;
	kc->kc_next = all_caches;
	all_caches = kc;
	return kc;
}

static void *obj_alloc(struct kmem_cache *kc, size_t size, u32 flags)
{
	struct kobj *ko;

	if (!(flags & KM_NOWAIT))
		assert_may_sleep("kmalloc");
	if (sim_fail_alloc && sim_rnd(sim_fail_alloc) == 0)
		return NULL;
	ko = malloc(sizeof(*ko) + size);
	memset(ko + 1, flags & KM_ZERO ? 0 : 0x6b, size);
	ko->ko_cache = kc;
	kc->kc_live++;
	return ko + 1;
}

static void obj_free(void *obj)
{
	struct kobj *ko;

	if (!obj)
		return;
	ko = (struct kobj *)obj - 1;
	ko->ko_cache->kc_live--;
	free(ko);
}

void *kmem_alloc(struct kmem_cache *kc, u32 flags)
{
	return obj_alloc(kc, kc->kc_size, flags);
}

void kmem_free(struct kmem_cache *kc, void *obj)
{
	obj_free(obj);
}

void *kmalloc(size_t size, u32 flags)
{
	return obj_alloc(&odd_sizes, size, flags);
}

void *kzalloc(size_t size, u32 flags)
{
	return obj_alloc(&odd_sizes, size, flags | KM_ZERO);
}

void kfree(void *obj)
{
	obj_free(obj);
}

char *kstrdup(const char *s, u32 flags)
{
	char *copy = kmalloc(strlen(s) + 1, flags);

	return copy ? strcpy(copy, s) : NULL;
}

u32 sim_objects_live(void)
{
	u32 n = odd_sizes.kc_live;

	for (struct kmem_cache *kc = all_caches; kc; kc = kc->kc_next)
		n += kc->kc_live;
	return n;
}

void sim_print_live(void)
{
	printf("frames %u, kmalloc %u", sim_frames_used(), odd_sizes.kc_live);
	for (struct kmem_cache *kc = all_caches; kc; kc = kc->kc_next)
		printf(", %s %u", kc->kc_name, kc->kc_live);
	putchar('\n');
}
