/* SPDX-License-Identifier: MIT */
/*
 * Sets of physical address ranges: they turn a loader's unordered, overlapping
 * memory map into a sorted, disjoint one. No hardware.
 */
#ifndef KERNEL_MEMMAP_H
#define KERNEL_MEMMAP_H

#include "mm/page.h"

#define MEMMAP_MAX 64

/* Sorted by address; ranges neither overlap nor touch. */
struct memmap {
	struct mem_range mm_range[MEMMAP_MAX];
	u32 mm_n;
};

/*
 * Adds [start, end) to the set.
 * Returns: false: no room for another range; the set is unchanged.
 */
bool memmap_add(struct memmap *m, u64 start, u64 end);
/*
 * Removes [start, end) from the set.
 * Returns: false: no room to split a range; its upper part is given up.
 */
bool memmap_remove(struct memmap *m, u64 start, u64 end);
/* Shrinks each range to whole pages; drops those without one. */
void memmap_whole_pages(struct memmap *m);
/* Keeps the first `limit` bytes, in order of address. */
void memmap_limit(struct memmap *m, u64 limit);
u64 memmap_size(const struct memmap *m);
/* Is all of [start, end) in the set? */
bool memmap_has(const struct memmap *m, u64 start, u64 end);

#endif
