/* SPDX-License-Identifier: MIT */
/* Threads, by way of the C library. */
#include "t.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define OK(call) CHECK_EQ(call, 0)

static void *add_one(void *arg)
{
	return (char *)arg + 1;
}

TEST(create_and_join)
{
	pthread_t th[20];
	void *r;

	for (int i = 0; i < 20; i++)
		OK(pthread_create(&th[i], NULL, add_one, (void *)(intptr_t)(i * 10)));
	for (int i = 0; i < 20; i++) {
		OK(pthread_join(th[i], &r));
		CHECK_EQ((intptr_t)r, i * 10 + 1);
	}
}

TEST(one_after_the_other)
{
	pthread_t th;

	for (int i = 0; i < 300; i++) {
		OK(pthread_create(&th, NULL, add_one, NULL));
		OK(pthread_join(th, NULL));
	}
}

static void *ids(void *arg)
{
	pid_t *out = arg;

	out[0] = getpid();
	out[1] = syscall(SYS_gettid);
	out[2] = getppid();
	return NULL;
}

TEST(identity)
{
	pid_t a[3], b[3];
	pthread_t th;

	CHECK_EQ(syscall(SYS_gettid), getpid());
	OK(pthread_create(&th, NULL, ids, a));
	OK(pthread_join(th, NULL));
	OK(pthread_create(&th, NULL, ids, b));
	OK(pthread_join(th, NULL));
	CHECK(a[0] == getpid() && b[0] == getpid());
	CHECK(a[1] != getpid() && b[1] != getpid() && a[1] > 0);
	CHECK_EQ(a[2], getppid());
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int counter;

static void *locked_counting(void *arg)
{
	for (int i = 0; i < 3000; i++) {
		pthread_mutex_lock(&mutex);
		int c = counter;
		if (i % 64 == 0)
			sched_yield();
		counter = c + 1;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(mutex_excludes)
{
	pthread_t th[4];

	for (int i = 0; i < 4; i++)
		OK(pthread_create(&th[i], NULL, locked_counting, NULL));
	for (int i = 0; i < 4; i++)
		OK(pthread_join(th[i], NULL));
	CHECK_EQ(counter, 12000);
}

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int slots[8], head, tail, produced, consumed;

static void *producer(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&mutex);
		while (head - tail == 8)
			pthread_cond_wait(&cond, &mutex);
		slots[head++ % 8] = i;
		produced += i;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void *consumer(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&mutex);
		while (head == tail)
			pthread_cond_wait(&cond, &mutex);
		consumed += slots[tail++ % 8];
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(condition_variable)
{
	pthread_t p[2], c[2];

	for (int i = 0; i < 2; i++) {
		OK(pthread_create(&p[i], NULL, producer, NULL));
		OK(pthread_create(&c[i], NULL, consumer, NULL));
	}
	for (int i = 0; i < 2; i++) {
		OK(pthread_join(p[i], NULL));
		OK(pthread_join(c[i], NULL));
	}
	CHECK_EQ(produced, 2 * 1999 * 1000);
	CHECK_EQ(consumed, produced);
}

TEST(timed_wait_times_out)
{
	struct timespec ts;
	long long began = t_now_ns();

	SYS(clock_gettime(CLOCK_REALTIME, &ts));
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	OK(pthread_mutex_lock(&mutex));
	CHECK_EQ(pthread_cond_timedwait(&cond, &mutex, &ts), ETIMEDOUT);
	CHECK(t_now_ns() - began >= 19000000);
	OK(pthread_mutex_unlock(&mutex));
}

static pthread_barrier_t barrier;
static volatile int phase[4];

static void *in_step(void *arg)
{
	int me = (intptr_t)arg, serial = 0;

	for (int i = 1; i <= 100; i++) {
		phase[me] = i;
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			serial++;
		for (int j = 0; j < 4; j++)
			CHECK_EQ(phase[j], i);
		pthread_barrier_wait(&barrier);
	}
	return (void *)(intptr_t)serial;
}

TEST(barrier_keeps_step)
{
	pthread_t th[4];
	int serial = 0;

	OK(pthread_barrier_init(&barrier, NULL, 4));
	for (int i = 0; i < 4; i++)
		OK(pthread_create(&th[i], NULL, in_step, (void *)(intptr_t)i));
	for (int i = 0; i < 4; i++) {
		void *r;
		OK(pthread_join(th[i], &r));
		serial += (intptr_t)r;
	}
	CHECK_EQ(serial, 100);
}

static __thread int tls_value = 42;
static __thread char tls_zero[5000];

static void *own_tls(void *arg)
{
	int n = (intptr_t)arg;

	CHECK_EQ(tls_value, 42);
	CHECK_EQ(tls_zero[4999], 0);
	for (int i = 0; i < 500; i++) {
		tls_value = n + i;
		tls_zero[4999] = n;
		sched_yield();
		CHECK_EQ(tls_value, n + i);
		CHECK_EQ(tls_zero[4999], (char)n);
	}
	return NULL;
}

TEST(thread_local_storage)
{
	pthread_t th[4];

	tls_value = 7;
	for (int i = 0; i < 4; i++)
		OK(pthread_create(&th[i], NULL, own_tls, (void *)(intptr_t)(i * 1000)));
	for (int i = 0; i < 4; i++)
		OK(pthread_join(th[i], NULL));
	CHECK_EQ(tls_value, 7);
	pid_t pid = t_fork();
	if (pid == 0)
		_exit(tls_value != 7);
	t_join(pid);
}

static volatile sig_atomic_t handler_tid;
static volatile sig_atomic_t ready;

static void note_tid(int sig)
{
	handler_tid = syscall(SYS_gettid);
}

static void *wait_for_signal(void *arg)
{
	sigset_t none;

	sigemptyset(&none);
	*(volatile pid_t *)arg = syscall(SYS_gettid);
	ready = 1;
	sigsuspend(&none);
	return NULL;
}

TEST(signal_to_one_thread)
{
	pthread_t th;
	volatile pid_t tid = 0;
	sigset_t set;

	signal(SIGUSR1, note_tid);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	OK(pthread_create(&th, NULL, wait_for_signal, (void *)&tid));
	while (!ready)
		sched_yield();
	OK(pthread_kill(th, SIGUSR1));
	OK(pthread_join(th, NULL));
	CHECK_EQ(handler_tid, tid);
	/* One to the process goes to the thread that does not block it. */
	ready = handler_tid = 0;
	OK(pthread_create(&th, NULL, wait_for_signal, (void *)&tid));
	while (!ready)
		sched_yield();
	SYS(kill(getpid(), SIGUSR1));
	OK(pthread_join(th, NULL));
	CHECK_EQ(handler_tid, tid);
}

static void *exit_process(void *arg)
{
	_exit(55);
}

static void *sleep_for_ever(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

static void *spin_for_ever(void *arg)
{
	for (;;)
		*(volatile int *)&counter;
	return NULL;
}

TEST(process_exit_ends_all_threads)
{
	pthread_t th;

	pid_t pid = t_fork();
	if (pid == 0) {
		pthread_create(&th, NULL, sleep_for_ever, NULL);
		pthread_create(&th, NULL, spin_for_ever, NULL);
		pthread_create(&th, NULL, exit_process, NULL);
		for (;;)
			pause();
	}
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 55);
	pid = t_fork();
	if (pid == 0) {
		pthread_create(&th, NULL, sleep_for_ever, NULL);
		pthread_create(&th, NULL, spin_for_ever, NULL);
		_exit(56);
	}
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 56);
	pid = t_fork();
	if (pid == 0) {
		pthread_create(&th, NULL, sleep_for_ever, NULL);
		pthread_create(&th, NULL, spin_for_ever, NULL);
		raise(SIGKILL);
	}
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGKILL);
}

static void *last_one(void *arg)
{
	for (int i = 0; i < 500; i++)
		sched_yield(); /* by then the first one has ended */
	exit(57);
}

TEST(first_thread_may_leave_first)
{
	pthread_t th;
	pid_t pid = t_fork();

	if (pid == 0) {
		pthread_create(&th, NULL, last_one, NULL);
		pthread_exit(NULL);
	}
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 57);
}

static int t_hook(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "PID") == 0)
		return getpid() == atoi(argv[2]) && syscall(SYS_gettid) == getpid() ? 58 : 1;
	return -1;
}

static void *exec_it(void *arg)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	execl("/proc/self/exe", "thread", "PID", pid, NULL);
	_exit(99);
}

TEST(exec_in_a_thread)
{
	pthread_t th;
	pid_t pid = t_fork();

	if (pid == 0) {
		pthread_create(&th, NULL, sleep_for_ever, NULL);
		pthread_create(&th, NULL, spin_for_ever, NULL);
		pthread_create(&th, NULL, exec_it, NULL);
		for (;;)
			pause();
	}
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 58);
}

static void *fork_it(void *arg)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(syscall(SYS_gettid) == getpid() ? 59 : 1);
	return (void *)(intptr_t)WEXITSTATUS(t_wait(pid));
}

static void *walks(void *arg)
{
	char *const *dir = arg;

	for (;;) {
		SYS(chdir(dir[0]));
		SYS(chdir(dir[1]));
	}
	return NULL;
}

/* Whatever directory a child begins in, it knows its name. */
TEST(fork_beside_a_thread_that_walks)
{
	char top[200], a[220], b[220], *dir[] = { a, b };
	pthread_t th;

	CHECK(getcwd(top, sizeof(top)) != NULL);
	snprintf(a, sizeof(a), "%s/a", top);
	snprintf(b, sizeof(b), "%s/a/directory", top);
	SYS(mkdir(a, 0755));
	SYS(mkdir(b, 0755));
	SYS(chdir(a));
	OK(pthread_create(&th, NULL, walks, dir));
	for (long long end = t_now_ns() + 3000000000ll; t_now_ns() < end;) {
		pid_t pid = t_fork();

		if (pid == 0) {
			char cwd[300];
			struct stat st, want;

			CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
			SYS(stat(".", &st));
			SYS(stat(cwd, &want));
			CHECK(strcmp(cwd, a) == 0 || strcmp(cwd, b) == 0);
			CHECK_EQ(st.st_ino, want.st_ino);
			_exit(0);
		}
		t_join(pid);
	}
}

TEST(fork_in_a_thread)
{
	pthread_t th;
	void *r;

	OK(pthread_create(&th, NULL, fork_it, NULL));
	OK(pthread_join(th, &r));
	CHECK_EQ((intptr_t)r, 59);
}

static void *cancel_me(void *arg)
{
	ready = 1;
	for (;;)
		pause();
	return NULL;
}

TEST(cancellation)
{
	pthread_t th;
	void *r;

	OK(pthread_create(&th, NULL, cancel_me, NULL));
	while (!ready)
		sched_yield();
	OK(pthread_cancel(th));
	OK(pthread_join(th, &r));
	CHECK(r == PTHREAD_CANCELED);
}

TEST(between_processes)
{
	/* A mutex and a semaphore in memory shared with a child. */
	struct shared {
		pthread_mutex_t m;
		sem_t s;
		volatile int n;
	} *sh = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t at;

	CHECK(sh != MAP_FAILED);
	pthread_mutexattr_init(&at);
	pthread_mutexattr_setpshared(&at, PTHREAD_PROCESS_SHARED);
	OK(pthread_mutex_init(&sh->m, &at));
	SYS(sem_init(&sh->s, 1, 0));
	pid_t pid = t_fork();
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&sh->m);
		int n = sh->n;
		if (i % 50 == 0)
			sched_yield();
		sh->n = n + 1;
		pthread_mutex_unlock(&sh->m);
	}
	if (pid == 0) {
		SYS(sem_post(&sh->s));
		_exit(0);
	}
	SYS(sem_wait(&sh->s));
	CHECK_EQ(sh->n, 2000);
	t_join(pid);
}

TEST(mapping_beside_running_threads)
{
	/* Fresh mappings at addresses just used are empty, whatever another CPU's TLB remembers. */
	pthread_t th[3];

	for (int i = 0; i < 3; i++)
		OK(pthread_create(&th[i], NULL, locked_counting, NULL));
	for (int i = 0; i < 200; i++) {
		char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(p != MAP_FAILED);
		for (int j = 0; j < 16; j++)
			CHECK_EQ(p[j * 4096]++, 0);
		SYS(munmap(p, 65536));
	}
	for (int i = 0; i < 3; i++)
		OK(pthread_join(th[i], NULL));
}
