/* SPDX-License-Identifier: MIT */
/* Terminals: both ends of a pty in one process, with modes, size, what is typed and what is printed. terminals/ has trees on them. */
#include "terminals/terminals.h"
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <termios.h>

STATE(pair)
{
	int n;

	open_pty(O_NOCTTY);
	set_mode(slave, ECHO, 0);
	st_wait();
	put(master, "typed\n");
	expect(slave, "typed\n");
	put(slave, "printed\n");
	expect(master, "printed\r\n");
	SYS(ioctl(master, TIOCGPTN, &n));
	char name[64];
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	CHECK_STR(name, slave_name);
	CHECK_STR(ttyname(slave), slave_name);
	/* It can still be opened by its name. */
	int again = SYS(open(slave_name, O_RDWR | O_NOCTTY));
	put(again, "x");
	expect(master, "x");
}

STATE(modes)
{
	struct termios t = { 0 }, now = { 0 };

	open_pty(O_NOCTTY);
	SYS(tcgetattr(slave, &t));
	t.c_iflag = (t.c_iflag & ~ICRNL) | IXON | INLCR;
	t.c_oflag &= ~OPOST;
	t.c_lflag = (t.c_lflag & ~(ICANON | ECHO)) | NOFLSH;
	t.c_cc[VMIN] = 3;
	t.c_cc[VTIME] = 2;
	t.c_cc[VINTR] = 7;
	SYS(tcsetattr(slave, TCSANOW, &t));
	SYS(tcgetattr(slave, &t));
	st_wait();
	SYS(tcgetattr(slave, &now));
	CHECK(memcmp(&t, &now, sizeof(t)) == 0);
	put(slave, "\n");
	expect(master, "\n");
}

STATE(window)
{
	struct winsize ws = { 33, 101, 5, 6 }, now;

	open_pty(O_NOCTTY);
	SYS(ioctl(master, TIOCSWINSZ, &ws));
	st_wait();
	SYS(ioctl(slave, TIOCGWINSZ, &now));
	CHECK(memcmp(&ws, &now, sizeof(ws)) == 0);
}

STATE(typed_lines)
{
	open_pty(O_NOCTTY);
	set_mode(slave, ECHO, 0);
	put(master, "one\ntwo\nhal");
	expect(slave, "one\n");
	st_wait();
	expect(slave, "two\n");
	expect_nothing(slave);
	/* The line that was begun can still be edited. */
	put(master, "\177f a line\n");
	expect(slave, "haf a line\n");
}

STATE(typed_raw)
{
	open_pty(O_NOCTTY);
	set_mode(slave, ECHO | ICANON | ISIG, 0);
	put(master, "\003raw\004bytes");
	expect(slave, "\003r");
	st_wait();
	expect(slave, "aw\004bytes");
	expect_nothing(slave);
}

static void *reads_five(void *arg)
{
	char text[8] = "";

	CHECK_EQ(read(slave, text, sizeof(text)), 5);
	CHECK_EQ(memcmp(text, "abcde", 5), 0);
	return NULL;
}

STATE(asks_for_five)
{
	struct termios t = { 0 };
	pthread_t reader;
	int waiting;

	open_pty(O_NOCTTY);
	SYS(tcgetattr(slave, &t));
	t.c_lflag &= ~(ICANON | ECHO);
	t.c_cc[VMIN] = 5;
	t.c_cc[VTIME] = 0;
	SYS(tcsetattr(slave, TCSANOW, &t));
	CHECK_EQ(pthread_create(&reader, NULL, reads_five, NULL), 0);
	put(master, "ab");
	/* It has taken them. */
	do {
		st_pause();
		SYS(ioctl(slave, FIONREAD, &waiting));
	} while (waiting);
	st_wait();
	put(master, "c");
	st_pause();
	put(master, "de");
	CHECK_EQ(pthread_join(reader, NULL), 0);
}

STATE(printed)
{
	open_pty(O_NOCTTY);
	put(slave, "first\nsecond\n");
	put(master, "echo\n");
	expect(master, "fir");
	st_wait();
	expect(master, "st\r\nsecond\r\necho\r\n");
	expect_nothing(master);
	expect(slave, "echo\n");
}

STATE(slave_closed)
{
	char c;

	open_pty(O_NOCTTY);
	put(slave, "last words");
	SYS(close(slave));
	st_wait();
	expect(master, "last words");
	CHECK_ERR(read(master, &c, 1), EIO);
	slave = SYS(open(slave_name, O_RDWR | O_NOCTTY));
	put(slave, "again");
	expect(master, "again");
}

STATE(master_closed)
{
	char c;

	open_pty(O_NOCTTY);
	put(slave, "nobody has read this");
	SYS(close(master));
	st_wait();
	CHECK_EQ(read(slave, &c, 1), 0);
	CHECK_ERR(write(slave, "x", 1), EIO);
	struct pollfd pf = { .fd = slave, .events = POLLIN };
	CHECK_EQ(poll(&pf, 1, 0), 1);
	CHECK(pf.revents & POLLHUP);
}

STATE(nonblocking)
{
	char c;

	open_pty(O_NOCTTY | O_NONBLOCK);
	SYS(fcntl(master, F_SETFD, FD_CLOEXEC));
	st_wait();
	CHECK_ERR(read(slave, &c, 1), EAGAIN);
	CHECK(!(fcntl(master, F_GETFL) & O_NONBLOCK));
	CHECK_EQ(fcntl(master, F_GETFD), FD_CLOEXEC);
}

STATE(controlling)
{
	/* The leader of a session without a terminal takes the one that it opens. */
	open_pty(0);
	int tty = SYS(open("/dev/tty", O_RDWR));
	CHECK_EQ(tcgetpgrp(slave), getpgrp());
	st_wait();
	CHECK_EQ(tcgetpgrp(slave), getpgrp());
	CHECK_EQ(tcgetsid(slave), getsid(0));
	put(tty, "to the terminal\n");
	expect(master, "to the terminal\r\n");
	SYS(close(SYS(open("/dev/tty", O_RDWR))));
}

STATE(keys)
{
	open_pty(0);
	signal(SIGINT, count);
	signal(SIGWINCH, count);
	st_wait();
	put(master, "\003");
	while (hits < 1)
		st_pause();
	struct winsize ws = { 10, 20, 0, 0 };
	SYS(ioctl(master, TIOCSWINSZ, &ws));
	while (hits < 2)
		st_pause();
}

STATE(many)
{
	int m[5], s[5];
	char text[8];

	for (int i = 0; i < 5; i++) {
		open_pty(O_NOCTTY);
		m[i] = master;
		s[i] = slave;
		set_mode(slave, ECHO, 0);
	}
	st_wait();
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "%d\n", i);
		put(m[i], text);
	}
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "%d\n", i);
		expect(s[i], text);
	}
}

STATE(no_terminal_any_more)
{
	/* It had a controlling terminal and has given it up. */
	open_pty(0);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCONT, SIG_IGN);
	SYS(ioctl(slave, TIOCNOTTY));
	st_wait();
	CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
	put(slave, "x");
	expect(master, "x");
}

STATE(line_being_edited)
{
	/* Where the line began on the screen decides how a tab is rubbed out. */
	open_pty(O_NOCTTY);
	put(slave, "12345> ");
	put(master, "a\tb");
	expect(master, "12345> a\tb");
	st_wait();
	put(master, "\177\177");
	expect(master, "\b \b\b\b\b\b\b\b\b\b");
	put(master, "c\n");
	expect(slave, "ac\n");
}

STATE(locked)
{
	int zero = 0;

	open_pty(O_NOCTTY);
	SYS(close(slave));
	SYS(close(master));
	master = SYS(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	int n;
	SYS(ioctl(master, TIOCGPTN, &n));
	snprintf(slave_name, sizeof(slave_name), "/dev/pts/%d", n);
	st_wait();
	CHECK_ERR(open(slave_name, O_RDWR | O_NOCTTY), EIO);
	SYS(ioctl(master, TIOCSPTLCK, &zero));
	slave = SYS(open(slave_name, O_RDWR | O_NOCTTY));
	put(slave, "x");
	expect(master, "x");
}

STATE(attributes)
{
	struct stat a, b;

	open_pty(O_NOCTTY);
	SYS(fchmod(slave, 0602));
	SYS(fstat(slave, &a));
	st_wait();
	SYS(fstat(slave, &b));
	CHECK_EQ(b.st_mode, a.st_mode);
	CHECK(b.st_uid == a.st_uid && b.st_gid == a.st_gid && b.st_rdev == a.st_rdev);
}

STATE(read_in_part)
{
	/* A line of which a part was read, and an end of file behind it. */
	char buf[10];

	open_pty(O_NOCTTY);
	set_mode(slave, ECHO, 0);
	put(master, "a line\n\004");
	expect(slave, "a l");
	st_wait();
	CHECK_EQ(read(slave, buf, sizeof(buf)), 4);
	CHECK(memcmp(buf, "ine\n", 4) == 0);
	CHECK_EQ(read(slave, buf, sizeof(buf)), 0);
}
