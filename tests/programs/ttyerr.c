/* SPDX-License-Identifier: MIT */
/*
 * The errors of ioctls on terminals and pseudo terminals, and their order.
 *
 * Source: ioctl_tty(2), tcsetpgrp(3), pts(4).
 */
#include "pty.h"
#include "t_rows.h"
#include <termios.h>

#define NO_PID 32001
#define USER 4321

static int word, no_ldisc = 99, no_group = NO_PID, negative = -1, of_another = 1;
static char buf[64];

static void prepare(void)
{
	struct pair p = open_pair();

	ROWS_FD(FD_A, p.s);
	ROWS_FD(FD_B, p.m);
	ROWS_FD(FD_CLOSED, 99);
	ROWS_FD(FD_NULL, SYS(open("/dev/null", O_RDWR)));
}

TEST_ROOT(of_another_session)
{
	static const struct row rows[] = {
		ROW(ioctl, EBADF, FD_CLOSED, TCGETS, BAD),
		ROW(ioctl, ENOTTY, FD_NULL, TCGETS, BAD),
		ROW(ioctl, ENOTTY, FD_NULL, TIOCSCTTY, 0),
		ROW(ioctl, EFAULT, FD_A, TCGETS, BAD),
		ROW(ioctl, EFAULT, FD_A, TCSETS, BAD),
		ROW(ioctl, EFAULT, FD_A, TCSETSW, BAD),
		ROW(ioctl, EFAULT, FD_A, TCSETSF, BAD),
		ROW(ioctl, EFAULT, FD_A, TCGETA, BAD),
		ROW(ioctl, EFAULT, FD_A, TCSETA, BAD),
		ROW(ioctl, EFAULT, FD_A, TCSETAF, BAD),
		ROW(ioctl, EFAULT, FD_A, TIOCGWINSZ, BAD),
		ROW(ioctl, EFAULT, FD_A, TIOCSWINSZ, BAD),
		ROW(ioctl, EFAULT, FD_A, FIONREAD, BAD),
		ROW(ioctl, EFAULT, FD_A, TIOCOUTQ, BAD),
		ROW(ioctl, EFAULT, FD_A, FIONBIO, BAD),
		ROW(ioctl, EINVAL, FD_A, TCFLSH, 99),
		ROW(ioctl, EINVAL, FD_A, TCXONC, 99),
		ROW(ioctl, EFAULT, FD_A, TIOCSETD, BAD),
		ROW(ioctl, EINVAL, FD_A, TIOCSETD, S(&no_ldisc)),
		ROW(ioctl, EFAULT, FD_A, TIOCGETD, BAD),
		ROW(ioctl, EPERM, FD_A, TIOCSCTTY, 0),
		ROW(ioctl, EPERM, FD_A, TIOCSCTTY, 1),
		ROW(ioctl, ENOTTY, FD_A, TIOCNOTTY, 0),
		ROW(ioctl, ENOTTY, FD_A, TIOCGPGRP, BAD),
		ROW(ioctl, EFAULT, FD_A, TIOCSPGRP, BAD),
		ROW(ioctl, EINVAL, FD_A, TIOCSPGRP, S(&negative)),
		ROW(ioctl, ENOTTY, FD_A, TIOCSPGRP, S(&no_group)),
		ROW(ioctl, ENOTTY, FD_A, TIOCGSID, BAD),
		ROW(ioctl, ENOTTY, FD_A, TIOCGPTN, BAD),
		ROW(ioctl, ENOTTY, FD_A, TIOCSPTLCK, BAD),
		ROW(ioctl, ENOTTY, FD_A, TIOCPKT, BAD),
		ROW(ioctl, ENOTTY, FD_A, TIOCSIG, SIGINT),
		ROW(ioctl, ENOTTY, FD_A, TIOCMGET, BAD),
		ROW(ioctl, EFAULT, FD_A, TIOCGEXCL, BAD),
		ROW(ioctl, EFAULT, FD_A, TIOCGDEV, BAD),
		ROW(ioctl, ENOTTY, FD_A, 0x54ff, BAD),
	};

	prepare();
	ROWS(rows);
}

TEST_ROOT(of_the_master)
{
	static const struct row rows[] = {
		ROW(ioctl, EFAULT, FD_B, TCGETS, BAD),
		ROW(ioctl, EFAULT, FD_B, TCSETS, BAD),
		ROW(ioctl, EFAULT, FD_B, TIOCGWINSZ, BAD),
		ROW(ioctl, EFAULT, FD_B, TIOCSWINSZ, BAD),
		ROW(ioctl, EFAULT, FD_B, FIONREAD, BAD),
		ROW(ioctl, EINVAL, FD_B, TCFLSH, 99),
		ROW(ioctl, EFAULT, FD_B, TIOCGPTN, BAD),
		ROW(ioctl, EFAULT, FD_B, TIOCSPTLCK, BAD),
		ROW(ioctl, EFAULT, FD_B, TIOCGPTLCK, BAD),
		ROW(ioctl, EINVAL, FD_B, TIOCSIG, 99),
		ROW(ioctl, EINVAL, FD_B, TIOCSIG, 0),
		ROW(ioctl, EFAULT, FD_B, TIOCGPGRP, BAD),
		ROW(ioctl, EFAULT, FD_B, TIOCSPGRP, BAD),
		ROW(ioctl, ENOTTY, FD_B, TIOCSPGRP, S(&no_group)),
		ROW(ioctl, ENOTTY, FD_B, TIOCGSID, BAD),
		ROW(ioctl, ENOTTY, FD_B, TIOCNOTTY, 0),
		ROW(ioctl, EPERM, FD_B, TIOCSCTTY, 0),
		ROW(ioctl, EFAULT, FD_B, TIOCGDEV, BAD),
	};

	prepare();
	ROWS(rows);
}

/* In a child, which leads a session of its own. */
static void lead(void (*fn)(void))
{
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setsid());
		fn();
		_exit(0);
	}
	t_join(pid);
}

static void controlling(void)
{
	static const struct row rows[] = {
		ROW(ioctl, 0, FD_A, TIOCSCTTY, 0),
		ROW(ioctl, 0, FD_A, TIOCSCTTY, 0),
		ROW(ioctl, EFAULT, FD_A, TIOCGPGRP, BAD),
		ROW(ioctl, EFAULT, FD_A, TIOCGSID, BAD),
		ROW(ioctl, EFAULT, FD_A, TIOCSPGRP, BAD),
		ROW(ioctl, EINVAL, FD_A, TIOCSPGRP, S(&negative)),
		ROW(ioctl, ESRCH, FD_A, TIOCSPGRP, S(&no_group)),
		ROW(ioctl, EPERM, FD_A, TIOCSPGRP, S(&of_another)),
		ROW(ioctl, EFAULT, FD_B, TIOCGPGRP, BAD),
		ROW(ioctl, EFAULT, FD_B, TIOCGSID, BAD),
		ROW(ioctl, EFAULT, FD_B, TIOCSPGRP, BAD),
		ROW(ioctl, ESRCH, FD_B, TIOCSPGRP, S(&no_group)),
		ROW(ioctl, ENOTTY, FD_B, TIOCNOTTY, 0),
	};

	prepare();
	ROWS(rows);
}

TEST_ROOT(of_the_own_session)
{
	lead(controlling);
}

static struct t_gate taken, done;

static void stealing(void)
{
	SYS(ioctl(rows_fd[FD_A - FD_FIRST], TIOCSCTTY, 0));
	t_open_gate(taken);
	t_pass_gate(done);
}

/* The terminal of one session is another's only by force, which is the superuser's. */
TEST_ROOT(of_a_session_that_has_one)
{
	pid_t owner, pid;

	prepare();
	taken = t_gate();
	done = t_gate();
	owner = t_fork();
	if (owner == 0) {
		SYS(setsid());
		stealing();
		_exit(0);
	}
	t_pass_gate(taken);
	pid = t_fork();
	if (pid == 0) {
		int s = rows_fd[FD_A - FD_FIRST];

		SYS(setsid());
		CHECK_ERR(ioctl(s, TIOCSCTTY, 0), EPERM);
		CHECK_ERR(ioctl(s, TIOCGPGRP, &word), ENOTTY);
		SYS(setuid(USER));
		CHECK_ERR(ioctl(s, TIOCSCTTY, 1), EPERM);
		CHECK_ERR(ioctl(s, 0x5437), EPERM); /* TIOCVHANGUP */
		_exit(0);
	}
	t_join(pid);
	t_open_gate(done);
	t_join(owner);
}

/* Who can only write to a terminal does not get it. */
TEST_ROOT(to_write_only)
{
	struct pair p = open_pair();
	int w = SYS(open(p.name, O_WRONLY | O_NOCTTY));
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setsid());
		SYS(setuid(USER));
		CHECK_ERR(ioctl(w, TIOCSCTTY, 0), EPERM);
		SYS(ioctl(p.s, TIOCSCTTY, 0));
		SYS(ioctl(w, TIOCSCTTY, 0)); /* it has it already */
		_exit(0);
	}
	t_join(pid);
}

/* When the master is closed. */
TEST_ROOT(hung_up)
{
	static const struct row rows[] = {
		ROW(ioctl, EIO, FD_A, TCGETS, BAD),
		ROW(ioctl, EIO, FD_A, TIOCGWINSZ, BAD),
		ROW(ioctl, EIO, FD_A, 0x54ff, BAD),
		ROW(ioctl, EIO, FD_A, TIOCSCTTY, 0),
		ROW(ioctl, ENOTTY, FD_A, TIOCSPGRP, BAD),
		ROW(read, 0, FD_A, S(buf), 1),
		ROW(read, 0, FD_A, BAD, 1),
		ROW(write, EIO, FD_A, S(buf), 1),
		ROW(write, EIO, FD_A, BAD, 1),
	};

	prepare();
	SYS(close(rows_fd[FD_B - FD_FIRST]));
	ROWS(rows);
}

T_NO_HOOK
