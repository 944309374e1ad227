/* SPDX-License-Identifier: MIT */
/* Times copied from and to user space. */
#include "proc/abi_time.h"

#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "mm/usercopy.h"
#include "proc/proc.h"

#define SEC_MAX 9000000000ull /* in nanoseconds this still fits 63 bits */

static int to_ns(s64 sec, s64 frac, u32 per_sec, u64 *ns)
{
	if (sec < 0 || frac < 0 || frac >= per_sec)
		return -EINVAL;
	if ((u64)sec > SEC_MAX)
		sec = SEC_MAX;
	*ns = (u64)sec * NSEC_PER_SEC + (u64)frac * (NSEC_PER_SEC / per_sec);
	return 0;
}

int copyin_timespec(uaddr_t src, bool time64, u64 *ns)
{
	if (time64) {
		s64 v[2];

		if (copyin(v, src, sizeof(v)) != 0)
			return -EFAULT;
		return to_ns(v[0], (s32)v[1], NSEC_PER_SEC, ns);
	} else {
		s32 v[2];

		if (copyin(v, src, sizeof(v)) != 0)
			return -EFAULT;
		return to_ns(v[0], v[1], NSEC_PER_SEC, ns);
	}
}

int copyout_timespec(uaddr_t dst, bool time64, u64 ns)
{
	u64 sec = ns / NSEC_PER_SEC;
	u32 frac = (u32)(ns % NSEC_PER_SEC);

	if (time64) {
		s64 v[2] = { (s64)sec, frac };

		return copyout(dst, v, sizeof(v));
	} else {
		s32 v[2] = { (s32)sec, (s32)frac };

		return copyout(dst, v, sizeof(v));
	}
}

int copyin_timeval(uaddr_t src, u64 *ns)
{
	s32 v[2];

	if (copyin(v, src, sizeof(v)) != 0)
		return -EFAULT;
	return to_ns(v[0], v[1], 1000000, ns);
}

int copyout_timeval(uaddr_t dst, u64 ns)
{
	s32 v[2] = { (s32)(ns / NSEC_PER_SEC), (s32)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };

	return copyout(dst, v, sizeof(v));
}

u64 deadline_after(u64 ns)
{
	u64 now = clock_mono_ns(), when = now + ns;

	if (when < now)
		when = ~0ull;
	return when ? when : 1;
}

u64 deadline_left(u64 deadline)
{
	u64 now = clock_mono_ns();

	return deadline > now ? deadline - now : 0;
}

u64 proc_mono_ns(void)
{
	return clock_mono_ns() + (u64)curproc()->p_monoff;
}

u64 deadline_at(bool realtime, u64 when)
{
	u64 now = realtime ? clock_real_ns() : proc_mono_ns();

	return when > now ? deadline_after(when - now) : 1;
}
