/* SPDX-License-Identifier: MIT */
/*
 * Address spaces under random operations, and shortage of memory, against a model that knows for each page what a program
 * would see.
 */
#include "tests/unit/mm_world.h"

/* --- the model --- */

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
	CHECK(as_find_gap(as, len) == (want ? want : place_in(USER_MIN, high, len)));
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
		const struct seg *s = as_findseg(sp->as, va);

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
		struct seg *s = as_findseg(sp->as, page_va(n));
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

/* --- operations --- */

static const u32 prots[] = { 0, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, 7 };

static u32 random_prot(void)
{
	return prots[rnd(ARRAY_SIZE(prots))];
}

static void forget(struct space *sp, u32 n, u32 count)
{
	memset(&sp->m[n], 0, count * sizeof(sp->m[0]));
}

/* The window is full: mmap went below it, where the model does not look. */
static bool outside_window(struct space *sp, u32 addr, u32 count)
{
	if (addr >= WIN)
		return false;
	CHECK(as_unmap(sp->as, addr, count << PAGE_SHIFT) == 0);
	return true;
}

/* A few pages from n on, or some page tables. */
static u32 length_at(u32 n)
{
	return 1 + rnd(MIN(NP - n, rnd(4) ? 12u : 5 * NPTE));
}

static void op_map(struct space *sp)
{
	u32 n = rnd(NP), count = length_at(n), prot = random_prot(), i, flags = 0, index = 0, addr;
	s32 file = (s32)rnd(NFILE + 2) - 2;
	bool fixed = rnd(3) != 0;
	u32 maxprot = 7;
	int error;

	if (file >= 0) {
		index = rnd(FPAGES);
		flags = rnd(2) ? SEG_SHARED : 0;
		if (flags && rnd(4) == 0) {
			maxprot = 5;
			prot &= 5;
		}
	} else {
		file = -1;
	}
	addr = page_va(n);
	error = as_map(sp->as, &addr, count << PAGE_SHIFT, prot, maxprot, flags,
		       file < 0 ? NULL : &files[file], (u64)index << PAGE_SHIFT, fixed);
	if (error) {
		CHECK(error == -ENOMEM);
		return;
	}
	CHECK(!fixed || addr == page_va(n));
	if (outside_window(sp, addr, count))
		return;
	n = page_no(addr);
	CHECK(n < NP && n + count <= NP);
	for (i = 0; i < count; i++)
		CHECK(fixed || !sp->m[n + i].mapped);
	forget(sp, n, count);
	for (i = 0; i < count; i++)
		sp->m[n + i] = (struct mpage){ true,  prot, maxprot,
					       flags, file, file < 0 ? 0 : index + i,
					       false, 0 };
}

static void op_clean(void);

static void op_unmap(struct space *sp)
{
	u32 n = rnd(NP), count = length_at(n);
	int error;

	op_clean();
	error = as_unmap(sp->as, page_va(n), count << PAGE_SHIFT);
	CHECK(error == 0 || error == -ENOMEM);
	if (!error)
		forget(sp, n, count);
}

static bool all_mapped(const struct space *sp, u32 n, u32 count)
{
	for (; count; n++, count--)
		if (!sp->m[n].mapped)
			return false;
	return true;
}

static void op_protect(struct space *sp)
{
	u32 n = rnd(NP), count = length_at(n), prot = random_prot(), i;
	int error = as_setprot(sp->as, page_va(n), count << PAGE_SHIFT, prot);
	int want = 0;

	for (i = 0; i < count && !want; i++)
		want = !sp->m[n + i].mapped ? -ENOMEM : prot & ~sp->m[n + i].maxprot ? -EACCES : 0;
	if (want)
		i--;
	CHECK(error == want || (error == -ENOMEM && nhoard));
	if (error != want)
		return;
	/* A hole, or no memory to split? */
	/* No memory, and not only a hole: then nothing has been done. */
	for (u32 k = 0; error && nhoard && k < i; k++) {
		if (as_findseg(sp->as, page_va(n + k))->s_prot != prot)
			return;
	}
	while (i-- > 0)
		sp->m[n + i].prot = prot;
}

static void op_advise(struct space *sp)
{
	u32 n = rnd(NP), count = length_at(n), i, flag = rnd(2) ? SEG_DONTFORK : 0;
	int error;

	if (rnd(2)) {
		error = as_discard(sp->as, page_va(n), count << PAGE_SHIFT, false, false);
		if (error == -EAGAIN && nhoard)
			return;
		CHECK(error == (all_mapped(sp, n, count) ? 0 : -ENOMEM));
		for (i = 0; i < count; i++)
			sp->m[n + i].own = false;
		return;
	}
	error = as_setflags(sp->as, page_va(n), count << PAGE_SHIFT, flag, flag ^ SEG_DONTFORK);
	if (error == -EAGAIN && nhoard)
		return;
	CHECK(error == (all_mapped(sp, n, count) ? 0 : -ENOMEM));
	for (i = 0; i < count; i++)
		if (sp->m[n + i].mapped)
			sp->m[n + i].flags = (sp->m[n + i].flags & ~SEG_DONTFORK) | flag;
}

/* Is [n, n + count) one seg's, as the kernel would have joined them? */
static bool one_seg(const struct space *sp, u32 n, u32 count)
{
	struct seg *s = as_findseg(sp->as, page_va(n));

	return s && seg_end(s) >= page_va(n) + (count << PAGE_SHIFT);
}

/* Is there still anything of what the model has there? */
static bool any_left(struct space *sp, u32 n, u32 count)
{
	for (u32 i = n; i < n + count; i++) {
		if (sp->m[i].mapped && as_findseg(sp->as, page_va(i)))
			return true;
	}
	return false;
}

static void remap(struct space *sp, u32 n, u32 count, u32 want, u32 flags, u32 to)
{
	u32 i, out = 0, at;
	bool whole = one_seg(sp, n, count), head;
	struct mpage old[NP];
	int error;

	head = one_seg(sp, n, MIN(count, want));
	error = as_remap(sp->as, page_va(n), count << PAGE_SHIFT, want << PAGE_SHIFT, flags, page_va(to), &out);
	if ((flags & MREMAP_FIXED) && to < n + count && n < to + want) {
		CHECK(error == (sp->m[n].mapped ? -EINVAL : -EFAULT));
		return;
	}
	if ((flags & MREMAP_FIXED) && sp->m[n].mapped && want < count) {
		/* The rest goes first, whatever then becomes of what is to be moved. */
		if (error == -ENOMEM && any_left(sp, n + want, count - want))
			return;
		forget(sp, n + want, count - want);
		count = want;
		whole = head;
	}
	if (!whole) {
		/* It can be cut, and no more. */
		if (!sp->m[n].mapped || (flags & MREMAP_FIXED) || want > count) {
			CHECK(error == -EFAULT);
			return;
		}
		CHECK(error == -ENOMEM || (error == 0 && out == page_va(n)));
		if (!error)
			forget(sp, n + want, count - want);
		return;
	}
	if (error) {
		CHECK(error == -ENOMEM);
		/* What was at the target may be gone by then. */
		if ((flags & MREMAP_FIXED) && !any_left(sp, to, want))
			forget(sp, to, want);
		return;
	}
	if (outside_window(sp, out, want)) {
		forget(sp, n, count);
		return;
	}
	at = page_no(out);
	CHECK(at < NP && at + want <= NP);
	CHECK(!(flags & MREMAP_FIXED) || at == to);
	memcpy(old, &sp->m[n], count * sizeof(old[0]));
	if (at != n && (flags & MREMAP_FIXED))
		forget(sp, to, want);
	forget(sp, n, count);
	for (i = 0; i < want; i++) {
		CHECK(!sp->m[at + i].mapped);
		sp->m[at + i] = old[MIN(i, count - 1)];
		if (at != n)
			sp->m[at + i].flags &= ~(SEG_BRK | SEG_STACK);
		if (i < count)
			continue;
		sp->m[at + i].own = false;
		if (old[0].file >= 0)
			sp->m[at + i].index = old[0].index + i;
	}
}

static void op_remap(struct space *sp)
{
	u32 n = rnd(NP), count = length_at(n), want = rnd(2) ? count : length_at(n), to = rnd(NP);
	u32 flags = rnd(4) ? MREMAP_MAYMOVE : 0;

	if (rnd(3) == 0 && to + want <= NP)
		flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	remap(sp, n, count, want, flags, to);
}

/* What one page table maps, to where another one does. */
static void op_remap_table(struct space *sp)
{
	u32 n = rnd(NP / NPTE) * NPTE, to = rnd(NP / NPTE) * NPTE;

	remap(sp, n, NPTE, NPTE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

static void op_brk(struct space *sp)
{
	u32 page = sp->brk_start + rnd(12), i;
	int error = as_brk(sp->as, page_va(page) - rnd(PAGE_SIZE));

	if (error) {
		CHECK(error == -ENOMEM);
		return;
	}
	for (i = page; i < sp->brk; i++)
		forget(sp, i, 1);
	for (i = sp->brk; i < page; i++) {
		CHECK(!sp->m[i].mapped);
		sp->m[i] = (struct mpage){ true, 3, 7, SEG_BRK, -1, 0, false, 0 };
	}
	sp->brk = page;
}

/* The stack grows with a touch, if nothing is in the way. */
static void model_grow(struct space *sp, u32 n)
{
	u32 i;

	if (n < NP || sp->m[n].mapped)
		return;
	for (i = n; i < NALL && !sp->m[i].mapped; i++)
		;
	if (i == NALL || !(sp->m[i].flags & SEG_STACK))
		return;
	for (; n < i; n++) {
		sp->m[n] = sp->m[i];
		sp->m[n].own = false;
	}
}

static void op_write(struct space *sp)
{
	u32 n = rnd(NALL), va = page_va(n);
	struct mpage *m = &sp->m[n];
	u8 value = (u8)(1 + rnd(255)), *p;
	bool maperr = false, outside = rnd(4) == 0, busy = disk_busy;
	int error = 0, i;

	if (outside) {
		error = as_write(sp->as, va, &value, 1) == 1 ? 0 : -1;
	} else {
		for (i = 0; (p = cpu_access(sp->as, va, true)) == NULL && i < 3; i++) {
			error = as_fault(sp->as, va + rnd(PAGE_SIZE), FAULT_WRITE, &maperr);
			if (error)
				break;
		}
		CHECK(i < 2 + busy);
		if (p)
			*p = value;
	}
	model_grow(sp, n);
	if (!m->mapped || !(m->prot & PROT_WRITE)) {
		CHECK(outside ? error : error == -EFAULT && maperr == !m->mapped);
		return;
	}
	if (m->file >= 0 && m->index >= files[m->file].v_npages && !m->own) {
		CHECK(outside ? error : error == -ERANGE);
		return;
	}
	if (error) {
		CHECK(outside || (error == -ENOMEM && nhoard) || (error == -ENOSPC && (m->flags & SEG_SHARED)));
		return;
	}
	if (m->flags & SEG_SHARED) {
		files[m->file].v_written[m->index] = true;
		CHECK(*file_byte(&files[m->file], m->index) == value);
	} else {
		m->own = true;
		m->value = value;
	}
}

static void op_read(struct space *sp)
{
	u32 n = rnd(NALL), va = page_va(n);
	int want, got = -3, error;
	bool maperr = false;
	u8 *p, byte;

	if (rnd(4) == 0) {
		got = as_read(sp->as, va, &byte, 1) == 1 ? byte : -3;
	} else {
		p = cpu_access(sp->as, va, false);
		if (!p) {
			error = as_fault(sp->as, va, FAULT_READ, &maperr);
			got = error == -EFAULT ? -1 : error == -ERANGE ? -2 : -3;
			p = cpu_access(sp->as, va, false);
			CHECK((p != NULL) == (error == 0));
		}
		if (p)
			got = *p;
	}
	model_grow(sp, n);
	want = model_read(sp, n);
	CHECK(got == want || (got == -3 && (nhoard || want < 0)));
}

static void drop_space(struct space *sp)
{
	struct tlb *t = tlb_of(&sp->as->a_hat);

	t->hat = NULL;
	as_rele(sp->as);
	memset(sp, 0, sizeof(*sp));
}

static void op_fork(struct space *sp)
{
	struct space *child = &space[rnd(NSPACE)];
	u32 i;

	if (child == sp)
		return;
	if (child->as)
		drop_space(child);
	*child = *sp;
	child->as = as_dup(sp->as, rnd(2));
	if (!child->as) {
		CHECK(nhoard);
		memset(child, 0, sizeof(*child));
		return;
	}
	for (i = 0; i < NALL; i++)
		if (child->m[i].flags & SEG_DONTFORK)
			forget(child, i, 1);
	i = (u32)(child - space);
	tlbs[i].hat = &child->as->a_hat;
	memset(tlbs[i].pte, 0, sizeof(tlbs[i].pte));
	if (rnd(2))
		op_remap_table(rnd(2) ? sp : child);
}

static void drop_snapshot(void)
{
	if (snapshot)
		as_rele(snapshot);
	snapshot = NULL;
}

static void op_snapshot(struct space *sp)
{
	drop_snapshot();
	snapshot = as_dup_pages(sp->as);
	CHECK(snapshot || nhoard);
	for (u32 n = 0; n < NALL && snapshot; n++) {
		u32 pte = hat_probe(&sp->as->a_hat, page_va(n));
		bool own = sp->m[n].mapped && !(sp->m[n].flags & SEG_SHARED) && (pte & PTE_THERE) &&
			   !pte_page(pte)->pg_vnode;

		CHECK(own || !sp->m[n].own);
		snapshot_byte[n] = own ? *(u8 *)page_kva(pte_page(pte)) : -1;
	}
}

static void op_truncate(void)
{
	struct vnode *vp = &files[rnd(NFILE)];
	u32 i, old = vp->v_npages;

	vp->v_npages = rnd(3) ? rnd(FPAGES + 1) : FPAGES;
	if (vp->v_npages >= old)
		return;
	seg_vnode_unmap(vp, vp->v_npages);
	for (i = vp->v_npages; i < FPAGES; i++) {
		vp->v_dirty[i] = vp->v_written[i] = false;
		if (!vp->v_page[i])
			continue;
		CHECK(vp->v_page[i]->pg_ref == 1);
		vp->v_page[i]->pg_vnode = NULL;
		page_put(vp->v_page[i]);
		vp->v_page[i] = NULL;
	}
}

static void op_sync(struct space *sp)
{
	u32 n = rnd(NP), count = 1 + rnd(NP - n);
	int error = as_sync(sp->as, page_va(n), count << PAGE_SHIFT, true);

	CHECK(error == (all_mapped(sp, n, count) ? 0 : -ENOMEM));
}

/* Populated private pages of files are copies by now. */
static void note_copies(struct space *sp)
{
	u32 i;

	for (i = 0; i < NP; i++)
		if (sp->m[i].mapped && !sp->m[i].own && !(sp->m[i].flags & SEG_SHARED) && sp->m[i].file >= 0) {
			u32 pte = hat_probe(&sp->as->a_hat, page_va(i));

			if ((pte & PTE_THERE) && pte_page(pte)->pg_vnode != &files[sp->m[i].file]) {
				sp->m[i].own = true;
				sp->m[i].value = *(u8 *)page_kva(pte_page(pte));
			}
		}
}

static void op_incore(struct space *sp)
{
	u32 n = rnd(NP), count = 1 + rnd(NP - n), i;
	u8 vec[NP];

	if (rnd(2))
		as_populate(sp->as, page_va(n), count << PAGE_SHIFT);
	note_copies(sp);
	if (as_incore(sp->as, page_va(n), count << PAGE_SHIFT, vec) != 0) {
		CHECK(!all_mapped(sp, n, count));
		return;
	}
	for (i = 0; i < count; i++)
		CHECK(vec[i] || !sp->m[n + i].own);
}

static void op_install(struct space *sp)
{
	u32 n = rnd(NALL);
	struct page *pg = page_alloc(PGA_ZERO);
	int error;

	if (!pg)
		return;
	*(u8 *)page_kva(pg) = 77;
	error = as_install_page(sp->as, page_va(n), pg);
	if (error) {
		CHECK(nhoard || !sp->m[n].mapped || (sp->m[n].flags & SEG_SHARED));
		page_put(pg);
		return;
	}
	CHECK(sp->m[n].mapped && !(sp->m[n].flags & SEG_SHARED));
	sp->m[n].own = true;
	sp->m[n].value = 77;
}

/* A file goes to the disk without a look at who may still write it through mappings: their dirty bits must tell later. */
static void op_clean(void)
{
	struct vnode *vp = &files[rnd(NFILE)];

	struct space *sp;
	u8 *p;
	u32 n;

	memset(vp->v_dirty, 0, sizeof(vp->v_dirty));
	memset(vp->v_written, 0, sizeof(vp->v_written));
	for (sp = space; sp < space + NSPACE; sp++)
		for (n = 0; sp->as && n < NP; n++) {
			if (sp->m[n].file != vp - files || !(sp->m[n].flags & SEG_SHARED))
				continue;
			p = cpu_access(sp->as, page_va(n), true);
			if (!p)
				continue;
			*p = (u8)rnd(256);
			vp->v_written[sp->m[n].index] = true;
		}
}

/* Reclaim: the files' pages may leave the tables, and nobody may see it. */
static void op_age(void)
{
	u32 i;

	for (i = 0; i < NFILE; i++)
		(void)seg_vnode_age(&files[i]);
}

static void one_step(void)
{
	struct space *sp = &space[rnd(NSPACE)];

	if (!sp->as)
		return;
	switch (rnd(25)) {
	case 0:
	case 1:
	case 2: op_map(sp); break;
	case 3: op_unmap(sp); break;
	case 4:
	case 5: op_protect(sp); break;
	case 6: op_advise(sp); break;
	case 7:
	case 8: op_remap(sp); break;
	case 9: op_brk(sp); break;
	case 10: op_fork(sp); break;
	case 24: op_snapshot(sp); break;
	case 11: op_truncate(); break;
	case 12: op_sync(sp); break;
	case 13: op_incore(sp); break;
	case 14: rnd(2) ? op_install(sp) : rnd(2) ? op_age() : op_clean(); break;
	case 15:
	case 16:
	case 17: op_read(sp); break;
	default: op_write(sp); break;
	}
}

/* A program with room for brk in the middle, and a stack. */
static void first_space(void)
{
	struct space *sp = &space[0];
	u32 addr = STACK_TOP - 2 * PAGE_SIZE;

	sp->as = as_create();
	tlbs[0].hat = &sp->as->a_hat;
	sp->as->a_mmap_top = WIN + NP * PAGE_SIZE;
	sp->as->a_stack_limit = STK * PAGE_SIZE;
	sp->brk_start = sp->brk = NP / 2;
	sp->as->a_brk_start = sp->as->a_brk = page_va(sp->brk_start);
	CHECK(as_map(sp->as, &addr, 2 * PAGE_SIZE, 3, 7, SEG_STACK, NULL, 0, true) == 0);
	sp->m[NALL - 1] = sp->m[NALL - 2] = (struct mpage){ true, 3, 7, SEG_STACK, -1, 0, false, 0 };
}

static u32 frames_free(void)
{
	struct page_stats st;

	kmem_trim();
	page_stats(&st);
	return st.ps_free;
}

static void run(u32 first_seed, u32 steps)
{
	u32 before = frames_free(), i, n;

	seed = first_seed;
	for (i = 0; i < NFILE; i++) {
		memset(&files[i], 0, sizeof(files[i]));
		files[i].v_ref = 1;
		files[i].v_npages = FPAGES;
		vsegs_init(&files[i].v_segs);
	}
	memset(tlbs, 0, sizeof(tlbs));
	first_space();
	for (step = 0; step < steps; step++) {
		bool scarce = rnd(8) == 0;

		if (rnd(50) == 0)
			disk_full = !disk_full;
		if (rnd(10) == 0)
			disk_busy = true;
		if (scarce)
			shortage(true);
		one_step();
		if (scarce)
			shortage(false);
		check_all();
		if (!space[0].as && !space[1].as && !space[2].as)
			first_space();
	}
	drop_snapshot();
	for (i = 0; i < 3 * NFILE; i++)
		op_clean();
	for (i = 0; i < NSPACE; i++)
		if (space[i].as)
			drop_space(&space[i]);
	check_all();
	for (i = 0; i < NFILE; i++)
		for (n = 0; n < FPAGES; n++) {
			CHECK(files[i].v_dirty[n] || !files[i].v_written[n]);
			if (files[i].v_page[n])
				page_put(files[i].v_page[n]);
		}
	CHECK(frames_free() == before);
}

/* --- not at random --- */

static struct as *one_table(void)
{
	struct as *as = as_create();
	u32 addr = WIN;

	CHECK(as && as_map(as, &addr, TABLE_SPAN, 3, 7, 0, NULL, 0, true) == 0);
	CHECK(as_write(as, WIN, "old", 4) == 4);
	return as;
}

/* A page that one lwp holds for I/O while another one of its process unmaps it is not the other process's to write. */
static void test_held_pages(void)
{
	struct as *parent = one_table(), *child = as_dup(parent, true);
	struct page *pg;
	char buf[8];

	CHECK(as_getpage(child, WIN, false, &pg) == 0); /* is being written to a disk */
	CHECK(as_unmap(child, WIN, TABLE_SPAN) == 0);
	CHECK(as_write(parent, WIN, "secret", 7) == 7);
	CHECK(strcmp(page_kva(pg), "old") == 0);
	page_put(pg);
	as_rele(child);
	as_rele(parent);

	parent = one_table();
	CHECK(as_getpage(parent, WIN, true, &pg) == 0); /* is being read from a disk */
	child = as_dup(parent, false);
	CHECK(as_unmap(parent, WIN, TABLE_SPAN) == 0);
	CHECK(as_write(child, WIN, "child", 6) == 6);
	strcpy(page_kva(pg), "disk");
	CHECK(as_read(child, WIN, buf, 6) == 6 && strcmp(buf, "child") == 0);
	page_put(pg);
	as_rele(child);
	as_rele(parent);
}

/* What is large begins where a page table does; what is not leaves no hole. */
static void test_places(void)
{
	struct as *as = as_create();
	u32 top = WIN + NP * PAGE_SIZE, at[3] = { 0 },
	    len[3] = { PAGE_SIZE, 8 * TABLE_SPAN + PAGE_SIZE, TABLE_SPAN };

	as->a_mmap_top = top;
	for (u32 i = 0; i < 3; i++)
		CHECK(as_map(as, &at[i], len[i], 3, 7, 0, NULL, 0, false) == 0);
	CHECK(at[0] == top - PAGE_SIZE);
	CHECK(at[1] == top - 9 * TABLE_SPAN);
	CHECK(at[2] == at[1] - TABLE_SPAN);
	as_rele(as);
}

int main(int argc, char **argv)
{
	static const struct mem_range ram = { 0x1000, RAM_BYTES };
	u32 i, from = argc > 1 ? (u32)atoi(argv[1]) : 1, n = argc > 2 ? (u32)atoi(argv[2]) : 12;

	host_ram = aligned_alloc(PAGE_SIZE, RAM_BYTES);
	page_init(&ram, 1, NULL, 0);
	kmem_init();
	as_init();
	vnode_mm_register(&file_ops);
	test_held_pages();
	test_places();
	for (i = from; i < from + n; i++)
		run(i, 4000);
	CHECK(tables_shared > 1000 * n);
	printf("ok address spaces against the model\n");
	return 0;
}
