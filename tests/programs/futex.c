/* SPDX-License-Identifier: MIT */
/* futex(2) and clone(2) themselves, and what belongs to them: set_tid_address, TLS slots, robust lists. */
#include "t.h"
#include <limits.h>
#include <sched.h>
#include <sys/mman.h>

/* Numbers: linux/futex.h. */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_WAITERS 0x80000000
#define FUTEX_OWNER_DIED 0x40000000

static int *word;

static long futex(int *addr, int op, int val, const struct timespec *ts, int *addr2, int val3)
{
	/* The old call, whose times are two 32-bit words. */
	int32_t t32[2];

	if (ts) {
		t32[0] = ts->tv_sec;
		t32[1] = ts->tv_nsec;
	}
	return syscall(240, addr, op, val, ts ? t32 : NULL, addr2, val3);
}

static void share(void)
{
	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(word != MAP_FAILED);
}

TEST(wait_refuses_other_value)
{
	share();
	*word = 5;
	CHECK_ERR(futex(word, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
	CHECK_EQ(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	CHECK_ERR(futex((int *)((char *)word + 1), FUTEX_WAIT, 5, NULL, NULL, 0), EINVAL);
	CHECK_ERR(futex((int *)0x10000000, FUTEX_WAIT, 5, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex((int *)0xc0000000, FUTEX_WAIT, 5, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex(word, 77, 0, NULL, NULL, 0), ENOSYS);
}

TEST(times_out)
{
	struct timespec ts = { 0, 20000000 }, bad = { 0, 1000000000 };
	long long began = t_now_ns();

	share();
	CHECK_ERR(futex(word, FUTEX_WAIT, 0, &ts, NULL, 0), ETIMEDOUT);
	CHECK(t_now_ns() - began >= 20000000);
	CHECK_ERR(futex(word, FUTEX_WAIT, 0, &bad, NULL, 0), EINVAL);
	CHECK_ERR(futex(word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
}

TEST(wakes_as_many_as_asked)
{
	pid_t pids[5];

	share();
	for (int i = 0; i < 5; i++) {
		pids[i] = t_fork();
		if (pids[i] == 0) {
			CHECK_EQ(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
			__atomic_add_fetch(&word[1], 1, __ATOMIC_SEQ_CST);
			_exit(0);
		}
	}
	for (int i = 0; i < 5; i++)
		t_await_state(pids[i], "S");
	CHECK_EQ(futex(word, FUTEX_WAKE, 2, NULL, NULL, 0), 2);
	int st;
	wait(&st);
	wait(&st);
	CHECK_EQ(word[1], 2);
	CHECK_EQ(futex(word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 3);
	for (int i = 0; i < 3; i++) {
		CHECK(wait(&st) > 0);
		CHECK_EQ(st, 0);
	}
	CHECK_EQ(word[1], 5);
}

TEST(same_page_seen_at_two_addresses)
{
	/* A shared mapping's futex is the page's, whatever the address. */
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));

	SYS(ftruncate(fd, 4096));
	int *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid_t pid = t_fork();
	if (pid == 0) {
		int *b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		CHECK(b != a);
		CHECK_EQ(futex(b + 10, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
		_exit(0);
	}
	t_await_state(pid, "S");
	CHECK_EQ(futex(a + 10, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	t_join(pid);
}

TEST(private_ones_of_two_processes_differ)
{
	static int local;
	struct timespec ts = { 0, 100000000 };
	pid_t pid = t_fork();

	if (pid == 0) {
		CHECK_ERR(futex(&local, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &ts, NULL, 0), ETIMEDOUT);
		_exit(0);
	}
	t_await_state(pid, "SZ");
	CHECK_EQ(futex(&local, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0), 0);
	t_join(pid);
}

TEST(requeue)
{
	pid_t pids[3];

	share();
	for (int i = 0; i < 3; i++) {
		pids[i] = t_fork();
		if (pids[i] == 0) {
			CHECK_EQ(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		t_await_state(pids[i], "S");
	/* One wakes, the others move: the time argument is their number. */
	CHECK_ERR(syscall(240, word, FUTEX_CMP_REQUEUE, 1, 10, word + 1, 9), EAGAIN);
	CHECK_EQ(syscall(240, word, FUTEX_CMP_REQUEUE, 1, 10, word + 1, 0), 3);
	CHECK_EQ(futex(word, FUTEX_WAKE, 10, NULL, NULL, 0), 0);
	CHECK_EQ(futex(word + 1, FUTEX_WAKE, 10, NULL, NULL, 0), 2);
	for (int i = 0; i < 3; i++)
		t_join(pids[i]);
}

TEST(bitset)
{
	pid_t pid;

	share();
	pid = t_fork();
	if (pid == 0) {
		CHECK_EQ(futex(word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 4), 0);
		_exit(0);
	}
	t_await_state(pid, "S");
	CHECK_EQ(futex(word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 3), 0);
	CHECK_EQ(futex(word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 6), 1);
	t_join(pid);
	CHECK_ERR(futex(word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
}

static volatile sig_atomic_t hits;
static void count(int sig)
{
	hits++;
}

TEST(interrupted)
{
	struct sigaction sa = { .sa_handler = count };
	pid_t me = getpid(), pid;

	share();
	SYS(sigaction(SIGUSR1, &sa, NULL));
	pid = t_fork();
	if (pid == 0) {
		t_await_state(me, "S");
		SYS(kill(me, SIGUSR1));
		_exit(0);
	}
	CHECK_ERR(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0), EINTR);
	CHECK_EQ(hits, 1);
	t_join(pid);
}

static char stack[4][16384] __attribute__((aligned(16)));
static volatile int seen[4];
static int ctid;

static int body(void *arg)
{
	seen[(intptr_t)arg] = getpid();
	return 0;
}

TEST(clone_of_a_process_that_shares_memory)
{
	pid_t pid = SYS(clone(body, stack[0] + sizeof(stack[0]), CLONE_VM | SIGCHLD, (void *)1));

	t_join(pid);
	CHECK_EQ(seen[1], pid);
	/* Its exit signal may be another, and then only __WCLONE finds it. */
	signal(SIGUSR2, count);
	pid = SYS(clone(body, stack[0] + sizeof(stack[0]), CLONE_VM | SIGUSR2, (void *)2));
	int st;
	while (waitpid(pid, &st, __WALL) < 0)
		CHECK_EQ(errno, EINTR);
	CHECK_EQ(seen[2], pid);
}

TEST(clone_flags_are_checked)
{
	CHECK_ERR(clone(body, stack[0] + sizeof(stack[0]), CLONE_THREAD, NULL), EINVAL);
	CHECK_ERR(clone(body, stack[0] + sizeof(stack[0]), CLONE_SIGHAND | SIGCHLD, NULL), EINVAL);
	CHECK_ERR(clone(body, stack[0] + sizeof(stack[0]), CLONE_THREAD | CLONE_SIGHAND, NULL), EINVAL);
}

TEST(tid_is_cleared_at_exit)
{
	ctid = 12345;
	pid_t pid = SYS(clone(body, stack[0] + sizeof(stack[0]),
			      CLONE_VM | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD,
			      (void *)3, NULL, NULL, &ctid));
	int now;
	while ((now = __atomic_load_n(&ctid, __ATOMIC_SEQ_CST)) != 0) {
		CHECK(now == 12345 || now == pid);
		futex(&ctid, FUTEX_WAIT, now, NULL, NULL, 0);
	}
	t_join(pid);
}

struct user_desc32 {
	unsigned entry, base, limit, flags;
};

TEST(tls_slots)
{
	struct user_desc32 d = { -1, 0, 0xfffff, 0x51 };
	static int data[2] = { 0x600d, 0x600e };
	int got;

	d.base = (unsigned)data;
	SYS(syscall(243, &d));
	unsigned sel = d.entry * 8 + 3;
	__asm__ volatile("mov %%fs, %%ebx; mov %1, %%fs; mov %%fs:4, %0; mov %%ebx, %%fs"
			 : "=&r"(got)
			 : "r"(sel)
			 : "ebx");
	CHECK_EQ(got, 0x600e);
	struct user_desc32 q = { d.entry, 0, 0, 0 };
	SYS(syscall(244, &q));
	CHECK_EQ(q.base, d.base);
	CHECK_EQ(q.limit, 0xfffff);
	q.entry = 3;
	CHECK_ERR(syscall(244, &q), EINVAL);
	q.entry = 3;
	CHECK_ERR(syscall(243, &q), EINVAL);
	q.entry = 1000000;
	CHECK_ERR(syscall(243, &q), EINVAL);
	CHECK_ERR(syscall(243, (void *)0xc0000000), EFAULT);
	/* A child has it as well. */
	pid_t pid = t_fork();
	if (pid == 0) {
		__asm__ volatile("mov %1, %%fs; mov %%fs:0, %0" : "=r"(got) : "r"(sel));
		_exit(got != 0x600d);
	}
	t_join(pid);
}

TEST(robust_list_wakes_the_next_owner)
{
	/* What the holder of a robust futex leaves behind when it dies: FUTEX_OWNER_DIED. */
	struct {
		void *next;
		long offset;
		void *pending;
	} * head;
	struct node {
		void *next;
		int word;
	} * node;

	share();
	head = (void *)(word + 64);
	node = (void *)(word + 128);
	head->next = node;
	head->offset = offsetof(struct node, word);
	head->pending = NULL;
	node->next = head;
	pid_t pid = t_fork();
	if (pid == 0) {
		node->word = getpid() | FUTEX_WAITERS;
		SYS(syscall(311, head, 12));
		CHECK_ERR(syscall(311, head, 11), EINVAL);
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(node->word & FUTEX_OWNER_DIED, FUTEX_OWNER_DIED);
}

T_NO_HOOK
