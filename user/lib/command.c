/* SPDX-License-Identifier: MIT */
/* What the checkpoint commands share: messages, arguments, figures. */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char *program_invocation_short_name;

static void say(const char *fmt, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int complain(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return status;
}

int wrong_usage(int status, const char *fmt, ...)
{
	va_list ap;

	if (fmt) {
		va_start(ap, fmt);
		say(fmt, ap);
		va_end(ap);
	}
	fprintf(stderr, "Try: %s --help\n", program_invocation_short_name);
	return status;
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
