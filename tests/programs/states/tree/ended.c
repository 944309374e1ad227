/* SPDX-License-Identifier: MIT */
/* Processes that have ended or stopped, and their parents that wait for them. */
#define T_PART
#include "tree.h"
#include <sys/resource.h>

static void wait_for_child(void *arg)
{
	pid_t pid = st_child(ids_stay, NULL);

	t_join(pid);
}

STATE_TREE(waiting_for_grandchild)
{
	pid_t pid = st_child(wait_for_child, NULL);

	t_await_state(pid, "S");
	st_wait();
	t_join(pid);
}

STATE_TREE(in_wait)
{
	int st;
	pid_t pid = st_child(ids_stay, NULL);

	st_ready("asleep");
	CHECK_EQ(waitpid(-1, &st, 0), pid);
	CHECK_EQ(st, 0);
}

STATE_TREE(in_wait_for_group)
{
	siginfo_t si;
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setpgid(0, 0));
		ids_stay(NULL);
		_exit(3);
	}
	setpgid(pid, pid);
	st_ready("asleep");
	SYS(waitid(P_PGID, pid, &si, WEXITED));
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(si.si_status, 3);
}

STATE_TREE(zombies)
{
	pid_t pid[6];
	siginfo_t si;

	for (int i = 0; i < 6; i++) {
		pid[i] = t_fork();
		if (pid[i] == 0) {
			if (i % 2)
				kill(getpid(), i == 1 ? SIGKILL : i == 3 ? SIGTERM : SIGUSR1);
			_exit(i * 7);
		}
		t_await_state(pid[i], "Z");
	}
	st_wait();
	for (int i = 5; i >= 0; i--) {
		int want = i == 1 ? SIGKILL : i == 3 ? SIGTERM : i == 5 ? SIGUSR1 : i * 7 << 8;

		memset(&si, 0, sizeof(si));
		SYS(waitid(P_PID, pid[i], &si, WEXITED | WNOWAIT));
		CHECK_EQ(si.si_pid, pid[i]);
		CHECK_EQ(si.si_code, i % 2 ? CLD_KILLED : CLD_EXITED);
		SYS(kill(pid[i], 0));
		CHECK_EQ(t_wait(pid[i]), want);
	}
	CHECK_ERR(waitpid(-1, NULL, 0), ECHILD);
}

STATE_TREE(zombie_times)
{
	struct rusage ru;
	volatile unsigned x = 0;
	int st;
	pid_t pid = t_fork();

	if (pid == 0) {
		while (clock() < CLOCKS_PER_SEC / 20)
			x++;
		_exit(0);
	}
	t_await_state(pid, "Z");
	st_wait();
	CHECK_EQ(wait4(pid, &st, 0, &ru), pid);
	CHECK(ru.ru_utime.tv_sec * 1000000ll + ru.ru_utime.tv_usec +
		      ru.ru_stime.tv_sec * 1000000ll + ru.ru_stime.tv_usec >=
	      45000);
}

static void leave_zombie(void *arg)
{
	pid_t pid = t_fork();

	if (pid == 0)
		_exit(9);
	t_await_state(pid, "Z");
	st_say("zombie", "");
	st_await_go();
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 9);
}

STATE_TREE(zombie_of_child)
{
	pid_t pid = st_child(leave_zombie, NULL);
	siginfo_t si;

	SYS(waitid(P_PID, pid, &si, WEXITED | WNOHANG));
	for (int i = 0; i < 20; i++)
		st_pause();
	st_wait();
	t_join(pid);
}

STATE_TREE(stopped)
{
	int st;
	pid_t pid = st_child(ids_stay, NULL);

	SYS(kill(pid, SIGSTOP));
	t_await_state(pid, "T");
	st_wait();
	if (!st_stops) {
		/* Its stop has not been waited for yet. */
		CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
		CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP);
		SYS(kill(pid, SIGCONT));
	}
	t_join(pid);
}

STATE_TREE(stopped_reported)
{
	int st;
	pid_t pid = st_child(ids_stay, NULL);

	SYS(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
	CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP);
	st_wait();
	if (!st_stops) {
		CHECK_EQ(waitpid(pid, &st, WUNTRACED | WNOHANG), 0);
	}
	SYS(kill(pid, SIGCONT));
	t_join(pid);
}

STATE_TREE(children_not_waited_for)
{
	signal(SIGCHLD, SIG_IGN);
	pid_t pid = st_child(ids_stay, NULL);
	st_wait();
	CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
}

static void orphan_later(void *arg)
{
	int *flag = arg;
	pid_t parent = getpid(), pid = t_fork();

	if (pid == 0) {
		CHECK_EQ(getppid(), parent);
		add(flag, 1);
		st_await_go();
		while (getppid() == parent)
			st_pause();
		add(flag, 10);
		_exit(0);
	}
	st_await_go();
}

STATE_TREE(orphan_later)
{
	int *flag = shared();
	pid_t pid = st_child(orphan_later, flag);

	await_value(flag, 1);
	st_wait();
	t_join(pid);
	await_value(flag, 11);
}

static long clone_like_fork(int flags)
{
	return SYS(syscall(SYS_clone, flags, 0, 0, 0, 0));
}

STATE_TREE(end_signal)
{
	/* Its end is told by another signal than SIGCHLD. */
	signal(SIGUSR1, count);
	pid_t pid = clone_like_fork(SIGUSR1);
	if (pid == 0) {
		st_await_go();
		_exit(2);
	}
	st_wait();
	while (!hits)
		st_pause();
	CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
	int st;
	CHECK_EQ(waitpid(pid, &st, __WCLONE), pid);
	CHECK_EQ(WEXITSTATUS(st), 2);
}
