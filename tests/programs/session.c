/* SPDX-License-Identifier: MIT */
/* Sessions and process groups: who is in which, who may change that, and what happens to orphaned groups. */
#include "t.h"
#include <pthread.h>

TEST(child_inherits)
{
	pid_t pgid = getpgrp(), sid = getsid(0), pid = t_fork();

	if (pid == 0) {
		CHECK_EQ(getpgrp(), pgid);
		CHECK_EQ(getpgid(0), pgid);
		CHECK_EQ(getsid(0), sid);
		_exit(0);
	}
	CHECK_EQ(getpgid(pid), pgid);
	CHECK_EQ(getsid(pid), sid);
	t_join(pid);
}

TEST(setsid_rules)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		CHECK_EQ(setsid(), getpid());
		CHECK_EQ(getsid(0), getpid());
		CHECK_EQ(getpgrp(), getpid());
		CHECK_ERR(setsid(), EPERM);
		/* A session leader's group stays. */
		CHECK_ERR(setpgid(0, 0), EPERM);
		_exit(0);
	}
	t_join(pid);
	pid = t_fork();
	if (pid == 0) {
		SYS(setpgid(0, 0));
		CHECK_ERR(setsid(), EPERM);
		_exit(0);
	}
	t_join(pid);
}

TEST(setpgid_rules)
{
	struct t_gate g = t_gate(), up = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		t_open_gate(up);
		t_pass_gate(g);
		_exit(0);
	}
	t_pass_gate(up);
	SYS(setpgid(pid, 0));
	CHECK_EQ(getpgid(pid), pid);
	SYS(setpgid(pid, getpgrp()));
	CHECK_EQ(getpgid(pid), getpgrp());
	CHECK_ERR(setpgid(pid, 99999), EPERM);
	CHECK_ERR(setpgid(pid, -1), EINVAL);
	CHECK_ERR(setpgid(99999, 0), ESRCH);
	CHECK_ERR(setpgid(getppid(), 0), ESRCH);
	CHECK_ERR(getpgid(99999), ESRCH);
	CHECK_ERR(getsid(99999), ESRCH);
	t_open_gate(g);
	t_join(pid);
	CHECK_ERR(setpgid(pid, 0), ESRCH);
}

/* The hook: what `session EXECED` waits for. */
static int t_hook(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "EXECED") == 0) {
		char c;
		if (write(atoi(argv[2]), "x", 1) != 1 || read(atoi(argv[3]), &c, 1) != 1)
			return 1;
		return 0;
	}
	return -1;
}

TEST(not_after_exec)
{
	struct t_gate g = t_gate(), up = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		char a[16], b[16];
		snprintf(a, sizeof(a), "%d", up.g_fd[1]);
		snprintf(b, sizeof(b), "%d", g.g_fd[0]);
		execl("/proc/self/exe", "session", "EXECED", a, b, NULL);
		_exit(99);
	}
	t_pass_gate(up);
	CHECK_ERR(setpgid(pid, pid), EACCES);
	t_open_gate(g);
	t_join(pid);
}

TEST(other_session)
{
	struct t_gate g = t_gate(), up = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setsid());
		t_open_gate(up);
		t_pass_gate(g);
		_exit(0);
	}
	t_pass_gate(up);
	CHECK_ERR(setpgid(pid, pid), EPERM);
	CHECK_ERR(setpgid(0, pid), EPERM);
	CHECK_EQ(getsid(pid), pid);
	t_open_gate(g);
	t_join(pid);
}

TEST(kill_a_group)
{
	pid_t pids[3];

	for (int i = 0; i < 3; i++) {
		pids[i] = t_fork();
		if (pids[i] == 0) {
			for (;;)
				pause();
		}
		SYS(setpgid(pids[i], pids[0]));
	}
	pid_t other = t_fork();
	if (other == 0) {
		for (;;)
			pause();
	}
	SYS(kill(-pids[0], 0));
	SYS(kill(-pids[0], SIGTERM));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(WTERMSIG(t_wait(pids[i])), SIGTERM);
	CHECK_ERR(kill(-pids[0], 0), ESRCH);
	CHECK_EQ(waitpid(other, NULL, WNOHANG), 0);
	SYS(kill(other, SIGKILL));
	t_wait(other);
	CHECK_ERR(kill(-99999, SIGTERM), ESRCH);
}

static volatile sig_atomic_t got_hup, got_cont;
static void on_hup(int sig)
{
	got_hup++;
}
static void on_cont(int sig)
{
	got_cont++;
}

TEST(orphaned_stopped_group)
{
	struct t_gate up = t_gate(), ready = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		pid_t sub;
		SYS(setsid());
		sub = t_fork();
		if (sub == 0) {
			sigset_t set, old;

			SYS(setpgid(0, 0));
			signal(SIGHUP, on_hup);
			signal(SIGCONT, on_cont);
			sigfillset(&set);
			sigdelset(&set, SIGSTOP);
			SYS(sigprocmask(SIG_BLOCK, &set, &old));
			t_open_gate(ready);
			raise(SIGSTOP);
			/* Our parent has ended: the group is orphaned, and gets SIGHUP and SIGCONT. */
			sigemptyset(&set);
			while (!got_hup || !got_cont)
				sigsuspend(&set);
			t_open_gate(up);
			_exit(0);
		}
		t_pass_gate(ready);
		int st;
		CHECK_EQ(waitpid(sub, &st, WUNTRACED), sub);
		CHECK(WIFSTOPPED(st));
		_exit(0);
	}
	t_join(pid);
	t_pass_gate(up);
}

/* A group that was orphaned already, or is tied by somebody else, does not care who of it ends. */
TEST(stopped_member_of_orphaned_group)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		pid_t stopped, other;
		int st;

		SYS(setsid());
		stopped = t_fork();
		if (stopped == 0) {
			raise(SIGSTOP);
			_exit(13);
		}
		CHECK_EQ(waitpid(stopped, &st, WUNTRACED), stopped);
		CHECK(WIFSTOPPED(st));
		other = t_fork();
		if (other == 0)
			_exit(0);
		t_join(other);
		/* No SIGHUP has ended us, and no SIGCONT has continued it. */
		CHECK_EQ(waitpid(stopped, &st, WNOHANG | WCONTINUED), 0);
		SYS(kill(stopped, SIGCONT));
		CHECK_EQ(WEXITSTATUS(t_wait(stopped)), 13);
		_exit(14);
	}
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 14);
}

TEST(terminal_stop_ignored_in_orphaned_group)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setsid());
		/* The only group of its session, its parent in another: orphaned, so SIGTSTP does not stop it. */
		raise(SIGTSTP);
		raise(SIGTTIN);
		_exit(12);
	}
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 12);
} /* The next id: that of a thread, which ends at once. */
static void *tell_tid(void *arg)
{
	*(pid_t *)arg = (pid_t)syscall(SYS_gettid);
	return NULL;
}

static pid_t next_id(void)
{
	static char stack[32768];
	pthread_attr_t attr;
	pthread_t th;
	pid_t tid;

	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, sizeof(stack));
	CHECK_EQ(pthread_create(&th, &attr, tell_tid, &tid), 0);
	CHECK_EQ(pthread_join(th, NULL), 0);
	return tid;
}

/* Its leader has gone, the group has not: its number is nobody's, though all numbers are given out one after the other. */
TEST_REPRISE(id_of_a_group)
{
	struct t_gate g = t_gate(), up = t_gate();
	pid_t leader, id = 0, before;
	int around = 0;

	/* The lowest are not given out a second time. */
	while (id < 400)
		id = next_id();
	leader = t_fork();
	if (leader == 0) {
		SYS(setpgid(0, 0));
		if (t_fork() == 0) {
			t_open_gate(up);
			t_pass_gate(g);
		}
		_exit(0);
	}
	t_pass_gate(up);
	t_join(leader);
	SYS(kill(-leader, 0));
	while (!around || id < leader) {
		before = id;
		id = next_id();
		CHECK(id != leader);
		around |= id < before;
	}
	t_open_gate(g);
}
