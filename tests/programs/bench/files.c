/* SPDX-License-Identifier: MIT */
/* Rows of files, and of the disk itself. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define FILE_SIZE (32 * MIB)

static void create_unlink(int n)
{
	while (n--) {
		int fd = open("bench-new", O_WRONLY | O_CREAT | O_EXCL, 0600);
		must(fd >= 0, "create");
		close(fd);
		must(unlink("bench-new") == 0, "unlink");
	}
}

static void create_10k(int n)
{
	static char data[10240];

	while (n--) {
		int fd = open("bench-new", O_WRONLY | O_CREAT | O_EXCL, 0600);
		must(fd >= 0 && write(fd, data, sizeof(data)) == sizeof(data), "create");
		close(fd);
		must(unlink("bench-new") == 0, "unlink");
	}
}

/* --- many locks on one file --- */

#define LOCKS 10000
#ifndef F_OFD_GETLK
#define F_OFD_GETLK 36
#endif

/* Of the byte of lock i. */
static void lock_call(int fd, int cmd, int type, int i)
{
	struct flock fl = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = 2 * i, .l_len = 1 };

	must(fcntl(fd, cmd, &fl) == 0 && (cmd != F_OFD_GETLK || fl.l_type == F_WRLCK), "lock");
}

/* Set, looked for from another open file, dropped. */
static long long lock_many(void)
{
	int fd = open("bench-file", O_RDWR), other = open("bench-file", O_RDWR);
	long long t = now();

	must(fd >= 0 && other >= 0, "open");
	for (int i = 0; i < LOCKS; i++)
		lock_call(fd, F_SETLK, F_WRLCK, i);
	for (int i = 0; i < LOCKS; i++)
		lock_call(other, F_OFD_GETLK, F_WRLCK, i);
	for (int i = 0; i < LOCKS; i++)
		lock_call(fd, F_SETLK, F_UNLCK, i);
	t = now() - t;
	close(other);
	close(fd);
	return t / LOCKS;
}

static char chunk[MIB];

/* Not zeros: a disk image on the host has no room for those. */
static void fill_chunk(void)
{
	memset(chunk, 0x5a, sizeof(chunk));
}

static long long write_file(void)
{
	int fd = open("bench-big", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	long long t = now();

	must(fd >= 0, "open");
	for (int i = 0; i < FILE_SIZE / MIB; i++)
		must(write(fd, chunk, MIB) == MIB, "write");
	must(fsync(fd) == 0, "fsync");
	t = now() - t;
	close(fd);
	return t;
}

/* For a row that reads and is asked for alone. */
static void prepare_file(void)
{
	fill_chunk();
	if (access("bench-big", F_OK) < 0)
		write_file();
}

static long long read_file(void)
{
	int fd = open("bench-big", O_RDONLY);
	long long t = now();

	must(fd >= 0, "open");
	for (int i = 0; i < FILE_SIZE / MIB; i++)
		must(read(fd, chunk, MIB) == MIB, "read");
	t = now() - t;
	close(fd);
	return t;
}

static void drop_caches(void)
{
	static const char *const controls[][2] = { { "/proc/reprise/control", "drop\n" },
						   { "/proc/sys/vm/drop_caches", "3\n" } };

	sync();
	for (int i = 0; i < 2; i++) {
		int fd = open(controls[i][0], O_WRONLY);
		if (fd < 0)
			continue;
		(void)!write(fd, controls[i][1], strlen(controls[i][1]));
		close(fd);
	}
}

static long long read_dropped(void)
{
	drop_caches();
	return read_file();
}

/* Past the cache where the system can do that; else through it, with an fsync. */
static int open_device(int flags)
{
	int fd;

	if (!device)
		return -1;
	fd = open(device, flags | O_DIRECT);
	return fd < 0 ? open(device, flags) : fd;
}

static long long raw_write(void)
{
	int fd = open_device(O_WRONLY);
	long long t = now();
	char *buf = (char *)(((uintptr_t)chunk + PG - 1) & ~(uintptr_t)(PG - 1));

	must(fd >= 0, "device");
	for (int i = 0; i < FILE_SIZE / (MIB / 2); i++)
		must(write(fd, buf, MIB / 2) == MIB / 2, "write to the device");
	must(fsync(fd) == 0, "fsync of the device");
	t = now() - t;
	close(fd);
	return t;
}

static long long raw_read(void)
{
	char *buf = (char *)(((uintptr_t)chunk + PG - 1) & ~(uintptr_t)(PG - 1));
	int fd;
	long long t;

	drop_caches();
	fd = open_device(O_RDONLY);
	must(fd >= 0, "device");
	t = now();
	for (int i = 0; i < FILE_SIZE / (MIB / 2); i++)
		must(read(fd, buf, MIB / 2) == MIB / 2, "read of the device");
	t = now() - t;
	close(fd);
	return t;
}

const struct row file_rows[] = {
	{ .name = "create-unlink", .loop = create_unlink },
	{ .name = "create-unlink-10k", .loop = create_10k },
	{ .name = "locks-10k", .once = lock_many },
	{ .name = "file-write-fsync", .once = write_file, .before = fill_chunk, .bytes = FILE_SIZE },
	{ .name = "file-read-cached", .once = read_file, .before = prepare_file, .bytes = FILE_SIZE },
	{ .name = "file-read-dropped", .once = read_dropped, .before = prepare_file, .bytes = FILE_SIZE },
	{ .name = "disk-write", .once = raw_write, .before = fill_chunk, .bytes = FILE_SIZE, .needs_device = 1 },
	{ .name = "disk-read", .once = raw_read, .bytes = FILE_SIZE, .needs_device = 1 },
	{ 0 },
};
