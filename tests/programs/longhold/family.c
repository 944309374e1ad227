/* SPDX-License-Identifier: MIT */
/* Crowds that belong together: a family that is saved, children that are told of their maker's end. */
#define T_PART
#include "longhold.h"
#include "reprise/ckpt.h"
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

static void sleep_on(void)
{
	for (;;)
		pause();
}

/* A group of its own, which shares nothing with others: the first, with a crowd of children. */
static pid_t family(void)
{
	pid_t first = t_fork();

	if (first == 0) {
		int null = SYS(open("/dev/null", O_RDWR));

		for (int fd = 0; fd < 3; fd++)
			SYS(dup2(null, fd));
		SYS(setpgid(0, 0));
		gather(sleep_on);
		SYS(raise(SIGSTOP));
		sleep_on();
	}
	CHECK_EQ(waitpid(first, NULL, WUNTRACED), first);
	SYS(kill(first, SIGCONT));
	return first;
}

static void end_family(pid_t first)
{
	SYS(kill(-first, SIGKILL));
	t_wait(first);
	while (kill(-first, 0) == 0)
		sched_yield();
}

TEST_REPRISE(family)
{
	pid_t first = family();

	holds_begin();
	SYS(syscall(SYS_tckpt, first, "family", CKPT_TREE | CKPT_WAIT));
	holds_end();
	end_family(first);
}

static void told_of_the_end(void)
{
	SYS(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	pause();
}

static void *make_children(void *arg)
{
	gather(told_of_the_end);
	for (int i = 0; i < CROWD; i++)
		t_await_state(crowd[i], "S");
	holds_begin();
	return NULL;
}

/* The lwp that made them ends, and its process does not. */
TEST_REPRISE(makers_end)
{
	pthread_t t;

	on_signal(SIGUSR1, nothing);
	CHECK_EQ(pthread_create(&t, NULL, make_children, NULL), 0);
	CHECK_EQ(pthread_join(t, NULL), 0);
	for (int i = 0; i < CROWD; i++)
		t_join(crowd[i]);
	holds_end();
}
