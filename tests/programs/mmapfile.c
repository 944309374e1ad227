/* SPDX-License-Identifier: MIT */
/* Files in memory: private and shared mappings, and that read, write and mmap see one cache. */
#include "t.h"
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#define TMPFS_MAGIC 0x01021994 /* statfs(2) */

#define PG 4096u
#define RW (PROT_READ | PROT_WRITE)

static int make(const char *name, size_t size)
{
	int fd = SYS(open(name, O_RDWR | O_CREAT | O_TRUNC, 0600));
	uint32_t seed = 77;

	for (size_t i = 0; i < size; i += 4) {
		static uint32_t buf[1024];
		size_t n = i / 4 % 1024;
		buf[n] = t_rand(&seed);
		if (n == 1023 || i + 4 >= size)
			CHECK_EQ(write(fd, buf, (n + 1) * 4), (n + 1) * 4);
	}
	return fd;
}

TEST(private_mapping_reads_and_copies)
{
	int fd = make("f", 10 * PG);
	uint32_t *p = mmap(NULL, 10 * PG, RW, MAP_PRIVATE, fd, 0), v, seed = 77;

	CHECK(p != MAP_FAILED);
	for (unsigned i = 0; i < 10 * PG / 4; i++)
		CHECK_EQ(p[i], t_rand(&seed));
	uint32_t old = p[2000];
	p[2000] = 1;
	CHECK_EQ(pread(fd, &v, 4, 8000), 4);
	CHECK_EQ(v, old);
	SYS(close(fd));
	CHECK_EQ(p[2000], 1);
	fd = SYS(open("f", O_RDONLY));
	CHECK(mmap(NULL, PG, RW, MAP_PRIVATE, fd, 0) != MAP_FAILED);
}

TEST(shared_mapping_is_the_file)
{
	int fd = make("f", 4 * PG);
	char *p = mmap(NULL, 4 * PG, RW, MAP_SHARED, fd, 0), buf[16];

	memcpy(p + 100, "through memory", 14);
	CHECK_EQ(pread(fd, buf, 14, 100), 14);
	CHECK(memcmp(buf, "through memory", 14) == 0);
	CHECK_EQ(pwrite(fd, "through write", 13, 3 * PG + 7), 13);
	CHECK(memcmp(p + 3 * PG + 7, "through write", 13) == 0);
	SYS(msync(p, 4 * PG, MS_SYNC));
	SYS(munmap(p, 4 * PG));
	SYS(close(fd));
	fd = SYS(open("f", O_RDONLY));
	CHECK_EQ(pread(fd, buf, 14, 100), 14);
	CHECK(memcmp(buf, "through memory", 14) == 0);
	CHECK_ERR(mmap(NULL, PG, RW, MAP_SHARED, fd, 0), EACCES);
	p = mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, 0);
	CHECK_ERR(mprotect(p, PG, RW), EACCES);
	SYS(close(fd));
	fd = SYS(open("f", O_WRONLY));
	CHECK_ERR(mmap(NULL, PG, PROT_READ, MAP_PRIVATE, fd, 0), EACCES);
	CHECK_ERR(mmap(NULL, PG, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
}

/* Sets the times of a file far back; says whether they have moved since. */
static void set_back(int fd)
{
	static const struct timespec old[2] = { { 1000000000, 0 }, { 1000000000, 0 } };

	SYS(futimens(fd, old));
}

static int moved(int fd)
{
	struct stat st;

	SYS(fstat(fd, &st));
	CHECK(st.st_ctim.tv_sec > 1000000000);
	return st.st_mtim.tv_sec != 1000000000;
}

/*
 * A file of two pages, written back, and a shared mapping of it. Loads, and
 * stores into a private mapping, are no change.
 */
static volatile char *mapped_and_loaded(int *fdp)
{
	char buf[8192] = "";
	volatile char *p, *q;
	int fd = SYS(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));

	CHECK_EQ(write(fd, buf, sizeof(buf)), (long)sizeof(buf));
	SYS(fsync(fd));
	p = SYS((char *)mmap(NULL, sizeof(buf), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	q = SYS((char *)mmap(NULL, sizeof(buf), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	set_back(fd);
	CHECK_EQ(p[0] + q[4096], 0);
	CHECK(!moved(fd));
	q[0] = 1;
	CHECK(!moved(fd));
	*fdp = fd;
	return p;
}

/* The first store into a page is a change of the file, also after a load. */
static void check_stores_after_loads(int fd, volatile char *p)
{
	p[0] = 1;
	CHECK(moved(fd));
	set_back(fd);
	p[4096] = 1;
	CHECK(moved(fd));
}

/* Linux's tmpfs sees a store that faults; after a load, none does. */
TEST_REPRISE(times_of_stores_after_loads)
{
	int fd;
	volatile char *p = mapped_and_loaded(&fd);

	check_stores_after_loads(fd, p);
}

/* The first store into a page since it was written back is a change. */
TEST(times_of_stores)
{
	struct statfs fs;
	pid_t pid;
	int fd;
	volatile char *p = mapped_and_loaded(&fd);

	/* A file in memory is never written back. */
	SYS(fstatfs(fd, &fs));
	if (fs.f_type == TMPFS_MAGIC)
		return;
	check_stores_after_loads(fd, p);
	for (int i = 0; i < 2; i++) {
		SYS(i ? fsync(fd) : msync((void *)p, 8192, MS_SYNC));
		set_back(fd);
		p[1]++;
		CHECK(moved(fd));
	}
	SYS(fsync(fd));
	set_back(fd);
	pid = t_fork();
	if (pid == 0) {
		p[2] = 1;
		_exit(0);
	}
	t_join(pid);
	CHECK(moved(fd));
	/* Neither is the end of a mapping a change. */
	set_back(fd);
	SYS(munmap((void *)p, 8192));
	SYS(fsync(fd));
	CHECK(!moved(fd));
}

TEST(times_of_stores_in_memory)
{
	int fd = SYS(syscall(SYS_memfd_create, "memory", 0));
	volatile char *p;

	SYS(ftruncate(fd, 8192));
	set_back(fd);
	p = SYS((char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	CHECK(!moved(fd));
	p[0] = 1;
	CHECK(moved(fd));
	set_back(fd);
	p[4096] = 1;
	CHECK(moved(fd));
}

TEST(shared_between_processes)
{
	int fd = make("f", 2 * PG);
	volatile int *p = mmap(NULL, 2 * PG, RW, MAP_SHARED, fd, 0);
	struct t_gate down = t_gate(), up = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		int other = SYS(open("f", O_RDWR));
		volatile int *q = mmap(NULL, 2 * PG, RW, MAP_SHARED, other, 0);
		CHECK(q != p);
		for (int i = 0; i < 50; i++) {
			t_pass_gate(down);
			CHECK_EQ(q[1024 + i], i);
			q[i] = i * 2;
			t_open_gate(up);
		}
		_exit(0);
	}
	for (int i = 0; i < 50; i++) {
		p[1024 + i] = i;
		t_open_gate(down);
		t_pass_gate(up);
		CHECK_EQ(p[i], i * 2);
	}
	t_join(pid);
}

TEST(offset_and_tail)
{
	int fd = make("f", 3 * PG);
	char *all = mmap(NULL, 3 * PG, PROT_READ, MAP_SHARED, fd, 0);
	char *second = mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, PG);

	CHECK(memcmp(all + PG, second, PG) == 0);
	CHECK_ERR(mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, 100), EINVAL);
	SYS(ftruncate(fd, 2 * PG + 50));
	/* Behind the end of the file, to the end of the page: zeroes, and what is written there is not in the file. */
	char *p = mmap(NULL, PG, RW, MAP_SHARED, fd, 2 * PG);
	for (unsigned i = 50; i < PG; i++)
		CHECK_EQ(p[i], 0);
	p[60] = 'x';
	SYS(msync(p, PG, MS_SYNC));
	struct stat st;
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_size, 2 * PG + 50);
	char c;
	CHECK_EQ(pread(fd, &c, 1, 2 * PG + 60), 0);
}

TEST(survives_unlink_and_close)
{
	int fd = make("f", 8 * PG);
	uint32_t *p = mmap(NULL, 8 * PG, RW, MAP_SHARED, fd, 0), seed = 77;

	SYS(close(fd));
	SYS(unlink("f"));
	for (unsigned i = 0; i < 8 * PG / 4; i++)
		CHECK_EQ(p[i], t_rand(&seed));
	p[0] = 1;
	CHECK_EQ(p[0], 1);
	SYS(msync(p, 8 * PG, MS_SYNC));
	SYS(munmap(p, 8 * PG));
}

TEST(holes_are_filled_through_memory)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));

	SYS(ftruncate(fd, 64 * PG));
	char *p = mmap(NULL, 64 * PG, RW, MAP_SHARED, fd, 0);
	for (int i = 0; i < 64; i += 5) {
		CHECK_EQ(p[i * PG], 0);
		p[i * PG] = i + 1;
	}
	SYS(munmap(p, 64 * PG));
	SYS(fsync(fd));
	char c;
	for (int i = 0; i < 64; i++) {
		CHECK_EQ(pread(fd, &c, 1, i * PG), 1);
		CHECK_EQ(c, i % 5 ? 0 : i + 1);
	}
}

static sigjmp_buf back;
static void on_bus(int sig)
{
	siglongjmp(back, sig);
}

TEST(truncate_takes_pages_away)
{
	int fd = make("f", 4 * PG);
	volatile char *sh = mmap(NULL, 4 * PG, RW, MAP_SHARED, fd, 0);
	volatile char *pr = mmap(NULL, 4 * PG, RW, MAP_PRIVATE, fd, 0);

	signal(SIGBUS, on_bus);
	sh[3 * PG] = 1;
	pr[3 * PG] = 2; /* a copy of its own... */
	(void)pr[2 * PG];
	SYS(ftruncate(fd, 2 * PG));
	/* ...but the page beyond the end goes from both. */
	if (sigsetjmp(back, 1) == 0) {
		(void)sh[3 * PG];
		FAIL("shared page still there");
	}
	if (sigsetjmp(back, 1) == 0) {
		(void)pr[2 * PG];
		FAIL("private page still there");
	}
	SYS(ftruncate(fd, 4 * PG));
	CHECK_EQ(sh[3 * PG], 0);
	CHECK_EQ(pr[2 * PG], 0);
}

TEST(read_into_its_own_mapping)
{
	/* The classical way to lock up: the page to be read is the buffer. */
	int fd = make("f", 4 * PG);
	char *p = mmap(NULL, 4 * PG, RW, MAP_SHARED, fd, 0);

	CHECK_EQ(pread(fd, p, PG, 0), PG);
	CHECK_EQ(pread(fd, p + 10, PG, 5), PG);
	CHECK_EQ(pwrite(fd, p, PG, 0), PG);
	CHECK_EQ(pwrite(fd, p + 2 * PG, 2 * PG, PG), 2 * PG);
	SYS(munmap(p, 4 * PG));
	p = mmap(NULL, 4 * PG, RW, MAP_PRIVATE, fd, 0);
	CHECK_EQ(pread(fd, p, 4 * PG, 0), 4 * PG);
	CHECK_EQ(pwrite(fd, p + PG, PG, 0), PG);
}

TEST(text_of_a_running_program)
{
	/* Its own file cannot be opened for writing. */
	CHECK_ERR(open("/proc/self/exe", O_WRONLY), ETXTBSY);
	int fd = SYS(open("/proc/self/exe", O_RDONLY));
	char *p = mmap(NULL, PG, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(memcmp(p, "\177ELF", 4) == 0);
}

TEST(big_sequential_and_random)
{
	enum { N = 1024 }; /* 4 MiB */
	int fd = SYS(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
	uint32_t seed = 5;

	SYS(ftruncate(fd, N * PG));
	uint32_t *p = mmap(NULL, N * PG, RW, MAP_SHARED, fd, 0);
	for (int i = 0; i < N; i++)
		p[i * 1024 + i] = i * 7;
	SYS(munmap(p, N * PG));
	for (int k = 0; k < 300; k++) {
		int i = t_rand(&seed) % N;
		uint32_t v;
		CHECK_EQ(pread(fd, &v, 4, (off_t)(i * 1024 + i) * 4), 4);
		CHECK_EQ(v, i * 7);
	}
}

T_NO_HOOK
