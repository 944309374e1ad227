/* SPDX-License-Identifier: MIT */
/* Terminals and processes: window size, signals, job control, hangup. */
#include "pty.h"

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
	while (!caught)
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
	CHECK_EQ(poll(&pf, 1, -1), 1);
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
