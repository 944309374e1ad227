/* SPDX-License-Identifier: MIT */
/* What the parts of st-terminals share: a pty, what is written to it and expected from it. */
#ifndef TESTS_STATES_TERMINALS_TERMINALS_H
#define TESTS_STATES_TERMINALS_TERMINALS_H

#include "../states.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

__attribute__((unused)) static int master, slave;
__attribute__((unused)) static char slave_name[64];

__attribute__((unused)) static void open_pty(int flags)
{
	int n, zero = 0;

	master = SYS(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	SYS(ioctl(master, TIOCSPTLCK, &zero));
	SYS(ioctl(master, TIOCGPTN, &n));
	snprintf(slave_name, sizeof(slave_name), "/dev/pts/%d", n);
	slave = SYS(open(slave_name, O_RDWR | flags));
}

__attribute__((unused)) static void set_mode(int fd, tcflag_t off, tcflag_t on)
{
	struct termios t;

	SYS(tcgetattr(fd, &t));
	t.c_lflag = (t.c_lflag & ~off) | on;
	SYS(tcsetattr(fd, TCSANOW, &t));
}

__attribute__((unused)) static void put(int fd, const char *text)
{
	CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

__attribute__((unused)) static void expect(int fd, const char *text)
{
	char buf[200];
	size_t n = strlen(text), got = 0;

	while (got < n) {
		ssize_t r = SYS(read(fd, buf + got, n - got));

		CHECK(r > 0);
		got += r;
	}
	buf[n] = 0;
	CHECK_STR(buf, text);
}

__attribute__((unused)) static void expect_nothing(int fd)
{
	struct pollfd pf = { .fd = fd, .events = POLLIN };

	CHECK_EQ(poll(&pf, 1, 0), 0);
}

__attribute__((unused)) static volatile sig_atomic_t hits;

__attribute__((unused)) static void count(int sig)
{
	hits++;
}

#endif
