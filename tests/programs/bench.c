/* SPDX-License-Identifier: MIT */
/*
 * The measurements: `bench [-d DEVICE] [-t MS] [ROW...]` prints "ROW VALUE UNIT" lines. It runs on Linux as well, so that
 * the same binary measures both. Each row is repeated; the median counts.
 *
 *   -d DEVICE   a block device that may be overwritten: for the raw rate of the disk
 *   -t MS       how long one repetition of a row takes at least (default 150)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

#define REPEATS 5

const char *device;
static long long min_ns = 150000000;

long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void fail(const char *what)
{
	printf("bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

void must(int ok, const char *what)
{
	if (!ok)
		fail(what);
}

static const struct row *const parts[] = { call_rows, proc_rows, thread_rows, memory_rows, file_rows };

/* How many turns take about the time of one repetition. */
static int calibrate(const struct row *r)
{
	int n = 1;

	for (;;) {
		long long t = now();
		r->loop(n);
		t = now() - t;
		if (t >= min_ns / 4 || n >= 1 << 26)
			return (int)(n * (min_ns / (double)(t ? t : 1))) + 1;
		n *= 4;
	}
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure(const struct row *r)
{
	double ns[REPEATS];
	int n = 1;

	if (r->needs_device && !device)
		return;
	if (r->before)
		r->before();
	if (r->loop)
		n = calibrate(r);
	for (int i = 0; i < REPEATS; i++) {
		if (r->once) {
			ns[i] = (double)r->once();
			continue;
		}
		long long t = now();
		r->loop(n);
		ns[i] = (double)(now() - t) / n / (r->per ? r->per : 1);
	}
	if (r->after)
		r->after();
	qsort(ns, REPEATS, sizeof(*ns), order);
	if (r->bytes)
		printf("%s %.1f MiB/s\n", r->name, r->bytes / (ns[REPEATS / 2] / 1e9) / MIB);
	else
		printf("%s %.3f us\n", r->name, ns[REPEATS / 2] / 1000);
	fflush(stdout);
}

static int wanted(const char *name, char **names)
{
	if (!*names)
		return 1;
	for (; *names; names++) {
		if (strcmp(*names, name) == 0)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "xd:t:")) != -1) {
		switch (opt) {
		case 'x': return 0; /* what fork-exec-wait executes */
		case 'd': device = optarg; break;
		case 't': min_ns = atoll(optarg) * 1000000; break;
		default: return 2;
		}
	}
	int fd = open("bench-file", O_WRONLY | O_CREAT, 0600);
	must(fd >= 0, "open");
	close(fd);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		for (const struct row *r = parts[i]; r->name; r++) {
			if (wanted(r->name, argv + optind))
				measure(r);
		}
	}
	unlink("bench-file");
	unlink("bench-big");
	return 0;
}
