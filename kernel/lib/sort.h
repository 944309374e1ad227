/* SPDX-License-Identifier: MIT */
/* Sorting in place, without extra memory and without recursion. */
#ifndef KERNEL_LIB_SORT_H
#define KERNEL_LIB_SORT_H

#include "kernel/lib/types.h"

/*
 * Sinks v[at] in the heap of n elements, so that v[at] is the largest element
 * of its subtree.
 */
static inline void sort_sift_down(u64 *v, u32 at, u32 n)
{
	u64 moved = v[at];
	u32 child;

	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && v[child + 1] > v[child])
			child++;
		if (v[child] <= moved)
			break;
		v[at] = v[child];
		at = child;
	}
	v[at] = moved;
}

/* Heapsort: n elements in ascending order, in O(n log n) time for any input. */
static inline void sort_u64(u64 *v, u32 n)
{
	for (u32 i = n / 2; i-- > 0;)
		sort_sift_down(v, i, n);
	for (u32 end = n; end-- > 1;) {
		u64 largest = v[0];

		v[0] = v[end];
		v[end] = largest;
		sort_sift_down(v, 0, end);
	}
}

#endif
