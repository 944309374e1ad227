/* SPDX-License-Identifier: MIT */
/*
 * The life of POSIX timers: creation, arming, firing, and taking the signal.
 * The system calls are in proc/sys_timer.c.
 */
#include "proc/ptimer.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/abi_time.h"
#include "proc/cputimer.h"
#include "proc/sched/lwp_impl.h"

#define CLOCK_REALTIME 0
#define OVERRUN_MAX 0x7fffffffull /* DELAYTIMER_MAX */

struct ptimer {
	struct list pt_link; /* p_ptimers */
	struct proc *pt_proc;
	s32 pt_id;
	u32 pt_clock;
	struct cpuclock pt_cpu; /* cc_proc NULL: the monotonic clock */
	struct cputimer pt_cputimer;
	struct abi_sigevent pt_event;
	struct callout pt_callout;
	/* entry of its signal: on a queue while the signal is pending */
	struct sigent *pt_ent;
	/* first expiration not yet counted, in ns of its clock; 0: none */
	u64 pt_next;
	u64 pt_interval; /* ns */
	u64 pt_seen;	 /* last reading of another process's clock */
	/* expirations beyond that of the last signal taken */
	u32 pt_overrun;
};

static struct kmem_cache *ptimer_cache;

void ptimer_init(void)
{
	ptimer_cache = kmem_cache_create("ptimer", sizeof(struct ptimer), 0);
}

static bool on_cpu_clock(const struct ptimer *pt)
{
	return pt->pt_cpu.cc_proc != NULL;
}

static bool pending(const struct ptimer *pt)
{
	return !list_empty(&pt->pt_ent->se_link);
}

/*
 * The time of the timer's clock. For the clock of another process, whose lock
 * cannot be taken here, it is the last reading.
 * Locks: p_lock.
 */
static u64 now_of(const struct ptimer *pt)
{
	ASSERT(spin_held(&pt->pt_proc->p_lock));
	if (!on_cpu_clock(pt))
		return clock_mono_ns();
	return pt->pt_cpu.cc_proc == pt->pt_proc ? cpuclock_read_locked(&pt->pt_cpu) : pt->pt_seen;
}

/* Locks: p_lock. */
static struct ptimer *ptimer_find(struct proc *p, s32 id)
{
	struct ptimer *pt;

	ASSERT(spin_held(&p->p_lock));
	list_for_each(pt, &p->p_ptimers, pt_link) {
		if (pt->pt_id == id)
			return pt;
	}
	return NULL;
}

/*
 * Updates pt_seen of the timer `id` of the current process, if its clock is
 * another process's. The timer may be deleted meanwhile, so its clock is looked
 * up again.
 */
static void look_at_clock(struct proc *p, s32 id)
{
	struct cpuclock cc;
	struct ptimer *pt;
	u32 clock = 0;
	u64 ns;

	spin_lock(&p->p_lock);
	pt = ptimer_find(p, id);
	if (pt && on_cpu_clock(pt) && pt->pt_cpu.cc_proc != p)
		clock = pt->pt_clock;
	spin_unlock(&p->p_lock);
	if (!clock || cpuclock_find(clock, false, &cc) != 0)
		return;
	if (cpuclock_read(&cc, &ns) == 0) {
		spin_lock(&p->p_lock);
		pt = ptimer_find(p, id);
		if (pt && pt->pt_cpu.cc_proc == cc.cc_proc)
			pt->pt_seen = MAX(pt->pt_seen, ns);
		spin_unlock(&p->p_lock);
	}
	cpuclock_rele(&cc);
}

/* ---- firing ---- */

/*
 * The number of expirations of a periodic timer, from pt_next on, up to `now`.
 */
static u64 come_by(const struct ptimer *pt, u64 now)
{
	if (!pt->pt_next || pt->pt_next > now)
		return 0;
	return pt->pt_interval ? (now - pt->pt_next) / pt->pt_interval + 1 : 1;
}

/* Counts `n` expirations that have passed. */
static void account(struct ptimer *pt, u64 n)
{
	u64 next;

	if (!n)
		return;
	next = pt->pt_next + n * pt->pt_interval;
	pt->pt_next = !pt->pt_interval ? 0 : next < pt->pt_next ? ~0ull : next;
}

/*
 * Waits for pt_next, at least for `pause`.
 * Locks: p_lock.
 */
static void arm(struct ptimer *pt, u64 pause)
{
	ASSERT(spin_held(&pt->pt_proc->p_lock));
	if (!pt->pt_next || pt->pt_event.sigev_notify == SIGEV_NONE)
		return;
	if (!on_cpu_clock(pt))
		callout_set(&pt->pt_callout, MAX(pt->pt_next, clock_mono_ns() + pause));
	else if (pt->pt_next <= now_of(pt) && pt->pt_cpu.cc_proc != pt->pt_proc)
		/* that process may sleep for long */
		callout_set(&pt->pt_callout, clock_mono_ns() + pause);
	else
		cputimer_arm(&pt->pt_cputimer, &pt->pt_cpu, MAX(pt->pt_next, now_of(pt) + pause));
}

static void disarm(struct ptimer *pt)
{
	cputimer_disarm(&pt->pt_cputimer);
	callout_cancel_nowait(&pt->pt_callout);
}

/*
 * The queue for the timer's signal, and in *l the lwp that it is for.
 * Returns: NULL: that lwp has exited.
 * Locks: p_lock.
 */
static struct sigqueue *queue_of(struct ptimer *pt, struct lwp **l)
{
	struct proc *p = pt->pt_proc;

	ASSERT(spin_held(&pt->pt_proc->p_lock));
	*l = NULL;
	if (pt->pt_event.sigev_notify == SIGEV_SIGNAL)
		return &p->p_sigq;
	*l = lwp_find(p, pid_real_for(p, pt->pt_event.sigev_tid));
	return *l ? &(*l)->l_sigq : NULL;
}

/*
 * Posts the signal. A signal still pending also stands for this expiration.
 * Locks: p_lock.
 */
static void post(struct ptimer *pt)
{
	struct abi_siginfo *info = &pt->pt_ent->se_info;
	struct sigqueue *q;
	struct lwp *l;

	ASSERT(spin_held(&pt->pt_proc->p_lock));
	if (pending(pt)) {
		info->timer.overrun = (s32)MIN((u64)info->timer.overrun + 1, OVERRUN_MAX);
		return;
	}
	q = queue_of(pt, &l);
	if (!q)
		return;
	*info = (struct abi_siginfo){ .si_signo = pt->pt_event.sigev_signo, .si_code = K_SI_TIMER };
	info->timer.tid = pt->pt_id;
	info->timer.value = pt->pt_event.sigev_value;
	signal_post_entry(pt->pt_proc, l, pt->pt_ent);
}

static void fire(void *arg)
{
	struct ptimer *pt = arg;
	struct proc *p = pt->pt_proc;
	u64 now, seen = 0;

	if (on_cpu_clock(pt) && pt->pt_cpu.cc_proc != p)
		(void)cpuclock_read(&pt->pt_cpu, &seen);
	spin_lock(&p->p_lock);
	pt->pt_seen = MAX(pt->pt_seen, seen);
	now = now_of(pt);
	/*
	 * Not if the timer was set again meanwhile; a held process gets the
	 * signal after the hold.
	 */
	if (pt->pt_next && pt->pt_next <= now && !(p->p_flags & P_HOLD)) {
		account(pt, 1);
		post(pt);
	}
	spin_unlock(&p->p_lock);
}

/*
 * Expirations of a periodic timer that its pending signal does not count yet.
 */
static u64 uncounted(const struct ptimer *pt)
{
	return pt->pt_interval ? come_by(pt, now_of(pt)) : 0;
}

static s32 overrun_with(const struct ptimer *pt, u64 more)
{
	return (s32)MIN((u64)pt->pt_ent->se_info.timer.overrun + more, OVERRUN_MAX);
}

s32 ptimer_pending_overrun(const struct ptimer *pt)
{
	ASSERT(spin_held(&pt->pt_proc->p_lock));
	return overrun_with(pt, uncounted(pt));
}

s32 ptimer_signal_left(struct ptimer *pt)
{
	/* one look at the clock: reported, kept, counted */
	u64 more = uncounted(pt);

	ASSERT(spin_held(&pt->pt_proc->p_lock));
	pt->pt_overrun = (u32)overrun_with(pt, more);
	account(pt, more);
	arm(pt, LEAST_PERIOD);
	return (s32)pt->pt_overrun;
}

void ptimer_heard(struct proc *p, int sig)
{
	struct ptimer *pt;

	ASSERT(spin_held(&p->p_lock));
	list_for_each(pt, &p->p_ptimers, pt_link) {
		if (pt->pt_interval && pt->pt_event.sigev_signo == sig && !pending(pt)) {
			account(pt, come_by(pt, now_of(pt)));
			arm(pt, LEAST_PERIOD);
		}
	}
}

void ptimer_resume(struct proc *p)
{
	struct ptimer *pt;

	ASSERT(spin_held(&p->p_lock));
	list_for_each(pt, &p->p_ptimers, pt_link) {
		if (pt->pt_next && !pending(pt))
			arm(pt, 0);
	}
}

/* ---- creation and deletion ---- */

/*
 * Returns: NULL: no memory, or the user may have no more pending signals.
 * Sleeps: yes.
 */
static struct ptimer *alloc(struct proc *p, u32 clock, const struct abi_sigevent *ev, bool unlimited)
{
	struct ptimer *pt = kmem_alloc(ptimer_cache, KM_ZERO);

	assert_may_sleep("alloc");
	if (!pt)
		return NULL;
	pt->pt_proc = p;
	pt->pt_clock = clock;
	pt->pt_event = *ev;
	list_init(&pt->pt_link);
	callout_init(&pt->pt_callout, fire, pt);
	pt->pt_cputimer.ct_callout = &pt->pt_callout;
	spin_lock(&p->p_lock);
	pt->pt_ent = sigent_alloc(p, unlimited);
	if (pt->pt_ent)
		pt->pt_ent->se_timer = pt;
	spin_unlock(&p->p_lock);
	if (pt->pt_ent)
		return pt;
	kmem_free(ptimer_cache, pt);
	return NULL;
}

/*
 * Frees a timer that is in no list. Its pending signal stays pending.
 * Sleeps: yes.
 */
static void release(struct ptimer *pt)
{
	struct proc *p = pt->pt_proc;
	struct sigent *unused = NULL;

	assert_may_sleep("release");
	cputimer_disarm(&pt->pt_cputimer);
	callout_cancel(&pt->pt_callout);
	spin_lock(&p->p_lock);
	pt->pt_ent->se_info.timer.overrun = ptimer_pending_overrun(pt);
	pt->pt_ent->se_timer = NULL;
	if (!pending(pt))
		unused = pt->pt_ent;
	spin_unlock(&p->p_lock);
	if (unused)
		sigent_free(unused);
	cpuclock_rele(&pt->pt_cpu);
	kmem_free(ptimer_cache, pt);
}

/*
 * Puts pt into the list under the lowest free id.
 * Errors: -EAGAIN: too many.
 */
static int enlist(struct proc *p, struct ptimer *pt)
{
	int error = -EAGAIN;

	spin_lock(&p->p_lock);
	for (s32 id = 0; id < (s32)PTIMER_MAX; id++) {
		if (!ptimer_find(p, id)) {
			pt->pt_id = id;
			list_push_back(&p->p_ptimers, &pt->pt_link);
			error = 0;
			break;
		}
	}
	spin_unlock(&p->p_lock);
	return error;
}

int ptimer_create(u32 clock, const struct abi_sigevent *ev, s32 *id)
{
	static const struct abi_sigevent plain = { .sigev_signo = K_SIGALRM, .sigev_notify = SIGEV_SIGNAL };
	struct proc *p = curproc();
	struct ptimer *pt = alloc(p, clock, ev ? ev : &plain, false);
	int error = pt ? 0 : -EAGAIN;

	assert_may_sleep("ptimer_create");
	if (!error && clock_is_cpu(clock))
		error = cpuclock_find(clock, false, &pt->pt_cpu);
	if (!error)
		error = enlist(p, pt);
	if (error) {
		if (pt)
			release(pt);
		return error;
	}
	*id = pt->pt_id;
	if (!ev)
		pt->pt_event.sigev_value = (u32)pt->pt_id;
	return 0;
}

int ptimer_delete(struct proc *p, s32 id)
{
	struct ptimer *pt;

	spin_lock(&p->p_lock);
	pt = ptimer_find(p, id);
	if (pt) {
		pt->pt_next = 0;
		list_remove(&pt->pt_link);
	}
	spin_unlock(&p->p_lock);
	if (!pt)
		return -EINVAL;
	release(pt);
	return 0;
}

void ptimer_delete_all(struct proc *p)
{
	assert_may_sleep("ptimer_delete_all");
	while (!list_empty(&p->p_ptimers))
		(void)ptimer_delete(p, list_first(&p->p_ptimers, struct ptimer, pt_link)->pt_id);
}

/* ---- read and set ---- */

/*
 * Time left until the timer fires next.
 * Locks: p_lock.
 */
static u64 left(const struct ptimer *pt)
{
	u64 now = now_of(pt);

	ASSERT(spin_held(&pt->pt_proc->p_lock));
	if (!pt->pt_next)
		return 0;
	if (pt->pt_next > now)
		return pt->pt_next - now;
	if (pt->pt_interval)
		return pt->pt_interval - (now - pt->pt_next) % pt->pt_interval;
	return pt->pt_event.sigev_notify == SIGEV_NONE ? 0 : 1;
}

int ptimer_get(struct proc *p, s32 id, struct ptimer_spec *sp)
{
	struct ptimer *pt;

	look_at_clock(p, id);
	spin_lock(&p->p_lock);
	pt = ptimer_find(p, id);
	if (pt)
		*sp = (struct ptimer_spec){ left(pt), pt->pt_interval };
	spin_unlock(&p->p_lock);
	return pt ? 0 : -EINVAL;
}

/*
 * The time of pt's clock at which it will fire.
 * Locks: p_lock.
 */
static u64 due_at(const struct ptimer *pt, bool absolute, u64 value)
{
	u64 when = now_of(pt) + value;

	ASSERT(spin_held(&pt->pt_proc->p_lock));
	if (!on_cpu_clock(pt))
		return absolute ? deadline_at(pt->pt_clock == CLOCK_REALTIME, value) : deadline_after(value);
	if (absolute)
		return value;
	return when < value ? ~0ull : when;
}

int ptimer_set(struct proc *p, s32 id, bool absolute, const struct ptimer_spec *sp, struct ptimer_spec *old)
{
	struct ptimer *pt;

	look_at_clock(p, id);
	spin_lock(&p->p_lock);
	pt = ptimer_find(p, id);
	if (!pt) {
		spin_unlock(&p->p_lock);
		return -EINVAL;
	}
	*old = (struct ptimer_spec){ left(pt), pt->pt_interval };
	disarm(pt);
	pt->pt_interval = sp->sp_interval;
	pt->pt_overrun = 0;
	pt->pt_next = sp->sp_value ? due_at(pt, absolute, sp->sp_value) : 0;
	arm(pt, 0);
	spin_unlock(&p->p_lock);
	return 0;
}

int ptimer_overrun(struct proc *p, s32 id)
{
	struct ptimer *pt;
	int n = -EINVAL;

	spin_lock(&p->p_lock);
	pt = ptimer_find(p, id);
	if (pt)
		n = (int)pt->pt_overrun;
	spin_unlock(&p->p_lock);
	return n;
}

/* ---- for an image ---- */

/*
 * The clock id for an image: of the process itself, or of its thread with this
 * id. 0: of another process.
 */
static u32 clock_in_image(const struct ptimer *pt)
{
	const struct cpuclock *cc = &pt->pt_cpu;

	if (!on_cpu_clock(pt))
		return pt->pt_clock;
	if (cc->cc_proc != pt->pt_proc)
		return 0;
	return cpuclock_id(cc->cc_tid ? pid_seen_by(pt->pt_proc, cc->cc_tid) : 0, cc->cc_kind, cc->cc_tid != 0);
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
		const struct abi_sigevent *ev = &best->pt_event;

		id = best->pt_id;
		*st = (struct ptimer_state){ .ps_clock = clock_in_image(best),
					     .ps_foreign = on_cpu_clock(best) && best->pt_cpu.cc_proc != p,
					     .ps_value = ev->sigev_value,
					     .ps_signo = ev->sigev_signo,
					     .ps_notify = ev->sigev_notify,
					     .ps_tid = ev->sigev_notify == SIGEV_THREAD_ID ? ev->sigev_tid : 0,
					     .ps_overrun = best->pt_overrun,
					     .ps_interval = best->pt_interval,
					     .ps_left = left(best) };
	}
	spin_unlock(&p->p_lock);
	return id;
}

int ptimer_make(struct list *timers, s32 id, const struct ptimer_state *st)
{
	const struct abi_sigevent ev = { .sigev_value = st->ps_value,
					 .sigev_signo = st->ps_signo,
					 .sigev_notify = st->ps_notify,
					 .sigev_tid = st->ps_tid };
	struct ptimer *pt;

	assert_may_sleep("ptimer_make");
	if (id < 0 || id >= (s32)PTIMER_MAX || !ptimer_clock_ok(st->ps_clock))
		return -EINVAL;
	pt = alloc(curproc(), st->ps_clock, &ev, true);
	if (!pt)
		return -ENOMEM;
	pt->pt_id = id;
	pt->pt_overrun = st->ps_overrun;
	pt->pt_interval = st->ps_interval;
	list_push_back(timers, &pt->pt_link);
	return 0;
}

void ptimer_attach(struct proc *p, struct list *timers)
{
	struct ptimer *pt;
	struct lwp *l;

	list_for_each(pt, timers, pt_link) {
		pt->pt_proc = p;
		if (clock_is_cpu(pt->pt_clock))
			cpuclock_of(p, pt->pt_clock, &pt->pt_cpu);
	}
	spin_lock(&p->p_lock);
	ASSERT(list_empty(&p->p_ptimers));
	list_splice(&p->p_ptimers, timers);
	ptimer_adopt(p, &p->p_sigq);
	list_for_each(l, &p->p_lwps, l_plink)
		ptimer_adopt(p, &l->l_sigq);
	spin_unlock(&p->p_lock);
}

void ptimer_drop(struct list *timers)
{
	while (!list_empty(timers)) {
		struct ptimer *pt = list_first(timers, struct ptimer, pt_link);

		list_remove(&pt->pt_link);
		release(pt);
	}
}

void ptimer_adopt(struct proc *p, struct sigqueue *q)
{
	struct sigent *se;

	ASSERT(spin_held(&p->p_lock));
	list_for_each(se, &q->sq_list, se_link) {
		struct ptimer *pt = se->se_info.si_code == K_SI_TIMER && !se->se_timer
					    ? ptimer_find(p, se->se_info.timer.tid)
					    : NULL;

		if (!pt || pending(pt))
			continue;
		sigent_free(pt->pt_ent);
		pt->pt_ent = se;
		se->se_timer = pt;
	}
}

void ptimer_arm(struct proc *p, s32 id, u64 ns, u64 when)
{
	struct ptimer *pt;

	spin_lock(&p->p_lock);
	pt = ptimer_find(p, id);
	if (pt) {
		if (on_cpu_clock(pt))
			cpuclock_resolve(pt->pt_clock, &pt->pt_cpu);
		pt->pt_next = on_cpu_clock(pt) ? now_of(pt) + ns : when;
		arm(pt, 0);
	}
	spin_unlock(&p->p_lock);
}
