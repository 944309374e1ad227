/* SPDX-License-Identifier: MIT */
/*
 * Gathering: invalidations done together, and the pages released after them.
 * See mm/hat_impl.h.
 */
#include "mm/hat_impl.h"

void gather_init(struct tlb_gather *tg, struct hat *h, u32 len, void (*dirty_fn)(struct page *pg))
{
	tg->tg_hat = h;
	tg->tg_dirty = dirty_fn;
	tg->tg_nva = tg->tg_npages = 0;
	tg->tg_page = tg->tg_inline;
	tg->tg_max = GATHER_PAGES;
	tg->tg_frame = NULL;
	if (len >> PAGE_SHIFT > 2 * GATHER_PAGES) {
		tg->tg_frame = page_alloc(PGA_NOWAIT);
		if (tg->tg_frame) {
			tg->tg_page = page_kva(tg->tg_frame);
			tg->tg_max = PAGE_SIZE / sizeof(uintptr_t);
		}
	}
}

void gather_flush(struct tlb_gather *tg)
{
	u32 i;

	hat_invalidate(tg->tg_hat, tg->tg_va, tg->tg_nva);
	tg->tg_nva = 0;
	for (i = 0; i < tg->tg_npages; i++) {
		struct page *pg = (struct page *)(tg->tg_page[i] & ~(uintptr_t)(GATHER_DIRTY | GATHER_TABLE));

		if (tg->tg_page[i] & GATHER_DIRTY)
			tg->tg_dirty(pg);
		if (tg->tg_page[i] & GATHER_TABLE)
			table_put(pg);
		else
			page_put(pg);
	}
	tg->tg_npages = 0;
}

void gather_done(struct tlb_gather *tg)
{
	gather_flush(tg);
	if (tg->tg_frame)
		page_put(tg->tg_frame);
}
