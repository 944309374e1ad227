/* SPDX-License-Identifier: MIT */
/* Clocks: reading and setting them. Sleeping is proc/nanosleep.c. */
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "mm/usercopy.h"
#include "proc/abi_time.h"
#include "proc/clockid.h"
#include "proc/cputimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/syscalls.h"

#define ZONE_MAX (15 * 60) /* minutes west of Greenwich */

bool clock_is_realtime(u32 clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
	       clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

bool clock_is_monotonic(u32 clock)
{
	return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
	       clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME || clock == CLOCK_BOOTTIME_ALARM;
}

bool clock_exists(u32 clock)
{
	return clock_is_realtime(clock) || clock_is_monotonic(clock) || clock_is_cpu(clock) || (s32)clock < 0;
}

static int read_clock(u32 clock, u64 *ns)
{
	struct cpuclock cc;
	int error = 0;

	if (clock_is_realtime(clock)) {
		*ns = clock_real_ns();
	} else if (clock_is_monotonic(clock)) {
		*ns = proc_mono_ns();
	} else if (clock_is_cpu(clock)) {
		error = cpuclock_find(clock, true, &cc);
		if (!error) {
			error = cpuclock_read(&cc, ns);
			cpuclock_rele(&cc);
		}
	} else {
		error = -EINVAL;
	}
	return error;
}

static long do_gettime(u32 clock, uaddr_t dst, bool time64)
{
	u64 ns;
	int error = read_clock(clock, &ns);

	return error ? error : copyout_timespec(dst, time64, ns);
}

long sys_clock_gettime(u32 clock, uaddr_t dst)
{
	return do_gettime(clock, dst, false);
}

long sys_clock_gettime64(u32 clock, uaddr_t dst)
{
	return do_gettime(clock, dst, true);
}

static long do_getres(u32 clock, uaddr_t dst, bool time64)
{
	u64 ns;
	int error = read_clock(clock, &ns);

	if (error || !dst)
		return error;
	return copyout_timespec(dst, time64, 1);
}

long sys_clock_getres(u32 clock, uaddr_t dst)
{
	return do_getres(clock, dst, false);
}

long sys_clock_getres_time64(u32 clock, uaddr_t dst)
{
	return do_getres(clock, dst, true);
}

static long set_realtime(u64 ns)
{
	if (!cred_super(cred_cur()))
		return -EPERM;
	clock_set_real_ns(ns);
	return 0;
}

/* CPU-time clocks exist, but cannot be set. */
static int set_cpu_clock(u32 clock)
{
	struct cpuclock cc;
	int error = cpuclock_find(clock, false, &cc);

	if (error)
		return error;
	cpuclock_rele(&cc);
	return -EPERM;
}

static long do_settime(u32 clock, uaddr_t src, bool time64)
{
	bool cpu = (s32)clock < 0;
	u64 ns;
	int error;

	if (clock != CLOCK_REALTIME && !cpu)
		return -EINVAL;
	error = copyin_timespec(src, time64, &ns);
	if (cpu && error != -EFAULT)
		return set_cpu_clock(clock);
	return error ? error : set_realtime(ns);
}

long sys_clock_settime(u32 clock, uaddr_t src)
{
	return do_settime(clock, src, false);
}

long sys_clock_settime64(u32 clock, uaddr_t src)
{
	return do_settime(clock, src, true);
}

long sys_time(uaddr_t dst)
{
	s32 sec = (s32)(clock_real_ns() / NSEC_PER_SEC);

	if (dst && copyout(dst, &sec, sizeof(sec)) != 0)
		return -EFAULT;
	return sec;
}

long sys_stime(uaddr_t src)
{
	s32 sec;

	if (copyin(&sec, src, sizeof(sec)) != 0)
		return -EFAULT;
	return sec < 0 ? -EINVAL : set_realtime((u64)sec * NSEC_PER_SEC);
}

long sys_gettimeofday(uaddr_t tv, uaddr_t tz)
{
	s32 zone[2] = { 0, 0 };

	if (tv && copyout_timeval(tv, clock_real_ns()) != 0)
		return -EFAULT;
	if (tz && copyout(tz, zone, sizeof(zone)) != 0)
		return -EFAULT;
	return 0;
}

long sys_settimeofday(uaddr_t tv, uaddr_t tz)
{
	s32 zone[2] = { 0, 0 };
	u64 ns = 0;
	int error = tv ? copyin_timeval(tv, &ns) : 0;

	if (!error && tz && copyin(zone, tz, sizeof(zone)) != 0)
		error = -EFAULT;
	if (!error && !cred_super(cred_cur()))
		error = -EPERM;
	/* The time zone is up to programs: it is checked, but not stored. */
	if (!error && (zone[0] > ZONE_MAX || zone[0] < -ZONE_MAX))
		error = -EINVAL;
	if (!error && tv)
		clock_set_real_ns(ns);
	return error;
}
