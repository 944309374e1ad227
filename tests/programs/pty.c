/* SPDX-License-Identifier: MIT */
/* Terminals, through a pseudo terminal: opening them, the line discipline and its modes, output. */
#include "pty.h"

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
	/* Nobody reads the master: at some point nothing more goes in. On Linux some does, when what is in has been carried over. */
	struct pollfd pf = { .fd = p.s, .events = POLLOUT };

	do {
		while ((n = write(p.s, buf, sizeof(buf))) > 0)
			total += n;
		CHECK(n == -1 && errno == EAGAIN && total > 0 && total < 1000000);
	} while (poll(&pf, 1, 0) == 1);
	CHECK_EQ(pf.revents, 0);
	while (total > 0) {
		n = SYS(read(p.m, buf, sizeof(buf)));
		total -= n;
	}
	CHECK_EQ(poll(&pf, 1, -1), 1);
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

		CHECK_EQ(poll(&pf, 1, -1), 1);
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

T_NO_HOOK
