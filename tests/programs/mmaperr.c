/* SPDX-License-Identifier: MIT */
/*
 * Errors of the calls on memory, from the ERRORS sections of their manual pages, and their order: a table for each
 * call, asked of Linux as well.
 */
#include "t.h"
#include <sys/mman.h>
#include <sys/resource.h>

#define PG 4096u
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define RDONLY -2 /* descriptors of the tables; others are taken as they are */
#define WRONLY -3
#define RDWR -4
#define ZERO -5
#define NULLDEV -6
#define PIPE -7
#define DIRECTORY -8
#define PATHONLY -9

static int fds[10];
static char *two; /* two pages, then a hole of two, then a read-only page */

static int place(int fd)
{
	return fd <= -2 ? fds[-fd] : fd;
}

static void prepare(void)
{
	int p[2];

	fds[-RDWR] = SYS(open("f", O_RDWR | O_CREAT, 0600));
	SYS(ftruncate(fds[-RDWR], 4 * PG));
	fds[-RDONLY] = SYS(open("f", O_RDONLY));
	fds[-WRONLY] = SYS(open("f", O_WRONLY));
	fds[-ZERO] = SYS(open("/dev/zero", O_RDWR));
	fds[-NULLDEV] = SYS(open("/dev/null", O_RDWR));
	fds[-DIRECTORY] = SYS(open(".", O_RDONLY));
	fds[-PATHONLY] = SYS(open("f", O_PATH));
	SYS(pipe(p));
	fds[-PIPE] = p[0];
	two = mmap(NULL, 5 * PG, RW, ANON, -1, 0);
	CHECK(two != MAP_FAILED);
	SYS(munmap(two + 2 * PG, 2 * PG));
	SYS(mprotect(two + 4 * PG, PG, PROT_READ));
}

/* The error that a call left, 0 if it went well. */
static int error_of(long r)
{
	return r == -1 ? errno : 0;
}

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

/* A file, read without memory of the C library's: that would count. */
static char text[8 << 20];

static void read_text(const char *path)
{
	int fd = SYS(open(path, O_RDONLY));
	size_t len = 0;
	ssize_t n;

	while ((n = SYS(read(fd, text + len, sizeof(text) - 1 - len))) > 0)
		len += (size_t)n;
	text[len] = '\0';
	SYS(close(fd));
}

/* The line of /proc/self/status that begins with `name`, in kB. */
static long status_kb(const char *name)
{
	const char *line;

	read_text("/proc/self/status");
	line = strstr(text, name);
	CHECK(line != NULL);
	return strtol(line + strlen(name) + 1, NULL, 10);
}

static void limit(int which, rlim_t value)
{
	struct rlimit rl;

	SYS(getrlimit(which, &rl));
	rl.rlim_cur = value;
	SYS(setrlimit(which, &rl));
}

static int resident(char *p)
{
	unsigned char in;

	SYS(mincore(p, PG, &in));
	return in & 1;
}

TEST(locks)
{
	prepare();
	char *p = mmap(NULL, 8 * PG, RW, ANON, -1, 0);
	CHECK_EQ(resident(p), 0);
	SYS(mlock(p + 1, PG));
	CHECK_EQ(resident(p) + resident(p + PG), 2);
	CHECK_EQ(status_kb("VmLck"), 8);
	SYS(mlock(p, 2 * PG));
	CHECK_EQ(status_kb("VmLck"), 8);
	SYS(syscall(SYS_mlock2, p + 4 * PG, PG, 1));
	CHECK_EQ(resident(p + 4 * PG), 0);
	CHECK_EQ(status_kb("VmLck"), 12);
	CHECK_ERR(syscall(SYS_mlock2, p, PG, 2), EINVAL);
	CHECK_ERR(madvise(p, 8 * PG, MADV_DONTNEED), EINVAL);
	CHECK_ERR(msync(p, PG, MS_INVALIDATE), EBUSY);
	SYS(munlock(p, PG));
	CHECK_EQ(status_kb("VmLck"), 8);
	/* A hole: what lies before is locked. */
	CHECK_ERR(mlock(two, 5 * PG), ENOMEM);
	CHECK_EQ(status_kb("VmLck"), 16);
	CHECK_ERR(mlock(two + 2 * PG, PG), ENOMEM);
	char *none = mmap(NULL, PG, PROT_NONE, ANON, -1, 0);
	CHECK_ERR(mlock(none, PG), ENOMEM);
	SYS(munmap(none, PG));
	SYS(munmap(two, 2 * PG));
	CHECK_EQ(status_kb("VmLck"), 8);
	pid_t pid = t_fork();
	if (pid == 0)
		_exit(status_kb("VmLck") == 0 ? 0 : 1);
	t_join(pid);
	SYS(munlockall());
	CHECK_EQ(status_kb("VmLck"), 0);
}

TEST(lock_all)
{
	CHECK_ERR(mlockall(0), EINVAL);
	CHECK_ERR(mlockall(MCL_ONFAULT), EINVAL);
	CHECK_ERR(mlockall(8), EINVAL);
	SYS(mlockall(MCL_FUTURE));
	CHECK_EQ(status_kb("VmLck"), 0);
	char *p = mmap(NULL, 4 * PG, RW, ANON, -1, 0);
	CHECK_EQ(status_kb("VmLck"), 16);
	CHECK_EQ(resident(p + 3 * PG), 1);
	p = mremap(p, 4 * PG, 6 * PG, MREMAP_MAYMOVE);
	CHECK_EQ(status_kb("VmLck"), 24);
	CHECK_EQ(resident(p + 5 * PG), 1);
	SYS(mlockall(MCL_FUTURE | MCL_ONFAULT));
	char *q = mmap(NULL, PG, RW, ANON, -1, 0);
	CHECK_EQ(resident(q), 0);
	CHECK_EQ(status_kb("VmLck"), 28);
	SYS(munlockall());
	q = mmap(NULL, PG, RW, ANON, -1, 0);
	CHECK_EQ(status_kb("VmLck"), 0);
}

TEST_ROOT(lock_limits)
{
	char *p = mmap(NULL, 8 * PG, RW, ANON, -1, 0);

	limit(RLIMIT_MEMLOCK, 4 * PG);
	SYS(mlock(p, 8 * PG)); /* root may */
	SYS(munlock(p, 8 * PG));
	SYS(setresuid(1000, 1000, 1000));
	CHECK_ERR(mlock(p, 5 * PG), ENOMEM);
	CHECK_EQ(status_kb("VmLck"), 0);
	SYS(mlock(p, 4 * PG));
	SYS(mlock(p, 4 * PG));
	CHECK_ERR(mlock(p + 4 * PG, PG), ENOMEM);
	CHECK(mmap(NULL, PG, RW, ANON | MAP_LOCKED, -1, 0) == MAP_FAILED && errno == EAGAIN);
	CHECK_ERR(mlockall(MCL_CURRENT), ENOMEM);
	SYS(munlock(p, PG));
	char *q = mmap(NULL, PG, RW, ANON | MAP_LOCKED, -1, 0);
	CHECK(q != MAP_FAILED);
	CHECK_EQ(resident(q), 1);
	CHECK(mremap(q, PG, 2 * PG, MREMAP_MAYMOVE) == MAP_FAILED && errno == EAGAIN);
	SYS(mlockall(MCL_FUTURE));
	CHECK(mmap(NULL, PG, RW, ANON, -1, 0) == MAP_FAILED && errno == EAGAIN);
	SYS(munlockall());
	limit(RLIMIT_MEMLOCK, 0);
	CHECK_ERR(mlock(p, 0), EPERM);
	CHECK_ERR(mlockall(MCL_FUTURE), EPERM);
	CHECK_ERR(mlockall(0), EINVAL);
	CHECK_ERR(syscall(SYS_mmap2, 0, PG, RW, ANON | MAP_LOCKED, -1, 0), EPERM);
	SYS(munlock(p, PG));
}

TEST(limits_of_size)
{
	char *old = (char *)syscall(SYS_brk, 0);
	char *ro = mmap(NULL, 1024 * PG, PROT_READ, ANON, -1, 0);

	CHECK(ro != MAP_FAILED);
	limit(RLIMIT_DATA, 0);
	CHECK_EQ(syscall(SYS_brk, old + PG), (long)old);
	limit(RLIMIT_DATA, PG);
	CHECK(mmap(NULL, 64 * PG, RW, ANON, -1, 0) == MAP_FAILED && errno == ENOMEM);
	CHECK(mmap(NULL, 64 * PG, PROT_READ, ANON, -1, 0) != MAP_FAILED);
	CHECK(mmap(NULL, 64 * PG, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	CHECK_ERR(mprotect(ro, 1024 * PG, RW), ENOMEM);
	limit(RLIMIT_DATA, RLIM_INFINITY);
	SYS(mprotect(ro, 1024 * PG, RW));
	limit(RLIMIT_AS, PG);
	CHECK(mmap(NULL, PG, PROT_READ, ANON, -1, 0) == MAP_FAILED && errno == ENOMEM);
	CHECK(mmap(ro, PG, PROT_READ, ANON | MAP_FIXED, -1, 0) == MAP_FAILED && errno == ENOMEM);
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

static unsigned count_maps(void)
{
	unsigned n = 0;

	read_text("/proc/self/maps");
	for (const char *p = text; *p; p++)
		n += *p == '\n';
	return n;
}

/* Mappings up to the limit, with the edges that Linux has. */
TEST(limit_of_mappings)
{
	const unsigned max = 65530, pairs = 40000;
	char *room = mmap(NULL, 2 * pairs * PG, PROT_NONE, ANON | MAP_NORESERVE, -1, 0), *p = room, *two_ro;

	CHECK(room != MAP_FAILED);
	two_ro = mmap(NULL, 3 * PG, PROT_READ, ANON, -1, 0);
	unsigned n = count_maps();

	while (n + 2 <= max) {
		SYS(mprotect(p + PG, PG, PROT_READ));
		p += 2 * PG;
		n += 2;
	}
	while (n < max) {
		CHECK(mmap(NULL, PG, n & 1 ? PROT_READ : PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
		n++;
	}
	/* One more by mmap; then none. */
	CHECK_ERR(mprotect(two_ro + PG, PG, PROT_NONE), ENOMEM);
	CHECK_ERR(munmap(two_ro + PG, PG), ENOMEM);
	CHECK_ERR(madvise(two_ro + PG, PG, MADV_DONTFORK), EAGAIN);
	CHECK_ERR(mlock(two_ro + PG, PG), ENOMEM);
	char *q = mmap(NULL, PG, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(q != MAP_FAILED);
	CHECK(mmap(NULL, PG, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
	CHECK(mmap(q, PG, PROT_READ, ANON | MAP_FIXED, -1, 0) == MAP_FAILED && errno == ENOMEM);
	CHECK(mremap(q, PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, two_ro) == MAP_FAILED && errno == ENOMEM);
	/* What makes no more of them goes on. */
	SYS(mprotect(q, PG, PROT_NONE));
	SYS(munmap(q, PG));
	SYS(munmap(two_ro + 2 * PG, PG));
}

T_NO_HOOK
