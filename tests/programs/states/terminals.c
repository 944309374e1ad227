/* SPDX-License-Identifier: MIT */
/* Terminals: both ends of a pty in one process or in a tree, with modes, size, what is typed and what is printed; sessions and jobs on them. */
#include "states.h"
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;
static char slave_name[64];

static void open_pty(int flags)
{
	int n, zero = 0;

	master = SYS(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	SYS(ioctl(master, TIOCSPTLCK, &zero));
	SYS(ioctl(master, TIOCGPTN, &n));
	snprintf(slave_name, sizeof(slave_name), "/dev/pts/%d", n);
	slave = SYS(open(slave_name, O_RDWR | flags));
}

static void set_mode(int fd, tcflag_t off, tcflag_t on)
{
	struct termios t;

	SYS(tcgetattr(fd, &t));
	t.c_lflag = (t.c_lflag & ~off) | on;
	SYS(tcsetattr(fd, TCSANOW, &t));
}

static void put(int fd, const char *text)
{
	CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void expect(int fd, const char *text)
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

static void expect_nothing(int fd)
{
	struct pollfd pf = { .fd = fd, .events = POLLIN };

	CHECK_EQ(poll(&pf, 1, 0), 0);
}

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

static volatile sig_atomic_t hits;

static void count(int sig)
{
	hits++;
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

static void *ends_of_tty;

static void read_line(void *arg)
{
	expect(slave, "a line\n");
}

STATE_TREE(child_reads)
{
	open_pty(O_NOCTTY);
	set_mode(slave, ECHO, 0);
	put(master, "a li");
	pid_t pid = st_child(read_line, ends_of_tty);
	t_await_state(pid, "S");
	st_wait();
	put(master, "ne\n");
	t_join(pid);
}

static void job(void *arg)
{
	char c;

	SYS(setpgid(0, 0));
	/* Until it is in the foreground it may not read. */
	CHECK_EQ(read(slave, &c, 1), 1);
	CHECK_EQ(c, 'j');
	CHECK_EQ(tcgetpgrp(slave), getpgrp());
}

STATE_TREE(background_job)
{
	int st;

	open_pty(0);
	set_mode(slave, ECHO, 0);
	signal(SIGTTOU, SIG_IGN);
	pid_t pid = st_child(job, NULL);
	CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
	CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == SIGTTIN);
	st_wait();
	CHECK_EQ(tcgetpgrp(slave), getpgrp());
	SYS(tcsetpgrp(slave, pid));
	SYS(kill(-pid, SIGCONT));
	put(master, "j\n");
	t_join(pid);
	SYS(tcsetpgrp(slave, getpgrp()));
}

STATE_TREE(foreground_job)
{
	open_pty(0);
	set_mode(slave, ECHO, 0);
	signal(SIGTTOU, SIG_IGN);
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(setpgid(0, 0));
		SYS(tcsetpgrp(slave, getpid()));
		signal(SIGINT, count);
		put(slave, "r");
		while (!hits)
			st_pause();
		_exit(0);
	}
	expect(master, "r");
	st_wait();
	CHECK_EQ(tcgetpgrp(slave), pid);
	signal(SIGINT, SIG_DFL);
	put(master, "\003"); /* reaches the job, not its parent */
	t_join(pid);
	SYS(tcsetpgrp(slave, getpgrp()));
}

static void login(void *arg)
{
	/* As a terminal emulator starts a shell. */
	SYS(close(master));
	SYS(setsid());
	SYS(ioctl(slave, TIOCSCTTY, 0));
	put(slave, "login\n");
	expect(slave, "hello\n");
	CHECK_EQ(tcgetsid(slave), getpid());
	CHECK_EQ(tcgetpgrp(slave), getpid());
	put(slave, "bye\n");
}

STATE_TREE(emulator)
{
	open_pty(O_NOCTTY);
	set_mode(slave, ECHO, 0);
	pid_t pid = st_child(login, NULL);
	SYS(close(slave));
	expect(master, "login\r\n");
	t_await_state(pid, "S");
	st_wait();
	put(master, "hello\n");
	expect(master, "bye\r\n");
	t_join(pid);
	char c;
	CHECK_ERR(read(master, &c, 1), EIO);
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

#define MUCH 40000

static char letter(size_t i)
{
	return (char)('a' + i % 26 + i / 1000 % 7 % 2 * ('A' - 'a'));
}

static void print_much(void *arg)
{
	char *text = malloc(MUCH);

	for (size_t i = 0; i < MUCH; i++)
		text[i] = letter(i);
	SYS(close(master));
	CHECK_EQ(write(slave, text, MUCH), MUCH);
	free(text);
}

STATE_TREE(printing_blocked)
{
	/* Nobody reads what it writes: it has written a part of it. */
	char text[100];
	ssize_t n;

	open_pty(O_NOCTTY);
	pid_t pid = st_child(print_much, NULL);
	t_await_state(pid, "S");
	st_wait();
	for (size_t i = 0; i < MUCH; i += n) {
		n = SYS(read(master, text, sizeof(text)));
		CHECK(n > 0);
		for (ssize_t k = 0; k < n; k++)
			CHECK_EQ(text[k], letter(i + k));
	}
	expect_nothing(master);
	t_join(pid);
}

static void type_much(void *arg)
{
	char *text = malloc(MUCH);

	for (size_t i = 0; i < MUCH; i++)
		text[i] = i % 100 == 99 ? '\n' : letter(i);
	SYS(close(slave));
	CHECK_EQ(write(master, text, MUCH), MUCH);
	free(text);
}

STATE_TREE(typing_blocked)
{
	char line[200];

	open_pty(O_NOCTTY);
	set_mode(slave, ECHO, 0);
	pid_t pid = st_child(type_much, NULL);
	t_await_state(pid, "S");
	st_wait();
	for (size_t i = 0; i < MUCH; i += 100) {
		CHECK_EQ(read(slave, line, sizeof(line)), 100);
		for (size_t k = 0; k < 99; k++)
			CHECK_EQ(line[k], letter(i + k));
	}
	expect_nothing(slave);
	t_join(pid);
}

static void print_held(void *arg)
{
	SYS(close(master));
	put(slave, "held back"); /* may wait until output goes on */
}

STATE_TREE(output_stopped)
{
	open_pty(O_NOCTTY);
	SYS(tcflow(slave, TCOOFF));
	pid_t pid = st_child(print_held, NULL);
	t_await_state(pid, "SZ");
	st_wait();
	expect_nothing(master);
	SYS(tcflow(slave, TCOON));
	expect(master, "held back");
	t_join(pid);
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
