/* SPDX-License-Identifier: MIT */
/* Processes that are nobody's descendants in the image: the others of a process group, and of a session. */
#include "states.h"
#include <sys/mman.h>

/* Of all of a job. */
struct common {
	int c_ready, c_ended;
	pid_t c_pid[4];
	int c_pipe[2];
};

static struct common *common(void)
{
	struct common *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(c != MAP_FAILED);
	SYS(pipe(c->c_pipe));
	return c;
}

static int add(int *p)
{
	return __atomic_fetch_add(p, 1, __ATOMIC_SEQ_CST);
}

static void await_value(int *p, int v)
{
	while (__atomic_load_n(p, __ATOMIC_SEQ_CST) != v)
		st_pause();
}

/* A process whose parent has ended. */
static void orphan(void (*fn)(struct common *c), struct common *c)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		if (t_fork() == 0) {
			fn(c);
			add(&c->c_ended);
		}
		_exit(0);
	}
	t_join(pid);
}

/* Its ids stay, and so does what it has in common with the others. */
static void stays(struct common *c)
{
	pid_t pid = getpid(), group = getpgrp(), session = getsid(0);
	int n = add(&c->c_ready);

	c->c_pid[n] = pid;
	st_await_go();
	CHECK(getpid() == pid && getpgrp() == group && getsid(0) == session);
	CHECK_EQ(c->c_pid[n], pid);
	CHECK_EQ(write(c->c_pipe[1], &n, sizeof(n)), sizeof(n));
}

static void in_its_own_group(struct common *c)
{
	SYS(setpgid(0, 0));
	stays(c);
}

static void look(struct common *c, int others)
{
	int seen = 0, n;

	st_wait();
	for (int i = 0; i < others; i++) {
		CHECK_EQ(read(c->c_pipe[0], &n, sizeof(n)), sizeof(n));
		seen |= 1 << n;
	}
	CHECK_EQ(seen, (1 << others) - 1);
	await_value(&c->c_ended, others);
	CHECK_ERR(waitpid(-1, NULL, WNOHANG), ECHILD);
}

STATE_WITH(of_a_group, ST_TREE | ST_JOB)
{
	struct common *c = common();

	for (int i = 0; i < 3; i++)
		orphan(stays, c);
	await_value(&c->c_ready, 3);
	look(c, 3);
}

STATE_WITH(of_a_session, ST_TREE | ST_SESSION)
{
	struct common *c = common();

	orphan(stays, c);
	orphan(in_its_own_group, c);
	await_value(&c->c_ready, 2);
	look(c, 2);
}
