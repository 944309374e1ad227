/* SPDX-License-Identifier: MIT */
/* What the checkpoint commands share: messages, arguments, figures. */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char *program_invocation_short_name;

/*
 * One line: the command's name, the text, and `end`, which may have the name
 * once more.
 */
static void say(const char *fmt, const char *end, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, end, program_invocation_short_name);
}

int complain(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, "\n", ap);
	va_end(ap);
	return status;
}

int wrong_usage(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, "; try %s --help\n", ap);
	va_end(ap);
	return status;
}

/*
 * The word of the command line in which getopt_long() found the long option
 * that is wrong.
 */
static bool is_long(const char *word, const char *shorts)
{
	return strncmp(word, "--", 2) == 0 && (optopt == 0 || strchr(shorts, optopt));
}

static void tell_wrong_option(int found, const char *word, const char *shorts)
{
	char letter[] = { '-', (char)optopt, '\0' };
	const char *name = is_long(word, shorts) ? word : letter;

	if (found == ':')
		wrong_usage(0, "%s needs an argument", name);
	else if (name == word && optopt)
		wrong_usage(0, "%.*s takes no argument", (int)strcspn(word, "="), word);
	else
		wrong_usage(0, "there is no option %s", name);
}

int next_option(int argc, char **argv, const char *shorts, const struct option *longs)
{
	int found;

	opterr = 0;
	found = getopt_long(argc, argv, shorts, longs, NULL);
	if (found != '?' && found != ':')
		return found;
	/* An argument can be missing at the end only. */
	tell_wrong_option(found, argv[found == ':' ? argc - 1 : optind - 1], shorts);
	return '?';
}

int finish_output(int status, int trouble)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return complain(trouble, "standard output: %s", strerror(errno));
}

int parse_pid(const char *text, pid_t *pid)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (end == text || *end || n <= 0 || n > INT_MAX || errno)
		return complain(-1, "'%s' is no process id", text);
	*pid = (pid_t)n;
	return 0;
}

int parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end == text || *end || !(*seconds > 0 && *seconds < 1e9))
		return complain(-1, "'%s' is no number of seconds above 0", text);
	return 0;
}

int parse_count(const char *text, long *count)
{
	char *end;

	errno = 0;
	*count = strtol(text, &end, 10);
	if (end == text || *end || *count < 0 || errno)
		return complain(-1, "'%s' is no count", text);
	return 0;
}

char *image_base(char *name)
{
	static const char suffix[] = "_ckpt";
	size_t len = strlen(name), n = sizeof(suffix) - 1;

	if (len > n && name[len - n - 1] != '/' && strcmp(name + len - n, suffix) == 0)
		name[len - n] = '\0';
	return name;
}

static void print_time(FILE *out, unsigned long long ns)
{
	if (ns < 1000000)
		fprintf(out, "%llu us", ns / 1000);
	else if (ns < 10000000000ull)
		fprintf(out, "%.1f ms", (double)ns / 1e6);
	else
		fprintf(out, "%.1f s", (double)ns / 1e9);
}

void print_stats(FILE *out, const struct ckpt_stats *st)
{
	fputs("stopped ", out);
	print_time(out, st->cs_stop_ns);
	fputs(", on the disk after ", out);
	print_time(out, st->cs_durable_ns);
	fprintf(out, ", %llu pages, %llu KiB", st->cs_pages, st->cs_bytes / 1024);
	if (st->cs_cow_pages)
		fprintf(out, ", %llu pages copied meanwhile", st->cs_cow_pages);
}

int exit_status(int wstatus)
{
	return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128 + WTERMSIG(wstatus);
}
