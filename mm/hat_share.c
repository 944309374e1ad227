/* SPDX-License-Identifier: MIT */
/*
 * Page tables that several hats have in common: what a fork, or a forked checkpoint, copies of large private memory.
 *
 * hat_dup() gives the copy the table itself and takes W from both directory entries: nothing in the 4 MiB can be written then,
 * whatever the PTEs say. The entries of a table that is shared are nobody's to change but for A. So the table's frame has a
 * reference for each hat (and each walk, hat_foreach), and each page has one for all of them, the table's. Whoever has to change
 * an entry gets a table of his own first (hat_own): a copy, or, when all others have gone, this one.
 *
 *	   hat 1 (W taken)  ---.                        hat 1 (W)        --->  copy   ---.
 *	                        >--> table ---> pages                                     >--> pages, read-only in both
 *	   hat 2 (W taken)  ---'                        hat 2 (W taken)  --->  table  ---'
 *
 * The copy's entries have no W, as after any fork. Those of the table keep theirs, as long as it cannot be written anyway; who
 * takes it looks at them then, for its pages may be in a copy, or held for I/O by one who has gone.
 *
 * Only tables that one seg of private anonymous memory fills are shared (hat_dup's caller says which memory that is), and a
 * seg is not cut within one (hat_cut): so what must not fail, dropping pages of files and whole segs, never needs a copy.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/hat_impl.h"

static u32 table_refs(const struct page *table)
{
	return __atomic_load_n(&table->pg_ref, __ATOMIC_ACQUIRE);
}

/* All of `from`, which is shared, into `to`, which nobody knows yet. */
static void copy_table(const struct page *from, struct page *to)
{
	const u32 *s = page_kva(from);
	u32 *d = page_kva(to);

	for (u32 i = 0; i < NPTE; i++) {
		u32 pte = __atomic_load_n(&s[i], __ATOMIC_RELAXED);

		if (pte) {
			page_get(pte_page(pte));
			/* A CPU that used the old table may remember the entry, though A is set there only later. */
			pte = (pte & ~PTE_W) | (pte & PTE_P ? PTE_A : 0);
		}
		d[i] = pte;
	}
	to->pg_private = from->pg_private;
}

/* The table at va is h's alone by now. h_lock held. */
static void take_table(struct hat *h, u32 va)
{
	u32 *t = hat_table(h, va);

	for (u32 i = 0; i < NPTE; i++) {
		if ((t[i] & PTE_W) && !pte_sole_owner(t[i]))
			__atomic_and_fetch(&t[i], ~PTE_W, __ATOMIC_RELAXED);
	}
	__atomic_or_fetch(&h->h_pgdir[PDX(va)], PTE_W, __ATOMIC_RELAXED);
}

/* True: nothing, or nothing more, is to be done. */
static bool take_if_alone(struct hat *h, u32 va)
{
	bool shared;

	spin_lock(&h->h_lock);
	shared = hat_shared(h, va);
	if (shared && table_refs(pte_page(h->h_pgdir[PDX(va)])) == 1) {
		take_table(h, va);
		shared = false;
	}
	spin_unlock(&h->h_lock);
	return !shared;
}

static int own_table(struct hat *h, u32 va)
{
	struct page *copy, *old = NULL;

	if (take_if_alone(h, va))
		return 0;
	copy = page_alloc(0);
	if (!copy)
		return -ENOMEM;
	spin_lock(&h->h_lock);
	if (hat_shared(h, va)) {
		old = pte_page(h->h_pgdir[PDX(va)]);
		copy_table(old, copy);
		h->h_pgdir[PDX(va)] = page_pa(copy) | TABLE_PDE;
	}
	spin_unlock(&h->h_lock);
	if (!old) {
		page_put(copy); /* another lwp was here first */
		return 0;
	}
	/* The translations that a TLB holds are good still; a directory entry that a CPU remembers is not: one invlpg forgets it. */
	hat_invalidate(h, &va, 1);
	table_put(old);
	return 0;
}

int hat_own(struct hat *h, u32 va, u32 len)
{
	u32 end = va + len;
	int error = 0;

	for (; va < end && !error; va = table_end(va, end))
		if (hat_shared(h, va))
			error = own_table(h, va);
	return error;
}

int hat_cut(struct hat *h, u32 va)
{
	return va & (TABLE_SPAN - 1) ? hat_own(h, va, PAGE_SIZE) : 0;
}

bool share_table(struct hat *dst, struct hat *src, u32 va)
{
	u32 *pde = &src->h_pgdir[PDX(va)];
	struct page *table = pte_page(*pde);
	bool was = *pde & PTE_W;

	ASSERT(!dst->h_pgdir[PDX(va)]);
	page_get(table);
	dst->h_pgdir[PDX(va)] = __atomic_and_fetch(pde, ~PTE_W, __ATOMIC_RELAXED);
	dst->h_ntables++;
	dst->h_resident += table->pg_private;
	return was;
}

struct page *table_get(struct hat *h, u32 va)
{
	struct page *table = NULL;

	spin_lock(&h->h_lock);
	if (h->h_pgdir[PDX(va)] & PTE_P) {
		table = pte_page(h->h_pgdir[PDX(va)]);
		page_get(table);
	}
	spin_unlock(&h->h_lock);
	return table;
}

void table_put(struct page *table)
{
	u32 *t = page_kva(table);

	if (__atomic_sub_fetch(&table->pg_ref, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (u32 i = 0; i < NPTE && table->pg_private; i++) {
		if (t[i]) {
			page_put(pte_page(t[i]));
			table->pg_private--;
		}
	}
	table->pg_ref = 1;
	page_put(table);
}
