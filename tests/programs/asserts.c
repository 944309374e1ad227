/* SPDX-License-Identifier: MIT */
/* What a user, or the superuser by a wrong argument, can bring about, and the kernel must not take for a fault of its own. */
#include "t.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/mount.h>

TEST_ROOT(mount_point_that_is_none)
{
	SYS(mkdir("dir", 0755));
	SYS(close(SYS(open("file", O_CREAT | O_WRONLY, 0644))));
	CHECK_ERR(mount("none", "nowhere", "devtmpfs", 0, NULL), ENOENT);
	CHECK_ERR(mount("none", "file", "devtmpfs", 0, NULL), ENOTDIR);
	CHECK_ERR(mount("none", "nowhere/dir", "tmpfs", 0, NULL), ENOENT);
	CHECK_ERR(mount("none", "nowhere", "no-such-type", 0, NULL), ENOENT);
	CHECK_ERR(mount("none", "dir", "no-such-type", 0, NULL), ENODEV);
	SYS(mount("none", "dir", "devtmpfs", 0, NULL));
	SYS(umount("dir"));
	SYS(rmdir("dir"));
}

/* Names that go through links of /proc, on which a process's own locks are asked for. */
TEST_ROOT(mount_through_links)
{
	CHECK_ERR(umount("/proc/self/exe"), EINVAL);
	CHECK_ERR(umount("/proc/self/cwd"), EINVAL);
	CHECK_ERR(mount("none", "/proc/self/exe", "tmpfs", 0, NULL), ENOTDIR);
	CHECK_ERR(mount("none", "/proc/self/exe", NULL, MS_REMOUNT, NULL), EINVAL);
	SYS(mkdir("dir", 0755));
	CHECK_ERR(mount("/proc/self/exe", "dir", "ext2", 0, NULL), ENOTBLK);
	SYS(chdir("dir"));
	SYS(mount("none", "/proc/self/cwd", "tmpfs", 0, NULL));
	SYS(chdir(".."));
	SYS(umount("/proc/self/cwd/dir"));
}

/* A name that is changed while a program is executed by it. */
TEST(exec_by_changing_name)
{
	pid_t swapper = t_fork();

	if (swapper == 0) {
		for (;;) {
			unlink("link");
			if (symlink("/proc/self/exe", "link") != 0 || rename("link", "way") != 0)
				_exit(1);
			if (symlink("/proc/self/cwd", "link") != 0 || rename("link", "way") != 0)
				_exit(1);
		}
	}
	for (int i = 0; i < 50; i++) {
		pid_t pid = t_fork();

		if (pid == 0) {
			/* This program itself, which says its cases to nobody. */
			close(1);
			execl("way/nothing", "nothing", NULL);
			execl("way", "asserts", "-l", NULL);
			_exit(0);
		}
		t_wait(pid);
	}
	SYS(kill(swapper, SIGKILL));
	t_wait(swapper);
}

/* --- a call that another thread overwrites while it waits --- */

static struct code {
	unsigned char *c_text;
	int c_pipe[2];
} code;

/* mov eax, 3; mov ebx, [esp+4]; ... : read(fd, buf, 1) with its int 0x80 at a place that is known. */
static const unsigned char read_text[] = {
	0x53,			   /* push ebx */
	0xb8, 3,    0,	  0,	0, /* mov eax, 3 */
	0x8b, 0x5c, 0x24, 0x08,	   /* mov ebx, [esp + 8] */
	0x8b, 0x4c, 0x24, 0x0c,	   /* mov ecx, [esp + 12] */
	0xba, 1,    0,	  0,	0, /* mov edx, 1 */
	0xcd, 0x80,		   /* int 0x80 */
	0x5b,			   /* pop ebx */
	0xc3,			   /* ret */
};
#define INT80_AT 19

static void *blocked_reader(void *arg)
{
	char c;

	((long (*)(int, char *))(void *)code.c_text)(code.c_pipe[0], &c);
	return arg;
}

/* Stops and continues this process from outside, twice. */
static void stop_and_continue(void)
{
	pid_t me = getpid(), pid = t_fork();

	if (pid == 0) {
		for (int i = 0; i < 2; i++) {
			SYS(kill(me, SIGSTOP));
			SYS(kill(me, SIGCONT));
		}
		_exit(0);
	}
	t_join(pid);
}

static void wait_asleep(void)
{
	for (int i = 0; i < 200; i++)
		sched_yield();
	usleep(20000);
}

TEST(overwritten_call)
{
	pthread_t t;

	code.c_text = SYS(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memcpy(code.c_text, read_text, sizeof(read_text));
	SYS(pipe(code.c_pipe));
	CHECK_EQ(pthread_create(&t, NULL, blocked_reader, NULL), 0);
	for (int i = 0; i < 5; i++) {
		wait_asleep();
		/* jmp $: the thread goes round where its call was. */
		code.c_text[INT80_AT] = 0xeb;
		code.c_text[INT80_AT + 1] = 0xfe;
		stop_and_continue();
		code.c_text[INT80_AT] = 0xcd;
		code.c_text[INT80_AT + 1] = 0x80;
		stop_and_continue();
	}
	/* nop; nop: it runs on behind its call. */
	wait_asleep();
	code.c_text[INT80_AT] = code.c_text[INT80_AT + 1] = 0x90;
	stop_and_continue();
	SYS(write(code.c_pipe[1], "x", 1));
	CHECK_EQ(pthread_join(t, NULL), 0);
}

/* --- results that look like no error and no number --- */

static volatile sig_atomic_t alarms;
static void on_alarm(int sig)
{
	alarms++;
}

TEST_REPRISE(smallest_result_traced)
{
	int fd = SYS(open("f", O_CREAT | O_RDWR, 0644)), trace = SYS(open("/proc/self/trace", O_WRONLY));

	SYS(write(trace, "1", 1));
	syscall(SYS_fcntl64, fd, F_SETOWN, 0x80000000);
	syscall(SYS_fcntl64, fd, F_GETOWN, 0);
	SYS(write(trace, "0", 1));
}

TEST(smallest_result_interrupted)
{
	int fd = SYS(open("f", O_CREAT | O_RDWR, 0644));

	signal(SIGALRM, on_alarm);
	ualarm(1000, 1000);
	syscall(SYS_fcntl64, fd, F_SETOWN, 0x80000000);
	while (alarms < 50)
		syscall(SYS_fcntl64, fd, F_GETOWN, 0);
	ualarm(0, 0);
}

/* --- sums at the end of what a number can say --- */

#define LAST 0x7fffffffffffffffll
#define HALVES(v) (long)(v), (long)((unsigned long long)(v) >> 32)

TEST(offsets_at_the_end)
{
	char buf[16];
	int fd = SYS(open("f", O_CREAT | O_RDWR, 0644)), zero = SYS(open("/dev/zero", O_RDWR));

	CHECK_ERR(syscall(SYS_pread64, zero, buf, 10, HALVES(LAST)), EINVAL);
	CHECK_ERR(syscall(SYS_pwrite64, zero, buf, 10, HALVES(LAST)), EINVAL);
	CHECK_ERR(syscall(SYS_pread64, fd, buf, 10, HALVES(LAST - 5)), EINVAL);
	CHECK_ERR(syscall(SYS_pwrite64, fd, buf, 10, HALVES(LAST - 5)), EINVAL);
	CHECK_EQ(syscall(SYS_pread64, fd, buf, 10, HALVES(LAST - 10)), 0);
	CHECK_EQ(syscall(SYS_sync_file_range, fd, HALVES(LAST - 1), HALVES(1ll), 0), 0);
	CHECK_ERR(syscall(SYS_sync_file_range, fd, HALVES(LAST), HALVES(1ll), 0), EINVAL);
}

TEST(copies_at_the_end)
{
	long long in = LAST - 5, out = 0;
	int fd = SYS(open("f", O_CREAT | O_RDWR, 0644));

	SYS(write(fd, "text", 4));
	CHECK_EQ(syscall(SYS_copy_file_range, fd, &in, fd, &out, 10, 0), 0);
	CHECK_ERR(syscall(SYS_copy_file_range, fd, &out, fd, &in, 10, 0), EFBIG);
}

TEST(locks_at_the_end)
{
	const struct {
		long long start, len;
		int error;
	} rows[] = {
		{ -LAST - 1, -1, EINVAL }, { -LAST - 1, 0, EINVAL }, { -LAST - 1, LAST, EINVAL },
		{ LAST, 2, EOVERFLOW },	   { LAST, 1, 0 },	     { 0, -1, EINVAL },
		{ LAST, -LAST, 0 },	   { 5, -LAST - 1, EINVAL }, { -1, 5, EINVAL },
	};
	int fd = SYS(open("f", O_CREAT | O_RDWR, 0644));

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flock l = { .l_type = F_WRLCK, .l_start = rows[i].start, .l_len = rows[i].len };

		errno = 0;
		fcntl(fd, F_SETLK, &l);
		CHECK_EQ(errno, rows[i].error);
	}
}

T_NO_HOOK
