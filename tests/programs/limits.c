/* SPDX-License-Identifier: MIT */
/* Resource limits, running out of descriptors and processes, priorities, and the small calls about the system. */
#include "t.h"
#include <sched.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

TEST(get_and_set)
{
	struct rlimit rl, back;

	SYS(getrlimit(RLIMIT_NOFILE, &rl));
	CHECK(rl.rlim_cur >= 64 && rl.rlim_cur <= rl.rlim_max);
	rl.rlim_cur = 50;
	SYS(setrlimit(RLIMIT_NOFILE, &rl));
	SYS(getrlimit(RLIMIT_NOFILE, &back));
	CHECK(back.rlim_cur == 50 && back.rlim_max == rl.rlim_max);
	rl.rlim_cur = rl.rlim_max + 1;
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &rl), EINVAL);
	CHECK_ERR(getrlimit(99, &rl), EINVAL);
	CHECK_ERR(setrlimit(99, &rl), EINVAL);
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(getrlimit(RLIMIT_NOFILE, &back));
		_exit(back.rlim_cur != 50);
	}
	t_join(pid);
	SYS(prlimit(0, RLIMIT_NOFILE, NULL, &back));
	CHECK_EQ(back.rlim_cur, 50);
	CHECK_ERR(prlimit(99999, RLIMIT_NOFILE, NULL, &back), ESRCH);
}

TEST_ROOT(hard_limits_only_go_down)
{
	struct rlimit rl = { 100, 100 };
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setuid(4321));
		SYS(setrlimit(RLIMIT_NOFILE, &rl));
		rl.rlim_max = 200;
		CHECK_ERR(setrlimit(RLIMIT_NOFILE, &rl), EPERM);
		rl.rlim_max = rl.rlim_cur = 60;
		SYS(setrlimit(RLIMIT_NOFILE, &rl));
		_exit(0);
	}
	t_join(pid);
}

TEST(out_of_descriptors)
{
	struct rlimit rl;
	int n = 0, fd, p[2];

	SYS(getrlimit(RLIMIT_NOFILE, &rl));
	rl.rlim_cur = 40;
	for (fd = 3; fd < 64; fd++)
		close(fd);
	SYS(setrlimit(RLIMIT_NOFILE, &rl));
	int first = SYS(open("/dev/null", O_RDONLY));
	while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
		CHECK_EQ(fd, first + ++n);
		CHECK(fd < 40);
	}
	CHECK_EQ(errno, EMFILE);
	CHECK_EQ(first + n, 39);
	CHECK_ERR(dup(0), EMFILE);
	CHECK_ERR(pipe(p), EMFILE);
	CHECK_ERR(fcntl(0, F_DUPFD, 0), EMFILE);
	CHECK_ERR(open("new", O_CREAT | O_WRONLY, 0600), EMFILE);
	CHECK_ERR(dup2(0, 40), EBADF);
	SYS(close(20));
	CHECK_ERR(pipe(p), EMFILE);
	CHECK_EQ(dup(0), 20);
	CHECK_EQ(dup2(0, 39), 39);
	/* A child in the same position can still run, and exec. */
	pid_t pid = t_fork();
	if (pid == 0) {
		CHECK_ERR(dup(0), EMFILE);
		SYS(close(30));
		CHECK_EQ(dup(0), 30);
		_exit(0);
	}
	t_join(pid);
}

TEST(hundreds_of_descriptors)
{
	struct rlimit rl;
	int n = 0;

	SYS(getrlimit(RLIMIT_NOFILE, &rl));
	rl.rlim_cur = rl.rlim_max < 1000 ? rl.rlim_max : 1000;
	SYS(setrlimit(RLIMIT_NOFILE, &rl));
	while (open("/dev/null", O_RDONLY) >= 0)
		n++;
	CHECK(n >= 200);
	pid_t pid = t_fork();
	if (pid == 0) {
		for (int fd = 3; fd < n; fd += 2)
			close(fd);
		CHECK(dup(0) >= 3);
		_exit(0);
	}
	t_join(pid);
	syscall(436, 3, -1, 0);
	CHECK_EQ(dup(0), 3);
}

TEST_ROOT(out_of_processes)
{
	struct rlimit rl = { 20, 20 };
	pid_t pid = t_fork();

	if (pid == 0) {
		int n = 0;
		pid_t kid;

		SYS(setrlimit(RLIMIT_NPROC, &rl));
		SYS(setuid(5678));
		while ((kid = fork()) > 0)
			n++;
		if (kid == 0) {
			for (;;)
				pause();
		}
		CHECK_EQ(errno, EAGAIN);
		CHECK(n >= 15 && n <= 20);
		signal(SIGTERM, SIG_IGN);
		kill(0, SIGTERM);
		while (wait(NULL) > 0)
			;
		SYS(fork());
		_exit(0);
	}
	/* The children are in this case's group; their end is SIGTERM. */
	signal(SIGTERM, SIG_IGN);
	t_join(pid);
}

TEST(priorities)
{
	errno = 0;
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
	SYS(setpriority(PRIO_PROCESS, 0, 5));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
	SYS(setpriority(PRIO_PROCESS, getpid(), 100));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
	CHECK_ERR(getpriority(99, 0), EINVAL);
	CHECK_ERR(getpriority(PRIO_PROCESS, 99999), ESRCH);
	CHECK_EQ(getpriority(PRIO_PGRP, 0), 19);
	pid_t pid = t_fork();
	if (pid == 0)
		_exit(getpriority(PRIO_PROCESS, 0) != 19);
	t_join(pid);
	/* Even the least of them gets its turn. */
	pid = t_fork();
	if (pid == 0)
		_exit(3);
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 3);
}

TEST(names_and_numbers)
{
	struct utsname u;
	struct sysinfo si;
	char name[65];

	SYS(uname(&u));
	CHECK(*u.sysname && *u.release && *u.version && *u.machine && *u.nodename);
	SYS(gethostname(name, sizeof(name)));
	CHECK_STR(name, u.nodename);
	SYS(sysinfo(&si));
	CHECK(si.totalram > 0 && si.freeram <= si.totalram && si.procs >= 1 && si.mem_unit > 0);
	CHECK_EQ(getpagesize(), 4096);
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
}

TEST_ROOT(setting_the_host_name)
{
	struct utsname old, u;
	char longname[66];

	SYS(uname(&old));
	/* In a child with the name put back at once: on a Linux host it is everybody's. */
	CHECK_ERR(sethostname("x", -1), EINVAL);
	memset(longname, 'x', sizeof(longname));
	CHECK_ERR(sethostname(longname, 65), EINVAL);
	CHECK_ERR(sethostname((void *)0x10, 5), EFAULT);
	SYS(uname(&u));
	CHECK_STR(u.nodename, old.nodename);
}

TEST(random_bytes)
{
	unsigned char a[256], b[256];
	int counts[2] = { 0, 0 };

	CHECK_EQ(getrandom(a, sizeof(a), 0), sizeof(a));
	CHECK_EQ(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	for (int i = 0; i < 2048; i++)
		counts[a[i / 8] >> (i % 8) & 1]++;
	CHECK(counts[0] > 800 && counts[1] > 800);
	CHECK_ERR(getrandom(a, 1, 0x100), EINVAL);
}

static volatile sig_atomic_t hits;
static void count(int sig)
{
	hits++;
}

TEST(process_controls)
{
	char name[16] = "";
	int sig = 0;

	SYS(prctl(PR_SET_NAME, "a-name-that-is-too-long"));
	SYS(prctl(PR_GET_NAME, name));
	CHECK_STR(name, "a-name-that-is-");
	CHECK_ERR(prctl(123456, 0, 0, 0, 0), EINVAL);
	if (prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0) {
		SYS(prctl(PR_GET_PDEATHSIG, &sig));
		CHECK_EQ(sig, SIGUSR1);
	}
	signal(SIGUSR1, count);
}

TEST(affinity)
{
	cpu_set_t set, one;

	CPU_ZERO(&set);
	SYS(sched_getaffinity(0, sizeof(set), &set));
	int n = CPU_COUNT(&set), cpu = 0;
	CHECK(n >= 1);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	SYS(sched_setaffinity(0, sizeof(one), &one));
	CHECK_EQ(sched_getcpu(), cpu);
	CPU_ZERO(&one);
	CHECK_ERR(sched_setaffinity(0, sizeof(one), &one), EINVAL);
	SYS(sched_setaffinity(0, sizeof(set), &set));
	CHECK_EQ(sched_yield(), 0);
}

T_NO_HOOK
