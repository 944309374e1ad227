/* SPDX-License-Identifier: MIT */
/*
 * The system calls of POSIX timers. Errors come in Linux's order: arguments are
 * copied in before they are checked.
 */
#include "kernel/abi/errno.h"
#include "mm/usercopy.h"
#include "proc/abi_time.h"
#include "proc/clockid.h"
#include "proc/cputimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/ptimer.h"
#include "proc/syscalls.h"

#define SIGEVENT_SIZE 64

bool ptimer_clock_ok(u32 clock)
{
	return clock_is_cpu(clock) || clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC ||
	       clock == CLOCK_BOOTTIME || clock == CLOCK_TAI;
}

/* Errors: -EINVAL: its signal, its thread, its kind of notification. */
static int check_event(const struct abi_sigevent *ev)
{
	struct proc *p = curproc();
	bool found = true;

	if (ev->sigev_notify == SIGEV_NONE)
		return 0;
	if (ev->sigev_notify != SIGEV_SIGNAL && ev->sigev_notify != SIGEV_THREAD_ID)
		return -EINVAL;
	if (ev->sigev_notify == SIGEV_THREAD_ID) {
		spin_lock(&p->p_lock);
		found = lwp_find(p, pid_real(ev->sigev_tid)) != NULL;
		spin_unlock(&p->p_lock);
	}
	return found && ev->sigev_signo >= 1 && ev->sigev_signo <= K_NSIG ? 0 : -EINVAL;
}

long sys_timer_create(u32 clock, uaddr_t uevent, uaddr_t uid)
{
	u8 raw[SIGEVENT_SIZE];
	const struct abi_sigevent *ev = uevent ? (const struct abi_sigevent *)(void *)raw : NULL;
	s32 id;
	int error;

	if (uevent && copyin(raw, uevent, sizeof(raw)) != 0)
		return -EFAULT;
	if (!ptimer_clock_ok(clock))
		return clock_exists(clock) ? -EOPNOTSUPP : -EINVAL;
	error = ev ? check_event(ev) : 0;
	if (!error)
		error = ptimer_create(clock, ev, &id);
	if (error)
		return error;
	if (copyout(uid, &id, sizeof(id)) != 0) {
		(void)ptimer_delete(curproc(), id);
		return -EFAULT;
	}
	return 0;
}

long sys_timer_delete(s32 id)
{
	return ptimer_delete(curproc(), id);
}

static int copyout_spec(uaddr_t dst, bool time64, const struct ptimer_spec *sp)
{
	int error = copyout_timespec(dst, time64, sp->sp_interval);

	return error ? error : copyout_timespec(dst + (time64 ? 16 : 8), time64, sp->sp_value);
}

static long do_gettime(s32 id, uaddr_t dst, bool time64)
{
	struct ptimer_spec sp;
	int error = ptimer_get(curproc(), id, &sp);

	return error ? error : copyout_spec(dst, time64, &sp);
}

static long do_settime(s32 id, u32 flags, uaddr_t new, uaddr_t old, bool time64)
{
	struct ptimer_spec sp, was;
	int error, error2;

	if (!new)
		return -EINVAL;
	error = copyin_timespec(new, time64, &sp.sp_interval);
	error2 = error == -EFAULT ? error : copyin_timespec(new + (time64 ? 16 : 8), time64, &sp.sp_value);
	if (error || error2)
		return error2 == -EFAULT ? error2 : error ? error : error2;
	error = ptimer_set(curproc(), id, flags & TIMER_ABSTIME, &sp, &was);
	if (error)
		return error;
	return old ? copyout_spec(old, time64, &was) : 0;
}

long sys_timer_settime(s32 id, u32 flags, uaddr_t new, uaddr_t old)
{
	return do_settime(id, flags, new, old, false);
}

long sys_timer_settime64(s32 id, u32 flags, uaddr_t new, uaddr_t old)
{
	return do_settime(id, flags, new, old, true);
}

long sys_timer_gettime(s32 id, uaddr_t dst)
{
	return do_gettime(id, dst, false);
}

long sys_timer_gettime64(s32 id, uaddr_t dst)
{
	return do_gettime(id, dst, true);
}

long sys_timer_getoverrun(s32 id)
{
	return ptimer_overrun(curproc(), id);
}
