/* SPDX-License-Identifier: MIT */
/* What the parts of ckpttest share: a process that waits and is ended, and what is in the way of its checkpoint. */
#ifndef TESTS_CKPTTEST_CKPTTEST_H
#define TESTS_CKPTTEST_CKPTTEST_H

#include "../t.h"
#include <reprise/ckpt.h>

__attribute__((unused)) static int just_waits(void *arg)
{
	for (;;)
		pause();
	return 0;
}

/* How many obstacles a checkpoint of the process would meet. */
__attribute__((unused)) static int obstacles(pid_t pid)
{
	static struct ckpt_obstacles ob;

	return SYS(ckptctl(CKPTCTL_CAN, pid, &ob));
}

__attribute__((unused)) static void end_it(pid_t pid)
{
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

#endif
