/* SPDX-License-Identifier: MIT */
/*
 * What the tests of terminals share: a pseudo terminal, reading and writing its two sides, its modes.
 *
 * On Linux what one side writes reaches the other a moment later, so nothing here looks without waiting (readable()).
 */
#ifndef TESTS_PTY_H
#define TESTS_PTY_H

#include "t.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

#define SOON_MS 5000 /* something must come */
#define QUIET_MS 100 /* nothing may come */

struct pair {
	int m, s;
	char name[32];
};

__attribute__((unused)) static int open_master(char *name, size_t size)
{
	int m = SYS(open("/dev/ptmx", O_RDWR | O_NOCTTY)), unlock = 0;
	unsigned n;

	SYS(ioctl(m, TIOCGPTN, &n));
	SYS(ioctl(m, TIOCSPTLCK, &unlock));
	snprintf(name, size, "/dev/pts/%u", n);
	return m;
}

__attribute__((unused)) static struct pair open_pair(void)
{
	struct pair p;

	p.m = open_master(p.name, sizeof(p.name));
	p.s = SYS(open(p.name, O_RDWR | O_NOCTTY));
	return p;
}

__attribute__((unused)) static int readable_for(int fd, int ms)
{
	struct pollfd pf = { .fd = fd, .events = POLLIN };

	SYS(poll(&pf, 1, ms));
	return (pf.revents & (POLLIN | POLLHUP)) != 0;
}

__attribute__((unused)) static int readable(int fd)
{
	return readable_for(fd, SOON_MS);
}

__attribute__((unused)) static int quiet(int fd)
{
	return !readable_for(fd, QUIET_MS);
}

__attribute__((unused)) static void put(int fd, const char *s)
{
	CHECK_EQ(write(fd, s, strlen(s)), (ssize_t)strlen(s));
}

/* One read of at most `size`. */
__attribute__((unused)) static const char *get(int fd, size_t size)
{
	static char buf[4096];
	ssize_t n;

	CHECK(readable(fd));
	n = SYS(read(fd, buf, size < sizeof(buf) ? size : sizeof(buf) - 1));
	buf[n] = 0;
	return buf;
}

/* Reads until `want` has come, whole. */
__attribute__((unused)) static void expect(int fd, const char *want)
{
	char buf[4096] = "";
	size_t have = 0, len = strlen(want);

	while (have < len) {
		if (!readable(fd))
			FAIL("expected \"%s\", found only \"%s\"", want, buf);
		ssize_t n = read(fd, buf + have, len - have);

		if (n <= 0)
			FAIL("expected \"%s\", found \"%s\" and then %zd, errno %d", want, buf, n, errno);
		have += (size_t)n;
		buf[have] = 0;
	}
	CHECK_STR(buf, want);
}

__attribute__((unused)) static void set_mode(int fd, unsigned clear_l, unsigned set_l)
{
	struct termios t;

	SYS(tcgetattr(fd, &t));
	t.c_lflag &= ~clear_l;
	t.c_lflag |= set_l;
	SYS(tcsetattr(fd, TCSANOW, &t));
}

__attribute__((unused)) static void set_raw(int fd, int min, int time)
{
	struct termios t;

	SYS(tcgetattr(fd, &t));
	cfmakeraw(&t);
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	SYS(tcsetattr(fd, TCSANOW, &t));
}

#endif
