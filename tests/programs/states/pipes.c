/* SPDX-License-Identifier: MIT */
/* Pipes and FIFOs: with what is in them, with ends closed and opened again. pipes/ has processes at the ends. */
#include "pipes/pipes.h"
#include <poll.h>

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
