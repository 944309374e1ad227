/* SPDX-License-Identifier: MIT */
/* Clocks, sleeps, alarms and interval timers. Only lower bounds are checked: a busy machine may always be late. */
#include "t.h"
#include <poll.h>
#include <sys/select.h>
#include <sched.h>
#include <sys/time.h>

#define MS 1000000ll

static volatile sig_atomic_t hits;

static void count(int sig)
{
	hits++;
}

static void catch (int sig, int flags)
{
	struct sigaction sa = { .sa_handler = count, .sa_flags = flags };

	SYS(sigaction(sig, &sa, NULL));
}

/* Waits for n signals, however they come. */
static void await_hits(int n)
{
	while (hits < n)
		pause();
}

TEST(clocks_advance)
{
	struct timespec a, b, res;
	static const clockid_t ids[] = { CLOCK_REALTIME,	   CLOCK_MONOTONIC,
					 CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
					 CLOCK_BOOTTIME,	   CLOCK_MONOTONIC_RAW };

	for (unsigned i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		SYS(clock_gettime(ids[i], &a));
		CHECK(a.tv_nsec >= 0 && a.tv_nsec < 1000000000);
		do
			SYS(clock_gettime(ids[i], &b));
		while (b.tv_sec == a.tv_sec && b.tv_nsec == a.tv_nsec);
		CHECK(b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec > a.tv_nsec));
		SYS(clock_getres(ids[i], &res));
		CHECK(res.tv_sec == 0 && res.tv_nsec > 0 && res.tv_nsec <= 10000000);
	}
	CHECK_ERR(clock_gettime(999, &a), EINVAL);
	CHECK_ERR(clock_getres(999, &res), EINVAL);
}

TEST(monotonic_never_goes_back)
{
	long long last = t_now_ns();
	pid_t pid = t_fork();

	if (pid == 0) {
		for (int i = 0; i < 20000; i++) {
			long long now = t_now_ns();
			CHECK(now >= last);
			last = now;
		}
		_exit(0);
	}
	for (int i = 0; i < 20000; i++) {
		long long now = t_now_ns();
		CHECK(now >= last);
		last = now;
		if (i % 1000 == 0)
			sched_yield();
	}
	t_join(pid);
}

TEST(calendar_time_is_plausible)
{
	struct timeval tv;
	struct timespec ts;
	time_t t = time(NULL);

	CHECK(t > 1700000000);
	SYS(gettimeofday(&tv, NULL));
	SYS(clock_gettime(CLOCK_REALTIME, &ts));
	CHECK(tv.tv_sec - t <= 2 && ts.tv_sec - tv.tv_sec <= 2 && tv.tv_usec < 1000000);
}

TEST(nanosleep_sleeps)
{
	struct timespec ts = { 0, 20 * MS }, bad = { 0, 1000000000 }, neg = { -1, 0 };
	long long began = t_now_ns();

	CHECK_EQ(nanosleep(&ts, NULL), 0);
	CHECK(t_now_ns() - began >= 20 * MS);
	CHECK_ERR(nanosleep(&bad, NULL), EINVAL);
	CHECK_ERR(nanosleep(&neg, NULL), EINVAL);
	ts = (struct timespec){ 0, 0 };
	CHECK_EQ(nanosleep(&ts, NULL), 0);
	began = t_now_ns();
	usleep(5000);
	CHECK(t_now_ns() - began >= 5 * MS);
}

TEST(absolute_sleep)
{
	struct timespec ts;
	long long until = t_now_ns() + 30 * MS;

	ts.tv_sec = until / 1000000000;
	ts.tv_nsec = until % 1000000000;
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	CHECK(t_now_ns() >= until);
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	CHECK_EQ(clock_nanosleep(12345, 0, &ts, NULL), EINVAL);
}

TEST(interrupted_sleep_tells_the_rest)
{
	struct timespec ts = { 100, 0 }, rest = { 0, 0 };
	struct itimerval it = { { 0, 0 }, { 0, 20000 } };

	catch (SIGALRM, SA_RESTART);
	SYS(setitimer(ITIMER_REAL, &it, NULL));
	CHECK_ERR(nanosleep(&ts, &rest), EINTR);
	CHECK_EQ(hits, 1);
	CHECK(rest.tv_sec >= 90 && rest.tv_sec < 100);
}

TEST(alarm_counts_down)
{
	catch (SIGALRM, 0);
	CHECK_EQ(alarm(100000), 0);
	unsigned left = alarm(50000);
	CHECK(left > 90000 && left <= 100000);
	left = alarm(1);
	CHECK(left > 40000 && left <= 50000);
	await_hits(1);
	CHECK_EQ(alarm(0), 0);
}

TEST(real_interval_timer)
{
	struct itimerval it = { { 0, 10000 }, { 0, 5000 } }, old;
	long long began = t_now_ns();

	catch (SIGALRM, 0);
	SYS(setitimer(ITIMER_REAL, &it, NULL));
	await_hits(5);
	CHECK(t_now_ns() - began >= 5 * MS + 4 * 10 * MS);
	SYS(getitimer(ITIMER_REAL, &old));
	CHECK_EQ(old.it_interval.tv_usec, 10000);
	CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec <= 10000);
	memset(&it, 0, sizeof(it));
	SYS(setitimer(ITIMER_REAL, &it, &old));
	CHECK_EQ(old.it_interval.tv_usec, 10000);
	SYS(getitimer(ITIMER_REAL, &old));
	CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
	it.it_value.tv_usec = 1000000;
	CHECK_ERR(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	CHECK_ERR(getitimer(7, &old), EINVAL);
}

static void burn(int until)
{
	volatile unsigned n = 0;

	while (hits < until)
		n++;
}

TEST(cpu_time_timers)
{
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } }, off = { { 0, 0 }, { 0, 0 } };
	struct timespec ts;

	catch (SIGVTALRM, 0);
	SYS(setitimer(ITIMER_VIRTUAL, &it, NULL));
	burn(3);
	SYS(setitimer(ITIMER_VIRTUAL, &off, NULL));
	SYS(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts));
	CHECK(ts.tv_sec * 1000000000ll + ts.tv_nsec >= 40 * MS);
	hits = 0;
	catch (SIGPROF, 0);
	SYS(setitimer(ITIMER_PROF, &it, NULL));
	burn(2);
	SYS(setitimer(ITIMER_PROF, &off, NULL));
}

TEST(cpu_timer_rests_while_sleeping)
{
	struct itimerval it = { { 0, 0 }, { 0, 50000 } };
	struct timespec ts = { 0, 150 * MS };

	catch (SIGVTALRM, 0);
	SYS(setitimer(ITIMER_VIRTUAL, &it, NULL));
	CHECK_EQ(nanosleep(&ts, NULL), 0);
	CHECK_EQ(hits, 0);
}

TEST(not_inherited_by_fork)
{
	struct itimerval it = { { 0, 0 }, { 50, 0 } }, now;

	SYS(setitimer(ITIMER_REAL, &it, NULL));
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(getitimer(ITIMER_REAL, &now));
		_exit(now.it_value.tv_sec != 0 || now.it_value.tv_usec != 0);
	}
	t_join(pid);
	SYS(getitimer(ITIMER_REAL, &now));
	CHECK(now.it_value.tv_sec >= 40);
}

TEST(poll_and_select_time_out)
{
	int p[2];
	long long began = t_now_ns();
	struct pollfd pf;
	fd_set set;
	struct timeval tv = { 0, 15000 };

	SYS(pipe(p));
	pf = (struct pollfd){ p[0], POLLIN, 0 };
	CHECK_EQ(poll(&pf, 1, 15), 0);
	CHECK(t_now_ns() - began >= 15 * MS);
	CHECK_EQ(poll(NULL, 0, 5), 0);
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	began = t_now_ns();
	CHECK_EQ(select(p[0] + 1, &set, NULL, NULL, &tv), 0);
	CHECK(t_now_ns() - began >= 15 * MS);
	CHECK(!FD_ISSET(p[0], &set));
	struct timespec ts = { 0, 5 * MS };
	began = t_now_ns();
	CHECK_EQ(ppoll(&pf, 1, &ts, NULL), 0);
	CHECK(t_now_ns() - began >= 5 * MS);
}

TEST(many_sleepers_wake_in_order)
{
	int p[2];
	char c;

	SYS(pipe(p));
	for (int i = 7; i >= 0; i--) {
		if (t_fork() == 0) {
			struct timespec ts = { 0, (20 + i * 60) * MS };
			CHECK_EQ(nanosleep(&ts, NULL), 0);
			c = '0' + i;
			_exit(write(p[1], &c, 1) != 1);
		}
	}
	for (int i = 0; i < 8; i++) {
		int st;
		CHECK(wait(&st) > 0);
		CHECK_EQ(st, 0);
	}
	int seen = 0;
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(read(p[0], &c, 1), 1);
		seen |= 1 << (c - '0');
	}
	CHECK_EQ(seen, 0xff);
}

TEST(posix_timer)
{
	timer_t id;
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec it = { { 0, 10 * MS }, { 0, 10 * MS } }, now;

	if (timer_create(CLOCK_MONOTONIC, &ev, &id) < 0 && errno == ENOSYS)
		return; /* not part of the subset yet: nothing to compare */
	catch (SIGUSR1, 0);
	SYS(timer_settime(id, 0, &it, NULL));
	await_hits(3);
	SYS(timer_gettime(id, &now));
	CHECK_EQ(now.it_interval.tv_nsec, 10 * MS);
	SYS(timer_delete(id));
}

/* A timer that is due all the time leaves time for everything else, and counts what it could not tell. */
TEST(shortest_interval)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec it = { .it_value.tv_nsec = 1, .it_interval.tv_nsec = 1 };
	long long end = t_now_ns() + 50000000;
	siginfo_t si;
	sigset_t set;
	timer_t t;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	SYS(timer_create(CLOCK_MONOTONIC, &ev, &t));
	/* Since the clock began: more often than can be told. */
	SYS(timer_settime(t, TIMER_ABSTIME, &it, NULL));
	while (t_now_ns() < end)
		;
	CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR1);
	CHECK(timer_getoverrun(t) > 10000);
	SYS(timer_delete(t));
}

TEST_ROOT(setting_the_clock)
{
	struct timespec ts, back;

	SYS(clock_gettime(CLOCK_REALTIME, &ts));
	struct timespec bad = { ts.tv_sec, 1000000000 };
	CHECK_ERR(clock_settime(CLOCK_REALTIME, &bad), EINVAL);
	CHECK_ERR(clock_settime(CLOCK_MONOTONIC, &ts), EINVAL);
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(setuid(1234));
		CHECK_ERR(clock_settime(CLOCK_REALTIME, &ts), EPERM);
		_exit(0);
	}
	t_join(pid);
	SYS(clock_gettime(CLOCK_REALTIME, &back));
	CHECK(back.tv_sec >= ts.tv_sec);
}

T_NO_HOOK
