/* SPDX-License-Identifier: MIT */
/* Timers of timer_create(2): armed, fired, pending, on every clock. */
#define T_PART
#include "timers.h"
#include <sys/time.h>

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

/* The count of the signal that was taken last stays until the next one is taken. */
STATE_WITH(timer_overrun_taken, ST_TICKS)
{
	timer_t t = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, 82);
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	set_timer(t, 1 * MS, 1 * MS);
	a_while();
	CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR2);
	CHECK(si.si_overrun > 0);
	st_wait();
	CHECK_EQ(timer_getoverrun(t), si.si_overrun);
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
