/* SPDX-License-Identifier: MIT */
/* What prctl(2) and personality(2) set. */
#include "states.h"
#include <pthread.h>
#include <sys/personality.h>
#include <sys/prctl.h>

static int get(int option)
{
	int v = -1;

	SYS(prctl(option, &v));
	return v;
}

STATE(settings)
{
	SYS(prctl(PR_SET_TIMERSLACK, 123));
	SYS(prctl(PR_SET_KEEPCAPS, 1));
	SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	SYS(personality(0x0040000));
	st_wait();
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 123);
	CHECK_EQ(prctl(PR_GET_KEEPCAPS), 1);
	CHECK_EQ(get(PR_GET_CHILD_SUBREAPER), 1);
	CHECK_EQ(personality(0xffffffff) & 0x0040000, 0x0040000);
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	CHECK_EQ(get(PR_GET_PDEATHSIG), 0);
	/* What it goes back to. */
	SYS(prctl(PR_SET_TIMERSLACK, 0));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
}

STATE(no_new_privs)
{
	SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	st_wait();
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}

static void *other(void *arg)
{
	SYS(prctl(PR_SET_TIMERSLACK, 777));
	SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	*(volatile int *)arg = 1;
	st_wait();
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 777);
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	return NULL;
}

/* Of one thread, and not of the other. */
STATE(of_a_thread)
{
	volatile int done = 0;
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, other, (void *)&done), 0);
	while (!done)
		st_pause();
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

/* A child that ends when its parent does: the grandchild tells of the signal, as a child of its subreaper. */
STATE_TREE(death_signal)
{
	int p[2];
	char c;

	SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	SYS(pipe(p));
	pid_t pid = t_fork();
	if (pid == 0) {
		if (t_fork() == 0) {
			sigset_t set;
			siginfo_t info;

			sigemptyset(&set);
			sigaddset(&set, SIGUSR2);
			SYS(sigprocmask(SIG_BLOCK, &set, NULL));
			SYS(prctl(PR_SET_PDEATHSIG, SIGUSR2));
			CHECK_EQ(write(p[1], "r", 1), 1);
			while (sigwaitinfo(&set, &info) < 0)
				CHECK_EQ(errno, EINTR);
			CHECK_EQ(get(PR_GET_PDEATHSIG), SIGUSR2);
			CHECK_EQ(write(p[1], "d", 1), 1);
			_exit(3);
		}
		for (;;)
			pause();
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	st_wait();
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(c, 'd');
	int st;
	CHECK(waitpid(-1, &st, 0) > 0);
	CHECK_EQ(WEXITSTATUS(st), 3);
}

/* A child with an exit signal of its own: as its parent chose it. */
static volatile sig_atomic_t got;

static void note(int sig)
{
	got = sig;
}

STATE_TREE(exit_signal)
{
	int st;

	signal(SIGUSR2, note);
	pid_t pid = SYS(syscall(SYS_clone, SIGUSR2, 0, 0, 0, 0));
	if (pid == 0) {
		for (;;)
			pause();
	}
	st_wait();
	CHECK_EQ(got, 0);
	SYS(kill(pid, SIGKILL));
	while (waitpid(pid, &st, __WCLONE) < 0)
		CHECK_EQ(errno, EINTR);
	CHECK_EQ(got, SIGUSR2);
	CHECK_EQ(st, SIGKILL);
}
