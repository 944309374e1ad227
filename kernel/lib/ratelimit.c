/* SPDX-License-Identifier: MIT */
/* Limits for kinds of messages. */
#include "kernel/lib/ratelimit.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"

static struct spinlock limits_lock = SPINLOCK_INIT("ratelimits", LR_RATELIMIT);
/* rl_link: the kinds that have printed a message */
static struct list limits = LIST_INIT(limits);

/*
 * If the interval is over, takes the count of messages left out; else 0.
 * Locks: limits_lock.
 */
static u32 end_interval(struct ratelimit *rl, u64 now)
{
	u32 n = rl->rl_left_out;

	ASSERT(spin_held(&limits_lock));
	if (rl->rl_said && now - rl->rl_begin < RATELIMIT_INTERVAL_NS)
		return 0;
	rl->rl_said = 0;
	rl->rl_left_out = 0;
	return n;
}

static void say_left_out(const struct ratelimit *rl, u32 n)
{
	if (n)
		printk("%s%s: %u more messages were left out\n", rl->rl_level, rl->rl_kind, n);
}

/*
 * May a message be printed now? *left_outp: how many were left out before it.
 */
static bool may_say(struct ratelimit *rl, u64 now, u32 *left_outp)
{
	bool may;

	spin_lock(&limits_lock);
	*left_outp = end_interval(rl, now);
	if (!rl->rl_listed)
		list_push_back(&limits, &rl->rl_link);
	rl->rl_listed = true;
	if (rl->rl_said == 0)
		rl->rl_begin = now;
	may = rl->rl_said < RATELIMIT_BURST;
	if (may)
		rl->rl_said++;
	else
		rl->rl_left_out++;
	spin_unlock(&limits_lock);
	return may;
}

void printk_limited(struct ratelimit *rl, const char *fmt, ...)
{
	u32 left_out;
	bool may = may_say(rl, clock_mono_ns(), &left_out);
	va_list ap;

	say_left_out(rl, left_out);
	if (!may)
		return;
	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

void ratelimit_report(void)
{
	u64 now = clock_mono_ns();
	struct ratelimit *rl;
	u32 n;

	spin_lock(&limits_lock);
	list_for_each(rl, &limits, rl_link) {
		n = end_interval(rl, now);
		say_left_out(rl, n);
	}
	spin_unlock(&limits_lock);
}
