/* SPDX-License-Identifier: MIT */
/* Signals from a child and to it, handled and pending. */
#define T_PART
#include "tree.h"

static void child_ended(int sig, siginfo_t *si, void *uc)
{
	hits = si->si_pid;
}

STATE_TREE(child_signal_pending)
{
	struct sigaction sa = { .sa_sigaction = child_ended, .sa_flags = SA_SIGINFO | SA_NOCLDSTOP };
	sigset_t set;

	SYS(sigaction(SIGCHLD, &sa, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	pid_t pid = t_fork();
	if (pid == 0)
		_exit(4);
	t_await_state(pid, "Z");
	st_wait();
	CHECK_EQ(hits, 0);
	SYS(sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK_EQ(hits, pid);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 4);
}

STATE_TREE(child_signal_comes)
{
	struct sigaction sa = { .sa_sigaction = child_ended, .sa_flags = SA_SIGINFO | SA_NOCLDSTOP };

	SYS(sigaction(SIGCHLD, &sa, NULL));
	pid_t pid = st_child(ids_stay, NULL);
	st_wait();
	while (!hits)
		st_pause();
	CHECK_EQ(hits, pid);
	t_join(pid);
}

static void answer(int sig, siginfo_t *si, void *uc)
{
	kill(si->si_pid, SIGUSR2);
	hits++;
}

static void pause_for_signal(void *arg)
{
	struct sigaction sa = { .sa_sigaction = answer, .sa_flags = SA_SIGINFO };

	SYS(sigaction(SIGUSR1, &sa, NULL));
	*(volatile int *)arg = 1;
	while (!hits)
		st_pause();
}

STATE_TREE(signals_between)
{
	int *flag = shared();
	pid_t pid = st_child(pause_for_signal, flag);

	signal(SIGUSR2, count);
	await_value(flag, 1);
	st_wait();
	SYS(kill(pid, SIGUSR1));
	while (!hits)
		st_pause();
	t_join(pid);
}

static void pending_in_child(void *arg)
{
	sigset_t set;
	siginfo_t si;
	pid_t parent = getppid();

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	*(volatile int *)arg = 1;
	st_await_go();
	CHECK_EQ(sigwaitinfo(&set, &si), SIGRTMIN);
	CHECK_EQ(si.si_pid, parent);
	CHECK_EQ(si.si_value.sival_int, 31);
}

STATE_TREE(pending_from_parent)
{
	int *flag = shared();
	pid_t pid = st_child(pending_in_child, flag);

	await_value(flag, 1);
	SYS(sigqueue(pid, SIGRTMIN, (union sigval){ .sival_int = 31 }));
	st_wait();
	t_join(pid);
}
