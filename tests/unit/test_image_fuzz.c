/* SPDX-License-Identifier: MIT */
/*
 * The fuzz target of checkpoint images with a mutator of our own: seeded, the same inputs in every run. `make fuzz` runs
 * libFuzzer on it for as long as one likes.
 *
 * UNIT-SOURCES: ckpt/image_*.c
 */
#include "tests/fuzz/fuzz_image.c"

#define ROUNDS 60000

static u64 state = 1;

static u32 random_below(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((state >> 33) % n);
}

static void put32(u8 *p, u32 v)
{
	memcpy(p, &v, 4);
}

static const u32 odd_values[] = { 0,	      1,	  2,	      3,	  0x7f,
				  0x80,	      0xff,	  0x100,      0x1000,	  0xffff,
				  0x10000,    0x7fffffff, 0x80000000, 0xbffff000, 0xc0000000,
				  0xfffff000, 0xfffffffc, 0xfffffffe, 0xffffffff };

/* Most changes are to whole words of the metadata, where counts, lengths and addresses are. */
static void mutate(u8 *data, u32 *size, u32 meta)
{
	u32 at = random_below(MIN(meta, *size)), word = at & ~3u;

	switch (random_below(8)) {
	case 0: data[at] ^= (u8)(1 << random_below(8)); break;
	case 1: data[at] = (u8)random_below(256); break;
	case 2:
	case 3: put32(data + word, odd_values[random_below(ARRAY_SIZE(odd_values))]); break;
	case 4: put32(data + word, get32(data + word) + random_below(9) - 4); break;
	case 5: put32(data + word, get32(data + (random_below(MIN(meta, *size)) & ~3u))); break;
	case 6:
		memmove(data + word, data + (random_below(MIN(meta, *size)) & ~3u), random_below(64) & ~3u);
		break;
	default:
		if (random_below(50) == 0)
			*size = random_below(*size) + 1;
	}
}

int main(void)
{
	for (u32 seed = 0; seed < ARRAY_SIZE(seeds); seed++) {
		struct memfile f;
		u8 *data;

		make_seed(seed, &f);
		data = malloc(f.size + 128);
		must(data != NULL, "memory");
		/* The large one is slow: it is there for its many lists. */
		for (u32 round = 0; round < (seed == 3 ? 200 : ROUNDS); round++) {
			u32 size = (u32)f.size;

			memcpy(data, f.data, f.size);
			memset(data + f.size, 0, 128);
			for (u32 n = 1 + random_below(3); n; n--)
				mutate(data, &size,
				       get32(f.data + ELF_EHSIZE + 4) + get32(f.data + ELF_EHSIZE + 16));
			LLVMFuzzerTestOneInput(data, size);
		}
		free(data);
		memfile_free(&f);
		printf("ok seed %u\n", seed);
	}
	return 0;
}
