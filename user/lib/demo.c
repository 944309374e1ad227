/* SPDX-License-Identifier: MIT */
/* Progress and checkpoints of the demonstration programs. */
#include "demo.h"

#include "command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void report(void)
{
	struct ckpt_stats st;

	if (ckptctl(CKPTCTL_STATS, 0, &st) < 0)
		return;
	printf("  stopped %llu us, durable after %llu us, %llu bytes\n", st.cs_stop_ns / 1000,
	       st.cs_durable_ns / 1000, st.cs_bytes);
}

static void checkpoint(struct demo *d, unsigned percent)
{
	d->d_done++;
	printf("checkpoint at %u %%\n", percent);
	switch (ckpt(d->d_name, d->d_flags)) {
	case 0:
		if (!(d->d_flags & CKPT_FORKED))
			report();
		break;
	case 1: printf("recovered: I go on at %u %%\n", percent); break;
	default: printf("  no checkpoint: %s\n", strerror(errno)); break;
	}
}

void demo_step(struct demo *d, uint64_t done, uint64_t total)
{
	unsigned percent = (unsigned)(done * 100 / total);

	if (percent / 10 > d->d_shown / 10) {
		d->d_shown = percent;
		printf("%3u %%\n", percent);
	}
	/* Number k of n is due at k/(n+1) of the work. */
	if (d->d_name && d->d_done < d->d_count && done * (d->d_count + 1) >= total * (d->d_done + 1))
		checkpoint(d, percent);
	fflush(stdout);
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

int demo_option(struct demo *d, int opt)
{
	int count = 0;

	switch (opt) {
	case 'c': d->d_name = image_base(optarg); return 0;
	case 'k':
		if (demo_number(optarg, "checkpoints", 0, 10000, &count) != 0)
			return -1;
		d->d_count = (unsigned)count;
		return 0;
	case 'f': d->d_flags |= CKPT_FORKED; return 0;
	default: return wrong_usage(-1, NULL);
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
