/* SPDX-License-Identifier: MIT */
/*
 * cellular [OPTION]... [SIZE [GENERATIONS]]: Conway's cellular automaton on a
 * square torus: one of the two programs of the paper's experiment
 * (tools/bench-paper).
 */
#include "demo.h"

#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHOW_ROWS 20
#define SHOW_COLS 60

static const char usage[] = "usage: cellular [OPTION]... [SIZE [GENERATIONS]]\n"
			    "Computes generations (default: 100) of SIZE x SIZE cells (default: 256).\n"
			    "  -s SIZE, -g GENERATIONS   the same as the operands\n"
			    "  -v        draw the upper left corner after each generation\n" DEMO_HELP;

static unsigned char *cells, *next;
static int size = 256, generations = 100, show;

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

static int parse_size(const char *text)
{
	return demo_number(text, "size", 3, 8192, &size);
}

static int parse_generations(const char *text)
{
	return demo_number(text, "generations", 1, 1000000, &generations);
}

/* Returns: 0; -1: wrong usage; 1: help was all that was wanted. */
static int parse(int argc, char **argv, struct demo *d)
{
	static const struct option longopts[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	int opt, error = 0;

	while (!error && (opt = next_option(argc, argv, ":s:g:vh" DEMO_OPTIONS, longopts)) != -1) {
		switch (opt) {
		case 's': error = parse_size(optarg); break;
		case 'g': error = parse_generations(optarg); break;
		case 'v': show = 1; break;
		case 'h': fputs(usage, stdout); return 1;
		default: error = demo_option(d, opt);
		}
	}
	if (!error && argc - optind > 2)
		return wrong_usage(-1, "expected a size and a number of generations, found %s as well",
				   argv[optind + 2]);
	if (!error && optind < argc)
		error = parse_size(argv[optind]);
	if (!error && optind + 1 < argc)
		error = parse_generations(argv[optind + 1]);
	return error;
}

int main(int argc, char **argv)
{
	struct demo d = { .d_count = -1 };
	int parsed = parse(argc, argv, &d);

	if (parsed)
		return parsed > 0 ? finish_output(0, 1) : 2;
	cells = malloc((size_t)size * size);
	next = malloc((size_t)size * size);
	if (!cells || !next)
		return complain(1, "%d x %d: %s", size, size, strerror(errno));
	seed_cells();
	printf("cellular automaton, %d x %d, %d generations\n", size, size, generations);
	if (demo_begin(&d) != 0)
		return 1;
	for (int g = 1; g <= generations; g++) {
		generation();
		if (show)
			draw(g);
		demo_step(&d, (uint64_t)g, (uint64_t)generations);
	}
	printf("alive %ld\n", population());
	return demo_end(&d, cells, (size_t)size * size);
}
