/* SPDX-License-Identifier: MIT */
/* Threads: their ids, their ends, and what each has of its own. threads/ has what they wait for, and signals. */
#include "threads/threads.h"
#include <fenv.h>
#include <pthread.h>
#include <sys/prctl.h>

static void *keep_ids(void *i)
{
	pid_t tid = syscall(SYS_gettid), pid = getpid();
	pthread_t self = pthread_self();

	arrive();
	await_gate();
	CHECK_EQ(syscall(SYS_gettid), tid);
	CHECK_EQ(getpid(), pid);
	CHECK(pthread_equal(self, pthread_self()));
	SYS(syscall(SYS_tgkill, pid, tid, 0));
	CHECK_ERR(syscall(SYS_tgkill, tid, tid, 0), ESRCH);
	return done(i);
}

STATE(ids)
{
	begin(keep_ids);
	st_wait();
	open_gate();
	join_all();
}

static __thread long own;
static __thread char own_block[300];

static void *keep_own(void *arg)
{
	static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
	long i = (long)arg;
	char name[17], now[17] = "", alt[16384];
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, back;
	sigset_t set, mask;
	volatile double one = 1, three = 3, q;

	own = i * 1000;
	st_fill(own_block, sizeof(own_block), i + 1);
	fesetround(modes[i % 4]);
	q = one / three;
	snprintf(name, sizeof(name), "thread-%ld", i);
	SYS(prctl(PR_SET_NAME, name));
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + i % 4);
	sigaddset(&set, i % 2 ? SIGUSR1 : SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	SYS(sigaltstack(&ss, NULL));
	arrive();
	await_gate();
	CHECK_EQ(own, i * 1000);
	CHECK(st_filled(own_block, sizeof(own_block), i + 1));
	CHECK_EQ(fegetround(), modes[i % 4]);
	CHECK(one / three == q);
	SYS(prctl(PR_GET_NAME, now));
	CHECK_STR(now, name);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	for (int s = 1; s < 32; s++)
		CHECK_EQ(sigismember(&mask, s), sigismember(&set, s));
	SYS(sigaltstack(NULL, &back));
	CHECK(back.ss_sp == alt && back.ss_size == sizeof(alt));
	return done(arg);
}

STATE(own_state)
{
	begin(keep_own);
	st_wait();
	open_gate();
	join_all();
}

static void *work(void *i)
{
	uint32_t seed = (long)i + 7, first = 0, hash;

	arrive();
	for (int round = 0; round < 3 || !gate; round++) {
		double x = 0;

		hash = 0;
		seed = (long)i + 7;
		for (int k = 0; k < 2000; k++) {
			x += t_rand(&seed) / 4294967296.0;
			hash = hash * 31 + (uint32_t)(x * 1000);
		}
		if (!round)
			first = hash;
		CHECK_EQ(hash, first);
	}
	return done(i);
}

STATE(computing)
{
	begin(work);
	st_wait();
	open_gate();
	join_all();
}

static pthread_t main_thread;

static void *join_main(void *arg)
{
	void *r;

	CHECK_EQ(pthread_join(main_thread, &r), 0);
	CHECK_EQ((long)r, 55);
	st_wait();
	CHECK(getpid() != syscall(SYS_gettid));
	SYS(kill(getpid(), 0));
	st_say("ok", "");
	_exit(0);
}

STATE(leader_ended)
{
	/* The first thread has ended, the process lives on. */
	pthread_t t;

	main_thread = pthread_self();
	CHECK_EQ(pthread_create(&t, NULL, join_main, NULL), 0);
	pthread_exit((void *)55);
}

static void *at_once(void *i)
{
	return done(i);
}

STATE(ended_not_joined)
{
	for (long i = 0; i < N; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, at_once, (void *)i), 0);
	for (int i = 0; i < 20; i++)
		st_pause();
	st_wait();
	join_all();
}

static void *wait_and_return(void *i)
{
	st_await_go();
	return done(i);
}

STATE(in_join)
{
	CHECK_EQ(pthread_create(&threads[0], NULL, wait_and_return, NULL), 0);
	st_ready("asleep");
	void *r;
	CHECK_EQ(pthread_join(threads[0], &r), 0);
	CHECK_EQ((long)r, 100);
}

static void *to_be_cancelled(void *arg)
{
	arrive();
	while (pause() < 0)
		;
	return NULL;
}

STATE(cancelled)
{
	begin(to_be_cancelled);
	st_wait();
	for (int i = 0; i < N; i++) {
		void *r;

		CHECK_EQ(pthread_cancel(threads[i]), 0);
		CHECK_EQ(pthread_join(threads[i], &r), 0);
		CHECK(r == PTHREAD_CANCELED);
	}
}

STATE(new_ones)
{
	/* Threads that are made afterwards have other ids than those that there are. */
	begin(keep_ids);
	st_wait();
	pthread_t more[N];
	for (long i = 0; i < N; i++)
		CHECK_EQ(pthread_create(&more[i], NULL, keep_ids, (void *)i), 0);
	while (passed < 2 * N)
		st_pause();
	for (int i = 0; i < N; i++) {
		for (int k = 0; k < N; k++)
			CHECK(!pthread_equal(threads[i], more[k]));
	}
	open_gate();
	for (int i = 0; i < N; i++)
		CHECK_EQ(pthread_join(more[i], NULL), 0);
	join_all();
}

static void *small(void *arg)
{
	arrive();
	pthread_mutex_lock(&mutex);
	counter++;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

STATE(hundred)
{
	enum { MANY = 100 };
	static pthread_t t[MANY];
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < MANY; i++)
		CHECK_EQ(pthread_create(&t[i], &attr, small, NULL), 0);
	while (passed < MANY)
		st_pause();
	st_wait();
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < MANY; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	CHECK_EQ(counter, MANY);
}

static void *fork_one(void *i)
{
	arrive();
	await_gate();
	pid_t pid = fork();
	if (pid == 0)
		_exit((int)(long)i + 1);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), (long)i + 1);
	return done(i);
}

STATE(fork_afterwards)
{
	begin(fork_one);
	st_wait();
	open_gate();
	join_all();
}
