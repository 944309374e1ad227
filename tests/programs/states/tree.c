/* SPDX-License-Identifier: MIT */
/* Several processes: children and theirs, zombies, groups and sessions, and what they share. */
#include "states.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Memory that all of a tree share. */
static int *shared(void)
{
	int *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void await_value(volatile int *p, int v)
{
	while (__atomic_load_n(p, __ATOMIC_SEQ_CST) != v)
		st_pause();
}

static void add(int *p, int n)
{
	__atomic_add_fetch(p, n, __ATOMIC_SEQ_CST);
}

static void ids_stay(void *arg)
{
	pid_t pid = getpid(), parent = getppid();

	st_await_go();
	CHECK_EQ(getpid(), pid);
	CHECK_EQ(getppid(), parent);
	SYS(kill(pid, 0));
	SYS(kill(parent, 0));
}

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

static void wait_for_child(void *arg)
{
	pid_t pid = st_child(ids_stay, NULL);

	t_join(pid);
}

STATE_TREE(waiting_for_grandchild)
{
	pid_t pid = st_child(wait_for_child, NULL);

	t_await_state(pid, "S");
	st_wait();
	t_join(pid);
}

STATE_TREE(in_wait)
{
	int st;
	pid_t pid = st_child(ids_stay, NULL);

	st_ready("asleep");
	CHECK_EQ(waitpid(-1, &st, 0), pid);
	CHECK_EQ(st, 0);
}

STATE_TREE(in_wait_for_group)
{
	siginfo_t si;
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setpgid(0, 0));
		ids_stay(NULL);
		_exit(3);
	}
	setpgid(pid, pid);
	st_ready("asleep");
	SYS(waitid(P_PGID, pid, &si, WEXITED));
	CHECK_EQ(si.si_pid, pid);
	CHECK_EQ(si.si_status, 3);
}

STATE_TREE(zombies)
{
	pid_t pid[6];
	siginfo_t si;

	for (int i = 0; i < 6; i++) {
		pid[i] = t_fork();
		if (pid[i] == 0) {
			if (i % 2)
				kill(getpid(), i == 1 ? SIGKILL : i == 3 ? SIGTERM : SIGUSR1);
			_exit(i * 7);
		}
		t_await_state(pid[i], "Z");
	}
	st_wait();
	for (int i = 5; i >= 0; i--) {
		int want = i == 1 ? SIGKILL : i == 3 ? SIGTERM : i == 5 ? SIGUSR1 : i * 7 << 8;

		memset(&si, 0, sizeof(si));
		SYS(waitid(P_PID, pid[i], &si, WEXITED | WNOWAIT));
		CHECK_EQ(si.si_pid, pid[i]);
		CHECK_EQ(si.si_code, i % 2 ? CLD_KILLED : CLD_EXITED);
		SYS(kill(pid[i], 0));
		CHECK_EQ(t_wait(pid[i]), want);
	}
	CHECK_ERR(waitpid(-1, NULL, 0), ECHILD);
}

STATE_TREE(zombie_times)
{
	struct rusage ru;
	volatile unsigned x = 0;
	int st;
	pid_t pid = t_fork();

	if (pid == 0) {
		while (clock() < CLOCKS_PER_SEC / 20)
			x++;
		_exit(0);
	}
	t_await_state(pid, "Z");
	st_wait();
	CHECK_EQ(wait4(pid, &st, 0, &ru), pid);
	CHECK(ru.ru_utime.tv_sec * 1000000ll + ru.ru_utime.tv_usec +
		      ru.ru_stime.tv_sec * 1000000ll + ru.ru_stime.tv_usec >=
	      45000);
}

static void leave_zombie(void *arg)
{
	pid_t pid = t_fork();

	if (pid == 0)
		_exit(9);
	t_await_state(pid, "Z");
	st_say("zombie", "");
	st_await_go();
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 9);
}

STATE_TREE(zombie_of_child)
{
	pid_t pid = st_child(leave_zombie, NULL);
	siginfo_t si;

	SYS(waitid(P_PID, pid, &si, WEXITED | WNOHANG));
	for (int i = 0; i < 20; i++)
		st_pause();
	st_wait();
	t_join(pid);
}

STATE_TREE(stopped)
{
	int st;
	pid_t pid = st_child(ids_stay, NULL);

	SYS(kill(pid, SIGSTOP));
	t_await_state(pid, "T");
	st_wait();
	if (!st_stops) {
		/* Its stop has not been waited for yet. */
		CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
		CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP);
		SYS(kill(pid, SIGCONT));
	}
	t_join(pid);
}

STATE_TREE(stopped_reported)
{
	int st;
	pid_t pid = st_child(ids_stay, NULL);

	SYS(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
	CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP);
	st_wait();
	if (!st_stops) {
		CHECK_EQ(waitpid(pid, &st, WUNTRACED | WNOHANG), 0);
	}
	SYS(kill(pid, SIGCONT));
	t_join(pid);
}

static volatile sig_atomic_t hits;

static void count(int sig)
{
	hits++;
}

static void child_ended(int sig, siginfo_t *si, void *uc)
{
	hits = si->si_pid;
}

STATE_TREE(child_signal_pending)
{
	struct sigaction sa = { .sa_sigaction = child_ended, .sa_flags = SA_SIGINFO | SA_NOCLDSTOP };
	sigset_t set;

	SYS(sigaction(SIGCHLD, &sa, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	pid_t pid = t_fork();
	if (pid == 0)
		_exit(4);
	t_await_state(pid, "Z");
	st_wait();
	CHECK_EQ(hits, 0);
	SYS(sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK_EQ(hits, pid);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 4);
}

STATE_TREE(child_signal_comes)
{
	struct sigaction sa = { .sa_sigaction = child_ended, .sa_flags = SA_SIGINFO | SA_NOCLDSTOP };

	SYS(sigaction(SIGCHLD, &sa, NULL));
	pid_t pid = st_child(ids_stay, NULL);
	st_wait();
	while (!hits)
		st_pause();
	CHECK_EQ(hits, pid);
	t_join(pid);
}

STATE_TREE(children_not_waited_for)
{
	signal(SIGCHLD, SIG_IGN);
	pid_t pid = st_child(ids_stay, NULL);
	st_wait();
	CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
}

static void answer(int sig, siginfo_t *si, void *uc)
{
	kill(si->si_pid, SIGUSR2);
	hits++;
}

static void pause_for_signal(void *arg)
{
	struct sigaction sa = { .sa_sigaction = answer, .sa_flags = SA_SIGINFO };

	SYS(sigaction(SIGUSR1, &sa, NULL));
	*(volatile int *)arg = 1;
	while (!hits)
		st_pause();
}

STATE_TREE(signals_between)
{
	int *flag = shared();
	pid_t pid = st_child(pause_for_signal, flag);

	signal(SIGUSR2, count);
	await_value(flag, 1);
	st_wait();
	SYS(kill(pid, SIGUSR1));
	while (!hits)
		st_pause();
	t_join(pid);
}

static void pending_in_child(void *arg)
{
	sigset_t set;
	siginfo_t si;
	pid_t parent = getppid();

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	*(volatile int *)arg = 1;
	st_await_go();
	CHECK_EQ(sigwaitinfo(&set, &si), SIGRTMIN);
	CHECK_EQ(si.si_pid, parent);
	CHECK_EQ(si.si_value.sival_int, 31);
}

STATE_TREE(pending_from_parent)
{
	int *flag = shared();
	pid_t pid = st_child(pending_in_child, flag);

	await_value(flag, 1);
	SYS(sigqueue(pid, SIGRTMIN, (union sigval){ .sival_int = 31 }));
	st_wait();
	t_join(pid);
}

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

static void orphan_later(void *arg)
{
	int *flag = arg;
	pid_t parent = getpid(), pid = t_fork();

	if (pid == 0) {
		CHECK_EQ(getppid(), parent);
		add(flag, 1);
		st_await_go();
		while (getppid() == parent)
			st_pause();
		add(flag, 10);
		_exit(0);
	}
	st_await_go();
}

STATE_TREE(orphan_later)
{
	int *flag = shared();
	pid_t pid = st_child(orphan_later, flag);

	await_value(flag, 1);
	st_wait();
	t_join(pid);
	await_value(flag, 11);
}

static void count_shared(void *arg)
{
	int *p = arg;

	for (int i = 0; i < 1000; i++)
		add(&p[1], 1);
	add(&p[0], 1);
	st_await_go();
	for (int i = 0; i < 1000; i++)
		add(&p[1], 1);
}

STATE_TREE(shared_memory)
{
	int *p = shared();
	pid_t pid[4];

	for (int i = 0; i < 4; i++)
		pid[i] = st_child(count_shared, p);
	await_value(&p[0], 4);
	st_wait();
	CHECK(p[1] >= 4000);
	for (int i = 0; i < 4; i++)
		t_join(pid[i]);
	CHECK_EQ(p[1], 8000);
}

struct sync {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	int waiting, go, robust_held;
	pthread_mutex_t robust;
};

static void wait_shared(void *arg)
{
	struct sync *s = arg;

	CHECK_EQ(pthread_mutex_lock(&s->mutex), 0);
	s->waiting++;
	while (!s->go)
		CHECK_EQ(pthread_cond_wait(&s->cond, &s->mutex), 0);
	CHECK_EQ(pthread_mutex_unlock(&s->mutex), 0);
}

static struct sync *make_sync(void)
{
	struct sync *s = (struct sync *)shared();
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->mutex, &ma);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->robust, &ma);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&s->cond, &ca);
	return s;
}

STATE_TREE(shared_condition)
{
	struct sync *s = make_sync();
	pid_t pid[3];

	for (int i = 0; i < 3; i++)
		pid[i] = st_child(wait_shared, s);
	for (int n = 0; n < 3;) {
		pthread_mutex_lock(&s->mutex);
		n = s->waiting;
		pthread_mutex_unlock(&s->mutex);
		st_pause();
	}
	st_wait();
	pthread_mutex_lock(&s->mutex);
	s->go = 1;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->mutex);
	for (int i = 0; i < 3; i++)
		t_join(pid[i]);
}

static void die_with_lock(void *arg)
{
	struct sync *s = arg;

	CHECK_EQ(pthread_mutex_lock(&s->robust), 0);
	add(&s->robust_held, 1);
	st_await_go();
	_exit(0);
}

STATE_TREE(shared_robust)
{
	struct sync *s = make_sync();
	pid_t pid = st_child(die_with_lock, s);

	await_value(&s->robust_held, 1);
	st_wait();
	CHECK_EQ(pthread_mutex_lock(&s->robust), EOWNERDEAD);
	CHECK_EQ(pthread_mutex_consistent(&s->robust), 0);
	CHECK_EQ(pthread_mutex_unlock(&s->robust), 0);
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

static long clone_like_fork(int flags)
{
	return SYS(syscall(SYS_clone, flags, 0, 0, 0, 0));
}

STATE_TREE(end_signal)
{
	/* Its end is told by another signal than SIGCHLD. */
	signal(SIGUSR1, count);
	pid_t pid = clone_like_fork(SIGUSR1);
	if (pid == 0) {
		st_await_go();
		_exit(2);
	}
	st_wait();
	while (!hits)
		st_pause();
	CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
	int st;
	CHECK_EQ(waitpid(pid, &st, __WCLONE), pid);
	CHECK_EQ(WEXITSTATUS(st), 2);
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
