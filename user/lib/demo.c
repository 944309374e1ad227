/* SPDX-License-Identifier: MIT */
/* Progress and checkpoints of the demonstration programs. */
#include "demo.h"

#include "command.h"
#include "libckpt.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MEASURED_COUNT 10 /* checkpoints of a run, as in the paper */

extern char *program_invocation_short_name;

/* Of a checkpoint that is durable. */
struct figures {
	unsigned long long f_stop_ns, f_durable_ns, f_bytes, f_cow_pages;
};

static const struct method {
	const char *m_name;
	bool m_library, m_forked;
} methods[] = {
	[DEMO_NONE] = { "none", false, false },
	[DEMO_LIBRARY] = { "library", true, false },
	[DEMO_LIBRARY_FORKED] = { "library-forked", true, true },
	[DEMO_KERNEL] = { "kernel", false, false },
	[DEMO_KERNEL_FORKED] = { "kernel-forked", false, true },
};

static unsigned long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000000ull + (unsigned long long)t.tv_nsec;
}

static bool shows_progress(const struct demo *d)
{
	return !d->d_measured || d->d_progress;
}

/* As ckpt() returns. The library has told itself why it failed. */
static int take(const struct demo *d)
{
	int result;

	if (methods[d->d_method].m_library)
		return checkpoint_here();
	result = ckpt(d->d_name, methods[d->d_method].m_forked ? CKPT_FORKED : 0);
	if (result < 0)
		printf("  no checkpoint: %s\n", strerror(errno));
	return result;
}

/* Waits until the last checkpoint is durable. Returns: 0; -1: there is none. */
static int await(const struct demo *d, struct figures *f)
{
	struct libckpt_stats ls;
	struct ckpt_stats st;

	if (methods[d->d_method].m_library) {
		if (libckpt_wait(&ls) != 0)
			return -1;
		*f = (struct figures){ ls.ls_stop_ns, ls.ls_durable_ns, ls.ls_bytes, 0 };
		return 0;
	}
	if (ckptctl(CKPTCTL_WAIT, 0, &st) != 0 || st.cs_error)
		return -1;
	*f = (struct figures){ st.cs_stop_ns, st.cs_durable_ns, st.cs_bytes, st.cs_cow_pages };
	return 0;
}

/* A line about the last checkpoint that was begun and not told of yet. */
static void report(struct demo *d)
{
	struct figures f;

	if (!d->d_untold)
		return;
	d->d_untold = false;
	if (await(d, &f) != 0) {
		d->d_failed = true;
		return;
	}
	if (d->d_measured)
		printf("checkpoint %d at %llu stopped %llu durable %llu bytes %llu copied %llu\n",
		       d->d_done, d->d_at_ns, f.f_stop_ns, f.f_durable_ns, f.f_bytes, f.f_cow_pages);
	else
		printf("  stopped %llu us, durable after %llu us, %llu bytes\n", f.f_stop_ns / 1000,
		       f.f_durable_ns / 1000, f.f_bytes);
}

/* Number k of n is due at k/(n+1) of the work. */
static bool is_due(const struct demo *d, uint64_t done, uint64_t total)
{
	return d->d_method != DEMO_NONE && d->d_done < d->d_count &&
	       done * (unsigned)(d->d_count + 1) >= total * (unsigned)(d->d_done + 1);
}

static void checkpoint(struct demo *d, unsigned percent)
{
	report(d);
	d->d_done++;
	if (shows_progress(d))
		printf("checkpoint at %u %%\n", percent);
	d->d_at_ns = now_ns() - d->d_began_ns;
	d->d_untold = true;
	switch (take(d)) {
	case 0: break;
	case 1:
		printf("recovered: I go on at %u %%\n", percent);
		d->d_untold = false;
		break;
	default: d->d_untold = false; d->d_failed = true;
	}
	if (!methods[d->d_method].m_forked)
		report(d);
}

/*
 * The library's options, as its option file would set them: what that file says
 * of others counts.
 */
static int begin_library(const struct demo *d)
{
	if (libckpt_set(methods[d->d_method].m_forked ? "fork on" : "fork off") != 0)
		return -1;
	return libckpt_set_image(d->d_name);
}

int demo_begin(struct demo *d)
{
	if (!d->d_name)
		d->d_name = program_invocation_short_name;
	if (d->d_count < 0)
		d->d_count = d->d_measured ? MEASURED_COUNT : 1;
	d->d_began_ns = now_ns();
	return methods[d->d_method].m_library ? begin_library(d) : 0;
}

void demo_step(struct demo *d, uint64_t done, uint64_t total)
{
	unsigned percent = (unsigned)(done * 100 / total);

	if (shows_progress(d) && percent / 10 > d->d_shown / 10) {
		d->d_shown = percent;
		printf("%3u %%\n", percent);
	}
	if (is_due(d, done, total))
		checkpoint(d, percent);
	fflush(stdout);
}

int demo_end(struct demo *d, const void *result, size_t len)
{
	unsigned long long took = now_ns() - d->d_began_ns;

	report(d);
	if (d->d_measured)
		printf("time %llu\n", took);
	printf("result %016llx\n", (unsigned long long)demo_sum(result, len));
	return finish_output(d->d_measured && d->d_failed, 1);
}

int demo_number(const char *text, const char *what, long least, long most, int *number)
{
	long n;

	if (parse_count(text, &n) != 0)
		return -1;
	if (n < least || n > most)
		return wrong_usage(-1, "%s: expected %ld to %ld, found %s", what, least, most, text);
	*number = (int)n;
	return 0;
}

static int parse_method(struct demo *d, const char *text)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(methods[i].m_name, text) == 0) {
			d->d_method = (enum demo_method)i;
			d->d_measured = true;
			return 0;
		}
	}
	return wrong_usage(-1, "there is no method '%s'", text);
}

int demo_option(struct demo *d, int opt)
{
	switch (opt) {
	case 'c':
		d->d_name = image_base(optarg);
		if (d->d_method == DEMO_NONE && !d->d_measured)
			d->d_method = d->d_forked ? DEMO_KERNEL_FORKED : DEMO_KERNEL;
		return 0;
	case 'k': return demo_number(optarg, "checkpoints", 0, 10000, &d->d_count);
	case 'f':
		d->d_forked = true;
		if (d->d_method == DEMO_KERNEL)
			d->d_method = DEMO_KERNEL_FORKED;
		return 0;
	case 'm': return parse_method(d, optarg);
	case 'p': d->d_progress = true; return 0;
	default: return -1;
	}
}

uint64_t demo_sum(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325ull; /* FNV-1a */

	while (len--)
		h = (h ^ *p++) * 0x100000001b3ull;
	return h;
}
