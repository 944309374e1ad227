/* SPDX-License-Identifier: MIT */
/* Terminals of several processes: sessions and jobs on them, and processes asleep at an end. */
#define T_PART
#include "terminals.h"
#include <sys/ioctl.h>
#include <termios.h>

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
