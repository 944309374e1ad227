/* SPDX-License-Identifier: MIT */
/*
 * What the parts of bench share: a row of the measurements, and the helpers of all parts. Each part (calls.c, procs.c, ...)
 * knows one kind of thing and ends with its table of rows; bench.c measures and prints them.
 *
 * A new row: a line in its part's table, and one in ROWS of tools/bench, which says what it is. A new part: its table is
 * declared below and stands in `parts` of bench.c.
 */
#ifndef TESTS_PROGRAMS_BENCH_BENCH_H
#define TESTS_PROGRAMS_BENCH_BENCH_H

#define PG 4096
#define MIB (1 << 20)

/* A row is measured by `loop`, which does the thing n times, or by `once`, which returns the nanoseconds that it took. */
struct row {
	const char *name; /* NULL: the end of the table */
	void (*loop)(int n);
	long long (*once)(void);
	void (*before)(void), (*after)(void);
	long bytes; /* a rate, not a time */
	int per;    /* things in one turn of the loop */
	int needs_device;
};

extern const struct row call_rows[], proc_rows[], memory_rows[], file_rows[], thread_rows[];

/* A block device that may be overwritten, NULL: none was named. */
extern const char *device;

/* Nanoseconds of CLOCK_MONOTONIC. */
long long now(void);
/* Ends the program with a message unless ok; errno says why. */
void must(int ok, const char *what);

#endif
