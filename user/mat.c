/* SPDX-License-Identifier: MIT */
/*
 * mat [OPTION]... [SIZE]: the product of two square matrices, row by row: one
 * of the two programs of the paper's experiment (tools/bench-paper).
 *
 * The last line is the result's sum: the same after any number of checkpoints,
 * power cuts and recoveries.
 */
#include "demo.h"

#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: mat [OPTION]... [SIZE]\n"
			    "Multiplies two matrices of SIZE rows and columns (default: 320).\n"
			    "  -n SIZE   the same as SIZE alone\n" DEMO_HELP;

static double *a, *b, *c;

/* Numbers that are no round ones, the same everywhere. */
static void fill(double *m, int n, uint32_t seed)
{
	for (int i = 0; i < n * n; i++) {
		seed = seed * 1664525u + 1013904223u;
		m[i] = (double)seed / 4294967296.0 - 0.5;
	}
}

/*
 * One row: the inner loop runs along the rows of b and c, which is how they lie
 * in memory.
 */
static void multiply_row(int i, int n)
{
	double *row = c + (size_t)i * n;

	for (int k = 0; k < n; k++) {
		double f = a[(size_t)i * n + k];
		const double *from = b + (size_t)k * n;

		for (int j = 0; j < n; j++)
			row[j] += f * from[j];
	}
}

/* Returns: 0; -1: wrong usage; 1: help was all that was wanted. */
static int parse(int argc, char **argv, struct demo *d, int *n)
{
	static const struct option longopts[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	int opt, error = 0;

	while (!error && (opt = next_option(argc, argv, ":n:h" DEMO_OPTIONS, longopts)) != -1) {
		switch (opt) {
		case 'n': error = demo_number(optarg, "size", 1, 4096, n); break;
		case 'h': fputs(usage, stdout); return 1;
		default: error = demo_option(d, opt);
		}
	}
	if (!error && argc - optind > 1)
		return wrong_usage(-1, "expected one size, found %s as well", argv[optind + 1]);
	return error || optind == argc ? error : demo_number(argv[optind], "size", 1, 4096, n);
}

int main(int argc, char **argv)
{
	struct demo d = { .d_count = -1 };
	int n = 320, parsed = parse(argc, argv, &d, &n);

	if (parsed)
		return parsed > 0 ? finish_output(0, 1) : 2;
	a = calloc((size_t)n * n, sizeof(*a));
	b = calloc((size_t)n * n, sizeof(*b));
	c = calloc((size_t)n * n, sizeof(*c));
	if (!a || !b || !c)
		return complain(1, "%d x %d: %s", n, n, strerror(errno));
	fill(a, n, 1);
	fill(b, n, 2);
	printf("matrix product, %d x %d\n", n, n);
	if (demo_begin(&d) != 0)
		return 1;
	for (int i = 0; i < n; i++) {
		multiply_row(i, n);
		demo_step(&d, (uint64_t)i + 1, (uint64_t)n);
	}
	return demo_end(&d, c, (size_t)n * n * sizeof(*c));
}
