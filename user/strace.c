/* SPDX-License-Identifier: MIT */
/*
 * strace: shows the system calls of a program, one line each, on the kernel's log (that is, on the console; dmesg has them too).
 *
 *	strace COMMAND ARGUMENT...	of the command and of all that it starts
 *	strace -p PID			of a running process, until ^C
 *
 * The kernel does the work (kernel/strace.c); a process is traced while its /proc/PID/trace holds 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* 0 or -1 with errno. */
static int set_trace(const char *pid, const char *value)
{
	char path[40];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/trace", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, value, 1);
	close(fd);
	return n == 1 ? 0 : -1;
}

static int fail(const char *what)
{
	fprintf(stderr, "strace: %s: %s\n", what, strerror(errno));
	return 127;
}

static int trace_process(const char *pid)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (set_trace(pid, "1") < 0)
		return fail(pid);
	sigwait(&set, &sig);
	if (set_trace(pid, "0") < 0 && errno != ENOENT && errno != ESRCH)
		return fail(pid);
	return 0;
}

static int trace_command(char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return fail("fork");
	if (pid == 0) {
		if (set_trace("self", "1") < 0)
			_exit(fail("/proc/self/trace"));
		execvp(argv[0], argv);
		_exit(fail(argv[0]));
	}
	/* ^C is for the command; this program waits for its end. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-p") == 0)
		return trace_process(argv[2]);
	if (argc > 1 && argv[1][0] != '-')
		return trace_command(argv + 1);
	fprintf(stderr, "usage: strace COMMAND ARGUMENT...\n       strace -p PID\n");
	return 2;
}
