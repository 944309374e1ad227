/* SPDX-License-Identifier: MIT */
/*
 * tckpt [-f] [-w] PID NAME: checkpoints the running process PID into NAME_ckpt.
 *
 * Exit status: 0 the checkpoint was asked for (with -w: it is durable); 1 it was not; 2 wrong usage.
 */
#include <errno.h>
#include <getopt.h>
#include <reprise/ckpt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: tckpt [-f] [-w] PID NAME\n"
			    "  Saves the running process PID in the file NAME_ckpt; the process notices nothing.\n"
			    "  -f  forked: it goes on at once, a copy-on-write copy of it is written\n"
			    "  -w  wait until the file is durable, and say how it went\n";

static void report(pid_t pid)
{
	struct ckpt_stats st;

	if (ckptctl(CKPTCTL_STATS, pid, &st) != 0)
		return;
	printf("stopped %llu us, durable after %llu us, %llu pages, %llu bytes\n",
	       st.cs_stop_ns / 1000, st.cs_durable_ns / 1000, st.cs_pages, st.cs_bytes);
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	unsigned flags = 0;
	char *end;
	long pid;
	int c;

	while ((c = getopt_long(argc, argv, "fwh", longopts, NULL)) != -1) {
		switch (c) {
		case 'f': flags |= CKPT_FORKED; break;
		case 'w': flags |= CKPT_WAIT; break;
		case 'h': fputs(usage, stdout); return 0;
		default: fputs(usage, stderr); return 2;
		}
	}
	if (argc - optind != 2) {
		fputs(usage, stderr);
		return 2;
	}
	pid = strtol(argv[optind], &end, 10);
	if (*end || pid <= 0) {
		fprintf(stderr, "tckpt: %s: not a process id\n", argv[optind]);
		return 2;
	}
	if (tckpt((pid_t)pid, argv[optind + 1], flags) != 0) {
		fprintf(stderr, "tckpt: process %ld: %s\n", pid,
			errno == EOPNOTSUPP ? "it has something that cannot be saved (see the kernel's log)"
					    : strerror(errno));
		return 1;
	}
	if (flags & CKPT_WAIT)
		report((pid_t)pid);
	return 0;
}
