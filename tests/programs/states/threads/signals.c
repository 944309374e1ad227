/* SPDX-License-Identifier: MIT */
/* Signals of threads: pending, waited for, in handlers. */
#define T_PART
#include "threads.h"
#include <pthread.h>

static void *keep_pending(void *arg)
{
	sigset_t set;
	siginfo_t si;
	long i = (long)arg;

	arrive();
	await_gate();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR1);
	CHECK_EQ(si.si_code, SI_TKILL);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	/* Of the process: whoever comes first. */
	CHECK_EQ(sigwaitinfo(&set, &si), SIGRTMIN + 3);
	__atomic_add_fetch(&counter, si.si_value.sival_int, __ATOMIC_SEQ_CST);
	return done((void *)i);
}

STATE(pending)
{
	sigset_t set, pend;
	int sum = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	begin(keep_pending);
	for (int i = 0; i < N; i++) {
		CHECK_EQ(pthread_kill(threads[i], SIGUSR1), 0);
		SYS(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = i * i }));
		sum += i * i;
	}
	st_wait();
	SYS(sigpending(&pend));
	CHECK(!sigismember(&pend, SIGUSR1) && sigismember(&pend, SIGRTMIN + 3));
	open_gate();
	join_all();
	CHECK_EQ(counter, sum);
}

static void *wait_for_signal(void *i)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	arrive();
	do
		sig = sigwaitinfo(&set, NULL);
	while (sig < 0 && errno == EINTR && st_stops);
	CHECK_EQ(sig, SIGUSR2);
	return done(i);
}

STATE(signal_waiters)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	begin(wait_for_signal);
	st_wait();
	for (int i = 0; i < N; i++)
		CHECK_EQ(pthread_kill(threads[i], SIGUSR2), 0);
	join_all();
}

static volatile int in_handler;

static void wait_in_handler(int sig)
{
	__atomic_add_fetch(&in_handler, 1, __ATOMIC_SEQ_CST);
	while (!gate)
		st_pause();
}

static void *pause_once(void *i)
{
	arrive();
	while (!gate)
		st_pause();
	return done(i);
}

STATE(in_handlers)
{
	signal(SIGUSR1, wait_in_handler);
	begin(pause_once);
	for (int i = 0; i < N; i++)
		CHECK_EQ(pthread_kill(threads[i], SIGUSR1), 0);
	while (in_handler < N)
		st_pause();
	st_wait();
	open_gate();
	join_all();
}
