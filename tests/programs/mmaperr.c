/* SPDX-License-Identifier: MIT */
/*
 * Errors of the calls on memory, from the ERRORS sections of their manual pages, and their order: a table for each
 * call, asked of Linux as well.
 */
#include "mmaperr/mmaperr.h"
#include <sys/mman.h>

TEST(mmap)
{
	static const struct {
		unsigned addr, len, prot, flags;
		int fd;
		unsigned pgoff;
		int error;
	} rows[] = {
		/* The descriptor first. */
		{ 0, 0, RW, MAP_PRIVATE, -1, 0, EBADF },
		{ 0, PG, RW, MAP_PRIVATE, PATHONLY, 0, EBADF },
		{ 0, PG, RW, 0, 999, 0, EBADF },
		/* Then lengths, offsets, places. */
		{ 0, 0, RW, MAP_PRIVATE, RDWR, 0, EINVAL },
		{ 0, 0, RW, ANON, -1, 0, EINVAL },
		{ 0, 0xffffffff, RW, ANON, -1, 0, ENOMEM },
		{ 1, PG, RW, ANON | MAP_FIXED, -1, 0, EINVAL },
		{ 0xffffd001, PG, RW, ANON | MAP_FIXED, -1, 0, ENOMEM },
		{ 0xfffff000, PG, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0, ENOMEM },
		{ 1, PG, RW, MAP_FIXED, -4, 0, EINVAL },
		/* Then the type, and what the file allows. */
		{ 0, PG, RW, MAP_ANONYMOUS, -1, 0, EINVAL },
		{ 0, PG, RW, MAP_ANONYMOUS | 4, -1, 0, EINVAL },
		{ 0, PG, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE, -1, 0, EINVAL },
		{ 0, PG, RW, MAP_ANONYMOUS | MAP_SHARED | MAP_GROWSDOWN, -1, 0, EINVAL },
		{ 0, PG, RW, 0, RDWR, 0, EINVAL },
		{ 0, PG, RW, 4, RDONLY, 0, EINVAL },
		{ 0, PG, RW, MAP_SHARED_VALIDATE, RDWR, 0, 0 },
		{ 0, PG, RW, MAP_SHARED_VALIDATE | MAP_NORESERVE | MAP_POPULATE, RDWR, 0, 0 },
		{ 0, PG, RW, MAP_SHARED_VALIDATE | 0x80000, RDWR, 0, EOPNOTSUPP },
		{ 0, PG, RW, MAP_SHARED_VALIDATE | 0x800000, RDONLY, 0, EOPNOTSUPP },
		{ 0, PG, RW, MAP_SHARED | 0x800000, RDWR, 0, 0 },
		{ 0, PG, RW, MAP_PRIVATE | 0x800000, RDONLY, 0, 0 },
		{ 0, PG, RW, MAP_SHARED, RDONLY, 0, EACCES },
		{ 0, PG, PROT_READ, MAP_SHARED, WRONLY, 0, EACCES },
		{ 0, PG, PROT_READ, MAP_PRIVATE, WRONLY, 0, EACCES },
		{ 0, PG, RW, MAP_PRIVATE, DIRECTORY, 0, ENODEV },
		{ 0, PG, PROT_READ, MAP_PRIVATE, PIPE, 0, ENODEV },
		{ 0, PG, RW, MAP_SHARED, NULLDEV, 0, ENODEV },
		{ 0, PG, RW, MAP_PRIVATE | MAP_GROWSDOWN, RDWR, 0, EINVAL },
		{ 0, PG, RW, MAP_SHARED | MAP_GROWSDOWN, RDWR, 0, EINVAL },
		{ 0, PG, RW, ANON | MAP_GROWSDOWN, -1, 0, 0 },
		{ 0, PG, RW | 0x1000, ANON, -1, 0, 0 },
		{ 0, PG, RW, MAP_PRIVATE, ZERO, 3, 0 },
		{ 0, PG, RW, MAP_SHARED, ZERO, 0, 0 },
	};

	prepare();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		long r = syscall(SYS_mmap2, rows[i].addr, rows[i].len, rows[i].prot, rows[i].flags,
				 place(rows[i].fd), rows[i].pgoff);

		if (error_of(r) != rows[i].error)
			FAIL("row %u: %s, expected %s", i, strerror(error_of(r)), strerror(rows[i].error));
	}
	CHECK_ERR(mmap(two, PG, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	CHECK_ERR(mmap(two, PG, RW, MAP_FIXED_NOREPLACE, fds[-RDWR], 0), EEXIST);
	SYS(munmap(two + 2 * PG, 2 * PG));
	CHECK(mmap(two + 2 * PG, PG, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == two + 2 * PG);
}

TEST(old_mmap)
{
	unsigned a[6] = { 0, PG, RW, ANON, (unsigned)-1, 1 };

	CHECK_ERR(syscall(SYS_mmap, a), EINVAL);
	CHECK_ERR(syscall(SYS_mmap, 1), EFAULT);
	a[5] = 0;
	char *p = (char *)syscall(SYS_mmap, a);
	CHECK(p != MAP_FAILED);
	*p = 1;
	a[1] = 0;
	CHECK_ERR(syscall(SYS_mmap, a), EINVAL);
}

TEST(munmap_and_mprotect)
{
	prepare();
	CHECK_ERR(munmap(two + 1, PG), EINVAL);
	CHECK_ERR(munmap(two, 0), EINVAL);
	CHECK_ERR(syscall(SYS_munmap, two, 0xfffff001), EINVAL);
	CHECK_EQ(munmap(two + 2 * PG, PG), 0);
	CHECK_ERR(syscall(SYS_mprotect, two + 1, PG, 0x1000), EINVAL);
	CHECK_ERR(syscall(SYS_mprotect, two, PG, 0x1000), EINVAL);
	CHECK_EQ(syscall(SYS_mprotect, two, 0, 0x1000), 0);
	CHECK_ERR(syscall(SYS_mprotect, two, 0, 0x03000000), EINVAL);
	CHECK_ERR(syscall(SYS_mprotect, two + 2 * PG, PG, 0x1000), EINVAL);
	CHECK_ERR(syscall(SYS_mprotect, two + 2 * PG, PG, RW), ENOMEM);
	CHECK_ERR(syscall(SYS_mprotect, two, PG, RW | 0x01000000), EINVAL);
	CHECK_ERR(syscall(SYS_mprotect, two, PG, RW | 0x02000000), EINVAL);
	CHECK_ERR(syscall(SYS_mprotect, two + 2 * PG, PG, RW | 0x01000000), ENOMEM);
	char *p = mmap(NULL, PG, PROT_READ, MAP_SHARED, fds[-RDONLY], 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR(mprotect(p, PG, RW), EACCES);
}

TEST(mremap)
{
	prepare();
	CHECK_ERR(syscall(SYS_mremap, two, PG, 2 * PG, 8, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mremap, two, PG, 2 * PG, MREMAP_FIXED, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mremap, two + 1, PG, 2 * PG, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mremap, two, PG, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mremap, two, PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mremap, two + 2 * PG, PG, 2 * PG, 0, 0), EFAULT);
	CHECK_ERR(syscall(SYS_mremap, two, 3 * PG, 4 * PG, MREMAP_MAYMOVE, 0), EFAULT);
	CHECK_ERR(syscall(SYS_mremap, two, PG, 2 * PG, 3, two + 1), EINVAL);
	CHECK_ERR(syscall(SYS_mremap, two, 2 * PG, PG, 3, two + PG), EINVAL);
	CHECK_ERR(syscall(SYS_mremap, two, PG, PG, 3, 0xfffff000), EINVAL);
	CHECK_ERR(syscall(SYS_mremap, two, 0, PG, MREMAP_MAYMOVE, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mremap, two, PG, 3 * PG, 0, 0), ENOMEM);
	CHECK_EQ(syscall(SYS_mremap, two, 2 * PG, PG, 0, 0), (long)two);
	/* No bytes of shared memory: it is mapped once more. */
	char *p = mmap(NULL, 2 * PG, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	char *q = (char *)syscall(SYS_mremap, p + PG, 0, PG, MREMAP_MAYMOVE, 0);
	CHECK(q != MAP_FAILED);
	p[PG] = 7;
	CHECK_EQ(*q, 7);
}

TEST(msync_and_mincore)
{
	unsigned char vec[8];

	prepare();
	CHECK_ERR(msync(two, PG, 8), EINVAL);
	CHECK_ERR(msync(two + 1, PG, 0), EINVAL);
	CHECK_ERR(msync(two, PG, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_EQ(msync(two, 0, 0), 0);
	CHECK_EQ(msync(two, 2 * PG, 0), 0);
	CHECK_ERR(msync(two, 5 * PG, MS_ASYNC), ENOMEM);
	CHECK_ERR(mincore(two + 1, PG, vec), EINVAL);
	CHECK_ERR(mincore(two, PG, (unsigned char *)1), EFAULT);
	CHECK_ERR(mincore(two, 3 * PG, vec), ENOMEM);
	CHECK_EQ(mincore(two, 2 * PG, vec), 0);
	CHECK_EQ(syscall(SYS_mincore, two, 0, 1), 0);
}

/* What depends on the width of addresses: Linux answers so on a 32-bit machine only. */
TEST_REPRISE(ends_of_32_bits)
{
	unsigned char vec;

	prepare();
	CHECK_ERR(syscall(SYS_mmap2, 0, 2 * PG, RW, MAP_PRIVATE, fds[-RDWR], -1), EOVERFLOW);
	CHECK_ERR(syscall(SYS_mmap2, 0, 2 * PG, RW, 0, fds[-RDWR], -1), EOVERFLOW);
	CHECK_ERR(syscall(SYS_mprotect, two, 0xfffff000, 0x1000), ENOMEM);
	CHECK_ERR(syscall(SYS_msync, two, 0xfffff000, 0), ENOMEM);
	CHECK_ERR(syscall(SYS_mincore, two, 0xf0000000, &vec), ENOMEM);
	CHECK_ERR(syscall(SYS_mincore, 0xc0000000, PG, &vec), ENOMEM);
	CHECK_ERR(syscall(SYS_madvise, two, 0xffffffff, MADV_NORMAL), EINVAL);
	CHECK_ERR(syscall(SYS_madvise, two, 0xfffff000, MADV_NORMAL), EINVAL);
}

TEST(madvise)
{
	static const struct {
		int advice, anon, file, shared; /* errors of each kind of memory */
	} rows[] = {
		{ MADV_NORMAL, 0, 0, 0 },
		{ MADV_RANDOM, 0, 0, 0 },
		{ MADV_SEQUENTIAL, 0, 0, 0 },
		{ MADV_WILLNEED, 0, 0, 0 },
		{ MADV_DONTNEED, 0, 0, 0 },
		{ MADV_FREE, 0, EINVAL, EINVAL },
		{ MADV_REMOVE, EINVAL, EACCES, -1 },
		{ MADV_DONTFORK, 0, 0, 0 },
		{ MADV_DOFORK, 0, 0, 0 },
		{ MADV_WIPEONFORK, 0, EINVAL, EINVAL },
		{ MADV_KEEPONFORK, 0, 0, 0 },
		{ MADV_DONTDUMP, 0, 0, 0 },
		{ MADV_DODUMP, 0, 0, 0 },
		{ MADV_COLD, 0, 0, 0 },
		{ 6, EINVAL, EINVAL, EINVAL },
		{ 7, EINVAL, EINVAL, EINVAL },
		{ 26 + 64, EINVAL, EINVAL, EINVAL },
		{ -1, EINVAL, EINVAL, EINVAL },
	};
	char *m[3];

	prepare();
	m[0] = two;
	/* Longer than the hole. */
	m[1] = mmap(NULL, 4 * PG, RW, MAP_PRIVATE, fds[-RDWR], 0);
	m[2] = mmap(NULL, 4 * PG, RW, MAP_SHARED, fds[-RDWR], 0);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int want[3] = { rows[i].anon, rows[i].file, rows[i].shared };

		for (int k = 0; k < 3; k++) {
			int error = want[k] < 0 ? -1 : error_of(madvise(m[k], PG, rows[i].advice));

			if (error != want[k])
				FAIL("advice %d of memory %d: error %d, expected %d",
				     rows[i].advice, k, error, want[k]);
		}
		CHECK_EQ(error_of(madvise(two + 1, PG, rows[i].advice)), EINVAL);
		if (rows[i].anon == 0)
			CHECK_EQ(error_of(madvise(two + 2 * PG, PG, rows[i].advice)), ENOMEM);
	}
	CHECK_EQ(madvise(two + PG, 0, MADV_NORMAL), 0);
	/* Holes are passed over, and told. */
	two[0] = two[PG] = 1;
	CHECK_ERR(madvise(two, 5 * PG, MADV_DONTNEED), ENOMEM);
	CHECK_EQ(two[0] + two[PG], 0);
}

TEST(zero_device)
{
	prepare();
	char *p = mmap(NULL, 2 * PG, RW, MAP_PRIVATE, fds[-ZERO], 0);
	char *s = mmap(NULL, 2 * PG, RW, MAP_SHARED, fds[-ZERO], 0);

	CHECK(p != MAP_FAILED && s != MAP_FAILED);
	CHECK_EQ(p[PG] + s[PG], 0);
	pid_t pid = t_fork();
	if (pid == 0) {
		p[0] = s[0] = 5;
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(p[0], 0);
	CHECK_EQ(s[0], 5);
	/* Another mapping of it is other memory. */
	CHECK_EQ(*(char *)mmap(NULL, PG, RW, MAP_SHARED, fds[-ZERO], 0), 0);
}

TEST(grows_down)
{
	/* Room for the guard, which stays free below what grows. */
	char *room = mmap(NULL, 1024 * PG, PROT_NONE, ANON, -1, 0);
	char *top = room + 1000 * PG;

	CHECK(room != MAP_FAILED);
	SYS(munmap(room, 1024 * PG));
	CHECK(mmap(top, PG, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, -1, 0) == top);
	for (unsigned i = 0; i < 100 * PG; i += PG)
		top[-(int)i] = 1;
	top[-300 * (int)PG] = 2;
	/* What can be used keeps it off by 256 pages. */
	char *low = top - 600 * PG;
	CHECK(mmap(low, PG, RW, ANON | MAP_FIXED, -1, 0) == low);
	low[258 * PG] = 1;
	pid_t pid = t_fork();
	if (pid == 0) {
		low[255 * PG] = 1;
		_exit(0);
	}
	int status;
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

T_NO_HOOK
