/* SPDX-License-Identifier: MIT */
/* Pipes and FIFOs: with what is in them, with ends closed and shared, with somebody asleep at an end. */
#include "states.h"
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>

#define PIPE 65536

static void put(int fd, size_t n, uint32_t seed)
{
	char *buf = malloc(n);

	CHECK(buf);
	st_fill(buf, n, seed);
	size_t done = SYS(write(fd, buf, n));
	/* A stop cuts it short, on Linux too; a checkpoint must not. */
	while (done < n && st_stops)
		done += SYS(write(fd, buf + done, n - done));
	CHECK_EQ(done, n);
	free(buf);
}

static void take(int fd, size_t n, uint32_t seed)
{
	char *buf = malloc(n);

	CHECK(buf);
	for (size_t got = 0; got < n;) {
		ssize_t r = SYS(read(fd, buf + got, n - got));

		CHECK(r > 0);
		got += r;
	}
	CHECK(st_filled(buf, n, seed));
	free(buf);
}

static int inside(int fd)
{
	int n = -1;

	SYS(ioctl(fd, FIONREAD, &n));
	return n;
}

static void check_empty(int fd)
{
	char c;

	SYS(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(fd, &c, 1), EAGAIN);
}

STATE(data)
{
	int p[2];

	SYS(pipe(p));
	put(p[1], 5000, 1);
	put(p[1], 3, 2);
	st_wait();
	CHECK_EQ(inside(p[0]), 5003);
	take(p[0], 5000, 1);
	put(p[1], 100, 3);
	take(p[0], 3, 2);
	take(p[0], 100, 3);
	check_empty(p[0]);
}

STATE(empty)
{
	int p[2];

	SYS(pipe2(p, O_NONBLOCK));
	st_wait();
	check_empty(p[0]);
	CHECK(fcntl(p[1], F_GETFL) & O_NONBLOCK);
	put(p[1], 10, 1);
	take(p[0], 10, 1);
}

STATE(full)
{
	char page[4096];
	int p[2], n = 0;

	SYS(pipe2(p, O_NONBLOCK));
	memset(page, 'f', sizeof(page));
	while (write(p[1], page, sizeof(page)) == sizeof(page))
		n++;
	CHECK_EQ(errno, EAGAIN);
	st_wait();
	CHECK_ERR(write(p[1], page, 1), EAGAIN);
	CHECK_EQ(inside(p[0]), n * 4096);
	for (int i = 0; i < n; i++) {
		CHECK_EQ(read(p[0], page, sizeof(page)), (ssize_t)sizeof(page));
		CHECK(page[0] == 'f' && page[4095] == 'f');
	}
	CHECK_ERR(read(p[0], page, 1), EAGAIN);
}

STATE(many_small)
{
	/* One byte in each of its pages, so to speak. */
	int p[2];
	char c;

	SYS(pipe(p));
	for (int i = 0; i < 500; i++)
		put(p[1], 1, i + 1);
	for (int i = 0; i < 123; i++)
		take(p[0], 1, i + 1);
	st_wait();
	for (int i = 123; i < 500; i++)
		take(p[0], 1, i + 1);
	SYS(close(p[1]));
	CHECK_EQ(read(p[0], &c, 1), 0);
}

STATE(half_read)
{
	int p[2];
	char *all = malloc(20000), back[13000];

	SYS(pipe(p));
	st_fill(all, 20000, 7);
	CHECK_EQ(write(p[1], all, 20000), 20000);
	CHECK_EQ(read(p[0], back, 7000), 7000);
	st_wait();
	CHECK_EQ(read(p[0], back, 13000), 13000);
	CHECK(memcmp(all + 7000, back, 13000) == 0);
	check_empty(p[0]);
}

STATE(size)
{
	int small[2], large[2];

	SYS(pipe2(small, O_NONBLOCK));
	SYS(pipe(large));
	SYS(fcntl(small[1], F_SETPIPE_SZ, 4096));
	SYS(fcntl(large[1], F_SETPIPE_SZ, 1 << 20));
	put(large[1], 700000, 9);
	st_wait();
	CHECK_EQ(fcntl(small[0], F_GETPIPE_SZ), 4096);
	CHECK_EQ(fcntl(large[0], F_GETPIPE_SZ), 1 << 20);
	take(large[0], 700000, 9);
	put(small[1], 4096, 1);
	CHECK_ERR(write(small[1], "x", 1), EAGAIN);
}

STATE(writer_gone)
{
	int p[2];
	char c;

	SYS(pipe(p));
	put(p[1], 50, 1);
	SYS(close(p[1]));
	st_wait();
	struct pollfd pf = { .fd = p[0], .events = POLLIN };
	CHECK_EQ(poll(&pf, 1, 0), 1);
	CHECK_EQ(pf.revents, POLLIN | POLLHUP);
	take(p[0], 50, 1);
	CHECK_EQ(read(p[0], &c, 1), 0);
}

/* Both ends opened once more by their names, the first descriptors closed. */
STATE(opened_again)
{
	char name[64], c;
	int p[2], r, w;

	SYS(pipe(p));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", p[0]);
	r = SYS(open(name, O_RDONLY));
	w = SYS(open(name, O_WRONLY | O_NONBLOCK));
	SYS(close(p[0]));
	SYS(close(p[1]));
	put(w, 1000, 5);
	SYS(close(w));
	st_wait();
	take(r, 1000, 5);
	CHECK_EQ(read(r, &c, 1), 0);
}

STATE(reader_gone)
{
	int p[2];

	SYS(pipe(p));
	signal(SIGPIPE, SIG_IGN);
	put(p[1], 50, 1);
	SYS(close(p[0]));
	st_wait();
	struct pollfd pf = { .fd = p[1], .events = POLLOUT };
	CHECK_EQ(poll(&pf, 1, 0), 1);
	CHECK(pf.revents & POLLERR);
	CHECK_ERR(write(p[1], "x", 1), EPIPE);
}

STATE(descriptors)
{
	int p[2];

	SYS(pipe2(p, O_CLOEXEC));
	int r2 = SYS(fcntl(p[0], F_DUPFD, 200)), w2 = SYS(dup(p[1]));
	SYS(fcntl(w2, F_SETFL, O_NONBLOCK));
	put(p[1], 10, 1);
	SYS(close(p[1]));
	st_wait();
	take(r2, 10, 1);
	CHECK_EQ(fcntl(p[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(r2, F_GETFD), 0);
	CHECK_EQ(fcntl(w2, F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_NONBLOCK | O_WRONLY);
	put(w2, 20, 2);
	take(p[0], 20, 2);
	struct stat a, b;
	SYS(fstat(p[0], &a));
	SYS(fstat(w2, &b));
	CHECK(S_ISFIFO(a.st_mode) && a.st_ino == b.st_ino);
	SYS(close(w2));
	char c;
	CHECK_EQ(read(r2, &c, 1), 0);
}

STATE(two)
{
	int p[2], q[2];

	SYS(pipe(p));
	SYS(pipe(q));
	put(p[1], 1000, 1);
	put(q[1], 2000, 2);
	st_wait();
	take(q[0], 2000, 2);
	take(p[0], 1000, 1);
}

STATE(fifo)
{
	SYS(mkfifo("fifo", 0600));
	int r = SYS(open("fifo", O_RDONLY | O_NONBLOCK)), w = SYS(open("fifo", O_WRONLY));
	put(w, 5000, 3);
	st_wait();
	take(r, 5000, 3);
	CHECK_ERR(read(r, &w, 1), EAGAIN);
	/* The name still leads to the same one. */
	int w2 = SYS(open("fifo", O_WRONLY | O_NONBLOCK));
	put(w2, 10, 4);
	take(r, 10, 4);
}

STATE(fifo_without_writer)
{
	/* poll(2) tells of a hangup only who has seen a writer. */
	SYS(mkfifo("fifo", 0600));
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	p[0].fd = SYS(open("fifo", O_RDONLY | O_NONBLOCK));
	SYS(close(SYS(open("fifo", O_WRONLY))));
	p[1].fd = SYS(open("fifo", O_RDONLY | O_NONBLOCK));
	st_wait();
	CHECK_EQ(poll(p, 2, 0), 1);
	CHECK_EQ(p[0].revents, POLLHUP);
	SYS(close(SYS(open("fifo", O_WRONLY))));
	CHECK_EQ(poll(p, 2, 0), 2);
	CHECK_EQ(p[1].revents, POLLHUP);
}

STATE_WITH(pipe_of_user, ST_ROOT)
{
	struct stat a;
	int p[2];

	SYS(pipe(p));
	SYS(fchown(p[1], 1000, 1001));
	SYS(fchmod(p[0], 0640));
	st_wait();
	SYS(fstat(p[0], &a));
	CHECK(a.st_uid == 1000 && a.st_gid == 1001);
	CHECK_EQ(a.st_mode, S_IFIFO | 0640);
}

STATE(fifo_both_ways)
{
	SYS(mkfifo("fifo", 0600));
	int fd = SYS(open("fifo", O_RDWR));
	put(fd, 500, 5);
	st_wait();
	take(fd, 500, 5);
	put(fd, 1, 6);
	take(fd, 1, 6);
}

STATE(fifo_removed)
{
	SYS(mkfifo("fifo", 0600));
	int r = SYS(open("fifo", O_RDONLY | O_NONBLOCK)), w = SYS(open("fifo", O_WRONLY));
	put(w, 5000, 3);
	SYS(unlink("fifo"));
	st_wait();
	take(r, 5000, 3);
	CHECK_ERR(access("fifo", F_OK), ENOENT);
}

/* Somebody asleep at an end: a thread, whose work is done when the main one goes on. */
static int ends[2];

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

/* With other processes at the ends. */

struct stage {
	int in, out;
};

static void relay(void *arg)
{
	struct stage *s = arg;
	char buf[3000];
	ssize_t n;

	while ((n = read(s->in, buf, sizeof(buf))) > 0)
		CHECK_EQ(write(s->out, buf, n), n);
	CHECK_EQ(n, 0);
}

STATE_TREE(child_reads)
{
	SYS(pipe(ends));
	put(ends[1], 40, 11);
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(close(ends[1]));
		take(ends[0], 40, 11);
		take(ends[0], 60, 12);
		char c;
		CHECK_EQ(read(ends[0], &c, 1), 0);
		_exit(0);
	}
	t_await_state(pid, "S");
	st_wait();
	put(ends[1], 60, 12);
	SYS(close(ends[1]));
	t_join(pid);
}

STATE_TREE(child_writes)
{
	SYS(pipe(ends));
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(close(ends[0]));
		put(ends[1], 200000, 12);
		_exit(0);
	}
	SYS(close(ends[1]));
	t_await_state(pid, "S");
	st_wait();
	take(ends[0], 200000, 12);
	char c;
	CHECK_EQ(read(ends[0], &c, 1), 0);
	t_join(pid);
}

STATE_TREE(pipeline)
{
	enum { N = 5 };
	int p[N + 1][2];
	pid_t pid[N];

	for (int i = 0; i <= N; i++)
		SYS(pipe2(p[i], 0));
	for (int i = 0; i < N; i++) {
		pid[i] = t_fork();
		if (pid[i] == 0) {
			struct stage s = { p[i][0], p[i + 1][1] };

			for (int k = 0; k <= N; k++) {
				for (int end = 0; end < 2; end++) {
					if (p[k][end] != s.in && p[k][end] != s.out)
						SYS(close(p[k][end]));
				}
			}
			relay(&s);
			_exit(0);
		}
	}
	for (int i = 0; i < N; i++) {
		SYS(close(p[i][0]));
		SYS(close(p[i + 1][1]));
	}
	put(p[0][1], 60000, 21);
	st_wait();
	SYS(close(p[0][1]));
	take(p[N][0], 60000, 21);
	char c;
	CHECK_EQ(read(p[N][0], &c, 1), 0);
	for (int i = 0; i < N; i++)
		t_join(pid[i]);
}

STATE_TREE(pipeline_full)
{
	/* Nobody takes anything out: all stages sleep at full pipes. */
	int p[3][2];
	pid_t pid[3];

	for (int i = 0; i < 3; i++)
		SYS(pipe(p[i]));
	pid[0] = t_fork();
	if (pid[0] == 0) {
		put(p[0][1], 400000, 22);
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		struct stage s = { p[i][0], p[i + 1][1] };

		pid[i + 1] = t_fork();
		if (pid[i + 1] == 0) {
			for (int k = 0; k < 3; k++) {
				if (k != i + 1)
					SYS(close(p[k][1]));
			}
			relay(&s);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		SYS(close(p[i][1]));
	t_await_state(pid[0], "S");
	st_wait();
	take(p[2][0], 400000, 22);
	for (int i = 0; i < 3; i++)
		t_join(pid[i]);
}

STATE_TREE(two_readers)
{
	/* Each byte reaches exactly one of them. */
	int *sum = (int *)calloc(2, sizeof(int)), back[2];
	pid_t pid[2];

	SYS(pipe(ends));
	SYS(pipe(back));
	for (int i = 0; i < 2; i++) {
		pid[i] = t_fork();
		if (pid[i] == 0) {
			unsigned char c;

			SYS(close(ends[1]));
			while (read(ends[0], &c, 1) == 1)
				sum[0] += c;
			CHECK_EQ(write(back[1], sum, sizeof(int)), (ssize_t)sizeof(int));
			_exit(0);
		}
	}
	t_await_state(pid[0], "S");
	t_await_state(pid[1], "S");
	st_wait();
	int want = 0, a, b;
	for (int i = 0; i < 1000; i++) {
		unsigned char c = i;

		want += c;
		CHECK_EQ(write(ends[1], &c, 1), 1);
	}
	SYS(close(ends[1]));
	CHECK_EQ(read(back[0], &a, sizeof(a)), (ssize_t)sizeof(a));
	CHECK_EQ(read(back[0], &b, sizeof(b)), (ssize_t)sizeof(b));
	CHECK_EQ(a + b, want);
	t_join(pid[0]);
	t_join(pid[1]);
}

STATE_TREE(only_child_has_end)
{
	/* The parent keeps no descriptor of it. */
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(pipe(ends));
		put(ends[1], 3000, 31);
		pid_t kid = t_fork();
		if (kid == 0) {
			SYS(close(ends[1]));
			st_await_go();
			take(ends[0], 3000, 31);
			_exit(0);
		}
		SYS(close(ends[0]));
		t_join(kid);
		signal(SIGPIPE, SIG_IGN);
		CHECK_ERR(write(ends[1], "x", 1), EPIPE);
		_exit(0);
	}
	t_await_state(pid, "S");
	st_wait();
	t_join(pid);
}

STATE_TREE(fifo_between)
{
	SYS(mkfifo("fifo", 0600));
	pid_t pid = t_fork();
	if (pid == 0) {
		int fd = SYS(open("fifo", O_RDONLY));

		take(fd, 100, 1);
		take(fd, 9000, 2);
		_exit(0);
	}
	int fd = SYS(open("fifo", O_WRONLY));
	put(fd, 100, 1);
	t_await_state(pid, "S");
	st_wait();
	put(fd, 9000, 2);
	t_join(pid);
}
