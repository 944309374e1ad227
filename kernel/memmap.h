/* SPDX-License-Identifier: MIT */
/* Sets of physical address ranges: how a loader's unordered, overlapping memory map becomes a sorted, disjoint one. Pure. */
#ifndef KERNEL_MEMMAP_H
#define KERNEL_MEMMAP_H

#include "mm/page.h"

#define MEMMAP_MAX 64

/* Sorted by address; ranges neither overlap nor touch. */
struct memmap {
	struct mem_range mm_range[MEMMAP_MAX];
	u32 mm_n;
};

/* Makes [start, end) part of the set. False: no room for another range, the set is as before. */
bool memmap_add(struct memmap *m, u64 start, u64 end);
/* Takes [start, end) out of the set. False: no room to split a range; then the upper part is given up. */
bool memmap_remove(struct memmap *m, u64 start, u64 end);
/* Shrinks each range to whole pages; drops those without one. */
void memmap_whole_pages(struct memmap *m);
/* Keeps the first `limit` bytes, in order of address. */
void memmap_limit(struct memmap *m, u64 limit);
u64 memmap_size(const struct memmap *m);
/* Is all of [start, end) in the set? */
bool memmap_has(const struct memmap *m, u64 start, u64 end);

#endif
