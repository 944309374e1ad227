/* SPDX-License-Identifier: MIT */
/*
 * More timers than a CPU has time for: the machine goes on, and whoever else wants to work gets on. Progress is counted in work
 * done, never in seconds.
 */
#include "t.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/time.h>

#define NTIMERS 64
#define WORK 20000 /* system calls */

static void nothing(int sig)
{
}

static volatile unsigned long handled;

static void count(int sig)
{
	handled++;
}

static void on_signal(int sig, void (*fn)(int))
{
	struct sigaction sa = { .sa_handler = fn };

	SYS(sigaction(sig, &sa, NULL));
}

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
}

static timer_t new_timer(int notify, int sig)
{
	struct sigevent ev = { .sigev_notify = notify, .sigev_signo = sig };
	timer_t t;

	SYS(timer_create(CLOCK_MONOTONIC, &ev, &t));
	return t;
}

static void start_timers(int notify, int sig)
{
	struct itimerspec it = { .it_value.tv_nsec = 1, .it_interval.tv_nsec = 1 };

	for (int i = 0; i < NTIMERS; i++)
		SYS(timer_settime(new_timer(notify, sig), 0, &it, NULL));
}

static void work(void)
{
	for (int i = 0; i < WORK; i++)
		syscall(SYS_getppid);
}

TEST(blocked_signal)
{
	block(SIGUSR1);
	start_timers(SIGEV_SIGNAL, SIGUSR1);
	work();
}

TEST(blocked_realtime_signal)
{
	block(SIGRTMIN + 3);
	start_timers(SIGEV_SIGNAL, SIGRTMIN + 3);
	work();
}

TEST(ignored_signal)
{
	on_signal(SIGUSR1, SIG_IGN);
	start_timers(SIGEV_SIGNAL, SIGUSR1);
	work();
}

TEST(no_signal)
{
	start_timers(SIGEV_NONE, 0);
	work();
}

static void enough(int sig)
{
	if (++handled == 1000)
		_exit(0);
}

/* Whether the program itself gets on between its handlers is its own affair. */
TEST(handled_signal)
{
	on_signal(SIGUSR1, enough);
	start_timers(SIGEV_SIGNAL, SIGUSR1);
	for (;;)
		;
}

TEST(real_interval_timer)
{
	struct itimerval it = { { 0, 1 }, { 0, 1 } };

	on_signal(SIGALRM, SIG_IGN);
	SYS(setitimer(ITIMER_REAL, &it, NULL));
	work();
	block(SIGALRM);
	on_signal(SIGALRM, nothing);
	work();
}

/* Ignored at first: it goes on when it is heard. */
TEST(heard_again)
{
	struct itimerspec it = { .it_value.tv_nsec = 1, .it_interval.tv_nsec = 1000000 };
	timer_t t = new_timer(SIGEV_SIGNAL, SIGUSR1);

	on_signal(SIGUSR1, SIG_IGN);
	SYS(timer_settime(t, 0, &it, NULL));
	work();
	on_signal(SIGUSR1, count);
	while (handled < 3)
		;
}

/* Signals that are thrown away while they are pending do not end the timer. */
TEST(thrown_away)
{
	struct itimerspec it = { .it_value.tv_nsec = 1, .it_interval.tv_nsec = 1000000 }, now;
	timer_t t = new_timer(SIGEV_SIGNAL, SIGUSR1);

	block(SIGUSR1);
	SYS(timer_settime(t, 0, &it, NULL));
	work();
	SYS(timer_gettime(t, &now));
	CHECK(now.it_value.tv_sec == 0 && now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 1000000);
}

/* Two timers that send the same standard signal each send it. */
TEST(two_with_one_signal)
{
	struct itimerspec once = { .it_value.tv_nsec = 1 };
	siginfo_t si;
	sigset_t set;
	int seen = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	block(SIGUSR1);
	for (int i = 0; i < 2; i++) {
		struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
				       .sigev_signo = SIGUSR1,
				       .sigev_value.sival_int = 1 << i };
		timer_t t;

		SYS(timer_create(CLOCK_MONOTONIC, &ev, &t));
		SYS(timer_settime(t, 0, &once, NULL));
	}
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR1);
		seen |= si.si_value.sival_int;
	}
	CHECK_EQ(seen, 3);
}

/* What a signal says of the expirations while it was pending is what the clock says. */
TEST(overrun_is_exact)
{
	struct timespec began, before, after;
	struct itimerspec it = { .it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000 };
	timer_t t = new_timer(SIGEV_SIGNAL, SIGUSR1);
	siginfo_t si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	block(SIGUSR1);
	SYS(clock_gettime(CLOCK_MONOTONIC, &began));
	began.tv_sec++;
	it.it_value = began;
	SYS(timer_settime(t, TIMER_ABSTIME, &it, NULL));
	struct timespec until = { began.tv_sec, began.tv_nsec };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
		;
	work();
	SYS(clock_gettime(CLOCK_MONOTONIC, &before));
	CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR1);
	SYS(clock_gettime(CLOCK_MONOTONIC, &after));
	long least = (before.tv_sec - began.tv_sec) * 1000 + (before.tv_nsec - began.tv_nsec) / 1000000 - 1;
	long most = (after.tv_sec - began.tv_sec) * 1000 + (after.tv_nsec - began.tv_nsec) / 1000000 + 1;
	CHECK(si.si_overrun >= least && si.si_overrun <= most);
	CHECK_EQ(timer_getoverrun(t), si.si_overrun);
}

/* The signal and timer_getoverrun() tell the same number. */
TEST(overrun_is_told_twice)
{
	struct itimerspec it = { .it_value.tv_nsec = 100, .it_interval.tv_nsec = 100 };
	timer_t t = new_timer(SIGEV_SIGNAL, SIGUSR1);
	siginfo_t si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	block(SIGUSR1);
	SYS(timer_settime(t, 0, &it, NULL));
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR1);
		CHECK_EQ(timer_getoverrun(t), si.si_overrun);
	}
}

#define PROCS 40

/* Many processes do it; one that has no timer gets its work done beside them. */
TEST(many_processes)
{
	pid_t pids[PROCS];
	int gate[2];
	char c;

	SYS(pipe(gate));
	for (int i = 0; i < PROCS; i++) {
		pids[i] = t_fork();
		if (pids[i] == 0) {
			sigset_t none;

			sigemptyset(&none);
			on_signal(SIGUSR1, nothing);
			block(SIGUSR1);
			start_timers(SIGEV_SIGNAL, SIGUSR1);
			SYS(write(gate[1], "x", 1));
			if (i % 2)
				sigprocmask(SIG_SETMASK, &none, NULL);
			for (;;)
				pause();
		}
	}
	SYS(close(gate[1]));
	for (int i = 0; i < PROCS; i++)
		CHECK_EQ(read(gate[0], &c, 1), 1);
	work();
	for (int i = 0; i < PROCS; i++)
		SYS(kill(pids[i], SIGKILL));
	for (int i = 0; i < PROCS; i++)
		SYS(waitpid(pids[i], NULL, 0));
}

/* All are due at one instant. */
TEST(one_instant)
{
	struct itimerspec it = { .it_interval = { 0, 0 } };
	int state, nth = 20;

	SYS(clock_gettime(CLOCK_MONOTONIC, &it.it_value));
	it.it_value.tv_sec += 2;
	for (int i = 0; i < nth; i++) {
		if (t_fork() == 0) {
			sigset_t set;
			int n = 0;

			sigemptyset(&set);
			sigaddset(&set, SIGRTMIN);
			block(SIGRTMIN);
			for (int k = 0; k < NTIMERS; k++)
				SYS(timer_settime(new_timer(SIGEV_SIGNAL, SIGRTMIN), TIMER_ABSTIME, &it, NULL));
			while (n < NTIMERS)
				if (sigwaitinfo(&set, NULL) == SIGRTMIN)
					n++;
			_exit(0);
		}
	}
	for (int i = 0; i < nth; i++) {
		SYS(wait(&state));
		CHECK_EQ(state, 0);
	}
}

static struct timespec instant;
static int woken;

static void *sleeper(void *arg)
{
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &instant, NULL) != 0)
		;
	__atomic_add_fetch(&woken, 1, __ATOMIC_RELAXED);
	return NULL;
}

TEST(threads_until_one_instant)
{
	enum { N = 300 };
	static pthread_t threads[N];
	pthread_attr_t attr;

	SYS(clock_gettime(CLOCK_MONOTONIC, &instant));
	instant.tv_sec += 2;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	for (int i = 0; i < N; i++)
		CHECK_EQ(pthread_create(&threads[i], &attr, sleeper, NULL), 0);
	for (int i = 0; i < N; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	CHECK_EQ(woken, N);
}

T_NO_HOOK
