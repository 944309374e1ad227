/* SPDX-License-Identifier: MIT */
/* Rows of single system calls, and of signals. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

static void null_call(int n)
{
	/* getpid itself: no library may answer for the kernel. */
	while (n--)
		syscall(SYS_getpid);
}

static int zero_fd, null_fd;

static void open_devices(void)
{
	zero_fd = open("/dev/zero", O_RDONLY);
	null_fd = open("/dev/null", O_WRONLY);
	must(zero_fd >= 0 && null_fd >= 0, "open");
}

static void close_devices(void)
{
	close(zero_fd);
	close(null_fd);
}

static void read_write(int n)
{
	char c;

	while (n--) {
		must(read(zero_fd, &c, 1) == 1, "read");
		must(write(null_fd, &c, 1) == 1, "write");
	}
}

static void stat_file(int n)
{
	struct stat st;

	while (n--)
		must(stat("bench-file", &st) == 0, "stat");
}

static void open_close(int n)
{
	while (n--) {
		int fd = open("bench-file", O_RDONLY);
		must(fd >= 0, "open");
		close(fd);
	}
}

static volatile int hits;
static void on_usr1(int sig)
{
	hits++;
}

static void install_signal(int n)
{
	struct sigaction sa = { .sa_handler = on_usr1 };

	while (n--)
		sigaction(SIGUSR1, &sa, NULL);
}

static void deliver_signal(int n)
{
	pid_t pid = getpid();

	signal(SIGUSR1, on_usr1);
	while (n--)
		kill(pid, SIGUSR1);
}

const struct row call_rows[] = {
	{ .name = "null-call", .loop = null_call },
	{ .name = "read-write-1", .loop = read_write, .before = open_devices, .after = close_devices, .per = 2 },
	{ .name = "stat", .loop = stat_file },
	{ .name = "open-close", .loop = open_close },
	{ .name = "signal-install", .loop = install_signal },
	{ .name = "signal-deliver", .loop = deliver_signal },
	{ 0 },
};
