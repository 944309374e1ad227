/* SPDX-License-Identifier: MIT */
/*
 * life [-s SIZE] [-g GENERATIONS] [-v] [-c NAME [-k COUNT] [-f]]: Conway's cellular automaton on a square torus.
 *
 *   -s SIZE   cells a side (default 256)     -g GENERATIONS (default 100)
 *   -v        draws the upper left corner after each generation
 *   -c, -k, -f: checkpoints, as for mat
 */
#include "demo.h"

#include <reprise/ckpt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SHOW_ROWS 20
#define SHOW_COLS 60

static unsigned char *cells, *next;
static int size = 256;

static void seed_cells(void)
{
	uint32_t x = 2463534242u;

	for (int i = 0; i < size * size; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		cells[i] = (x >> 9) % 3 == 0;
	}
}

/* The new row y, from its neighbours above and below. */
static void step_row(int y)
{
	const unsigned char *up = cells + (size_t)((y + size - 1) % size) * size;
	const unsigned char *row = cells + (size_t)y * size;
	const unsigned char *down = cells + (size_t)((y + 1) % size) * size;

	for (int x = 0; x < size; x++) {
		int l = x ? x - 1 : size - 1, r = x + 1 < size ? x + 1 : 0;
		int n = up[l] + up[x] + up[r] + row[l] + row[r] + down[l] + down[x] + down[r];

		next[(size_t)y * size + x] = n == 3 || (n == 2 && row[x]);
	}
}

static void generation(void)
{
	unsigned char *t = cells;

	for (int y = 0; y < size; y++)
		step_row(y);
	cells = next;
	next = t;
}

static void draw(int g)
{
	printf("\033[H\033[Jgeneration %d\n", g);
	for (int y = 0; y < SHOW_ROWS && y < size; y++) {
		for (int x = 0; x < SHOW_COLS && x < size; x++)
			putchar(cells[(size_t)y * size + x] ? 'o' : ' ');
		putchar('\n');
	}
}

static long population(void)
{
	long n = 0;

	for (int i = 0; i < size * size; i++)
		n += cells[i];
	return n;
}

int main(int argc, char **argv)
{
	struct demo d = { .d_count = 1 };
	int generations = 100, show = 0, opt;

	while ((opt = getopt(argc, argv, "s:g:vc:k:f")) != -1) {
		switch (opt) {
		case 's': size = atoi(optarg); break;
		case 'g': generations = atoi(optarg); break;
		case 'v': show = 1; break;
		case 'c': d.d_name = optarg; break;
		case 'k': d.d_count = (unsigned)atoi(optarg); break;
		case 'f': d.d_flags |= CKPT_FORKED; break;
		default:
			fprintf(stderr, "usage: life [-s SIZE] [-g GENERATIONS] [-v] [-c NAME [-k COUNT] [-f]]\n");
			return 2;
		}
	}
	if (size < 3 || size > 8192 || generations < 1) {
		fprintf(stderr, "life: the size must be 3 to 8192, and there must be a generation\n");
		return 2;
	}
	cells = malloc((size_t)size * size);
	next = malloc((size_t)size * size);
	if (!cells || !next) {
		perror("life");
		return 1;
	}
	seed_cells();
	printf("cellular automaton, %d x %d, %d generations\n", size, size, generations);
	for (int g = 1; g <= generations; g++) {
		generation();
		if (show)
			draw(g);
		demo_step(&d, (uint64_t)g, (uint64_t)generations);
	}
	printf("alive %ld\nresult %016llx\n", population(),
	       (unsigned long long)demo_sum(cells, (size_t)size * size));
	return 0;
}
