/* SPDX-License-Identifier: MIT */
/* Rows of threads: mutexes, conditions, futexes, and many threads. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define SYS_FUTEX 240
#define WAIT_PRIVATE (0 | 128)
#define WAKE_PRIVATE (1 | 128)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void lock_unlock(int n)
{
	while (n--) {
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
	}
}

/* ---- a word that two threads hand to each other by futex ---- */

static volatile int word, over;
static pthread_t partner;

static void hand_over(int to)
{
	__atomic_store_n(&word, to, __ATOMIC_SEQ_CST);
	syscall(SYS_FUTEX, &word, WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void wait_while(int value)
{
	while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) == value)
		syscall(SYS_FUTEX, &word, WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void *futex_partner(void *arg)
{
	while (!over) {
		wait_while(0);
		hand_over(0);
	}
	return NULL;
}

static void start_partner(void *(*fn)(void *))
{
	over = 0;
	must(pthread_create(&partner, NULL, fn, NULL) == 0, "pthread_create");
}

static void start_futex(void)
{
	word = 0;
	start_partner(futex_partner);
}

static void futex_round(int n)
{
	while (n--) {
		hand_over(1);
		wait_while(1);
	}
}

static void stop_futex(void)
{
	over = 1;
	hand_over(1);
	pthread_join(partner, NULL);
}

/* ---- the same with a mutex and a condition ---- */

static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn;

static void take_turn(int mine)
{
	pthread_mutex_lock(&lock);
	while (turn != mine && !over)
		pthread_cond_wait(&turned, &lock);
	turn = !mine;
	pthread_cond_signal(&turned);
	pthread_mutex_unlock(&lock);
}

static void *cond_partner(void *arg)
{
	while (!over)
		take_turn(1);
	return NULL;
}

static void start_cond(void)
{
	turn = 0;
	start_partner(cond_partner);
}

static void cond_round(int n)
{
	while (n--)
		take_turn(0);
}

static void stop_cond(void)
{
	pthread_mutex_lock(&lock);
	over = 1;
	pthread_cond_broadcast(&turned);
	pthread_mutex_unlock(&lock);
	pthread_join(partner, NULL);
}

/* ---- a broadcast to eight, and word from each that it came ---- */

#define LISTENERS 8

static pthread_t listeners[LISTENERS];
static pthread_cond_t said = PTHREAD_COND_INITIALIZER, heard = PTHREAD_COND_INITIALIZER;
static int round_no, nheard;

static void *listener(void *arg)
{
	int last = 0;

	pthread_mutex_lock(&lock);
	while (!over) {
		while (round_no == last && !over)
			pthread_cond_wait(&said, &lock);
		last = round_no;
		if (++nheard == LISTENERS)
			pthread_cond_signal(&heard);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void start_listeners(void)
{
	over = round_no = 0;
	for (int i = 0; i < LISTENERS; i++)
		must(pthread_create(&listeners[i], NULL, listener, NULL) == 0, "pthread_create");
}

static void broadcast(int n)
{
	pthread_mutex_lock(&lock);
	while (n--) {
		nheard = 0;
		round_no++;
		pthread_cond_broadcast(&said);
		while (nheard < LISTENERS)
			pthread_cond_wait(&heard, &lock);
	}
	pthread_mutex_unlock(&lock);
}

static void stop_listeners(void)
{
	pthread_mutex_lock(&lock);
	over = 1;
	pthread_cond_broadcast(&said);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < LISTENERS; i++)
		pthread_join(listeners[i], NULL);
}

/* ---- 1,000 threads ---- */

#define MANY 1000

static pthread_t many[MANY];
enum { NOTHING, GO_ON, END };
static int baton[MANY + 1]; /* what thread i has been told */

static void pass_baton(int i, int what)
{
	__atomic_store_n(&baton[i], what, __ATOMIC_SEQ_CST);
	syscall(SYS_FUTEX, &baton[i], WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static int await_baton(int i)
{
	int what;

	while ((what = __atomic_exchange_n(&baton[i], NOTHING, __ATOMIC_SEQ_CST)) == NOTHING)
		syscall(SYS_FUTEX, &baton[i], WAIT_PRIVATE, NOTHING, NULL, NULL, 0);
	return what;
}

static void *runner(void *arg)
{
	int i = (int)(long)arg, what;

	do {
		what = await_baton(i);
		pass_baton(i + 1, what);
	} while (what != END);
	return NULL;
}

static void start_many(void)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	for (long i = 0; i < MANY; i++)
		must(pthread_create(&many[i], &attr, runner, (void *)i) == 0, "pthread_create");
}

static void relay(int n)
{
	while (n--) {
		pass_baton(0, GO_ON);
		await_baton(MANY);
	}
}

static void stop_many(void)
{
	pass_baton(0, END);
	await_baton(MANY);
	for (int i = 0; i < MANY; i++)
		pthread_join(many[i], NULL);
}

static long long create_many(void)
{
	long long t = now();

	start_many();
	stop_many();
	return (now() - t) / MANY;
}

const struct row thread_rows[] = {
	{ .name = "mutex-uncontended", .loop = lock_unlock },
	{ .name = "futex-ping-pong", .loop = futex_round, .before = start_futex, .after = stop_futex },
	{ .name = "cond-ping-pong", .loop = cond_round, .before = start_cond, .after = stop_cond },
	{ .name = "cond-broadcast-8", .loop = broadcast, .before = start_listeners, .after = stop_listeners },
	{ .name = "threads-1000", .once = create_many },
	{ .name = "relay-1000", .loop = relay, .before = start_many, .after = stop_many, .per = MANY },
	{ 0 },
};
