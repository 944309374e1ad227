/* SPDX-License-Identifier: MIT */
/*
 * recover [-b] [-s] [-n] [-i] [-T] [-c] NAME: brings back what NAME_ckpt holds. In the foreground the command ends as the process
 * does; with -b it prints the pid and returns at once.
 *
 * Exit status: the process's own (128 + signal if it was killed); 125: it could not be brought back; 126: wrong usage.
 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
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
	"      --help        this text\n"
	"Exit status: the process's (128 + signal if it was killed), 125 not brought back, 126 wrong usage.\n";

struct options {
	unsigned o_flags; /* RECOVER_* */
	bool o_background;
};

/*
 * Are we a job that a shell with job control started? Then a stop is the shell's to see, and its `fg` continues our whole group, which is the
 * recovered process's too.
 */
static bool is_job(void)
{
	pid_t parent = getppid();

	return getpgrp() == getpid() && getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
}

static int wait_for(pid_t pid, bool stopped)
{
	int status;

	/* ^C and ^\ are for the process, which is in our group; this command only reports. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (stopped && is_job())
		raise(SIGSTOP);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return complain(STATUS_FAILED, "wait: %m");
	}
	return exit_status(status);
}

/* 0; -1: wrong usage; 1: help was all that was wanted. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{ "background", no_argument, NULL, 'b' }, { "stopped", no_argument, NULL, 's' },
		{ "new-pid", no_argument, NULL, 'n' },	  { "stdio", no_argument, NULL, 'i' },
		{ "tty", no_argument, NULL, 'T' },	  { "changed", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },	  { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "bsniTch", longopts, NULL)) != -1) {
		switch (c) {
		case 'b': o->o_background = true; break;
		case 's': o->o_flags |= RECOVER_STOPPED; break;
		case 'n': o->o_flags |= RECOVER_NEWPID; break;
		case 'i': o->o_flags |= RECOVER_STDIO; break;
		case 'T': o->o_flags |= RECOVER_TTY; break;
		case 'c': o->o_flags |= RECOVER_CHANGED; break;
		case 'h': fputs(usage, stdout); return 1;
		default: return wrong_usage(-1, NULL);
		}
	}
	if (argc - optind != 1)
		return wrong_usage(-1, "one name is needed");
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int parsed = parse(argc, argv, &o);
	const char *base;
	bool stopped;
	pid_t pid;

	if (parsed)
		return parsed > 0 ? finish_output(0, STATUS_FAILED) : STATUS_USAGE;
	base = image_base(argv[optind]);
	pid = recover(base, o.o_flags);
	if (pid < 0)
		return complain(STATUS_FAILED, "%s_ckpt: %s", base, why_not_recovered(base, errno));
	stopped = (o.o_flags & RECOVER_STOPPED) != 0;
	if (o.o_background || stopped)
		printf("%d\n", (int)pid);
	if (o.o_background)
		return finish_output(0, STATUS_FAILED);
	fflush(stdout);
	return wait_for(pid, stopped);
}
