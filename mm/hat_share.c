/* SPDX-License-Identifier: MIT */
/*
 * Shared page tables: how a fork, or a forked checkpoint, copies large private
 * memory.
 *
 * hat_dup() gives the copy the table itself, and takes W from both directory
 * entries: so no page in the 4 MiB can be written, whatever the PTEs say. No
 * hat changes the entries of a shared table; only the MMU sets A. The table's
 * frame has one reference for each hat, and for each walk (hat_foreach). Each
 * page has one reference for all these hats, the table's. A hat that has to
 * change an entry gets its own table first (hat_own): a copy, or this table if
 * no other hat has it any more.
 *
 *    hat 1 (W taken)  ---.
 *                         >--> table ---> pages
 *    hat 2 (W taken)  ---'
 *
 * after hat 1 has written:
 *
 *    hat 1 (W)        --->  copy   ---.
 *                                      >--> pages, read-only in both
 *    hat 2 (W taken)  --->  table  ---'
 *
 * The copy's entries have no W, as after any fork. The table's entries keep W
 * while the directory entry forbids writing. The last hat, when it takes the
 * table over, checks each: the page may be in a copy, or held for I/O of a
 * process that has exited.
 *
 * Only tables that one seg of private anonymous memory fills are shared
 * (hat_dup's caller says which memory that is). A seg is not cut within a
 * shared table (hat_cut). So operations that must not fail, dropping pages of
 * files and whole segs, never need a copy.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/hat_impl.h"

static u32 table_refs(const struct page *table)
{
	return __atomic_load_n(&table->pg_ref, __ATOMIC_ACQUIRE);
}

/* Copies all of `from`, which is shared, to `to`, which no hat has yet. */
static void copy_table(const struct page *from, struct page *to)
{
	const u32 *s = page_kva(from);
	u32 *d = page_kva(to);

	for (u32 i = 0; i < NPTE; i++) {
		u32 pte = __atomic_load_n(&s[i], __ATOMIC_RELAXED);

		if (pte) {
			page_get(pte_page(pte));
			/*
			 * A CPU that used the old table may cache the entry,
			 * though A is set there only later.
			 */
			pte = (pte & ~PTE_W) | (pte & PTE_P ? PTE_A : 0);
		}
		d[i] = pte;
	}
	to->pg_private = from->pg_private;
}

/* Takes over the table at va, which no other hat has any more. h_lock held. */
static void take_table(struct hat *h, u32 va)
{
	u32 *t = hat_table(h, va);

	ASSERT(spin_held(&h->h_lock));
	for (u32 i = 0; i < NPTE; i++) {
		if ((t[i] & PTE_W) && !pte_sole_owner(t[i]))
			__atomic_and_fetch(&t[i], ~PTE_W, __ATOMIC_RELAXED);
	}
	__atomic_or_fetch(&h->h_pgdir[PDX(va)], PTE_W, __ATOMIC_RELAXED);
}

/*
 * Takes the table over if no other hat has it. Returns: true: nothing is left
 * to do.
 */
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
		page_put(copy); /* another lwp was first */
		return 0;
	}
	/*
	 * The TLB's translations stay valid, but a cached directory entry does
	 * not: one invlpg forgets it.
	 */
	hat_invalidate(h, &va, 1);
	table_put(old);
	return 0;
}

int hat_own(struct hat *h, u32 va, u32 len)
{
	u32 end = va + len;
	int error = 0;

	assert_may_sleep("hat_own");
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

	ASSERT(spin_held(&dst->h_lock) && spin_held(&src->h_lock));
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
