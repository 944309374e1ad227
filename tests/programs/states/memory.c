/* SPDX-License-Identifier: MIT */
/* Private memory: every kind of segment, and pages in every condition. memory/ has files and what is shared. */
#include "memory/memory.h"
#include <sys/mman.h>
#include <sys/resource.h>

STATE(heap)
{
	char *p[200];

	for (int i = 0; i < 200; i++) {
		CHECK((p[i] = malloc(i * 37 + 1)) != NULL);
		st_fill(p[i], i * 37 + 1, i + 1);
	}
	for (int i = 0; i < 200; i += 3)
		free(p[i]);
	st_wait();
	for (int i = 0; i < 200; i++) {
		if (i % 3 == 0)
			CHECK((p[i] = malloc(i * 41 + 1)) != NULL);
		else
			CHECK(st_filled(p[i], i * 37 + 1, i + 1));
	}
	for (int i = 0; i < 200; i++)
		free(p[i]);
}

/* musl has no brk() of its own. */
static char *set_brk(char *to)
{
	return (char *)syscall(SYS_brk, to);
}

STATE(brk)
{
	char *start = set_brk(NULL);

	CHECK(set_brk(start + 10 * PG) == start + 10 * PG);
	st_fill(start, 10 * PG, 4);
	CHECK(set_brk(start + 6 * PG) == start + 6 * PG);
	st_wait();
	CHECK(set_brk(NULL) == start + 6 * PG);
	CHECK(st_filled(start, 6 * PG, 4));
	CHECK(set_brk(start + 10 * PG) == start + 10 * PG);
	for (unsigned i = 6 * PG; i < 10 * PG; i++)
		CHECK_EQ(start[i], 0);
	CHECK(set_brk(start) == start);
}

STATE(big_with_holes)
{
	char *p = anon(2048);

	for (int i = 0; i < 2048; i += 3)
		st_fill(p + i * PG, 64, i + 1);
	for (int i = 1; i < 2048; i += 101)
		SYS(munmap(p + i * PG, PG));
	st_wait();
	for (int i = 0; i < 2048; i++) {
		if (i % 101 == 1)
			CHECK_ERR(mprotect(p + i * PG, PG, PROT_READ), ENOMEM);
		else if (i % 3 == 0)
			CHECK(st_filled(p + i * PG, 64, i + 1));
		else
			CHECK_EQ(p[i * PG + 5], 0);
	}
}

STATE(sparse)
{
	/* Far more than there is memory, a few pages of it used. */
	char *p = map(1u << 30, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);

	for (unsigned i = 0; i < 16; i++)
		st_fill(p + (i << 26) + 7, 100, i + 1);
	st_wait();
	for (unsigned i = 0; i < 16; i++) {
		CHECK(st_filled(p + (i << 26) + 7, 100, i + 1));
		CHECK_EQ(p[(i << 26) + PG], 0);
	}
}

STATE(protections)
{
	static const int prots[] = { PROT_NONE,	     PROT_READ, RW, PROT_READ | PROT_EXEC,
				     RW | PROT_EXEC, PROT_WRITE };
	char *p = anon(36);

	st_fill(p, 36 * PG, 5);
	for (int i = 0; i < 36; i++)
		SYS(mprotect(p + i * PG, PG, prots[i % 6]));
	st_wait();
	for (int i = 0; i < 36; i++) {
		int prot = prots[i % 6];

		CHECK_EQ(faults(p + i * PG, 0), prot == PROT_NONE ? SIGSEGV : 0);
		CHECK_EQ(faults(p + i * PG, 1), prot & PROT_WRITE ? 0 : SIGSEGV);
	}
	SYS(mprotect(p, 36 * PG, PROT_READ));
	CHECK(st_filled(p, 36 * PG, 5));
}

STATE(guard)
{
	char *p = anon(3);

	st_fill(p, 3 * PG, 6);
	SYS(mprotect(p + PG, PG, PROT_NONE));
	st_wait();
	CHECK_EQ(faults(p + PG, 0), SIGSEGV);
	CHECK_EQ(faults(p + 2 * PG, 1), 0);
	/* What it hid is still there. */
	SYS(mprotect(p + PG, PG, PROT_READ));
	CHECK(st_filled(p, 3 * PG, 6));
}

STATE(zeroes)
{
	char *p = anon(8);

	/* Touched by reading, by writing zeros, written and cleared again, and given back. */
	CHECK_EQ(*(volatile char *)p, 0);
	memset(p + PG, 0, PG);
	st_fill(p + 2 * PG, 2 * PG, 3);
	memset(p + 2 * PG, 0, PG);
	SYS(madvise(p + 3 * PG, PG, MADV_DONTNEED));
	st_wait();
	for (unsigned i = 0; i < 8 * PG; i++)
		CHECK_EQ(p[i], 0);
	memset(p, 1, 8 * PG);
}

STATE(code)
{
	/* mov eax, 0x1234567; ret */
	static const unsigned char insn[] = { 0xb8, 0x67, 0x45, 0x23, 0x01, 0xc3 };
	char *p = anon(1);

	memcpy(p, insn, sizeof(insn));
	SYS(mprotect(p, PG, PROT_READ | PROT_EXEC));
	st_wait();
	CHECK_EQ(((int (*)(void))p)(), 0x1234567);
}

static int deep(int n, uint32_t seed)
{
	char frame[700];
	int r;

	st_fill(frame, sizeof(frame), seed + n);
	if (n == 0)
		st_wait();
	r = n ? deep(n - 1, seed) : 0;
	CHECK(st_filled(frame, sizeof(frame), seed + n));
	return r + n;
}

STATE(deep_stack)
{
	CHECK_EQ(deep(1000, 17), 1000 * 1001 / 2);
}

STATE(grown_stack)
{
	/* It was deep, is not now, and can be again. */
	volatile char *low;
	{
		volatile char big[2 << 20];

		big[0] = 55;
		low = big;
	}
	st_wait();
	CHECK(low != NULL);
	{
		volatile char bigger[3 << 20];

		bigger[0] = 1;
		bigger[(3 << 20) - 1] = 2;
		CHECK_EQ(bigger[0] + bigger[(3 << 20) - 1], 3);
	}
}

STATE(dontfork)
{
	char *p = anon(3);

	st_fill(p, 3 * PG, 17);
	SYS(madvise(p + PG, PG, MADV_DONTFORK));
	st_wait();
	CHECK(st_filled(p, 3 * PG, 17));
	pid_t pid = t_fork();
	if (pid == 0)
		_exit(faults(p + PG, 0) == SIGSEGV && faults(p, 1) == 0 ? 0 : 1);
	t_join(pid);
}

/* The line of /proc/self/status that begins with `name`, in kB; without memory of the C library's: that would count. */
static long status_kb(const char *name)
{
	static char text[8192];
	int fd = SYS(open("/proc/self/status", O_RDONLY));
	ssize_t n = SYS(read(fd, text, sizeof(text) - 1));
	const char *line = strstr(text, name);

	SYS(close(fd));
	CHECK(n > 0 && line);
	return strtol(line + strlen(name) + 1, NULL, 10);
}

STATE(locked_ranges)
{
	char *p = anon(8);

	SYS(mlock(p, 3 * PG));
	SYS(syscall(SYS_mlock2, p + 4 * PG, 2 * PG, 1));
	CHECK_EQ(status_kb("VmLck"), 20);
	st_wait();
	CHECK_EQ(status_kb("VmLck"), 20);
	CHECK_ERR(madvise(p, PG, MADV_DONTNEED), EINVAL);
	CHECK_ERR(msync(p + 5 * PG, PG, MS_INVALIDATE), EBUSY);
	CHECK_EQ(madvise(p + 3 * PG, PG, MADV_DONTNEED), 0);
	pid_t pid = t_fork();
	if (pid == 0)
		_exit(status_kb("VmLck") == 0 ? 0 : 1);
	t_join(pid);
	SYS(munlock(p, 8 * PG));
	CHECK_EQ(status_kb("VmLck"), 0);
}

STATE(locked_later)
{
	SYS(mlockall(MCL_FUTURE));
	st_wait();
	char *p = anon(2);
	CHECK_EQ(status_kb("VmLck"), 8);
	CHECK_ERR(madvise(p, PG, MADV_DONTNEED), EINVAL);
	SYS(munlockall());
	p = anon(2);
	CHECK_EQ(status_kb("VmLck"), 0);
}

STATE(wiped_in_children)
{
	char *p = anon(3);

	st_fill(p, 3 * PG, 19);
	SYS(madvise(p + PG, PG, MADV_WIPEONFORK));
	st_wait();
	CHECK(st_filled(p, 3 * PG, 19));
	pid_t pid = t_fork();
	if (pid == 0) {
		int wiped = 1;

		for (unsigned i = PG; i < 2 * PG; i++)
			wiped &= p[i] == 0;
		_exit(wiped && st_filled(p, PG, 19) ? 0 : 1);
	}
	t_join(pid);
}

STATE(grows_down)
{
	char *p = map(64 * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	char *q = mmap(p + 63 * PG, PG, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	CHECK(q == p + 63 * PG);
	SYS(munmap(p, 63 * PG));
	q[-1] = 1;
	st_wait();
	q[-3 * (int)PG] = 2;
	CHECK_EQ(q[-1], 1);
}

STATE(many_mappings)
{
	enum { N = 4000 };
	static char *p[N];

	for (int i = 0; i < N; i++) {
		p[i] = map(PG, i & 1 ? RW : PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		if (i & 1)
			*p[i] = (char)i;
	}
	st_wait();
	for (int i = 1; i < N; i += 2)
		CHECK_EQ(*p[i], (char)i);
	for (int i = 0; i < N; i++)
		SYS(munmap(p[i], PG));
}

STATE(moved)
{
	char *p = anon(6);

	st_fill(p, 6 * PG, 18);
	char *q = mremap(p + 2 * PG, 2 * PG, 5 * PG, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	q[4 * PG] = 'q';
	st_wait();
	uint32_t seed = 18 | 1;
	for (unsigned i = 0; i < 6 * PG; i++) {
		char want = t_rand(&seed);

		CHECK_EQ(i / PG == 2 || i / PG == 3 ? q[i - 2 * PG] : p[i], want);
	}
	CHECK_EQ(q[4 * PG], 'q');
	CHECK_EQ(q[2 * PG], 0);
	CHECK_EQ(faults(p + 2 * PG, 0), SIGSEGV);
}

STATE(many_segments)
{
	unsigned char *p = (unsigned char *)anon(1200);

	for (int i = 0; i < 1200; i++) {
		if (i % 2)
			SYS(mprotect(p + i * PG, PG, PROT_READ));
		else if (i % 10 == 0)
			p[i * PG] = i % 251;
	}
	st_wait();
	for (int i = 0; i < 1200; i++)
		CHECK_EQ(p[i * PG], i % 10 ? 0 : i % 251);
	CHECK_EQ(faults((char *)p + 1199 * PG, 1), SIGSEGV);
	CHECK_EQ(faults((char *)p + 1198 * PG, 1), 0);
}

STATE(executable)
{
	/* The program's own file: code, constants, initialised data that was changed. */
	static char changed[3 * PG] = "initial";
	static const char constant[] = "constant";

	strcpy(changed, "changed");
	st_wait();
	CHECK_STR(changed, "changed");
	CHECK_STR(constant, "constant");
	int fd = SYS(open("/proc/self/exe", O_RDONLY));
	char magic[4];
	CHECK_EQ(read(fd, magic, 4), 4);
	CHECK(memcmp(magic, "\177ELF", 4) == 0);
}

STATE(locked)
{
	struct rlimit rl = { 64 * PG, 64 * PG };
	char *p = anon(4);

	SYS(setrlimit(RLIMIT_MEMLOCK, &rl));
	SYS(mlock(p, 4 * PG));
	st_fill(p, 4 * PG, 20);
	st_wait();
	CHECK(st_filled(p, 4 * PG, 20));
	SYS(munlock(p, 4 * PG));
}

static void cow_child(void *arg)
{
	char *p = arg;

	for (int i = 0; i < 40; i += 2)
		p[i * PG] = 'c';
	st_await_go();
	for (int i = 0; i < 40; i++)
		CHECK_EQ(p[i * PG], i % 2 ? 'o' : 'c');
}

STATE_TREE(copy_on_write)
{
	char *p = anon(40);

	for (int i = 0; i < 40; i++)
		p[i * PG] = 'o';
	pid_t pid = st_child(cow_child, p);
	for (int i = 0; i < 40; i += 3)
		p[i * PG] = 'p';
	st_wait();
	for (int i = 0; i < 40; i++)
		CHECK_EQ(p[i * PG], i % 3 ? 'o' : 'p');
	t_join(pid);
}
