/* SPDX-License-Identifier: MIT */
/*
 * What must survive a power cut. The machine is killed while one of these runs; after the next boot a check says whether
 * what was promised is there.
 *
 *   powercut fsync DIR          files one after the other: write, fsync file and directory, say "durable N"
 *   powercut check-fsync DIR N  files 0..N are there, whole
 *   powercut replace DIR        one file again and again: temporary, fsync, rename over it, fsync directory, "replaced N"
 *   powercut check-replace DIR N   it is there, whole, and of generation N or later
 *   powercut storm DIR SEED     names made, linked, renamed, removed, without any sync: "storm N" now and then
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAXSIZE 70000

static uint32_t data[MAXSIZE / 4 + 1];

static void die(const char *what, int n)
{
	printf("FAIL %s %d: %s\n", what, n, strerror(errno));
	exit(1);
}

static uint32_t rnd(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

/* Contents and size follow from the number. */
static size_t contents(int n)
{
	uint32_t s = n * 2654435761u + 12345;
	size_t size = rnd(&s) % MAXSIZE + 4;

	data[0] = n;
	for (size_t i = 1; i <= size / 4 && i < sizeof(data) / 4; i++)
		data[i] = rnd(&s);
	return size;
}

static void write_whole(const char *path, int n)
{
	size_t size = contents(n);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || fsync(fd) < 0 || close(fd) < 0)
		die("write", n);
}

static void sync_dir(void)
{
	int fd = open(".", O_RDONLY);

	if (fd < 0 || fsync(fd) < 0 || close(fd) < 0)
		die("sync of the directory", 0);
}

/* Reads a file that write_whole() made; its number, or -1 if it is not whole. */
static int read_whole(const char *path)
{
	static uint32_t got[MAXSIZE / 4 + 2];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got));

	if (fd >= 0)
		close(fd);
	if (n < 4)
		return -1;
	size_t size = contents(got[0]);
	return (size_t)n == size && memcmp(got, data, size) == 0 ? (int)got[0] : -1;
}

static void run_fsync(void)
{
	for (int n = 0;; n++) {
		char name[32];

		snprintf(name, sizeof(name), "file-%d", n % 300);
		unlink(name);
		write_whole(name, n);
		sync_dir();
		printf("durable %d\n", n);
	}
}

static void check_fsync(int last)
{
	/* The one after the last may have been on its way over the oldest. */
	for (int n = last < 299 ? 0 : last - 298; n <= last; n++) {
		char name[32];

		snprintf(name, sizeof(name), "file-%d", n % 300);
		if (read_whole(name) != n)
			die("durable file is gone or damaged:", n);
	}
	printf("all %d files are there\n", last + 1);
}

static void run_replace(void)
{
	for (int n = 0;; n++) {
		write_whole("state.new", n);
		if (rename("state.new", "state") < 0)
			die("rename", n);
		sync_dir();
		printf("replaced %d\n", n);
	}
}

static void check_replace(int last)
{
	int got = read_whole("state");

	if (got < last)
		die("expected this generation or a later one, whole:", last);
	printf("generation %s\n", got == last ? "as promised" : "later than promised");
}

static void run_storm(uint32_t seed)
{
	for (int n = 0;; n++) {
		char a[32], b[32];
		int fd;

		snprintf(a, sizeof(a), "s%u", rnd(&seed) % 60);
		snprintf(b, sizeof(b), "s%u/x%u", rnd(&seed) % 60, rnd(&seed) % 20);
		switch (rnd(&seed) % 10) {
		case 0: mkdir(a, 0755); break;
		case 1: rmdir(a); break;
		case 2: rename(a, b); break;
		case 3: link(a, b); break;
		case 4: unlink(a); break;
		case 5: unlink(b); break;
		case 6: symlink(a, b); break;
		case 7: truncate(a, rnd(&seed) % 200000); break;
		default:
			fd = open(rnd(&seed) & 1 ? a : b, O_WRONLY | O_CREAT, 0600);
			if (fd >= 0) {
				(void)!pwrite(fd, data, rnd(&seed) % MAXSIZE, rnd(&seed) % 500000);
				close(fd);
			}
		}
		if (n % 200 == 0)
			printf("storm %d\n", n);
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3 || (mkdir(argv[2], 0755) < 0 && errno != EEXIST) || chdir(argv[2]) < 0) {
		printf("usage: powercut MODE DIR [N]\n");
		return 2;
	}
	int n = argc > 3 ? atoi(argv[3]) : 0;
	if (strcmp(argv[1], "fsync") == 0)
		run_fsync();
	else if (strcmp(argv[1], "check-fsync") == 0)
		check_fsync(n);
	else if (strcmp(argv[1], "replace") == 0)
		run_replace();
	else if (strcmp(argv[1], "check-replace") == 0)
		check_replace(n);
	else if (strcmp(argv[1], "storm") == 0)
		run_storm(n + 1);
	return 0;
}
