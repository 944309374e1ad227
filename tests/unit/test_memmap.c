/* SPDX-License-Identifier: MIT */
/* Sets of address ranges against a plain array of bytes. */
#include "kernel/memmap.c"

#include <stdio.h>
#include <stdlib.h>

static int failed;

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

#define SPACE 400

static bool equal(const struct memmap *m, const u8 *model)
{
	u64 size = 0, last = 0;

	for (u32 i = 0; i < m->mm_n; i++) {
		const struct mem_range *r = &m->mm_range[i];

		if (r->start >= r->end || (i && r->start <= last))
			return false;
		last = r->end;
	}
	for (u64 a = 0; a < SPACE; a++) {
		if (memmap_has(m, a, a + 1) != model[a])
			return false;
		size += model[a];
	}
	return memmap_size(m) == size;
}

static bool random_round(void)
{
	struct memmap m = { .mm_n = 0 };
	u8 model[SPACE] = { 0 };

	for (int step = 0; step < 60; step++) {
		u64 start = (u64)rand() % SPACE, end = MIN(start + (u64)rand() % 40, (u64)SPACE);
		bool put = rand() % 3 != 0;

		if (put)
			memmap_add(&m, start, end);
		else
			memmap_remove(&m, start, end);
		for (u64 a = start; a < end; a++)
			model[a] = put;
		if (!equal(&m, model))
			return false;
	}
	return true;
}

static void test_random(void)
{
	bool good = true;

	srand(7);
	for (int i = 0; i < 3000 && good; i++)
		good = random_round();
	check(good, "3000 random sets");
}

static void test_limits(void)
{
	struct memmap m = { .mm_n = 0 };

	for (u64 i = 0; i < MEMMAP_MAX; i++)
		memmap_add(&m, i * 10, i * 10 + 5);
	check(m.mm_n == MEMMAP_MAX && !memmap_add(&m, 7, 8) && m.mm_n == MEMMAP_MAX, "no room for one more");
	check(memmap_add(&m, 4, 11) && m.mm_n == MEMMAP_MAX - 1, "two joined");
	check(memmap_add(&m, 0, ~0ull) && m.mm_n == 1 && memmap_has(&m, 0, ~0ull), "all of it");
	check(memmap_remove(&m, 0, ~0ull) && m.mm_n == 0 && memmap_size(&m) == 0, "nothing of it");
	check(memmap_add(&m, 9, 9) && memmap_add(&m, 9, 3) && m.mm_n == 0, "empty and reversed ranges");
}

static void test_pages(void)
{
	struct memmap m = { .mm_n = 0 };

	memmap_add(&m, 1, 0x1fff);
	memmap_add(&m, 0x3000, 0x5001);
	memmap_add(&m, 0x6001, 0x7fff);
	memmap_add(&m, ~0ull - 10, ~0ull);
	memmap_whole_pages(&m);
	check(m.mm_n == 1 && m.mm_range[0].start == 0x3000 && m.mm_range[0].end == 0x5000, "whole pages");
	memmap_add(&m, 0x8000, 0x10000);
	memmap_limit(&m, 0x3000);
	check(m.mm_n == 2 && m.mm_range[1].end == 0x9000, "the first bytes");
	memmap_limit(&m, 0x2000);
	check(m.mm_n == 1 && memmap_size(&m) == 0x2000, "exactly one range");
	memmap_limit(&m, ~0ull);
	check(m.mm_n == 1, "no limit");
}

int main(void)
{
	test_random();
	test_limits();
	test_pages();
	return failed;
}
