/* SPDX-License-Identifier: MIT */
/* Calls that name a process or a thread: scheduling, priorities, groups and sessions, signals. Their errors, and in which order. */
#include "t.h"
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#define NO_PID 32001 /* of no process of a test machine, nor of a fresh Linux */
#define BAD ((void *)8)

/* A call by its number, since the C library has calls of its own for some names. */
struct row {
	const char *r_what;
	long r_nr, r_arg[4];
	int r_errno; /* 0: success */
};

static void check_rows(const struct row *r, int n)
{
	for (; n > 0; n--, r++) {
		long ret = syscall(r->r_nr, r->r_arg[0], r->r_arg[1], r->r_arg[2], r->r_arg[3]);
		int got = ret == -1 ? errno : 0;

		if (got != r->r_errno)
			FAIL("%s: expected errno %d, found %d (returned %ld)", r->r_what, r->r_errno, got, ret);
	}
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows[0]))

/* A thread other than the first one: its id, while it waits. */
static struct thread {
	pthread_t th_thread;
	pid_t th_tid;
	int th_up[2], th_down[2];
} th;

static void *thread_main(void *arg)
{
	char c;

	th.th_tid = (pid_t)syscall(SYS_gettid);
	SYS(write(th.th_up[1], "x", 1));
	SYS(read(th.th_down[0], &c, 1));
	return arg;
}

static void thread_start(void)
{
	char c;

	SYS(pipe(th.th_up));
	SYS(pipe(th.th_down));
	CHECK_EQ(pthread_create(&th.th_thread, NULL, thread_main, NULL), 0);
	SYS(read(th.th_up[0], &c, 1));
	CHECK(th.th_tid != getpid());
}

static void thread_end(void)
{
	SYS(write(th.th_down[1], "x", 1));
	CHECK_EQ(pthread_join(th.th_thread, NULL), 0);
}

TEST(sched_errors)
{
	static unsigned mask;
	static int prio0 = 0, prio1 = 1, prio100 = 100;
	const struct row rows[] = {
		{ "getaffinity: length before pid", SYS_sched_getaffinity, { NO_PID, 3, (long)BAD }, EINVAL },
		{ "getaffinity: length", SYS_sched_getaffinity, { 0, 0, (long)&mask }, EINVAL },
		{ "getaffinity: odd length", SYS_sched_getaffinity, { 0, 6, (long)&mask }, EINVAL },
		{ "getaffinity: pid before address", SYS_sched_getaffinity, { NO_PID, 4, (long)BAD }, ESRCH },
		{ "getaffinity: negative pid", SYS_sched_getaffinity, { -1, 4, (long)&mask }, ESRCH },
		{ "getaffinity: address", SYS_sched_getaffinity, { 0, 4, (long)BAD }, EFAULT },
		{ "getaffinity", SYS_sched_getaffinity, { 0, 4, (long)&mask }, 0 },
		{ "setaffinity: address before pid", SYS_sched_setaffinity, { NO_PID, 4, (long)BAD }, EFAULT },
		{ "setaffinity: pid before mask", SYS_sched_setaffinity, { NO_PID, 0, (long)&mask }, ESRCH },
		{ "setaffinity: empty", SYS_sched_setaffinity, { 0, 0, (long)&mask }, EINVAL },
		{ "getscheduler: negative", SYS_sched_getscheduler, { -1 }, EINVAL },
		{ "getscheduler: pid", SYS_sched_getscheduler, { NO_PID }, ESRCH },
		{ "getscheduler", SYS_sched_getscheduler, { 0 }, 0 },
		{ "setscheduler: policy before address", SYS_sched_setscheduler, { 0, -1, (long)BAD }, EINVAL },
		{ "setscheduler: null", SYS_sched_setscheduler, { NO_PID, 0, 0 }, EINVAL },
		{ "setscheduler: negative", SYS_sched_setscheduler, { -1, 0, (long)BAD }, EINVAL },
		{ "setscheduler: address before pid", SYS_sched_setscheduler, { NO_PID, 0, (long)BAD }, EFAULT },
		{ "setscheduler: pid before policy", SYS_sched_setscheduler, { NO_PID, 99, (long)&prio0 }, ESRCH },
		{ "setscheduler: policy", SYS_sched_setscheduler, { 0, 99, (long)&prio0 }, EINVAL },
		{ "setscheduler: priority", SYS_sched_setscheduler, { 0, 0, (long)&prio1 }, EINVAL },
		{ "setscheduler: no priority", SYS_sched_setscheduler, { 0, 1, (long)&prio0 }, EINVAL },
		{ "setscheduler: high priority", SYS_sched_setscheduler, { 0, 1, (long)&prio100 }, EINVAL },
		{ "setscheduler", SYS_sched_setscheduler, { 0, 0, (long)&prio0 }, 0 },
		{ "getparam: null", SYS_sched_getparam, { NO_PID, 0 }, EINVAL },
		{ "getparam: negative", SYS_sched_getparam, { -1, (long)&mask }, EINVAL },
		{ "getparam: pid before address", SYS_sched_getparam, { NO_PID, (long)BAD }, ESRCH },
		{ "getparam: address", SYS_sched_getparam, { 0, (long)BAD }, EFAULT },
		{ "setparam: null", SYS_sched_setparam, { 0, 0 }, EINVAL },
		{ "setparam: negative", SYS_sched_setparam, { -1, (long)&prio0 }, EINVAL },
		{ "setparam: address before pid", SYS_sched_setparam, { NO_PID, (long)BAD }, EFAULT },
		{ "setparam: pid", SYS_sched_setparam, { NO_PID, (long)&prio0 }, ESRCH },
		{ "setparam: priority", SYS_sched_setparam, { 0, (long)&prio1 }, EINVAL },
		{ "setparam", SYS_sched_setparam, { 0, (long)&prio0 }, 0 },
		{ "rr_get_interval: negative", SYS_sched_rr_get_interval, { -1, (long)BAD }, EINVAL },
		{ "rr_get_interval: pid", SYS_sched_rr_get_interval, { NO_PID, (long)BAD }, ESRCH },
		{ "rr_get_interval: address", SYS_sched_rr_get_interval, { 0, (long)BAD }, EFAULT },
		{ "priority_max", SYS_sched_get_priority_max, { 4 }, EINVAL },
		{ "priority_min", SYS_sched_get_priority_min, { -1 }, EINVAL },
	};

	CHECK_ROWS(rows);
	CHECK_EQ(syscall(SYS_sched_get_priority_max, SCHED_FIFO), 99);
	CHECK_EQ(syscall(SYS_sched_get_priority_min, SCHED_RR), 1);
	CHECK_EQ(syscall(SYS_sched_get_priority_max, SCHED_OTHER), 0);
}

TEST(priority_errors)
{
	const struct row rows[] = {
		{ "getpriority: which", SYS_getpriority, { 3, NO_PID }, EINVAL },
		{ "getpriority: which, negative", SYS_getpriority, { -1, 0 }, EINVAL },
		{ "getpriority: pid", SYS_getpriority, { PRIO_PROCESS, NO_PID }, ESRCH },
		{ "getpriority: negative pid", SYS_getpriority, { PRIO_PROCESS, -1 }, ESRCH },
		{ "getpriority: group", SYS_getpriority, { PRIO_PGRP, NO_PID }, ESRCH },
		{ "getpriority: user", SYS_getpriority, { PRIO_USER, 54321 }, ESRCH },
		{ "setpriority: which", SYS_setpriority, { 3, NO_PID, 0 }, EINVAL },
		{ "setpriority: pid", SYS_setpriority, { PRIO_PROCESS, NO_PID, 0 }, ESRCH },
		{ "setpriority: group", SYS_setpriority, { PRIO_PGRP, NO_PID, 0 }, ESRCH },
		{ "setpriority: beyond the end", SYS_setpriority, { PRIO_PROCESS, 0, 1000 }, 0 },
	};

	CHECK_ROWS(rows);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
}

TEST(group_errors)
{
	const struct row rows[] = {
		{ "getpgid: pid", SYS_getpgid, { NO_PID }, ESRCH },
		{ "getpgid: negative", SYS_getpgid, { -1 }, ESRCH },
		{ "getsid: pid", SYS_getsid, { NO_PID }, ESRCH },
		{ "getsid: negative", SYS_getsid, { -1 }, ESRCH },
		{ "setpgid: negative group before pid", SYS_setpgid, { NO_PID, -1 }, EINVAL },
		{ "setpgid: negative pid is the group", SYS_setpgid, { -1, 0 }, EINVAL },
		{ "setpgid: pid", SYS_setpgid, { NO_PID, 0 }, ESRCH },
		{ "setpgid: no child", SYS_setpgid, { 1, 0 }, ESRCH },
		{ "setpgid: no such group", SYS_setpgid, { 0, NO_PID }, EPERM },
	};

	CHECK_ROWS(rows);
}

TEST(kill_errors)
{
	const struct row rows[] = {
		{ "kill: pid before signal", SYS_kill, { NO_PID, 99 }, ESRCH },
		{ "kill: signal", SYS_kill, { getpid(), 65 }, EINVAL },
		{ "kill: negative signal", SYS_kill, { getpid(), -1 }, EINVAL },
		{ "kill: group before signal", SYS_kill, { -NO_PID, 99 }, ESRCH },
		{ "kill: smallest", SYS_kill, { INT_MIN, 0 }, ESRCH },
		{ "kill: own group, signal", SYS_kill, { 0, 65 }, EINVAL },
		{ "kill: all, signal", SYS_kill, { -1, 65 }, EINVAL },
		{ "tkill: pid 0", SYS_tkill, { 0, 0 }, EINVAL },
		{ "tkill: negative", SYS_tkill, { -1, 99 }, EINVAL },
		{ "tkill: pid before signal", SYS_tkill, { NO_PID, 99 }, ESRCH },
		{ "tkill: signal", SYS_tkill, { getpid(), 65 }, EINVAL },
		{ "tgkill: group 0", SYS_tgkill, { 0, getpid(), 0 }, EINVAL },
		{ "tgkill: tid 0", SYS_tgkill, { getpid(), 0, 0 }, EINVAL },
		{ "tgkill: tid before signal", SYS_tgkill, { getpid(), NO_PID, 99 }, ESRCH },
		{ "tgkill: of another", SYS_tgkill, { 1, getpid(), 99 }, ESRCH },
		{ "tgkill: signal", SYS_tgkill, { getpid(), getpid(), 65 }, EINVAL },
		{ "tgkill", SYS_tgkill, { getpid(), getpid(), 0 }, 0 },
		{ "rt_sigqueueinfo: address", SYS_rt_sigqueueinfo, { NO_PID, 99, (long)BAD }, EFAULT },
		{ "rt_tgsigqueueinfo: address", SYS_rt_tgsigqueueinfo, { 0, 0, 99, (long)BAD }, EFAULT },
	};

	CHECK_ROWS(rows);
}

TEST(queue_errors)
{
	static siginfo_t queued = { .si_code = SI_QUEUE }, forged = { .si_code = SI_USER };
	const struct row rows[] = {
		{ "queue: pid before signal", SYS_rt_sigqueueinfo, { NO_PID, 99, (long)&queued }, ESRCH },
		{ "queue: signal", SYS_rt_sigqueueinfo, { getpid(), 65, (long)&queued }, EINVAL },
		{ "queue: forged code before pid", SYS_rt_sigqueueinfo, { NO_PID, 99, (long)&forged }, EPERM },
		{ "tgqueue: group 0 before code", SYS_rt_tgsigqueueinfo, { 0, 1, 99, (long)&forged }, EINVAL },
		{ "tgqueue: tid 0", SYS_rt_tgsigqueueinfo, { getpid(), 0, 0, (long)&queued }, EINVAL },
		{ "tgqueue: tid", SYS_rt_tgsigqueueinfo, { getpid(), NO_PID, 0, (long)&queued }, ESRCH },
		{ "tgqueue: signal", SYS_rt_tgsigqueueinfo, { getpid(), getpid(), 65, (long)&queued }, EINVAL },
	};

	CHECK_ROWS(rows);
}

static volatile sig_atomic_t seen;
static void on_signal(int sig)
{
	seen = sig;
}

TEST(thread_ids)
{
	static unsigned mask;
	static int prio0 = 0;
	struct rlimit rl;

	thread_start();
	const struct row rows[] = {
		{ "kill 0", SYS_kill, { th.th_tid, 0 }, 0 },
		{ "kill", SYS_kill, { th.th_tid, SIGUSR1 }, 0 },
		{ "getpriority", SYS_getpriority, { PRIO_PROCESS, th.th_tid }, 0 },
		{ "setpriority", SYS_setpriority, { PRIO_PROCESS, th.th_tid, 1 }, 0 },
		{ "setpgid", SYS_setpgid, { th.th_tid, 0 }, EINVAL },
		{ "getaffinity", SYS_sched_getaffinity, { th.th_tid, 4, (long)&mask }, 0 },
		{ "setaffinity", SYS_sched_setaffinity, { th.th_tid, 4, (long)&mask }, 0 },
		{ "getscheduler", SYS_sched_getscheduler, { th.th_tid }, 0 },
		{ "setscheduler", SYS_sched_setscheduler, { th.th_tid, 0, (long)&prio0 }, 0 },
		{ "getparam", SYS_sched_getparam, { th.th_tid, (long)&prio0 }, 0 },
		{ "prlimit", SYS_prlimit64, { th.th_tid, RLIMIT_NOFILE, 0, (long)&(char[16]){ 0 } }, 0 },
	};

	SYS(getrlimit(RLIMIT_NOFILE, &rl));
	signal(SIGUSR1, on_signal);
	CHECK_ROWS(rows);
	CHECK_EQ(getpgid(th.th_tid), getpgrp());
	CHECK_EQ(getsid(th.th_tid), getsid(0));
	thread_end();
	/* The thread whose id was given may take the signal: it has, when it has ended. */
	CHECK_EQ(seen, SIGUSR1);
}

/* The lines of a status file that say which thread and which process it is about. */
static void read_ids(pid_t id, int *tgid, int *pid)
{
	char path[64], line[128];
	FILE *f;

	*tgid = *pid = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", id);
	f = fopen(path, "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "Tgid: %d", tgid);
		sscanf(line, "Pid: %d", pid);
	}
	fclose(f);
}

TEST(proc_of_a_thread)
{
	int tgid, pid;

	thread_start();
	read_ids(th.th_tid, &tgid, &pid);
	CHECK_EQ(tgid, getpid());
	CHECK_EQ(pid, th.th_tid);
	thread_end();
}

/* What another user may do to this process, and what not. */
TEST_ROOT(of_another_user)
{
	static unsigned mask;
	static int prio0 = 0, prio1 = 1;
	pid_t root = getpid(), pid;

	SYS(syscall(SYS_sched_getaffinity, 0, 4, &mask));
	pid = t_fork();
	if (pid == 0) {
		const struct row rows[] = {
			{ "getaffinity", SYS_sched_getaffinity, { root, 4, (long)&mask }, 0 },
			{ "getaffinity of init", SYS_sched_getaffinity, { 1, 4, (long)&mask }, 0 },
			{ "setaffinity", SYS_sched_setaffinity, { root, 4, (long)&mask }, EPERM },
			{ "setaffinity: right before mask", SYS_sched_setaffinity, { root, 0, (long)&mask }, EPERM },
			{ "setaffinity of init", SYS_sched_setaffinity, { 1, 4, (long)&mask }, EPERM },
			{ "getscheduler", SYS_sched_getscheduler, { root }, 0 },
			{ "setscheduler", SYS_sched_setscheduler, { root, 0, (long)&prio0 }, EPERM },
			{ "setscheduler: policy before right", SYS_sched_setscheduler, { root, 0, (long)&prio1 }, EINVAL },
			{ "setscheduler: real time", SYS_sched_setscheduler, { 0, 1, (long)&prio1 }, EPERM },
			{ "setparam", SYS_sched_setparam, { root, (long)&prio0 }, EPERM },
			{ "getparam", SYS_sched_getparam, { root, (long)&prio0 }, 0 },
			{ "kill: signal before right", SYS_kill, { root, 65 }, EINVAL },
			{ "kill", SYS_kill, { root, 0 }, EPERM },
			{ "kill: all others", SYS_kill, { -1, 0 }, 0 },
			{ "tgkill", SYS_tgkill, { root, root, 0 }, EPERM },
			{ "tkill: signal before right", SYS_tkill, { root, 65 }, EINVAL },
			{ "setpriority", SYS_setpriority, { PRIO_PROCESS, root, 5 }, EPERM },
			{ "setpriority: better", SYS_setpriority, { PRIO_PROCESS, 0, -1 }, EACCES },
			{ "getpriority", SYS_getpriority, { PRIO_PROCESS, root }, 0 },
		};

		SYS(setgid(4321));
		SYS(setuid(4321));
		CHECK_ROWS(rows);
		_exit(0);
	}
	t_join(pid);
}

T_NO_HOOK
