/* SPDX-License-Identifier: MIT */
/* Process groups and sessions of a tree. */
#define T_PART
#include "tree.h"

static void in_group(void *arg)
{
	pid_t *want = arg;

	SYS(setpgid(0, *want));
	pid_t group = getpgrp();
	signal(SIGUSR1, count);
	st_say("grouped", "");
	while (!hits)
		st_pause();
	CHECK_EQ(getpgrp(), group);
	CHECK_EQ(getpgid(0), group);
}

STATE_TREE(groups)
{
	pid_t pid[4], group = 0, mine = getpgrp();

	for (int i = 0; i < 4; i++) {
		if (i == 2)
			group = 0;
		pid[i] = st_child(in_group, &group);
		while (getpgid(pid[i]) == mine)
			st_pause();
		if (i % 2 == 0)
			group = pid[i];
	}
	for (int i = 0; i < 20; i++)
		st_pause();
	st_wait();
	for (int i = 0; i < 4; i++)
		CHECK_EQ(getpgid(pid[i]), pid[i & ~1]);
	CHECK_EQ(getpgrp(), mine);
	SYS(kill(-pid[0], SIGUSR1));
	t_join(pid[0]);
	t_join(pid[1]);
	CHECK_EQ(waitpid(-pid[2], NULL, WNOHANG), 0);
	SYS(kill(-pid[2], SIGUSR1));
	t_join(pid[2]);
	t_join(pid[3]);
}

STATE_TREE(group_without_leader)
{
	pid_t mine = getpgrp(), group = 0;
	pid_t leader = st_child(in_group, &group);

	while (getpgid(leader) == mine)
		st_pause();
	group = leader;
	pid_t member = st_child(in_group, &group);
	while (getpgid(member) != leader)
		st_pause();
	for (int i = 0; i < 20; i++)
		st_pause();
	SYS(kill(leader, SIGKILL));
	t_wait(leader);
	st_wait();
	CHECK_EQ(getpgid(member), leader);
	CHECK_ERR(kill(leader, 0), ESRCH);
	/* Nobody gets the number as long as the group lives. */
	for (int i = 0; i < 20; i++) {
		pid_t pid = t_fork();

		if (pid == 0)
			_exit(0);
		CHECK(pid != leader);
		t_join(pid);
	}
	SYS(kill(-leader, SIGUSR1));
	t_join(member);
}

static void in_session(void *arg)
{
	pid_t pid = getpid();

	CHECK_EQ(setsid(), pid);
	*(volatile int *)arg = 1;
	st_await_go();
	CHECK_EQ(getsid(0), pid);
	CHECK_EQ(getpgrp(), pid);
	CHECK_EQ(getsid(getppid()), getppid());
	CHECK_ERR(setsid(), EPERM);
}

STATE_TREE(session_of_child)
{
	int *flag = shared();
	pid_t me = getpid(), pid = st_child(in_session, flag);

	await_value(flag, 1);
	st_wait();
	CHECK_EQ(getsid(pid), pid);
	CHECK_EQ(getsid(0), me);
	t_join(pid);
}
