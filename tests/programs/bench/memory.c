/* SPDX-License-Identifier: MIT */
/* Rows of memory: faults, mappings, copies, and fork of a large process. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define BIG (64 * MIB)

static void fresh_fault(int n)
{
	while (n > 0) {
		int pages = n > 512 ? 512 : n;
		char *p = mmap(NULL, (size_t)pages * PG, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(p != MAP_FAILED, "mmap");
		for (int i = 0; i < pages; i++)
			p[(size_t)i * PG] = 1;
		munmap(p, (size_t)pages * PG);
		n -= pages;
	}
}

static void map_unmap(int n)
{
	while (n--) {
		char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(p != MAP_FAILED, "mmap");
		*p = 1;
		munmap(p, 65536);
	}
}

static char *from, *to;

static void prepare_copy(void)
{
	from = malloc(8 * MIB);
	/* Not a power of two apart: such copies are slow in an emulator, and on some hardware. */
	to = malloc(8 * MIB + 12345);
	must(from && to, "malloc");
	memset(from, 1, 8 * MIB);
	memset(to, 2, 8 * MIB + 12345);
}

static void end_copy(void)
{
	free(from);
	free(to);
}

static void copy_8m(int n)
{
	while (n--)
		memcpy(to, from, 8 * MIB);
}

static char *resident;

static void prepare_resident(void)
{
	resident = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(resident != MAP_FAILED, "mmap");
	for (size_t i = 0; i < BIG; i += PG)
		resident[i] = 1;
}

static void drop_resident(void)
{
	munmap(resident, BIG);
}

/* Only the call itself, in the parent. */
static long long fork_resident(void)
{
	long long t = now();
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	t = now() - t;
	must(pid > 0 && waitpid(pid, NULL, 0) == pid, "fork");
	/* Its pages are ours alone again. */
	for (size_t i = 0; i < BIG; i += PG)
		resident[i] = 1;
	return t;
}

/* A write to each page that a child still shares. */
static long long cow_fault(void)
{
	enum { PAGES = 1024 };
	int gate[2];
	char c;

	must(pipe(gate) == 0, "pipe");
	for (int i = 0; i < PAGES; i++)
		resident[(size_t)i * PG] = 2;
	pid_t pid = fork();
	if (pid == 0) {
		close(gate[1]);
		_exit((int)read(gate[0], &c, 1));
	}
	must(pid > 0, "fork");
	long long t = now();
	for (int i = 0; i < PAGES; i++)
		resident[(size_t)i * PG] = 3;
	t = now() - t;
	close(gate[0]);
	close(gate[1]);
	waitpid(pid, NULL, 0);
	return t / PAGES;
}

/* --- many mappings, which cannot be joined: every other one may be written --- */

#define MANY 16384
static char *many[MANY];

static void map_many(int n)
{
	while (n--) {
		for (int i = 0; i < MANY; i++) {
			many[i] = mmap(NULL, PG, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			must(many[i] != MAP_FAILED, "mmap");
		}
		/* Holes everywhere, which are filled again. */
		for (int i = 0; i < MANY; i += 2)
			munmap(many[i], PG);
		for (int i = 0; i < MANY; i += 2)
			many[i] = mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (int i = 0; i < MANY; i++)
			munmap(many[i], PG);
	}
}

/* --- the same of one page of a file, side by side --- */

#define VIEWS 20480
static char *views;

static void map_views(void)
{
	int fd = open("bench-file", O_RDWR);

	must(fd >= 0 && ftruncate(fd, PG) == 0, "bench-file");
	views = mmap(NULL, (size_t)VIEWS * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(views != MAP_FAILED, "mmap");
	for (size_t i = 0; i < VIEWS; i++)
		must(mmap(views + i * PG, PG, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ,
			  MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED,
		     "mmap of a file");
	close(fd);
}

static void unmap_views(void)
{
	must(munmap(views, (size_t)VIEWS * PG) == 0, "munmap");
}

static long long munmap_many(void)
{
	long long t;

	map_views();
	t = now();
	unmap_views();
	return (now() - t) / VIEWS;
}

static long long read_maps(void)
{
	static char text[65536];
	long long t = now();
	int fd = open("/proc/self/maps", O_RDONLY);
	ssize_t n;

	must(fd >= 0, "maps");
	while ((n = read(fd, text, sizeof(text))) > 0)
		;
	close(fd);
	must(n == 0, "read");
	return (now() - t) / VIEWS;
}

/* The child's end is the parent's to wait for, and is not counted. */
static long long fork_views(void)
{
	long long t = now();
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	t = now() - t;
	must(pid > 0 && waitpid(pid, NULL, 0) == pid, "fork");
	return t / VIEWS;
}

const struct row memory_rows[] = {
	{ .name = "page-fault", .loop = fresh_fault },
	{ .name = "cow-fault", .once = cow_fault, .before = prepare_resident, .after = drop_resident },
	{ .name = "map-unmap-64k", .loop = map_unmap },
	{ .name = "map-many", .loop = map_many, .per = 3 * MANY },
	{ .name = "munmap-many", .once = munmap_many },
	{ .name = "maps-read", .once = read_maps, .before = map_views, .after = unmap_views },
	{ .name = "fork-maps", .once = fork_views, .before = map_views, .after = unmap_views },
	{ .name = "fork-64m", .once = fork_resident, .before = prepare_resident, .after = drop_resident },
	{ .name = "memcpy-8m", .loop = copy_8m, .before = prepare_copy, .after = end_copy, .bytes = 8 * MIB },
	{ 0 },
};
