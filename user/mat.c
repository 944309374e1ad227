/* SPDX-License-Identifier: MIT */
/*
 * mat [-n SIZE] [-c NAME [-k COUNT] [-f]]: the product of two square matrices, row by row, with visible progress.
 *
 *   -n SIZE   rows and columns (default 320)
 *   -c NAME   makes checkpoints of itself in NAME_ckpt, -k COUNT of them (default 1, in the middle); -f: forked
 *
 * The last line is the result's sum: the same after any number of checkpoints, power cuts and recoveries.
 */
#include "demo.h"

#include <reprise/ckpt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static double *a, *b, *c;

/* Numbers that are no round ones, the same everywhere. */
static void fill(double *m, int n, uint32_t seed)
{
	for (int i = 0; i < n * n; i++) {
		seed = seed * 1664525u + 1013904223u;
		m[i] = (double)seed / 4294967296.0 - 0.5;
	}
}

/* One row: the inner loop runs along the rows of b and c, which is how they lie in memory. */
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

int main(int argc, char **argv)
{
	struct demo d = { .d_count = 1 };
	int n = 320, opt;

	while ((opt = getopt(argc, argv, "n:c:k:f")) != -1) {
		switch (opt) {
		case 'n': n = atoi(optarg); break;
		case 'c': d.d_name = optarg; break;
		case 'k': d.d_count = (unsigned)atoi(optarg); break;
		case 'f': d.d_flags |= CKPT_FORKED; break;
		default:
			fprintf(stderr, "usage: mat [-n SIZE] [-c NAME [-k COUNT] [-f]]\n");
			return 2;
		}
	}
	if (n < 1 || n > 4096) {
		fprintf(stderr, "mat: the size must be 1 to 4096\n");
		return 2;
	}
	a = calloc((size_t)n * n, sizeof(*a));
	b = calloc((size_t)n * n, sizeof(*b));
	c = calloc((size_t)n * n, sizeof(*c));
	if (!a || !b || !c) {
		perror("mat");
		return 1;
	}
	fill(a, n, 1);
	fill(b, n, 2);
	printf("matrix product, %d x %d\n", n, n);
	for (int i = 0; i < n; i++) {
		multiply_row(i, n);
		demo_step(&d, (uint64_t)i + 1, (uint64_t)n);
	}
	printf("result %016llx\n", (unsigned long long)demo_sum(c, (size_t)n * n * sizeof(*c)));
	return 0;
}
