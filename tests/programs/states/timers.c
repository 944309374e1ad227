/* SPDX-License-Identifier: MIT */
/*
 * Clocks, timers, and calls with a time limit. What is left of a time never grows; nothing fires before its time. A busy machine may
 * always be late, so there are no upper bounds on what has passed.
 */
#include "states.h"
#include <poll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>

#define MS 1000000ll
#define SEC 1000000000ll

static volatile sig_atomic_t hits, value;

static void count(int sig)
{
	hits++;
}

static void count_info(int sig, siginfo_t *si, void *uc)
{
	hits++;
	value = si->si_value.sival_int;
}

static void handle(int sig)
{
	struct sigaction sa = { .sa_handler = count };

	SYS(sigaction(sig, &sa, NULL));
}

static void handle_info(int sig)
{
	struct sigaction sa = { .sa_sigaction = count_info, .sa_flags = SA_SIGINFO };

	SYS(sigaction(sig, &sa, NULL));
}

static struct timespec ts(long long ns)
{
	return (struct timespec){ ns / SEC, ns % SEC };
}

static long long ns(struct timespec t)
{
	return t.tv_sec * SEC + t.tv_nsec;
}

static long long clock_ns(clockid_t c)
{
	struct timespec t;

	SYS(clock_gettime(c, &t));
	return ns(t);
}

/* Some time goes by before the checkpoint: a limit that began anew afterwards would be seen. */
static void a_while(void)
{
	struct timespec t = ts(150 * MS);

	while (nanosleep(&t, &t) < 0)
		;
}

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

static void burn(long long cpu)
{
	long long until = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + cpu;

	while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < until)
		;
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

static timer_t make_timer(clockid_t clock, int how, int sig, int v)
{
	struct sigevent ev = { .sigev_notify = how, .sigev_signo = sig, .sigev_value.sival_int = v };
	timer_t t;

	SYS(timer_create(clock, &ev, &t));
	return t;
}

static void set_timer(timer_t t, long long first, long long again)
{
	struct itimerspec it = { .it_value = ts(first), .it_interval = ts(again) };

	SYS(timer_settime(t, 0, &it, NULL));
}

static void check_timer(timer_t t, long long most, long long interval)
{
	struct itimerspec it;

	SYS(timer_gettime(t, &it));
	long long left = ns(it.it_value);
	if (left > most || (most && left < most - 50 * SEC))
		FAIL("expected %lld ns, found %lld", most, left);
	CHECK_EQ(ns(it.it_interval), interval);
}

STATE(timer_armed)
{
	timer_t a = make_timer(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0),
		b = make_timer(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 5),
		c = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, 6);

	set_timer(a, 100 * SEC, 3 * SEC);
	set_timer(b, 200 * SEC, 0);
	a_while();
	st_wait();
	check_timer(a, 100 * SEC - 150 * MS, 3 * SEC);
	check_timer(b, 200 * SEC - 150 * MS, 0);
	check_timer(c, 0, 0);
	CHECK_EQ(timer_getoverrun(a), 0);
	/* The old handles are good, and a new one is another. */
	timer_t d = make_timer(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
	CHECK(d != a && d != b && d != c);
	SYS(timer_delete(a));
	struct itimerspec it;
	CHECK_ERR(timer_gettime(a, &it), EINVAL);
}

STATE(timer_fires)
{
	timer_t t = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 2, 77);
	long long began = t_now_ns();

	handle_info(SIGRTMIN + 2);
	set_timer(t, SEC, 0);
	st_ready("asleep");
	while (!hits)
		pause();
	CHECK(t_now_ns() - began >= SEC);
	CHECK_EQ(value, 77);
	check_timer(t, 0, 0);
}

STATE(timer_absolute)
{
	timer_t t = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, 78);
	long long when = t_now_ns() + SEC;
	struct itimerspec it = { .it_value = ts(when) };

	handle_info(SIGUSR2);
	SYS(timer_settime(t, TIMER_ABSTIME, &it, NULL));
	st_ready("asleep");
	while (!hits)
		pause();
	CHECK(t_now_ns() >= when);
}

STATE_WITH(timer_ticks, ST_TICKS)
{
	timer_t t = make_timer(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR2, 79);

	handle_info(SIGUSR2);
	set_timer(t, 20 * MS, 20 * MS);
	st_wait();
	int now = hits;
	while (hits < now + 3)
		pause();
	CHECK_EQ(value, 79);
}

STATE_WITH(timer_overrun, ST_TICKS)
{
	timer_t t = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, 80);
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	set_timer(t, 5 * MS, 5 * MS);
	a_while();
	st_wait();
	CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR2);
	CHECK_EQ(si.si_code, SI_TIMER);
	CHECK_EQ(si.si_value.sival_int, 80);
	if (si.si_overrun < 20)
		FAIL("overrun %d", si.si_overrun);
	CHECK_EQ(timer_getoverrun(t), si.si_overrun);
	/* And it goes on. */
	CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR2);
	SYS(timer_delete(t));
}

STATE(timer_pending)
{
	timer_t t = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 1, 81);
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	set_timer(t, 5 * MS, 0);
	a_while();
	st_wait();
	CHECK_EQ(sigwaitinfo(&set, &si), SIGRTMIN + 1);
	CHECK_EQ(si.si_value.sival_int, 81);
	struct timespec none = { 0, 0 };
	CHECK_ERR(sigtimedwait(&set, &si, &none), EAGAIN);
	set_timer(t, 5 * MS, 0);
	CHECK_EQ(sigwaitinfo(&set, &si), SIGRTMIN + 1);
}

/* On CPU-time clocks: what is left is CPU time, and none of it goes by meanwhile. */
STATE(timer_cpu)
{
	static const clockid_t clocks[] = { CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };
	timer_t t[2];
	struct itimerspec it;

	handle(SIGUSR2);
	for (int i = 0; i < 2; i++) {
		t[i] = make_timer(clocks[i], SIGEV_SIGNAL, SIGUSR2, 100 + i);
		set_timer(t[i], 100 * SEC, 10 * MS);
	}
	st_wait();
	for (int i = 0; i < 2; i++) {
		SYS(timer_gettime(t[i], &it));
		if (ns(it.it_value) <= 50 * SEC || ns(it.it_value) > 100 * SEC)
			FAIL("timer %d: %lld ns are left", i, (long long)ns(it.it_value));
		CHECK_EQ(ns(it.it_interval), 10 * MS);
		set_timer(t[i], 10 * MS, 0);
		hits = 0;
		while (!hits)
			;
	}
}

/* Two with one standard signal: each has its own entry in the queue. */
STATE(timers_share_signal)
{
	sigset_t set;
	siginfo_t si;
	int sum = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < 2; i++)
		set_timer(make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, 91 + i), 5 * MS, 0);
	a_while();
	st_wait();
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR2);
		sum += si.si_value.sival_int;
	}
	CHECK_EQ(sum, 91 + 92);
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

STATE(timers_pending)
{
	/* Two with one real-time signal: each has its own entry in the queue. */
	sigset_t set;
	siginfo_t si;
	int sum = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < 2; i++)
		set_timer(make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 1, 91 + i), 5 * MS, 0);
	a_while();
	st_wait();
	for (int i = 0; i < 2; i++) {
		struct timespec none = { 0, 0 };

		CHECK_EQ(sigtimedwait(&set, &si, &none), SIGRTMIN + 1);
		sum += si.si_value.sival_int;
	}
	CHECK_EQ(sum, 91 + 92);
}

STATE_WITH(timer_of_thread, ST_TICKS)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2 };
	timer_t t;

	handle(SIGUSR2);
	ev.sigev_notify_thread_id = syscall(SYS_gettid);
	SYS(timer_create(CLOCK_MONOTONIC, &ev, &t));
	set_timer(t, 20 * MS, 20 * MS);
	st_wait();
	int now = hits;
	while (hits < now + 3)
		pause();
}

static void on_expiry(union sigval v)
{
	value = v.sival_int;
	hits++;
}

STATE_WITH(timer_by_thread, ST_TICKS)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD,
			       .sigev_notify_function = on_expiry,
			       .sigev_value.sival_int = 82 };
	timer_t t;

	SYS(timer_create(CLOCK_REALTIME, &ev, &t));
	set_timer(t, 20 * MS, 20 * MS);
	st_wait();
	int now = hits;
	while (hits < now + 3)
		st_pause();
	CHECK_EQ(value, 82);
	SYS(timer_delete(t));
}

STATE(many_timers)
{
	timer_t t[40];

	for (int i = 0; i < 40; i++) {
		t[i] = make_timer(i % 2 ? CLOCK_REALTIME : CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, i);
		if (i % 3)
			set_timer(t[i], (100 + i) * SEC, i * SEC);
	}
	for (int i = 0; i < 40; i += 5)
		SYS(timer_delete(t[i]));
	st_wait();
	for (int i = 0; i < 40; i++) {
		struct itimerspec it;

		if (i % 5 == 0)
			CHECK_ERR(timer_gettime(t[i], &it), EINVAL);
		else
			check_timer(t[i], i % 3 ? (100 + i) * SEC : 0, i % 3 ? i * SEC : 0);
	}
}

/* Calls with a limit, each about to run out 1.2 s after its begin. */
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
