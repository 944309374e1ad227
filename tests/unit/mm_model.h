/* SPDX-License-Identifier: MIT */
/*
 * A model of address spaces, which knows for each page what a program would see; the looks whether the kernel has them so; and
 * shortage of memory.
 */
#include "tests/unit/mm_world.h"

struct mpage {
	bool mapped;
	u32 prot, maxprot, flags;
	s32 file; /* -1: anonymous */
	u32 index;
	bool own; /* private memory that has been written: `value`; else zero, or the file's */
	u8 value;
};
struct space {
	struct as *as;
	struct mpage m[NALL];
	u32 brk_start, brk; /* page numbers */
};
static struct space space[NSPACE];

static u32 model_size(const struct space *sp)
{
	u32 i, n = 0;

	for (i = 0; i < NALL; i++)
		n += sp->m[i].mapped;
	return n;
}

/* What a program reads there; -1: SIGSEGV, -2: SIGBUS. */
static int model_read(const struct space *sp, u32 n)
{
	const struct mpage *m = &sp->m[n];

	if (!m->mapped || m->prot == 0)
		return -1;
	if (m->own)
		return m->value;
	if (m->file < 0)
		return 0;
	return m->index < files[m->file].v_npages ? *file_byte(&files[m->file], m->index) : -2;
}

static u32 free_below(const struct seg *prev, const struct seg *s)
{
	u32 low = prev ? seg_end(prev) : USER_MIN, guard = s->s_flags & SEG_STACK ? STACK_GUARD : 0;

	return s->s_base > low + guard ? s->s_base - low - guard : 0;
}

/* Summaries of the trees, from all below them. */
static void check_summaries(const struct tree *t)
{
	const struct seg *s, *below;

	tree_for_each(s, t, s_node)
	{
		u32 most = s->s_gap;

		for (int side = 0; side < 2; side++) {
			below = tree_entry(side ? s->s_node.t_right : s->s_node.t_left, struct seg, s_node);
			most = below ? MAX(most, below->s_maxgap) : most;
		}
		CHECK(s->s_maxgap == most);
	}
}

/* The highest room of `len` bytes, by a walk down the list, against the search. */
static void check_room(struct as *as, u32 len)
{
	u32 high = mmap_top(as), want = 0;
	struct seg *s;

	for (s = list_last(&as->a_segs, struct seg, s_link); !want && &s->s_link != &as->a_segs;
	     s = list_prev(s, s_link)) {
		want = place_in(seg_end(s), high, len);
		high = MIN(high, guarded_base(s));
	}
	rw_read_lock(&as->a_lock);
	CHECK(as_find_gap(as, len) == (want ? want : place_in(USER_MIN, high, len)));
	rw_read_unlock(&as->a_lock);
}

static void check_lists(struct space *sp)
{
	struct seg *s, *prev = NULL, *v;
	const struct tree_node *at = tree_first(&sp->as->a_tree);
	u32 nseg = 0, bytes = 0;

	as_for_each_seg(s, sp->as) {
		CHECK(s->s_size && !((s->s_base | s->s_size) & PAGE_MASK) && s->s_as == sp->as);
		CHECK(!prev || seg_end(prev) <= s->s_base);
		CHECK(!prev || !can_join(prev, s));
		CHECK(s->s_gap == free_below(prev, s) && tree_entry(at, struct seg, s_node) == s);
		at = tree_next(at);
		if (s->s_vp) {
			u32 found = 0;

			tree_for_each(v, &s->s_vp->v_segs.vs_tree, s_vnode) found += v == s;
			CHECK(found == 1);
		}
		nseg++;
		bytes += s->s_size;
		prev = s;
	}
	CHECK(!at);
	check_summaries(&sp->as->a_tree);
	check_room(sp->as, (1 + rnd(2 * NP)) << PAGE_SHIFT);
	CHECK(nseg == sp->as->a_nseg && bytes == sp->as->a_size);
	CHECK(bytes >> PAGE_SHIFT == model_size(sp));
}

_Static_assert(NP % NPTE == 0 && STK % NPTE == 0 && WIN % TABLE_SPAN == 0,
	       "tables map either pages of the window or the stack");

static u32 tables_shared; /* seen by check_table(), in all runs */

/* A checkpoint's copy of a space, and the first byte of each page that it has (-1: none). */
static struct as *snapshot;
static int snapshot_byte[NALL];

static bool has_table(const struct as *as, u32 pde, u32 va)
{
	return as && !((as->a_hat.h_pgdir[PDX(va)] ^ pde) & PTE_FRAME);
}

/* How many of the spaces, and the snapshot, have the page table of this directory entry. */
static u32 table_users(u32 pde, u32 va)
{
	u32 i, n = has_table(snapshot, pde, va);

	for (i = 0; i < NSPACE; i++)
		n += has_table(space[i].as, pde, va);
	return n;
}

/* The private pages are there as they were, whatever has become of the space; no page of a file is. */
static void check_snapshot(void)
{
	for (u32 n = 0; n < NALL && snapshot; n++) {
		u32 pte = hat_probe(&snapshot->a_hat, page_va(n));

		if (snapshot_byte[n] < 0) {
			CHECK(!pte);
			continue;
		}
		CHECK((pte & PTE_THERE) && !pte_page(pte)->pg_vnode);
		CHECK(*(u8 *)page_kva(pte_page(pte)) == snapshot_byte[n]);
	}
}

/* The one that maps va, if there is one: how many entries it has. */
static u32 check_table(struct space *sp, u32 va)
{
	struct hat *h = &sp->as->a_hat;
	const u32 *t = hat_table(h, va);
	u32 n = 0, users;

	if (!t)
		return 0;
	for (u32 i = 0; i < NPTE; i++)
		n += t[i] != 0;
	CHECK(n == kva_page(t)->pg_private);
	users = table_users(h->h_pgdir[PDX(va)], va);
	CHECK(users == kva_page(t)->pg_ref && (users == 1 || hat_shared(h, va)));
	if (hat_shared(h, va)) {
		const struct seg *s = find_seg(sp->as, va);

		CHECK(s && seg_end(s) - va >= TABLE_SPAN && seg_private(s) && !s->s_vp);
		tables_shared += users > 1;
	}
	return n;
}

static void check_tables(struct space *sp)
{
	u32 n = 0;

	for (u32 i = 0; i < NALL; i += NPTE)
		n += check_table(sp, page_va(i));
	CHECK(n == sp->as->a_hat.h_resident);
}

static void check_space(struct space *sp)
{
	u32 n;

	check_lists(sp);
	check_tables(sp);
	for (n = 0; n < NALL; n++) {
		const struct mpage *m = &sp->m[n];
		struct seg *s = find_seg(sp->as, page_va(n));
		u32 pte = hat_probe(&sp->as->a_hat, page_va(n));
		int value = model_read(sp, n);
		u8 *p;

		CHECK((s != NULL) == m->mapped);
		CHECK(m->mapped || pte == 0);
		if (!s)
			continue;
		CHECK(s->s_prot == m->prot && s->s_maxprot == m->maxprot && s->s_flags == m->flags);
		CHECK(s->s_vp == (m->file < 0 ? NULL : &files[m->file]));
		CHECK(m->file < 0 || seg_index(s, page_va(n)) == m->index);
		CHECK(!m->own || (pte & PTE_THERE));
		CHECK(!(pte & PTE_P) || !(m->prot & PROT_EXEC) || (m->flags & SEG_STACK) ||
		      pte_page(pte) == zero_page || (pte_page(pte)->pg_flags & PG_TEXT));
		p = cpu_access(sp->as, page_va(n), false);
		CHECK(!p || *p == value);
	}
}

static void check_all(void)
{
	u32 i, f, n, refs, writes;
	struct seg *s;

	for (i = 0; i < NSPACE; i++)
		if (space[i].as)
			check_space(&space[i]);
	for (f = 0; f < NFILE; f++) {
		refs = 1;
		writes = 0;
		tree_for_each(s, &files[f].v_segs.vs_tree, s_vnode)
		{
			refs++;
			writes += !seg_private(s) && (s->s_maxprot & PROT_WRITE);
		}
		CHECK(files[f].v_ref == refs && files[f].v_nwrite == writes);
		for (n = files[f].v_npages; n < FPAGES; n++)
			CHECK(!files[f].v_page[n]);
	}
	check_snapshot();
	check_tlbs();
	CHECK(nlocks == 0);
}

/* --- shortage: the nth allocation from here on fails, until somebody says so --- */

static struct page *hoard[RAM_BYTES >> PAGE_SHIFT];
static u32 nhoard;

static void shortage(bool on)
{
	if (on) {
		u32 leave = rnd(8);

		kmem_trim();
		while ((hoard[nhoard] = page_alloc(PGA_NOWAIT)) != NULL)
			nhoard++;
		while (leave-- && nhoard)
			page_put(hoard[--nhoard]);
	} else {
		while (nhoard)
			page_put(hoard[--nhoard]);
	}
}

static void forget(struct space *sp, u32 n, u32 count)
{
	memset(&sp->m[n], 0, count * sizeof(sp->m[0]));
}

static bool all_mapped(const struct space *sp, u32 n, u32 count)
{
	for (; count; n++, count--)
		if (!sp->m[n].mapped)
			return false;
	return true;
}
