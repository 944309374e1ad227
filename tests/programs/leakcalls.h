/* SPDX-License-Identifier: MIT */
/* The calls that leak.c makes: each function fills `out` with what some of them return. */
#ifndef TESTS_LEAKCALLS_H
#define TESTS_LEAKCALLS_H

#include "t.h"
#include <elf.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <termios.h>

#define SIZE 8192u

static uint8_t *out; /* SIZE bytes, filled with the same byte before each call */
static int file_fd, dir_fd, soil_fd, pipe_fd[2], master, slave;
static timer_t timer;

#define CALL(...) (void)syscall(__VA_ARGS__)
#define AT(n) ((void *)(out + (n)))

static void call_stat(void)
{
	CALL(106, "file", AT(0));
	CALL(107, "link", AT(256));
	CALL(108, pipe_fd[0], AT(512));
	CALL(195, "file", AT(1024));
	CALL(196, "link", AT(1280));
	CALL(197, master, AT(1536));
	CALL(300, -100, "/proc/self/maps", AT(1792), 0);
	CALL(383, -100, "file", 0, 0xfff, AT(2048));
	CALL(383, dir_fd, "", 0x1000, 0xfff, AT(2560));
	CALL(383, -100, "/dev/null", 0, 0xfff, AT(3072));
}

static void call_statfs(void)
{
	static const char *const place[] = { "/", "/proc", "/dev", "/tmp" };

	for (int i = 0; i < 4; i++) {
		CALL(99, place[i], AT(512 * i));
		CALL(268, place[i], 84, AT(512 * i + 128));
	}
	CALL(100, file_fd, AT(2048));
	CALL(269, pipe_fd[0], 84, AT(2560));
}

static void call_system(void)
{
	CALL(122, AT(0));
	CALL(116, AT(512));
	CALL(318, AT(640), AT(644), 0);
	CALL(103, 3, AT(1024), 4096);
}

static void call_usage(void)
{
	CALL(77, RUSAGE_SELF, AT(0));
	CALL(77, RUSAGE_CHILDREN, AT(128));
	CALL(43, AT(256));
	CALL(76, RLIMIT_NOFILE, AT(300));
	CALL(191, RLIMIT_NOFILE, AT(320));
	CALL(340, 0, RLIMIT_STACK, NULL, AT(340));
}

static void call_wait(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(5);
	CALL(284, 1, pid, AT(0), 4 | 0x01000000, AT(256)); /* WEXITED | WNOWAIT */
	CALL(114, pid, AT(512), 0, AT(520));
}

static void call_time(void)
{
	for (int clock = 0; clock < 8; clock++) {
		CALL(265, clock, AT(16 * clock));
		CALL(403, clock, AT(256 + 16 * clock));
		CALL(266, clock, AT(512 + 16 * clock));
		CALL(406, clock, AT(768 + 16 * clock));
	}
	CALL(78, AT(1024), AT(1040));
	CALL(13, AT(1056));
	CALL(161, 0, AT(1072));
	CALL(423, 0, AT(1088));
}

static void call_timers(void)
{
	/* As the calls have them: the C library's own are wider. */
	static const long it[4] = { 0, 0, 1000, 0 };
	static const int64_t its64[4] = { 0, 0, 1000, 0 };

	CALL(104, ITIMER_VIRTUAL, it, AT(0));
	CALL(105, ITIMER_VIRTUAL, AT(32));
	CALL(105, ITIMER_PROF, AT(64));
	CALL(261, timer, AT(96));
	CALL(408, timer, AT(128));
	CALL(260, timer, 0, it, AT(192));
	CALL(409, timer, 0, its64, AT(256));
}

static void call_actions(void)
{
	CALL(67, SIGUSR1, NULL, AT(0));
	CALL(174, SIGUSR1, NULL, AT(32), 8);
	CALL(126, 0, NULL, AT(64));
	CALL(175, 0, NULL, AT(80), 8);
	CALL(73, AT(96));
	CALL(176, AT(112), 8);
	CALL(186, NULL, AT(128));
}

/* Signals of every origin, taken by sigtimedwait. */
static void call_siginfo(void)
{
	uint64_t set = 1ull << (SIGRTMIN - 1) | 1ull << (SIGUSR2 - 1) | 1ull << (SIGCHLD - 1) |
		       1ull << (SIGALRM - 1);
	static const long now[2] = { 0, 0 }, soon[4] = { 0, 0, 0, 1 };
	uint64_t old;
	int n = 0;
	pid_t pid;

	CALL(175, SIG_BLOCK, &set, &old, 8);
	kill(getpid(), SIGUSR2);
	CALL(177, &set, AT(128 * n++), now, 8);
	CALL(238, getpid(), SIGUSR2);
	CALL(177, &set, AT(128 * n++), now, 8);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 7 });
	CALL(177, &set, AT(128 * n++), now, 8);
	CALL(260, timer, 0, soon, NULL);
	CALL(177, &set, AT(128 * n++), NULL, 8);
	CALL(104, ITIMER_REAL, soon, NULL);
	CALL(421, &set, AT(128 * n++), NULL, 8);
	pid = fork();
	if (pid == 0)
		_exit(0);
	CALL(177, &set, AT(128 * n++), NULL, 8);
	waitpid(pid, NULL, 0);
	CALL(175, SIG_SETMASK, &old, NULL, 8);
}

static void plain(int sig)
{
	(void)sig;
}

static void with_info(int sig, siginfo_t *info, void *uc)
{
	(void)sig, (void)info, (void)uc;
}

/* The buffer is the handlers' stack: the frame, FPU state and all, stays in it. */
static void call_frame(int flags)
{
	stack_t ss = { .ss_sp = out, .ss_size = SIZE }, off = { .ss_flags = SS_DISABLE };
	struct sigaction sa = { .sa_flags = SA_ONSTACK | flags };

	if (flags & SA_SIGINFO)
		sa.sa_sigaction = with_info;
	else
		sa.sa_handler = plain;
	sigaction(SIGUSR1, &sa, NULL);
	sigaltstack(&ss, NULL);
	raise(SIGUSR1);
	sigaltstack(&off, NULL);
}

static void call_plain_frame(void)
{
	call_frame(0);
}

static void call_info_frame(void)
{
	call_frame(SA_SIGINFO);
}

static void call_segments(void)
{
	for (int slot = 0; slot < 3; slot++) {
		*(int *)AT(16 * slot) = 6 + slot;
		CALL(244, AT(16 * slot));
	}
	CALL(123, 0, AT(64), 64);
	CALL(312, 0, AT(256), AT(260));
}

static void call_sched(void)
{
	CALL(242, 0, 128, AT(0));
	CALL(155, 0, AT(128));
}

static void call_ids(void)
{
	CALL(80, 32, AT(0));
	CALL(205, 32, AT(128));
	CALL(209, AT(512), AT(516), AT(520));
	CALL(211, AT(524), AT(528), AT(532));
	CALL(165, AT(544), AT(546), AT(548));
	CALL(171, AT(550), AT(552), AT(554));
	CALL(172, PR_GET_NAME, AT(576));
	CALL(172, PR_GET_PDEATHSIG, AT(600));
	CALL(172, 37, AT(604));
}

static void call_pipe(void)
{
	int *fd = AT(0);

	CALL(42, fd);
	close(fd[0]);
	close(fd[1]);
	CALL(331, fd + 2, 0);
	close(fd[2]);
	close(fd[3]);
}

static void call_poll(void)
{
	struct pollfd *p = AT(0);
	uint32_t *set = AT(64);
	long *tv = AT(512), *ts = AT(520);
	int64_t *ts64 = AT(544);

	*p = (struct pollfd){ .fd = pipe_fd[1], .events = POLLOUT };
	CALL(168, p, 1, 0);
	memset(set, 0, 128);
	set[pipe_fd[1] / 32] |= 1u << pipe_fd[1] % 32;
	tv[0] = 1000, tv[1] = 0;
	CALL(142, 64, NULL, set, NULL, tv);
	set[pipe_fd[1] / 32] |= 1u << pipe_fd[1] % 32;
	ts[0] = 1000, ts[1] = 0;
	CALL(308, 64, NULL, set, NULL, ts, NULL);
	ts64[0] = 1000;
	ts64[1] = 0;
	CALL(413, 64, NULL, set, NULL, ts64, NULL);
	ts[0] = 1000, ts[1] = 0;
	CALL(309, p, 1, ts, NULL, 8);
}

static void call_locks(void)
{
	struct {
		int16_t type, whence;
		int32_t start, len, pid;
	} *l = AT(0);
	struct {
		int16_t type, whence;
		int64_t start, len;
		int32_t pid;
	} __attribute__((packed, aligned(4))) *l64 = AT(64);

	memset(l, 0, sizeof(*l));
	memset(l64, 0, sizeof(*l64));
	l->type = l64->type = 1;
	CALL(55, file_fd, 5, l);
	CALL(221, file_fd, 12, l64);
	CALL(221, file_fd, 36, l64);
}

static void call_terminal(void)
{
	static const unsigned get[] = { 0x5401,	    0x5405,	0x802c542a, 0x5413,	0x540f,
					0x5429,	    0x5411,	0x541b,	    0x80045430, 0x80045432,
					0x80045438, 0x80045439, 0x80045440, 0x540e,	0x5415,
					0x541e,	    0x5424 };

	for (unsigned i = 0; i < sizeof(get) / sizeof(get[0]); i++) {
		CALL(54, slave, get[i], AT(128 * i));
		CALL(54, master, get[i], AT(128 * i + 64));
	}
	CALL(54, pipe_fd[0], 0x541b, AT(4096));
	CALL(54, file_fd, 0x5460, AT(4104));
}

static void list(int nr, const char *path, unsigned at)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);

	CALL(nr, fd, AT(at), 1024);
	close(fd);
}

static void call_directories(void)
{
	list(141, ".", 0);
	list(220, ".", 1024);
	list(141, "/proc/self", 2048);
	list(220, "/proc/self/fd", 3072);
	list(220, "/dev", 4096);
	list(220, "/tmp", 5120);
	list(220, "/", 6144);
}

static void call_names(void)
{
	CALL(85, "link", AT(0), 512);
	CALL(85, "/proc/self/exe", AT(512), 512);
	CALL(183, AT(1024), 512);
}

static unsigned read_path(const char *path, unsigned at, unsigned size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, AT(at), size);

	close(fd);
	return n > 0 ? at + n : at;
}

static void call_proc(void)
{
	static const char *const name[] = { "stat",   "status", "statm",   "cmdline", "comm",
					    "limits", "maps",	"environ", "auxv" };
	char path[64];
	unsigned at = 0;

	for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		snprintf(path, sizeof(path), "/proc/self/%s", name[i]);
		at = read_path(path, at, 800);
	}
}

/* What lies behind the end of a file, in a hole, in new memory. */
static void call_memory(void)
{
	int fd = open("short", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p;

	if (write(fd, "x", 1) != 1)
		return;
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	memcpy(AT(0), p + 1, 2047);
	munmap(p, 4096);
	if (ftruncate(fd, 3 * 4096) == 0 && pwrite(fd, "y", 1, 9000) == 1) {
		CALL(180, fd, AT(2048), 1024, 1, 0);
		CALL(180, fd, AT(3072), 1024, 8192, 0);
		CALL(180, fd, AT(4096), 1024, 9001, 0);
	}
	close(fd);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(AT(5120), p, 1024);
	munmap(p, 4096);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memcpy(AT(6144), p, 1024);
	CALL(218, p, 4096, AT(7168));
	munmap(p, 4096);
}

/* Files of a file system in memory; a removed one; a pipe's page. */
static void call_more_memory(void)
{
	int fd = open("/tmp/leak", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int mem = syscall(SYS_memfd_create, "leak", 0);
	int64_t *off = AT(8000);

	if (pwrite(fd, "x", 1, 5000) == 1 && pwrite(mem, "x", 1, 5000) == 1) {
		CALL(180, fd, AT(0), 1024, 4096, 0);
		CALL(180, mem, AT(1024), 1024, 4096, 0);
	}
	off[0] = off[1] = 0;
	CALL(239, pipe_fd[1], file_fd, off, 10);
	CALL(3, pipe_fd[0], AT(2048), 10);
	CALL(140, fd, 0, 100, AT(2064), 0);
	CALL(355, AT(2080), 16, 0);
	unlink("/tmp/leak");
	close(fd);
	close(mem);
}

/* A new program's stack: vectors, strings and the auxiliary vector. */
static void call_new_stack(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/proc/self/exe", "leak", "STACK", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	(void)read_path("stack", 0, SIZE);
}

/* `leak STACK` writes what the kernel put on its stack into a file: the last pages. */
static void dump_stack(void)
{
	int fd = open("stack", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char *top = NULL, line[128];
	FILE *f = fopen("/proc/self/maps", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, "[stack]"))
			top = (char *)strtoul(strchr(line, '-') + 1, NULL, 16);
	}
	if (!top || write(fd, top - SIZE, SIZE) != (ssize_t)SIZE)
		_exit(1);
}

/* Notes and headers of an image; and what is told about it. */
static void call_checkpoint(void)
{
	uint32_t *flags = AT(7168);
	Elf32_Ehdr *eh = AT(0);
	Elf32_Phdr *ph;
	int fd;

	CALL(600, "leak", 0);
	fd = open("leak_ckpt", O_RDONLY);
	CALL(180, fd, AT(0), sizeof(*eh) + sizeof(*ph), 0, 0);
	ph = AT(sizeof(*eh));
	CALL(180, fd, AT(128), ph->p_filesz < 6144 ? ph->p_filesz : 6144, ph->p_offset, 0);
	close(fd);
	unlink("leak_ckpt");
	CALL(603, 1, 0, AT(6400));
	CALL(603, 2, 0, AT(6656));
	*flags = 0;
	CALL(603, 3, 0, AT(7168));
}

static const struct {
	const char *name;
	void (*fill)(void);
} calls[] = {
	{ "stat", call_stat },
	{ "statfs", call_statfs },
	{ "system", call_system },
	{ "usage", call_usage },
	{ "wait", call_wait },
	{ "time", call_time },
	{ "timers", call_timers },
	{ "actions", call_actions },
	{ "siginfo", call_siginfo },
	{ "plain frame", call_plain_frame },
	{ "info frame", call_info_frame },
	{ "segments", call_segments },
	{ "sched", call_sched },
	{ "ids", call_ids },
	{ "pipe", call_pipe },
	{ "poll", call_poll },
	{ "locks", call_locks },
	{ "terminal", call_terminal },
	{ "directories", call_directories },
	{ "names", call_names },
	{ "proc", call_proc },
	{ "memory", call_memory },
	{ "more memory", call_more_memory },
	{ "new stack", call_new_stack },
	{ "checkpoint", call_checkpoint },
};
#define NCALLS (sizeof(calls) / sizeof(calls[0]))

#endif
