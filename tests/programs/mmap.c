/* SPDX-License-Identifier: MIT */
/* Address spaces: anonymous memory, protections, moving and cutting mappings, the heap and the stack. */
#include "t.h"
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PG 4096u
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static sigjmp_buf back;
static volatile int fault_code;

static void on_fault(int sig, siginfo_t *si, void *uc)
{
	fault_code = si->si_code;
	siglongjmp(back, sig);
}

static void catch_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	SYS(sigaction(SIGSEGV, &sa, NULL));
	SYS(sigaction(SIGBUS, &sa, NULL));
}

/* The signal that touching p raises, 0 if none. */
static int touch(volatile char *p, int write)
{
	int sig = sigsetjmp(back, 1);

	if (sig)
		return sig;
	if (write)
		*p = 1;
	else
		(void)*p;
	return 0;
}

static char *map(size_t len, int prot)
{
	char *p = mmap(NULL, len, prot, ANON, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

TEST(zero_filled_and_writable)
{
	char *p = map(100 * PG, RW);

	for (unsigned i = 0; i < 100 * PG; i += 1111)
		CHECK_EQ(p[i], 0);
	memset(p, 0xa5, 100 * PG);
	for (unsigned i = 0; i < 100 * PG; i += 997)
		CHECK_EQ((unsigned char)p[i], 0xa5);
	SYS(munmap(p, 100 * PG));
	catch_faults();
	CHECK_EQ(touch(p, 0), SIGSEGV);
	CHECK_EQ(fault_code, SEGV_MAPERR);
}

TEST(argument_errors)
{
	char *p = map(PG, RW);

	CHECK_ERR(mmap(NULL, 0, RW, ANON, -1, 0), EINVAL);
	CHECK_ERR(mmap((void *)1, PG, RW, ANON | MAP_FIXED, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PG, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PG, RW, MAP_PRIVATE, -1, 0), EBADF);
	CHECK_ERR(mmap(NULL, PG, RW, MAP_PRIVATE, 999, 0), EBADF);
	CHECK_ERR(mmap((void *)0xfffff000, PG, RW, ANON | MAP_FIXED, -1, 0), ENOMEM);
	CHECK_ERR(munmap(p + 1, PG), EINVAL);
	CHECK_ERR(munmap(p, 0), EINVAL);
	CHECK_ERR(munmap((void *)0xfffff000, 2 * PG), EINVAL);
	CHECK_ERR(syscall(SYS_mprotect, p + 1, PG, RW), EINVAL);
	CHECK_ERR(mprotect(p, PG, 0x10000), EINVAL);
	CHECK_EQ(mprotect(p, 0, RW), 0);
	SYS(munmap(p, PG));
	CHECK_ERR(mprotect(p, PG, RW), ENOMEM);
	CHECK_EQ(munmap(p, PG), 0);
	CHECK_ERR(msync(p, PG, MS_SYNC), ENOMEM);
	CHECK_ERR(msync(p + 1, PG, MS_SYNC), EINVAL);
	CHECK_ERR(msync(p, PG, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_ERR(madvise(p + 1, PG, MADV_NORMAL), EINVAL);
	CHECK_ERR(madvise(p, PG, 999), EINVAL);
	CHECK_ERR(madvise(p, PG, MADV_DONTNEED), ENOMEM);
}

TEST(protections)
{
	char *p = map(8 * PG, RW);

	catch_faults();
	memset(p, 1, 8 * PG);
	SYS(mprotect(p + 2 * PG, 3 * PG, PROT_READ));
	CHECK_EQ(touch(p + 2 * PG, 1), SIGSEGV);
	CHECK_EQ(fault_code, SEGV_ACCERR);
	CHECK_EQ(touch(p + 2 * PG, 0), 0);
	CHECK_EQ(touch(p + 5 * PG, 1), 0);
	SYS(mprotect(p, 8 * PG, PROT_NONE));
	CHECK_EQ(touch(p, 0), SIGSEGV);
	SYS(mprotect(p, 8 * PG, RW));
	for (int i = 0; i < 8; i++)
		CHECK_EQ(p[i * PG + 7], 1);
	CHECK_EQ(touch(p + 2 * PG, 1), 0);
	/* Up to the first hole it takes effect. */
	SYS(munmap(p + 4 * PG, PG));
	CHECK_ERR(mprotect(p, 8 * PG, PROT_READ), ENOMEM);
	CHECK_EQ(touch(p, 1), SIGSEGV);
	CHECK_EQ(touch(p + 6 * PG, 1), 0);
}

TEST(cutting_and_joining)
{
	char *p = map(10 * PG, RW);

	catch_faults();
	memset(p, 2, 10 * PG);
	SYS(munmap(p + 3 * PG, 2 * PG));
	CHECK_EQ(touch(p + 3 * PG, 0), SIGSEGV);
	CHECK_EQ(touch(p + 4 * PG, 0), SIGSEGV);
	CHECK_EQ(p[2 * PG], 2);
	CHECK_EQ(p[5 * PG], 2);
	CHECK(mmap(p + 3 * PG, 2 * PG, RW, ANON | MAP_FIXED, -1, 0) == p + 3 * PG);
	CHECK_EQ(p[3 * PG], 0);
	/* Over what is there, in part. */
	CHECK(mmap(p + 4 * PG, 3 * PG, RW, ANON | MAP_FIXED, -1, 0) == p + 4 * PG);
	CHECK_EQ(p[5 * PG], 0);
	CHECK_EQ(p[6 * PG], 0);
	CHECK_EQ(p[7 * PG], 2);
	CHECK_EQ(munmap(p, 10 * PG), 0);
}

TEST(hints_are_taken_when_free)
{
	char *p = map(4 * PG, RW);

	SYS(munmap(p, 4 * PG));
	CHECK(mmap(p, 4 * PG, RW, ANON, -1, 0) == p);
	char *q = mmap(p, 4 * PG, RW, ANON, -1, 0);
	CHECK(q != p && q != MAP_FAILED);
	CHECK_ERR(mmap(p, 4 * PG, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
}

TEST(fork_copies_on_write)
{
	char *p = map(64 * PG, RW), *sh;
	struct t_gate down = t_gate(), up = t_gate();

	sh = mmap(NULL, PG, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 64; i++)
		p[i * PG] = i;
	pid_t pid = t_fork();
	if (pid == 0) {
		for (int i = 0; i < 64; i += 2)
			p[i * PG] = 100;
		sh[0] = 1;
		t_open_gate(up);
		t_pass_gate(down);
		for (int i = 0; i < 64; i++)
			CHECK_EQ(p[i * PG], i % 2 ? i : 100);
		CHECK_EQ(sh[1], 2);
		_exit(0);
	}
	t_pass_gate(up);
	CHECK_EQ(sh[0], 1);
	for (int i = 0; i < 64; i++)
		CHECK_EQ(p[i * PG], i);
	for (int i = 1; i < 64; i += 2)
		p[i * PG] = 50;
	sh[1] = 2;
	t_open_gate(down);
	t_join(pid);
	for (int i = 0; i < 64; i++)
		CHECK_EQ(p[i * PG], i % 2 ? 50 : i);
}

TEST(generations_of_copies)
{
	char *p = map(16 * PG, RW);

	memset(p, 0, 16 * PG);
	for (int g = 0; g < 12; g++) {
		p[g * PG] = g + 1;
		pid_t pid = t_fork();
		if (pid != 0) {
			t_join(pid);
			for (int i = 0; i < 16; i++)
				CHECK_EQ(p[i * PG], i <= g ? i + 1 : 0);
			if (g > 0)
				_exit(0);
			return;
		}
	}
	_exit(0);
}

TEST(mremap_grows_shrinks_moves)
{
	char *p = map(16 * PG, RW);

	catch_faults();
	SYS(munmap(p + 4 * PG, 12 * PG));
	memset(p, 3, 4 * PG);
	CHECK(mremap(p, 4 * PG, 2 * PG, 0) == p);
	CHECK_EQ(touch(p + 2 * PG, 0), SIGSEGV);
	CHECK(mremap(p, 2 * PG, 4 * PG, 0) == p);
	CHECK_EQ(p[PG], 3);
	CHECK_EQ(p[3 * PG], 0);
	/* Something stands behind it: it stays or moves as allowed. */
	CHECK(mmap(p + 4 * PG, PG, PROT_NONE, ANON | MAP_FIXED, -1, 0) != MAP_FAILED);
	CHECK_ERR(mremap(p, 4 * PG, 8 * PG, 0), ENOMEM);
	char *q = mremap(p, 4 * PG, 800 * PG, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p);
	CHECK_EQ(q[PG], 3);
	CHECK_EQ(q[799 * PG], 0);
	CHECK_EQ(touch(p, 0), SIGSEGV);
	char *r = map(10 * PG, PROT_NONE);
	CHECK(mremap(q, 3 * PG, 3 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, r) == r);
	CHECK_EQ(r[0], 3);
	CHECK_EQ(touch(q, 0), SIGSEGV);
	CHECK_EQ(q[4 * PG], 0);
	/* Of several mappings nothing grows or moves, but they can be cut. */
	SYS(mprotect(r + PG, PG, PROT_READ));
	CHECK(mremap(r, 3 * PG, 3 * PG, 0) == r);
	CHECK_ERR(mremap(r, 3 * PG, 4 * PG, MREMAP_MAYMOVE), EFAULT);
	CHECK(mremap(r, 3 * PG, 2 * PG, MREMAP_MAYMOVE) == r);
	CHECK(mremap(r + PG, PG, PG, 0) == r + PG);
	r[0] = 7;
	CHECK(mremap(r, 2 * PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED, r + 5 * PG) == r + 5 * PG);
	CHECK_EQ(r[5 * PG], 7);
	CHECK_EQ(touch(r + PG, 0), SIGSEGV);
	CHECK_ERR(mremap(r + 1, PG, PG, 0), EINVAL);
	CHECK_ERR(mremap(r, PG, 0, 0), EINVAL);
	CHECK_ERR(mremap(p, PG, 2 * PG, MREMAP_MAYMOVE), EFAULT);
}

TEST(dontneed_empties)
{
	char *p = map(8 * PG, RW);

	memset(p, 4, 8 * PG);
	SYS(madvise(p + PG, 3 * PG, MADV_DONTNEED));
	CHECK_EQ(p[0], 4);
	CHECK_EQ(p[PG], 0);
	CHECK_EQ(p[4 * PG - 1], 0);
	CHECK_EQ(p[4 * PG], 4);
	p[PG] = 9;
	CHECK_EQ(p[PG], 9);
	CHECK_EQ(madvise(p, 8 * PG, MADV_WILLNEED), 0);
}

TEST(heap)
{
	char *start = (char *)syscall(SYS_brk, 0), *end;

	end = (char *)syscall(SYS_brk, start + 100000);
	CHECK(end == start + 100000);
	memset(start, 5, 100000);
	CHECK((char *)syscall(SYS_brk, start + 10) == start + 10);
	CHECK((char *)syscall(SYS_brk, start + 100000) == start + 100000);
	CHECK_EQ(start[5], 5);
	/* What was given back comes again as zeroes. */
	CHECK_EQ(start[50000], 0);
	CHECK((char *)syscall(SYS_brk, 1) == start + 100000);
	CHECK((char *)syscall(SYS_brk, 0xfffff000) == start + 100000);
	struct rlimit rl = { 1 << 20, 1 << 20 };
	SYS(setrlimit(RLIMIT_DATA, &rl));
	CHECK((char *)syscall(SYS_brk, start + (64 << 20)) == start + 100000);
}

static int deep(int n)
{
	volatile char frame[1000];

	frame[0] = n;
	return n == 0 ? 0 : deep(n - 1) + frame[0] - (char)n;
}

TEST(stack_grows)
{
	struct rlimit rl;

	SYS(getrlimit(RLIMIT_STACK, &rl));
	CHECK(rl.rlim_cur >= 8 << 20);
	CHECK_EQ(deep(4000), 0);
	/* A big step is allowed within the limit. */
	volatile char big[3 << 20];
	big[0] = 1;
	big[sizeof(big) - 1] = 2;
	CHECK_EQ(big[0] + big[sizeof(big) - 1], 3);
}

TEST(stack_overflow_kills)
{
	struct rlimit rl = { 256 << 10, 256 << 10 }, none = { 0, 0 };

	SYS(setrlimit(RLIMIT_CORE, &none));
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(setrlimit(RLIMIT_STACK, &rl));
		_exit(deep(1000000));
	}
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGSEGV);
}

TEST(kernel_pointers_respect_protection)
{
	char *p = map(2 * PG, PROT_READ);
	int fd[2];

	SYS(pipe(fd));
	CHECK_EQ(write(fd[1], "abcd", 4), 4);
	CHECK_ERR(read(fd[0], p, 4), EFAULT);
	CHECK_EQ(write(fd[1], p, 4), 4);
	SYS(mprotect(p, PG, PROT_NONE));
	CHECK_ERR(write(fd[1], p, 4), EFAULT);
	SYS(mprotect(p, PG, RW));
	SYS(munmap(p + PG, PG));
	/* A read that ends where memory ends delivers what fitted, or says EFAULT. */
	ssize_t n = read(fd[0], p + PG - 2, 8);
	CHECK(n == 2 || (n == -1 && errno == EFAULT));
	CHECK_ERR(getcwd((void *)0xbfffffff, 0x1000) ? 0 : -1, errno == EFAULT || errno == ERANGE ? errno : 0);
}

TEST(limits)
{
	struct rlimit rl = { 32 << 20, 32 << 20 };
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setrlimit(RLIMIT_AS, &rl));
		CHECK_ERR(mmap(NULL, 40 << 20, RW, ANON, -1, 0), ENOMEM);
		char *p = mmap(NULL, 8 << 20, RW, ANON, -1, 0);
		CHECK(p != MAP_FAILED);
		CHECK_ERR(mremap(p, 8 << 20, 64 << 20, MREMAP_MAYMOVE), ENOMEM);
		_exit(0);
	}
	t_join(pid);
	/* More than there is address space. */
	CHECK_ERR(mmap(NULL, 0xd0000000u, PROT_NONE, ANON | MAP_NORESERVE, -1, 0), ENOMEM);
}

TEST(many_mappings)
{
	enum { N = 1500 };
	static char *p[N];

	for (int i = 0; i < N; i++) {
		p[i] = mmap(NULL, 2 * PG, i & 1 ? RW : PROT_READ, ANON, -1, 0);
		CHECK(p[i] != MAP_FAILED);
		if (i & 1)
			p[i][0] = i;
	}
	for (int i = 1; i < N; i += 2)
		CHECK_EQ(p[i][0], (char)i);
	for (int i = 0; i < N; i += 3)
		SYS(munmap(p[i], 2 * PG));
	for (int i = 1; i < N; i += 2) {
		if (i % 3)
			CHECK_EQ(p[i][0], (char)i);
	}
}

TEST(random_operations_against_a_model)
{
	/* 200 pages, mapped, cut, protected, written in random order; a model says what must be there. */
	enum { N = 200 };
	static signed char state[N]; /* -1 unmapped, 0.. value */
	static unsigned char prot[N];
	char *base = map(N * PG, RW);
	uint32_t seed = 12345;

	catch_faults();
	memset(prot, 3, N);
	for (int step = 0; step < 3000; step++) {
		unsigned from = t_rand(&seed) % N, len = t_rand(&seed) % 20 + 1, op = t_rand(&seed) % 6;

		if (from + len > N)
			len = N - from;
		char *p = base + from * PG;
		if (op == 0) {
			SYS(munmap(p, len * PG));
			memset(state + from, -1, len);
		} else if (op == 1) {
			CHECK(mmap(p, len * PG, RW, ANON | MAP_FIXED, -1, 0) == p);
			memset(state + from, 0, len);
			memset(prot + from, 3, len);
		} else if (op == 2 || op == 3) {
			int hole = memchr(state + from, -1, len) != NULL;
			int want = op == 2 ? 1 : 3;
			CHECK_EQ(mprotect(p, len * PG, want), hole ? -1 : 0);
			for (unsigned i = from; i < from + len && state[i] != -1; i++)
				prot[i] = want;
		} else {
			for (unsigned i = from; i < from + len; i++) {
				int ok = state[i] != -1 && prot[i] == 3;
				CHECK_EQ(touch(base + i * PG + 5, 1) == 0, ok);
				if (ok)
					state[i] = base[i * PG] = step & 63;
			}
		}
		unsigned i = t_rand(&seed) % N;
		CHECK_EQ(touch(base + i * PG, 0) == 0, state[i] != -1);
		if (state[i] != -1)
			CHECK_EQ(base[i * PG], state[i]);
	}
}

T_NO_HOOK
