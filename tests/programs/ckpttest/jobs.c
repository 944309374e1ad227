/* SPDX-License-Identifier: MIT */
/* Jobs, and processes under other ids. */
#define T_PART
#include "ckpttest.h"
#include <reprise/ckpt.h>
#include <sched.h>

/* Who was brought back under other ids is saved for itself, and not with one who knows it by those. */
TEST(under_other_ids)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		setpgid(0, 0);
		pid = t_fork();
		if (pid == 0) {
			t_on_its_own();
			int r = ckpt("mine", 0);

			if (r == 0)
				_exit(0);
			CHECK_EQ(r, 1);
			pause();
			_exit(3);
		}
		t_join(pid);
		pid = SYS(recover("mine", RECOVER_NEWPID));
		t_await_state(pid, "S");
		CHECK_ERR(ckpt("both", CKPT_TREE), EOPNOTSUPP);
		CHECK_ERR(ckpt("both", CKPT_JOB), EOPNOTSUPP);
		SYS(tckpt(pid, "job", CKPT_JOB | CKPT_WAIT));
		SYS(kill(pid, SIGKILL));
		CHECK_EQ(t_wait(pid), SIGKILL);
		pid = SYS(recover("job", 0));
		SYS(kill(pid, SIGKILL));
		CHECK_EQ(t_wait(pid), SIGKILL);
		_exit(0);
	}
	t_join(pid);
}

/* A job whose leader has ended, under other ids: both ends of its pipe are in it. */
TEST(job_without_leader)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		pid_t leader = t_fork(), part[2];
		int p[2];

		if (leader == 0)
			pause();
		setpgid(leader, leader);
		SYS(pipe(p));
		for (int i = 0; i < 2; i++) {
			part[i] = t_fork();
			if (part[i] == 0) {
				t_on_its_own();
				close(p[!i]);
				for (;;)
					pause();
			}
			setpgid(part[i], leader);
		}
		SYS(close(p[0]));
		SYS(close(p[1]));
		t_await_state(part[0], "S");
		t_await_state(part[1], "S");
		SYS(kill(leader, SIGKILL));
		CHECK_EQ(t_wait(leader), SIGKILL);
		SYS(tckpt(part[0], "parts", CKPT_JOB | CKPT_WAIT));
		pid = SYS(recover("parts", RECOVER_NEWPID));
		t_await_state(pid, "S");
		SYS(tckpt(pid, "again", CKPT_JOB | CKPT_WAIT));
		_exit(0);
	}
	t_join(pid);
}

static void pass_on(int in, int out, int times)
{
	char c;

	while (read(in, &c, 1) == 1) {
		c += times;
		CHECK_EQ(write(out, &c, 1), 1);
	}
}

/* Part i of a job: reads from pipe i, writes into pipe i + 1. The one in the middle does so by a child. */
static void part(int i, int (*p)[2], pid_t group)
{
	int st;

	SYS(setpgid(0, group));
	for (int k = 0; k < 4; k++) {
		if (k != i)
			SYS(close(p[k][0]));
		if (k != i + 1)
			SYS(close(p[k][1]));
	}
	if (i == 1) {
		pid_t pid = t_fork();

		if (pid == 0) {
			pass_on(p[i][0], p[i + 1][1], 1);
			_exit(0);
		}
		SYS(close(p[i + 1][1]));
		CHECK_EQ(waitpid(pid, &st, 0), pid);
	}
	pass_on(p[i][0], p[i + 1][1], 1);
	_exit(10 + i);
}

/* Three processes, one group, pipes between them: not one descends from another. */
TEST(job)
{
	int p[4][2], st, left = 0;
	pid_t pid[3];
	char text[30] = "";

	/* Both ends of the job: files by name, so that all of it is in the image. */
	SYS(mkfifo("in", 0600));
	SYS(mkfifo("out", 0600));
	for (int i = 1; i < 3; i++)
		SYS(pipe(p[i]));
	p[0][0] = p[0][1] = p[3][0] = p[3][1] = -1;
	for (int i = 0; i < 3; i++) {
		pid[i] = t_fork();
		if (pid[i] == 0) {
			p[0][0] = dup(0);
			p[0][1] = dup(0);
			p[3][0] = dup(0);
			p[3][1] = dup(0);
			if (i == 0)
				dup2(SYS(open("in", O_RDONLY)), p[0][0]);
			if (i == 2)
				dup2(SYS(open("out", O_RDWR)), p[3][1]);
			part(i, p, i ? pid[0] : 0);
		}
		SYS(setpgid(pid[i], pid[0]));
	}
	for (int i = 1; i < 3; i++) {
		SYS(close(p[i][0]));
		SYS(close(p[i][1]));
	}
	/* The last one has its end of "out". */
	while ((st = open("out", O_WRONLY | O_NONBLOCK)) < 0)
		sched_yield();
	SYS(close(st));
	CHECK_ERR(tckpt(pid[0], "part", CKPT_WAIT | CKPT_TREE), EOPNOTSUPP);
	SYS(tckpt(pid[0], "job", CKPT_WAIT | CKPT_JOB));
	SYS(kill(-pid[0], SIGKILL));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(t_wait(pid[i]), SIGKILL);
	/* The child of the one in the middle is init's, and in the group until that has waited for it: so long nobody has the group's number. */
	while (kill(-pid[0], 0) == 0)
		sched_yield();
	CHECK_EQ(recover("job", 0), pid[0]);
	CHECK_ERR(recover("job", 0), EBUSY); /* the named pipes are theirs now */
	for (int i = 0; i < 3; i++)
		CHECK_EQ(getpgid(pid[i]), pid[0]);
	st = SYS(open("in", O_WRONLY));
	CHECK_EQ(write(st, "abc", 3), 3);
	left = SYS(open("out", O_RDONLY));
	for (int n = 0; n < 3;)
		n += SYS(read(left, text + n, 3 - n));
	CHECK_STR(text, "def");
	SYS(close(st));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(t_wait(pid[i]), (10 + i) << 8);
}
