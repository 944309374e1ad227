/* SPDX-License-Identifier: MIT */
/* Threads: their ids, what each has of its own, and everything that they can wait for. */
#include "states.h"
#include <fenv.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/prctl.h>

#define N 8

static pthread_t threads[N];
static volatile int gate;   /* threads may go on */
static volatile int passed; /* so many have arrived where they wait */

static void arrive(void)
{
	__atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
}

static void begin(void *(*fn)(void *))
{
	for (long i = 0; i < N; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, fn, (void *)i), 0);
	while (passed < N)
		st_pause();
}

static void join_all(void)
{
	for (int i = 0; i < N; i++) {
		void *r;

		CHECK_EQ(pthread_join(threads[i], &r), 0);
		CHECK_EQ((long)r, i + 100);
	}
}

static void *done(void *i)
{
	return (void *)((long)i + 100);
}

static void await_gate(void)
{
	while (!gate)
		st_pause();
}

static void open_gate(void)
{
	__atomic_store_n(&gate, 1, __ATOMIC_SEQ_CST);
}

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

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int counter;

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
