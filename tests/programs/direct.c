/* SPDX-License-Identifier: MIT */
/* O_DIRECT on a block device: `direct DEVICE`, which is overwritten; at least 12 MiB. Not in the table: it needs a disk of its own (tests/system/disks.py). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PG 4096
#define LEN (9 << 20) /* more than is held at a time */

static int raw, cached;
static unsigned char *a, *b;

#define CHECK(c)                                                                      \
	do {                                                                          \
		if (!(c)) {                                                           \
			printf("direct:%d: %s: %s\n", __LINE__, #c, strerror(errno)); \
			exit(1);                                                      \
		}                                                                     \
	} while (0)

static void pattern(unsigned char *p, unsigned seed)
{
	for (unsigned i = 0; i < LEN; i += 4)
		*(unsigned *)(p + i) = (i + seed) * 2654435761u;
}

/* What goes past the cache is seen through it, and the reverse. */
static void coherent(void)
{
	pattern(a, 1);
	CHECK(pwrite(raw, a, LEN, PG) == LEN);
	CHECK(pread(cached, b, LEN, PG) == LEN && memcmp(a, b, LEN) == 0);
	pattern(a, 2);
	CHECK(pwrite(raw, a, LEN, PG) == LEN); /* the cache has the old ones */
	CHECK(pread(cached, b, LEN, PG) == LEN && memcmp(a, b, LEN) == 0);
	pattern(a, 3);
	CHECK(pwrite(cached, a, LEN, PG) == LEN); /* dirty in the cache */
	memset(b, 0, LEN);
	CHECK(pread(raw, b, LEN, PG) == LEN && memcmp(a, b, LEN) == 0);
}

/* What is read into memory that a child shares copy-on-write is the reader's alone. */
static void private_memory(void)
{
	int gate[2], status;
	char c;

	CHECK(pipe(gate) == 0);
	memset(b, 0x11, LEN);
	pid_t pid = fork();
	if (pid == 0) {
		if (read(gate[0], &c, 1) != 1)
			_exit(2);
		for (unsigned i = 0; i < LEN; i++)
			if (b[i] != 0x11)
				_exit(1);
		_exit(0);
	}
	CHECK(pread(raw, b, LEN, PG) == LEN && memcmp(a, b, LEN) == 0);
	CHECK(write(gate[1], "x", 1) == 1);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	close(gate[0]);
	close(gate[1]);
}

/* Untouched memory reads as zeros and is written as such; read into, it is memory of its own. */
static void untouched_memory(void)
{
	unsigned char *z = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *y = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(z != MAP_FAILED && y != MAP_FAILED);
	CHECK(pwrite(raw, z, 4 * PG, 0) == 4 * PG);
	CHECK(y[0] == 0); /* the page of zeros that all share */
	CHECK(pread(raw, y, 4 * PG, 2 * PG) == 4 * PG);
	CHECK(memcmp(y + 2 * PG, a + 3 * PG, 2 * PG) == 0);
	for (int i = 0; i < 4 * PG; i++)
		CHECK(z[i] == 0);
	munmap(z, 4 * PG);
	munmap(y, 4 * PG);
}

static void errors(void)
{
	unsigned char *ro = mmap(NULL, 4 * PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *hole = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec v[3] = { { a, 2 * PG }, { a, 0 }, { a + 4 * PG, PG } };
	off_t end = lseek(raw, 0, SEEK_END);

	CHECK(ro != MAP_FAILED && hole != MAP_FAILED && munmap(hole + 2 * PG, 2 * PG) == 0);
	CHECK(pread(raw, ro, PG, 0) == -1 && errno == EFAULT);
	CHECK(pread(raw, (void *)0xfffff000, PG, 0) == -1 && errno == EFAULT);
	CHECK(pwrite(raw, hole + 2 * PG, PG, 0) == -1 && errno == EFAULT);
	CHECK(pwrite(raw, hole, 4 * PG, 0) == 2 * PG); /* as far as there is memory */
	CHECK(pwrite(raw, a, PG, end) == -1 && errno == ENOSPC);
	CHECK(pread(raw, b, PG, end) == 0);
	CHECK(pread(raw, b, 4 * PG, end - 2 * PG) == 2 * PG);
	CHECK(lseek(raw, PG, SEEK_SET) == PG && writev(raw, v, 3) == 3 * PG &&
	      lseek(raw, 0, SEEK_CUR) == 4 * PG);
	CHECK(pread(cached, b, 3 * PG, PG) == 3 * PG && memcmp(b, a, 2 * PG) == 0 &&
	      memcmp(b + 2 * PG, a + 4 * PG, PG) == 0);
	munmap(ro, 4 * PG);
	munmap(hole, 2 * PG);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	raw = open(argv[1], O_RDWR | O_DIRECT);
	cached = open(argv[1], O_RDWR);
	a = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	b = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(raw >= 0 && cached >= 0 && a != MAP_FAILED && b != MAP_FAILED);
	coherent();
	private_memory();
	untouched_memory();
	errors();
	CHECK(fsync(raw) == 0);
	puts("direct: all right");
	return 0;
}
