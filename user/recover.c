/* SPDX-License-Identifier: MIT */
/*
 * recover [-b] NAME: brings back the process that NAME_ckpt holds. In the foreground the command ends as the process does; with -b it
 * prints the pid and returns at once.
 *
 * Exit status: the process's own (128 + signal if it was killed); 125: it could not be brought back; 126: wrong usage.
 */
#include <errno.h>
#include <getopt.h>
#include <reprise/ckpt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_FAILED 125
#define STATUS_USAGE 126

static const char usage[] = "usage: recover [-b] NAME\n"
			    "  Brings back the process that was saved in the file NAME_ckpt.\n"
			    "  -b  leave it in the background and print its pid\n"
			    "  Without -b, waits for it and ends with its exit status.\n";

/* NAME_ckpt is accepted for NAME. */
static const char *base_name(char *name)
{
	size_t len = strlen(name);

	if (len > 5 && strcmp(name + len - 5, "_ckpt") == 0)
		name[len - 5] = '\0';
	return name;
}

static const char *explain(int error)
{
	switch (error) {
	case ENOEXEC: return "not a checkpoint image";
	case EBADMSG: return "the image is damaged";
	case EOPNOTSUPP:
		return "an image of another version, or of a kind this kernel cannot bring back";
	case ESTALE: return "a file that it needs has changed (see the kernel's log)";
	default: return strerror(error);
	}
}

static int wait_for(pid_t pid)
{
	int status;

	/* ^C and ^\ are for the process, which is in our group; this command only reports. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			fprintf(stderr, "recover: wait: %s\n", strerror(errno));
			return STATUS_FAILED;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	int background = 0, c;
	pid_t pid;

	while ((c = getopt_long(argc, argv, "bh", longopts, NULL)) != -1) {
		switch (c) {
		case 'b': background = 1; break;
		case 'h': fputs(usage, stdout); return 0;
		default: fputs(usage, stderr); return STATUS_USAGE;
		}
	}
	if (argc - optind != 1) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	pid = recover(base_name(argv[optind]), 0);
	if (pid < 0) {
		fprintf(stderr, "recover: %s_ckpt: %s\n", argv[optind], explain(errno));
		return STATUS_FAILED;
	}
	if (background) {
		printf("%d\n", (int)pid);
		return 0;
	}
	return wait_for(pid);
}
