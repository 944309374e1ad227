/* SPDX-License-Identifier: MIT */
/*
 * A program that is asleep, or at work, when it is saved: what gdb shows of its image (tests/system/backtraces.py).
 *
 *   asleep KIND [IMAGE]   prints "ready" and goes to sleep in the C library's function of that name
 *   asleep -k             lists the kinds
 */
#include <poll.h>
#include <pthread.h>
#include <reprise/ckpt.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FUTEX_WAIT 0

static const char *image;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static volatile unsigned long turns;

/* The reading end of a pipe into which nothing is ever written. */
static int silent_pipe(void)
{
	int ends[2];

	return pipe(ends) == 0 ? ends[0] : -1;
}

static void in_self(void)
{
	if (ckpt(image, 0) < 0)
		perror("ckpt");
}

static void in_sleep(void)
{
	sleep(100000);
}

static void in_usleep(void)
{
	usleep(900000000);
}

static void in_nanosleep(void)
{
	struct timespec ts = { 100000, 0 };

	nanosleep(&ts, NULL);
}

static void in_poll(void)
{
	struct pollfd p = { silent_pipe(), POLLIN, 0 };

	poll(&p, 1, -1);
}

static void in_select(void)
{
	int fd = silent_pipe();
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	select(fd + 1, &set, NULL, NULL, NULL);
}

static void in_read(void)
{
	char c;

	if (read(silent_pipe(), &c, 1) != 0)
		perror("read");
}

static void in_getchar(void)
{
	dup2(silent_pipe(), 0);
	getchar();
}

static void in_fgets(void)
{
	char line[80];

	dup2(silent_pipe(), 0);
	if (fgets(line, sizeof(line), stdin))
		puts(line);
}

static void in_pause(void)
{
	pause();
}

static void in_sigsuspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigsuspend(&none);
}

static void in_sem_wait(void)
{
	sem_t sem;

	sem_init(&sem, 0, 0);
	sem_wait(&sem);
}

static void in_pthread_cond_wait(void)
{
	pthread_mutex_lock(&mutex);
	pthread_cond_wait(&cond, &mutex);
}

static void in_pthread_mutex_lock(void)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_lock(&mutex);
}

static void in_syscall(void)
{
	static int word;

	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL);
}

/* The program's function is called by the C library, and calls it again. */
static int compare(const void *a, const void *b)
{
	pause();
	return *(const int *)a - *(const int *)b;
}

static void in_qsort(void)
{
	int numbers[] = { 3, 1, 2 };

	qsort(numbers, 3, sizeof(int), compare);
}

static void on_signal(int sig)
{
	pause();
}

static void in_handler(void)
{
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
}

static void in_compute(void)
{
	for (;;)
		turns++;
}

static void *worker(void *arg)
{
	void (*const *call)(void) = arg;

	(*call)();
	return NULL;
}

static void in_threads(void)
{
	static void (*const calls[])(void) = { in_pthread_cond_wait, in_read, in_poll, in_sleep };
	pthread_t t[4];
	int i;

	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, worker, (void *)&calls[i]);
	pthread_join(t[0], NULL);
}

static const struct kind {
	const char *name;
	void (*call)(void);
} kinds[] = {
#define KIND(name)               \
	{                        \
#name, in_##name \
	}
	KIND(self),
	KIND(sleep),
	KIND(usleep),
	KIND(nanosleep),
	KIND(poll),
	KIND(select),
	KIND(read),
	KIND(getchar),
	KIND(fgets),
	KIND(pause),
	KIND(sigsuspend),
	KIND(sem_wait),
	KIND(pthread_cond_wait),
	KIND(syscall),
	KIND(qsort),
	KIND(handler),
	KIND(compute),
	KIND(pthread_mutex_lock),
	KIND(threads),
#undef KIND
};
#define NKINDS (int)(sizeof(kinds) / sizeof(kinds[0]))

static int rest(const struct kind *kind)
{
	int local = 1000 + (int)strlen(kind->name);

	printf("ready\n");
	fflush(stdout);
	kind->call();
	return local;
}

int main(int argc, char **argv)
{
	int i;

	for (i = 0; i < NKINDS; i++) {
		if (argc > 1 && !strcmp(argv[1], "-k"))
			puts(kinds[i].name);
		else if (argc > 1 && !strcmp(argv[1], kinds[i].name)) {
			image = argc > 2 ? argv[2] : "image";
			return rest(&kinds[i]) > 2000;
		}
	}
	return argc < 2;
}
