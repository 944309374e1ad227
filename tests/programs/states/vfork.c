/* SPDX-License-Identifier: MIT */
/* vfork(2) under way: the parent waits until the child has executed a program or ended, and the child until there is a file "go". */
#include "states.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#define STACK 16384

static volatile sig_atomic_t hits;

static void count(int sig)
{
	hits++;
}

/* A child that runs fn(arg) in this memory on a stack of its own; returns when it has executed a program or ended. */
static pid_t vfork_to(int (*fn)(void *), void *arg)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(stack != MAP_FAILED);
	return SYS(clone(fn, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, arg));
}

static int wait_and_end(void *arg)
{
	if (arg)
		st_ready("");
	st_await_go();
	++*(volatile int *)(arg ? arg : &(int){ 0 });
	_exit(5);
}

STATE_WITH(child_waits, ST_TREE | ST_TICKS)
{
	volatile int seen = 6;
	pid_t pid = vfork_to(wait_and_end, (void *)&seen);

	CHECK_EQ(seen, 7);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 5);
	CHECK_ERR(waitpid(-1, NULL, 0), ECHILD);
}

/* What `child_executes` executes. */
STATE_WITH(after_vfork, ST_HELPER)
{
	CHECK(st_may_go());
	_exit(11);
}

static int wait_and_execute(void *arg)
{
	char exe[PATH_MAX] = "";

	st_ready("");
	st_await_go();
	SYS(readlink("/proc/self/exe", exe, sizeof(exe) - 1));
	execl(exe, "another-name", "after_vfork", NULL);
	_exit(127);
}

STATE_WITH(child_executes, ST_TREE | ST_TICKS)
{
	pid_t pid = vfork_to(wait_and_execute, NULL);

	CHECK(st_may_go());
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 11);
}

static int wait_for_own_vfork(void *arg)
{
	volatile int seen = 1;
	pid_t pid = vfork_to(wait_and_end, (void *)&seen);

	CHECK_EQ(seen, 2);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 5);
	*(volatile int *)arg = 3;
	_exit(6);
}

STATE_WITH(in_a_row, ST_TREE | ST_TICKS)
{
	volatile int seen = 0;
	pid_t pid = vfork_to(wait_for_own_vfork, (void *)&seen);

	CHECK_EQ(seen, 3);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 6);
}

static int raise_and_wait(void *arg)
{
	/* The parent takes it when it has its stack for itself again. */
	SYS(kill(getppid(), SIGUSR1));
	SYS(kill(getppid(), SIGUSR1));
	st_ready("");
	st_await_go();
	CHECK_EQ(hits, 0);
	_exit(0);
}

STATE_WITH(signal_pending, ST_TREE | ST_TICKS)
{
	signal(SIGUSR1, count);
	pid_t pid = vfork_to(raise_and_wait, NULL);

	CHECK_EQ(hits, 1);
	t_join(pid);
}

static volatile int began, ended;

static void *thread_vforks(void *arg)
{
	began = 1;
	pid_t pid = vfork_to(wait_and_end, NULL);

	ended = 1;
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 5);
	return NULL;
}

STATE_WITH(of_a_thread, ST_TREE | ST_TICKS)
{
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, thread_vforks, NULL), 0);
	while (!began)
		st_pause();
	for (int i = 0; i < 20; i++)
		st_pause();
	CHECK_EQ(ended, 0);
	st_wait();
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK_EQ(ended, 1);
}

static int child_of_copy(void *arg)
{
	st_ready("");
	st_await_go();
	_exit(4);
}

/* CLONE_VFORK alone: the child has memory of its own. */
STATE_WITH(own_memory, ST_TREE | ST_TICKS)
{
	pid_t pid = SYS(syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));

	if (pid == 0)
		child_of_copy(NULL);
	CHECK(st_may_go());
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 4);
}
