/* SPDX-License-Identifier: MIT */
/* `bigfile MIB`: a file large enough for double indirect blocks, written, checked, cut, grown, rewritten. */
#include "t.h"
#include <sys/mman.h>

static size_t mib = 80;

static int t_hook(int argc, char **argv)
{
	if (argc > 1 && atoi(argv[1]) > 0) {
		mib = atoi(argv[1]);
		argv[1] = NULL;
	}
	return -1;
}

enum { CHUNK = 1 << 16 };
static uint32_t data[CHUNK / 4];

/* The contents of each 64 KiB follow from its number and the generation. */
static void fill(unsigned chunk, unsigned gen)
{
	uint32_t seed = chunk * 2654435761u + gen * 97 + 1;

	for (int i = 0; i < CHUNK / 4; i += 16) {
		data[i] = t_rand(&seed);
		for (int j = 1; j < 16; j++)
			data[i + j] = data[i] + j;
	}
}

static void put(int fd, unsigned chunk, unsigned gen)
{
	fill(chunk, gen);
	CHECK_EQ(pwrite(fd, data, CHUNK, (off_t)chunk * CHUNK), CHUNK);
}

static void verify(int fd, unsigned chunk, unsigned gen)
{
	static uint32_t got[CHUNK / 4];

	fill(chunk, gen);
	CHECK_EQ(pread(fd, got, CHUNK, (off_t)chunk * CHUNK), CHUNK);
	if (memcmp(data, got, CHUNK) != 0)
		FAIL("chunk %u of generation %u is wrong", chunk, gen);
}

TEST(write_check_cut_grow)
{
	unsigned n = mib * 16;
	struct stat st;
	int fd = SYS(open("big", O_RDWR | O_CREAT | O_TRUNC, 0600));

	for (unsigned i = 0; i < n; i++)
		put(fd, i, 0);
	SYS(fsync(fd));
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_size, (off_t)n * CHUNK);
	CHECK(st.st_blocks * 512ll >= st.st_size);
	for (unsigned i = 0; i < n; i++)
		verify(fd, i, 0);
	/* Some again, in a scattered order. */
	for (unsigned i = 0; i < n; i += 7)
		put(fd, n - 1 - i, 1);
	for (unsigned i = 0; i < n; i++)
		verify(fd, i, (n - 1 - i) % 7 == 0);
	/* Cut in the middle of the double indirect part, then in the single one, then in the direct one. */
	SYS(ftruncate(fd, (off_t)(n / 2) * CHUNK + 5));
	SYS(ftruncate(fd, 1000000));
	verify(fd, 0, (n - 1) % 7 == 0);
	SYS(ftruncate(fd, 3 * CHUNK / 2));
	SYS(ftruncate(fd, (off_t)n * CHUNK));
	char c = 1;
	CHECK_EQ(pread(fd, &c, 1, (off_t)(n / 2) * CHUNK), 1);
	CHECK_EQ(c, 0);
	SYS(ftruncate(fd, 0));
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_blocks, 0);
	SYS(unlink("big"));
}

TEST(holes_everywhere)
{
	/* Single blocks far apart, so that each needs its own indirect blocks. */
	int fd = SYS(open("sparse", O_RDWR | O_CREAT, 0600));
	static const off_t at[] = { 0,	       40 << 10, 48 << 10,     4 << 20,	     5 << 20,
				    100 << 20, 1 << 30,	 4299161600ll, 4303355904ll, 6000000000ll };
	char c;
	struct stat st;

	for (unsigned i = 0; i < sizeof(at) / sizeof(*at); i++)
		CHECK_EQ(pwrite(fd, "x", 1, at[i]), 1);
	SYS(fsync(fd));
	for (unsigned i = 0; i < sizeof(at) / sizeof(*at); i++) {
		CHECK(pread(fd, &c, 1, at[i]) == 1 && c == 'x');
		CHECK(pread(fd, &c, 1, at[i] + 4097) <= 1);
	}
	SYS(fstat(fd, &st));
	CHECK(st.st_blocks * 512 < 400 << 10);
	for (int i = sizeof(at) / sizeof(*at) - 1; i >= 0; i--) {
		SYS(ftruncate(fd, at[i] + 1));
		CHECK(pread(fd, &c, 1, at[i]) == 1 && c == 'x');
		SYS(ftruncate(fd, at[i]));
	}
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_blocks, 0);
	SYS(unlink("sparse"));
}
