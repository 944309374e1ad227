/* SPDX-License-Identifier: MIT */
/* Ids, credentials, limits, names, arguments, times: what the process is. */
#include "states.h"
#include <dirent.h>
#include <grp.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/times.h>

extern char **environ;

static void child_knows(pid_t pid)
{
	pid_t kid = t_fork();

	if (kid == 0)
		_exit(getppid() == pid ? 9 : 1);
	CHECK(kid != pid);
	CHECK_EQ(WEXITSTATUS(t_wait(kid)), 9);
}

STATE(pid)
{
	pid_t pid = getpid(), tid = syscall(SYS_gettid);

	st_wait();
	CHECK_EQ(getpid(), pid);
	CHECK_EQ(syscall(SYS_gettid), tid);
	SYS(kill(pid, 0));
	SYS(syscall(SYS_tgkill, pid, tid, 0));
	child_knows(pid);
	CHECK_EQ(getpriority(PRIO_PROCESS, pid), 0);
	CHECK_EQ(syscall(SYS_sched_getscheduler, pid), SCHED_OTHER);
	CHECK_EQ(getpgid(pid), getpgrp());
}

STATE(session)
{
	/* The harness made it a leader of both. */
	pid_t pid = getpid();

	CHECK_EQ(getpgrp(), pid);
	CHECK_EQ(getsid(0), pid);
	st_wait();
	CHECK_EQ(getpgrp(), pid);
	CHECK_EQ(getsid(0), pid);
	CHECK_EQ(getsid(pid), pid);
	CHECK_ERR(setsid(), EPERM);
	SYS(kill(-pid, 0));
	SYS(kill(0, 0));
}

STATE_WITH(users, ST_ROOT)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	SYS(setresgid(101, 102, 103));
	SYS(setresuid(0, 202, 203));
	st_wait();
	SYS(getresuid(&r, &e, &s));
	SYS(getresgid(&gr, &ge, &gs));
	CHECK(r == 0 && e == 202 && s == 203);
	CHECK(gr == 101 && ge == 102 && gs == 103);
	struct stat st;
	SYS(fchmodat(AT_FDCWD, "/etc/passwd", 0644, 0) == -1 ? 0 : -1);
	SYS(close(SYS(open("/tmp/st-users", O_CREAT | O_WRONLY, 0600))));
	SYS(stat("/tmp/st-users", &st));
	CHECK(st.st_uid == 202 && st.st_gid == 102);
	SYS(unlink("/tmp/st-users"));
	SYS(setuid(0));
}

STATE_WITH(ordinary_user, ST_ROOT)
{
	SYS(setgroups(0, NULL));
	SYS(setgid(1000));
	SYS(setuid(1000));
	st_wait();
	CHECK(getuid() == 1000 && geteuid() == 1000 && getgid() == 1000 && getegid() == 1000);
	CHECK_ERR(setuid(0), EPERM);
	CHECK_ERR(chown("/", 0, 0), EPERM);
	CHECK_EQ(getgroups(0, NULL), 0);
}

STATE_WITH(groups, ST_ROOT)
{
	gid_t set[20], now[32];

	for (int i = 0; i < 20; i++)
		set[i] = 3000 + i * 7;
	SYS(setgroups(20, set));
	st_wait();
	CHECK_EQ(getgroups(32, now), 20);
	CHECK(memcmp(set, now, sizeof(set)) == 0);
}

STATE_WITH(fs_user, ST_ROOT)
{
	setfsuid(77);
	setfsgid(78);
	st_wait();
	CHECK_EQ(setfsuid(-1), 77);
	CHECK_EQ(setfsgid(-1), 78);
}

STATE(limits)
{
	struct rlimit rl;

	for (int i = 0; i < 16; i++) {
		SYS(getrlimit(i, &rl));
		rl.rlim_max = rl.rlim_max == RLIM_INFINITY ? 4000000000ull - i : rl.rlim_max;
		rl.rlim_cur = rl.rlim_max - rl.rlim_max / 4;
		if (i == RLIMIT_AS || i == RLIMIT_DATA || i == RLIMIT_STACK || i == RLIMIT_CPU)
			rl.rlim_cur = rl.rlim_max - 1;
		if (i == RLIMIT_NPROC)
			continue;
		SYS(setrlimit(i, &rl));
	}
	struct rlimit was[16];
	for (int i = 0; i < 16; i++)
		SYS(getrlimit(i, &was[i]));
	st_wait();
	for (int i = 0; i < 16; i++) {
		SYS(getrlimit(i, &rl));
		CHECK(rl.rlim_cur == was[i].rlim_cur && rl.rlim_max == was[i].rlim_max);
	}
}

STATE(limit_of_files)
{
	struct rlimit rl = { 10, 12 };

	SYS(setrlimit(RLIMIT_NOFILE, &rl));
	SYS(dup2(0, 9));
	st_wait();
	CHECK_ERR(dup2(0, 10), EBADF);
	int n = 0;
	while (dup(0) >= 0)
		n++;
	CHECK_EQ(errno, EMFILE);
	CHECK_EQ(n, 6);
	CHECK_EQ(fcntl(9, F_GETFD), 0);
}

STATE(limit_of_size)
{
	struct rlimit rl = { 1000, RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	int fd = SYS(open("f", O_CREAT | O_WRONLY, 0600));
	SYS(setrlimit(RLIMIT_FSIZE, &rl));
	st_wait();
	CHECK_EQ(pwrite(fd, "12345", 5, 997), 3);
	CHECK_ERR(pwrite(fd, "12345", 5, 1000), EFBIG);
	/* What it has to say goes into a file too. */
	rl.rlim_cur = RLIM_INFINITY;
	SYS(setrlimit(RLIMIT_FSIZE, &rl));
}

STATE(nice)
{
	SYS(setpriority(PRIO_PROCESS, 0, 7));
	st_wait();
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 7);
	pid_t kid = t_fork();
	if (kid == 0)
		_exit(getpriority(PRIO_PROCESS, 0));
	CHECK_EQ(WEXITSTATUS(t_wait(kid)), 7);
}

STATE_WITH(better_nice, ST_ROOT)
{
	SYS(setpriority(PRIO_PROCESS, 0, -11));
	st_wait();
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), -11);
}

/* The fields of /proc/WHOSE/stat before and behind the name: id, parent, group, session. */
static void proc_says(const char *whose, int id)
{
	char path[64], text[512];
	int fd, found, parent, group, session;

	snprintf(path, sizeof(path), "/proc/%s/stat", whose);
	fd = SYS(open(path, O_RDONLY));
	ssize_t n = SYS(read(fd, text, sizeof(text) - 1));
	text[n] = 0;
	SYS(close(fd));
	CHECK_EQ(sscanf(text, "%d", &found), 1);
	CHECK_EQ(found, id);
	CHECK_EQ(sscanf(strrchr(text, ')'), ") %*c %d %d %d", &parent, &group, &session), 3);
	CHECK_EQ(parent, getppid());
	CHECK_EQ(group, getpgrp());
	CHECK_EQ(session, getsid(0));
}

/* What /proc tells of a process by the numbers that it knows. */
STATE(in_proc)
{
	pid_t pid = getpid();
	char name[64], text[32];
	struct dirent *d;
	int listed = 0;

	st_wait();
	snprintf(name, sizeof(name), "%d", pid);
	proc_says(name, pid);
	proc_says("self", pid);
	snprintf(name, sizeof(name), "%d/task/%d", pid, (int)syscall(SYS_gettid));
	proc_says(name, pid);
	proc_says("thread-self", pid);
	ssize_t n = SYS(readlink("/proc/self", text, sizeof(text) - 1));
	text[n] = 0;
	CHECK_EQ(atoi(text), pid);
	DIR *dir = opendir("/proc");
	CHECK(dir != NULL);
	while ((d = readdir(dir)))
		listed += atoi(d->d_name) == pid;
	CHECK_EQ(listed, 1);
	closedir(dir);
}

STATE(name)
{
	char now[17] = "", comm[32] = "";

	SYS(prctl(PR_SET_NAME, "another name 78"));
	st_wait();
	SYS(prctl(PR_GET_NAME, now));
	CHECK_STR(now, "another name 78");
	int fd = SYS(open("/proc/self/comm", O_RDONLY));
	CHECK(read(fd, comm, sizeof(comm) - 1) > 0);
	CHECK_STR(comm, "another name 78\n");
}

static ssize_t contents(const char *path, char *to, size_t size)
{
	int fd = SYS(open(path, O_RDONLY));
	ssize_t n = SYS(read(fd, to, size));

	SYS(close(fd));
	return n;
}

/* The file of /proc says the same as before. */
static void same_contents(const char *path, const char *before, ssize_t n)
{
	static char now[4096];

	CHECK_EQ(contents(path, now, sizeof(now)), n);
	if (memcmp(before, now, n) != 0)
		FAIL("%s has changed", path);
}

STATE(arguments)
{
	static char line[4096], environment[4096];
	ssize_t n = contents("/proc/self/cmdline", line, sizeof(line));
	ssize_t m = contents("/proc/self/environ", environment, sizeof(environment));

	CHECK(n > 0 && m > 0);
	SYS(setenv("ST_ADDED", "a value", 1));
	st_wait();
	same_contents("/proc/self/cmdline", line, n);
	same_contents("/proc/self/environ", environment, m);
	CHECK_STR(getenv("ST_ADDED"), "a value");
	CHECK(environ != NULL && getenv("PATH") != NULL);
}

STATE(exe)
{
	char before[PATH_MAX] = "", now[PATH_MAX] = "";

	SYS(readlink("/proc/self/exe", before, sizeof(before) - 1));
	st_wait();
	SYS(readlink("/proc/self/exe", now, sizeof(now) - 1));
	CHECK_STR(now, before);
	/* It cannot be written while it runs. */
	CHECK(open(now, O_WRONLY) < 0 && (errno == ETXTBSY || errno == EACCES || errno == EROFS));
}

STATE(maps)
{
	/* The address space looks as before. */
	static char before[8192], now[8192];
	int fd = SYS(open("/proc/self/maps", O_RDONLY));
	ssize_t n = 0, r;

	while ((r = SYS(read(fd, before + n, sizeof(before) - 1 - n))) > 0)
		n += r;
	SYS(close(fd));
	st_wait();
	fd = SYS(open("/proc/self/maps", O_RDONLY));
	n = 0;
	while ((r = SYS(read(fd, now + n, sizeof(now) - 1 - n))) > 0)
		n += r;
	CHECK_STR(now, before);
}

static long long cpu_ns(clockid_t clock)
{
	struct timespec ts;

	SYS(clock_gettime(clock, &ts));
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

STATE(times)
{
	struct rusage before, now, kids, kids_now;
	volatile unsigned x = 0;

	pid_t kid = t_fork();
	if (kid == 0) {
		for (int i = 0; i < 3000000; i++)
			x += i;
		_exit(0);
	}
	t_join(kid);
	while (cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < 50000000)
		x++;
	for (int i = 0; i < 100; i++) /* voluntary switches */
		SYS(nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL));
	SYS(getrusage(RUSAGE_SELF, &before));
	SYS(getrusage(RUSAGE_CHILDREN, &kids));
	long long cpu = cpu_ns(CLOCK_PROCESS_CPUTIME_ID), own = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	st_wait();
	CHECK(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) >= cpu);
	CHECK(cpu_ns(CLOCK_THREAD_CPUTIME_ID) >= own);
	SYS(getrusage(RUSAGE_SELF, &now));
	SYS(getrusage(RUSAGE_CHILDREN, &kids_now));
	CHECK(now.ru_minflt >= before.ru_minflt);
	CHECK(now.ru_majflt >= before.ru_majflt);
	CHECK(before.ru_nvcsw >= 50);
	CHECK(now.ru_nvcsw >= before.ru_nvcsw);
	CHECK(kids_now.ru_utime.tv_sec == kids.ru_utime.tv_sec &&
	      kids_now.ru_utime.tv_usec == kids.ru_utime.tv_usec);
	struct tms t;
	CHECK(times(&t) != (clock_t)-1);
}

STATE(affinity)
{
	cpu_set_t set, now;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	SYS(sched_setaffinity(0, sizeof(set), &set));
	st_wait();
	SYS(sched_getaffinity(0, sizeof(now), &now));
	CHECK(CPU_ISSET(0, &now) && CPU_COUNT(&now) == 1);
}
