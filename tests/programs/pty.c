/* SPDX-License-Identifier: MIT */
/*
 * Terminals, through a pseudo terminal: line discipline, modes, signals, job control, hangup.
 *
 * On Linux what one side writes reaches the other a moment later, so nothing here looks without waiting (readable()).
 */
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

static int open_master(char *name, size_t size)
{
	int m = SYS(open("/dev/ptmx", O_RDWR | O_NOCTTY)), unlock = 0;
	unsigned n;

	SYS(ioctl(m, TIOCGPTN, &n));
	SYS(ioctl(m, TIOCSPTLCK, &unlock));
	snprintf(name, size, "/dev/pts/%u", n);
	return m;
}

static struct pair open_pair(void)
{
	struct pair p;

	p.m = open_master(p.name, sizeof(p.name));
	p.s = SYS(open(p.name, O_RDWR | O_NOCTTY));
	return p;
}

static int readable_for(int fd, int ms)
{
	struct pollfd pf = { .fd = fd, .events = POLLIN };

	SYS(poll(&pf, 1, ms));
	return (pf.revents & (POLLIN | POLLHUP)) != 0;
}

static int readable(int fd)
{
	return readable_for(fd, SOON_MS);
}

static int quiet(int fd)
{
	return !readable_for(fd, QUIET_MS);
}

static void put(int fd, const char *s)
{
	CHECK_EQ(write(fd, s, strlen(s)), (ssize_t)strlen(s));
}

/* One read of at most `size`. */
static const char *get(int fd, size_t size)
{
	static char buf[4096];
	ssize_t n;

	CHECK(readable(fd));
	n = SYS(read(fd, buf, size < sizeof(buf) ? size : sizeof(buf) - 1));
	buf[n] = 0;
	return buf;
}

/* Reads until `want` has come, whole. */
static void expect(int fd, const char *want)
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

static void set_mode(int fd, unsigned clear_l, unsigned set_l)
{
	struct termios t;

	SYS(tcgetattr(fd, &t));
	t.c_lflag &= ~clear_l;
	t.c_lflag |= set_l;
	SYS(tcsetattr(fd, TCSANOW, &t));
}

static void set_raw(int fd, int min, int time)
{
	struct termios t;

	SYS(tcgetattr(fd, &t));
	cfmakeraw(&t);
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	SYS(tcsetattr(fd, TCSANOW, &t));
}

/* --- Opening --- */

TEST(open)
{
	char name[32];
	int m = SYS(open("/dev/ptmx", O_RDWR | O_NOCTTY)), lock = -1, unlock = 0;
	struct stat st;
	unsigned n;

	SYS(ioctl(m, TIOCGPTN, &n));
	SYS(ioctl(m, TIOCGPTLCK, &lock));
	CHECK_EQ(lock, 1);
	snprintf(name, sizeof(name), "/dev/pts/%u", n);
	CHECK_ERR(open(name, O_RDWR | O_NOCTTY), EIO);
	SYS(ioctl(m, TIOCSPTLCK, &unlock));
	int s = SYS(open(name, O_RDWR | O_NOCTTY));

	SYS(fstat(s, &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(major(st.st_rdev), 136);
	CHECK_EQ(minor(st.st_rdev), n);
	CHECK_EQ(st.st_uid, geteuid());
	CHECK(isatty(s) && isatty(m));
	SYS(close(m));
	CHECK(access(name, F_OK) == -1 && errno == ENOENT);
	SYS(close(s));
}

TEST(first_settings)
{
	struct pair p = open_pair();
	struct winsize ws;
	struct termios t;

	SYS(tcgetattr(p.s, &t));
	CHECK_EQ(t.c_iflag & ~IUTF8, ICRNL | IXON);
	CHECK_EQ(t.c_oflag, OPOST | ONLCR);
	CHECK_EQ(t.c_cflag & (CSIZE | PARENB | CREAD), CS8 | CREAD);
	CHECK_EQ(t.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
	CHECK_EQ(t.c_cc[VINTR], 3);
	CHECK_EQ(t.c_cc[VERASE], 0177);
	CHECK_EQ(t.c_cc[VEOF], 4);
	CHECK_EQ(t.c_cc[VMIN], 1);
	CHECK_EQ(t.c_cc[VTIME], 0);
	SYS(ioctl(p.s, TIOCGWINSZ, &ws));
	CHECK_EQ(ws.ws_row | ws.ws_col | ws.ws_xpixel | ws.ws_ypixel, 0);
}

TEST(used_again)
{
	/* More than there are, one after the other: each starts fresh. */
	for (int i = 0; i < 100; i++) {
		struct pair p = open_pair();
		struct termios t;

		SYS(tcgetattr(p.s, &t));
		CHECK(t.c_lflag & ICANON);
		set_raw(p.s, 1, 0);
		put(p.m, "left over");
		SYS(close(i & 1 ? p.m : p.s));
		SYS(close(i & 1 ? p.s : p.m));
	}
}

/* --- Canonical mode --- */

TEST(line)
{
	struct pair p = open_pair();

	put(p.m, "hello");
	CHECK(quiet(p.s));
	put(p.m, "\r");
	CHECK_STR(get(p.s, 100), "hello\n");
	expect(p.m, "hello\r\n");
	put(p.m, "one\ntwo\n");
	CHECK_STR(get(p.s, 100), "one\n");
	CHECK_STR(get(p.s, 2), "tw");
	CHECK_STR(get(p.s, 100), "o\n");
}

TEST(end_of_file)
{
	struct pair p = open_pair();

	put(p.m, "\004");
	CHECK_STR(get(p.s, 100), "");
	put(p.m, "abc\004");
	CHECK_STR(get(p.s, 100), "abc");
	put(p.m, "xyz\004next\n");
	CHECK_STR(get(p.s, 3), "xyz");
	CHECK_STR(get(p.s, 100), "next\n");
}

TEST(editing)
{
	struct pair p = open_pair();

	put(p.m, "abcd\177\177x\n");
	CHECK_STR(get(p.s, 100), "abx\n");
	expect(p.m, "abcd\b \b\b \bx\r\n");
	put(p.m, "one two \027three\n");
	CHECK_STR(get(p.s, 100), "one three\n");
	expect(p.m, "one two \b \b\b \b\b \b\b \bthree\r\n");
	put(p.m, "gone\025kept\n");
	CHECK_STR(get(p.s, 100), "kept\n");
	expect(p.m, "gone\b \b\b \b\b \b\b \bkept\r\n");
	put(p.m, "a\tb\177\177c\n");
	CHECK_STR(get(p.s, 100), "ac\n");
	expect(p.m, "a\tb\b \b\b\b\b\b\b\b\bc\r\n");
	put(p.m, "q\026\003\026\n\n");
	CHECK_STR(get(p.s, 100), "q\003\n\n");
}

TEST(echo)
{
	struct pair p = open_pair();

	put(p.m, "\001\n");
	expect(p.m, "^A\r\n");
	get(p.s, 10);
	set_mode(p.s, ECHO, 0);
	put(p.m, "secret\n");
	CHECK_STR(get(p.s, 100), "secret\n");
	set_mode(p.s, 0, ECHONL);
	put(p.m, "secret\n");
	CHECK_STR(get(p.s, 100), "secret\n");
	expect(p.m, "\r\n");
	CHECK(quiet(p.m));
}

TEST(long_line)
{
	struct pair p = open_pair();
	char big[5000];
	size_t got = 0;

	set_mode(p.s, ECHO, 0);
	memset(big, 'x', sizeof(big));
	for (int i = 0; i < 5; i++)
		CHECK_EQ(write(p.m, big, 1000), 1000);
	put(p.m, "\n");
	while (got < 4096) {
		const char *s = get(p.s, 4000);

		got += strlen(s);
		if (strchr(s, '\n'))
			break;
	}
	CHECK_EQ(got, 4096);
}

/* --- Raw mode --- */

TEST(raw)
{
	struct pair p = open_pair();

	set_raw(p.s, 1, 0);
	put(p.m, "ab\003\r\004\177");
	expect(p.s, "ab\003\r\004\177");
	put(p.s, "out\n");
	expect(p.m, "out\n");
	CHECK(quiet(p.m));
}

TEST(vmin_vtime)
{
	struct pair p = open_pair();
	char buf[10];
	long long t;

	set_raw(p.s, 0, 0);
	CHECK_EQ(read(p.s, buf, 10), 0);
	set_raw(p.s, 0, 2);
	t = t_now_ns();
	CHECK_EQ(read(p.s, buf, 10), 0);
	CHECK(t_now_ns() - t >= 190000000);
	put(p.m, "x");
	CHECK_EQ(read(p.s, buf, 10), 1);

	set_raw(p.s, 3, 0);
	pid_t child = t_fork();

	if (child == 0) {
		CHECK_EQ(read(p.s, buf, 10), 3);
		_exit(0);
	}
	put(p.m, "a");
	put(p.m, "b");
	t_await_state(child, "S");
	put(p.m, "c");
	t_join(child);
	put(p.m, "de");
	CHECK_EQ(read(p.s, buf, 2), 2); /* what was asked for is enough */

	set_raw(p.s, 5, 1);
	put(p.m, "fg");
	t = t_now_ns();
	CHECK_EQ(read(p.s, buf, 10), 2);
	CHECK(t_now_ns() - t >= 90000000);
}

TEST(switching)
{
	struct pair p = open_pair();
	int n;

	put(p.m, "line\nab");
	expect(p.m, "line\r\nab");
	set_raw(p.s, 1, 0);
	SYS(ioctl(p.s, FIONREAD, &n));
	CHECK_EQ(n, 7);
	expect(p.s, "line\nab");
	put(p.m, "cd");
	CHECK(readable(p.s));
	set_mode(p.s, 0, ICANON);
	CHECK_STR(get(p.s, 10), "cd");
}

TEST(counts)
{
	struct pair p = open_pair();
	int n;

	put(p.m, "abc\nde");
	expect(p.m, "abc\r\nde");
	SYS(ioctl(p.s, FIONREAD, &n));
	CHECK_EQ(n, 4);
	SYS(tcflush(p.s, TCIFLUSH));
	SYS(ioctl(p.s, FIONREAD, &n));
	CHECK_EQ(n, 0);
	CHECK_EQ(ioctl(p.s, TIOCOUTQ, &n), 0);
	CHECK_ERR(tcflush(p.s, 17), EINVAL);
	CHECK_ERR(ioctl(p.s, 0x54ff, 0), ENOTTY);
	CHECK_ERR(ioctl(p.s, FIONREAD, (void *)8), EFAULT);
	CHECK_ERR(ioctl(p.s, TCSETS, (void *)0xc0000000ul), EFAULT);
}

TEST(nonblock)
{
	struct pair p = open_pair();
	char buf[4096] = "";
	ssize_t n;
	long total = 0;

	SYS(fcntl(p.s, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(p.s, buf, 10), EAGAIN);
	set_raw(p.s, 1, 0);
	CHECK_ERR(read(p.s, buf, 10), EAGAIN);
	/* Nobody reads the master: at some point nothing more goes in. */
	while ((n = write(p.s, buf, sizeof(buf))) > 0)
		total += n;
	CHECK(n == -1 && errno == EAGAIN && total > 0 && total < 1000000);
	struct pollfd pf = { .fd = p.s, .events = POLLOUT };

	CHECK_EQ(poll(&pf, 1, 0), 0);
	while (total > 0) {
		n = SYS(read(p.m, buf, sizeof(buf)));
		total -= n;
	}
	CHECK_EQ(poll(&pf, 1, SOON_MS), 1);
	CHECK_EQ(pf.revents, POLLOUT);
}

/* 200 KB in each direction; both sides block on full queues. */
TEST(bulk)
{
	struct pair p = open_pair();
	const long total = 200000;
	uint32_t seed = 1;

	set_raw(p.s, 1, 0);
	pid_t child = t_fork();

	if (child == 0) {
		char buf[700];

		for (long done = 0; done < total;) {
			ssize_t n = SYS(read(p.s, buf, sizeof(buf)));

			for (ssize_t k = 0; k < n;)
				k += SYS(write(p.s, buf + k, (size_t)(n - k)));
			done += n;
		}
		_exit(0);
	}
	long in = 0, out = 0;
	uint32_t check = 1;
	char buf[1000];

	SYS(fcntl(p.m, F_SETFL, O_NONBLOCK));
	while (in < total) {
		struct pollfd pf = { .fd = p.m, .events = POLLIN | (out < total ? POLLOUT : 0) };

		CHECK_EQ(poll(&pf, 1, SOON_MS), 1);
		if (pf.revents & POLLOUT && out < total) {
			char chunk[300];
			size_t n = total - out < 300 ? (size_t)(total - out) : 300;
			uint32_t s = seed;

			for (size_t k = 0; k < n; k++)
				chunk[k] = (char)t_rand(&s);
			ssize_t w = write(p.m, chunk, n);

			CHECK(w > 0 || errno == EAGAIN);
			for (ssize_t k = 0; k < w; k++)
				t_rand(&seed);
			out += w > 0 ? w : 0;
		}
		if (pf.revents & POLLIN) {
			ssize_t n = SYS(read(p.m, buf, sizeof(buf)));

			for (ssize_t k = 0; k < n; k++)
				CHECK_EQ(buf[k], (char)t_rand(&check));
			in += n;
		}
	}
	t_join(child);
}

/* --- Output --- */

TEST(output)
{
	struct pair p = open_pair();
	struct termios t;

	put(p.s, "a\nb\tc\r\n");
	expect(p.m, "a\r\nb\tc\r\r\n");
	SYS(tcgetattr(p.s, &t));
	t.c_oflag = OPOST | ONLCR | XTABS;
	SYS(tcsetattr(p.s, TCSADRAIN, &t));
	put(p.s, "a\tb\n\tc");
	expect(p.m, "a       b\r\n        c");
	t.c_oflag = 0;
	SYS(tcsetattr(p.s, TCSAFLUSH, &t));
	put(p.s, "a\n");
	expect(p.m, "a\n");
	CHECK(quiet(p.m));
}

TEST(flow)
{
	struct pair p = open_pair();

	put(p.m, "\023");
	usleep(50000);
	pid_t child = t_fork();

	if (child == 0) {
		put(p.s, "held\n");
		_exit(0);
	}
	CHECK(quiet(p.m));
	put(p.m, "\021");
	expect(p.m, "held\r\n");
	t_join(child);
	SYS(tcflow(p.s, TCOOFF));
	child = t_fork();
	if (child == 0) {
		put(p.s, "again\n");
		_exit(0);
	}
	CHECK(quiet(p.m));
	SYS(tcflow(p.s, TCOON));
	expect(p.m, "again\r\n");
	t_join(child);
	SYS(tcdrain(p.s));
	CHECK_ERR(tcflow(p.s, 9), EINVAL);
}

/* --- Window size --- */

static volatile sig_atomic_t caught;

static void catch (int sig)
{
	caught = sig;
}

static void on(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = catch, .sa_flags = flags };

	SYS(sigaction(sig, &sa, NULL));
}

static void await_signal(int sig)
{
	for (int i = 0; i < SOON_MS && caught != sig; i++)
		usleep(1000);
	CHECK_EQ(caught, sig);
	caught = 0;
}

/* In a child: the leader of a new session with the slave as its terminal. */
static int take_terminal(const char *name)
{
	SYS(setsid());
	return SYS(open(name, O_RDWR));
}

TEST(window_size)
{
	struct winsize ws = { .ws_row = 33, .ws_col = 99, .ws_xpixel = 1, .ws_ypixel = 2 }, got;
	struct t_gate g = t_gate();
	struct pair p = open_pair();
	pid_t child = t_fork();

	if (child == 0) {
		on(SIGWINCH, 0);
		take_terminal(p.name);
		t_open_gate(g);
		await_signal(SIGWINCH);
		SYS(ioctl(p.s, TIOCGWINSZ, &got));
		CHECK(memcmp(&got, &ws, sizeof(ws)) == 0);
		_exit(0);
	}
	t_pass_gate(g);
	SYS(ioctl(p.m, TIOCSWINSZ, &ws));
	t_join(child);
}

/* --- Signals --- */

TEST(typed_signals)
{
	static const struct {
		const char *c, *echo;
		int sig;
	} keys[] = { { "\003", "^C", SIGINT }, { "\034", "^\\", SIGQUIT }, { "\032", "^Z", SIGTSTP } };
	struct pair p = open_pair();

	for (int i = 0; i < 3; i++) {
		struct t_gate g = t_gate();
		pid_t child = t_fork();

		if (child == 0) {
			SYS(close(p.s));
			on(keys[i].sig, 0);
			take_terminal(p.name);
			t_open_gate(g);
			await_signal(keys[i].sig);
			_exit(0);
		}
		t_pass_gate(g);
		put(p.m, "flushed");
		expect(p.m, "flushed");
		put(p.m, keys[i].c);
		expect(p.m, keys[i].echo);
		t_join(child);
		tcflush(p.s, TCIOFLUSH);
	}
}

TEST(interrupted_read)
{
	struct t_gate g = t_gate();
	char name[32], buf[10];
	int m = open_master(name, sizeof(name));
	pid_t child = t_fork();

	if (child == 0) {
		int s = take_terminal(name);

		on(SIGINT, 0);
		t_open_gate(g);
		CHECK_ERR(read(s, buf, 10), EINTR);
		on(SIGINT, SA_RESTART);
		t_open_gate(g);
		CHECK_EQ(read(s, buf, 10), 3);
		CHECK_EQ(caught, SIGINT);
		_exit(0);
	}
	t_pass_gate(g);
	t_await_state(child, "S");
	put(m, "\003");
	t_pass_gate(g);
	t_await_state(child, "S");
	put(m, "\003");
	expect(m, "^C^C");
	put(m, "ok\n");
	t_join(child);
}

/* A handler ends a read that has not enough yet: with what it has. */
TEST(raw_read_cut)
{
	struct t_gate g = t_gate();
	struct pair p = open_pair();
	int waiting;
	pid_t child;

	set_raw(p.s, 5, 0);
	child = t_fork();
	if (child == 0) {
		char buf[10];

		for (int i = 0; i < 2; i++) {
			on(SIGUSR1, i ? SA_RESTART : 0);
			t_open_gate(g);
			CHECK_EQ(read(p.s, buf, 10), 2);
			CHECK_EQ(memcmp(buf, "ab", 2), 0);
			CHECK_EQ(caught, SIGUSR1);
		}
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		t_pass_gate(g);
		put(p.m, "ab");
		do
			SYS(ioctl(p.s, FIONREAD, &waiting));
		while (waiting);
		t_await_state(child, "S");
		SYS(kill(child, SIGUSR1));
	}
	t_join(child);
}

/* --- Job control --- */

TEST(controlling_terminal)
{
	struct t_gate g = t_gate(), back = t_gate();
	char name[32];
	int m = open_master(name, sizeof(name)), s;
	pid_t child = t_fork();

	if (child == 0) {
		int tty;

		SYS(setsid());
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		s = SYS(open(name, O_RDWR | O_NOCTTY));
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_ERR(tcgetpgrp(s), ENOTTY);
		CHECK_ERR(tcgetsid(s), ENOTTY);
		SYS(ioctl(s, TIOCSCTTY, 0));
		SYS(ioctl(s, TIOCSCTTY, 0));
		CHECK_EQ(tcgetsid(s), getpid());
		CHECK_EQ(tcgetpgrp(s), getpid());
		tty = SYS(open("/dev/tty", O_RDWR));
		CHECK_EQ(tcgetpgrp(tty), getpid());
		put(tty, "through /dev/tty\n");
		t_open_gate(g);
		t_pass_gate(back);
		on(SIGHUP, 0);
		on(SIGCONT, 0);
		SYS(ioctl(s, TIOCNOTTY, 0));
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		_exit(0);
	}
	t_pass_gate(g);
	expect(m, "through /dev/tty\r\n");
	/* Somebody else's terminal cannot be taken. */
	pid_t thief = t_fork();

	if (thief == 0) {
		SYS(setsid());
		s = SYS(open(name, O_RDWR));
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_ERR(ioctl(s, TIOCSCTTY, 0), EPERM);
		_exit(0);
	}
	t_join(thief);
	t_open_gate(back);
	t_join(child);
}

TEST(only_leaders)
{
	struct pair p = open_pair();

	/* This case's process leads its group, not its session. */
	CHECK_ERR(ioctl(p.s, TIOCSCTTY, 0), EPERM);
}

TEST(foreground)
{
	char name[32];
	int m = open_master(name, sizeof(name));
	pid_t child = t_fork();

	if (child == 0) {
		int s = take_terminal(name), st;
		struct t_gate g = t_gate();
		pid_t job = t_fork();

		if (job == 0) {
			char buf[10];

			setpgid(0, 0);
			t_pass_gate(g);
			/* Stopped by SIGTTIN, continued in the foreground, reads. */
			CHECK_EQ(read(s, buf, 10), 3);
			_exit(0);
		}
		setpgid(job, job);
		t_open_gate(g);
		CHECK_EQ(waitpid(job, &st, WUNTRACED), job);
		CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == SIGTTIN);
		CHECK_ERR(tcsetpgrp(s, 1), EPERM);
		CHECK_ERR(tcsetpgrp(s, 999999), ESRCH);
		CHECK_ERR(tcsetpgrp(s, -5), EINVAL);
		SYS(tcsetpgrp(s, job));
		CHECK_EQ(tcgetpgrp(s), job);
		SYS(kill(-job, SIGCONT));
		put(m, "ok\n");
		CHECK_EQ(waitpid(job, &st, 0), job);
		CHECK_EQ(st, 0);
		/* Now we are in the background. */
		signal(SIGTTOU, SIG_IGN);
		SYS(tcsetpgrp(s, getpid()));
		_exit(0);
	}
	t_join(child);
}

static int stopped_by(int s, void (*fn)(int s))
{
	struct t_gate g = t_gate();
	pid_t job = t_fork();
	int st;

	if (job == 0) {
		setpgid(0, 0);
		t_pass_gate(g);
		fn(s);
		_exit(0);
	}
	setpgid(job, job);
	t_open_gate(g);
	CHECK_EQ(waitpid(job, &st, WUNTRACED), job);
	if (!WIFSTOPPED(st))
		return st;
	SYS(kill(job, SIGKILL));
	waitpid(job, NULL, 0);
	return 0x10000 + WSTOPSIG(st);
}

static void bg_write(int s)
{
	put(s, "background\n");
}

static void bg_settings(int s)
{
	struct termios t;

	SYS(tcgetattr(s, &t));
	SYS(tcsetattr(s, TCSANOW, &t));
}

static void bg_foreground(int s)
{
	SYS(tcsetpgrp(s, getpid()));
}

static void bg_read_ignored(int s)
{
	char c;

	signal(SIGTTIN, SIG_IGN);
	CHECK_ERR(read(s, &c, 1), EIO);
}

static void bg_blocked(int s)
{
	sigset_t set;
	char c;

	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigaddset(&set, SIGTTIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	bg_settings(s);
	CHECK_ERR(read(s, &c, 1), EIO);
}

TEST(background)
{
	char name[32];

	open_master(name, sizeof(name));
	pid_t child = t_fork();

	if (child == 0) {
		int s = take_terminal(name);

		CHECK_EQ(stopped_by(s, bg_write), 0);
		set_mode(s, 0, TOSTOP);
		CHECK_EQ(stopped_by(s, bg_write), 0x10000 + SIGTTOU);
		CHECK_EQ(stopped_by(s, bg_settings), 0x10000 + SIGTTOU);
		CHECK_EQ(stopped_by(s, bg_foreground), 0x10000 + SIGTTOU);
		CHECK_EQ(stopped_by(s, bg_read_ignored), 0);
		CHECK_EQ(stopped_by(s, bg_blocked), 0);
		_exit(0);
	}
	t_join(child);
}

TEST(orphan)
{
	struct t_gate g = t_gate();
	char name[32];
	int m = open_master(name, sizeof(name));
	pid_t child = t_fork();

	if (child == 0) {
		int s = take_terminal(name);
		pid_t middle = t_fork();

		if (middle == 0) {
			setpgid(0, 0);
			pid_t self = getpid();

			if (t_fork() == 0) {
				char c;

				/* Once `middle` is gone nobody would continue this group. */
				while (getppid() == self)
					usleep(1000);
				CHECK_ERR(read(s, &c, 1), EIO);
				put(s, "orphan\n");
				_exit(0);
			}
			_exit(0);
		}
		t_join(middle);
		t_pass_gate(g);
		_exit(0);
	}
	expect(m, "orphan\r\n");
	t_open_gate(g);
	t_join(child);
}

/* --- Hangup --- */

TEST(master_closed)
{
	struct t_gate g = t_gate();
	char name[32];
	int m = open_master(name, sizeof(name));
	pid_t child = t_fork();

	if (child == 0) {
		int s = take_terminal(name);
		struct pollfd pf = { .fd = s, .events = POLLIN };
		char c;

		SYS(close(m));
		on(SIGHUP, 0);
		t_open_gate(g);
		await_signal(SIGHUP);
		CHECK_EQ(read(s, &c, 1), 0);
		CHECK_ERR(write(s, "x", 1), EIO);
		CHECK_ERR(tcgetpgrp(s), EIO);
		CHECK_EQ(poll(&pf, 1, 0), 1);
		CHECK(pf.revents & POLLHUP);
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		_exit(0);
	}
	t_pass_gate(g);
	SYS(close(m));
	t_join(child);
}

TEST(slave_closed)
{
	struct pair p = open_pair();
	struct pollfd pf = { .fd = p.m, .events = POLLIN };
	char c;

	put(p.s, "rest");
	SYS(close(p.s));
	expect(p.m, "rest");
	CHECK_EQ(poll(&pf, 1, SOON_MS), 1);
	CHECK(pf.revents & POLLHUP);
	CHECK_ERR(read(p.m, &c, 1), EIO);
	/* It can be opened again. */
	p.s = SYS(open(p.name, O_RDWR | O_NOCTTY));
	put(p.s, "more");
	expect(p.m, "more");
}

TEST(leader_exits)
{
	struct t_gate g = t_gate();
	struct pair p = open_pair();
	pid_t leader = t_fork();

	if (leader == 0) {
		struct t_gate ready = t_gate();

		take_terminal(p.name);
		if (t_fork() == 0) {
			/* In the foreground group: told that the session has lost its terminal. */
			on(SIGHUP, 0);
			t_open_gate(ready);
			await_signal(SIGHUP);
			for (int fd; (fd = open("/dev/tty", O_RDWR)) >= 0; usleep(1000))
				close(fd);
			CHECK_EQ(errno, ENXIO);
			t_open_gate(g);
			_exit(0);
		}
		t_pass_gate(ready);
		_exit(0);
	}
	t_join(leader);
	t_pass_gate(g);
	/* The terminal itself lives on, and may be another session's. */
	put(p.s, "alive\n");
	expect(p.m, "alive\r\n");
	pid_t next = t_fork();

	if (next == 0) {
		int s = take_terminal(p.name);

		CHECK_EQ(tcgetsid(s), getpid());
		_exit(0);
	}
	t_join(next);
}

T_NO_HOOK
