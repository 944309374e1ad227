/* SPDX-License-Identifier: MIT */
/* CPU-time clocks of processes and threads, sleeps and timers on them, RLIMIT_CPU and RLIMIT_SIGPENDING. */
#include "t.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>

#define MS 1000000ll
#define SEC 1000000000ll
#define PROCESS_CLOCK(pid) ((clockid_t)(~(unsigned)(pid) << 3 | 2))
#define THREAD_CLOCK(tid) ((clockid_t)(~(unsigned)(tid) << 3 | 6))
#define USER_CLOCK(pid) ((clockid_t)(~(unsigned)(pid) << 3 | 1))

static long long clock_ns(clockid_t c)
{
	struct timespec t;

	SYS(clock_gettime(c, &t));
	return t.tv_sec * SEC + t.tv_nsec;
}

static void burn(long long ns)
{
	long long end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

static pid_t gettid_(void)
{
	return syscall(SYS_gettid);
}

static volatile int stop;

static void *burner(void *arg)
{
	*(volatile pid_t *)arg = gettid_();
	while (!stop)
		burn(MS);
	return NULL;
}

static void *idler(void *arg)
{
	*(volatile pid_t *)arg = gettid_();
	while (!stop)
		usleep(1000);
	return NULL;
}

static pthread_t start(void *(*fn)(void *), volatile pid_t *tid)
{
	pthread_t th;

	CHECK_EQ(pthread_create(&th, NULL, fn, (void *)tid), 0);
	while (!*tid)
		sched_yield();
	return th;
}

TEST(errors_of_clock_ids)
{
	struct timespec t = { 0, 1 };
	pid_t child = t_fork();

	if (child == 0)
		for (;;)
			pause();
	const struct {
		clockid_t id;
		int gettime, getres, settime, nanosleep, timer;
	} rows[] = {
		{ CLOCK_PROCESS_CPUTIME_ID, 0, 0, EINVAL, 0, 0 },
		{ CLOCK_THREAD_CPUTIME_ID, 0, 0, EINVAL, EOPNOTSUPP, 0 },
		{ PROCESS_CLOCK(0), 0, 0, EPERM, 0, 0 },
		{ THREAD_CLOCK(0), 0, 0, EPERM, EINVAL, 0 },
		{ PROCESS_CLOCK(getpid()), 0, 0, EPERM, 0, 0 },
		{ THREAD_CLOCK(getpid()), 0, 0, EPERM, EINVAL, 0 },
		{ USER_CLOCK(getpid()), 0, 0, EPERM, 0, 0 },
		{ PROCESS_CLOCK(child), 0, 0, EPERM, -1, 0 },
		{ THREAD_CLOCK(child), EINVAL, EINVAL, EINVAL, EINVAL, EINVAL },
		{ PROCESS_CLOCK(0x3fffff), EINVAL, EINVAL, EINVAL, EINVAL, EINVAL },
		{ (clockid_t)(~0u << 3 | 7), EINVAL, EINVAL, EINVAL, EINVAL, EINVAL },
		{ CLOCK_MONOTONIC_RAW, 0, 0, EINVAL, EOPNOTSUPP, EOPNOTSUPP },
		{ CLOCK_REALTIME_COARSE, 0, 0, EINVAL, EOPNOTSUPP, EOPNOTSUPP },
		{ CLOCK_MONOTONIC_COARSE, 0, 0, EINVAL, EOPNOTSUPP, EOPNOTSUPP },
		{ CLOCK_BOOTTIME, 0, 0, EINVAL, 0, 0 },
		{ CLOCK_TAI, 0, 0, EINVAL, 0, 0 },
		{ 10, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL },
		{ 12, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sigevent ev = { .sigev_notify = SIGEV_NONE };
		struct timespec none = { 0, 0 }, res = { 0, 0 };
		int id = 0;
		int got[5];

		got[0] = syscall(SYS_clock_gettime32, rows[i].id, (int[2]){ 0 }) == 0 ? 0 : errno;
		got[1] = clock_getres(rows[i].id, &res) == 0 ? 0 : errno;
		got[2] = clock_settime(rows[i].id, &t) == 0 ? 0 : errno;
		/* The C library has an opinion of its own on some. */
		got[3] = rows[i].nanosleep < 0				 ? -1
			 : syscall(267, rows[i].id, 0, &none, NULL) == 0 ? 0
									 : errno;
		got[4] = syscall(SYS_timer_create, rows[i].id, &ev, &id) == 0 ? 0 : errno;
		if (got[0] != rows[i].gettime || got[1] != rows[i].getres ||
		    got[2] != rows[i].settime || got[3] != rows[i].nanosleep || got[4] != rows[i].timer)
			FAIL("row %u: found %d %d %d %d %d", i, got[0], got[1], got[2], got[3], got[4]);
	}
	SYS(kill(child, SIGKILL));
	SYS(waitpid(child, NULL, 0));
	CHECK_ERR(clock_gettime(PROCESS_CLOCK(child), &t), EINVAL);
}

TEST(order_of_timer_errors)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE },
			bad = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65 };
	struct sigevent way = { .sigev_notify = 77, .sigev_signo = 10 };
	int32_t id, bad_spec[4] = { 0, 0, 0, 1000000000 }, spec[4] = { 0, 0, 0, 1 };

	CHECK_ERR(syscall(SYS_timer_create, 77, 8, &id), EFAULT);
	CHECK_ERR(syscall(SYS_timer_create, 77, &bad, &id), EINVAL);
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC_RAW, &bad, &id), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &bad, 8), EINVAL);
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &way, &id), EINVAL);
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &none, 8), EFAULT);
	SYS(syscall(SYS_timer_create, CLOCK_MONOTONIC, &none, &id));
	CHECK_ERR(syscall(SYS_timer_settime32, 77, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime32, id, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime32, 77, 0, 8, 0), EFAULT);
	CHECK_ERR(syscall(SYS_timer_settime32, 77, 0, bad_spec, 0), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime32, id, 0, spec, 8), EFAULT);
	CHECK_ERR(syscall(SYS_timer_gettime32, 77, 8), EINVAL);
	CHECK_ERR(syscall(SYS_timer_gettime32, id, 8), EFAULT);
	CHECK_ERR(syscall(SYS_timer_getoverrun, 77), EINVAL);
	CHECK_ERR(syscall(SYS_timer_delete, 77), EINVAL);
	CHECK_ERR(syscall(SYS_setitimer, 7, 8, 0), EFAULT);
	CHECK_ERR(syscall(SYS_setitimer, 7, bad_spec, 0), EINVAL);
	CHECK_ERR(syscall(SYS_getitimer, 7, 8), EINVAL);
}

TEST(clock_of_another_process)
{
	int gate[2];
	char c;

	SYS(pipe(gate));
	pid_t pid = t_fork();
	if (pid == 0) {
		burn(30 * MS);
		SYS(write(gate[1], "x", 1));
		for (;;)
			pause();
	}
	CHECK_EQ(read(gate[0], &c, 1), 1);
	long long t = clock_ns(PROCESS_CLOCK(pid));
	CHECK(t >= 30 * MS);
	SYS(kill(pid, SIGKILL));
	t_await_state(pid, "Z");
	CHECK(clock_ns(PROCESS_CLOCK(pid)) >= t);
	SYS(waitpid(pid, NULL, 0));
}

TEST(clocks_of_threads)
{
	volatile pid_t busy = 0, idle = 0;
	pthread_t a = start(burner, &busy), b = start(idler, &idle);
	struct timespec t;

	while (clock_ns(THREAD_CLOCK(busy)) < 50 * MS)
		usleep(1000);
	CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) >= 50 * MS);
	CHECK(clock_ns(USER_CLOCK(0)) <= clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	stop = 1;
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	/* A join returns when the thread has let its id go, which is a little before the kernel has forgotten it. */
	while (clock_gettime(THREAD_CLOCK(busy), &t) == 0)
		sched_yield();
	CHECK_EQ(errno, EINVAL);
}

TEST(sleeps_on_cpu_clocks)
{
	volatile pid_t tid = 0;
	pthread_t th = start(burner, &tid);
	struct timespec t = { 0, 20 * MS };
	long long before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	CHECK_EQ(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &t, NULL), 0);
	CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) >= before + 20 * MS);
	before = clock_ns(THREAD_CLOCK(tid)) + 20 * MS;
	t = (struct timespec){ before / SEC, before % SEC };
	CHECK_EQ(clock_nanosleep(THREAD_CLOCK(tid), TIMER_ABSTIME, &t, NULL), 0);
	CHECK(clock_ns(THREAD_CLOCK(tid)) >= before);
	stop = 1;
	pthread_join(th, NULL);
}

static volatile int hits;

static void count(int sig)
{
	hits++;
}

static timer_t timer_on(clockid_t clock, long long value, long long interval)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec it = { { interval / SEC, interval % SEC }, { value / SEC, value % SEC } };
	struct sigaction sa = { .sa_handler = count };
	int id;

	SYS(sigaction(SIGUSR1, &sa, NULL));
	SYS(syscall(SYS_timer_create, clock, &ev, &id));
	SYS(timer_settime((timer_t)(intptr_t)id, 0, &it, NULL));
	return (timer_t)(intptr_t)id;
}

TEST(timers_on_own_clocks)
{
	static const clockid_t clocks[] = { CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
					    PROCESS_CLOCK(0), USER_CLOCK(0) };

	for (unsigned i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		struct itimerspec now;
		timer_t t = timer_on(clocks[i], 30 * MS, 10 * MS);

		hits = 0;
		/* Sleeping is no work. */
		usleep(100000);
		CHECK_EQ(hits, 0);
		SYS(timer_gettime(t, &now));
		CHECK(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 30 * MS);
		CHECK_EQ(now.it_interval.tv_nsec, 10 * MS);
		long long before = clock_ns(clocks[i]);
		while (hits < 3)
			;
		/* The first fires no sooner than its time, the others an interval later each. */
		CHECK(clock_ns(clocks[i]) - before >= 30 * MS);
		SYS(timer_delete(t));
	}
}

/* A timer that is due in a day must not keep one that is due soon from being looked at. */
TEST(timer_set_to_an_earlier_time)
{
	struct itimerspec soon = { .it_value = { 0, 5 * MS } };
	timer_t t = timer_on(CLOCK_PROCESS_CPUTIME_ID, 100000 * SEC, 0);

	hits = 0;
	usleep(1000); /* the process gets the CPU anew, with that timer armed */
	SYS(timer_settime(t, 0, &soon, NULL));
	while (!hits)
		;
	SYS(timer_delete(t));
}

static void stay_on_one_cpu(void)
{
	cpu_set_t set, one;
	int cpu = 0;

	SYS(sched_getaffinity(0, sizeof(set), &set));
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	SYS(sched_setaffinity(0, sizeof(one), &one));
}

/* The same for a slice: a process that waits for the same CPU gets it all the same. */
TEST(timer_far_away_and_a_neighbour)
{
	volatile int *seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = t_fork();

	CHECK(seen != MAP_FAILED);
	stay_on_one_cpu();
	if (pid == 0) {
		struct rlimit rl = { 100000, 200000 };

		SYS(setrlimit(RLIMIT_CPU, &rl));
		usleep(1000);
		*seen = 1;
		while (*seen != 2)
			;
		_exit(0);
	}
	while (!*seen)
		;
	*seen = 2; /* with one CPU alone, at the end of the child's slice */
	CHECK_EQ(t_wait(pid), 0);
}

TEST(timer_on_the_clock_of_another_process)
{
	pid_t pid = t_fork();

	if (pid == 0)
		for (;;)
			;
	timer_t t = timer_on(PROCESS_CLOCK(pid), 50 * MS, 0);
	while (hits < 1)
		usleep(1000);
	CHECK(clock_ns(PROCESS_CLOCK(pid)) >= 50 * MS);
	SYS(timer_delete(t));
	/* One that never comes, and its process ends first. */
	t = timer_on(PROCESS_CLOCK(pid), 1000 * SEC, 0);
	SYS(kill(pid, SIGKILL));
	SYS(waitpid(pid, NULL, 0));
	SYS(timer_delete(t));
}

static void limit(int which, rlim_t cur, rlim_t max)
{
	struct rlimit rl = { cur, max };

	SYS(setrlimit(which, &rl));
}

TEST(cpu_limit)
{
	int st;
	pid_t pid = t_fork();

	if (pid == 0) {
		struct sigaction sa = { .sa_handler = count };
		struct rlimit rl;

		SYS(sigaction(SIGXCPU, &sa, NULL));
		limit(RLIMIT_CPU, 1, 3);
		while (hits < 1)
			;
		/* Linux looks at each tick, whose time it guesses. */
		CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) >= SEC / 2);
		SYS(getrlimit(RLIMIT_CPU, &rl));
		CHECK_EQ(rl.rlim_cur, 2);
		while (hits < 2)
			;
		CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) >= SEC + SEC / 2);
		for (;;)
			;
	}
	SYS(waitpid(pid, &st, 0));
	CHECK(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
	pid = t_fork();
	if (pid == 0) {
		limit(RLIMIT_CPU, 1, RLIM_INFINITY);
		for (;;)
			;
	}
	SYS(waitpid(pid, &st, 0));
	CHECK(WIFSIGNALED(st) && WTERMSIG(st) == SIGXCPU);
}

TEST_ROOT(pending_signals_of_a_user)
{
	union sigval v = { .sival_int = 1 };
	sigset_t set;
	timer_t t;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGUSR1);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	SYS(setuid(54321));
	limit(RLIMIT_SIGPENDING, 3, 3);
	for (int i = 0; i < 3; i++)
		SYS(sigqueue(getpid(), SIGRTMIN, v));
	CHECK_ERR(sigqueue(getpid(), SIGRTMIN, v), EAGAIN);
	CHECK_ERR(timer_create(CLOCK_MONOTONIC, NULL, &t), EAGAIN);
	/* kill(2) of a standard signal is not counted; the user's other processes are. */
	SYS(kill(getpid(), SIGUSR1));
	pid_t pid = t_fork();
	if (pid == 0) {
		CHECK_ERR(sigqueue(getpid(), SIGRTMIN, v), EAGAIN);
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(sigwaitinfo(&set, NULL), SIGUSR1);
	CHECK_EQ(sigwaitinfo(&set, NULL), SIGRTMIN);
	SYS(timer_create(CLOCK_MONOTONIC, NULL, &t));
	CHECK_ERR(sigqueue(getpid(), SIGRTMIN, v), EAGAIN);
	SYS(timer_delete(t));
	SYS(sigqueue(getpid(), SIGRTMIN, v));
}

T_NO_HOOK
