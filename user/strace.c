/* SPDX-License-Identifier: MIT */
/*
 * strace: shows the system calls of a program, one line each, on the kernel's
 * log: that is, on the console; dmesg has them too.
 *
 *	strace COMMAND ARGUMENT...	of the command and of all that it starts
 *	strace -p PID			of a running process, until ^C
 *
 * The kernel does the work (kernel/strace.c); a process is traced while its
 * /proc/PID/trace holds 1.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_FAILED 127
#define STATUS_USAGE 2

static const char usage[] =
	"usage: strace COMMAND [ARGUMENT]...\n"
	"       strace -p PID\n"
	"Shows the system calls of COMMAND and of all that it starts, on the kernel's log; dmesg has them too.\n"
	"  -p PID      of a running process, until ^C\n"
	"      --help  this text\n"
	"Exit status: COMMAND's (128 + signal if it was killed), 2 wrong usage, 127 not started or not traced.\n";

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
	return complain(STATUS_FAILED, "%s: %s", what, strerror(errno));
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
	return exit_status(status);
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	const char *process = NULL;
	pid_t pid;
	int opt;

	while ((opt = next_option(argc, argv, "+:p:h", longopts)) != -1) {
		switch (opt) {
		case 'p': process = optarg; break;
		case 'h': fputs(usage, stdout); return finish_output(0, STATUS_FAILED);
		default: return STATUS_USAGE;
		}
	}
	if (process && optind < argc)
		return wrong_usage(STATUS_USAGE, "expected a command or -p, found both");
	if (process)
		return parse_pid(process, &pid) == 0 ? trace_process(process) : STATUS_USAGE;
	if (optind == argc)
		return wrong_usage(STATUS_USAGE, "a command is needed");
	return trace_command(argv + optind);
}
