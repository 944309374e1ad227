/* SPDX-License-Identifier: MIT */
/* Processes that clone(2) has made with memory or descriptors that they share, without being threads. */
#include "states.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#define STACK 16384
#define WAIT_PRIVATE 128 /* linux/futex.h */
#define WAKE_PRIVATE 129

/* In memory that they share; volatile, since who changes it is another process. */
static volatile int cell[4];

static void add(volatile int *p, int n)
{
	__atomic_add_fetch(p, n, __ATOMIC_SEQ_CST);
}

static void await_value(volatile int *p, int v)
{
	while (__atomic_load_n(p, __ATOMIC_SEQ_CST) != v)
		st_pause();
}

/* A process that runs fn(arg) on a stack of its own, which stays: in this memory, or in a copy. */
static pid_t make(int (*fn)(void *), void *arg, int flags)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(stack != MAP_FAILED);
	return SYS(clone(fn, stack + STACK, flags | SIGCHLD, arg));
}

static int opens(void *arg)
{
	volatile int *flag = arg;
	int fd = SYS(open("f", O_RDONLY));

	*flag = fd;
	st_await_go();
	/* What the parent opens afterwards is the child's too. */
	while (fcntl(fd + 1, F_GETFD) < 0)
		st_pause();
	_exit(0);
}

STATE_TREE(descriptors)
{
	volatile int *flag = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char c;

	CHECK(flag != MAP_FAILED);
	t_put("f", "0123456789", 10);
	pid_t pid = make(opens, (void *)flag, CLONE_FILES);
	while (!*flag)
		st_pause();
	st_wait();
	CHECK_EQ(read(*flag, &c, 1), 1);
	CHECK_EQ(open("f", O_RDONLY), *flag + 1);
	t_join(pid);
	CHECK_EQ(fcntl(*flag, F_GETFD), 0);
}

static int changes(void *arg)
{
	add(&cell[0], 1);
	while (!cell[1])
		st_pause();
	add(&cell[0], 1);
	_exit(6);
}

STATE_TREE(memory)
{
	pid_t pid = make(changes, NULL, CLONE_VM);

	await_value(&cell[0], 1);
	st_wait();
	add(&cell[1], 1);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 6);
	CHECK_EQ(cell[0], 2);
}

static int in_parents_memory(void *arg)
{
	struct timespec ts = { 0, 300000000 };

	st_ready("");
	nanosleep(&ts, NULL);
	*(volatile int *)arg = 7;
	_exit(5);
}

STATE_WITH(vfork, ST_TREE | ST_TICKS)
{
	/* The child runs in the memory of the parent, which is suspended. A checkpoint may wait until it is not. */
	volatile int seen = 0;
	pid_t pid = make(in_parents_memory, (void *)&seen, CLONE_VM | CLONE_VFORK);

	CHECK_EQ(seen, 7);
	st_await_go();
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 5);
}

/* ---- all of it, by three ---- */

static int *volatile area;
#define AREA (64 * 4096)

static int last_of_three(void *arg)
{
	st_fill(area + AREA / 8, AREA / 2, 3);
	add(&cell[0], 1);
	await_value(&cell[1], 1);
	/* What one maps and opens, all have. */
	area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	st_fill(area, AREA, 4);
	cell[3] = SYS(open("late", O_RDWR | O_CREAT, 0600));
	CHECK_EQ(write(cell[3], "late", 4), 4);
	add(&cell[0], 1);
	_exit(0);
}

static int middle_of_three(void *arg)
{
	pid_t pid;

	st_fill(area, AREA / 2, 2);
	pid = make(last_of_three, NULL, CLONE_VM | CLONE_FILES);
	await_value(&cell[0], 1);
	add(&cell[0], 1);
	t_join(pid);
	_exit(0);
}

STATE_TREE(three)
{
	char text[4];

	area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	pid_t pid = make(middle_of_three, NULL, CLONE_VM | CLONE_FILES);
	await_value(&cell[0], 2);
	st_wait();
	CHECK(st_filled(area, AREA / 2, 2) && st_filled(area + AREA / 8, AREA / 2, 3));
	add(&cell[1], 1);
	t_join(pid);
	CHECK_EQ(cell[0], 3);
	CHECK(st_filled(area, AREA, 4));
	CHECK_EQ(pread(cell[3], text, 4, 0), 4);
	CHECK_EQ(memcmp(text, "late", 4), 0);
}

/* ---- not the first process, but two below it ---- */

static void two_below(void *arg)
{
	pid_t pid = make(changes, NULL, CLONE_VM | CLONE_FILES);

	await_value(&cell[0], 1);
	st_await_go();
	add(&cell[1], 1);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 6);
	CHECK_EQ(cell[0], 2);
}

STATE_TREE(below)
{
	pid_t pid = st_child(two_below, NULL);

	add(&cell[2], 5);
	st_wait();
	t_join(pid);
	/* The first has memory of its own. */
	CHECK_EQ(cell[0], 0);
	CHECK_EQ(cell[2], 5);
}

/* ---- locks of records are those of a table of descriptors ---- */

static int lock(int fd, int cmd, int type)
{
	struct flock fl = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20 };

	return fcntl(fd, cmd, &fl);
}

static int locks(void *arg)
{
	int fd = *(int *)arg;

	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK), 0);
	add(&cell[0], 1);
	await_value(&cell[1], 1);
	CHECK_EQ(lock(fd, F_SETLK, F_UNLCK), 0);
	_exit(0);
}

static void somebody_else(void *arg)
{
	int fd = *(int *)arg;

	st_await_go();
	CHECK_ERR(lock(fd, F_SETLK, F_RDLCK), EAGAIN);
}

static void somebody_else_then(void *arg)
{
	CHECK_EQ(lock(*(int *)arg, F_SETLK, F_WRLCK), 0);
}

STATE_TREE(record_locks)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	pid_t other = st_child(somebody_else, &fd), pid = make(locks, &fd, CLONE_VM | CLONE_FILES);

	await_value(&cell[0], 1);
	st_wait();
	t_join(other);
	CHECK_EQ(lock(fd, F_SETLK, F_RDLCK), 0); /* it is ours too */
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK), 0);
	add(&cell[1], 1);
	t_join(pid);
	t_join(st_child(somebody_else_then, &fd));
}

/* ---- waiting for each other ---- */

static int waits_in_memory(void *arg)
{
	add(&cell[0], 1);
	while (!cell[1])
		(void)syscall(SYS_futex, &cell[1], WAIT_PRIVATE, 0, NULL);
	add(&cell[0], 1);
	_exit(0);
}

STATE_TREE(futex)
{
	pid_t pid = make(waits_in_memory, NULL, CLONE_VM);

	await_value(&cell[0], 1);
	st_wait();
	CHECK_EQ(cell[0], 1);
	/* One that waits in the same memory is woken by its address there. */
	while (syscall(SYS_futex, &cell[1], WAKE_PRIVATE, 1) == 0)
		st_pause();
	add(&cell[1], 1);
	(void)syscall(SYS_futex, &cell[1], WAKE_PRIVATE, 1);
	t_join(pid);
	CHECK_EQ(cell[0], 2);
}

static void *thread(void *arg)
{
	await_value(&cell[1], 1);
	add(&cell[0], 1);
	return NULL;
}

STATE_TREE(beside_threads)
{
	pthread_t t[3];
	pid_t pid;

	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, thread, NULL), 0);
	pid = make(changes, NULL, CLONE_VM | CLONE_FILES);
	await_value(&cell[0], 1);
	st_wait();
	add(&cell[1], 1);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 6);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	CHECK_EQ(cell[0], 5);
}

/* One has ended: the other goes on with all of it. */
static int opens_and_ends(void *arg)
{
	cell[3] = SYS(open("f", O_RDWR | O_CREAT, 0600));
	_exit(3);
}

STATE_TREE(left_behind)
{
	pid_t pid = make(opens_and_ends, NULL, CLONE_VM | CLONE_FILES);
	siginfo_t si;

	CHECK_EQ(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	st_wait();
	CHECK_EQ(write(cell[3], "x", 1), 1);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 3);
}
