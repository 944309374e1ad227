/* SPDX-License-Identifier: MIT */
/*
 * AVL tree. An insertion or removal changes the tree at one place. From there
 * rise() walks up to the root and corrects heights, balance and summaries, node
 * by node.
 */
#include "kernel/lib/tree.h"

#include "kernel/lib/panic.h"

static u32 height(const struct tree_node *n)
{
	return n ? n->t_height : 0;
}

/* Recomputes height and summary of n from its subtrees. */
static void refresh(struct tree *t, struct tree_node *n)
{
	n->t_height = 1 + MAX(height(n->t_left), height(n->t_right));
	if (t->t_ops->update)
		t->t_ops->update(n);
}

/* Puts `new` (or NULL) into the place of `old`: below `up`, or at the root. */
static void replace(struct tree *t, struct tree_node *up, struct tree_node *old, struct tree_node *new)
{
	if (!up)
		t->t_root = new;
	else if (up->t_left == old)
		up->t_left = new;
	else
		up->t_right = new;
	if (new)
		new->t_up = up;
}

/*
 *	    n            l
 *	   / \          / \
 *	  l   c   ->   a   n
 *	 / \              / \
 *	a   b            b   c
 *
 * Returns: l, the new top.
 */
static struct tree_node *rotate_right(struct tree *t, struct tree_node *n)
{
	struct tree_node *l = n->t_left, *b = l->t_right;

	replace(t, n->t_up, n, l);
	l->t_right = n;
	n->t_up = l;
	n->t_left = b;
	if (b)
		b->t_up = n;
	refresh(t, n);
	refresh(t, l);
	return l;
}

/* The mirror image. */
static struct tree_node *rotate_left(struct tree *t, struct tree_node *n)
{
	struct tree_node *r = n->t_right, *b = r->t_left;

	replace(t, n->t_up, n, r);
	r->t_left = n;
	n->t_up = r;
	n->t_right = b;
	if (b)
		b->t_up = n;
	refresh(t, n);
	refresh(t, r);
	return r;
}

/*
 * Balances n, whose subtrees are balanced: their heights differ by at most one
 * afterwards.
 * Returns: the top of the subtree.
 */
static struct tree_node *balance(struct tree *t, struct tree_node *n)
{
	u32 left = height(n->t_left), right = height(n->t_right);

	if (left > right + 1) {
		/*
		 * A left subtree that is higher on its right would be too high
		 * after the rotation.
		 */
		if (height(n->t_left->t_left) < height(n->t_left->t_right))
			rotate_left(t, n->t_left);
		return rotate_right(t, n);
	}
	if (right > left + 1) {
		if (height(n->t_right->t_right) < height(n->t_right->t_left))
			rotate_right(t, n->t_right);
		return rotate_left(t, n);
	}
	refresh(t, n);
	return n;
}

/* From n, the lowest node whose subtrees have changed, to the root. */
static void rise(struct tree *t, struct tree_node *n)
{
	for (; n; n = n->t_up)
		n = balance(t, n);
}

void tree_insert(struct tree *t, struct tree_node *n)
{
	struct tree_node **at = &t->t_root, *up = NULL;

	ASSERT(!tree_linked(n));
	while (*at) {
		up = *at;
		at = t->t_ops->before(n, up) ? &up->t_left : &up->t_right;
	}
	*n = (struct tree_node){ .t_up = up, .t_height = 1 };
	*at = n;
	rise(t, n);
}

/*
 * Removes n, which has at most one subtree.
 * Returns: the lowest node whose subtrees have changed.
 */
static struct tree_node *tree_take_out(struct tree *t, struct tree_node *n)
{
	struct tree_node *up = n->t_up;

	replace(t, up, n, n->t_left ? n->t_left : n->t_right);
	return up;
}

/* Puts `heir`, which is in no tree, into n's place, with n's subtrees. */
static void inherit(struct tree *t, struct tree_node *n, struct tree_node *heir)
{
	*heir = *n;
	replace(t, n->t_up, n, heir);
	if (heir->t_left)
		heir->t_left->t_up = heir;
	if (heir->t_right)
		heir->t_right->t_up = heir;
}

void tree_remove(struct tree *t, struct tree_node *n)
{
	struct tree_node *from, *heir;

	ASSERT(tree_linked(n));
	if (n->t_left && n->t_right) {
		/* The next in order has no left subtree: it takes n's place. */
		heir = tree_next(n);
		from = tree_take_out(t, heir);
		inherit(t, n, heir);
		if (from == n)
			from = heir;
	} else {
		from = tree_take_out(t, n);
	}
	tree_node_init(n);
	rise(t, from);
}

void tree_changed(struct tree *t, struct tree_node *n)
{
	ASSERT(tree_linked(n));
	for (; n; n = n->t_up)
		t->t_ops->update(n);
}

/* --- order --- */

static struct tree_node *leftmost(struct tree_node *n)
{
	while (n && n->t_left)
		n = n->t_left;
	return n;
}

static struct tree_node *rightmost(struct tree_node *n)
{
	while (n && n->t_right)
		n = n->t_right;
	return n;
}

struct tree_node *tree_first(const struct tree *t)
{
	return leftmost(t->t_root);
}

struct tree_node *tree_last(const struct tree *t)
{
	return rightmost(t->t_root);
}

struct tree_node *tree_next(const struct tree_node *n)
{
	if (n->t_right)
		return leftmost(n->t_right);
	while (n->t_up && n->t_up->t_right == n)
		n = n->t_up;
	return n->t_up;
}

struct tree_node *tree_prev(const struct tree_node *n)
{
	if (n->t_left)
		return rightmost(n->t_left);
	while (n->t_up && n->t_up->t_left == n)
		n = n->t_up;
	return n->t_up;
}

struct tree_node *tree_seek(const struct tree *t,
			    bool (*reached)(const struct tree_node *n, const void *key), const void *key)
{
	struct tree_node *n = t->t_root, *found = NULL;

	while (n) {
		if (reached(n, key)) {
			found = n;
			n = n->t_left;
		} else {
			n = n->t_right;
		}
	}
	return found;
}
