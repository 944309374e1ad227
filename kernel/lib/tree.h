/* SPDX-License-Identifier: MIT */
/*
 * Intrusive AVL tree: the heights of the two subtrees of a node differ by at
 * most one, in any order of insertions. So a tree of n nodes is less than 1.45
 * log2(n) high, and a user cannot choose a bad case.
 *
 * A `struct tree_node` lies inside an element. The owner's `struct tree_ops`
 * orders the elements, and may keep a summary of each subtree in its top
 * element (the largest gap, the last end):
 *
 *	          [ 40 | sum ]          sum: of 20, 40, 60 and all below them
 *	          /          \
 *	   [ 20 | sum ]   [ 60 | sum ]
 *
 * Costs: tree_first, tree_last, tree_next, tree_prev, tree_seek, tree_insert,
 * tree_remove and tree_changed take O(log n) steps; a walk of the whole tree
 * takes O(n).
 * Locks: none here; the owner's header names the lock.
 * Sleeps: no; nothing here allocates.
 * Source: Adelson-Velsky and Landis, 1962; Knuth, The Art of Computer
 *   Programming, volume 3, 6.2.3.
 */
#ifndef KERNEL_LIB_TREE_H
#define KERNEL_LIB_TREE_H

#include "kernel/lib/types.h"

struct tree_node {
	struct tree_node *t_left, *t_right;
	struct tree_node *t_up; /* NULL: the root, or a node in no tree */
	u32 t_height;		/* 1: a leaf. 0: in no tree */
};

struct tree_ops {
	/* Does a stand before b? Equal elements: false both ways. */
	bool (*before)(const struct tree_node *a, const struct tree_node *b);
	/*
	 * Computes the summary in n's element from the element and its two
	 * subtrees (NULL or up to date). NULL: the tree has no summaries.
	 */
	void (*update)(struct tree_node *n);
};

struct tree {
	struct tree_node *t_root; /* NULL: empty */
	const struct tree_ops *t_ops;
};

#define TREE_INIT(ops)      \
	{                   \
		NULL, (ops) \
	}

static inline void tree_init(struct tree *t, const struct tree_ops *ops)
{
	t->t_root = NULL;
	t->t_ops = ops;
}

/* Makes n a node in no tree. A zeroed node is one already. */
static inline void tree_node_init(struct tree_node *n)
{
	*n = (struct tree_node){ 0 };
}

static inline bool tree_empty(const struct tree *t)
{
	return !t->t_root;
}

/* Is n in a tree? */
static inline bool tree_linked(const struct tree_node *n)
{
	return n->t_height != 0;
}

/* Puts n, which is in no tree, into t, after elements equal to it. */
void tree_insert(struct tree *t, struct tree_node *n);

/* Takes n out of t. */
void tree_remove(struct tree *t, struct tree_node *n);

/*
 * n's summary has changed: recomputes the summaries from n up to the root. The
 * order of n must not have changed.
 */
void tree_changed(struct tree *t, struct tree_node *n);

/* Returns: the first / last node in order; NULL if t is empty. */
struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_last(const struct tree *t);

/* Returns: the neighbour of n in order; NULL if n is the last / the first. */
struct tree_node *tree_next(const struct tree_node *n);
struct tree_node *tree_prev(const struct tree_node *n);

/*
 * Finds the first node, in order, for which reached(node, key) is true. It must
 * be true for all nodes after such a node.
 * Returns: NULL: it is true for no node.
 */
struct tree_node *tree_seek(const struct tree *t,
			    bool (*reached)(const struct tree_node *n, const void *key), const void *key);

/* The element that contains node n; NULL for NULL. */
#define tree_entry(n, type, member)                                   \
	({                                                            \
		struct tree_node *tree_n_ = (struct tree_node *)(n);  \
		tree_n_ ? container_of(tree_n_, type, member) : NULL; \
	})

/* All elements in order. The body must not remove any from the tree. */
#define tree_for_each(e, t, member)                                                  \
	for ((e) = tree_entry(tree_first(t), __typeof__(*(e)), member); (e) != NULL; \
	     (e) = tree_entry(tree_next(&(e)->member), __typeof__(*(e)), member))

#endif
