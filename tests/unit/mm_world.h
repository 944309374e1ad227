/* SPDX-License-Identifier: MIT */
/*
 * The world that the address-space tests run in. Real: the frame allocator, the slabs, hat*.c, as*.c, seg*.c. Played: files (arrays of
 * pages with a size), the CPU (tables, small ones, and a TLB that forgets only what it is told to), locks (they check who holds
 * what).
 */
#define DEBUG 1
#define NPTE 16u
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "mm/page.c"
#undef FC_MAX
#define caches kmem_caches
#include "mm/kmalloc.c"
#undef caches
#include "mm/hat.c"
#include "mm/hat_gather.c"
#include "mm/hat_range.c"
#include "mm/hat_share.c"
#include "kernel/lib/tree.c"
#include "mm/as.c"
#include "mm/as_find.c"
#include "mm/as_lock.c"
#include "mm/as_map.c"
#include "mm/as_page.c"
#include "mm/as_remap.c"
#include "mm/seg_vnode.c"
#include "mm/segvn.c"

#define RAM_BYTES (16u << 20)
#define WIN 0x10000000u /* the programs' pages: all that the tests touch but the stack */
#define NP 96u
#define STK 16u /* pages that the stack may have */
#define NALL (NP + STK)
#define NSPACE 3u
#define NFILE 3u
#define FPAGES 24u

u8 *host_ram;
static u32 step;

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\nFAIL panic in step %u\n", step);
	fflush(stdout);
	abort();
}

#define CHECK(c)                                                                   \
	do {                                                                       \
		if (!(c)) {                                                        \
			printf("FAIL step %u, line %d: %s\n", step, __LINE__, #c); \
			fflush(stdout);                                            \
			abort();                                                   \
		}                                                                  \
	} while (0)

static u32 seed;

static u32 rnd(u32 n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* --- played: memory and locks --- */

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

void page_copy(void *dst, const void *src)
{
	memcpy(dst, src, PAGE_SIZE);
}

static u32 nlocks; /* as locks held: a fault or a release of a vnode inside one is a mistake */

void rw_init(struct rwlock *rw, const char *name, enum lock_rank rank)
{
	(void)name;
	(void)rank;
	rw->rw_count = 0;
}
void rw_read_lock(struct rwlock *rw)
{
	CHECK(rw->rw_count == 0);
	rw->rw_count = 1;
	nlocks++;
}
void rw_read_unlock(struct rwlock *rw)
{
	CHECK(rw->rw_count == 1);
	rw->rw_count = 0;
	nlocks--;
}
void rw_write_lock(struct rwlock *rw)
{
	CHECK(rw->rw_count == 0);
	rw->rw_count = -1;
	nlocks++;
}
void rw_write_unlock(struct rwlock *rw)
{
	CHECK(rw->rw_count == -1);
	rw->rw_count = 0;
	nlocks--;
}
bool rw_write_held(const struct rwlock *rw)
{
	return rw->rw_count == -1;
}
bool rw_any_held(const struct rwlock *rw)
{
	return rw->rw_count != 0;
}
void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	(void)m;
	(void)name;
	(void)rank;
}
void mutex_lock(struct mutex *m)
{
	(void)m;
}
void mutex_unlock(struct mutex *m)
{
	(void)m;
}

static struct seg *find_seg(struct as *as, u32 va)
{
	struct seg *s;

	rw_read_lock(&as->a_lock);
	s = as_findseg(as, va);
	rw_read_unlock(&as->a_lock);
	return s;
}

/* --- played: the CPU --- */

/* What the TLB of the CPU holds of each space: the PTE it walked, 0: nothing. */
struct tlb {
	struct hat *hat;
	u32 pte[NALL];
};
static struct tlb tlbs[NSPACE];

static void load(u32 space, struct hat *h)
{
	h->h_cpus = 1;
	tlbs[space].hat = h;
	memset(tlbs[space].pte, 0, sizeof(tlbs[space].pte));
}

static u32 page_no(u32 va)
{
	return va >= STACK_TOP - STK * PAGE_SIZE ? NP + ((va - (STACK_TOP - STK * PAGE_SIZE)) >> PAGE_SHIFT)
						 : (va - WIN) >> PAGE_SHIFT;
}

static u32 page_va(u32 n)
{
	return n >= NP ? STACK_TOP - (NALL - n) * PAGE_SIZE : WIN + n * PAGE_SIZE;
}

static struct tlb *tlb_of(const struct hat *h)
{
	u32 i;

	for (i = 0; i < NSPACE; i++)
		if (tlbs[i].hat == h)
			return &tlbs[i];
	return NULL;
}

void hat_invalidate(struct hat *h, const u32 *va, u32 n)
{
	struct tlb *t = tlb_of(h);
	u32 i;

	CHECK(!h->h_lock.sl_held);
	if (!t)
		return;
	if (n > GATHER_VA)
		memset(t->pte, 0, sizeof(t->pte));
	for (i = 0; i < n && n <= GATHER_VA; i++)
		if (page_no(va[i]) < NALL)
			t->pte[page_no(va[i])] = 0;
}

void hat_shoot(u32 cpus)
{
	u32 i;

	for (i = 0; cpus && i < NSPACE; i++)
		memset(tlbs[i].pte, 0, sizeof(tlbs[i].pte));
}

#define PGDIR_ORDER 6u /* so small tables are many */
_Static_assert(PAGE_SIZE << PGDIR_ORDER >= PDX(KERNEL_BASE) * sizeof(u32), "a directory of all tables");

int hat_create(struct hat *h)
{
	struct page *pg = page_alloc_order(PGDIR_ORDER, 0);

	if (!pg)
		return -ENOMEM;
	memset(h, 0, sizeof(*h));
	memset(page_kva(pg), 0, PAGE_SIZE << PGDIR_ORDER);
	h->h_pgdir = page_kva(pg);
	return 0;
}

void hat_leave(struct hat *h)
{
	h->h_cpus = 0;
}

void hat_destroy(struct hat *h)
{
	u32 i;

	CHECK(h->h_resident == 0);
	for (i = 0; i < PDX(KERNEL_BASE); i++)
		if (h->h_pgdir[i]) {
			table_put(pte_page(h->h_pgdir[i]));
			h->h_ntables--;
		}
	CHECK(h->h_ntables == 0);
	page_free_order(kva_page(h->h_pgdir), PGDIR_ORDER);
}

/* No TLB entry allows what its PTE does not. */
static void check_tlbs(void)
{
	u32 i, n;

	for (i = 0; i < NSPACE; i++)
		for (n = 0; tlbs[i].hat && n < NALL; n++) {
			u32 had = tlbs[i].pte[n], pte = had ? hat_probe(tlbs[i].hat, page_va(n)) : 0;

			CHECK(!had || ((pte & PTE_P) && !((had ^ pte) & PTE_FRAME) &&
				       !(had & ~pte & (PTE_W | PTE_D))));
		}
}

/* The program's access: through the TLB, else by a walk that sets A and D. NULL: fault. */
static u8 *cpu_access(struct as *as, u32 va, bool write)
{
	u32 pte, *t, need = PTE_P | (write ? PTE_W | PTE_D : 0);
	struct tlb *tlb = tlb_of(&as->a_hat);
	u32 *had = &tlb->pte[page_no(va)];

	if ((*had & need) != need) {
		pte = hat_probe(&as->a_hat, va);
		if (!(pte & PTE_P) || (write && !(pte & PTE_W)))
			return NULL;
		t = hat_table(&as->a_hat, va);
		t[PTX(va)] |= PTE_A | (write ? PTE_D : 0);
		*had = hat_probe(&as->a_hat, va);
	}
	return page_kva(pte_page(*had));
}

/* --- played: rights --- */

bool as_lock_unlimited(void)
{
	return false;
}

/* --- played: files --- */

struct vnode {
	u32 v_ref, v_nwrite;
	u32 v_npages; /* its size */
	struct vsegs v_segs;
	struct page *v_page[FPAGES];
	bool v_dirty[FPAGES];	/* the cache knows that the page was written */
	bool v_written[FPAGES]; /* it was */
};
static struct vnode files[NFILE];
static bool disk_full, disk_busy; /* busy: nothing more before vm_commit() */

static void vm_hold(struct vnode *vp)
{
	vp->v_ref++;
}
static void vm_rele(struct vnode *vp)
{
	CHECK(vp->v_ref > 1 || nlocks == 0);
	vp->v_ref--;
}
static bool vm_current(struct vnode *vp, u32 idx, const struct page *pg)
{
	return idx < vp->v_npages && pg->pg_vnode == vp && pg->pg_index == idx;
}
static int vm_getpage(struct vnode *vp, u32 idx, struct page **pgp)
{
	if (idx >= vp->v_npages)
		return -ERANGE;
	if (!vp->v_page[idx]) {
		struct page *pg = page_alloc(PGA_ZERO);

		if (!pg)
			return -ENOMEM;
		pg->pg_vnode = vp;
		pg->pg_index = idx;
		vp->v_page[idx] = pg;
	}
	*pgp = vp->v_page[idx];
	page_get(*pgp);
	return 0;
}
static void vm_lookup(struct vnode *vp, u32 idx, u32 n, struct page **pg)
{
	u32 i;

	for (i = 0; i < n; i++) {
		pg[i] = idx + i < vp->v_npages ? vp->v_page[idx + i] : NULL;
		if (pg[i])
			page_get(pg[i]);
	}
}
static int vm_mkwrite(struct vnode *vp, struct page *pg)
{
	CHECK(pg->pg_vnode == vp);
	if (disk_full)
		return -ENOSPC;
	if (disk_busy)
		return -EBUSY;
	vp->v_dirty[pg->pg_index] = true;
	return 0;
}
static void vm_commit(struct vnode *vp)
{
	CHECK(vp->v_ref > 1 && nlocks == 0);
	disk_busy = false;
}
static void vm_dirty(struct page *pg)
{
	if (pg->pg_vnode)
		pg->pg_vnode->v_dirty[pg->pg_index] = true;
}
static int vm_sync(struct vnode *vp, u32 from, u32 to, bool wait, bool medium)
{
	u32 i;

	(void)wait;
	(void)medium;
	seg_vnode_harvest(vp, from, to - 1);
	for (i = from; i < MIN(to, vp->v_npages); i++) {
		CHECK(vp->v_dirty[i] || !vp->v_written[i]);
		vp->v_dirty[i] = vp->v_written[i] = false;
	}
	return 0;
}
static struct vsegs *vm_segs(struct vnode *vp)
{
	return &vp->v_segs;
}
static void vm_writemap(struct vnode *vp, int delta)
{
	vp->v_nwrite += (u32)delta;
}
static const struct vnode_mm_ops file_ops = {
	vm_hold,  vm_rele, vm_getpage, vm_lookup,   vm_current, vm_mkwrite, vm_commit,
	vm_dirty, vm_sync, vm_segs,    vm_writemap, NULL,	NULL,	    NULL,
};

static u8 *file_byte(struct vnode *vp, u32 idx)
{
	struct page *pg;

	CHECK(vm_getpage(vp, idx, &pg) == 0);
	page_put(pg);
	return page_kva(pg);
}
