/* SPDX-License-Identifier: MIT */
/* Pipes with a thread asleep at an end: its work is done when the main one goes on. */
#define T_PART
#include "pipes.h"
#include <poll.h>
#include <pthread.h>
#include <sys/select.h>
#include <sys/sendfile.h>

static void *reader(void *arg)
{
	take(ends[0], 100, 11);
	return NULL;
}

static void *writer(void *arg)
{
	/* More than fits: it sleeps with half of its work done. */
	put(ends[1], 200000, 12);
	return NULL;
}

static void *small_writer(void *arg)
{
	put(ends[1], 9000, 13);
	return NULL;
}

static void *poller(void *arg)
{
	struct pollfd pf = { .fd = ends[0], .events = POLLIN };

	CHECK_EQ(poll(&pf, 1, -1), 1);
	CHECK_EQ(pf.revents, POLLIN);
	take(ends[0], 100, 11);
	return NULL;
}

static void *selector(void *arg)
{
	fd_set fds;

	FD_ZERO(&fds);
	FD_SET(ends[0], &fds);
	CHECK_EQ(select(ends[0] + 1, &fds, NULL, NULL, NULL), 1);
	take(ends[0], 100, 11);
	return NULL;
}

static void *copier(void *arg)
{
	off_t at = 0;
	int fd = *(int *)arg;

	while (at < 200000)
		CHECK(SYS(sendfile(ends[1], fd, &at, 200000 - at)) > 0);
	return NULL;
}

static pthread_t asleep(void *(*fn)(void *), void *arg)
{
	struct timespec ts = { 0, 50000000 };
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, fn, arg), 0);
	/* Whether it is asleep by then is not for sure, and changes nothing but what is tested. */
	nanosleep(&ts, NULL);
	return t;
}

static void join(pthread_t t)
{
	CHECK_EQ(pthread_join(t, NULL), 0);
}

STATE(blocked_read)
{
	SYS(pipe(ends));
	pthread_t t = asleep(reader, NULL);
	st_wait();
	put(ends[1], 100, 11);
	join(t);
	check_empty(ends[0]);
}

STATE(blocked_write)
{
	SYS(pipe(ends));
	pthread_t t = asleep(writer, NULL);
	st_wait();
	CHECK_EQ(inside(ends[0]), PIPE);
	take(ends[0], 200000, 12);
	join(t);
	check_empty(ends[0]);
}

STATE(blocked_write_small)
{
	SYS(pipe(ends));
	CHECK_EQ(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	pthread_t t = asleep(small_writer, NULL);
	st_wait();
	CHECK_EQ(inside(ends[0]), 4096);
	take(ends[0], 9000, 13);
	join(t);
	check_empty(ends[0]);
}

STATE(blocked_poll)
{
	SYS(pipe(ends));
	pthread_t t = asleep(poller, NULL);
	st_wait();
	put(ends[1], 100, 11);
	join(t);
}

STATE(blocked_select)
{
	SYS(pipe(ends));
	pthread_t t = asleep(selector, NULL);
	st_wait();
	put(ends[1], 100, 11);
	join(t);
}

STATE(blocked_sendfile)
{
	char *data = malloc(200000);

	SYS(pipe(ends));
	st_fill(data, 200000, 12);
	t_put("f", data, 200000);
	int fd = SYS(open("f", O_RDONLY));
	pthread_t t = asleep(copier, &fd);
	st_wait();
	take(ends[0], 200000, 12);
	join(t);
}

static void *fifo_opener(void *arg)
{
	*(int *)arg = SYS(open("fifo", O_RDONLY));
	return NULL;
}

STATE(blocked_open)
{
	int r = -1;

	SYS(mkfifo("fifo", 0600));
	pthread_t t = asleep(fifo_opener, &r);
	st_wait();
	int w = SYS(open("fifo", O_WRONLY));
	join(t);
	put(w, 10, 1);
	take(r, 10, 1);
}
