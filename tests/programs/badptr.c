/* SPDX-License-Identifier: MIT */
/*
 * Bad pointers to every system call: each argument in turn is an address that is not the caller's. The answer is an
 * errno or a harmless success; the caller lives, the kernel too. Which errno is not compared: often an earlier
 * check answers first. The calls that end the caller or the machine by design are left out.
 */
#include "t.h"
#include <sys/mman.h>
#include <sys/resource.h>

static const int skipped[] = {
	1,   /* exit */
	2,   /* fork */
	29,  /* pause */
	72,  /* sigsuspend */
	88,  /* reboot */
	119, /* sigreturn */
	120, /* clone */
	173, /* rt_sigreturn */
	179, /* rt_sigsuspend */
	190, /* vfork */
	252, /* exit_group */
	37,  /* kill: the group, everybody */
	238, /* tkill */
	270, /* tgkill */
	111, /* vhangup */
	36,  /* sync: harmless but slow, many times over */
	435, /* clone3 */
	25,  /* stime, settimeofday, adjtimex, clock_settime: other tests look at the clock */
	79,  124, 264, 404,
};

static uint32_t bad[8];
#define NBAD 8

static void make_bad_pointers(void)
{
	char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	memset(p, 0x41, 4096);
	SYS(munmap(p + 4096, 4096));
	SYS(mprotect(p + 8192, 4096, PROT_READ));
	bad[0] = 0;
	bad[1] = 0x1000;	     /* not mapped */
	bad[2] = 0xc0000000u;	     /* the kernel's first byte */
	bad[3] = 0xbffffffeu;	     /* across the border */
	bad[4] = 0xffffffffu;	     /* around the end */
	bad[5] = (uint32_t)p + 4094; /* runs into a hole; a string without an end */
	bad[6] = (uint32_t)p + 8192; /* read-only */
	bad[7] = 0xfffff000u;
}

static long call(int nr, const uint32_t *a)
{
	long r;

	/* ebp and ebx by hand: the compiler keeps them for itself. */
	__asm__ volatile("pushl %%ebx; pushl %%ebp; movl 4(%%esi), %%ecx; movl 8(%%esi), %%edx; movl 16(%%esi), %%edi;"
			 "movl 20(%%esi), %%ebp; movl 0(%%esi), %%ebx; movl 12(%%esi), %%esi; int $0x80;"
			 "popl %%ebp; popl %%ebx"
			 : "=a"(r), "+S"(a)
			 : "0"(nr)
			 : "ecx", "edx", "edi", "memory", "cc");
	return r;
}

static int is_skipped(int nr)
{
	for (unsigned i = 0; i < sizeof(skipped) / sizeof(*skipped); i++) {
		if (skipped[i] == nr)
			return 1;
	}
	return 0;
}

/* All calls of [from, to), in a child whom the calls may harm: only its own end must be orderly. */
static void sweep(int from, int to)
{
	for (int nr = from; nr < to; nr++) {
		if (is_skipped(nr))
			continue;
		pid_t pid = t_fork();
		if (pid == 0) {
			struct rlimit none = { 0, 0 };

			setrlimit(RLIMIT_CORE, &none);
			make_bad_pointers();
			int fd = open("victim", O_RDWR | O_CREAT, 0600);
			dup2(fd, 0);
			/* Root's calls could harm a Linux host that runs this test; Reprise has to bear them. */
			if (access("/proc/reprise", F_OK) < 0 && geteuid() == 0)
				SYS(setuid(65534));
			alarm(2);
			for (int arg = 0; arg < 6; arg++) {
				for (int b = 0; b < NBAD; b++) {
					/* The other arguments: a descriptor, small numbers. */
					uint32_t a[6] = { 0, 16, 16, 1, 1, 0 };
					a[arg] = bad[b];
					if (arg != 0 && b > 0)
						a[0] = b & 1 ? 0 : bad[5];
					call(nr, a);
				}
			}
			_exit(0);
		}
		int st = t_wait(pid);
		/* Some calls change what the child needs to go on (its memory, say): it may die, of its own fault. */
		CHECK(WIFEXITED(st) || WTERMSIG(st) == SIGSEGV || WTERMSIG(st) == SIGBUS ||
		      WTERMSIG(st) == SIGALRM || WTERMSIG(st) == SIGILL ||
		      WTERMSIG(st) == SIGKILL || WTERMSIG(st) == SIGSYS);
	}
}

#define SWEEP(from, to)              \
	TEST(calls_##from##_to_##to) \
	{                            \
		sweep(from, to);     \
	}
SWEEP(0, 100)
SWEEP(100, 200)
SWEEP(200, 300)
SWEEP(300, 400)
SWEEP(400, 470)
SWEEP(598, 610)

/* The ordinary ones, one by one, with the errno that Linux gives. */
TEST(errnos_of_common_calls)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600)), p[2];
	void *hole = (void *)0x1000;
	struct stat st;

	CHECK_EQ(write(fd, "0123456789", 10), 10);
	CHECK_ERR(pread(fd, hole, 5, 0), EFAULT);
	CHECK_ERR(pwrite(fd, hole, 5, 0), EFAULT);
	CHECK_ERR(pread(fd, (void *)0xfffff000u, 5, 0), EFAULT);
	CHECK_ERR(open(hole, O_RDONLY), EFAULT);
	CHECK_ERR(open(NULL, O_RDONLY), EFAULT);
	CHECK_ERR(mkdir(hole, 0755), EFAULT);
	CHECK_ERR(rename("f", hole), EFAULT);
	CHECK_ERR(rename(hole, "f"), EFAULT);
	CHECK_ERR(readlink(hole, (char *)&st, 10), EFAULT);
	CHECK_ERR(chdir(hole), EFAULT);
	CHECK_ERR(syscall(SYS_getcwd, hole, 4096), EFAULT);
	CHECK_ERR(syscall(SYS_stat64, "f", hole), EFAULT);
	CHECK_ERR(syscall(SYS_fstat64, fd, hole), EFAULT);
	CHECK_ERR(syscall(SYS_pipe, hole), EFAULT);
	CHECK_ERR(syscall(SYS_pipe2, 0xc0000000u, 0), EFAULT);
	CHECK_ERR(syscall(SYS_uname, hole), EFAULT);
	CHECK_ERR(syscall(78, hole, 0), EFAULT);
	CHECK_ERR(syscall(265, 1, hole), EFAULT);
	CHECK_ERR(syscall(SYS_nanosleep, hole, 0), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, hole, 0, 8), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, 0, hole, 8), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, 0, 0, 4), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, 0, hole, 0, 8), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, 0, 0, 0, 4), EINVAL);
	CHECK_ERR(syscall(SYS_poll, hole, 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_getdents64, SYS(open(".", O_RDONLY)), hole, 4096), EFAULT);
	CHECK_ERR(syscall(SYS_getrlimit, 7, hole), EFAULT);
	CHECK_ERR(syscall(SYS_execve, hole, 0, 0), EFAULT);
	CHECK_ERR(syscall(SYS_execve, "/proc/self/exe", hole, 0), EFAULT);
	CHECK_ERR(syscall(SYS_writev, fd, hole, 1), EFAULT);
	CHECK_ERR(syscall(SYS_sysinfo, hole), EFAULT);
	CHECK_ERR(syscall(SYS_wait4, -1, 0, 0, hole), ECHILD);
	CHECK_ERR(syscall(SYS_getrandom, hole, 16, 0), EFAULT);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, "f", hole, 0), EFAULT);
	SYS(pipe(p));
	CHECK_ERR(write(p[1], hole, 5), EFAULT);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_ERR(read(p[0], hole, 1), EFAULT);
	/* A string that ends where memory ends is fine; one that goes on is not. */
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SYS(munmap(m + 4096, 4096));
	memcpy(m + 4094, "f", 2);
	SYS(stat(m + 4094, &st));
	m[4095] = 'f';
	CHECK_ERR(stat(m + 4094, &st), EFAULT);
}

TEST(numbers_that_do_not_exist)
{
	static const int nr[] = { 17,  31,  32,	 35,  44,  53,	   56,	      58,
				  251, 285, 500, 599, 700, 100000, 0x7fffffff };

	for (unsigned i = 0; i < sizeof(nr) / sizeof(*nr); i++)
		CHECK_ERR(syscall(nr[i], 0, 0, 0, 0, 0, 0), ENOSYS);
	CHECK_ERR(syscall(0x80000000), ENOSYS);
}

T_NO_HOOK
