/* SPDX-License-Identifier: MIT */
/* Random operations on address spaces, done to the model alike: mapped, protected, moved, copied. */
#include "tests/unit/mm_touch.h"

static const u32 prots[] = { 0, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, 7 };

static u32 random_prot(void)
{
	return prots[rnd(ARRAY_SIZE(prots))];
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
		if (find_seg(sp->as, page_va(n + k))->s_prot != prot)
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
	struct seg *s = find_seg(sp->as, page_va(n));

	return s && seg_end(s) >= page_va(n) + (count << PAGE_SHIFT);
}

/* Is there still anything of what the model has there? */
static bool any_left(struct space *sp, u32 n, u32 count)
{
	for (u32 i = n; i < n + count; i++) {
		if (sp->m[i].mapped && find_seg(sp->as, page_va(i)))
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
	load(i, &child->as->a_hat);
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
