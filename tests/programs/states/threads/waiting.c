/* SPDX-License-Identifier: MIT */
/* Threads that wait for each other: mutexes, conditions, barriers, semaphores, futexes. */
#define T_PART
#include "threads.h"
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>

static void *lock_and_count(void *i)
{
	arrive();
	CHECK_EQ(pthread_mutex_lock(&mutex), 0);
	counter++;
	CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
	return done(i);
}

STATE(mutex)
{
	pthread_mutex_lock(&mutex);
	begin(lock_and_count);
	st_wait();
	CHECK_EQ(counter, 0);
	CHECK_EQ(pthread_mutex_trylock(&mutex), EBUSY);
	pthread_mutex_unlock(&mutex);
	join_all();
	CHECK_EQ(counter, N);
}

STATE(mutex_kinds)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t recursive, checked;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&recursive, &attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&checked, &attr);
	pthread_mutex_lock(&recursive);
	pthread_mutex_lock(&recursive);
	pthread_mutex_lock(&checked);
	st_wait();
	/* They know their owner by its thread id. */
	CHECK_EQ(pthread_mutex_lock(&recursive), 0);
	CHECK_EQ(pthread_mutex_lock(&checked), EDEADLK);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_mutex_unlock(&recursive), 0);
	CHECK_EQ(pthread_mutex_unlock(&recursive), EPERM);
	CHECK_EQ(pthread_mutex_unlock(&checked), 0);
}

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void *wait_cond(void *i)
{
	pthread_mutex_lock(&mutex);
	arrive();
	while (!gate)
		CHECK_EQ(pthread_cond_wait(&cond, &mutex), 0);
	counter++;
	pthread_mutex_unlock(&mutex);
	return done(i);
}

STATE(condition)
{
	begin(wait_cond);
	st_wait();
	pthread_mutex_lock(&mutex);
	gate = 1;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
	join_all();
	CHECK_EQ(counter, N);
}

static void *wait_cond_timed(void *i)
{
	pthread_condattr_t attr;
	pthread_cond_t own;
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct timespec ts;
	clockid_t clock = (long)i % 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, clock);
	pthread_cond_init(&own, &attr);
	SYS(clock_gettime(clock, &ts));
	ts.tv_sec++;
	pthread_mutex_lock(&lock);
	arrive();
	CHECK_EQ(pthread_cond_timedwait(&own, &lock, &ts), ETIMEDOUT);
	struct timespec now;
	SYS(clock_gettime(clock, &now));
	CHECK(now.tv_sec > ts.tv_sec || (now.tv_sec == ts.tv_sec && now.tv_nsec >= ts.tv_nsec));
	pthread_mutex_unlock(&lock);
	return done(i);
}

STATE(condition_timed)
{
	begin(wait_cond_timed);
	st_wait();
	join_all();
}

static pthread_barrier_t barrier;

static void *wait_barrier(void *i)
{
	arrive();
	int r = pthread_barrier_wait(&barrier);
	CHECK(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD);
	__atomic_add_fetch(&counter, r != 0, __ATOMIC_SEQ_CST);
	return done(i);
}

STATE(barrier)
{
	pthread_barrier_init(&barrier, NULL, N + 1);
	begin(wait_barrier);
	st_wait();
	wait_barrier(NULL);
	join_all();
	CHECK_EQ(counter, 1);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void *wait_rwlock(void *i)
{
	arrive();
	if ((long)i % 2)
		CHECK_EQ(pthread_rwlock_rdlock(&rwlock), 0);
	else
		CHECK_EQ(pthread_rwlock_wrlock(&rwlock), 0);
	CHECK_EQ(pthread_rwlock_unlock(&rwlock), 0);
	return done(i);
}

STATE(rwlock)
{
	pthread_rwlock_wrlock(&rwlock);
	begin(wait_rwlock);
	st_wait();
	CHECK_EQ(pthread_rwlock_tryrdlock(&rwlock), EBUSY);
	pthread_rwlock_unlock(&rwlock);
	join_all();
	CHECK_EQ(pthread_rwlock_trywrlock(&rwlock), 0);
}

static sem_t sem;

static void *wait_sem(void *i)
{
	arrive();
	SYS(sem_wait(&sem));
	return done(i);
}

STATE(semaphore)
{
	int value;

	sem_init(&sem, 0, 0);
	begin(wait_sem);
	st_wait();
	for (int i = 0; i < N + 2; i++)
		SYS(sem_post(&sem));
	join_all();
	SYS(sem_getvalue(&sem, &value));
	CHECK_EQ(value, 2);
}

static int word;

static void *wait_futex(void *i)
{
	arrive();
	while (!gate) {
		long r = syscall(SYS_futex, &word, 0, 0, NULL, NULL, 0);

		CHECK(r == 0 || errno == EAGAIN || errno == EINTR);
		CHECK(r < 0 || gate);
	}
	return done(i);
}

STATE(futex)
{
	begin(wait_futex);
	st_wait();
	open_gate();
	word = 1;
	CHECK(syscall(SYS_futex, &word, 1, INT_MAX, NULL, NULL, 0) >= 0);
	join_all();
}

static void *wait_bitset(void *i)
{
	arrive();
	while (!(gate & (1 << (long)i)))
		syscall(SYS_futex, &word, 9, 0, NULL, NULL, 1 << (long)i);
	return done(i);
}

STATE(futex_bitset)
{
	begin(wait_bitset);
	st_wait();
	/* One after the other, by its bit: nobody may be woken by another's for good. */
	for (int i = 0; i < N; i++) {
		gate |= 1 << i;
		while (pthread_tryjoin_np(threads[i], NULL) != 0) {
			syscall(SYS_futex, &word, 10, INT_MAX, NULL, NULL, 1 << i);
			st_pause();
		}
	}
}

static void *different_calls(void *arg)
{
	struct timespec ts = { 1, 0 };
	sigset_t set;
	long i = (long)arg;

	arrive();
	switch (i) {
	case 0: SYS(nanosleep(&ts, NULL)); break;
	case 1: CHECK_EQ(poll(NULL, 0, 1000), 0); break;
	case 2: wait_futex(arg); break;
	case 3:
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
		break;
	case 4: SYS(sem_wait(&sem)); break;
	case 5:
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		while (sigwaitinfo(&set, NULL) < 0)
			CHECK(errno == EINTR && st_stops);
		break;
	case 6: await_gate(); break;
	case 7:
		for (volatile unsigned x = 0; !gate; x++)
			;
		break;
	}
	return done(arg);
}

STATE(different_calls)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sem_init(&sem, 0, 0);
	pthread_mutex_lock(&mutex);
	begin(different_calls);
	st_wait();
	open_gate();
	word = 1;
	syscall(SYS_futex, &word, 1, INT_MAX, NULL, NULL, 0);
	pthread_mutex_unlock(&mutex);
	SYS(sem_post(&sem));
	pthread_kill(threads[5], SIGUSR1);
	join_all();
}

static pthread_mutex_t robust;

static void *hold_robust(void *arg)
{
	pthread_mutex_lock(&robust);
	arrive();
	await_gate();
	return NULL; /* and does not give it back */
}

STATE(robust_mutex)
{
	pthread_mutexattr_t attr;
	pthread_t t;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attr);
	CHECK_EQ(pthread_create(&t, NULL, hold_robust, NULL), 0);
	while (!passed)
		st_pause();
	st_wait();
	CHECK_EQ(pthread_mutex_trylock(&robust), EBUSY);
	open_gate();
	CHECK_EQ(pthread_mutex_lock(&robust), EOWNERDEAD);
	CHECK_EQ(pthread_mutex_consistent(&robust), 0);
	CHECK_EQ(pthread_mutex_unlock(&robust), 0);
	CHECK_EQ(pthread_join(t, NULL), 0);
}
