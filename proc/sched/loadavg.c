/* SPDX-License-Identifier: MIT */
/* The load averages. */
#include "kernel/dev/clock.h"
#include "proc/sched/sched.h"

#define LOAD_PERIOD (5 * NSEC_PER_SEC)

static struct callout load_callout;
static u32 loadavg[3];

/* Exponential averages of the number of lwps that run or are runnable. */
static void load_update(void *arg)
{
	/* exp(-5s/1min), exp(-5s/5min), exp(-5s/15min) in 1/65536. */
	static const u32 decay[3] = { 60296, 64453, 65173 };
	u32 n = sched_wanting();

	for (u32 i = 0; i < 3; i++)
		loadavg[i] = (u32)(((u64)loadavg[i] * decay[i] +
				    (u64)n * LOADAVG_FIXED * (LOADAVG_FIXED - decay[i])) /
				   LOADAVG_FIXED);
	callout_set(&load_callout, clock_mono_ns() + LOAD_PERIOD);
}

void sched_loadavg(u32 avg[3])
{
	for (u32 i = 0; i < 3; i++)
		avg[i] = loadavg[i];
}

void loadavg_init(void)
{
	callout_init(&load_callout, load_update, NULL);
	callout_set(&load_callout, clock_mono_ns() + LOAD_PERIOD);
}
