/* SPDX-License-Identifier: MIT */
/*
 * A leftist heap: events sorted by time, the earliest first. The nodes lie
 * inside the elements, so the heap needs no memory of its own. Insertion, and
 * removal of any element, take O(log n) steps in any order of keys.
 *
 * In a leftist heap no child comes before its parent, and the rank of a left
 * child is at least that of the right child. The rank of a node is the length
 * of its path that always goes right. A heap of rank r has at least 2^r - 1
 * nodes, so these paths are short. heap_merge() does all work along them.
 *
 *            3 (2)             key (rank)
 *          /       \
 *       5 (2)      4 (1)
 *      /    \     /
 *   9 (1)  7 (1) 6 (1)
 *
 * Elements with the same key come out in the order of insertion.
 * Locks: none here; the owner's header names the lock.
 * Source: C. A. Crane, "Linear lists and priority queues as balanced binary
 *   trees", 1972; Knuth, TAOCP vol. 3, 5.2.3.
 */
#ifndef KERNEL_LIB_HEAP_H
#define KERNEL_LIB_HEAP_H

#include "kernel/lib/types.h"

struct heap_node {
	struct heap_node *hn_left, *hn_right, *hn_up;
	u64 hn_key;
	u64 hn_seq; /* counts the insertions: the order among equal keys */
	u32 hn_rank;
};

struct heap {
	struct heap_node *h_root; /* the first element; NULL: empty */
	u64 h_seq;
};

static inline void heap_init(struct heap *h)
{
	*h = (struct heap){ 0 };
}

static inline struct heap_node *heap_first(const struct heap *h)
{
	return h->h_root;
}

/* Puts n, which is in no heap, into h under this key. */
void heap_insert(struct heap *h, struct heap_node *n, u64 key);
/* Takes n out of h. */
void heap_remove(struct heap *h, struct heap_node *n);

#endif
