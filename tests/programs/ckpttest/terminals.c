/* SPDX-License-Identifier: MIT */
/* Terminals that are not only those of the process. */
#define T_PART
#include "ckpttest.h"
#include <reprise/ckpt.h>
#include <sys/ioctl.h>
#include <termios.h>

static int pty_master, pty_slave;

static int open_pty(char name[32])
{
	int n, zero = 0;

	pty_master = SYS(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	SYS(ioctl(pty_master, TIOCSPTLCK, &zero));
	SYS(ioctl(pty_master, TIOCGPTN, &n));
	snprintf(name, 32, "/dev/pts/%d", n);
	pty_slave = SYS(open(name, O_RDWR | O_NOCTTY));
	return n;
}

static void say(int fd, const char *text)
{
	CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void hear(int fd, const char *text)
{
	char buf[64] = "";

	CHECK_EQ(read(fd, buf, sizeof(buf) - 1), (ssize_t)strlen(text));
	CHECK_STR(buf, text);
}

/* One end of a pseudo terminal is somebody else's: of the slave it is a terminal like another, of the master it cannot be saved. */
TEST(terminal_of_others)
{
	char name[32];
	pid_t pid;

	open_pty(name);
	pid = t_fork();
	if (pid == 0) {
		SYS(close(pty_master));
		hear(pty_slave, "go on\n");
		say(pty_slave, "done");
		_exit(0);
	}
	t_await_state(pid, "S");
	SYS(tckpt(pid, "slave", CKPT_WAIT));
	end_it(pid);
	pid = SYS(recover("slave", 0));
	say(pty_master, "go on\n");
	CHECK_EQ(t_wait(pid), 0);
	hear(pty_master, "go on\r\ndone");

	pid = t_fork();
	if (pid == 0) {
		SYS(close(pty_slave));
		for (;;)
			pause();
	}
	t_await_state(pid, "S");
	CHECK_ERR(tckpt(pid, "master", CKPT_WAIT), EOPNOTSUPP);
	CHECK_EQ(obstacles(pid), 1);
	end_it(pid);
}

#define TIOCVHANGUP_L 0x5437 /* linux-libc-dev's asm-generic/ioctls.h */

/* The modes of a line that is nobody's terminal are those of who has it open. */
TEST_ROOT(line_of_nobody)
{
	struct termios cooked, raw;
	pid_t pid = t_fork();
	int fd;

	if (pid == 0) {
		fd = SYS(open("/dev/tty1", O_RDWR | O_NOCTTY | O_NONBLOCK));
		SYS(tcgetattr(fd, &raw));
		cfmakeraw(&raw);
		SYS(tcsetattr(fd, TCSANOW, &raw));
		if (ckpt("x", 0) == 0)
			_exit(0);
		SYS(tcgetattr(fd, &cooked));
		CHECK_EQ(cooked.c_lflag, raw.c_lflag);
		CHECK_EQ(cooked.c_iflag, raw.c_iflag);
		_exit(0);
	}
	fd = SYS(open("/dev/tty1", O_RDWR | O_NOCTTY | O_NONBLOCK));
	SYS(tcgetattr(fd, &cooked));
	t_join(pid);
	SYS(tcsetattr(fd, TCSANOW, &cooked)); /* as after a reboot */
	t_join(SYS(recover("x", 0)));
	SYS(tcsetattr(fd, TCSANOW, &cooked));
	SYS(close(fd));
}

/* An open file that was hung up, of a line that is alive: no image has that. */
TEST_ROOT(terminal_hung_up)
{
	char name[32];

	open_pty(name);
	CHECK_EQ(ckpt("alive", 0), 0);
	SYS(ioctl(pty_slave, TIOCVHANGUP_L));
	CHECK_EQ(obstacles(0), 1);
	CHECK_ERR(ckpt("hung", 0), EOPNOTSUPP);
	SYS(close(pty_slave));
	CHECK_EQ(ckpt("closed", 0), 0);
}

static void know_number(int n)
{
	char name[32];
	struct stat a, b;
	int now;

	SYS(ioctl(pty_master, TIOCGPTN, &now));
	snprintf(name, sizeof(name), "/dev/pts/%d", now);
	SYS(stat(name, &a));
	SYS(fstat(pty_slave, &b));
	CHECK(a.st_rdev == b.st_rdev && a.st_ino == b.st_ino);
	say(pty_slave, "here");
	hear(pty_master, "here");
	_exit(now == n ? 0 : 7);
}

/* Its number is in use when it comes back. */
TEST(terminal_number_taken)
{
	char name[32];
	pid_t pid = t_fork();
	int n;

	if (pid == 0) {
		n = open_pty(name);
		CHECK_EQ(obstacles(0), 0);
		if (ckpt("number", 0) == 0)
			_exit(0);
		know_number(n);
	}
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(t_wait(SYS(recover("number", 0))), 0);
	open_pty(name);
	CHECK_ERR(recover("number", 0), EBUSY);
	CHECK_EQ(t_wait(SYS(recover("number", RECOVER_CHANGED))), 7 << 8);
	SYS(close(pty_master));
	SYS(close(pty_slave));
	CHECK_EQ(t_wait(SYS(recover("number", 0))), 0);
}
