/* SPDX-License-Identifier: MIT */
/* Limits for kinds of messages: bursts, intervals, and the count of what was left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/ratelimit.c"

static int failed;
static u64 now = 1;
static u32 nlines;
static char last[3][100]; /* the last lines, the latest first */

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

u64 clock_mono_ns(void)
{
	return now;
}

void panic(const char *fmt, ...)
{
	printf("FAIL panic: %s\n", fmt);
	abort();
}

void vprintk(const char *fmt, va_list ap)
{
	memmove(last[1], last[0], sizeof(last) - sizeof(last[0]));
	vsnprintf(last[0], sizeof(last[0]), fmt, ap);
	nlines++;
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

static u32 say(struct ratelimit *rl, u32 n)
{
	u32 before = nlines;

	for (u32 i = 0; i < n; i++)
		printk_limited(rl, "line %u\n", i);
	return nlines - before;
}

static void test_burst(void)
{
	static struct ratelimit rl = RATELIMIT_INIT("a", "");

	check(say(&rl, RATELIMIT_BURST) == RATELIMIT_BURST, "a burst is said");
	check(say(&rl, 10000) == 0, "10,000 messages more are not");
	now += RATELIMIT_INTERVAL_NS - 1;
	check(say(&rl, 1) == 0, "nor is one at the end of the interval");
	now += 1;
	check(say(&rl, 1) == 2 && !strcmp(last[1], "a: 10001 more messages were left out\n") &&
		      !strcmp(last[0], "line 0\n"),
	      "the next interval's first message says how many");
	check(say(&rl, RATELIMIT_BURST + 5) == RATELIMIT_BURST - 1, "it has a burst of its own");
	now += RATELIMIT_INTERVAL_NS;
	ratelimit_report();
	check(!strcmp(last[0], "a: 6 more messages were left out\n"), "a reader of the log finds how many");
	u32 before = nlines;
	ratelimit_report();
	check(nlines == before, "once");
}

static void test_kinds(void)
{
	static struct ratelimit a = RATELIMIT_INIT("a", ""), b = RATELIMIT_INIT("b", "<7>");

	say(&a, 1000);
	check(say(&b, 60) == RATELIMIT_BURST, "one kind does not silence another");
	ratelimit_report();
	check(!strcmp(last[0], "line 49\n"), "nothing is reported while the interval lasts");
	now += RATELIMIT_INTERVAL_NS;
	ratelimit_report();
	check(!strcmp(last[1], "a: 950 more messages were left out\n") &&
		      !strcmp(last[0], "<7>b: 10 more messages were left out\n"),
	      "each kind reports, at its own level");
	now += 100 * RATELIMIT_INTERVAL_NS;
	check(say(&a, 1) == 1, "nothing was left out: nothing is reported");
}

int main(void)
{
	test_burst();
	test_kinds();
	return failed;
}
