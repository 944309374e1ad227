/* SPDX-License-Identifier: MIT */
/*
 * recover [-b] [-s] [-n] [-i] [-T] [-c] [-t] NAME: brings back what NAME_ckpt holds. In the foreground the command ends as the process
 * does; with -b it prints the pid and returns at once.
 *
 * Exit status: the process's own (128 + signal if it was killed); 125: it could not be brought back; 126: wrong usage.
 */
#include "command.h"
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#define STATUS_FAILED 125
#define STATUS_USAGE 126

static const char usage[] =
	"usage: recover [-b] [-s] [-n] [-i] [-T] [-c] NAME\n"
	"Brings back the process, or the tree of processes, that was saved in the file NAME_ckpt; waits for it,\n"
	"and ends with its exit status.\n"
	"  -b, --background  do not wait: print its process id and leave it running\n"
	"  -s, --stopped     it comes back stopped; `fg`, or kill -CONT, lets it go on\n"
	"  -n, --new-pid     leave its old process id to others even if it is free\n"
	"  -i, --stdio       its descriptors 0, 1 and 2 are those of this command\n"
	"  -T, --tty         its terminal is the one where you are\n"
	"  -c, --changed     take files that have changed since as they are\n"
	"  -t, --trusted     for the superuser: take an image that another user may have written\n"
	"      --help        this text\n"
	"Exit status: the process's (128 + signal if it was killed), 125 not brought back, 126 wrong usage.\n";

struct options {
	unsigned o_flags; /* RECOVER_* */
	bool o_background;
};

static int not_recovered(const char *base, int error)
{
	return complain(STATUS_FAILED, "%s_ckpt: %s", base, why_not_recovered(base, error));
}

static int in_foreground(const char *base, unsigned flags)
{
	struct job j;
	pid_t pid;
	int status;

	job_prepare();
	pid = recover(base, flags);
	if (pid < 0)
		return not_recovered(base, errno);
	job_begin(&j, pid);
	if (flags & RECOVER_STOPPED) {
		printf("%d\n", (int)pid);
		fflush(stdout);
		job_stop(&j, SIGSTOP);
	}
	status = job_wait(&j);
	return status < 0 ? complain(STATUS_FAILED, "wait: %m") : exit_status(status);
}

struct answer {
	pid_t a_pid;
	int a_error;
};

/* The parent of a process in the background: tells its pid, or an errno, and waits for its end. */
static int guard(const char *base, unsigned flags, int fd)
{
	struct answer a = { .a_pid = recover(base, flags) };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct job j;

	a.a_error = a.a_pid < 0 ? errno : 0;
	/* Whoever reads what the command prints must see its end. */
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	if (a.a_pid > 0)
		job_begin(&j, a.a_pid);
	if (write(fd, &a, sizeof(a)) != sizeof(a) || a.a_pid < 0)
		return STATUS_FAILED;
	close(fd);
	job_wait(&j);
	return 0;
}

static int in_background(const char *base, unsigned flags)
{
	struct answer a;
	int fd, side = job_detach(&fd);

	if (side < 0)
		return complain(STATUS_FAILED, "%m");
	if (side == 1)
		return guard(base, flags, fd);
	if (read(fd, &a, sizeof(a)) != sizeof(a))
		return complain(STATUS_FAILED, "the command was killed");
	if (a.a_error)
		return not_recovered(base, a.a_error);
	printf("%d\n", (int)a.a_pid);
	return 0;
}

/* 0; -1: wrong usage; 1: help was all that was wanted. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{ "background", no_argument, NULL, 'b' },
		{ "stopped", no_argument, NULL, 's' },
		{ "new-pid", no_argument, NULL, 'n' },
		{ "stdio", no_argument, NULL, 'i' },
		{ "tty", no_argument, NULL, 'T' },
		{ "changed", no_argument, NULL, 'c' },
		{ "trusted", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = next_option(argc, argv, ":bsniTcth", longopts)) != -1) {
		switch (c) {
		case 'b': o->o_background = true; break;
		case 's': o->o_flags |= RECOVER_STOPPED; break;
		case 'n': o->o_flags |= RECOVER_NEWPID; break;
		case 'i': o->o_flags |= RECOVER_STDIO; break;
		case 'T': o->o_flags |= RECOVER_TTY; break;
		case 'c': o->o_flags |= RECOVER_CHANGED; break;
		case 't': o->o_flags |= RECOVER_TRUSTED; break;
		case 'h': fputs(usage, stdout); return 1;
		default: return -1;
		}
	}
	if (argc - optind != 1)
		return wrong_usage(-1, "one name is needed");
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int parsed = parse(argc, argv, &o), status;
	const char *base;

	if (parsed)
		return parsed > 0 ? finish_output(0, STATUS_FAILED) : STATUS_USAGE;
	base = image_base(argv[optind]);
	status = o.o_background ? in_background(base, o.o_flags) : in_foreground(base, o.o_flags);
	return finish_output(status, STATUS_FAILED);
}
