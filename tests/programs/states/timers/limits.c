/* SPDX-License-Identifier: MIT */
/* Calls with a limit, each about to run out 1.2 s after its begin. */
#define T_PART
#include "timers.h"
#include <poll.h>
#include <sys/select.h>
#include <sys/time.h>

#define LIMIT (1200 * MS)

STATE(nanosleep)
{
	struct timespec t = ts(LIMIT);
	long long began = t_now_ns();

	st_ready("asleep");
	SYS(nanosleep(&t, NULL));
	CHECK(t_now_ns() - began >= LIMIT);
}

STATE(nanosleep_interrupted)
{
	struct timespec t = ts(100 * SEC), left = { 0, 0 };

	handle(SIGUSR1);
	st_ready("asleep signal");
	CHECK_ERR(nanosleep(&t, &left), EINTR);
	CHECK_EQ(hits, 1);
	CHECK(ns(left) < 100 * SEC && ns(left) > 10 * SEC);
}

STATE(clock_nanosleep)
{
	struct timespec t = ts(LIMIT);
	long long began = clock_ns(CLOCK_MONOTONIC);

	st_ready("asleep");
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL), 0);
	CHECK(clock_ns(CLOCK_MONOTONIC) - began >= LIMIT);
}

STATE(until_monotonic)
{
	long long when = clock_ns(CLOCK_MONOTONIC) + LIMIT;
	struct timespec t = ts(when);

	st_ready("asleep");
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	CHECK(clock_ns(CLOCK_MONOTONIC) >= when);
}

STATE(until_realtime)
{
	long long when = clock_ns(CLOCK_REALTIME) + LIMIT;
	struct timespec t = ts(when);

	st_ready("asleep");
	CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL), 0);
	CHECK(clock_ns(CLOCK_REALTIME) >= when);
}

STATE(poll)
{
	int p[2];
	long long began = t_now_ns();

	SYS(pipe(p));
	struct pollfd pf = { .fd = p[0], .events = POLLIN };
	st_ready("asleep");
	CHECK_EQ(poll(&pf, 1, LIMIT / MS), 0);
	CHECK(t_now_ns() - began >= LIMIT);
}

STATE(poll_nothing)
{
	long long began = t_now_ns();

	st_ready("asleep");
	CHECK_EQ(poll(NULL, 0, LIMIT / MS), 0);
	CHECK(t_now_ns() - began >= LIMIT);
}

STATE(select)
{
	struct timeval tv = { 1, 200000 };
	long long began = t_now_ns();

	st_ready("asleep");
	CHECK_EQ(select(0, NULL, NULL, NULL, &tv), 0);
	CHECK(t_now_ns() - began >= LIMIT);
}

STATE(pselect)
{
	struct timespec t = ts(LIMIT);
	sigset_t set;
	fd_set fds;
	int p[2];
	long long began = t_now_ns();

	SYS(pipe(p));
	FD_ZERO(&fds);
	FD_SET(p[0], &fds);
	sigfillset(&set);
	st_ready("asleep");
	CHECK_EQ(pselect(p[0] + 1, &fds, NULL, NULL, &t, &set), 0);
	CHECK(t_now_ns() - began >= LIMIT);
	CHECK(!FD_ISSET(p[0], &fds));
}

#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAIT_BITSET_PRIVATE 137

STATE(futex)
{
	int word = 5;
	long t[2] = { 1, 200000000 };
	long long began = t_now_ns();

	st_ready("asleep");
	CHECK_ERR(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, t, NULL, 0), ETIMEDOUT);
	CHECK(t_now_ns() - began >= LIMIT);
}

STATE(futex_until)
{
	int word = 5;
	long long when = t_now_ns() + LIMIT;
	long t[2] = { (long)(when / SEC), (long)(when % SEC) };

	st_ready("asleep");
	CHECK_ERR(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 5, t, NULL, -1), ETIMEDOUT);
	CHECK(t_now_ns() >= when);
}
