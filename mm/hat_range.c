/* SPDX-License-Identifier: MIT */
/* Ranges of translations: the copy for fork, moving, the dirty bits, walks. */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/hat_impl.h"

/* --- fork --- */

static void remember_va(struct hat *src, u32 va)
{
	if (src->h_dup_n < HAT_DUP_MAX)
		src->h_dup_va[src->h_dup_n] = va;
	if (src->h_dup_n <= HAT_DUP_MAX)
		src->h_dup_n++;
}

/*
 * page_get() for an entry, which holds a reference already. If it is the only
 * reference, only this entry's hat could change it: h_lock is held.
 */
static inline void share_page(struct page *pg)
{
	ASSERT(spin_rank_held(LR_HAT));
	if (pg->pg_ref == 1)
		pg->pg_ref = 2;
	else
		(void)__atomic_fetch_add(&pg->pg_ref, 1, __ATOMIC_RELAXED);
}

/*
 * dup_entries() when the whole TLB will be flushed anyway. A fork, and the stop
 * of a forked checkpoint, last as long as this loop. So it exists twice: for
 * tables that no MMU writes during the copy, without locked instructions.
 */
static inline __attribute__((always_inline)) u32 dup_loop(u32 *s, u32 *d, u32 i, u32 last, const bool still)
{
	struct page *const frame = pages;
	u32 n = 0;

	for (; i < last; i++) {
		u32 pte = s[i];

		if (!pte)
			continue;
		if (pte & PTE_W) {
			if (still) {
				pte &= ~PTE_W;
				s[i] = pte;
			} else {
				(void)__atomic_fetch_and(&s[i], ~PTE_W, __ATOMIC_RELAXED);
				/* with bits the MMU has set by now */
				pte = __atomic_load_n(&s[i], __ATOMIC_RELAXED);
			}
		}
		share_page(&frame[pte >> PAGE_SHIFT]);
		d[i] = pte;
		n++;
	}
	return n;
}

static u32 dup_many(const struct hat *src, u32 *s, u32 *d, u32 i, u32 last)
{
	return src->h_still ? dup_loop(s, d, i, last, true) : dup_loop(s, d, i, last, false);
}

/*
 * Takes W from entry i of src's table s, which maps va, and a reference on the
 * page. h_lock of src held.
 * Returns: the entry for the copy.
 */
static inline u32 dup_entry(struct hat *src, u32 *s, u32 i, u32 va)
{
	u32 pte = s[i];

	ASSERT(spin_held(&src->h_lock));
	if (pte & PTE_W) {
		pte = __atomic_and_fetch(&s[i], ~PTE_W, __ATOMIC_RELAXED);
		if (pte & PTE_A)
			remember_va(src, va);
	}
	page_get(pte_page(pte));
	return pte;
}

/*
 * Copies entries [i, last) of src's table s to dst's table d; entry i maps va.
 * h_lock of src held.
 * Returns: how many.
 */
static u32 dup_entries(struct hat *src, u32 *s, u32 *d, u32 i, u32 last, u32 va)
{
	u32 n = 0;

	ASSERT(spin_held(&src->h_lock));
	for (; i < last && src->h_dup_n <= HAT_DUP_MAX; i++, va += PAGE_SIZE) {
		if (!s[i])
			continue;
		d[i] = dup_entry(src, s, i, va);
		n++;
	}
	return n + dup_many(src, s, d, i, last);
}

/* dup_entries() for entries whose page belongs to no file. */
static u32 dup_own(struct hat *src, u32 *s, u32 *d, u32 i, u32 last, u32 va)
{
	u32 n = 0;

	for (; i < last; i++, va += PAGE_SIZE) {
		if (!s[i] || pte_page(s[i])->pg_vnode)
			continue;
		d[i] = dup_entry(src, s, i, va);
		n++;
	}
	return n;
}

static u32 share_entries(const u32 *s, u32 *d, u32 i, u32 last)
{
	u32 n = 0;

	for (; i < last; i++) {
		if (!s[i])
			continue;
		page_get(pte_page(s[i]));
		d[i] = s[i] & ~(PTE_W | PTE_A | PTE_D);
		n++;
	}
	return n;
}

/* Copies the part [va, next) of one table of src. h_lock of both held. */
static void dup_part(struct hat *dst, struct hat *src, u32 va, u32 next, enum hat_dup_how how)
{
	u32 last = PTX(va) + ((next - va) >> PAGE_SHIFT), n, *s = hat_own_table(src, va),
	    *d = hat_own_table(dst, va);

	ASSERT(spin_held(&dst->h_lock) && spin_held(&src->h_lock));
	if (how == HAT_DUP_SHARED)
		n = share_entries(s, d, PTX(va), last);
	else if (how == HAT_DUP_OWN)
		n = dup_own(src, s, d, PTX(va), last, va);
	else
		n = dup_entries(src, s, d, PTX(va), last, va);
	count_entries(dst, d, (int)n);
}

static bool table_empty(const struct hat *h, u32 va)
{
	const u32 *t = hat_table(h, va);

	return !t || kva_page(t)->pg_private == 0;
}

int hat_dup(struct hat *dst, struct hat *src, u32 va, u32 len, enum hat_dup_how how)
{
	u32 end = va + len, next;

	for (; va < end; va = next) {
		bool whole;

		next = table_end(va, end);
		whole = how == HAT_DUP_ANON && next - va == TABLE_SPAN;
		if (table_empty(src, va))
			continue;
		if (!whole && hat_reserve(dst, va, next - va) != 0)
			return -ENOMEM;
		/*
		 * src before dst. dst is new, so no other lwp takes them in the
		 * other order.
		 */
		spin_lock(&src->h_lock);
		spin_lock_nested(&dst->h_lock);
		if (!whole)
			dup_part(dst, src, va, next, how);
		else if (share_table(dst, src, va))
			src->h_dup_n = HAT_DUP_MAX + 1;
		spin_unlock(&dst->h_lock);
		spin_unlock(&src->h_lock);
	}
	return 0;
}

void hat_dup_done(struct hat *src)
{
	_Static_assert(HAT_DUP_MAX == GATHER_VA, "one more means all, for both");
	hat_invalidate(src, src->h_dup_va, src->h_dup_n);
	src->h_dup_n = 0;
}

/* --- mremap --- */

/*
 * Moves entries within one pair of tables. h_lock held.
 * Returns: the number of bytes done.
 */
static u32 move_part(struct hat *h, u32 from, u32 to, u32 len)
{
	u32 *s = hat_own_table(h, from), *d = hat_own_table(h, to), i, n;
	int moved = 0;

	ASSERT(spin_held(&h->h_lock));
	n = MIN(table_end(from, from + len) - from, table_end(to, to + len) - to) >> PAGE_SHIFT;
	s = s ? s + PTX(from) : NULL;
	d += PTX(to);
	for (i = 0; s && i < n; i++)
		if (s[i]) {
			d[i] = pte_swap(&s[i], 0);
			moved++;
		}
	if (moved) {
		count_entries(h, s - PTX(from), -moved);
		count_entries(h, d - PTX(to), moved);
	}
	return n << PAGE_SHIFT;
}

u32 hat_move(struct hat *h, u32 from, u32 to, u32 len)
{
	u32 done = 0;

	while (done < len) {
		spin_lock(&h->h_lock);
		done += move_part(h, from + done, to + done, len - done);
		spin_unlock(&h->h_lock);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return h->h_cpus;
}

/* --- mappings of a vnode --- */

/* Drops vp's pages from entries [i, last). h_lock held. */
static void drop_file_entries(struct hat *h, u32 *t, u32 i, u32 last, const struct vnode *vp)
{
	ASSERT(spin_held(&h->h_lock));
	for (; i < last; i++) {
		u32 pte = t[i];

		if (!(pte & PTE_THERE) || pte_page(pte)->pg_vnode != vp)
			continue;
		pte = pte_swap(&t[i], 0);
		count_entries(h, t, -1);
		page_put(pte_page(pte));
	}
}

u32 hat_drop_file(struct hat *h, u32 va, u32 len, const struct vnode *vp)
{
	u32 end = va + len, next, *t;

	for (; va < end; va = next) {
		next = table_end(va, end);
		spin_lock(&h->h_lock);
		t = hat_own_table(h, va);
		if (t)
			drop_file_entries(h, t, PTX(va), PTX(va) + ((next - va) >> PAGE_SHIFT), vp);
		spin_unlock(&h->h_lock);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return h->h_cpus;
}

/*
 * Drops or ages entry t[i], which maps a page of a file. h_lock held.
 * Returns: whether a TLB may have to forget it.
 */
static bool age_entry(struct hat *h, u32 *t, u32 i, u32 *dropped)
{
	u32 *pte = &t[i], old = *pte;

	ASSERT(spin_held(&h->h_lock));
	if (old & PTE_D)
		return false;
	if (old & PTE_A) {
		__atomic_and_fetch(pte, ~PTE_A, __ATOMIC_RELAXED);
		return true;
	}
	if (pte_cas(pte, old, 0)) {
		count_entries(h, t, -1);
		(*dropped)++;
		page_put(pte_page(old));
	}
	return false;
}

u32 hat_age_file(struct hat *h, u32 va, u32 len, const struct vnode *vp, u32 *dropped)
{
	u32 end = va + len, next, i, *t;
	bool aged = false;

	for (; va < end; va = next) {
		next = table_end(va, end);
		spin_lock(&h->h_lock);
		t = hat_own_table(h, va);
		for (i = PTX(va); t && i < PTX(va) + ((next - va) >> PAGE_SHIFT); i++)
			if ((t[i] & PTE_THERE) && pte_page(t[i])->pg_vnode == vp)
				aged |= age_entry(h, t, i, dropped);
		spin_unlock(&h->h_lock);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return aged ? h->h_cpus : 0;
}

#define HARVEST_BATCH 32u

struct harvest {
	u32 hv_n;
	u32 hv_va[HARVEST_BATCH];
	struct page *hv_page[HARVEST_BATCH];
};

/*
 * Clears the dirty bits of entries [i, last) until the batch is full. h_lock
 * held.
 * Returns: where it stopped.
 */
static u32 harvest_entries(struct harvest *hv, u32 *t, u32 i, u32 last, u32 va, bool wp)
{
	u32 clear = PTE_D | (wp ? PTE_W : 0);

	ASSERT(spin_rank_held(LR_HAT));
	for (; i < last && hv->hv_n < HARVEST_BATCH; i++, va += PAGE_SIZE) {
		u32 pte = t[i];

		if (!(pte & PTE_THERE) || !(pte & PTE_D))
			continue;
		__atomic_and_fetch(&t[i], ~clear, __ATOMIC_RELAXED);
		page_get(pte_page(pte));
		hv->hv_page[hv->hv_n] = pte_page(pte);
		hv->hv_va[hv->hv_n++] = va;
	}
	return i;
}

u32 hat_harvest_dirty(struct hat *h, u32 va, u32 len, bool wp,
		      void (*fn)(struct page *pg, u32 va, void *arg), void *arg)
{
	u32 end = va + len, next, cpus = 0;
	struct harvest hv;

	for (; va < end; va = next) {
		u32 last, i, stop, *t;

		next = table_end(va, end);
		last = PTX(va) + ((next - va) >> PAGE_SHIFT);
		hv.hv_n = 0;
		spin_lock(&h->h_lock);
		t = hat_own_table(h, va);
		stop = t ? harvest_entries(&hv, t, PTX(va), last, va, wp) : last;
		spin_unlock(&h->h_lock);
		next = va + ((stop - PTX(va)) << PAGE_SHIFT);
		for (i = 0; i < hv.hv_n; i++) {
			fn(hv.hv_page[i], hv.hv_va[i], arg);
			page_put(hv.hv_page[i]);
		}
		if (hv.hv_n) {
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			cpus |= h->h_cpus;
		}
	}
	return cpus;
}

/*
 * Calls fn for the entries of [va, end) in table t, with `mark` added to each
 * PTE.
 */
static int foreach_entry(const u32 *t, u32 va, u32 end, u32 mark,
			 int (*fn)(u32 va, u32 pte, struct page *pg, void *arg), void *arg)
{
	int r = 0;

	for (; va < end && !r; va += PAGE_SIZE) {
		u32 pte = __atomic_load_n(&t[PTX(va)], __ATOMIC_RELAXED);

		if (pte & PTE_THERE)
			r = fn(va, pte | mark, pte_page(pte), arg);
	}
	return r;
}

int hat_foreach(struct hat *h, u32 va, u32 len, int (*fn)(u32 va, u32 pte, struct page *pg, void *arg), void *arg)
{
	u32 end = va + len, next, mark;
	struct page *table;
	int r = 0;

	for (; va < end && !r; va = next) {
		next = table_end(va, end);
		table = table_get(h, va);
		if (!table)
			continue;
		/* One reference is this walk's. */
		mark = hat_shared(h, va) && table->pg_ref > 2 ? PTE_SW_SHARED : 0;
		r = foreach_entry(page_kva(table), va, next, mark, fn, arg);
		table_put(table);
	}
	return r;
}
