/* SPDX-License-Identifier: MIT */
/* POSIX timers on the real-time and monotonic clocks. */
#include "proc/ptimer.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/abi_time.h"
#include "proc/lwp_impl.h"
#include "proc/syscalls.h"

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_BOOTTIME 7
#define TIMER_ABSTIME 1
#define OVERRUN_MAX 0x7fffffffull /* DELAYTIMER_MAX */

/* sigev_notify (asm-generic/siginfo.h) */
#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD_ID 4

/* The head of struct sigevent; 64 bytes in all. */
struct abi_sigevent {
	u32 sigev_value;
	s32 sigev_signo;
	s32 sigev_notify;
	s32 sigev_tid;
};

struct ptimer {
	struct list pt_link; /* p_ptimers */
	struct proc *pt_proc;
	s32 pt_id;
	u32 pt_clock;
	struct abi_sigevent pt_event;
	struct callout pt_callout;
	u64 pt_next;	 /* monotonic ns, 0: not armed */
	u64 pt_interval; /* ns */
	u32 pt_overrun;	 /* expirations beyond the one whose signal was taken last */
};

static struct kmem_cache *ptimer_cache;

void ptimer_init(void)
{
	ptimer_cache = kmem_cache_create("ptimer", sizeof(struct ptimer), 0);
}

/* The timer's entry in a queue. Other timers may have entries for the same signal. */
static struct sigent *pending(struct ptimer *pt, struct sigqueue *q)
{
	struct sigent *se;

	list_for_each(se, &q->sq_list, se_link) {
		if (se->se_info.si_code == K_SI_TIMER && se->se_info.timer.tid == pt->pt_id)
			return se;
	}
	return NULL;
}

/* Posts the timer's signal, for 1 + `missed` expirations. One that is still pending stands for these too. p_lock held. */
static void post(struct ptimer *pt, u64 missed)
{
	struct proc *p = pt->pt_proc;
	struct abi_siginfo info = { .si_signo = pt->pt_event.sigev_signo, .si_code = K_SI_TIMER };
	struct lwp *l = NULL;
	struct sigent *se;

	if (pt->pt_event.sigev_notify == SIGEV_NONE)
		return;
	if (pt->pt_event.sigev_notify == SIGEV_THREAD_ID) {
		l = lwp_find(p, pid_real_for(p, pt->pt_event.sigev_tid));
		if (!l)
			return;
	}
	se = pending(pt, l ? &l->l_sigq : &p->p_sig.ss_q);
	if (se) {
		se->se_info.timer.overrun = (s32)MIN((u64)se->se_info.timer.overrun + 1 + missed, OVERRUN_MAX);
		return;
	}
	info.timer.tid = pt->pt_id;
	info.timer.overrun = (s32)MIN(missed, OVERRUN_MAX);
	info.timer.value = pt->pt_event.sigev_value;
	/* Without memory for an entry this expiration is lost: the next one comes. */
	(void)signal_post_locked(p, l, info.si_signo, &info);
}

static void fire(void *arg)
{
	struct ptimer *pt = arg;
	struct proc *p = pt->pt_proc;
	u64 now = clock_mono_ns();

	spin_lock(&p->p_lock);
	/* A process that is held gets it afterwards. */
	if (pt->pt_next && pt->pt_next <= now && !(p->p_flags & P_HOLD)) {
		u64 missed = 0;

		if (pt->pt_interval) {
			u64 when;

			pt->pt_next = periodic_next(pt->pt_next, pt->pt_interval, now, &missed, &when);
			callout_set(&pt->pt_callout, when);
		} else {
			pt->pt_next = 0;
		}
		post(pt, missed);
	}
	spin_unlock(&p->p_lock);
}

/* p_lock held. */
static struct ptimer *find(struct proc *p, s32 id)
{
	struct ptimer *pt;

	list_for_each(pt, &p->p_ptimers, pt_link) {
		if (pt->pt_id == id)
			return pt;
	}
	return NULL;
}

static u64 left(const struct ptimer *pt)
{
	return pt->pt_next ? MAX(deadline_left(pt->pt_next), 1ull) : 0;
}

s32 ptimer_next(struct proc *p, s32 after, struct ptimer_state *st)
{
	struct ptimer *pt, *best = NULL;
	s32 id = -1;

	spin_lock(&p->p_lock);
	list_for_each(pt, &p->p_ptimers, pt_link) {
		if (pt->pt_id > after && (!best || pt->pt_id < best->pt_id))
			best = pt;
	}
	if (best) {
		id = best->pt_id;
		*st = (struct ptimer_state){ .ps_clock = best->pt_clock,
					     .ps_value = best->pt_event.sigev_value,
					     .ps_signo = best->pt_event.sigev_signo,
					     .ps_notify = best->pt_event.sigev_notify,
					     .ps_tid = best->pt_event.sigev_notify == SIGEV_THREAD_ID
							       ? best->pt_event.sigev_tid
							       : 0,
					     .ps_overrun = best->pt_overrun,
					     .ps_interval = best->pt_interval,
					     .ps_left = left(best) };
	}
	spin_unlock(&p->p_lock);
	return id;
}

static bool clock_ok(u32 clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME;
}

int ptimer_put(struct proc *p, s32 id, const struct ptimer_state *st)
{
	struct ptimer *pt;

	if (id < 0 || id >= (s32)PTIMER_MAX || !clock_ok(st->ps_clock))
		return -EINVAL;
	pt = kmem_alloc(ptimer_cache, KM_ZERO);
	if (!pt)
		return -ENOMEM;
	pt->pt_proc = p;
	pt->pt_id = id;
	pt->pt_clock = st->ps_clock;
	pt->pt_event = (struct abi_sigevent){ .sigev_value = st->ps_value,
					      .sigev_signo = st->ps_signo,
					      .sigev_notify = st->ps_notify,
					      .sigev_tid = st->ps_tid };
	pt->pt_overrun = st->ps_overrun;
	pt->pt_interval = st->ps_interval;
	callout_init(&pt->pt_callout, fire, pt);
	spin_lock(&p->p_lock);
	ASSERT(!find(p, id));
	list_push_back(&p->p_ptimers, &pt->pt_link);
	spin_unlock(&p->p_lock);
	return 0;
}

void ptimer_arm(struct proc *p, s32 id, u64 when)
{
	struct ptimer *pt;

	spin_lock(&p->p_lock);
	pt = find(p, id);
	if (pt) {
		pt->pt_next = when;
		callout_set(&pt->pt_callout, when);
	}
	spin_unlock(&p->p_lock);
}

void ptimer_resume(struct proc *p)
{
	u64 now = clock_mono_ns();
	struct ptimer *pt;

	ASSERT(spin_held(&p->p_lock));
	list_for_each(pt, &p->p_ptimers, pt_link) {
		if (pt->pt_next && pt->pt_next <= now)
			callout_set(&pt->pt_callout, pt->pt_next);
	}
}

void ptimer_taken(struct proc *p, const struct abi_siginfo *info)
{
	struct ptimer *pt = info->si_code == K_SI_TIMER ? find(p, info->timer.tid) : NULL;

	if (pt)
		pt->pt_overrun = (u32)info->timer.overrun;
}

static bool event_ok(const struct abi_sigevent *ev)
{
	struct proc *p = curproc();
	bool found;

	if (ev->sigev_notify == SIGEV_NONE)
		return true;
	if (ev->sigev_signo < 1 || ev->sigev_signo > K_NSIG)
		return false;
	if (ev->sigev_notify == SIGEV_SIGNAL)
		return true;
	if (ev->sigev_notify != SIGEV_THREAD_ID)
		return false;
	spin_lock(&p->p_lock);
	found = lwp_find(p, pid_real(ev->sigev_tid)) != NULL;
	spin_unlock(&p->p_lock);
	return found;
}

/* Puts pt into the list under the lowest free id. -EAGAIN: too many. */
static int enlist(struct proc *p, struct ptimer *pt)
{
	int error = -EAGAIN;

	spin_lock(&p->p_lock);
	for (s32 id = 0; id < (s32)PTIMER_MAX; id++) {
		if (!find(p, id)) {
			pt->pt_id = id;
			list_push_back(&p->p_ptimers, &pt->pt_link);
			error = 0;
			break;
		}
	}
	spin_unlock(&p->p_lock);
	return error;
}

static void destroy(struct proc *p, struct ptimer *pt)
{
	spin_lock(&p->p_lock);
	pt->pt_next = 0;
	list_remove(&pt->pt_link);
	spin_unlock(&p->p_lock);
	callout_cancel(&pt->pt_callout);
	kmem_free(ptimer_cache, pt);
}

void ptimer_delete_all(struct proc *p)
{
	while (!list_empty(&p->p_ptimers))
		destroy(p, list_first(&p->p_ptimers, struct ptimer, pt_link));
}

long sys_timer_create(u32 clock, uaddr_t uevent, uaddr_t uid)
{
	struct proc *p = curproc();
	struct abi_sigevent ev = { .sigev_signo = K_SIGALRM, .sigev_notify = SIGEV_SIGNAL };
	struct ptimer *pt;
	int error;

	if (!clock_ok(clock))
		return -EINVAL;
	if (uevent && copyin(&ev, uevent, sizeof(ev)) != 0)
		return -EFAULT;
	if (!event_ok(&ev))
		return -EINVAL;
	pt = kmem_alloc(ptimer_cache, KM_ZERO);
	if (!pt)
		return -EAGAIN;
	pt->pt_proc = p;
	pt->pt_clock = clock;
	pt->pt_event = ev;
	callout_init(&pt->pt_callout, fire, pt);
	error = enlist(p, pt);
	if (error) {
		kmem_free(ptimer_cache, pt);
		return error;
	}
	if (!uevent)
		pt->pt_event.sigev_value = (u32)pt->pt_id;
	if (copyout(uid, &pt->pt_id, sizeof(pt->pt_id)) != 0) {
		destroy(p, pt);
		return -EFAULT;
	}
	return 0;
}

long sys_timer_delete(s32 id)
{
	struct proc *p = curproc();
	struct ptimer *pt;

	spin_lock(&p->p_lock);
	pt = find(p, id);
	if (pt) {
		pt->pt_next = 0;
		list_remove(&pt->pt_link);
	}
	spin_unlock(&p->p_lock);
	if (!pt)
		return -EINVAL;
	callout_cancel(&pt->pt_callout);
	kmem_free(ptimer_cache, pt);
	return 0;
}

static int copyout_spec(uaddr_t dst, bool time64, u64 interval, u64 value)
{
	int error = copyout_timespec(dst, time64, interval);

	return error ? error : copyout_timespec(dst + (time64 ? 16 : 8), time64, value);
}

static long do_gettime(s32 id, uaddr_t dst, bool time64)
{
	struct proc *p = curproc();
	u64 interval = 0, value = 0;
	struct ptimer *pt;

	spin_lock(&p->p_lock);
	pt = find(p, id);
	if (pt) {
		interval = pt->pt_interval;
		value = left(pt);
	}
	spin_unlock(&p->p_lock);
	return pt ? copyout_spec(dst, time64, interval, value) : -EINVAL;
}

static long do_settime(s32 id, u32 flags, uaddr_t new, uaddr_t old, bool time64)
{
	struct proc *p = curproc();
	u64 interval, value, was_interval, was;
	struct ptimer *pt;
	int error;

	error = copyin_timespec(new, time64, &interval);
	if (!error)
		error = copyin_timespec(new + (time64 ? 16 : 8), time64, &value);
	if (error)
		return error;
	spin_lock(&p->p_lock);
	pt = find(p, id);
	if (!pt) {
		spin_unlock(&p->p_lock);
		return -EINVAL;
	}
	was_interval = pt->pt_interval;
	was = left(pt);
	pt->pt_interval = interval;
	pt->pt_overrun = 0;
	if (!value)
		pt->pt_next = 0;
	else if (flags & TIMER_ABSTIME)
		pt->pt_next = deadline_at(pt->pt_clock == CLOCK_REALTIME, value);
	else
		pt->pt_next = deadline_after(value);
	if (pt->pt_next)
		callout_set(&pt->pt_callout, pt->pt_next);
	else
		callout_cancel_nowait(&pt->pt_callout);
	spin_unlock(&p->p_lock);
	return old ? copyout_spec(old, time64, was_interval, was) : 0;
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
	struct proc *p = curproc();
	struct ptimer *pt;
	long n = -EINVAL;

	spin_lock(&p->p_lock);
	pt = find(p, id);
	if (pt)
		n = (long)pt->pt_overrun;
	spin_unlock(&p->p_lock);
	return n;
}
