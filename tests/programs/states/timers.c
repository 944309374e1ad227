/* SPDX-License-Identifier: MIT */
/*
 * Clocks, timers, and calls with a time limit. What is left of a time never grows; nothing fires before its time. A busy machine may
 * always be late, so there are no upper bounds on what has passed.
 */
#include "timers/timers.h"
#include <sys/resource.h>
#include <sys/time.h>

STATE(clocks)
{
	static const clockid_t ids[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
					 CLOCK_MONOTONIC_RAW, CLOCK_PROCESS_CPUTIME_ID };
	long long before[5], now;

	for (int i = 0; i < 5; i++)
		before[i] = clock_ns(ids[i]);
	st_wait();
	for (int i = 0; i < 5; i++) {
		now = clock_ns(ids[i]);
		if (now < before[i] || now > before[i] + 3600 * SEC)
			FAIL("clock %d: %lld after %lld", (int)ids[i], now, before[i]);
	}
}

STATE(alarm)
{
	handle(SIGALRM);
	long long began = t_now_ns();
	alarm(1);
	st_ready("asleep");
	while (!hits)
		pause();
	CHECK(t_now_ns() - began >= SEC);
	CHECK_EQ(hits, 1);
	CHECK_EQ(alarm(0), 0);
}

static void check_itimer(int which, long long most)
{
	struct itimerval it;

	SYS(getitimer(which, &it));
	long long left = it.it_value.tv_sec * SEC + it.it_value.tv_usec * 1000ll;
	/* Linux gives it up to a tick of its clock more: 10 ms at most. */
	if (left > most + SEC / 100 || left < most - 50 * SEC)
		FAIL("timer %d: expected %lld ns, found %lld", which, most, left);
	CHECK_EQ(it.it_interval.tv_sec, 7);
	CHECK_EQ(it.it_interval.tv_usec, 500000);
}

STATE(itimers)
{
	struct itimerval it = { { 7, 500000 }, { 100, 0 } };

	for (int i = 0; i < 3; i++)
		SYS(setitimer(i, &it, NULL));
	burn(20 * MS);
	a_while();
	st_wait();
	check_itimer(ITIMER_REAL, 100 * SEC - 150 * MS);
	check_itimer(ITIMER_VIRTUAL, 100 * SEC);
	check_itimer(ITIMER_PROF, 100 * SEC - 10 * MS);
}

STATE_WITH(itimer_ticks, ST_TICKS)
{
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } };

	handle(SIGALRM);
	SYS(setitimer(ITIMER_REAL, &it, NULL));
	st_wait();
	int now = hits;
	while (hits < now + 3)
		pause();
}

STATE(itimer_cpu)
{
	struct itimerval it = { { 0, 0 }, { 0, 200000 } };

	handle(SIGVTALRM);
	handle(SIGPROF);
	SYS(setitimer(ITIMER_VIRTUAL, &it, NULL));
	SYS(setitimer(ITIMER_PROF, &it, NULL));
	burn(20 * MS);
	st_wait();
	while (hits < 2)
		;
	CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) >= 190 * MS);
}

STATE(cpu_limit)
{
	struct rlimit rl = { 1, 1000 };

	handle(SIGXCPU);
	SYS(setrlimit(RLIMIT_CPU, &rl));
	st_wait();
	while (!hits)
		;
	SYS(getrlimit(RLIMIT_CPU, &rl));
	CHECK(rl.rlim_cur >= 2);
	CHECK_EQ(rl.rlim_max, 1000);
}
