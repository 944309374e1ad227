/* SPDX-License-Identifier: MIT */
/* What the parts of st-timers share: handlers that count, and times in nanoseconds. */
#ifndef TESTS_STATES_TIMERS_TIMERS_H
#define TESTS_STATES_TIMERS_TIMERS_H

#include "../states.h"

#define MS 1000000ll
#define SEC 1000000000ll

__attribute__((unused)) static volatile sig_atomic_t hits, value;

__attribute__((unused)) static void count(int sig)
{
	hits++;
}

__attribute__((unused)) static void count_info(int sig, siginfo_t *si, void *uc)
{
	hits++;
	value = si->si_value.sival_int;
}

__attribute__((unused)) static void handle(int sig)
{
	struct sigaction sa = { .sa_handler = count };

	SYS(sigaction(sig, &sa, NULL));
}

__attribute__((unused)) static void handle_info(int sig)
{
	struct sigaction sa = { .sa_sigaction = count_info, .sa_flags = SA_SIGINFO };

	SYS(sigaction(sig, &sa, NULL));
}

__attribute__((unused)) static struct timespec ts(long long ns)
{
	return (struct timespec){ ns / SEC, ns % SEC };
}

__attribute__((unused)) static long long ns(struct timespec t)
{
	return t.tv_sec * SEC + t.tv_nsec;
}

__attribute__((unused)) static long long clock_ns(clockid_t c)
{
	struct timespec t;

	SYS(clock_gettime(c, &t));
	return ns(t);
}

/* Some time goes by before the checkpoint: a limit that began anew afterwards would be seen. */
__attribute__((unused)) static void a_while(void)
{
	struct timespec t = ts(150 * MS);

	while (nanosleep(&t, &t) < 0)
		;
}

__attribute__((unused)) static void burn(long long cpu)
{
	long long until = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + cpu;

	while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < until)
		;
}

#endif
