/* SPDX-License-Identifier: MIT */
/* Crowds of threads. */
#define T_PART
#include "longhold.h"
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>

static pthread_barrier_t barrier;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void *thread(void *arg)
{
	pthread_barrier_wait(&barrier);
	pthread_mutex_lock(&lock);
	for (;;)
		pthread_cond_wait(&cond, &lock);
	return NULL;
}

static void gather_threads_in(void *(*fn)(void *arg))
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	pthread_barrier_init(&barrier, NULL, CROWD + 1);
	for (int i = 0; i < CROWD; i++)
		CHECK_EQ(pthread_create(&t, &attr, fn, NULL), 0);
	pthread_barrier_wait(&barrier);
}

static void gather_threads(void)
{
	gather_threads_in(thread);
}

/* What the threads have used is asked for, and watched at every switch. */
TEST_REPRISE(thread_times)
{
	struct itimerval it = { .it_value.tv_sec = 1000 };
	struct timespec ts;
	struct rusage ru;

	gather_threads();
	holds_begin();
	SYS(getrusage(RUSAGE_SELF, &ru));
	SYS(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts));
	SYS(setitimer(ITIMER_PROF, &it, NULL));
	for (int i = 0; i < 100; i++)
		sched_yield();
	pthread_cond_broadcast(&cond);
	usleep(1000);
	holds_end();
}

TEST_REPRISE(thread_signals)
{
	sigset_t set;

	gather_threads();
	on_signal(SIGUSR1, nothing);
	holds_begin();
	sigfillset(&set);
	SYS(kill(getpid(), SIGUSR1));
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	SYS(kill(getpid(), SIGUSR1));
	usleep(1000);
	SYS(kill(getpid(), SIGUSR1));
	usleep(1000);
	holds_end();
}

static void crowd_of_threads_does(void (*fn)(void))
{
	pid_t pid = t_fork();

	if (pid == 0) {
		gather_threads();
		fn();
		_exit(0);
	}
	holds_begin();
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	kill(pid, SIGCONT);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	holds_end();
}

static void end_at_once(void)
{
	_exit(0);
}

TEST_REPRISE(threads_end)
{
	crowd_of_threads_does(end_at_once);
}

static void stop_self(void)
{
	SYS(kill(getpid(), SIGSTOP));
}

TEST_REPRISE(threads_stop)
{
	crowd_of_threads_does(stop_self);
}

#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129
#define FUTEX_REQUEUE_PRIVATE 131

static int words[3];

static void *wait_on_word(void *arg)
{
	pthread_barrier_wait(&barrier);
	syscall(SYS_futex, &words[0], FUTEX_WAIT_PRIVATE, 0, NULL);
	return NULL;
}

static int requeue(int from, int to)
{
	return SYS(syscall(SYS_futex, &words[from], FUTEX_REQUEUE_PRIVATE, 0, INT_MAX, &words[to]));
}

/* Waiters on one word: all moved to another one, and woken. */
TEST_REPRISE(thread_requeue)
{
	int there = 0;

	gather_threads_in(wait_on_word);
	while (there < CROWD)
		there += requeue(0, 1);
	limit = 60000;
	holds_begin();
	CHECK_EQ(requeue(1, 2), CROWD);
	CHECK_EQ(syscall(SYS_futex, &words[2], FUTEX_WAKE_PRIVATE, INT_MAX), CROWD);
	holds_end();
}
