/* SPDX-License-Identifier: MIT */
/*
 * The leftist heap against a plain table, under random insertions and removals: what comes out first, the shape of the heap, and
 * how long its paths are.
 *
 * UNIT-FLAGS: -iquote tests/unit/shim
 * UNIT-SOURCES: tests/unit/shim/sim_*.c
 */
#include "kernel/lib/heap.c"

#include <stdio.h>

#include "sim.h"

#define NODES 1000u
#define STEPS 200000u

static struct heap_node nodes[NODES];
static bool in[NODES];
static u32 n_in;

static struct heap_node *model_first(void)
{
	struct heap_node *best = NULL;

	for (u32 i = 0; i < NODES; i++)
		if (in[i] && (!best || heap_before(&nodes[i], best)))
			best = &nodes[i];
	return best;
}

/* Counts the nodes below n, and checks what heap.h says of each. */
static u32 check_shape(const struct heap_node *n, const struct heap_node *up)
{
	if (!n)
		return 0;
	CHECK(n->hn_up == up);
	CHECK(!up || heap_before(up, n));
	CHECK(n->hn_rank == rank(n->hn_right) + 1);
	CHECK(rank(n->hn_left) >= rank(n->hn_right));
	return 1 + check_shape(n->hn_left, n) + check_shape(n->hn_right, n);
}

static void insert(struct heap *h, u32 i, u64 key)
{
	heap_insert(h, &nodes[i], key);
	in[i] = true;
	n_in++;
}

static void take(struct heap *h, u32 i)
{
	heap_remove(h, &nodes[i]);
	in[i] = false;
	n_in--;
}

static void random_steps(struct heap *h, u64 keys)
{
	for (u32 step = 0; step < STEPS; step++) {
		u32 i = sim_rnd(NODES);

		if (!in[i])
			insert(h, i, sim_rnd((u32)keys));
		else if (sim_rnd(2))
			take(h, i);
		else if (heap_first(h))
			take(h, (u32)(heap_first(h) - nodes));
		if (step % 100 == 0) {
			CHECK(heap_first(h) == model_first());
			CHECK(check_shape(h->h_root, NULL) == n_in);
			CHECK(!h->h_root || h->h_root->hn_rank <= 10); /* 2^10 - 1 > NODES */
		}
	}
}

/* All of it comes out in order; equal keys as they went in. */
static void drain(struct heap *h)
{
	const struct heap_node *last = NULL;

	while (heap_first(h)) {
		struct heap_node *n = heap_first(h);

		CHECK(!last || heap_before(last, n));
		take(h, (u32)(n - nodes));
		last = n;
	}
	CHECK(n_in == 0);
}

/* Keys that only rise, only fall, or are all the same: the worst that a user can choose. */
static void in_order(struct heap *h)
{
	for (u32 how = 0; how < 3; how++) {
		for (u32 i = 0; i < NODES; i++)
			insert(h, i, how == 0 ? i : how == 1 ? NODES - i : 7);
		CHECK(check_shape(h->h_root, NULL) == NODES);
		drain(h);
	}
}

int main(void)
{
	struct heap h;

	heap_init(&h);
	in_order(&h);
	for (u64 keys = 3; keys <= 3000000; keys *= 1000) {
		random_steps(&h, keys);
		drain(&h);
	}
	if (!sim_failures)
		printf("ok the first of a heap, and its shape\n");
	return sim_failures != 0;
}
