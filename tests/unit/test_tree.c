/* SPDX-License-Identifier: MIT */
/*
 * The AVL tree against a sorted array, under random, rising and falling insertions and removals, with the shape of
 * the tree and its summaries looked at after each.
 *
 * UNIT-FLAGS: -iquote tests/unit/shim
 * UNIT-SOURCES: tests/unit/shim/sim_*.c
 */
#include "kernel/lib/tree.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define ITEMS 600u

struct item {
	u32 key, serial; /* items with one key stand in the order of their insertion */
	struct tree_node node;
	u32 weight, sum, most; /* summary: the weights of the subtree, and the largest */
	u32 pad;
};

static struct item item[ITEMS];
static struct item *model[ITEMS];
static u32 nmodel, serial;

static struct item *of(const struct tree_node *n)
{
	return tree_entry(n, struct item, node);
}

static bool before(const struct tree_node *a, const struct tree_node *b)
{
	return of(a)->key < of(b)->key;
}

static void update(struct tree_node *n)
{
	struct item *it = of(n), *l = of(n->t_left), *r = of(n->t_right);

	it->sum = it->weight + (l ? l->sum : 0) + (r ? r->sum : 0);
	it->most = MAX(it->weight, MAX(l ? l->most : 0, r ? r->most : 0));
}

static const struct tree_ops ops = { before, update };
static const struct tree_ops plain_ops = { before, NULL };

/* The shape below n. Returns: its height. */
static u32 check_node(const struct tree_node *n, const struct tree_node *up, bool summed)
{
	struct item was;
	u32 l, r;

	if (!n)
		return 0;
	CHECK(n->t_up == up);
	l = check_node(n->t_left, n, summed);
	r = check_node(n->t_right, n, summed);
	CHECK(l <= r + 1 && r <= l + 1);
	CHECK(n->t_height == 1 + MAX(l, r));
	if (summed) {
		was = *of(n);
		update((struct tree_node *)n);
		CHECK(was.sum == of(n)->sum && was.most == of(n)->most);
	}
	return n->t_height;
}

static bool at_least(const struct tree_node *n, const void *key)
{
	return of(n)->key >= *(const u32 *)key;
}

static void check_seek(const struct tree *t, u32 key)
{
	struct item *want = NULL;

	for (u32 i = 0; i < nmodel && !want; i++) {
		if (model[i]->key >= key)
			want = model[i];
	}
	CHECK(of(tree_seek(t, at_least, &key)) == want);
}

static void check(const struct tree *t)
{
	struct item *it;
	u32 n = 0;

	check_node(t->t_root, NULL, t->t_ops->update != NULL);
	tree_for_each(it, t, node)
	{
		CHECK(n < nmodel && model[n] == it);
		CHECK(of(tree_prev(&it->node)) == (n ? model[n - 1] : NULL));
		n++;
	}
	CHECK(n == nmodel && tree_empty(t) == !nmodel);
	CHECK(of(tree_last(t)) == (nmodel ? model[nmodel - 1] : NULL));
}

static void add(struct tree *t, struct item *it, u32 key)
{
	u32 i = nmodel++;

	it->key = key;
	it->serial = serial++;
	it->weight = sim_rnd(1000);
	for (; i > 0 && model[i - 1]->key > key; i--)
		model[i] = model[i - 1];
	model[i] = it;
	tree_insert(t, &it->node);
	CHECK(tree_linked(&it->node));
}

static void drop(struct tree *t, u32 i)
{
	struct item *it = model[i];

	nmodel--;
	memmove(&model[i], &model[i + 1], (nmodel - i) * sizeof(model[0]));
	tree_remove(t, &it->node);
	CHECK(!tree_linked(&it->node));
}

/* keys: how many there are; few make many equal ones. */
static void random_run(const struct tree_ops *o, u32 seed, u32 keys)
{
	struct tree t;

	sim_init(seed, 1);
	memset(item, 0, sizeof(item));
	nmodel = 0;
	tree_init(&t, o);
	for (u32 step = 0; step < 12000; step++) {
		struct item *it = &item[sim_rnd(ITEMS)];

		if (tree_linked(&it->node)) {
			u32 i = 0;

			while (model[i] != it)
				i++;
			drop(&t, i);
		} else if (nmodel < 1 + step % ITEMS) {
			add(&t, it, sim_rnd(keys));
		}
		if (o->update && nmodel) {
			it = model[sim_rnd(nmodel)];
			it->weight = sim_rnd(1000);
			tree_changed(&t, &it->node);
		}
		if (step % 8 == 0)
			check(&t);
		check_seek(&t, sim_rnd(keys + 1));
	}
	while (nmodel) {
		drop(&t, sim_rnd(nmodel));
		check(&t);
	}
}

static u32 log2_up(u32 n)
{
	u32 log = 0;

	while ((1u << log) < n)
		log++;
	return log;
}

/* Keys in order, the user's cheapest attack: the tree stays flat, also when one half goes again. */
static void ordered_run(bool falling)
{
	struct tree t;

	memset(item, 0, sizeof(item));
	nmodel = 0;
	tree_init(&t, &ops);
	for (u32 i = 0; i < ITEMS; i++) {
		add(&t, &item[i], falling ? ITEMS - i : i);
		CHECK(t.t_root->t_height <= log2_up(i + 2) * 145 / 100 + 1);
	}
	check(&t);
	while (nmodel > ITEMS / 2)
		drop(&t, falling ? nmodel - 1 : 0);
	check(&t);
	CHECK(t.t_root->t_height <= log2_up(nmodel + 1) * 145 / 100 + 1);
	while (nmodel)
		drop(&t, nmodel / 2);
	check(&t);
}

static void done(const char *what)
{
	if (!sim_failures)
		printf("ok %s\n", what);
}

int main(void)
{
	for (u32 seed = 1; seed <= 4; seed++)
		random_run(&ops, seed, seed & 1 ? 1u << 30 : 50);
	done("random operations, with summaries");
	random_run(&plain_ops, 9, 1000);
	done("random operations, without");
	ordered_run(false);
	ordered_run(true);
	done("keys in order");
	return sim_failures != 0;
}
