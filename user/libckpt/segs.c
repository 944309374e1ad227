/* SPDX-License-Identifier: MIT */
/*
 * The list of segments that the program may write, in the order of addresses:
 * data with bss, heap, and mappings, kept up to date by the gate. The stack is
 * added when a checkpoint is made.
 */
#pragma GCC target("general-regs-only")
#include "lc.h"

#include <sys/mman.h>

static void insert(int at, struct lc_seg seg)
{
	if (lc.nsegs == LC_SEGS) {
		/* The list is not whole any more: limits.c says so. */
		lc.ready = false;
		return;
	}
	for (int i = lc.nsegs++; i > at; i--)
		lc.segs[i] = lc.segs[i - 1];
	lc.segs[at] = seg;
}

static void erase(int at)
{
	lc.nsegs--;
	for (int i = at; i < lc.nsegs; i++)
		lc.segs[i] = lc.segs[i + 1];
}

struct lc_seg *lc_seg_find(uint32_t addr)
{
	for (int i = 0; i < lc.nsegs; i++) {
		if (addr >= lc.segs[i].s_start && addr < lc.segs[i].s_end)
			return &lc.segs[i];
	}
	return NULL;
}

/* No segment has addr in its middle afterwards. */
static void split(uint32_t addr)
{
	struct lc_seg *s = lc_seg_find(addr), upper;

	if (!s || s->s_start == addr)
		return;
	upper = *s;
	upper.s_start = addr;
	s->s_end = addr;
	insert((int)(s - lc.segs) + 1, upper);
}

void lc_seg_remove(uint32_t start, uint32_t end)
{
	if (start >= end)
		return;
	split(start);
	split(end);
	for (int i = 0; i < lc.nsegs;) {
		if (lc.segs[i].s_start >= start && lc.segs[i].s_end <= end)
			erase(i);
		else
			i++;
	}
}

static bool may_join(const struct lc_seg *a, const struct lc_seg *b)
{
	return a->s_end == b->s_start && a->s_prot == b->s_prot && a->s_kind == b->s_kind &&
	       a->s_shared == b->s_shared;
}

static void join_around(int i)
{
	if (i + 1 < lc.nsegs && may_join(&lc.segs[i], &lc.segs[i + 1])) {
		lc.segs[i].s_end = lc.segs[i + 1].s_end;
		erase(i + 1);
	}
	if (i > 0 && may_join(&lc.segs[i - 1], &lc.segs[i])) {
		lc.segs[i - 1].s_end = lc.segs[i].s_end;
		erase(i);
	}
}

void lc_seg_add(struct lc_seg seg)
{
	int i = 0;

	lc_seg_remove(seg.s_start, seg.s_end);
	while (i < lc.nsegs && lc.segs[i].s_start < seg.s_start)
		i++;
	insert(i, seg);
	join_around(i);
	lc_mark(seg.s_start, seg.s_end, true);
}

void lc_seg_protect(uint32_t start, uint32_t end, uint32_t prot)
{
	split(start);
	split(end);
	for (int i = 0; i < lc.nsegs; i++) {
		if (lc.segs[i].s_start >= start && lc.segs[i].s_end <= end)
			lc.segs[i].s_prot = prot;
	}
	/* The program can write there now without a fault. */
	if (prot & PROT_WRITE)
		lc_mark(start, end, true);
}
