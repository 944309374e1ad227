/* SPDX-License-Identifier: MIT */
/* Several processes: children and theirs, and what each has of its own. tree/ has ends, signals, groups and shared memory. */
#include "tree/tree.h"
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

STATE_TREE(child)
{
	pid_t pid = st_child(ids_stay, NULL);

	st_wait();
	SYS(kill(pid, 0));
	t_join(pid);
	CHECK_ERR(waitpid(-1, NULL, 0), ECHILD);
}

STATE_TREE(children)
{
	pid_t pid[12];

	for (int i = 0; i < 12; i++)
		pid[i] = st_child(ids_stay, NULL);
	st_wait();
	for (int i = 11; i >= 0; i--)
		t_join(pid[i]);
	CHECK_ERR(waitpid(-1, NULL, 0), ECHILD);
}

static void descend(void *arg)
{
	int depth = *(int *)arg - 1;

	if (depth == 0) {
		ids_stay(NULL);
		return;
	}
	pid_t pid = st_child(descend, &depth);
	ids_stay(NULL);
	t_join(pid);
}

STATE_TREE(generations)
{
	int depth = 7;
	pid_t pid = st_child(descend, &depth);

	st_wait();
	t_join(pid);
}

static void differ(void *arg)
{
	char cwd[PATH_MAX], now[PATH_MAX];

	SYS(mkdir("in", 0755));
	SYS(chdir("in"));
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	umask(011);
	SYS(setpriority(PRIO_PROCESS, 0, 9));
	SYS(prctl(PR_SET_NAME, "the child"));
	SYS(setenv("WHO", "child", 1));
	signal(SIGHUP, SIG_IGN);
	*(volatile int *)arg = 1;
	st_await_go();
	CHECK(getcwd(now, sizeof(now)) != NULL);
	CHECK_STR(now, cwd);
	CHECK_EQ(umask(0), 011);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 9);
	SYS(prctl(PR_GET_NAME, now));
	CHECK_STR(now, "the child");
	CHECK_STR(getenv("WHO"), "child");
	CHECK(signal(SIGHUP, SIG_DFL) == SIG_IGN);
}

STATE_TREE(different)
{
	char now[PATH_MAX];
	int *flag = shared();

	umask(022);
	pid_t pid = st_child(differ, flag);
	await_value(flag, 1);
	st_wait();
	CHECK_EQ(umask(0), 022);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
	CHECK_EQ(getpriority(PRIO_PROCESS, pid), 9);
	CHECK(getcwd(now, sizeof(now)) && strcmp(now + strlen(now) - 3, "/in") != 0);
	CHECK(signal(SIGHUP, SIG_DFL) == SIG_DFL);
	t_join(pid);
}

STATE_WITH(user_of_child, ST_TREE | ST_ROOT)
{
	int *flag = shared();
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setgid(1000));
		SYS(setuid(1000));
		*flag = 1;
		st_await_go();
		CHECK(getuid() == 1000 && geteuid() == 1000 && getgid() == 1000);
		CHECK_ERR(kill(getppid(), SIGUSR1), EPERM);
		_exit(0);
	}
	await_value(flag, 1);
	st_wait();
	CHECK_EQ(getuid(), 0);
	t_join(pid);
}

/* What `other_program` executes. */
STATE_WITH(executed, ST_HELPER)
{
	st_say("executed", "");
	st_await_go();
}

STATE_TREE(other_program)
{
	char exe[PATH_MAX] = "", text[1];
	int p[2];

	SYS(pipe2(p, O_CLOEXEC));
	SYS(readlink("/proc/self/exe", exe, sizeof(exe) - 1));
	pid_t pid = t_fork();
	if (pid == 0) {
		execl(exe, "another-name", "executed", NULL);
		_exit(127);
	}
	SYS(close(p[1]));
	CHECK_EQ(read(p[0], text, 1), 0); /* it has executed */
	st_wait();
	t_join(pid);
}

static void *thread_waits(void *arg)
{
	st_await_go();
	return NULL;
}

static void threads_in_child(void *arg)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, thread_waits, NULL), 0);
	add(arg, 1);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
}

STATE_TREE(threads_everywhere)
{
	int *flag = shared();
	pthread_t t[4];
	pid_t pid[3];

	for (int i = 0; i < 3; i++)
		pid[i] = st_child(threads_in_child, flag);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, thread_waits, NULL), 0);
	await_value(flag, 3);
	st_wait();
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	for (int i = 0; i < 3; i++)
		t_join(pid[i]);
}

static void *fork_and_wait(void *arg)
{
	pid_t pid = st_child(ids_stay, NULL);

	add(arg, 1);
	t_join(pid);
	return NULL;
}

STATE_TREE(child_of_thread)
{
	int *flag = shared();
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, fork_and_wait, flag), 0);
	await_value(flag, 1);
	st_wait();
	CHECK_EQ(pthread_join(t, NULL), 0);
}

STATE_TREE(new_children)
{
	/* Children that are made afterwards have other ids than those that there are. */
	pid_t pid[5], more;

	for (int i = 0; i < 5; i++)
		pid[i] = st_child(ids_stay, NULL);
	st_wait();
	for (int i = 0; i < 30; i++) {
		more = t_fork();
		if (more == 0)
			_exit(getppid() == getpid());
		for (int k = 0; k < 5; k++)
			CHECK(more != pid[k]);
		CHECK(more != getpid());
		t_join(more);
	}
	for (int i = 0; i < 5; i++)
		t_join(pid[i]);
}

static void sleep_in_child(void *arg)
{
	struct timespec ts = { 1, 0 };
	long long began = t_now_ns();

	add(arg, 1);
	SYS(nanosleep(&ts, NULL));
	CHECK(t_now_ns() - began >= 1000000000ll);
}

STATE_TREE(sleeping_children)
{
	int *flag = shared();
	pid_t pid[3];

	for (int i = 0; i < 3; i++)
		pid[i] = st_child(sleep_in_child, flag);
	await_value(flag, 3);
	st_wait();
	for (int i = 0; i < 3; i++)
		t_join(pid[i]);
}

STATE_TREE(wide)
{
	enum { MANY = 40 };
	pid_t pid[MANY];

	for (int i = 0; i < MANY; i++)
		pid[i] = st_child(ids_stay, NULL);
	st_wait();
	for (int i = 0; i < MANY; i++)
		t_join(pid[i]);
}
