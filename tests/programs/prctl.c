/* SPDX-License-Identifier: MIT */
/* prctl(2): its errors, and what the settings do: names, timer slack, death signals, subreapers. */
#include "t.h"
#include <sched.h>
#include <sys/prctl.h>

static int get(int option)
{
	int v = -1;

	SYS(prctl(option, &v));
	return v;
}

/* prctl's own errors, in their order. */
TEST(prctl_errors)
{
	int v;

	CHECK_ERR(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
	CHECK_ERR(prctl(PR_SET_PDEATHSIG, -1), EINVAL);
	SYS(prctl(PR_SET_PDEATHSIG, 64));
	SYS(prctl(PR_GET_PDEATHSIG, &v));
	CHECK_EQ(v, 64);
	SYS(prctl(PR_SET_PDEATHSIG, 0));
	CHECK_ERR(prctl(PR_GET_PDEATHSIG, 1), EFAULT);
	CHECK_ERR(prctl(PR_SET_DUMPABLE, 2), EINVAL);
	CHECK_ERR(prctl(PR_SET_DUMPABLE, 3), EINVAL);
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
	SYS(prctl(PR_SET_DUMPABLE, 0));
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
	SYS(prctl(PR_SET_DUMPABLE, 1));
	CHECK_ERR(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
	CHECK_ERR(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 1), EINVAL);
	CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 1), EINVAL);
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	CHECK_ERR(prctl(PR_GET_CHILD_SUBREAPER, 1), EFAULT);
	SYS(prctl(PR_SET_CHILD_SUBREAPER, 5));
	CHECK_EQ(get(PR_GET_CHILD_SUBREAPER), 1);
	SYS(prctl(PR_SET_CHILD_SUBREAPER, 0));
	CHECK_EQ(get(PR_GET_CHILD_SUBREAPER), 0);
	CHECK_ERR(prctl(PR_SET_NAME, 1), EFAULT);
	CHECK_ERR(prctl(PR_GET_NAME, 1), EFAULT);
	CHECK_EQ(prctl(PR_GET_TIMING), 0);
	CHECK_ERR(prctl(PR_SET_TIMING, 1), EINVAL);
	CHECK_ERR(prctl(0, 0), EINVAL);
	CHECK_ERR(prctl(12345, 0), EINVAL);
	CHECK_ERR(prctl(-1, 0), EINVAL);
}

TEST(timer_slack)
{
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
	SYS(prctl(PR_SET_TIMERSLACK, 123456));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 123456);
	pid_t pid = t_fork();
	if (pid == 0) {
		/* Its default is what its maker had. */
		SYS(prctl(PR_SET_TIMERSLACK, 5));
		SYS(prctl(PR_SET_TIMERSLACK, 0));
		CHECK_EQ(prctl(PR_GET_TIMERSLACK), 123456);
		_exit(0);
	}
	t_join(pid);
	SYS(prctl(PR_SET_TIMERSLACK, 0));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
}

TEST(names)
{
	char name[17] = "";

	SYS(prctl(PR_SET_NAME, "a name that is too long"));
	SYS(prctl(PR_GET_NAME, name));
	CHECK_STR(name, "a name that is ");
	SYS(prctl(PR_SET_NAME, "x"));
	memset(name, 'z', sizeof(name));
	SYS(prctl(PR_GET_NAME, name));
	for (int i = 1; i < 16; i++)
		CHECK_EQ(name[i], 0);
	CHECK_EQ(name[16], 'z');
}

/* The end of the parent. The grandchild tells through a pipe which signal came, and who its parent is. */
static pid_t orphan(int sig, int out, int keep_reaper)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		int ready[2];
		SYS(pipe(ready));
		if (SYS(fork()) == 0) {
			sigset_t set;
			siginfo_t info;
			pid_t parent = getppid();
			int told[3] = { 0, 0, 0 };

			sigemptyset(&set);
			sigaddset(&set, SIGUSR1);
			SYS(sigprocmask(SIG_BLOCK, &set, NULL));
			if (sig)
				SYS(prctl(PR_SET_PDEATHSIG, sig));
			CHECK_EQ(write(ready[1], "r", 1), 1);
			if (sig) {
				CHECK_EQ(sigwaitinfo(&set, &info), sig);
				told[1] = info.si_code == SI_USER && info.si_pid == parent;
			}
			while (getppid() == parent)
				sched_yield();
			told[0] = sig;
			told[2] = getppid();
			CHECK_EQ(write(out, told, sizeof(told)), (ssize_t)sizeof(told));
			_exit(9);
		}
		char c;
		CHECK_EQ(read(ready[0], &c, 1), 1);
		if (keep_reaper)
			SYS(prctl(PR_SET_CHILD_SUBREAPER, 1)); /* dies: does not count */
		_exit(0);
	}
	t_join(pid);
	return pid;
}

TEST(death_signal)
{
	int p[2], told[3];

	SYS(pipe(p));
	SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	orphan(SIGUSR1, p[1], 1);
	CHECK_EQ(read(p[0], told, sizeof(told)), (ssize_t)sizeof(told));
	CHECK_EQ(told[0], SIGUSR1);
	CHECK_EQ(told[1], 1);
	CHECK_EQ(told[2], getpid());
	int st;
	CHECK(waitpid(-1, &st, 0) > 0);
	CHECK_EQ(WEXITSTATUS(st), 9);
	CHECK_ERR(waitpid(-1, &st, 0), ECHILD);
}

TEST(death_signal_not_inherited)
{
	SYS(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	pid_t pid = t_fork();
	if (pid == 0) {
		CHECK_EQ(get(PR_GET_PDEATHSIG), 0);
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(get(PR_GET_PDEATHSIG), SIGUSR1);
}

/* A dead child is handed on to the subreaper, which hears of it; one that ignores SIGCHLD need not wait. */
TEST(subreaper_of_the_dead)
{
	for (int ignore = 0; ignore < 2; ignore++) {
		int st;
		SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
		signal(SIGCHLD, ignore ? SIG_IGN : SIG_DFL);
		pid_t pid = t_fork();

		if (pid == 0) {
			signal(SIGCHLD, SIG_DFL);
			pid_t it = SYS(fork());

			if (it == 0)
				_exit(7);
			t_await_state(it, "Z");
			_exit(0);
		}
		if (ignore) {
			CHECK_ERR(waitpid(-1, &st, 0), ECHILD);
			continue;
		}
		int sum = 0;
		for (int i = 0; i < 2; i++) {
			CHECK(waitpid(-1, &st, 0) > 0);
			sum += WEXITSTATUS(st);
		}
		CHECK_EQ(sum, 7);
	}
}

T_NO_HOOK
