/* SPDX-License-Identifier: MIT */
/* What the parts of st-tree share: memory of all of a tree. */
#ifndef TESTS_STATES_TREE_TREE_H
#define TESTS_STATES_TREE_TREE_H

#include "../states.h"
#include <sys/mman.h>

/* Memory that all of a tree share. */
__attribute__((unused)) static int *shared(void)
{
	int *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

__attribute__((unused)) static void await_value(volatile int *p, int v)
{
	while (__atomic_load_n(p, __ATOMIC_SEQ_CST) != v)
		st_pause();
}

__attribute__((unused)) static void add(int *p, int n)
{
	__atomic_add_fetch(p, n, __ATOMIC_SEQ_CST);
}

__attribute__((unused)) static void ids_stay(void *arg)
{
	pid_t pid = getpid(), parent = getppid();

	st_await_go();
	CHECK_EQ(getpid(), pid);
	CHECK_EQ(getppid(), parent);
	SYS(kill(pid, 0));
	SYS(kill(parent, 0));
}

__attribute__((unused)) static volatile sig_atomic_t hits;

__attribute__((unused)) static void count(int sig)
{
	hits++;
}

#endif
