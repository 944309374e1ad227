/* SPDX-License-Identifier: MIT */
/* Clocks and sleeping. */
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "mm/usercopy.h"
#include "proc/abi_time.h"
#include "proc/lwp_impl.h"
#include "proc/restart.h"
#include "proc/sleep.h"
#include "proc/syscalls.h"
#include "proc/usage.h"

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define TIMER_ABSTIME 1

static bool is_realtime(u32 clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

static bool is_monotonic(u32 clock)
{
	return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
	       clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME;
}

static int read_clock(u32 clock, u64 *ns)
{
	struct proc *p = curproc();
	struct usage us;

	if (is_realtime(clock)) {
		*ns = clock_real_ns();
	} else if (is_monotonic(clock)) {
		*ns = proc_mono_ns();
	} else if (clock == CLOCK_PROCESS_CPUTIME_ID) {
		spin_lock(&p->p_lock);
		usage_of_proc(p, &us);
		spin_unlock(&p->p_lock);
		*ns = us.us_utime + us.us_stime;
	} else if (clock == CLOCK_THREAD_CPUTIME_ID) {
		u64 utime, stime;

		lwp_times(curlwp(), &utime, &stime);
		*ns = utime + stime;
	} else {
		return -EINVAL;
	}
	return 0;
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

static long do_settime(u32 clock, uaddr_t src, bool time64)
{
	u64 ns;
	int error;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	error = copyin_timespec(src, time64, &ns);
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
	u64 ns;
	int error;

	if (!tv)
		return 0;
	error = copyin_timeval(tv, &ns);
	return error ? error : set_realtime(ns);
}

static long sleep_until(u64 deadline)
{
	int error;

	do {
		error = sleep(&curlwp()->l_slptimer, NULL, SLP_INTR, deadline);
	} while (error == 0);
	return error == -ETIMEDOUT ? 0 : error;
}

/*
 * rb_arg: where the time left goes (0: nowhere), and whether it is 64-bit. The time left is written whenever the call is cut short: a
 * handler's EINTR finds it there; a restart does not read it.
 */
static long nanosleep_restart(struct restart_block *rb)
{
	long error = sleep_until(rb->rb_deadline);

	if (error != -ERESTARTSYS)
		return error;
	if (rb->rb_arg[0] && copyout_timespec(rb->rb_arg[0], rb->rb_arg[1], deadline_left(rb->rb_deadline)) != 0)
		return -EFAULT;
	return -ERESTART_RESTARTBLOCK;
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

static long do_clock_nanosleep(u32 clock, u32 flags, uaddr_t req, uaddr_t rem, bool time64)
{
	u64 ns;
	long error;

	if (!is_realtime(clock) && !is_monotonic(clock))
		return clock == CLOCK_PROCESS_CPUTIME_ID ? -EOPNOTSUPP : -EINVAL;
	error = copyin_timespec(req, time64, &ns);
	if (error)
		return error;
	if (!(flags & TIMER_ABSTIME))
		return sleep_relative(ns, rem, time64);
	error = sleep_until(deadline_at(is_realtime(clock), ns));
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
