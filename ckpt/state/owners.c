/* SPDX-License-Identifier: MIT */
/*
 * Which process of an image stores a frame that several processes have. There
 * is a word for each frame of the machine, in two levels like a page table. A
 * part is made when a frame in it is met first.
 *
 *	frame number [ part | place in it ]
 *	        ---> address of the page, place of the process, OWNER_ZERO
 *
 * Only the save that made it uses it: no lock.
 */
#include "ckpt/state/owners.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "mm/page.h"

#define WORDS (PAGE_SIZE / sizeof(u32)) /* words in a part */

struct ckpt_owners {
	u32 ow_nparts;
	struct page *ow_part[];
};

struct ckpt_owners *ckpt_owners_make(void)
{
	u32 n = (npages + WORDS - 1) / WORDS;
	struct ckpt_owners *ow = kzalloc(sizeof(*ow) + n * sizeof(ow->ow_part[0]), 0);

	if (ow)
		ow->ow_nparts = n;
	return ow;
}

void ckpt_owners_free(struct ckpt_owners *ow)
{
	for (u32 i = 0; ow && i < ow->ow_nparts; i++) {
		if (ow->ow_part[i])
			page_put(ow->ow_part[i]);
	}
	kfree(ow);
}

u32 *ckpt_owner(struct ckpt_owners *ow, const struct page *pg)
{
	u32 frame = (u32)(pg - pages);
	struct page **part = &ow->ow_part[frame / WORDS];

	ASSERT(frame / WORDS < ow->ow_nparts);
	if (!*part)
		*part = page_alloc(PGA_ZERO);
	return *part ? (u32 *)page_kva(*part) + frame % WORDS : NULL;
}
