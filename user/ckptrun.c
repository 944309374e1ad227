/* SPDX-License-Identifier: MIT */
/*
 * ckptrun [-f] [-t | -s] [-S] [-v] [-i SECONDS] [-n COUNT] NAME -- CMD ARGS...: runs any program under periodic checkpoints into NAME_ckpt.
 *
 * Exit status: the program's (128 + signal if it was killed); 126 wrong usage; 127 the program could not be started.
 */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATUS_USAGE 126
#define STATUS_NOEXEC 127

static const char usage[] =
	"usage: ckptrun [-f] [-t | -s] [-S] [-v] [-i SECONDS] [-n COUNT] NAME -- CMD [ARG]...\n"
	"Runs CMD and saves it in NAME_ckpt again and again; `recover NAME` brings it back as it was at the last time.\n"
	"  -i, --interval SECONDS  between two checkpoints (10); fractions are allowed\n"
	"  -n, --count COUNT       at most so many checkpoints\n"
	"  -f, --forked            CMD goes on while its image is written\n"
	"  -t, --tree              with all its descendants\n"
	"  -s, --session           CMD in a session of its own, with all of that session\n"
	"  -S, --self              the image holds what it would else find in other files\n"
	"  -v, --verbose           a line about each checkpoint on standard error\n"
	"      --help              this text\n"
	"Exit status: CMD's (128 + signal if it was killed), 126 wrong usage, 127 CMD could not be started.\n";

struct options {
	unsigned o_flags; /* CKPT_* */
	bool o_verbose;
	double o_interval;
	long o_count; /* -1: no limit */
	const char *o_name;
	char **o_command;
};

/* CMD under way. */
struct run {
	const struct options *r_options;
	pid_t r_pid;
	sigset_t r_signals;		 /* blocked here, waited for */
	struct timespec r_start, r_next; /* r_next: of the next checkpoint */
	long r_asked, r_taken;
	int r_error; /* of the last that failed; 0 after one that did not */
};

/* 0; -1: wrong usage; 1: help was all that was wanted. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "forked", no_argument, NULL, 'f' },
		{ "tree", no_argument, NULL, 't' },
		{ "session", no_argument, NULL, 's' },
		{ "self", no_argument, NULL, 'S' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c, error = 0;

	while (!error && (c = next_option(argc, argv, "+:ftsSvi:n:h", longopts)) != -1) {
		switch (c) {
		case 'f': o->o_flags |= CKPT_FORKED; break;
		case 't': o->o_flags |= CKPT_TREE; break;
		case 's': o->o_flags |= CKPT_SESSION; break;
		case 'S': o->o_flags |= CKPT_SELF; break;
		case 'v': o->o_verbose = true; break;
		case 'i': error = parse_seconds(optarg, &o->o_interval); break;
		case 'n': error = parse_count(optarg, &o->o_count); break;
		case 'h': fputs(usage, stdout); return 1;
		default: return -1;
		}
	}
	return error;
}

static int parse(int argc, char **argv, struct options *o)
{
	int parsed;

	*o = (struct options){ .o_flags = CKPT_WAIT, .o_interval = 10, .o_count = -1 };
	parsed = parse_options(argc, argv, o);
	if (parsed)
		return parsed;
	if (optind < argc)
		o->o_name = image_base(argv[optind++]);
	if (optind < argc && strcmp(argv[optind], "--") == 0)
		optind++;
	if (optind >= argc)
		return wrong_usage(-1, "a name and a command are needed");
	o->o_command = argv + optind;
	return 0;
}

static struct timespec after(struct timespec t, double seconds)
{
	time_t whole = (time_t)seconds;

	t.tv_sec += whole;
	t.tv_nsec += (long)((seconds - (double)whole) * 1e9);
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

static double between(struct timespec from, struct timespec to)
{
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static struct timespec now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t;
}

/* The next signal, 0: the next checkpoint is due. */
static int next_event(const struct run *r)
{
	double left = between(now(), r->r_next);
	struct timespec ts = after((struct timespec){ 0 }, left > 0 ? left : 0);
	int sig;

	if (r->r_options->o_count >= 0 && r->r_asked >= r->r_options->o_count)
		sig = sigwaitinfo(&r->r_signals, NULL);
	else
		sig = sigtimedwait(&r->r_signals, NULL, &ts);
	return sig > 0 ? sig : errno == EAGAIN ? 0 : -1;
}

/* A reason is said once, not for every checkpoint that it prevents. */
static void failed(struct run *r, int error)
{
	if (error == ESRCH || (error == r->r_error && !r->r_options->o_verbose))
		return;
	r->r_error = error;
	complain(0, "checkpoint %ld: %s", r->r_asked, why_not_saved(error));
}

static void take(struct run *r)
{
	const struct options *o = r->r_options;
	struct ckpt_stats st;

	r->r_asked++;
	if (tckpt(r->r_pid, o->o_name, o->o_flags) != 0) {
		failed(r, errno);
		return;
	}
	r->r_error = 0;
	r->r_taken++;
	if (!o->o_verbose || ckptctl(CKPTCTL_STATS, r->r_pid, &st) != 0)
		return;
	fprintf(stderr, "ckptrun: checkpoint %ld after %.1f s: ", r->r_asked, between(r->r_start, now()));
	print_stats(stderr, &st);
	fputc('\n', stderr);
}

static void start(struct run *r)
{
	sigset_t old;

	sigemptyset(&r->r_signals);
	sigaddset(&r->r_signals, SIGCHLD);
	sigaddset(&r->r_signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &r->r_signals, &old);
	r->r_start = now();
	r->r_pid = fork();
	if (r->r_pid == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		if (r->r_options->o_flags & CKPT_SESSION)
			setsid();
		execvp(r->r_options->o_command[0], r->r_options->o_command);
		_exit(complain(STATUS_NOEXEC, "%s: %m", r->r_options->o_command[0]));
	}
	/* ^C and ^\ are for the program. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
}

/* Until CMD ends; its status. */
static int attend(struct run *r)
{
	int status, event;

	r->r_next = after(r->r_start, r->r_options->o_interval);
	for (;;) {
		event = next_event(r);
		if (waitpid(r->r_pid, &status, WNOHANG) == r->r_pid)
			return status;
		if (event == SIGTERM)
			kill(r->r_pid, SIGTERM);
		if (event != 0)
			continue;
		take(r);
		r->r_next = after(now(), r->r_options->o_interval);
	}
}

int main(int argc, char **argv)
{
	struct options o;
	struct run r = { .r_options = &o };
	int parsed = parse(argc, argv, &o), status;

	if (parsed)
		return parsed > 0 ? finish_output(0, STATUS_NOEXEC) : STATUS_USAGE;
	start(&r);
	if (r.r_pid < 0)
		return complain(STATUS_NOEXEC, "fork: %m");
	status = attend(&r);
	if (o.o_verbose)
		complain(0, "%ld checkpoints in %.1f s", r.r_taken, between(r.r_start, now()));
	return exit_status(status);
}
