/* SPDX-License-Identifier: MIT */
/*
 * The errors of the calls on limits, priorities and the names of the system,
 * and their order; and what each limit does to a process that meets it.
 *
 * Source: getrlimit(2), getpriority(2), nice(2), fork(2), uname(2), and the
 * other calls' pages.
 */
#include "t_rows.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/time.h>

#define USER 4321
#define NO_PID 32001 /* of no process of a test machine, nor of a fresh Linux */

static unsigned long long above[2] = { 3, 2 }, more[2] = { 1 << 28, 1 << 28 };
static unsigned long above32[2] = { 3, 2 }, more32[2] = { 1 << 28, 1 << 28 };
static unsigned long long many_files[2] = { 100, 1ull << 40 }, all_files[2] = { 100, ~0ull };
static unsigned long all_files32[2] = { 100, ~0ul };
static char buf[512];

static void become_user(void)
{
	SYS(setgid(USER));
	SYS(setuid(USER));
}

static void set_limit(int which, rlim_t soft, rlim_t hard)
{
	struct rlimit rl = { soft, hard };

	SYS(setrlimit(which, &rl));
}

TEST_ROOT(limits)
{
	static const struct row rows[] = {
		ROW(getrlimit, EINVAL, 99, BAD),
		ROW(getrlimit, EFAULT, RLIMIT_NOFILE, BAD),
		ROW(ugetrlimit, EINVAL, 16, BAD),
		ROW(ugetrlimit, EFAULT, RLIMIT_NOFILE, BAD),
		ROW(setrlimit, EFAULT, 99, BAD),
		ROW(setrlimit, EINVAL, 99, S(above32)),
		ROW(setrlimit, EFAULT, RLIMIT_NOFILE, BAD),
		ROW(setrlimit, EINVAL, RLIMIT_NOFILE, S(above32)),
		ROW(setrlimit, EPERM, RLIMIT_NOFILE, S(more32)),
		ROW(prlimit64, EFAULT, NO_PID, 99, BAD, 0),
		ROW(prlimit64, ESRCH, NO_PID, 99, 0, BAD),
		ROW(prlimit64, ESRCH, NO_PID, 99, S(above), 0),
		ROW(prlimit64, ESRCH, -1, RLIMIT_NOFILE, 0, 0),
		ROW(prlimit64, EINVAL, 0, 99, 0, BAD),
		ROW(prlimit64, EINVAL, 0, 99, 0, 0),
		ROW(prlimit64, EINVAL, 0, RLIMIT_NOFILE, S(above), BAD),
		ROW(prlimit64, EPERM, 0, RLIMIT_NOFILE, S(many_files), 0),
		ROW(prlimit64, EPERM, 0, RLIMIT_NOFILE, S(all_files), BAD),
		ROW(setrlimit, EPERM, RLIMIT_NOFILE, S(all_files32)),
		ROW(prlimit64, EFAULT, 0, RLIMIT_NOFILE, 0, BAD),
		ROW(prlimit64, 0, 0, RLIMIT_NOFILE, 0, 0),
	};

	ROWS(rows);
}

TEST_ROOT(limits_of_a_user)
{
	static const struct row rows[] = {
		ROW(prlimit64, EFAULT, 1, 99, BAD, 0),
		ROW(prlimit64, EPERM, 1, 99, 0, BAD),
		ROW(prlimit64, EPERM, 1, 99, S(above), 0),
		ROW(prlimit64, EPERM, 1, RLIMIT_NOFILE, 0, 0),
		ROW(prlimit64, EINVAL, 0, RLIMIT_MEMLOCK, S(above), 0),
		ROW(prlimit64, EPERM, 0, RLIMIT_MEMLOCK, S(more), BAD),
		ROW(setrlimit, EPERM, RLIMIT_MEMLOCK, S(more32)),
		ROW(getrlimit, EFAULT, RLIMIT_MEMLOCK, BAD),
	};

	set_limit(RLIMIT_MEMLOCK, 4096, 8192);
	become_user();
	ROWS(rows);
}

TEST_ROOT(priorities)
{
	static const struct row rows[] = {
		ROW(getpriority, EINVAL, 3, NO_PID),
		ROW(getpriority, EINVAL, -1, NO_PID),
		ROW(getpriority, ESRCH, PRIO_PROCESS, NO_PID),
		ROW(getpriority, ESRCH, PRIO_PROCESS, -1),
		ROW(getpriority, ESRCH, PRIO_PGRP, NO_PID),
		ROW(getpriority, ESRCH, PRIO_USER, 54321),
		ROW(setpriority, EINVAL, 3, NO_PID, 0),
		ROW(setpriority, ESRCH, PRIO_PROCESS, NO_PID, 0),
		ROW(setpriority, ESRCH, PRIO_PGRP, NO_PID, 0),
		ROW(setpriority, ESRCH, PRIO_USER, 54321, 0),
		ROW(setpriority, EPERM, PRIO_PROCESS, 1, -5),
		ROW(setpriority, EPERM, PRIO_PROCESS, 1, 5),
		ROW(setpriority, 0, PRIO_PROCESS, 0, 5),
		ROW(setpriority, EACCES, PRIO_PROCESS, 0, 4),
		ROW(setpriority, 0, PRIO_PROCESS, 0, 5),
		ROW(nice, EPERM, -1),
		ROW(nice, EPERM, -1000),
		ROW(nice, 0, 0),
	};

	become_user();
	ROWS(rows);
}

/* RLIMIT_NICE says how far down a user may go: 20 less the limit. */
TEST_ROOT(the_limit_of_nice)
{
	set_limit(RLIMIT_NICE, 17, 17);
	become_user();
	SYS(setpriority(PRIO_PROCESS, 0, 10));
	SYS(setpriority(PRIO_PROCESS, 0, 3));
	CHECK_ERR(syscall(SYS_setpriority, PRIO_PROCESS, 0, 2), EACCES);
	CHECK_ERR(syscall(SYS_nice, -1), EPERM);
}

TEST_ROOT(processes)
{
	static const struct row rows[] = {
		ROW(fork, EAGAIN),
		ROW(vfork, EAGAIN),
		ROW(clone, EAGAIN, SIGCHLD),
		ROW(clone, EINVAL, CLONE_SIGHAND),
		ROW(clone, EINVAL, CLONE_THREAD | CLONE_VM),
		ROW(clone, EINVAL, CLONE_FS | CLONE_NEWNS),
	};

	set_limit(RLIMIT_NPROC, 0, 0);
	become_user();
	ROWS(rows);
}

/* The superuser is not held by it. */
TEST_ROOT(processes_of_root)
{
	set_limit(RLIMIT_NPROC, 0, 0);
	t_join(t_fork() ?: (_exit(0), 0));
}

TEST_ROOT(the_system)
{
	static const struct row rows[] = {
		ROW(uname, EFAULT, BAD),
		ROW(sysinfo, EFAULT, BAD),
		ROW(times, EFAULT, BAD),
		ROW(getrusage, EINVAL, 9, BAD),
		ROW(getrusage, EFAULT, RUSAGE_SELF, BAD),
		ROW(getcpu, EFAULT, BAD, 0),
		ROW(getcpu, EFAULT, 0, BAD),
		ROW(getcpu, 0, 0, 0),
		ROW(getrandom, EINVAL, BAD, 1, 8),
		ROW(getrandom, EINVAL, BAD, 1, 6),
		ROW(getrandom, EFAULT, BAD, 1, 0),
		ROW(getrandom, 0, BAD, 0, 0),
		ROW(sethostname, EINVAL, BAD, -1),
		ROW(sethostname, EINVAL, BAD, 65),
		ROW(sethostname, EFAULT, BAD, 1),
		ROW(setdomainname, EINVAL, BAD, 65),
		ROW(setdomainname, EFAULT, BAD, 1),
		ROW(reboot, EINVAL, 0, 0, 0x01234567, 0),
		ROW(reboot, EINVAL, 0xfee1dead, 0, 0x01234567, 0),
		ROW(reboot, EINVAL, 0xfee1dead, 672274793, 1, 0),
		ROW(reboot, EFAULT, 0xfee1dead, 672274793, 0xa1b2c3d4, BAD),
		ROW(syslog, EINVAL, 99, BAD, 1),
		ROW(syslog, EINVAL, 3, 0, 1),
		ROW(syslog, EINVAL, 3, S(buf), -1),
		ROW(syslog, EINVAL, 8, 0, 9),
		ROW(syslog, EINVAL, 8, 0, 0),
		ROW(syslog, EFAULT, 3, BAD, 4096),
		ROW(syslog, 0, 3, BAD, 0),
		ROW(personality, 0, -1),
		ROW(arch_prctl, EINVAL, 99, 0),
	};

	ROWS(rows);
}

TEST_REPRISE(calls_that_are_not_there)
{
	static const struct row rows[] = {
		ROW(rseq, ENOSYS, BAD, 32, 0, 0),
		ROW(openat2, ENOSYS, AT_FDCWD, BAD, BAD, 0),
		ROW(clone3, ENOSYS, BAD, 0),
		ROW(capget, ENOSYS, BAD, BAD),
		ROW(capset, ENOSYS, BAD, BAD),
		ROW(ptrace, ENOSYS, 99, 0, 0, 0),
		ROW(epoll_create1, ENOSYS, 99),
		ROW(inotify_init1, ENOSYS, 99),
		ROW(eventfd2, ENOSYS, 0, 99),
		ROW(signalfd4, ENOSYS, -1, BAD, 8, 99),
		ROW(timerfd_create, ENOSYS, 99, 99),
		ROW(membarrier, ENOSYS, 0, 0, 0),
		ROW(execveat, ENOSYS, AT_FDCWD, BAD, 0, 0, 0),
		ROW(personality, EINVAL, 0x0400000),
	};

	ROWS(rows);
}

TEST_ROOT(the_system_of_a_user)
{
	static const struct row rows[] = {
		ROW(sethostname, EPERM, BAD, -1), ROW(setdomainname, EPERM, BAD, -1),
		ROW(reboot, EPERM, 0, 0, 0, BAD), ROW(syslog, EPERM, 99, BAD, 1),
		ROW(syslog, EPERM, 5, BAD, -1),
	};

	become_user();
	ROWS(rows);
}

/* ---- what limits do ---- */

static volatile sig_atomic_t exceeded;

static void count(int sig)
{
	exceeded++;
}

TEST(the_size_of_files)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600)), p[2];
	struct iovec {
		void *base;
		size_t len;
	} iov[2] = { { buf, 400 }, { buf, 400 } };

	signal(SIGXFSZ, count);
	set_limit(RLIMIT_FSIZE, 1000, RLIM_INFINITY);
	CHECK_EQ(syscall(SYS_writev, fd, iov, 2), 800);
	CHECK_EQ(write(fd, buf, 400), 200); /* what fits */
	CHECK_EQ(exceeded, 0);
	CHECK_ERR(write(fd, buf, 1), EFBIG);
	CHECK_EQ(exceeded, 1);
	CHECK_ERR(pwrite(fd, buf, 1, 1000), EFBIG);
	CHECK_EQ(exceeded, 2);
	CHECK_EQ(pwrite(fd, buf, 1, 999), 1);
	CHECK_EQ(pwrite(fd, buf, 0, 5000), 0);
	CHECK_EQ(exceeded, 2);
	CHECK_ERR(ftruncate(fd, 1001), EFBIG);
	CHECK_EQ(exceeded, 3);
	SYS(pipe(p));
	CHECK_EQ(write(p[1], buf, 512), 512);
}

TEST(the_signal_of_large_files_kills)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		set_limit(RLIMIT_CORE, 0, 0);
		set_limit(RLIMIT_FSIZE, 0, 0);
		t_put("none", "x", 1);
		_exit(1);
	}
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGXFSZ);
}

TEST(address_space)
{
	const int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS;
	char *m = SYS((char *)mmap(NULL, 1 << 20, rw, anon, -1, 0));

	set_limit(RLIMIT_AS, 1 << 20, RLIM_INFINITY); /* less than there is: what there is stays */
	m[5000] = 1;
	CHECK_ERR(mmap(NULL, 4096, PROT_NONE, anon, -1, 0), ENOMEM);
	CHECK_ERR(mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0), ENOMEM);
	CHECK_ERR(mremap(m, 1 << 20, 2 << 20, MREMAP_MAYMOVE), ENOMEM);
	CHECK_EQ(syscall(SYS_brk, syscall(SYS_brk, 0) + 65536), syscall(SYS_brk, 0));
	SYS(munmap(m, 1 << 20));
}

TEST(data)
{
	const int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS;

	set_limit(RLIMIT_DATA, 4096, RLIM_INFINITY);
	CHECK_ERR(mmap(NULL, 1 << 20, rw, anon, -1, 0), ENOMEM);
	SYS((long)mmap(NULL, 1 << 20, PROT_READ, anon, -1, 0));
	SYS((long)mmap(NULL, 1 << 20, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	CHECK_EQ(syscall(SYS_brk, syscall(SYS_brk, 0) + 65536), syscall(SYS_brk, 0));
}

static int deep(int n)
{
	volatile char frame[4096];

	memset((char *)frame, n, sizeof(frame));
	return n ? deep(n - 1) + frame[7] : frame[9];
}

TEST(the_stack)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		set_limit(RLIMIT_CORE, 0, 0);
		set_limit(RLIMIT_STACK, 262144, RLIM_INFINITY);
		deep(20);
		deep(200);
		_exit(1);
	}
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGSEGV);
}

TEST_ROOT(locked_memory)
{
	char *m = SYS((char *)mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	set_limit(RLIMIT_MEMLOCK, 8192, 8192);
	become_user();
	SYS(mlock(m, 8192));
	CHECK_ERR(mlock(m + 8192, 4096), ENOMEM);
	CHECK_ERR(mlockall(MCL_CURRENT), ENOMEM);
	CHECK_ERR(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EAGAIN);
	SYS(munlock(m, 4096));
	SYS(mlock(m + 8192, 4096));
	set_limit(RLIMIT_MEMLOCK, 0, 0);
	CHECK_ERR(mlock(m, 1), EPERM);
	CHECK_ERR(mlock((void *)0xfffff000, 4096), EPERM);
	CHECK_ERR(mlockall(MCL_CURRENT), EPERM);
}

TEST_ROOT(pending_signals)
{
	union sigval v = { 0 };
	sigset_t set;
	int n;

	set_limit(RLIMIT_SIGPENDING, 5, 5);
	become_user();
	sigfillset(&set);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	for (n = 0; n < 10 && sigqueue(getpid(), SIGRTMIN, v) == 0; n++)
		;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(n, 5);
	/* kill and signals of the kernel get through, without their details if need be. */
	SYS(kill(getpid(), SIGUSR1));
	SYS(kill(getpid(), SIGUSR1));
	CHECK_EQ(sigwaitinfo(&set, NULL), SIGUSR1);
	CHECK_EQ(sigwaitinfo(&set, NULL), SIGRTMIN);
	SYS(sigqueue(getpid(), SIGRTMIN, v));
	CHECK_ERR(sigqueue(getpid(), SIGRTMIN, v), EAGAIN);
}

TEST(descriptors)
{
	set_limit(RLIMIT_NOFILE, 30, 1024);
	CHECK_ERR(fcntl(0, F_DUPFD, 30), EINVAL);
	CHECK_ERR(fcntl(0, F_DUPFD_CLOEXEC, 31), EINVAL);
	CHECK_ERR(syscall(SYS_dup2, 0, 30), EBADF);
	CHECK_ERR(syscall(SYS_dup3, 0, 30, 0), EBADF);
	CHECK_ERR(syscall(SYS_poll, 1, 31, 0), EINVAL);
	CHECK_ERR(syscall(SYS_poll, 1, 30, 0), EFAULT);
	CHECK_EQ(fcntl(0, F_DUPFD, 29), 29);
	CHECK_ERR(fcntl(0, F_DUPFD, 29), EMFILE);
}

T_NO_HOOK
