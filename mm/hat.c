/* SPDX-License-Identifier: MIT */
/*
 * Translations of one hat: entering, looking up, dropping, changing protection.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/hat_impl.h"

static u32 make_pte(const struct page *pg, u32 flags)
{
	u32 pte = page_pa(pg) | PTE_U | (flags & HAT_DIRTY ? PTE_D : 0);

	if (flags & HAT_NONE)
		return pte | PTE_SW_NONE;
	/* It will be used at once: with A set, the MMU need not set it. */
	return pte | PTE_P | PTE_A | (flags & HAT_WRITE ? PTE_W : 0);
}

/*
 * Gives h a page table of its own for va if it has none.
 * Errors: -ENOMEM
 * Locks: h_lock not held.
 * Sleeps: yes. Shoots.
 */
static int make_table(struct hat *h, u32 va)
{
	struct page *pg;

	assert_may_sleep("make_table");
	if (hat_table(h, va))
		return hat_shared(h, va) ? hat_own(h, va, PAGE_SIZE) : 0;
	pg = page_alloc(PGA_ZERO);
	if (!pg)
		return -ENOMEM;
	spin_lock(&h->h_lock);
	if (!hat_table(h, va)) {
		h->h_pgdir[PDX(va)] = page_pa(pg) | TABLE_PDE;
		h->h_ntables++;
		pg = NULL;
	}
	spin_unlock(&h->h_lock);
	if (pg)
		page_put(pg);
	return 0;
}

int hat_reserve(struct hat *h, u32 va, u32 len)
{
	u32 end = va + len;
	int error = 0;

	assert_may_sleep("hat_reserve");
	for (; va < end && !error; va = table_end(va, end))
		error = make_table(h, va);
	return error;
}

static bool same_pte(u32 a, u32 b)
{
	return ((a ^ b) & ~(PTE_A | PTE_D)) == 0;
}

/*
 * Might a TLB hold a right of `old` that `now` does not give? A new right needs
 * no invalidation: a CPU that does not know it yet faults, and walks the tables
 * again.
 */
static bool keeps_stale(u32 old, u32 now)
{
	if (!(old & PTE_P) || !(old & PTE_A))
		return false;
	return ((old ^ now) & PTE_FRAME) || (old & ~now & (PTE_P | PTE_W));
}

static int hat_enter_pte(struct hat *h, u32 va, struct page *pg, u32 flags, bool only_if, u32 expect)
{
	u32 *pte, old, now = make_pte(pg, flags);
	int error;

	ASSERT(va < USER_MAX && (va & PAGE_MASK) == 0);
	error = make_table(h, va);
	if (error)
		return error;
	spin_lock(&h->h_lock);
	pte = hat_own_table(h, va) + PTX(va);
	if (only_if && !same_pte(*pte, expect)) {
		spin_unlock(&h->h_lock);
		return -EAGAIN;
	}
	old = pte_swap(pte, now);
	if (!(old & PTE_THERE))
		count_entries(h, pte - PTX(va), 1);
	else if ((old & PTE_FRAME) == (now & PTE_FRAME) && (old & PTE_D))
		__atomic_or_fetch(pte, PTE_D, __ATOMIC_RELAXED);
	spin_unlock(&h->h_lock);
	if (old & PTE_THERE) {
		if (keeps_stale(old, now))
			hat_invalidate(h, &va, 1);
		page_put(pte_page(old));
	}
	return 0;
}

int hat_enter(struct hat *h, u32 va, struct page *pg, u32 flags)
{
	return hat_enter_pte(h, va, pg, flags, false, 0);
}

int hat_enter_if(struct hat *h, u32 va, u32 expect, struct page *pg, u32 flags)
{
	return hat_enter_pte(h, va, pg, flags, true, expect);
}

u32 hat_enter_around(struct hat *h, u32 va, struct page *const *pg, u32 n)
{
	u32 i, entered = 0, *t;

	ASSERT(n <= 32 && PTX(va) + n <= NPTE);
	spin_lock(&h->h_lock);
	t = hat_own_table(h, va);
	for (i = 0; t && i < n; i++) {
		if (!pg[i] || t[PTX(va) + i])
			continue;
		t[PTX(va) + i] = page_pa(pg[i]) | PTE_U | PTE_P;
		count_entries(h, t, 1);
		entered |= 1u << i;
	}
	spin_unlock(&h->h_lock);
	return entered;
}

bool hat_grant_write(struct hat *h, u32 va, u32 expect)
{
	bool granted = false;
	u32 *pte;

	spin_lock(&h->h_lock);
	pte = hat_own_table(h, va) + PTX(va);
	if (same_pte(*pte, expect) && (expect & PTE_P) && pte_sole_owner(*pte)) {
		__atomic_or_fetch(pte, PTE_W | PTE_D | PTE_A, __ATOMIC_RELAXED);
		granted = true;
	}
	spin_unlock(&h->h_lock);
	return granted;
}

/* h_lock held, or a_lock if the table is not shared. */
static u32 probe(struct hat *h, u32 va)
{
	const u32 *t = hat_table(h, va);
	u32 pte = t ? __atomic_load_n(&t[PTX(va)], __ATOMIC_RELAXED) : 0;

	ASSERT(!hat_shared(h, va) || spin_held(&h->h_lock));
	return hat_shared(h, va) ? pte & ~PTE_W : pte;
}

u32 hat_probe(struct hat *h, u32 va)
{
	u32 pte;

	if (!hat_shared(h, va))
		return probe(h, va);
	spin_lock(&h->h_lock);
	pte = probe(h, va);
	spin_unlock(&h->h_lock);
	return pte;
}

struct page *hat_getpage(struct hat *h, u32 va, u32 *ptep)
{
	struct page *pg = NULL;
	u32 pte;

	spin_lock(&h->h_lock);
	pte = probe(h, va);
	if (pte & PTE_THERE) {
		pg = pte_page(pte);
		page_get(pg);
	}
	spin_unlock(&h->h_lock);
	if (ptep)
		*ptep = pte;
	return pg;
}

struct page *hat_getpage_write(struct hat *h, u32 va)
{
	struct page *pg = NULL;
	u32 pte;

	spin_lock(&h->h_lock);
	pte = probe(h, va);
	if ((pte & PTE_P) && (pte & PTE_W)) {
		__atomic_or_fetch(hat_table(h, va) + PTX(va), PTE_D | PTE_A, __ATOMIC_RELAXED);
		pg = pte_page(pte);
		page_get(pg);
	}
	spin_unlock(&h->h_lock);
	return pg;
}

/* --- dropping --- */

void hat_drop_if(struct hat *h, u32 va, const struct page *pg)
{
	u32 pte, *t;

	spin_lock(&h->h_lock);
	t = hat_own_table(h, va);
	if (!t || !(t[PTX(va)] & PTE_THERE) || pte_page(t[PTX(va)]) != pg) {
		spin_unlock(&h->h_lock);
		return;
	}
	pte = pte_swap(&t[PTX(va)], 0);
	count_entries(h, t, -1);
	spin_unlock(&h->h_lock);
	if ((pte & PTE_P) && (pte & PTE_A))
		hat_invalidate(h, &va, 1);
	page_put(pte_page(pte));
}

/*
 * Drops entries [i, last) of table t; entry i maps va. h_lock held.
 * Returns: `last`, or where it stopped because tg is full.
 */
static u32 drop_entries(struct tlb_gather *tg, u32 *t, u32 i, u32 last, u32 va)
{
	int n = 0;

	ASSERT(spin_held(&tg->tg_hat->h_lock));
	for (; i < last; i++, va += PAGE_SIZE) {
		u32 pte;

		if (!t[i])
			continue;
		if (gather_full(tg))
			break;
		pte = pte_swap(&t[i], 0);
		ASSERT(pte & PTE_THERE);
		if ((pte & PTE_P) && (pte & PTE_A))
			gather_va(tg, va);
		gather_page(tg, pte_page(pte), tg->tg_dirty && (pte & PTE_D) ? GATHER_DIRTY : 0);
		n++;
	}
	count_entries(tg->tg_hat, t, -n);
	return i;
}

/*
 * Removes a page table that is empty or shared; its reference is dropped with
 * the pages. h_lock held.
 * Returns: false: tg is full.
 */
static bool drop_table(struct tlb_gather *tg, u32 va)
{
	struct hat *h = tg->tg_hat;
	struct page *table = pte_page(h->h_pgdir[PDX(va)]);

	ASSERT(spin_held(&tg->tg_hat->h_lock));
	if (gather_full(tg))
		return false;
	/* A CPU may cache the directory entry: one invlpg forgets that too. */
	gather_va(tg, va);
	if (hat_shared(h, va))
		gather_all(tg);
	h->h_pgdir[PDX(va)] = 0;
	h->h_ntables--;
	h->h_resident -= table->pg_private;
	gather_page(tg, table, GATHER_TABLE);
	return true;
}

void hat_unmap(struct hat *h, u32 va, u32 len, void (*dirty_fn)(struct page *pg))
{
	u32 end = va + len, next;
	struct tlb_gather tg;

	gather_init(&tg, h, len, dirty_fn);
	for (; va < end; va = next) {
		bool whole = !(va & (TABLE_SPAN - 1)) && end - va >= TABLE_SPAN;
		/* a_lock: no table can be added */
		bool again = hat_table(h, va) != NULL;
		u32 i = PTX(va), first = i, last;

		next = table_end(va, end);
		last = first + ((next - va) >> PAGE_SHIFT);
		while (again) {
			u32 *t;

			spin_lock(&h->h_lock);
			t = hat_table(h, va);
			ASSERT(whole || !hat_shared(h, va));
			if (t && hat_shared(h, va))
				i = last;
			else if (t)
				i = drop_entries(&tg, t, i, last, va + ((i - first) << PAGE_SHIFT));
			again = t && (i < last || (whole && !drop_table(&tg, va)));
			spin_unlock(&h->h_lock);
			if (again)
				gather_flush(&tg);
		}
	}
	gather_done(&tg);
}

/* --- protection --- */

/* The PTE under the protection that `flags` give. */
static u32 protected_pte(u32 pte, u32 flags)
{
	if (flags & HAT_NONE)
		return (pte & ~(PTE_P | PTE_W)) | PTE_SW_NONE;
	pte = (pte & ~PTE_SW_NONE) | PTE_P;
	if (!(flags & HAT_WRITE))
		return pte & ~PTE_W;
	return pte_sole_owner(pte) ? pte | PTE_W : pte;
}

static void protect_entries(struct tlb_gather *tg, u32 *t, u32 i, u32 last, u32 va, u32 flags)
{
	for (; i < last; i++, va += PAGE_SIZE) {
		u32 old, now;

		do {
			old = t[i];
			now = protected_pte(old, flags);
		} while ((old & PTE_THERE) && !pte_cas(&t[i], old, now));
		if (!(old & PTE_THERE))
			continue;
		if (keeps_stale(old, now))
			gather_va(tg, va);
	}
}

void hat_protect(struct hat *h, u32 va, u32 len, u32 flags)
{
	u32 end = va + len, next, *t;
	struct tlb_gather tg;

	gather_init(&tg, h, 0, NULL);
	for (; va < end; va = next) {
		next = table_end(va, end);
		spin_lock(&h->h_lock);
		t = hat_own_table(h, va);
		if (t)
			protect_entries(&tg, t, PTX(va), PTX(va) + ((next - va) >> PAGE_SHIFT), va, flags);
		spin_unlock(&h->h_lock);
	}
	gather_done(&tg);
}
