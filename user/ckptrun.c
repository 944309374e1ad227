/* SPDX-License-Identifier: MIT */
/*
 * ckptrun [-f] [-v] [-i SECONDS] [-n COUNT] NAME -- CMD ARGS...: runs any program under periodic checkpoints into NAME_ckpt.
 *
 * Exit status: the program's (128 + signal if it was killed); 126 wrong usage; 127 the program could not be started.
 */
#include <errno.h>
#include <getopt.h>
#include <reprise/ckpt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATUS_USAGE 126
#define STATUS_NOEXEC 127

static const char usage[] = "usage: ckptrun [-f] [-v] [-i SECONDS] [-n COUNT] NAME -- CMD [ARG]...\n"
			    "  Runs CMD and saves it in NAME_ckpt every SECONDS (default 10); `recover NAME` brings it back.\n"
			    "  -f  forked checkpoints: CMD goes on while its image is written\n"
			    "  -i  seconds between checkpoints, fractions allowed\n"
			    "  -n  at most COUNT checkpoints\n"
			    "  -v  a line on standard error for each\n";

struct options {
	unsigned flags;
	int verbose;
	double interval;
	long count; /* -1: no limit */
	const char *name;
};

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	char *end;
	int c;

	*o = (struct options){ .flags = CKPT_WAIT, .interval = 10, .count = -1 };
	while ((c = getopt_long(argc, argv, "+fvi:n:h", longopts, NULL)) != -1) {
		switch (c) {
		case 'f': o->flags |= CKPT_FORKED; break;
		case 'v': o->verbose = 1; break;
		case 'i':
			o->interval = strtod(optarg, &end);
			if (*end || !(o->interval > 0 && o->interval < 1e9))
				return -1;
			break;
		case 'n':
			o->count = strtol(optarg, &end, 10);
			if (*end || o->count < 0)
				return -1;
			break;
		case 'h': fputs(usage, stdout); exit(0);
		default: return -1;
		}
	}
	if (argc - optind < 2)
		return -1;
	o->name = argv[optind++];
	if (strcmp(argv[optind], "--") == 0)
		optind++;
	return optind < argc ? 0 : -1;
}

/* Waits for SIGCHLD or for the interval to pass. */
static void wait_interval(const struct options *o)
{
	struct timespec ts = { .tv_sec = (time_t)o->interval,
			       .tv_nsec = (long)((o->interval - (double)(time_t)o->interval) * 1e9) };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &ts);
}

static void take(pid_t pid, const struct options *o, long n)
{
	struct ckpt_stats st;

	if (tckpt(pid, o->name, o->flags) != 0) {
		if (errno != ESRCH)
			fprintf(stderr, "ckptrun: checkpoint %ld: %s\n", n, strerror(errno));
		return;
	}
	if (o->verbose && ckptctl(CKPTCTL_STATS, pid, &st) == 0)
		fprintf(stderr, "ckptrun: checkpoint %ld: stopped %llu us, durable after %llu us, %llu bytes\n",
			n, st.cs_stop_ns / 1000, st.cs_durable_ns / 1000, st.cs_bytes);
}

int main(int argc, char **argv)
{
	struct options o;
	sigset_t set, old;
	pid_t pid;
	int status;

	if (parse(argc, argv, &o) != 0) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		execvp(argv[optind], &argv[optind]);
		fprintf(stderr, "ckptrun: %s: %s\n", argv[optind], strerror(errno));
		_exit(STATUS_NOEXEC);
	}
	if (pid < 0) {
		fprintf(stderr, "ckptrun: fork: %s\n", strerror(errno));
		return STATUS_NOEXEC;
	}
	/* ^C and ^\ are for the program. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	for (long n = 1;; n++) {
		wait_interval(&o);
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		if (o.count < 0 || n <= o.count)
			take(pid, &o, n);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
