/* SPDX-License-Identifier: MIT */
/*
 * What a crowd makes longer: no spinlock is held, and no interrupt goes on, for a time that grows with the number of processes,
 * threads, sleepers or pollers. Each case does something to CROWD of them and looks at the longest holds (/proc/reprise/holds).
 *
 * Only under -icount, with one CPU, does the time count instructions: tests/system/holds.py starts it so.
 */
#include "longhold/longhold.h"
#include <poll.h>
#include <sys/resource.h>

static void gather_asleep(void (*fn)(void))
{
	gather(fn);
	for (int i = 0; i < CROWD; i++)
		t_await_state(crowd[i], "S");
}

static void wait_for_end(void)
{
	for (int i = 0; i < CROWD; i++)
		t_wait(crowd[i]);
}

static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static void end_crowd(void)
{
	for (int i = 0; i < CROWD; i++)
		SYS(kill(crowd[i], SIGKILL));
	wait_for_end();
}

static void read_gate(void)
{
	char c;

	close(go.g_fd[1]);
	if (read(go.g_fd[0], &c, 1) != 0)
		_exit(1);
}

TEST_REPRISE(sleepers)
{
	gather_asleep(read_gate);
	holds_begin();
	SYS(close(go.g_fd[1]));
	wait_for_end();
	holds_end();
}

static void poll_gate(void)
{
	struct pollfd pf = { .fd = go.g_fd[0], .events = POLLIN };

	close(go.g_fd[1]);
	if (poll(&pf, 1, -1) != 1)
		_exit(1);
}

TEST_REPRISE(pollers)
{
	gather_asleep(poll_gate);
	holds_begin();
	SYS(close(go.g_fd[1]));
	wait_for_end();
	holds_end();
}

static void pause_once(void)
{
	pause();
}

static void signal_crowd(pid_t whom, int sig)
{
	on_signal(SIGUSR1, nothing);
	on_signal(SIGUSR2, SIG_IGN);
	gather_asleep(pause_once);
	on_signal(SIGUSR1, SIG_IGN);
	on_signal(SIGTERM, SIG_IGN);
	holds_begin();
	SYS(kill(whom, SIGUSR2));
	SYS(kill(whom, sig));
	wait_for_end();
	holds_end();
}

TEST_REPRISE(group_handled)
{
	signal_crowd(0, SIGUSR1);
}

TEST_REPRISE(group_ended)
{
	signal_crowd(0, SIGTERM);
}

TEST_REPRISE(group_stopped)
{
	on_signal(SIGCONT, nothing);
	gather_asleep(pause_once);
	holds_begin();
	on_signal(SIGTSTP, SIG_IGN);
	SYS(kill(0, SIGTSTP));
	for (int i = 0; i < CROWD; i++)
		CHECK_EQ(waitpid(crowd[i], NULL, WUNTRACED), crowd[i]);
	SYS(kill(0, SIGCONT));
	wait_for_end();
	holds_end();
}

TEST_REPRISE(children)
{
	struct rusage ru;

	gather(read_gate);
	holds_begin();
	for (int i = 0; i < CROWD; i++)
		CHECK_EQ(waitpid(-1, NULL, WNOHANG), 0);
	SYS(close(go.g_fd[1]));
	for (int i = CROWD - 1; i >= 0; i--)
		CHECK_EQ(wait4(crowd[i], NULL, 0, &ru), crowd[i]);
	CHECK_ERR(wait(NULL), ECHILD);
	holds_end();
}

/* A parent ends before its children; half of them are dead. */
TEST_REPRISE(orphans)
{
	pid_t parent = t_fork();

	if (parent == 0) {
		gather_asleep(sleep_for_ever);
		for (int i = 0; i < CROWD; i += 2)
			SYS(kill(crowd[i], SIGKILL));
		for (int i = 0; i < CROWD; i += 2)
			t_await_state(crowd[i], "Z");
		holds_begin();
		_exit(0);
	}
	on_signal(SIGTERM, SIG_IGN);
	t_join(parent);
	holds_end();
	SYS(kill(0, SIGTERM));
}

TEST_REPRISE(priorities)
{
	gather(sleep_for_ever);
	holds_begin();
	SYS(setpriority(PRIO_PGRP, 0, 5));
	CHECK_EQ(getpriority(PRIO_PGRP, 0), 5);
	SYS(setpriority(PRIO_USER, 12345, 5) == -1 && errno == ESRCH ? 0 : -1);
	errno = 0;
	CHECK(getpriority(PRIO_USER, 0) != -1 || errno == 0);
	CHECK_EQ(getpriority(PRIO_PROCESS, crowd[CROWD - 1]), 5);
	holds_end();
	end_crowd();
}

/* Ids, groups and sessions are looked for, /proc is read. */
TEST_REPRISE(table)
{
	gather(sleep_for_ever);
	holds_begin();
	for (int i = 0; i < CROWD; i += 2)
		SYS(setpgid(crowd[i], 0));
	for (int i = 1; i < CROWD; i += 2)
		SYS(setpgid(crowd[i], crowd[i - 1]));
	for (int i = 0; i < CROWD; i += 2) {
		SYS(kill(crowd[i], SIGKILL));
		t_wait(crowd[i]);
	}
	for (int i = 0; i < 100; i++)
		t_join(t_fork() ?: (_exit(0), 0));
	CHECK_EQ(system("ls /proc > /dev/null; cat /proc/stat /proc/reprise/counts > /dev/null"), 0);
	for (int i = 1; i < CROWD; i += 2) {
		SYS(kill(crowd[i], SIGKILL));
		t_wait(crowd[i]);
	}
	holds_end();
}

/* Whoever is not root is counted at each fork. */
TEST_REPRISE(user)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		holds_begin();
		SYS(setuid(1234));
		gather(sleep_for_ever);
		end_crowd();
		_exit(0);
	}
	t_join(pid);
	holds_end();
}

/* Pending signals that are thrown away; a process that ends with them. */
TEST_REPRISE(queued)
{
	union sigval v = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	holds_begin();
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < CROWD; i++)
			SYS(sigqueue(getpid(), SIGRTMIN, v));
		on_signal(SIGRTMIN, SIG_IGN);
		on_signal(SIGRTMIN, SIG_DFL);
		if (round == 0)
			t_join(t_fork() ?: (_exit(0), 0));
	}
	holds_end();
}

T_NO_HOOK
