/* SPDX-License-Identifier: MIT */
/* What the parts of st-threads share: threads that begin together and wait at a gate. */
#ifndef TESTS_STATES_THREADS_THREADS_H
#define TESTS_STATES_THREADS_THREADS_H

#include "../states.h"
#include <pthread.h>

#define N 8

__attribute__((unused)) static pthread_t threads[N];
__attribute__((unused)) static volatile int gate;   /* threads may go on */
__attribute__((unused)) static volatile int passed; /* so many have arrived where they wait */

__attribute__((unused)) static void arrive(void)
{
	__atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
}

__attribute__((unused)) static void begin(void *(*fn)(void *))
{
	for (long i = 0; i < N; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, fn, (void *)i), 0);
	while (passed < N)
		st_pause();
}

__attribute__((unused)) static void join_all(void)
{
	for (int i = 0; i < N; i++) {
		void *r;

		CHECK_EQ(pthread_join(threads[i], &r), 0);
		CHECK_EQ((long)r, i + 100);
	}
}

__attribute__((unused)) static void *done(void *i)
{
	return (void *)((long)i + 100);
}

__attribute__((unused)) static void await_gate(void)
{
	while (!gate)
		st_pause();
}

__attribute__((unused)) static void open_gate(void)
{
	__atomic_store_n(&gate, 1, __ATOMIC_SEQ_CST);
}

__attribute__((unused)) static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
__attribute__((unused)) static int counter;

#endif
