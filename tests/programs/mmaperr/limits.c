/* SPDX-License-Identifier: MIT */
/* Limits: of locked memory, of sizes, of the number of mappings. */
#define T_PART
#include "mmaperr.h"
#include <sys/mman.h>
#include <sys/resource.h>

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
