/* SPDX-License-Identifier: MIT */
/* Moments at which a signal meets a sleep, a stop or an end: thousands of times each, and none may be lost. */
#include "t.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* True before long, or the runner ends the program (tests/harness/agent.py). */
#define SOON(c)                        \
	do {                           \
		while (!(c))           \
			sched_yield(); \
	} while (0)

/* As often as the host is fast enough for in so many ns. */
#define REPEAT_NS (t_reprise() ? 6000000000ll : 500000000ll)
#define REPEAT(n, times) \
	for (long long end_ = t_now_ns() + REPEAT_NS; n < (times) && t_now_ns() < end_; n++)

static volatile unsigned *shared; /* counters of parent and child */

static void share(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
}

static void count(int sig)
{
	shared[0]++;
}

static void act(int sig, void (*fn)(int))
{
	struct sigaction sa = { .sa_handler = fn };

	SYS(sigaction(sig, &sa, NULL));
}

/* Waits a different moment each time. */
static void dawdle(unsigned n)
{
	for (volatile unsigned i = 0; i < n; i++)
		;
}

static int died(pid_t pid, int *st)
{
	pid_t got = SYS(waitpid(pid, st, WNOHANG | WUNTRACED));

	return got == pid;
}

TEST(signal_meets_sleep)
{
	unsigned n = 0;
	sigset_t usr1, none;

	share();
	act(SIGUSR1, count);
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	SYS(sigprocmask(SIG_BLOCK, &usr1, NULL));
	pid_t pid = t_fork();
	if (pid == 0) {
		for (;;)
			sigsuspend(&none);
	}
	REPEAT(n, 20000)
	{
		dawdle(n % 1000);
		SYS(kill(pid, SIGUSR1));
		SOON(shared[0] == n + 1);
	}
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

TEST(continue_meets_stop)
{
	unsigned n = 0;
	static const int stops[] = { SIGSTOP, SIGTSTP };

	share();
	act(SIGUSR1, count);
	pid_t pid = t_fork();
	if (pid == 0) {
		for (;;)
			sched_yield();
	}
	/* A group of its own with its parent outside is no orphan: it can be stopped from a terminal. */
	SYS(setpgid(pid, pid));
	REPEAT(n, 5000)
	{
		SYS(kill(pid, stops[n % 2]));
		dawdle(n % 300);
		SYS(kill(pid, SIGCONT));
		SYS(kill(pid, SIGUSR1));
		SOON(shared[0] == n + 1);
	}
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

TEST(kill_meets_stop)
{
	unsigned n = 0;
	int st;

	REPEAT(n, 500)
	{
		pid_t pid = t_fork();

		if (pid == 0) {
			for (;;)
				sched_yield();
		}
		dawdle(n * 7 % 300);
		SYS(kill(pid, SIGSTOP));
		dawdle(n % 300);
		SYS(kill(pid, SIGKILL));
		do {
			SOON(died(pid, &st));
		} while (WIFSTOPPED(st));
		CHECK_EQ(st, SIGKILL);
	}
}

static void interrupt(int sig)
{
	(void)sig;
}

/* Stopped and continued in a call, it is on its way into it again when the signal comes: that still ends the call. */
TEST_REPRISE(signal_meets_a_call_made_again)
{
	unsigned n = 0;
	int fd[2], st;

	share();
	act(SIGUSR1, interrupt);
	SYS(pipe(fd));
	pid_t pid = t_fork();
	if (pid == 0) {
		char c;

		for (;;) {
			CHECK_ERR(read(fd[0], &c, 1), EINTR);
			shared[0]++;
		}
	}
	REPEAT(n, 5000)
	{
		t_await_state(pid, "S");
		SYS(kill(pid, SIGSTOP));
		SOON(died(pid, &st));
		CHECK(WIFSTOPPED(st));
		SYS(kill(pid, SIGCONT));
		dawdle(n % 2000);
		SYS(kill(pid, SIGUSR1));
		SOON(shared[0] == n + 1);
	}
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

static void *nothing(void *arg)
{
	return arg;
}

TEST(stop_meets_end_of_a_thread)
{
	unsigned n = 0;
	int st;
	pid_t pid = t_fork();

	if (pid == 0) {
		for (;;) {
			pthread_t th;

			CHECK_EQ(pthread_create(&th, NULL, nothing, NULL), 0);
			CHECK_EQ(pthread_join(th, NULL), 0);
		}
	}
	REPEAT(n, 1000)
	{
		dawdle(n * 13 % 5000);
		SYS(kill(pid, SIGSTOP));
		SOON(died(pid, &st));
		CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP);
		SYS(kill(pid, SIGCONT));
	}
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

/* One that is about to end, and one that waits: the signal is for whoever is still there to take it. */
static pthread_barrier_t ready;
static volatile int over;

static void *leaves(void *arg)
{
	pthread_barrier_wait(&ready);
	dawdle((unsigned)(intptr_t)arg);
	return NULL;
}

static void *stays(void *arg)
{
	struct timespec brief = { 0, 1000000 };
	sigset_t usr1, none;

	/* Takes the signal only where it sleeps: else one that came between the look and the sleep would be none to wait for. */
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK_EQ(pthread_sigmask(SIG_BLOCK, &usr1, NULL), 0);
	pthread_barrier_wait(&ready);
	/* Sleeps but for the signal: a busy one would take it by chance. */
	while (!over)
		pselect(0, NULL, NULL, NULL, NULL, &none);
	CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &usr1, NULL), 0);
	nanosleep(&brief, NULL);
	return NULL;
}

static void set_over(int sig)
{
	over = 1;
}

TEST(signal_meets_end_of_a_thread)
{
	unsigned n = 0;
	sigset_t usr1;

	act(SIGUSR1, set_over);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK_EQ(pthread_barrier_init(&ready, NULL, 3), 0);
	REPEAT(n, 500)
	{
		pthread_t a, b;

		over = 0;
		CHECK_EQ(pthread_create(&a, NULL, leaves, (void *)(intptr_t)(n % 100)), 0);
		CHECK_EQ(pthread_create(&b, NULL, stays, NULL), 0);
		CHECK_EQ(pthread_sigmask(SIG_BLOCK, &usr1, NULL), 0);
		pthread_barrier_wait(&ready);
		dawdle(n * 3 % 100);
		SYS(kill(getpid(), SIGUSR1));
		SOON(over);
		CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &usr1, NULL), 0);
		CHECK_EQ(pthread_kill(b, SIGUSR1), 0);
		CHECK_EQ(pthread_join(a, NULL), 0);
		CHECK_EQ(pthread_join(b, NULL), 0);
	}
}

TEST(kill_ends_a_vfork_that_waits)
{
	int st;

	share();
	pid_t pid = t_fork();
	if (pid == 0) {
		if (vfork() == 0) {
			shared[1] = (unsigned)getpid();
			for (;;)
				pause();
		}
		_exit(0);
	}
	SOON(shared[1]);
	t_await_state(pid, "SD");
	SYS(kill(pid, SIGKILL));
	SOON(died(pid, &st));
	CHECK_EQ(st, SIGKILL);
	SYS(kill((pid_t)shared[1], SIGTERM));
	SOON(kill((pid_t)shared[1], 0) < 0); /* process 1 has seen its end */
}

/* Pages that fork shares, and that two threads then write at once while the child lets go of them. */
#define WRITERS 2
#define WPAGES 64

static volatile unsigned (*written)[1024];
static int wstride = 1; /* from one page that is written to the next */
static volatile int writers_end;

static void *write_all_pages(void *arg)
{
	int me = (int)(long)arg;

	for (unsigned n = 0; !writers_end; n++) {
		for (int i = 0; i < WPAGES; i++) {
			volatile unsigned *p = written[i * wstride];

			if (p[me] != n)
				FAIL("round %u: page %d of thread %d has %u", n, i, me, p[me]);
			p[me] = n + 1;
		}
	}
	return NULL;
}

static void fork_while_threads_write(unsigned times, void (*in_child)(unsigned n), void (*in_parent)(unsigned n))
{
	pthread_t t[WRITERS];
	unsigned n = 0;

	for (long i = 0; i < WRITERS; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, write_all_pages, (void *)i), 0);
	REPEAT(n, times)
	{
		pid_t pid = t_fork();

		if (pid == 0) {
			in_child(n);
			_exit(0);
		}
		in_parent(n);
		CHECK_EQ(t_wait(pid), 0);
	}
	writers_end = 1;
	for (int i = 0; i < WRITERS; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
}

static void do_nothing(unsigned n)
{
}

TEST(threads_write_what_fork_shares)
{
	written = mmap(NULL, WPAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(written != MAP_FAILED);
	fork_while_threads_write(5000, do_nothing, do_nothing);
}

/* Large memory: page tables may be what is shared. Between the pages that the threads write lie others, for what changes mappings. */
#define TABLE (4u << 20)
#define NTABLES 4u

static void change_mappings(unsigned n, char *page, int free)
{
	switch (n % 5) {
	case 0: SYS(mprotect(page, 4096, PROT_READ)); break;
	case 1: SYS(mprotect(page, 4096, PROT_READ | PROT_WRITE)); break;
	case 2: SYS(madvise(page, 4096, MADV_DONTNEED)); break;
	case 3: *page = 1; break;
	default:
		if (free)
			SYS(munmap(page, TABLE));
	}
}

/* The child's memory stays as it was at the fork, but for what it changes itself. */
static void watch_memory(unsigned n)
{
	unsigned was[WPAGES];

	for (int i = 0; i < WPAGES; i++)
		was[i] = written[i * wstride][0];
	change_mappings(n / 5, (char *)written[(n % WPAGES) * wstride + 2], 0); /* not one of the parent's */
	for (int i = n % 3; i < WPAGES; i++) {
		volatile unsigned *p = written[i * wstride];

		CHECK_EQ(p[0], was[i]);
		if (i % 8 == 0)
			p[0] = was[i] = ~n;
	}
	for (int i = 0; i < WPAGES; i++)
		CHECK_EQ(written[i * wstride][0], was[i]);
	change_mappings(n, (char *)written[WPAGES / 2 * wstride], n % 2);
}

static void change_between(unsigned n)
{
	change_mappings(n, (char *)written[(n / 5 % WPAGES) * wstride + 1], 0);
}

TEST(threads_write_page_tables_that_fork_shares)
{
	char *p = mmap(NULL, (NTABLES + 1) * TABLE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	written = (void *)(((unsigned long)p + TABLE - 1) & ~(TABLE - 1ul));
	wstride = NTABLES * TABLE / 4096 / WPAGES;
	fork_while_threads_write(3000, watch_memory, change_between);
}

/* Links of a process that has just begun, or is at its end. */
TEST(links_of_a_process_that_ends)
{
	static const char *const link[] = { "exe", "cwd", "root" };
	char path[64], to[256];
	unsigned n = 0;
	pid_t pid;

	REPEAT(n, 5000)
	{
		pid = t_fork();
		if (pid == 0)
			_exit(0);
		do {
			for (int i = 0; i < 3; i++) {
				snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, link[i]);
				if (readlink(path, to, sizeof(to)) < 0)
					CHECK(errno == ENOENT || errno == EACCES || errno == ESRCH);
			}
		} while (waitpid(pid, NULL, WNOHANG) == 0);
	}
}

static void forks_all_the_time(void)
{
	for (;;) {
		pid_t pid = t_fork();

		if (pid == 0)
			_exit(0);
		t_join(pid);
	}
}

/* On a CPU where there is always somebody who has just been made, or has just been woken, one that computes gets on all the same. */
TEST(who_has_sunk_gets_on)
{
	pid_t makers[2], hog;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	SYS(sched_setaffinity(0, sizeof(one), &one));
	hog = t_fork();
	if (hog == 0) {
		for (volatile int i = 0; i < 30000000; i++)
			;
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		makers[i] = t_fork();
		if (makers[i] == 0)
			forks_all_the_time();
	}
	t_join(hog);
	for (int i = 0; i < 2; i++) {
		SYS(kill(makers[i], SIGKILL));
		t_wait(makers[i]);
	}
}

T_NO_HOOK
