/* SPDX-License-Identifier: MIT */
/* The errors of futex(2), their order, and its counts. Each line of the table is one call. */
#include "t.h"
#include <limits.h>
#include <sched.h>
#include <sys/mman.h>

/* Numbers: linux/futex.h. */
enum { WAIT, WAKE, FD, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET = 9, WAKE_BITSET };
#define PRIVATE 128
#define REALTIME 256

static char *area; /* page 0: read and write, zeros; 1: read; 2: nothing; 3: of a file that ends before it */
static int32_t good_time[2] = { 0, 1000 }, bad_time[2] = { 0, 1000000000 }, past[2] = { -1, 0 };

static void make_area(void)
{
	int fd = SYS(open("short", O_RDWR | O_CREAT, 0600));

	SYS(ftruncate(fd, 4096));
	area = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	SYS(mprotect(area + 4096, 4096, PROT_READ));
	SYS(mprotect(area + 2 * 4096, 4096, PROT_NONE));
	CHECK(mmap(area + 3 * 4096, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED);
	close(fd);
}

#define OK_WORD (area)
#define RO_WORD (area + 4096)
#define NO_WORD (area + 2 * 4096)
#define FILE_WORD (area + 3 * 4096)
#define PAST_END (area + 4 * 4096)
#define HOLE ((char *)0x10000000)
#define KERNEL ((char *)0xc0000000)
#define UNALIGNED(p) ((p) + 2)

struct call {
	char *addr;
	int op, val;
	void *time;
	char *addr2;
	unsigned val3;
	int want; /* the result, or an errno below zero */
};

#define T(x) ((void *)(x))

TEST(errors_and_their_order)
{
	make_area();
	const struct call calls[] = {
		/* wait */
		{ OK_WORD, WAIT, 1, 0, 0, 0, -EAGAIN },
		{ OK_WORD, WAIT, 0, good_time, 0, 0, -ETIMEDOUT },
		{ OK_WORD, WAIT, 0, bad_time, 0, 0, -EINVAL },
		{ OK_WORD, WAIT, 0, past, 0, 0, -EINVAL },
		{ OK_WORD, WAIT, 0, HOLE, 0, 0, -EFAULT },
		{ UNALIGNED(OK_WORD), WAIT, 0, bad_time, 0, 0, -EINVAL },
		{ UNALIGNED(OK_WORD), WAIT, 0, HOLE, 0, 0, -EFAULT },
		{ UNALIGNED(KERNEL), WAIT, 0, 0, 0, 0, -EINVAL },
		{ KERNEL, WAIT, 0, 0, 0, 0, -EFAULT },
		{ HOLE, WAIT, 0, 0, 0, 0, -EFAULT },
		{ HOLE, WAIT | PRIVATE, 0, 0, 0, 0, -EFAULT },
		{ NO_WORD, WAIT, 0, 0, 0, 0, -EFAULT },
		{ RO_WORD, WAIT, 1, 0, 0, 0, -EAGAIN },
		{ PAST_END, WAIT, 0, 0, 0, 0, -EFAULT },
		{ OK_WORD, WAIT | REALTIME, 1, 0, 0, 0, -ENOSYS },
		{ OK_WORD, WAIT | REALTIME, 1, bad_time, 0, 0, -EINVAL },
		{ OK_WORD, WAIT_BITSET, 1, 0, 0, 0, -EINVAL },
		{ HOLE, WAIT_BITSET, 1, 0, 0, 0, -EINVAL },
		{ OK_WORD, WAIT_BITSET, 1, HOLE, 0, 0, -EFAULT },
		{ OK_WORD, WAIT_BITSET, 1, 0, 0, 1, -EAGAIN },
		{ OK_WORD, WAIT_BITSET | REALTIME, 0, good_time, 0, 1, -ETIMEDOUT },
		/* wake */
		{ OK_WORD, WAKE, 1, 0, 0, 0, 0 },
		{ OK_WORD, WAKE, -1, 0, 0, 0, 0 },
		{ OK_WORD, WAKE, 1, HOLE, HOLE, 0, 0 },
		{ UNALIGNED(OK_WORD), WAKE, 1, 0, 0, 0, -EINVAL },
		{ KERNEL, WAKE, 1, 0, 0, 0, -EFAULT },
		{ HOLE, WAKE, 1, 0, 0, 0, -EFAULT },
		{ HOLE, WAKE | PRIVATE, 1, 0, 0, 0, 0 },
		{ NO_WORD, WAKE, 1, 0, 0, 0, -EFAULT },
		{ PAST_END, WAKE, 1, 0, 0, 0, -EFAULT },
		{ RO_WORD, WAKE, 1, 0, 0, 0, 0 },
		{ FILE_WORD, WAKE, 1, 0, 0, 0, 0 },
		{ OK_WORD, WAKE | REALTIME, 1, 0, 0, 0, -ENOSYS },
		{ HOLE, WAKE_BITSET, 1, 0, 0, 0, -EINVAL },
		{ OK_WORD, WAKE_BITSET, 1, 0, 0, 1, 0 },
		/* requeue */
		{ OK_WORD, REQUEUE, -1, 0, OK_WORD + 4, 0, -EINVAL },
		{ OK_WORD, REQUEUE, 0, T(-1), OK_WORD + 4, 0, -EINVAL },
		{ HOLE, REQUEUE, -1, 0, OK_WORD + 4, 0, -EINVAL },
		{ HOLE, REQUEUE, 1, 0, OK_WORD + 4, 0, -EFAULT },
		{ OK_WORD, REQUEUE, 1, 0, HOLE, 0, -EFAULT },
		{ OK_WORD, REQUEUE, 1, 0, UNALIGNED(OK_WORD), 0, -EINVAL },
		{ OK_WORD, REQUEUE, 1, T(1), OK_WORD + 4, 0, 0 },
		{ OK_WORD, CMP_REQUEUE, 1, T(1), OK_WORD + 4, 1, -EAGAIN },
		{ OK_WORD, CMP_REQUEUE, 1, T(1), OK_WORD + 4, 0, 0 },
		{ OK_WORD, CMP_REQUEUE, -1, T(1), OK_WORD + 4, 1, -EINVAL },
		{ OK_WORD, CMP_REQUEUE, 1, T(1), HOLE, 1, -EFAULT },
		{ HOLE, CMP_REQUEUE | PRIVATE, 1, T(1), OK_WORD, 1, -EFAULT },
		/* wake and operate: op << 28 | comparison << 24 | two arguments of 12 bits */
		{ HOLE, WAKE_OP, 1, T(1), OK_WORD + 8, 0x10000000, -EFAULT },
		{ OK_WORD, WAKE_OP, 1, T(1), HOLE, 0, -EFAULT },
		{ OK_WORD, WAKE_OP, 1, T(1), RO_WORD, 0, -EFAULT },
		{ OK_WORD, WAKE_OP, 1, T(1), OK_WORD + 8, 0x50000000, -ENOSYS },
		{ OK_WORD, WAKE_OP, 1, T(1), OK_WORD + 8, 0x06000000, -ENOSYS },
		{ OK_WORD, WAKE_OP, 1, T(1), OK_WORD + 8, 0x10003000, 0 },
		{ OK_WORD, WAKE_OP, -1, T(-1), OK_WORD + 8, 0x90003000, 0 },
		/* no such operation */
		{ OK_WORD, FD, 0, 0, 0, 0, -ENOSYS },
		{ HOLE, 77, 0, HOLE, HOLE, 0, -ENOSYS },
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		const struct call *c = &calls[i];
		long got = syscall(240, c->addr, c->op, c->val, c->time, c->addr2, c->val3);

		if (got < 0)
			got = -errno;
		if (got != c->want)
			FAIL("line %u of the table: expected %d, found %ld", i, c->want, got);
	}
	CHECK_EQ(((int *)area)[2], 11); /* 3 added, then 1 << 3 */
}

static void waiter(int *word)
{
	if (t_fork() == 0)
		_exit(syscall(240, word, WAIT, 0, NULL, NULL, 0) != 0);
}

/* However small the count: it wakes one before it counts. */
TEST(counts_below_one)
{
	int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), st, n = 0;
	static const int counts[] = { 0, -1, INT_MIN };

	for (unsigned i = 0; i < 3; i++)
		waiter(word);
	for (unsigned i = 0; i < 3; i++) {
		while ((n = syscall(240, word, WAKE, counts[i], NULL, NULL, 0)) == 0)
			sched_yield();
		CHECK_EQ(n, 1);
		SYS(wait(&st));
		CHECK_EQ(st, 0);
	}
}

/* All of many, and each once. */
TEST(wakes_many)
{
	enum { N = 200 };
	int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), st, n = 0;

	for (int i = 0; i < N; i++)
		waiter(word);
	while (n < N) {
		n += SYS(syscall(240, word, WAKE, INT_MAX, NULL, NULL, 0));
		sched_yield();
	}
	CHECK_EQ(n, N);
	for (int i = 0; i < N; i++) {
		SYS(wait(&st));
		CHECK_EQ(st, 0);
	}
}

/* Lists of robust mutexes that go in a circle, nowhere, or into the kernel: the thread ends all the same. */
TEST(hostile_robust_lists)
{
	for (int kind = 0; kind < 5; kind++) {
		pid_t pid = t_fork();

		if (pid == 0) {
			static uintptr_t head[3], a[2], b[2];

			a[0] = (uintptr_t)b;
			b[0] = (uintptr_t)a;
			head[0] = kind == 0   ? (uintptr_t)a
				  : kind == 1 ? 0xc0000000
				  : kind == 2 ? 3
					      : (uintptr_t)a;
			head[1] = kind == 3 ? 0xffffffff : kind == 4 ? 1 : 4;
			head[2] = kind == 4 ? 0xfffffffd : 0;
			SYS(syscall(311, head, 12));
			_exit(0);
		}
		t_join(pid);
	}
	CHECK_ERR(syscall(311, 0, 13), EINVAL);
	CHECK_ERR(syscall(312, 999999, &(void *){ 0 }, &(size_t){ 0 }), ESRCH);
	CHECK_ERR(syscall(312, 0, &(void *){ 0 }, 0), EFAULT);
}

T_NO_HOOK
