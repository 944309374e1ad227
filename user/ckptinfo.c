/* SPDX-License-Identifier: MIT */
/*
 * ckptinfo [-v] NAME: what the image NAME_ckpt holds, for people; the reader is that of the kernel and of the host's ckptool.
 * ckptinfo --can [-t | -j] [-S] PID: what keeps the process from being saved, without stopping it.
 *
 * Exit status: 0 a whole image / nothing keeps it from being saved; 1 no image, or a damaged one / something does; 2 wrong usage, or
 * there is no such file or process.
 */
#include "command.h"
#include "tools/ckptool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: ckptinfo [-v] NAME\n"
			    "       ckptinfo --can [-t | -j] [-S] PID\n"
			    "Shows what the image NAME_ckpt holds; or, without stopping it, what keeps the process PID from being saved.\n"
			    "  -v, --verbose  every run of stored pages too\n"
			    "  -t, --tree     PID with all its descendants\n"
			    "  -j, --job      all its process group, with its descendants\n"
			    "  -s, --session  all its session, with its descendants\n"
			    "  -S, --self     in an image that needs no other file\n"
			    "      --help     this text\n"
			    "Exit status: 0 a whole image / it can be saved, 1 a damaged one or none / it cannot, 2 wrong usage, or there\n"
			    "is no such file or process.\n";

struct options {
	bool o_can, o_verbose;
	unsigned o_flags; /* CKPT_* */
};

/* 0; -1: wrong usage; 1: help was all that was wanted. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{ "can", no_argument, NULL, 'c' },     { "verbose", no_argument, NULL, 'v' },
		{ "tree", no_argument, NULL, 't' },    { "job", no_argument, NULL, 'j' },
		{ "session", no_argument, NULL, 's' }, { "self", no_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },    { 0 },
	};
	int c;

	while ((c = next_option(argc, argv, ":vtjsSh", longopts)) != -1) {
		switch (c) {
		case 'c': o->o_can = true; break;
		case 'v': o->o_verbose = true; break;
		case 't': o->o_flags |= CKPT_TREE; break;
		case 'j': o->o_flags |= CKPT_JOB; break;
		case 's': o->o_flags |= CKPT_SESSION; break;
		case 'S': o->o_flags |= CKPT_SELF; break;
		case 'h': fputs(usage, stdout); return 1;
		default: return -1;
		}
	}
	if (argc - optind != 1)
		return wrong_usage(-1, o->o_can ? "one process id is needed" : "one name is needed");
	if (o->o_can ? o->o_verbose : o->o_flags != 0)
		return wrong_usage(-1, o->o_can ? "-v is about an image" : "-t, -j, -s and -S go with --can");
	return 0;
}

static int show_image(const char *base, bool verbose)
{
	size_t size = strlen(base) + sizeof("_ckpt");
	char *path = malloc(size);
	struct tool_image ti;
	int status;

	if (!path)
		return complain(TROUBLE, "%m");
	snprintf(path, size, "%s_ckpt", base);
	status = tool_open(&ti, path);
	if (!status)
		tool_info(&ti, verbose);
	tool_close(&ti);
	free(path);
	return status;
}

static int show_obstacles(pid_t pid, unsigned flags)
{
	static struct ckpt_obstacles ob;
	int n;

	ob.ob_flags = flags;
	n = ckptctl(CKPTCTL_CAN, pid, &ob);
	if (n < 0)
		return complain(TROUBLE, "process %d: %s", (int)pid,
				errno == ESRCH	 ? "there is no such process"
				: errno == EPERM ? "it is another user's"
						 : strerror(errno));
	if (n == 0) {
		printf("process %d can be saved\n", (int)pid);
		print_volatile(stdout, pid, flags, NULL);
		return 0;
	}
	ob.ob_text[sizeof(ob.ob_text) - 1] = '\0';
	fputs(ob.ob_text, stdout);
	if (ob.ob_length >= sizeof(ob.ob_text))
		puts("...");
	return 1;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int parsed = parse(argc, argv, &o), status;
	pid_t pid;

	if (parsed)
		return parsed > 0 ? finish_output(0, TROUBLE) : TROUBLE;
	if (!o.o_can)
		status = show_image(image_base(argv[optind]), o.o_verbose);
	else if (parse_pid(argv[optind], &pid) == 0)
		status = show_obstacles(pid, o.o_flags);
	else
		return TROUBLE;
	return finish_output(status, TROUBLE);
}
