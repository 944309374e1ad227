/* SPDX-License-Identifier: MIT */
/* Memory of files, mapped privately and shared, and shared memory without a file. */
#define T_PART
#include "memory.h"
#include <sys/mman.h>

STATE(file_private)
{
	char data[4 * PG];

	st_fill(data, sizeof(data), 7);
	t_put("f", data, sizeof(data));
	int fd = SYS(open("f", O_RDONLY));
	char *p = map(sizeof(data), RW, MAP_PRIVATE, fd);
	SYS(close(fd));
	CHECK_EQ(p[0], data[0]);
	p[PG + 1] ^= 1;
	memset(p + 2 * PG, 0, PG); /* all zero, and still not the file's */
	st_wait();
	CHECK_EQ(p[PG + 1], data[PG + 1] ^ 1);
	p[PG + 1] ^= 1;
	CHECK(memcmp(p, data, 2 * PG) == 0);
	for (unsigned i = 2 * PG; i < 3 * PG; i++)
		CHECK_EQ(p[i], 0);
	CHECK(memcmp(p + 3 * PG, data + 3 * PG, PG) == 0);
	fd = SYS(open("f", O_RDONLY));
	char now[sizeof(data)];
	CHECK_EQ(read(fd, now, sizeof(now)), (ssize_t)sizeof(now));
	CHECK(memcmp(now, data, sizeof(data)) == 0);
}

STATE(file_shared)
{
	char data[3 * PG], now[3 * PG];
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));

	st_fill(data, sizeof(data), 8);
	CHECK_EQ(write(fd, data, sizeof(data)), (ssize_t)sizeof(data));
	char *p = map(sizeof(data), RW, MAP_SHARED, fd);
	char *ro = map(sizeof(data), PROT_READ, MAP_SHARED, fd);
	st_fill(p + PG, PG, 9);
	st_wait();
	CHECK(st_filled(p + PG, PG, 9));
	CHECK(memcmp(p, data, PG) == 0);
	p[2 * PG] = 'x';
	CHECK_EQ(*(volatile char *)(ro + 2 * PG), 'x');
	CHECK_EQ(pread(fd, now, sizeof(now), 0), (ssize_t)sizeof(now));
	CHECK(memcmp(now, p, sizeof(now)) == 0);
	CHECK_EQ(faults(ro, 1), SIGSEGV);
	SYS(msync(p, sizeof(data), MS_SYNC));
}

STATE(beyond_end)
{
	t_put("f", "short", 5);
	int fd = SYS(open("f", O_RDWR));
	char *p = map(2 * PG, RW, MAP_SHARED, fd);
	CHECK_EQ(p[4], 't');
	st_wait();
	CHECK_EQ(p[4], 't');
	CHECK_EQ(p[100], 0);
	CHECK_EQ(faults(p + PG, 0), SIGBUS);
	/* It grows into the mapping. */
	SYS(ftruncate(fd, 2 * PG));
	CHECK_EQ(faults(p + PG, 1), 0);
}

STATE(parts_of_a_file)
{
	char data[8 * PG];
	char *p[8];

	st_fill(data, sizeof(data), 10);
	t_put("f", data, sizeof(data));
	int fd = SYS(open("f", O_RDONLY));
	char *base = map(16 * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (int i = 0; i < 8; i++) {
		/* In reverse order, with pages between. */
		p[i] = mmap(base + 2 * i * PG, PG, i % 2 ? RW : PROT_READ, MAP_PRIVATE | MAP_FIXED,
			    fd, (7 - i) * PG);
		CHECK(p[i] == base + 2 * i * PG);
		if (i % 2)
			p[i][9] ^= 3;
	}
	st_wait();
	for (int i = 0; i < 8; i++) {
		if (i % 2)
			p[i][9] ^= 3;
		CHECK(memcmp(p[i], data + (7 - i) * PG, PG) == 0);
		CHECK_EQ(faults(p[i] + PG, 0), SIGSEGV);
	}
}

STATE(removed_mapped)
{
	char data[2 * PG];

	st_fill(data, sizeof(data), 11);
	t_put("f", data, sizeof(data));
	int fd = SYS(open("f", O_RDONLY));
	char *p = map(sizeof(data), RW, MAP_PRIVATE, fd);
	SYS(close(fd));
	SYS(unlink("f"));
	p[5] ^= 1;
	st_wait();
	p[5] ^= 1;
	CHECK(memcmp(p, data, sizeof(data)) == 0);
	CHECK_ERR(access("f", F_OK), ENOENT);
}

STATE(shared_alone)
{
	char *p = map(5 * PG, RW, MAP_SHARED | MAP_ANONYMOUS, -1);

	st_fill(p + PG, 2 * PG, 12);
	st_wait();
	CHECK(st_filled(p + PG, 2 * PG, 12));
	CHECK_EQ(p[0] + p[4 * PG], 0);
	/* It is still shared with children. */
	pid_t pid = t_fork();
	if (pid == 0) {
		p[4 * PG] = 9;
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(*(volatile char *)(p + 4 * PG), 9);
}

STATE(shared_moved)
{
	char *p = map(4 * PG, RW, MAP_SHARED | MAP_ANONYMOUS, -1), *q = anon(2);

	/* The middle of one object lies elsewhere, its last page nowhere. */
	st_fill(p, 4 * PG, 13);
	CHECK(mremap(p + PG, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q);
	SYS(munmap(p + 3 * PG, PG));
	st_wait();
	uint32_t seed = 13 | 1;
	for (unsigned i = 0; i < 3 * PG; i++) {
		char want = t_rand(&seed);

		CHECK_EQ(i / PG ? q[i - PG] : p[i], want);
	}
	CHECK_EQ(faults(p + PG, 0), SIGSEGV);
	pid_t pid = t_fork();
	if (pid == 0) {
		q[PG] = 'q';
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(*(volatile char *)(q + PG), 'q');
}

STATE(memfd)
{
	char buf[100];
	int fd = SYS(memfd_create("a name", 0));

	SYS(ftruncate(fd, 3 * PG));
	char *p = map(3 * PG, RW, MAP_SHARED, fd), *priv = map(3 * PG, RW, MAP_PRIVATE, fd);
	st_fill(p, PG, 14);
	priv[2 * PG] = 'm';
	CHECK_EQ(lseek(fd, 50, SEEK_SET), 50);
	st_wait();
	CHECK(st_filled(p, PG, 14));
	CHECK_EQ(priv[2 * PG], 'm');
	CHECK_EQ(*(volatile char *)(p + 2 * PG), 0);
	CHECK_EQ(read(fd, buf, 100), 100);
	CHECK(memcmp(buf, p + 50, 100) == 0);
	CHECK_EQ(pwrite(fd, "file", 4, PG), 4);
	CHECK(memcmp(p + PG, "file", 4) == 0);
	struct stat st;
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_size, 3 * PG);
}

STATE(memfd_unmapped)
{
	char buf[5000];
	int fd = SYS(memfd_create("x", MFD_CLOEXEC)), other = SYS(dup(fd));

	st_fill(buf, sizeof(buf), 15);
	CHECK_EQ(write(fd, buf, sizeof(buf)), (ssize_t)sizeof(buf));
	st_wait();
	memset(buf, 0, sizeof(buf));
	CHECK_EQ(lseek(other, 0, SEEK_CUR), (off_t)sizeof(buf));
	CHECK_EQ(pread(other, buf, sizeof(buf), 0), (ssize_t)sizeof(buf));
	CHECK(st_filled(buf, sizeof(buf), 15));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

STATE(shared_tmpfs)
{
	/* A file on a file system in memory, removed, and mapped: shared memory as shm_open() makes it. */
	char name[64];

	snprintf(name, sizeof(name), "/tmp/st-shm-%d", (int)getpid());
	int fd = SYS(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	SYS(unlink(name));
	SYS(ftruncate(fd, 2 * PG));
	char *p = map(2 * PG, RW, MAP_SHARED, fd);
	SYS(close(fd));
	st_fill(p, 2 * PG, 16);
	st_wait();
	CHECK(st_filled(p, 2 * PG, 16));
}
