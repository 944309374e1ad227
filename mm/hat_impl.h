/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the hat layer: finding and reading PTEs, shared page
 * tables, gathering invalidations.
 */
#ifndef MM_HAT_IMPL_H
#define MM_HAT_IMPL_H

#include "kernel/lib/panic.h"
#include "mm/hat.h"

#define TABLE_SPAN HAT_TABLE_SPAN
#define PDX(va) ((va) / TABLE_SPAN)
#define PTX(va) (((va) >> PAGE_SHIFT) & (NPTE - 1))

#define PTE_THERE (PTE_P | PTE_SW_NONE)
/* of a table that is not shared */
#define TABLE_PDE (PTE_P | PTE_W | PTE_U | PTE_A)

static inline struct page *pte_page(u32 pte)
{
	return pa_page(pte & PTE_FRAME);
}

static inline u32 *hat_table(const struct hat *h, u32 va)
{
	u32 pde = h->h_pgdir[PDX(va)];

	return pde & PTE_P ? page_kva(pte_page(pde)) : NULL;
}

/*
 * The table of va if it is h's own; else NULL. For functions that change
 * entries.
 */
static inline u32 *hat_own_table(const struct hat *h, u32 va)
{
	ASSERT(!hat_shared(h, va));
	return hat_table(h, va);
}

/*
 * Counts n more entries in h's own table t, in pg_private of the table's frame.
 * h_lock held.
 */
static inline void count_entries(struct hat *h, u32 *t, int n)
{
	ASSERT(spin_held(&h->h_lock));
	h->h_resident += (u32)n;
	kva_page(t)->pg_private += (u32)n;
}

/*
 * Shares va's table, which one seg fills, with dst, which has no table there.
 * Returns: whether src's TLBs must forget that the pages were writable.
 * Locks: h_lock of both.
 */
bool share_table(struct hat *dst, struct hat *src, u32 va);
/*
 * va's table with a reference, so that it stays unchanged while the caller
 * reads it; NULL: none.
 */
struct page *table_get(struct hat *h, u32 va);
/* Drops a reference. The last one puts the pages of the entries too. */
void table_put(struct page *table);

/*
 * Is it the PTE of a private page that no other PTE refers to? The table must
 * be h's own. h_lock held.
 */
static inline bool pte_sole_owner(u32 pte)
{
	struct page *pg = pte_page(pte);

	ASSERT(spin_rank_held(LR_HAT));
	return pg->pg_ref == 1 && !pg->pg_vnode;
}

/*
 * Changes a live PTE. Other CPUs set A and D in it at any time, so only these
 * functions change it.
 */
static inline u32 pte_swap(u32 *pte, u32 val)
{
	return __atomic_exchange_n(pte, val, __ATOMIC_RELAXED);
}
static inline bool pte_cas(u32 *pte, u32 old, u32 val)
{
	return __atomic_compare_exchange_n(pte, &old, val, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* The end of the part of [va, end) that va's page table maps. */
static inline u32 table_end(u32 va, u32 end)
{
	return MIN(end, (va & ~(TABLE_SPAN - 1)) + TABLE_SPAN);
}

/*
 * Invalidations of one hat, collected and done together, and the pages that may
 * be released only after them. Each page may carry a mark: dirty, or a page
 * table.
 */
/* Beyond so many, reloading CR3 is cheaper than one invlpg for each. */
#define GATHER_VA 48u
#define GATHER_PAGES 32u
#define GATHER_DIRTY 1u
#define GATHER_TABLE 2u

struct tlb_gather {
	struct hat *tg_hat;
	void (*tg_dirty)(struct page *pg);
	u32 tg_nva; /* GATHER_VA + 1: all */
	u32 tg_npages, tg_max;
	/* struct page *, marks in the low bits: in tg_inline or a frame */
	uintptr_t *tg_page;
	struct page *tg_frame;
	u32 tg_va[GATHER_VA];
	uintptr_t tg_inline[GATHER_PAGES];
};

void gather_init(struct tlb_gather *tg, struct hat *h, u32 len, void (*dirty_fn)(struct page *pg));
static inline void gather_va(struct tlb_gather *tg, u32 va)
{
	if (tg->tg_nva < GATHER_VA)
		tg->tg_va[tg->tg_nva] = va;
	if (tg->tg_nva <= GATHER_VA)
		tg->tg_nva++;
}
static inline void gather_all(struct tlb_gather *tg)
{
	tg->tg_nva = GATHER_VA + 1;
}
static inline bool gather_full(const struct tlb_gather *tg)
{
	return tg->tg_npages == tg->tg_max;
}
static inline void gather_page(struct tlb_gather *tg, struct page *pg, u32 mark)
{
	tg->tg_page[tg->tg_npages++] = (uintptr_t)pg | mark;
}
/*
 * Invalidates, then puts the pages. The gathering may go on afterwards. Shoots;
 * h_lock not held.
 */
void gather_flush(struct tlb_gather *tg);
/* gather_flush(), and the end of the gathering. */
void gather_done(struct tlb_gather *tg);

/*
 * Invalidates n pages of h (n > GATHER_VA: all) on every CPU that has it
 * loaded. Shoots.
 */
void hat_invalidate(struct hat *h, const u32 *va, u32 n);

#endif
