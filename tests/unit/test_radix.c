/* SPDX-License-Identifier: MIT */
/*
 * The radix tree against an array, under random operations with indexes near and far.
 *
 * UNIT-FLAGS: -iquote tests/unit/shim
 * UNIT-SOURCES: tests/unit/shim/sim_*.c
 */
#include "fs/radix.c"

#include <stdio.h>

#include "sim.h"

#define SLOTS 4096u

static void *model[SLOTS];
static bool tags[RADIX_NTAG][SLOTS];
static u32 stride;

/* The index that model slot i stands for. */
static u32 at(u32 i)
{
	return stride == 0 ? 0xffffffffu - i : i * stride;
}

/* Slots in order of index. */
static u32 nth(u32 k)
{
	return stride == 0 ? SLOTS - 1 - k : k;
}

static void check_next(struct radix *r)
{
	u32 tag = sim_rnd(RADIX_NTAG + 1), k = sim_rnd(SLOTS), end = k + sim_rnd(200), idx = 0;
	u32 to = end < SLOTS ? at(nth(end)) : 0xffffffffu;
	void *got = radix_next(r, at(nth(k)), to, tag, &idx), *want = NULL;

	for (; k < end && k < SLOTS && !want; k++) {
		u32 i = nth(k);

		if (at(i) < to && model[i] && (tag == RADIX_ANY || tags[tag][i])) {
			want = model[i];
			CHECK(idx == at(i));
		}
	}
	CHECK(got == want);
}

static void one_operation(struct radix *r)
{
	u32 i = sim_rnd(SLOTS), tag = sim_rnd(RADIX_NTAG);
	void *item = &model[i];

	switch (sim_rnd(6)) {
	case 0:
	case 1: {
		int error = radix_insert(r, at(i), item, NULL);

		if (error == -ENOMEM)
			break;
		CHECK(error == (model[i] ? -EEXIST : 0));
		if (!error) {
			model[i] = item;
			tags[0][i] = tags[1][i] = false;
		}
		break;
	}
	case 2:
		CHECK(radix_delete(r, at(i)) == model[i]);
		model[i] = NULL;
		break;
	case 3:
		if (model[i]) {
			radix_tag(r, at(i), tag);
			tags[tag][i] = true;
		}
		break;
	case 4:
		if (model[i]) {
			radix_untag(r, at(i), tag);
			tags[tag][i] = false;
		}
		break;
	case 5:
		CHECK(radix_lookup(r, at(i)) == model[i]);
		CHECK(!model[i] || radix_tagged(r, at(i), tag) == tags[tag][i]);
		check_next(r);
		break;
	}
}

static void run(u32 seed, u32 step)
{
	struct radix r;

	sim_init(seed, 64);
	stride = step;
	radix_module_init();
	radix_init(&r);
	sim_fail_alloc = 50;
	for (u32 i = 0; i < 60000; i++)
		one_operation(&r);
	sim_fail_alloc = 0;
	for (u32 i = 0; i < SLOTS; i++) {
		CHECK(radix_delete(&r, at(i)) == model[i]);
		model[i] = NULL;
	}
	CHECK(r.r_count == 0 && !r.r_root);
	CHECK(sim_objects_live() == 0);
}

static void spare_nodes(void)
{
	struct radix_spare sp = { 0 };
	struct radix r;
	int x;

	sim_init(1, 64);
	radix_init(&r);
	CHECK(radix_spare_fill(&sp) == 0);
	sim_fail_alloc = 1;
	CHECK(radix_insert(&r, 0xffffffffu, &x, &sp) == 0);
	CHECK(radix_insert(&r, 0, &x, &sp) == -ENOMEM || sp.sp_n > 0);
	sim_fail_alloc = 0;
	radix_spare_drop(&sp);
	radix_delete(&r, 0);
	CHECK(radix_delete(&r, 0xffffffffu) == &x);
	CHECK(sim_objects_live() == 0);
}

int main(void)
{
	static const u32 steps[] = { 1, 3, 64, 4097, 1048573, 0 };

	for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
		run(i + 1, steps[i]);
		if (!sim_failures)
			printf("ok operations at distance %u\n", steps[i]);
	}
	spare_nodes();
	if (!sim_failures)
		printf("ok spare nodes\n");
	return sim_failures != 0;
}
