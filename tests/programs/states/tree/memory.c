/* SPDX-License-Identifier: MIT */
/* Memory that processes share: values, locks and conditions in it. */
#define T_PART
#include "tree.h"
#include <pthread.h>

static void count_shared(void *arg)
{
	int *p = arg;

	for (int i = 0; i < 1000; i++)
		add(&p[1], 1);
	add(&p[0], 1);
	st_await_go();
	for (int i = 0; i < 1000; i++)
		add(&p[1], 1);
}

STATE_TREE(shared_memory)
{
	int *p = shared();
	pid_t pid[4];

	for (int i = 0; i < 4; i++)
		pid[i] = st_child(count_shared, p);
	await_value(&p[0], 4);
	st_wait();
	CHECK(p[1] >= 4000);
	for (int i = 0; i < 4; i++)
		t_join(pid[i]);
	CHECK_EQ(p[1], 8000);
}

struct sync {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	int waiting, go, robust_held;
	pthread_mutex_t robust;
};

static void wait_shared(void *arg)
{
	struct sync *s = arg;

	CHECK_EQ(pthread_mutex_lock(&s->mutex), 0);
	s->waiting++;
	while (!s->go)
		CHECK_EQ(pthread_cond_wait(&s->cond, &s->mutex), 0);
	CHECK_EQ(pthread_mutex_unlock(&s->mutex), 0);
}

static struct sync *make_sync(void)
{
	struct sync *s = (struct sync *)shared();
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->mutex, &ma);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->robust, &ma);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&s->cond, &ca);
	return s;
}

STATE_TREE(shared_condition)
{
	struct sync *s = make_sync();
	pid_t pid[3];

	for (int i = 0; i < 3; i++)
		pid[i] = st_child(wait_shared, s);
	for (int n = 0; n < 3;) {
		pthread_mutex_lock(&s->mutex);
		n = s->waiting;
		pthread_mutex_unlock(&s->mutex);
		st_pause();
	}
	st_wait();
	pthread_mutex_lock(&s->mutex);
	s->go = 1;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->mutex);
	for (int i = 0; i < 3; i++)
		t_join(pid[i]);
}

static void die_with_lock(void *arg)
{
	struct sync *s = arg;

	CHECK_EQ(pthread_mutex_lock(&s->robust), 0);
	add(&s->robust_held, 1);
	st_await_go();
	_exit(0);
}

STATE_TREE(shared_robust)
{
	struct sync *s = make_sync();
	pid_t pid = st_child(die_with_lock, s);

	await_value(&s->robust_held, 1);
	st_wait();
	CHECK_EQ(pthread_mutex_lock(&s->robust), EOWNERDEAD);
	CHECK_EQ(pthread_mutex_consistent(&s->robust), 0);
	CHECK_EQ(pthread_mutex_unlock(&s->robust), 0);
	t_join(pid);
}
