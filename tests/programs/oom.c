/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out: for one process, for many, for the kernel's own objects. Who asks too much is refused or killed;
 * the machine lives, and afterwards everything is there again. Not for the Linux host.
 */
#include "t.h"
#include <dirent.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

static unsigned long total_ram(void)
{
	struct sysinfo si;

	SYS(sysinfo(&si));
	return si.totalram / 4096 * si.mem_unit;
}

/* Descendants that outlive their killed parent would hold on to what they took: they go too, and are gone on return. */
static int end_group(pid_t leader)
{
	int st = t_wait(leader);

	while (kill(-leader, SIGKILL) == 0)
		usleep(2000);
	return st;
}

/* How a child ended that did this, with all its descendants, until it could not go on. */
#define GREEDY(...)                     \
	({                              \
		pid_t g_pid = t_fork(); \
		if (g_pid == 0) {       \
			setpgid(0, 0);  \
			__VA_ARGS__;    \
			_exit(0);       \
		}                       \
		end_group(g_pid);       \
	})

/* The machine still does all that a program needs. */
static void all_is_well(void)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		char *p = malloc(4 << 20);
		CHECK(p != NULL);
		memset(p, 1, 4 << 20);
		t_put("after", p, 100000);
		SYS(unlink("after"));
		_exit(0);
	}
	t_join(pid);
}

TEST(touching_more_than_there_is)
{
	unsigned long pages = total_ram() * 2;

	for (int i = 0; i < 3; i++) {
		int st = GREEDY({
			char *p = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
			if (p == MAP_FAILED)
				_exit(7);
			for (unsigned long n = 0; n < pages; n++)
				p[n * 4096] = 1;
		});
		CHECK(st == 7 << 8 || WTERMSIG(st) == SIGKILL);
		all_is_well();
	}
}

TEST(growing_heap)
{
	int st = GREEDY({
		for (;;) {
			char *p = sbrk(1 << 20);
			if (p == (char *)-1)
				_exit(7);
			memset(p, 1, 1 << 20);
		}
	});

	CHECK(st == 7 << 8 || WTERMSIG(st) == SIGKILL);
	all_is_well();
}

TEST(copies_on_write)
{
	/* Half of memory, then a child that writes all of it. */
	size_t size = total_ram() / 2 * 4096;
	int st = GREEDY({
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			_exit(7);
		for (size_t i = 0; i < size; i += 4096)
			p[i] = 1;
		pid_t pid = fork();
		if (pid < 0)
			_exit(7);
		if (pid == 0) {
			for (size_t i = 0; i < size; i += 4096)
				p[i] = 2;
			_exit(0);
		}
		t_wait(pid);
	});

	CHECK(st == 0 || st == 7 << 8 || WTERMSIG(st) == SIGKILL);
	all_is_well();
}

TEST(many_processes)
{
	int st = GREEDY({
		setpgid(0, 0);
		for (int n = 0;; n++) {
			pid_t pid = fork();
			if (pid < 0) {
				signal(SIGTERM, SIG_IGN);
				kill(0, SIGTERM);
				while (wait(NULL) > 0)
					;
				_exit(7);
			}
			if (pid == 0) {
				static char data[1 << 20];
				memset(data, 1, sizeof(data));
				for (;;)
					pause();
			}
		}
	});

	CHECK(st == 7 << 8 || WTERMSIG(st) == SIGKILL);
	all_is_well();
}

TEST(kernel_objects)
{
	/* Pipes full of data: memory that belongs to no address space. */
	int st = GREEDY({
		struct rlimit rl = { 1000, 1000 };
		static char data[65536];
		int p[2];

		setrlimit(RLIMIT_NOFILE, &rl);
		for (;;) {
			while (pipe2(p, O_NONBLOCK) == 0)
				(void)!write(p[1], data, sizeof(data));
			pid_t pid = fork();
			if (pid != 0) {
				int s;
				if (pid > 0)
					waitpid(pid, &s, 0);
				_exit(7);
			}
			for (int fd = 3; fd < 500; fd++)
				close(fd);
		}
	});

	CHECK(st == 7 << 8 || WTERMSIG(st) == SIGKILL);
	all_is_well();
}

TEST(memory_files)
{
	/* A memory file system holds what memory holds, then says ENOSPC. */
	int st = GREEDY({
		static char data[1 << 16];
		int fd = open("/tmp/oom-test-file", O_RDWR | O_CREAT, 0600);
		if (fd < 0)
			_exit(8);
		memset(data, 1, sizeof(data));
		while (write(fd, data, sizeof(data)) > 0)
			;
		_exit(errno == ENOSPC || errno == ENOMEM ? 7 : 9);
	});

	SYS(unlink("/tmp/oom-test-file"));
	CHECK(st == 7 << 8 || WTERMSIG(st) == SIGKILL);
	all_is_well();
}

TEST(dirty_file_pages)
{
	/* A shared mapping of a file as large as memory: the pages go to the disk as they come. */
	size_t size = total_ram() * 4096 / 4;
	int st = GREEDY({
		int fd = SYS(open("dirty", O_RDWR | O_CREAT, 0600));
		if (size > 40 << 20)
			size = 40 << 20;
		SYS(ftruncate(fd, size));
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		CHECK(p != MAP_FAILED);
		for (size_t i = 0; i < size; i += 4096)
			p[i] = i / 4096;
		for (size_t i = 0; i < size; i += 4096)
			CHECK_EQ(p[i], (char)(i / 4096));
	});

	CHECK_EQ(st, 0);
	SYS(unlink("dirty"));
	all_is_well();
}

T_NO_HOOK
