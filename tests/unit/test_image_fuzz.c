/* SPDX-License-Identifier: MIT */
/*
 * The fuzz target of checkpoint images with a mutator of our own: seeded, the same inputs in every run. `make fuzz` runs
 * libFuzzer on it for as long as one likes. With the argument "all" five times as many inputs: they reach one line more of
 * ckpt/image than the usual number, and 1.3 percent more of the branches.
 *
 * UNIT-FULL: all
 * UNIT-SOURCES: ckpt/image/?*.c
 */
#include "tests/fuzz/fuzz_image.c"

#define ROUNDS 8000

/* Now and then what came of an image is the start of the next changes. */
static void fuzz_seed(u32 seed, u32 rounds)
{
	struct metafile first = make_seed(seed);
	u8 *from = malloc(SEED_MAX), *data = malloc(SEED_MAX);
	u32 from_size = (u32)first.size;

	must(from && data, "memory");
	memcpy(from, first.data, first.size);
	for (u32 round = 0; round < rounds; round++) {
		u32 size = from_size;

		memcpy(data, from, size);
		if (random_below(4) == 0 && mutate_image(data, &size, SEED_MAX)) {
			bool again = random_below(20) == 0;

			from_size = again ? (u32)first.size : size;
			memcpy(from, again ? first.data : data, from_size);
		} else {
			mutate(data, &size, SEED_MAX);
		}
		LLVMFuzzerTestOneInput(data, size);
	}
	free(from);
	free(data);
	free(first.data);
	printf("ok seed %u\n", seed);
}

int main(int argc, char **argv)
{
	const u32 times = argc > 1 && strcmp(argv[1], "all") == 0 ? 5 : 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* The large one is slow: it is there for its many lists. */
	for (u32 seed = 0; seed < ARRAY_SIZE(seeds); seed++)
		fuzz_seed(seed, times * (seeds[seed] == sample_large ? 500 : ROUNDS));
	return 0;
}
