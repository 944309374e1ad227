/* SPDX-License-Identifier: MIT */
/* nanosleep(2) and clock_nanosleep(2). */
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "mm/usercopy.h"
#include "proc/abi_time.h"
#include "proc/clockid.h"
#include "proc/cputimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/restart.h"
#include "proc/sched/sleep.h"
#include "proc/syscalls.h"

/* ---- until a monotonic time ---- */

static long sleep_until(u64 deadline)
{
	int error;

	do {
		error = sleep(&curlwp()->l_slptimer, NULL, SLP_INTR, deadline);
	} while (error == 0);
	return error == -ETIMEDOUT ? 0 : error;
}

/* ---- until a CPU-time clock reaches `when` ---- */

struct cpusleep {
	struct spinlock cs_lock;
	struct callout cs_callout;
	bool cs_due;
};

static void cpusleep_due(void *arg)
{
	struct cpusleep *cs = arg;

	spin_lock(&cs->cs_lock);
	cs->cs_due = true;
	wakeup(cs);
	spin_unlock(&cs->cs_lock);
}

/* Sleeps once, until the callout of the clock runs. */
static int cpusleep_once(struct cpuclock *cc, u64 when)
{
	struct cpusleep cs = { .cs_due = false };
	struct cputimer ct = { .ct_callout = &cs.cs_callout };
	int error = 0;

	spin_init(&cs.cs_lock, "cpusleep", LR_TTY);
	callout_init(&cs.cs_callout, cpusleep_due, &cs);
	spin_lock(&cc->cc_proc->p_lock);
	cputimer_arm(&ct, cc, when);
	spin_unlock(&cc->cc_proc->p_lock);
	spin_lock(&cs.cs_lock);
	while (!cs.cs_due && !error)
		error = sleep(&cs, &cs.cs_lock, SLP_INTR, 0);
	spin_unlock(&cs.cs_lock);
	cputimer_disarm(&ct);
	callout_cancel(&cs.cs_callout);
	return error;
}

/*
 * *now: the last reading of the clock.
 * Errors: -EINVAL: its thread has exited.
 */
static long cpusleep_until(struct cpuclock *cc, u64 when, u64 *now)
{
	int error = cpuclock_read(cc, now);

	while (!error && *now < when) {
		error = cpusleep_once(cc, when);
		if (!error)
			error = cpuclock_read(cc, now);
	}
	return error;
}

/* ---- the calls ---- */

/*
 * Contents of rb_arg, in this order. Clock 0: a monotonic time, in rb_deadline.
 */
enum sleep_arg { SA_LEFT, SA_TIME64, SA_CLOCK, SA_WHEN_LOW, SA_WHEN_HIGH };

/*
 * Writes the time left to user space (address 0: nowhere) when the call is
 * interrupted. A handler's EINTR needs it; a restart does not read it.
 */
static long cut_short(const struct restart_block *rb, u64 left)
{
	if (rb->rb_arg[SA_LEFT] && copyout_timespec(rb->rb_arg[SA_LEFT], rb->rb_arg[SA_TIME64], left) != 0)
		return -EFAULT;
	return -ERESTART_RESTARTBLOCK;
}

static long cpu_restart(struct restart_block *rb)
{
	u64 when = rb->rb_arg[SA_WHEN_LOW] | (u64)rb->rb_arg[SA_WHEN_HIGH] << 32, now = 0;
	struct cpuclock cc;
	long error;

	error = clock_is_cpu(rb->rb_arg[SA_CLOCK]) ? cpuclock_find(rb->rb_arg[SA_CLOCK], false, &cc) : -EINVAL;
	if (error)
		return error;
	error = cpusleep_until(&cc, when, &now);
	cpuclock_rele(&cc);
	return error == -ERESTARTSYS ? cut_short(rb, when > now ? when - now : 0) : error;
}

static long nanosleep_restart(struct restart_block *rb)
{
	long error;

	if (rb->rb_arg[SA_CLOCK])
		return cpu_restart(rb);
	error = sleep_until(rb->rb_deadline);
	return error == -ERESTARTSYS ? cut_short(rb, deadline_left(rb->rb_deadline)) : error;
}

void nanosleep_init(void)
{
	restart_register(162, nanosleep_restart); /* nanosleep */
	restart_register(267, nanosleep_restart); /* clock_nanosleep */
	restart_register(407, nanosleep_restart); /* clock_nanosleep_time64 */
}

static long sleep_relative(u64 ns, uaddr_t rem, bool time64)
{
	u64 deadline = deadline_after(ns);

	if (ns == 0)
		return 0;
	restart_later(nanosleep_restart, deadline, rem, time64, 0);
	return nanosleep_restart(&curlwp()->l_restart);
}

long sys_nanosleep(uaddr_t req, uaddr_t rem)
{
	u64 ns;
	int error = copyin_timespec(req, false, &ns);

	return error ? error : sleep_relative(ns, rem, false);
}

static bool own_thread(const struct cpuclock *cc)
{
	return cc->cc_tid && cc->cc_tid == curlwp()->l_tid;
}

static long cpu_nanosleep(u32 clock, bool absolute, u64 ns, uaddr_t rem, bool time64)
{
	struct restart_block *rb = &curlwp()->l_restart;
	struct cpuclock cc;
	u64 now = 0, when;
	long error = cpuclock_find(clock, false, &cc);

	/* The calling thread's own clock stands still while it sleeps. */
	if (!error && own_thread(&cc))
		error = -EINVAL;
	if (!error)
		error = cpuclock_read(&cc, &now);
	when = absolute || now + ns < now ? ns : now + ns;
	if (!error && absolute)
		error = cpusleep_until(&cc, when, &now);
	cpuclock_rele(&cc);
	if (error || absolute)
		return error == -ERESTARTSYS ? -ERESTARTNOHAND : error;
	(void)restart_later(nanosleep_restart, 0, rem, time64, clock);
	rb->rb_arg[SA_WHEN_LOW] = (u32)when;
	rb->rb_arg[SA_WHEN_HIGH] = (u32)(when >> 32);
	return nanosleep_restart(rb);
}

/* Does the clock allow sleeps? Some existing clocks do not. */
static bool can_sleep_on(u32 clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_TAI || (clock_is_cpu(clock) && clock != CLOCK_THREAD_CPUTIME_ID);
}

static long do_clock_nanosleep(u32 clock, u32 flags, uaddr_t req, uaddr_t rem, bool time64)
{
	u64 ns;
	long error;

	if (!can_sleep_on(clock))
		return clock_exists(clock) ? -EOPNOTSUPP : -EINVAL;
	error = copyin_timespec(req, time64, &ns);
	if (error)
		return error;
	if (clock_is_cpu(clock))
		return cpu_nanosleep(clock, flags & TIMER_ABSTIME, ns, rem, time64);
	if (!(flags & TIMER_ABSTIME))
		return sleep_relative(ns, rem, time64);
	error = sleep_until(deadline_at(clock_is_realtime(clock), ns));
	/* An absolute sleep is simply made again. */
	return error == -ERESTARTSYS ? -ERESTARTNOHAND : error;
}

long sys_clock_nanosleep(u32 clock, u32 flags, uaddr_t req, uaddr_t rem)
{
	return do_clock_nanosleep(clock, flags, req, rem, false);
}

long sys_clock_nanosleep_time64(u32 clock, u32 flags, uaddr_t req, uaddr_t rem)
{
	return do_clock_nanosleep(clock, flags, req, rem, true);
}
