/* SPDX-License-Identifier: MIT */
/*
 * Interval timers. ITIMER_REAL is a callout that posts SIGALRM. Once fired, it
 * is set again when the signal is taken (proc/ptimer.h says why).
 * ITIMER_VIRTUAL and ITIMER_PROF are CPU times at which SIGVTALRM and SIGPROF
 * are due (proc/cputimer.h).
 *
 * Locks: p_lock for it_next and it_interval.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/usercopy.h"
#include "proc/abi_time.h"
#include "proc/cputimer.h"
#include "proc/itimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/syscalls.h"
#include "proc/usage.h"

static void real_fire(void *arg)
{
	struct proc *p = arg;
	struct itimer *it = &p->p_itreal;
	u64 now = clock_mono_ns();

	spin_lock(&p->p_lock);
	/*
	 * Not if the timer was set again meanwhile; a held process gets the
	 * signal after the hold.
	 */
	if (!it->it_next || it->it_next > now || (p->p_flags & P_HOLD)) {
		spin_unlock(&p->p_lock);
		return;
	}
	it->it_next = it->it_interval ? it->it_next + it->it_interval : 0;
	signal_post_locked(p, NULL, K_SIGALRM, NULL);
	spin_unlock(&p->p_lock);
}

/*
 * The next time after now of a timer that was due at it_next and repeats every
 * it_interval.
 */
static u64 next_after(const struct itimer *it, u64 now)
{
	u64 next = it->it_next;

	if (next <= now && it->it_interval)
		next += ((now - next) / it->it_interval + 1) * it->it_interval;
	return next < it->it_next ? ~0ull : next;
}

void itimer_heard(struct proc *p)
{
	struct itimer *it = &p->p_itreal;
	u64 now = clock_mono_ns();

	ASSERT(spin_held(&p->p_lock));
	if (!it->it_next || !it->it_interval)
		return;
	it->it_next = next_after(it, now);
	callout_set(&it->it_callout, MAX(it->it_next, now + LEAST_PERIOD));
}

void itimer_resume(struct proc *p)
{
	struct itimer *it = &p->p_itreal;

	ASSERT(spin_held(&p->p_lock));
	if (it->it_next && it->it_next <= clock_mono_ns())
		callout_set(&it->it_callout, it->it_next);
	if (p == curproc() && (p->p_itvirt.it_next || p->p_itprof.it_next))
		curlwp()->l_cpu->c_need_resched = true;
}

void itimer_init(struct proc *p)
{
	callout_init(&p->p_itreal.it_callout, real_fire, p);
}

void itimer_cancel_all(struct proc *p)
{
	spin_lock(&p->p_lock);
	p->p_itreal.it_next = p->p_itreal.it_interval = 0;
	p->p_itvirt.it_next = p->p_itprof.it_next = 0;
	spin_unlock(&p->p_lock);
	callout_cancel(&p->p_itreal.it_callout);
}

/*
 * CPU time of p so far: user, or user and system.
 * Locks: p_lock.
 */
static u64 cpu_time(struct proc *p, bool system)
{
	struct usage us;

	ASSERT(spin_held(&p->p_lock));
	usage_of_proc(p, &us);
	return us.us_utime + (system ? us.us_stime : 0);
}

/*
 * Time until the timer is due, if less than `left`, the least so far (0: none).
 */
static u64 sooner(const struct itimer *it, u64 used, u64 left)
{
	u64 mine = it->it_next > used ? it->it_next - used : 1;

	return it->it_next && (!left || mine < left) ? mine : left;
}

u64 itimer_cpu_left(const struct proc *p, u64 user, u64 total)
{
	ASSERT(spin_held(&p->p_lock));
	return sooner(&p->p_itprof, total, sooner(&p->p_itvirt, user, 0));
}

static void cpu_timer_check(struct proc *p, struct itimer *it, u64 used, int sig)
{
	if (!it->it_next || used < it->it_next)
		return;
	it->it_next = it->it_interval ? used + it->it_interval : 0;
	signal_post_locked(p, NULL, sig, NULL);
}

void itimer_cpu_check(struct proc *p, u64 user, u64 total)
{
	cpu_timer_check(p, &p->p_itvirt, user, K_SIGVTALRM);
	cpu_timer_check(p, &p->p_itprof, total, K_SIGPROF);
}

void itimer_get(struct proc *p, u32 which, u64 *left, u64 *interval)
{
	struct itimer *it = which == 0 ? &p->p_itreal : which == 1 ? &p->p_itvirt : &p->p_itprof;
	u64 now;

	spin_lock(&p->p_lock);
	now = which == 0 ? clock_mono_ns() : cpu_time(p, which == 2);
	*interval = it->it_interval;
	*left = !it->it_next ? 0 : MAX(next_after(it, now) - MIN(now, next_after(it, now)), NSEC_PER_USEC);
	spin_unlock(&p->p_lock);
}

void itimer_set(struct proc *p, u32 which, u64 value, u64 interval)
{
	struct itimer *it = which == 0 ? &p->p_itreal : which == 1 ? &p->p_itvirt : &p->p_itprof;
	u64 now;

	assert_may_sleep("itimer_set");
	spin_lock(&p->p_lock);
	now = which == 0 ? clock_mono_ns() : cpu_time(p, which == 2);
	it->it_interval = interval;
	it->it_next = value ? now + value : 0;
	if (which == 0 && value)
		callout_set(&it->it_callout, it->it_next);
	spin_unlock(&p->p_lock);
	if (which == 0 && !value)
		callout_cancel(&it->it_callout);
	if (which != 0 && value)
		cputimer_watch(p);
}

static int copyout_timer(uaddr_t dst, const u64 v[2])
{
	int error = copyout_timeval(dst, v[0]);

	return error ? error : copyout_timeval(dst + 8, v[1]);
}

long sys_getitimer(u32 which, uaddr_t dst)
{
	u64 v[2];

	if (which > 2)
		return -EINVAL;
	itimer_get(curproc(), which, &v[1], &v[0]);
	return copyout_timer(dst, v);
}

long sys_setitimer(u32 which, uaddr_t new, uaddr_t old)
{
	struct proc *p = curproc();
	u64 prev[2], interval = 0, value = 0;
	int error;

	if (new) {
		error = copyin_timeval(new, &interval);
		if (!error)
			error = copyin_timeval(new + 8, &value);
		if (error)
			return error;
	}
	if (which > 2)
		return -EINVAL;
	itimer_get(p, which, &prev[1], &prev[0]);
	itimer_set(p, which, value, interval);
	return old ? copyout_timer(old, prev) : 0;
}

long sys_alarm(u32 seconds)
{
	struct proc *p = curproc();
	u64 prev[2];

	itimer_get(p, 0, &prev[1], &prev[0]);
	itimer_set(p, 0, seconds * NSEC_PER_SEC, 0);
	/* The time left, rounded to seconds, but never to 0. */
	if (!prev[1])
		return 0;
	return (long)MAX((prev[1] + NSEC_PER_SEC / 2) / NSEC_PER_SEC, 1ull);
}
