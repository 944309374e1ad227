/* SPDX-License-Identifier: MIT */
/* Random operations on pages, done to the model alike: read, written, populated, cleaned, truncated, aged. */
#include "tests/unit/mm_model.h"

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
