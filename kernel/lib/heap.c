/* SPDX-License-Identifier: MIT */
/* The leftist heap of heap.h. */
#include "kernel/lib/heap.h"

static bool heap_before(const struct heap_node *a, const struct heap_node *b)
{
	return a->hn_key != b->hn_key ? a->hn_key < b->hn_key : a->hn_seq < b->hn_seq;
}

static u32 rank(const struct heap_node *n)
{
	return n ? n->hn_rank : 0;
}

/*
 * Makes the child of higher rank the left one.
 * Returns: whether n's rank has changed.
 */
static bool lean_left(struct heap_node *n)
{
	u32 was = n->hn_rank;

	if (rank(n->hn_left) < rank(n->hn_right)) {
		struct heap_node *t = n->hn_left;

		n->hn_left = n->hn_right;
		n->hn_right = t;
	}
	n->hn_rank = rank(n->hn_right) + 1;
	return n->hn_rank != was;
}

static void hang_right(struct heap_node *up, struct heap_node *n)
{
	up->hn_right = n;
	if (n)
		n->hn_up = up;
}

/*
 * Merges two heaps: their right paths become one path in the order of keys.
 * Then, from its lower end up, each node's children are put in order of rank
 * again.
 */
static struct heap_node *heap_merge(struct heap_node *a, struct heap_node *b)
{
	struct heap_node *last = NULL, *root = NULL;

	while (a && b) {
		struct heap_node *first = heap_before(a, b) ? a : b;

		if (first == a)
			a = a->hn_right;
		else
			b = b->hn_right;
		if (last)
			hang_right(last, first);
		else
			root = first;
		first->hn_up = last;
		last = first;
	}
	if (!last)
		return a ? a : b;
	hang_right(last, a ? a : b);
	for (; last; last = last->hn_up)
		lean_left(last);
	return root;
}

void heap_insert(struct heap *h, struct heap_node *n, u64 key)
{
	*n = (struct heap_node){ .hn_key = key, .hn_seq = h->h_seq++, .hn_rank = 1 };
	h->h_root = heap_merge(h->h_root, n);
	h->h_root->hn_up = NULL;
}

/*
 * n's children take its place. Above it, ranks are corrected as far up as they
 * change. Each such step reaches a rank that is one higher, so there are O(log
 * n) steps.
 */
void heap_remove(struct heap *h, struct heap_node *n)
{
	struct heap_node *up = n->hn_up, *below = heap_merge(n->hn_left, n->hn_right);

	if (below)
		below->hn_up = up;
	if (!up)
		h->h_root = below;
	else if (up->hn_left == n)
		up->hn_left = below;
	else
		up->hn_right = below;
	while (up && lean_left(up))
		up = up->hn_up;
}
