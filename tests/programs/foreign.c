/* SPDX-License-Identifier: MIT */
/*
 * Files that two systems keep by turns on one disk: what must be there follows from the generation alone.
 *
 *   foreign fill DIR        makes generation 1
 *   foreign check DIR G     is it generation G, and nothing else?
 *   foreign change DIR G    makes generation G + 1 of G
 *   foreign attrs DIR       gives some files extended attributes: alone, the same for many, and to links
 *   foreign durable DIR N   N files, each with its name on the disk before the next one
 *   foreign find DIR N      they are there, whole
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NLINKS 130
#define STEP 1500017L /* of the file with holes, for each generation */

static int nfiles = 1200; /* FOREIGN_FILES */

static void die(const char *what, int n)
{
	printf("FAIL %s %d: %s\n", what, n, strerror(errno));
	exit(1);
}

static void must(int ok, const char *what, int n)
{
	if (!ok)
		die(what, n);
}

/* --- What follows from a generation -------------------------------------------------------------- */

static int file_exists(int i, int g)
{
	return (i + g) % 3 != 0;
}

static void file_path(char path[80], int i, int g)
{
	const char *dir = i % 5 == 0 && g % 2 == 0 ? "other" : "many";

	snprintf(path, 80, "%s/a-file-with-a-rather-long-name-%d%s", dir, i, i % 7 == 0 && g % 2 ? ".new" : "");
}

static int file_size(int i)
{
	return i * 37 % 6000;
}

static char file_byte(int i, int at)
{
	return (char)(i * 7 + at / 3);
}

static int link_exists(int len, int g)
{
	return (len + g) % 3 != 1;
}

static long mapped_size(int g)
{
	return 3000L * g + 123;
}

/* --- Made and looked at -------------------------------------------------------------------------- */

static void write_file(const char *path, int i)
{
	char buf[6000];
	int size = file_size(i), fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	for (int k = 0; k < size; k++)
		buf[k] = file_byte(i, k);
	must(fd >= 0 && write(fd, buf, size) == size && close(fd) == 0, "write of file", i);
}

static void check_file(const char *path, int i)
{
	char buf[6001];
	int size = file_size(i), fd = open(path, O_RDONLY);

	must(fd >= 0 && read(fd, buf, sizeof(buf)) == size && close(fd) == 0, "read of file", i);
	for (int k = 0; k < size; k++)
		must(buf[k] == file_byte(i, k), "contents of file", i);
}

static void change_files(int g)
{
	char old[80], new[80];

	for (int i = 0; i < nfiles; i++) {
		int was = g > 0 && file_exists(i, g), is = file_exists(i, g + 1);

		file_path(old, i, g);
		file_path(new, i, g + 1);
		if (was && is && strcmp(old, new))
			must(rename(old, new) == 0, "rename of file", i);
		else if (was && !is)
			must(unlink(old) == 0, "unlink of file", i);
		else if (!was && is)
			write_file(new, i);
	}
}

static void change_links(int g)
{
	char name[20], text[NLINKS + 1];

	for (int len = 1; len <= NLINKS; len++) {
		snprintf(name, sizeof(name), "link%d", len);
		memset(text, 'a' + len % 26, len);
		text[len] = 0;
		if (g > 0 && link_exists(len, g) && !link_exists(len, g + 1))
			must(unlink(name) == 0, "unlink of link", len);
		if (!(g > 0 && link_exists(len, g)) && link_exists(len, g + 1))
			must(symlink(text, name) == 0, "link", len);
	}
}

/* One byte far behind the last one; what is between is a hole. */
static void change_holes(int g)
{
	int fd = open("holes", O_RDWR | O_CREAT, 0644);

	must(fd >= 0 && pwrite(fd, "x", 1, STEP * (g + 1)) == 1, "write behind a hole", g);
	must(close(fd) == 0, "close", g);
}

static void check_holes(int g)
{
	int fd = open("holes", O_RDONLY);
	char c, zero[3000];
	struct stat st;

	must(fd >= 0 && fstat(fd, &st) == 0 && st.st_size == STEP * g + 1, "size of holes", g);
	must(st.st_blocks < 1000, "blocks of holes", (int)st.st_blocks);
	for (int k = 1; k <= g; k++) {
		must(pread(fd, &c, 1, STEP * k) == 1 && c == 'x', "byte behind a hole", k);
		must(pread(fd, zero, sizeof(zero), STEP * k - sizeof(zero)) == sizeof(zero), "hole", k);
		for (size_t i = 0; i < sizeof(zero); i++)
			must(zero[i] == 0, "byte of a hole", k);
	}
	close(fd);
}

/* A file that is only written through a mapping, which is there before the file has its size. */
static void change_mapped(int g)
{
	long size = mapped_size(g + 1), from = g > 0 ? mapped_size(g) : 0;
	int fd = open("mapped", O_RDWR | O_CREAT, 0644);
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(fd >= 0 && p != MAP_FAILED, "mmap", g);
	if (from > 0)
		p[from - 1] = file_byte(1, from - 1); /* its page is mapped for writing before there is more of it */
	must(ftruncate(fd, size) == 0, "ftruncate", g);
	for (long k = from; k < size; k++)
		p[k] = file_byte(1, k);
	must(munmap(p, size) == 0 && close(fd) == 0, "munmap", g);
}

static void check_mapped(int g)
{
	long size = mapped_size(g);
	char *buf = malloc(size + 1);
	int fd = open("mapped", O_RDONLY);

	must(fd >= 0 && read(fd, buf, size + 1) == size, "size of mapped", g);
	for (long k = 0; k < size; k++)
		must(buf[k] == file_byte(1, k), "byte of mapped", (int)k);
	close(fd);
	free(buf);
}

static void check_files(int g)
{
	char path[80];
	int there = 0, seen = 0;

	for (int i = 0; i < nfiles; i++) {
		if (!file_exists(i, g))
			continue;
		file_path(path, i, g);
		check_file(path, i);
		there++;
	}
	for (int d = 0; d < 2; d++) {
		DIR *dir = opendir(d ? "other" : "many");

		must(dir != NULL, "opendir", d);
		for (struct dirent *e; (e = readdir(dir));)
			seen += e->d_name[0] == 'a';
		closedir(dir);
	}
	must(seen == there, "number of names", seen);
}

static void check_links(int g)
{
	char name[20], text[NLINKS + 2];

	for (int len = 1; len <= NLINKS; len++) {
		snprintf(name, sizeof(name), "link%d", len);
		ssize_t n = readlink(name, text, sizeof(text));

		must(n == (link_exists(len, g) ? len : -1), "length of link", len);
		for (int k = 0; k < n; k++)
			must(text[k] == 'a' + len % 26, "text of link", len);
	}
}

static void change(int g)
{
	change_files(g);
	change_links(g);
	change_holes(g);
	change_mapped(g);
	sync();
}

static void check(int g)
{
	check_files(g);
	check_links(g);
	check_holes(g);
	check_mapped(g);
}

/* --- Other verbs --------------------------------------------------------------------------------- */

static void attrs(void)
{
	char path[80], value[200];
	int given = 0;

	memset(value, 'v', sizeof(value));
	for (int i = 0; i < nfiles; i += 2) {
		file_path(path, i, 1);
		if (!file_exists(i, 1))
			continue;
		/* Most have the same: one block for many. */
		value[0] = (char)(i % 50 == 0 ? i / 50 : 'v');
		given += setxattr(path, "trusted.common", value, sizeof(value), 0) == 0;
	}
	for (int len = 1; len <= NLINKS; len++) {
		snprintf(path, sizeof(path), "link%d", len);
		if (link_exists(len, 1))
			given += lsetxattr(path, "trusted.link", value, sizeof(value), 0) == 0;
	}
	given += setxattr("many", "trusted.dir", value, sizeof(value), 0) == 0;
	sync();
	printf("attributes: %s\n", given ? "given" : "none");
}

static void durable(int n)
{
	char path[80];

	must(mkdir("durable", 0755) == 0, "mkdir", 0);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "durable/%d", i);
		write_file(path, i);
		int fd = open(path, O_RDONLY), dir = open("durable", O_RDONLY);

		must(fsync(fd) == 0 && fsync(dir) == 0 && close(fd) == 0 && close(dir) == 0, "fsync", i);
	}
}

static void find(int n)
{
	char path[80];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "durable/%d", i);
		check_file(path, i);
	}
}

int main(int argc, char **argv)
{
	int n = argc > 3 ? atoi(argv[3]) : 0;

	if (getenv("FOREIGN_FILES"))
		nfiles = atoi(getenv("FOREIGN_FILES"));
	must(argc > 2 && chdir(argv[2]) == 0, "chdir", 0);
	if (strcmp(argv[1], "fill") == 0) {
		must(mkdir("many", 0755) == 0 && mkdir("other", 0755) == 0, "mkdir", 0);
		change(0);
	} else if (strcmp(argv[1], "check") == 0) {
		check(n);
	} else if (strcmp(argv[1], "change") == 0) {
		change(n);
	} else if (strcmp(argv[1], "attrs") == 0) {
		attrs();
	} else if (strcmp(argv[1], "durable") == 0) {
		durable(n);
	} else if (strcmp(argv[1], "find") == 0) {
		find(n);
	} else {
		must(0, "verb", 0);
	}
	printf("foreign: all right\n");
	return 0;
}
