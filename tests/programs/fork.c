/* SPDX-License-Identifier: MIT */
/* fork, vfork, exit and wait: what a parent and its children know of each other. */
#include "t.h"
#include <sys/resource.h>
#include <sys/times.h>

TEST(returns_twice)
{
	struct t_gate g = t_gate();
	pid_t me = getpid(), pid = t_fork();

	if (pid == 0) {
		CHECK_EQ(getppid(), me);
		CHECK(getpid() != me);
		pid_t mine = getpid();
		_exit(write(g.g_fd[1], &mine, sizeof(mine)) != sizeof(mine));
	}
	pid_t told;
	CHECK_EQ(read(g.g_fd[0], &told, sizeof(told)), sizeof(told));
	CHECK_EQ(told, pid);
	t_join(pid);
	CHECK_EQ(getpid(), me);
}

static volatile int global = 1;

TEST(memory_is_copied)
{
	volatile int local = 1;
	volatile char *heap = malloc(100000);
	struct t_gate down = t_gate(), up = t_gate();

	memset((void *)heap, 1, 100000);
	pid_t pid = t_fork();
	if (pid == 0) {
		CHECK(global == 1 && local == 1 && heap[99999] == 1);
		global = local = heap[99999] = 2;
		t_open_gate(up);
		t_pass_gate(down);
		CHECK(global == 2 && local == 2 && heap[99999] == 2 && heap[0] == 1);
		_exit(0);
	}
	t_pass_gate(up);
	CHECK(global == 1 && local == 1 && heap[99999] == 1);
	global = local = heap[99999] = heap[0] = 3;
	t_open_gate(down);
	t_join(pid);
	CHECK(global == 3 && local == 3 && heap[99999] == 3);
}

TEST(exit_codes)
{
	for (int code = 0; code < 256; code += 15) {
		pid_t pid = t_fork();
		if (pid == 0)
			_exit(code | 0x4200);
		int st = t_wait(pid);
		CHECK(WIFEXITED(st));
		CHECK_EQ(WEXITSTATUS(st), code);
	}
}

TEST(killed_by_signal)
{
	const int sigs[] = { SIGHUP,  SIGINT,  SIGKILL,	 SIGTERM, SIGUSR1,
			     SIGPIPE, SIGALRM, SIGRTMIN, 64 };
	struct rlimit none = { 0, 0 };

	SYS(setrlimit(RLIMIT_CORE, &none));
	for (unsigned i = 0; i < sizeof(sigs) / sizeof(*sigs); i++) {
		pid_t pid = t_fork();
		if (pid == 0) {
			for (;;)
				pause();
		}
		SYS(kill(pid, sigs[i]));
		int st = t_wait(pid);
		CHECK(WIFSIGNALED(st) && !WIFEXITED(st));
		CHECK_EQ(WTERMSIG(st), sigs[i]);
	}
}

TEST(wait_errors)
{
	int st;

	CHECK_ERR(wait(&st), ECHILD);
	CHECK_ERR(waitpid(-1, &st, WNOHANG), ECHILD);
	CHECK_ERR(waitpid(getpid(), &st, 0), ECHILD);
	CHECK_ERR(waitpid(99999, &st, 0), ECHILD);
	CHECK_ERR(waitpid(-1, &st, 0x100), EINVAL);
	CHECK_ERR(waitpid(-99999, &st, 0), ECHILD);
}

TEST(wait_nohang)
{
	struct t_gate g = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		t_pass_gate(g);
		_exit(7);
	}
	int st = 1234;
	CHECK_EQ(waitpid(pid, &st, WNOHANG), 0);
	CHECK_EQ(st, 1234);
	t_open_gate(g);
	st = t_wait(pid);
	CHECK_EQ(WEXITSTATUS(st), 7);
	CHECK_ERR(waitpid(pid, &st, 0), ECHILD);
}

TEST(wait_for_group)
{
	struct t_gate g = t_gate();
	pid_t a = t_fork();
	if (a == 0) {
		t_pass_gate(g);
		_exit(1);
	}
	SYS(setpgid(a, a));
	pid_t b = t_fork();
	if (b == 0) {
		t_pass_gate(g);
		_exit(2);
	}
	SYS(setpgid(b, a));
	pid_t c = t_fork();
	if (c == 0)
		_exit(3);

	int st, seen = 0;
	CHECK_EQ(waitpid(-a, &st, WNOHANG), 0);
	CHECK_EQ(waitpid(0, &st, 0), c);
	CHECK_EQ(WEXITSTATUS(st), 3);
	CHECK_ERR(waitpid(0, &st, 0), ECHILD);
	t_open_gate(g);
	t_open_gate(g);
	for (int i = 0; i < 2; i++) {
		pid_t r = waitpid(-a, &st, 0);
		CHECK(r == a || r == b);
		seen |= WEXITSTATUS(st);
	}
	CHECK_EQ(seen, 3);
	CHECK_ERR(waitpid(-a, &st, 0), ECHILD);
}

TEST(zombie_until_waited)
{
	pid_t pid = t_fork();

	if (pid == 0)
		_exit(5);
	t_await_state(pid, "Z");
	CHECK_EQ(kill(pid, 0), 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 5);
	CHECK_ERR(kill(pid, 0), ESRCH);
}

TEST(orphan_gets_new_parent)
{
	struct t_gate ready = t_gate(), go = t_gate(), up = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		pid_t me = getpid();
		if (t_fork() == 0) {
			CHECK_EQ(getppid(), me);
			t_open_gate(ready);
			t_pass_gate(go);
			char gone = getppid() != me;
			_exit(write(up.g_fd[1], &gone, 1) != 1);
		}
		t_pass_gate(ready);
		_exit(0);
	}
	t_join(pid);
	t_open_gate(go);
	char gone = 0;
	CHECK_EQ(read(up.g_fd[0], &gone, 1), 1);
	CHECK_EQ(gone, 1);
}

TEST(sigchld_says_who)
{
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	pid_t pid = t_fork();
	if (pid == 0)
		_exit(42);
	CHECK_EQ(sigwaitinfo(&set, &si), SIGCHLD);
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(si.si_code, CLD_EXITED);
	CHECK_EQ(si.si_status, 42);
	CHECK_EQ(si.si_uid, getuid());
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 42);
	pid = t_fork();
	if (pid == 0) {
		for (;;)
			pause();
	}
	SYS(kill(pid, SIGTERM));
	CHECK_EQ(sigwaitinfo(&set, &si), SIGCHLD);
	CHECK_EQ(si.si_code, CLD_KILLED);
	CHECK_EQ(si.si_status, SIGTERM);
	t_wait(pid);
}

TEST(ignored_sigchld_reaps)
{
	int st;

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		if (t_fork() == 0)
			_exit(i);
	}
	CHECK_ERR(waitpid(-1, &st, 0), ECHILD);
}

TEST(stop_and_continue)
{
	int st;
	pid_t pid = t_fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	SYS(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
	CHECK(WIFSTOPPED(st));
	CHECK_EQ(WSTOPSIG(st), SIGSTOP);
	CHECK_EQ(waitpid(pid, &st, WUNTRACED | WNOHANG), 0);
	SYS(kill(pid, SIGCONT));
	CHECK_EQ(waitpid(pid, &st, WCONTINUED), pid);
	CHECK(WIFCONTINUED(st));
	CHECK_EQ(waitpid(pid, &st, WCONTINUED | WNOHANG), 0);
	SYS(kill(pid, SIGTSTP));
	CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
	CHECK_EQ(WSTOPSIG(st), SIGTSTP);
	/* Other signals wait until it goes on; SIGKILL does not. */
	SYS(kill(pid, SIGTERM));
	CHECK_EQ(waitpid(pid, &st, WNOHANG), 0);
	SYS(kill(pid, SIGCONT));
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGTERM);
	pid = t_fork();
	if (pid == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGKILL);
}

TEST(waitid_forms)
{
	siginfo_t si;
	pid_t pid = t_fork();

	if (pid == 0)
		_exit(9);
	CHECK_EQ(waitid(P_PID, pid, &si, WEXITED | WNOWAIT), 0);
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(si.si_status, 9);
	CHECK_EQ(si.si_code, CLD_EXITED);
	memset(&si, 0, sizeof(si));
	CHECK_EQ(waitid(P_ALL, 0, &si, WEXITED), 0);
	CHECK_EQ(si.si_pid, pid);
	CHECK_ERR(waitid(P_PID, pid, &si, WEXITED), ECHILD);
	CHECK_ERR(waitid(P_ALL, 0, &si, 0), EINVAL);
}

TEST(vfork_shares_until_exec)
{
	static volatile int shared;

	for (int i = 0; i < 10; i++) {
		pid_t pid = vfork();
		if (pid == 0) {
			shared = i + 1;
			_exit(0);
		}
		CHECK(pid > 0);
		CHECK_EQ(shared, i + 1);
		t_join(pid);
	}
}

TEST(many_children)
{
	enum { N = 150 };
	pid_t pids[N];
	int sum = 0;

	for (int i = 0; i < N; i++) {
		pids[i] = t_fork();
		if (pids[i] == 0)
			_exit(i);
		for (int j = 0; j < i; j++)
			CHECK(pids[i] != pids[j]);
	}
	for (int i = 0; i < N; i++) {
		int st;
		CHECK(wait(&st) > 0);
		sum += WEXITSTATUS(st);
	}
	CHECK_EQ(sum, N * (N - 1) / 2);
}

TEST(chain_of_descendants)
{
	int depth = 0;

	while (depth < 40) {
		pid_t pid = t_fork();
		if (pid != 0) {
			int st = t_wait(pid);
			if (depth == 0) {
				CHECK_EQ(WEXITSTATUS(st), 40);
				return;
			}
			_exit(WEXITSTATUS(st));
		}
		depth++;
	}
	_exit(depth);
}

TEST(usage_of_children)
{
	struct rusage ru;
	struct tms tms;
	int st;
	pid_t pid = t_fork();

	if (pid == 0) {
		struct timespec ts;
		volatile unsigned n = 0;
		do {
			for (int i = 0; i < 100000; i++)
				n += i;
			SYS(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts));
		} while (ts.tv_sec == 0 && ts.tv_nsec < 150000000);
		_exit(0);
	}
	CHECK_EQ(wait4(pid, &st, 0, &ru), pid);
	CHECK(ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec + ru.ru_stime.tv_sec * 1000000 +
		      ru.ru_stime.tv_usec >=
	      100000);
	SYS(getrusage(RUSAGE_CHILDREN, &ru));
	CHECK(ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec + ru.ru_stime.tv_usec >= 100000);
	SYS(times(&tms));
	CHECK(tms.tms_cutime + tms.tms_cstime >= 8);
	CHECK_ERR(getrusage(77, &ru), EINVAL);
}

T_NO_HOOK
