/* SPDX-License-Identifier: MIT */
/*
 * The frame allocator and the slabs under random operations, against models: an owner per frame, a fill pattern per
 * object. "RAM" is an array with holes and reserved parts.
 */
#define DEBUG 1
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "mm/page.c"
#define caches kmem_caches
#include "mm/kmalloc.c"
#undef caches

#define RAM_MIB 24u
#define RAM_BYTES (RAM_MIB << 20)

u8 *host_ram;
static jmp_buf panicked;
static char panic_text[256];

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(panic_text, sizeof(panic_text), fmt, ap);
	va_end(ap);
	longjmp(panicked, 1);
}

void *page_kva(const struct page *pg)
{
	return host_ram + ((size_t)(pg - pages) << PAGE_SHIFT);
}

struct page *kva_page(const void *kva)
{
	return &pages[((const u8 *)kva - host_ram) >> PAGE_SHIFT];
}

void page_zero(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

static int failures;

static void check(bool ok, const char *what)
{
	if (!ok) {
		printf("FAIL %s\n", what);
		failures++;
	}
}

static u32 seed = 12345;

static u32 rnd(u32 n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static const struct mem_range ram[] = {
	{ 0, 0x9fc00 }, { 0x100000, 0xa00000 }, { 0xb00800, RAM_BYTES - 0x1800 }, { 0xfffffff0000ull, ~0ull }
};
static const struct mem_range reserved[] = {
	{ 0x400000, 0x456789 },
	{ 0, 0x1000 },
	{ 0x100000, 0x2f0001 },
	{ 0x300000, 0x300000 },
};

static bool in(const struct mem_range *r, u32 n, u64 start, u64 end, bool whole)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (whole ? start >= r[i].start && end <= r[i].end
			  : r[i].start < r[i].end && start < r[i].end && end > r[i].start)
			return true;
	return false;
}

static u8 owner[RAM_BYTES >> PAGE_SHIFT]; /* 0: free */

static u32 nfree(void)
{
	struct page_stats st;

	page_stats(&st);
	return st.ps_free;
}

static void own(struct page *pg, u32 order, u8 who)
{
	u32 i, pfn = page_pfn(pg);

	check((pfn & ((1u << order) - 1)) == 0, "a block is aligned to its size");
	for (i = 0; i < 1u << order; i++) {
		u64 pa = (u64)(pfn + i) << PAGE_SHIFT;

		check(in(ram, 4, pa, pa + PAGE_SIZE, true), "frames lie in RAM");
		check(!in(reserved, 4, pa, pa + PAGE_SIZE, false), "frames are not reserved");
		check((u8 *)page_kva(pg + i) + PAGE_SIZE <= (u8 *)pages ||
			      (u8 *)page_kva(pg + i) >= (u8 *)(pages + npages),
		      "frames are not the page array's");
		check((owner[pfn + i] == 0) == (who != 0), "a frame has one owner");
		owner[pfn + i] = who;
	}
}

static void test_init(void)
{
	struct page_stats st;

	host_ram = aligned_alloc(PAGE_SIZE, RAM_BYTES);
	memset(host_ram, 0x5a, RAM_BYTES);
	page_init(ram, 4, reserved, 4);
	page_stats(&st);
	check(st.ps_free == st.ps_total, "all is free at the start");
	check(npages == (RAM_BYTES - 0x2000) >> PAGE_SHIFT, "npages is the end of RAM");
	check(pages[0].pg_flags == PG_RESERVED, "holes are marked");
	printf("ok page_init\n");
}

static void test_frames(void)
{
	enum { N = 4000 };
	static struct page *pg[N];
	static u32 order[N];
	u32 step, all = nfree(), held = 0;

	for (step = 0; step < 200000; step++) {
		u32 i = rnd(N);

		if (pg[i]) {
			own(pg[i], order[i], 0);
			held -= 1u << order[i];
			if (order[i] == 0 && rnd(2)) {
				page_get(pg[i]);
				page_put(pg[i]);
				page_put(pg[i]);
			} else {
				page_free_order(pg[i], order[i]);
			}
			pg[i] = NULL;
		} else {
			u32 o = rnd(4) ? 0 : rnd(MAX_ORDER + 1);

			order[i] = o;
			pg[i] = page_alloc_order(o, (rnd(2) ? PGA_RESERVE : 0) | (o == 0 ? PGA_ZERO : 0));
			if (!pg[i])
				continue;
			check(pg[i]->pg_ref == 1 && !pg[i]->pg_flags, "a new frame has one reference");
			check(o || !((u32 *)page_kva(pg[i]))[rnd(1024)], "PGA_ZERO gives zeros");
			memset(page_kva(pg[i]), 0xee, PAGE_SIZE);
			own(pg[i], o, 1);
			held += 1u << o;
		}
		if (step % 64 == 0)
			check(nfree() == all - held, "page_stats is exact");
	}
	for (step = 0; step < N; step++)
		if (pg[step]) {
			own(pg[step], order[step], 0);
			page_free_order(pg[step], order[step]);
		}
	check(nfree() == all, "all frames come back");
	printf("ok frames\n");
}

/* Blocks must join again completely: as many 4 MiB blocks as at the start. */
/* No code is left in a frame that others get. */
static void test_text(void)
{
	struct page *pg = page_alloc(0);
	u8 *at = page_kva(pg);

	memset(at, 0xc3, PAGE_SIZE);
	pg->pg_flags |= PG_TEXT;
	page_get(pg);
	page_put(pg);
	check(at[0] == 0xc3 && at[PAGE_SIZE - 1] == 0xc3, "text that is in use stays");
	page_put(pg);
	check(!memchr(at, 0xc3, PAGE_SIZE), "text is overwritten");
	pg = page_alloc(0);
	check(!(pg->pg_flags & PG_TEXT), "a frame begins without text");
	page_put(pg);
	printf("ok text\n");
}

static void test_joining(void)
{
	struct page *pg[16], *one[6000];
	u32 n = 0, m, k = 0;

	while ((pg[n] = page_alloc_order(MAX_ORDER, PGA_RESERVE | PGA_NOWAIT)) != NULL)
		n++;
	for (m = 0; m < n; m++)
		page_free_order(pg[m], MAX_ORDER);
	while ((one[k] = page_alloc(PGA_RESERVE | PGA_NOWAIT)) != NULL)
		k++;
	check(nfree() == 0, "PGA_RESERVE gets the last frame");
	while (k-- > 0)
		page_put(one[k]);
	for (m = 0; (pg[m] = page_alloc_order(MAX_ORDER, PGA_RESERVE | PGA_NOWAIT)) != NULL; m++)
		;
	check(m == n && n > 0, "blocks join completely");
	while (m-- > 0)
		page_free_order(pg[m], MAX_ORDER);
	printf("ok joining\n");
}

static struct page *hoard[6000];
static u32 nhoard, nreclaim;

static u32 give_hoard(u32 want)
{
	u32 n = 0;

	nreclaim++;
	check(page_alloc(0) == NULL, "an allocation inside a reclaimer does not reclaim");
	while (nhoard > 0 && n < want) {
		page_put(hoard[--nhoard]);
		n++;
	}
	return n;
}

static void test_reclaim(void)
{
	static struct reclaimer rc = { .rc_name = "hoard", .rc_fn = give_hoard };
	struct page *pg;
	u32 left;

	while ((hoard[nhoard] = page_alloc(PGA_NOWAIT)) != NULL)
		nhoard++;
	left = nfree();
	check(left > 0, "a reserve is kept");
	reclaimer_register(&rc);
	check(page_alloc(PGA_NOWAIT) == NULL && nreclaim == 0, "PGA_NOWAIT does not reclaim");
	pg = page_alloc(0);
	check(pg && nreclaim > 0, "shortage reclaims");
	if (pg)
		page_put(pg);
	while (nhoard > 0)
		page_put(hoard[--nhoard]);
	list_remove(&rc.rc_link);
	printf("ok reclaim\n");
}

static u32 live_of(const char *name);
static const char *asked_name;
static u32 asked_live;

static void ask(const char *name, u32 live, size_t size, u32 nframes, void *arg)
{
	(void)size;
	(void)nframes;
	(void)arg;
	if (!strcmp(name, asked_name))
		asked_live = live;
}

static u32 live_of(const char *name)
{
	asked_name = name;
	asked_live = ~0u;
	kmem_stats(ask, NULL);
	return asked_live;
}

struct obj {
	u8 *p;
	u32 size;
	u8 fill;
	struct kmem_cache *kc;
};

static void test_kmalloc(void)
{
	enum { N = 1500 };
	static struct obj o[N];
	struct kmem_cache *kc[4];
	u32 step, i, k, all = nfree(), n100 = 0;

	kc[0] = kmem_cache_create("t-100", 100, 0);
	kc[1] = kmem_cache_create("t-3000", 3000, 64);
	kc[2] = kmem_cache_create("t-stack", 8192, 8192);
	kc[3] = kmem_cache_create("t-1", 1, 0);
	for (step = 0; step < 200000; step++) {
		struct obj *x = &o[rnd(N)];

		if (x->p) {
			for (k = 0; k < x->size; k += 1 + x->size / 16)
				check(x->p[k] == x->fill, "objects do not overlap");
			if (x->kc) {
				n100 -= x->kc == kc[0];
				kmem_free(x->kc, x->p);
			} else {
				kfree(x->p);
			}
			x->p = NULL;
			continue;
		}
		x->kc = rnd(3) ? NULL : kc[rnd(4)];
		if (x->kc) {
			x->size = x->kc->kc_size;
			x->p = kmem_alloc(x->kc, KM_NOWAIT);
			n100 += x->p && x->kc == kc[0];
		} else {
			x->size = rnd(10) ? rnd(2049) : rnd(40000);
			x->p = kmalloc(x->size, KM_NOWAIT | KM_ZERO);
			for (k = 0; x->p && k < x->size; k++)
				check(x->p[k] == 0, "KM_ZERO gives zeros");
			check(x->size < PAGE_SIZE || ((uintptr_t)x->p & PAGE_MASK) == 0,
			      "large objects are page-aligned");
		}
		check(((uintptr_t)x->p & 7) == 0, "objects are aligned");
		check(x->kc != kc[2] || !x->p || ((x->p - host_ram) & 8191) == 0, "as asked for");
		x->fill = (u8)rnd(256);
		if (x->p)
			memset(x->p, x->fill, x->size);
		if (step % 1024 == 0)
			check(live_of("t-100") == n100, "live counts are exact");
	}
	for (i = 0; i < N; i++)
		kfree(o[i].p);
	kmem_trim();
	check(live_of("t-100") == 0 && live_of("kmalloc-large") == 0, "nothing is left");
	check(nfree() == all, "kmem_trim gives all frames back");
	check(kmalloc(LARGE_MAX + 1, 0) == NULL && kmalloc(~(size_t)0, 0) == NULL, "too much is refused");
	kfree(NULL);
	printf("ok kmalloc\n");
}

/* Runs stmt, which must panic with a text that holds `expect`. */
#define MUST_PANIC(stmt, expect)                                             \
	do {                                                                 \
		panic_text[0] = 0;                                           \
		if (!setjmp(panicked)) {                                     \
			stmt;                                                \
		}                                                            \
		check(strstr(panic_text, expect) != NULL, "panic: " expect); \
	} while (0)

static void test_misuse(void)
{
	struct kmem_cache *kc = kmem_cache_create("t-misuse", 40, 0);
	struct kmem_cache *stack = kmem_cache_create("t-noguard", 8192, 8192);
	u8 *volatile p, *volatile q;
	struct page *volatile pg;

	p = kmem_alloc(kc, 0);
	q = kmem_alloc(kc, 0);
	kmem_free(kc, p);
	MUST_PANIC(kmem_free(kc, p), "double free of t-misuse");
	p[20] = 1;
	MUST_PANIC(p = kmem_alloc(kc, 0), "use after free of t-misuse");
	q[40] = 0;
	MUST_PANIC(kmem_free(kc, q), "written beyond its end");
	p = kmalloc(21, 0);
	p[21] = 0;
	MUST_PANIC(kfree(p), "kmalloc-32 of 21 bytes");
	p = kmalloc(21, 0);
	MUST_PANIC(kmem_free(kc, p), "found");
	MUST_PANIC(kfree(p + 8), "expected one of its objects");
	p = kmem_alloc(stack, 0);
	q = kmem_alloc(stack, 0);
	kmem_free(stack, p);
	if (!setjmp(panicked)) {
		panic_text[0] = 0;
		kmem_free(stack, p);
	}
	check(strstr(panic_text, "double free") || strstr(panic_text, "expected one"), "panic: double free");
	pg = page_alloc(0);
	page_put(pg);
	MUST_PANIC(page_put(pg), "found it free");
	printf("ok misuse\n");
}

int main(void)
{
	test_init();
	test_frames();
	test_text();
	test_joining();
	test_reclaim();
	kmem_init();
	test_kmalloc();
	test_misuse();
	return failures != 0;
}
