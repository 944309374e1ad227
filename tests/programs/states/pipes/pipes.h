/* SPDX-License-Identifier: MIT */
/* What the parts of st-pipes share: a pattern of bytes in a pipe. */
#ifndef TESTS_STATES_PIPES_PIPES_H
#define TESTS_STATES_PIPES_PIPES_H

#include "../states.h"
#include <sys/ioctl.h>

#define PIPE 65536

__attribute__((unused)) static void put(int fd, size_t n, uint32_t seed)
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

__attribute__((unused)) static void take(int fd, size_t n, uint32_t seed)
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

__attribute__((unused)) static int inside(int fd)
{
	int n = -1;

	SYS(ioctl(fd, FIONREAD, &n));
	return n;
}

__attribute__((unused)) static void check_empty(int fd)
{
	char c;

	SYS(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(fd, &c, 1), EAGAIN);
}

/* The ends of the pipe that other threads and processes use. */
__attribute__((unused)) static int ends[2];

#endif
