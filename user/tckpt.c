/* SPDX-License-Identifier: MIT */
/*
 * tckpt [-f] [-w] [-t | -j | -s] [-S] PID NAME: checkpoints the running process PID into NAME_ckpt.
 *
 * Exit status: 0 the checkpoint was asked for (with -w: it is durable); 1 it was not; 2 wrong usage.
 */
#include "command.h"

#include <errno.h>

#define STATUS_FAILED 1
#define STATUS_USAGE 2

static const char usage[] = "usage: tckpt [-f] [-w] [-t | -j | -s] [-S] PID NAME\n"
			    "Saves the running process PID in the file NAME_ckpt; the process notices nothing.\n"
			    "  -f, --forked  it goes on at once; a copy-on-write copy of it is written\n"
			    "  -w, --wait    wait until the file is durable, and say how it went\n"
			    "  -t, --tree    with all its descendants, at one instant\n"
			    "  -j, --job     the same for all its process group: a pipeline\n"
			    "  -s, --session the same for all its session\n"
			    "  -S, --self    the file holds what it would else find in other files\n"
			    "      --help    this text\n"
			    "Exit status: 0 asked for (-w: saved), 1 not saved, 2 wrong usage.\n";

static void report(pid_t pid)
{
	struct ckpt_stats st;

	if (ckptctl(CKPTCTL_STATS, pid, &st) != 0)
		return;
	print_stats(stdout, &st);
	putchar('\n');
}

/* 0; -1: wrong usage; 1: help was all that was wanted. */
static int parse(int argc, char **argv, unsigned *flags)
{
	static const struct option longopts[] = {
		{ "forked", no_argument, NULL, 'f' },  { "wait", no_argument, NULL, 'w' },
		{ "tree", no_argument, NULL, 't' },    { "job", no_argument, NULL, 'j' },
		{ "session", no_argument, NULL, 's' }, { "self", no_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },    { 0 },
	};
	int c;

	while ((c = next_option(argc, argv, ":fwtjsSh", longopts)) != -1) {
		switch (c) {
		case 'f': *flags |= CKPT_FORKED; break;
		case 'w': *flags |= CKPT_WAIT; break;
		case 't': *flags |= CKPT_TREE; break;
		case 'j': *flags |= CKPT_JOB; break;
		case 's': *flags |= CKPT_SESSION; break;
		case 'S': *flags |= CKPT_SELF; break;
		case 'h': fputs(usage, stdout); return 1;
		default: return -1;
		}
	}
	if (argc - optind != 2)
		return wrong_usage(-1, "a process id and a name are needed");
	return 0;
}

int main(int argc, char **argv)
{
	unsigned flags = 0;
	int parsed = parse(argc, argv, &flags);
	pid_t pid;

	if (parsed)
		return parsed > 0 ? finish_output(0, STATUS_FAILED) : STATUS_USAGE;
	if (parse_pid(argv[optind], &pid) != 0)
		return STATUS_USAGE;
	if (tckpt(pid, image_base(argv[optind + 1]), flags) != 0)
		return complain(STATUS_FAILED, "process %d: %s", (int)pid, why_not_saved(errno));
	print_volatile(stderr, pid, flags, image_base(argv[optind + 1]));
	if (flags & CKPT_WAIT)
		report(pid);
	return finish_output(0, STATUS_FAILED);
}
