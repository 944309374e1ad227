/* SPDX-License-Identifier: MIT */
/*
 * States that change all the time, and look at every turn whether what they did was done once and rightly. A checkpoint may be taken
 * anywhere in them, again and again.
 */
#include "moving/moving.h"
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/time.h>

STATE_MOVING(memory)
{
	enum { PAGES = 200 };
	unsigned *p = mmap(NULL, PAGES * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		 want[PAGES] = { 0 };
	uint32_t seed = 5;

	CHECK(p != MAP_FAILED);
	do {
		for (int i = 0; i < 500; i++) {
			int k = t_rand(&seed) % PAGES;

			CHECK_EQ(p[k * (PG / 4) + k], want[k]);
			p[k * (PG / 4) + k] = want[k] = t_rand(&seed);
		}
	} while (turn());
}

STATE_MOVING(large_memory)
{
	/* Some pages in each of three page tables, which a copy of the process begins with. */
	enum { STRIDE = 50, PAGES = 3 * 1024 / STRIDE };
	char *p = mmap(NULL, 4 * 1024 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned want[PAGES] = { 0 }, *first;
	uint32_t seed = 8;

	CHECK(p != MAP_FAILED);
	first = (unsigned *)(((unsigned long)p + 1024 * PG - 1) & ~(1024 * PG - 1ul));
	do {
		for (int i = 0; i < 100; i++) {
			int k = t_rand(&seed) % PAGES;

			CHECK_EQ(first[k * STRIDE * (PG / 4) + k], want[k]);
			first[k * STRIDE * (PG / 4) + k] = want[k] = t_rand(&seed);
		}
	} while (turn());
}

STATE_MOVING(maps)
{
	enum { N = 40 };
	char *p[N] = { NULL };
	size_t size[N];
	uint32_t seed = 6;

	do {
		int k = t_rand(&seed) % N;

		if (p[k]) {
			CHECK(st_filled(p[k], 100, k + 1));
			CHECK(st_filled(p[k] + size[k] - 100, 100, k + 2));
			SYS(munmap(p[k], size[k]));
			p[k] = NULL;
			continue;
		}
		size[k] = (t_rand(&seed) % 20 + 1) * PG;
		p[k] = mmap(NULL, size[k], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(p[k] != MAP_FAILED);
		st_fill(p[k], 100, k + 1);
		st_fill(p[k] + size[k] - 100, 100, k + 2);
		if (size[k] > 3 * PG) {
			SYS(mprotect(p[k] + PG, PG, PROT_NONE));
		} else {
			p[k] = mremap(p[k], size[k], 30 * PG, MREMAP_MAYMOVE);
			CHECK(p[k] != MAP_FAILED);
			memcpy(p[k] + 30 * PG - 100, p[k] + size[k] - 100, 100);
			size[k] = 30 * PG;
		}
	} while (turn());
}

static int dig(int n)
{
	volatile char frame[2000];

	frame[0] = frame[1999] = (char)n;
	int r = n ? dig(n - 1) : 0;
	CHECK(frame[0] == (char)n && frame[1999] == (char)n);
	return r + 1;
}

STATE_MOVING(stack)
{
	uint32_t seed = 7;

	do {
		int n = t_rand(&seed) % 400;

		CHECK_EQ(dig(n), n + 1);
	} while (turn());
}

STATE_MOVING(files)
{
	char name[32], other[32], buf[3000], back[3000];
	unsigned n = 0;

	SYS(mkdir("d", 0755));
	do {
		snprintf(name, sizeof(name), "d/f%u", n % 17);
		snprintf(other, sizeof(other), "d/g%u", n % 5);
		st_fill(buf, sizeof(buf), ++n);
		int fd = SYS(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
		CHECK_EQ(write(fd, buf, sizeof(buf)), (ssize_t)sizeof(buf));
		SYS(rename(name, other));
		CHECK_EQ(pread(fd, back, sizeof(back), 0), (ssize_t)sizeof(back));
		CHECK(memcmp(buf, back, sizeof(buf)) == 0);
		SYS(ftruncate(fd, 1000));
		SYS(close(fd));
		fd = SYS(open(other, O_RDONLY));
		CHECK_EQ(read(fd, back, sizeof(back)), 1000);
		CHECK(memcmp(buf, back, 1000) == 0);
		SYS(close(fd));
		SYS(unlink(other));
	} while (turn());
}

STATE_MOVING(append)
{
	/* A file that grows, with its length counted. */
	char c;
	off_t n = 0;
	int fd = SYS(open("f", O_RDWR | O_CREAT | O_APPEND, 0600));

	do {
		c = (char)n;
		CHECK_EQ(write(fd, &c, 1), 1);
		CHECK_EQ(lseek(fd, 0, SEEK_END), ++n);
		CHECK_EQ(pread(fd, &c, 1, n / 2), 1);
		CHECK_EQ(c, (char)(n / 2));
	} while (turn());
}

STATE_MOVING(descriptors)
{
	int fd[50], n = 0;
	uint32_t seed = 8;

	t_put("f", "0123456789", 10);
	do {
		if (n < 50 && t_rand(&seed) % 2) {
			fd[n] = n ? SYS(dup(fd[t_rand(&seed) % n])) : SYS(open("f", O_RDONLY));
			n++;
		} else if (n > 1) {
			SYS(close(fd[--n]));
		}
		for (int i = 0; i < n; i++)
			CHECK_EQ(lseek(fd[i], 0, SEEK_CUR), lseek(fd[0], 0, SEEK_CUR));
		if (n)
			SYS(lseek(fd[n - 1], t_rand(&seed) % 1000, SEEK_SET));
	} while (turn());
}

STATE_MOVING(signals)
{
	struct sigaction sa = { .sa_handler = count };
	sigset_t set;
	int sent = 0;

	SYS(sigaction(SIGUSR1, &sa, NULL));
	SYS(sigaction(SIGRTMIN, &sa, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	do {
		raise(SIGUSR1);
		CHECK_EQ(hits, ++sent);
		SYS(sigprocmask(SIG_BLOCK, &set, NULL));
		for (int i = 0; i < 7; i++)
			SYS(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }));
		CHECK_EQ(hits, sent);
		SYS(sigprocmask(SIG_UNBLOCK, &set, NULL));
		CHECK_EQ(hits, sent += 7);
	} while (turn());
}

STATE_WITH(ticks, ST_LOOP | ST_TICKS)
{
	/* A timer interrupts calls all the time; what they do is done once. */
	struct itimerval it = { { 0, 1000 }, { 0, 1000 } };
	struct sigaction sa = { .sa_handler = count, .sa_flags = SA_RESTART };
	unsigned n = 0, back;
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));

	SYS(sigaction(SIGALRM, &sa, NULL));
	SYS(setitimer(ITIMER_REAL, &it, NULL));
	do {
		CHECK_EQ(pwrite(fd, &n, sizeof(n), n % 100 * 4), (ssize_t)sizeof(n));
		CHECK_EQ(pread(fd, &back, sizeof(back), n % 100 * 4), (ssize_t)sizeof(back));
		CHECK_EQ(back, n);
		n++;
	} while (turn() || hits == 0); /* a few turns may be over before the timer is */
}

STATE_MOVING(pipe_alone)
{
	/*
	 * So much fits however it was written: Linux keeps 16 pieces of at most a page each, and adds to the last one only what leaves less than a
	 * page in it, so that all but the first and the last two of them may be half empty.
	 */
	enum { FITS = 24000 };
	char buf[9000];
	int p[2];
	uint32_t in = 9, out = 9, seed = 10;
	unsigned n = 0;

	SYS(pipe(p));
	do {
		unsigned len = t_rand(&seed) % 9000;

		if (n + len <= FITS) {
			for (unsigned i = 0; i < len; i++)
				buf[i] = t_rand(&in);
			CHECK_EQ(write(p[1], buf, len), (ssize_t)len);
			n += len;
		}
		len = t_rand(&seed) % 9000;
		if (len > n)
			len = n;
		CHECK_EQ(read(p[0], buf, len), (ssize_t)len);
		for (unsigned i = 0; i < len; i++)
			CHECK_EQ(buf[i], (char)t_rand(&out));
		n -= len;
	} while (turn());
}

static void *one_thread(void *arg)
{
	return (void *)((long)arg * 3);
}

STATE_MOVING(threads)
{
	pthread_t t[5];

	do {
		for (long i = 0; i < 5; i++)
			CHECK_EQ(pthread_create(&t[i], NULL, one_thread, (void *)i), 0);
		for (long i = 0; i < 5; i++) {
			void *r;

			CHECK_EQ(pthread_join(t[i], &r), 0);
			CHECK_EQ((long)r, i * 3);
		}
	} while (turn());
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int ball, over;

static void *player(void *arg)
{
	pthread_mutex_lock(&mutex);
	while (!over) {
		if (ball % 2 == 0) {
			pthread_cond_wait(&cond, &mutex);
			continue;
		}
		ball++;
		pthread_cond_signal(&cond);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

STATE_MOVING(ping_pong)
{
	pthread_t t;
	int want = 0;

	CHECK_EQ(pthread_create(&t, NULL, player, NULL), 0);
	do {
		pthread_mutex_lock(&mutex);
		CHECK_EQ(ball, want);
		ball++;
		pthread_cond_signal(&cond);
		while (ball % 2)
			pthread_cond_wait(&cond, &mutex);
		want += 2;
		pthread_mutex_unlock(&mutex);
	} while (turn());
	pthread_mutex_lock(&mutex);
	over = 1;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&mutex);
	CHECK_EQ(pthread_join(t, NULL), 0);
}

static volatile int stop;

static void *contend(void *arg)
{
	while (!stop) {
		pthread_mutex_lock(&mutex);
		int was = ball;
		sched_yield();
		ball = was + 1;
		*(int *)arg += 1;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

STATE_MOVING(contention)
{
	pthread_t t[4];
	int did[4] = { 0 };

	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, contend, &did[i]), 0);
	do
		st_pause();
	while (turn());
	stop = 1;
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	CHECK_EQ(ball, did[0] + did[1] + did[2] + did[3]);
}

STATE_MOVING(sleeps)
{
	do {
		struct timespec ts = { 0, 2000000 };
		long long began = t_now_ns();

		SYS(nanosleep(&ts, NULL));
		CHECK_EQ(poll(NULL, 0, 2), 0);
		CHECK(t_now_ns() - began >= 4000000);
	} while (turn());
}
