/* SPDX-License-Identifier: MIT */
/*
 * The heaps of timers on CPU-time clocks, and the moments at which they are
 * checked.
 */
#include "proc/cputimer.h"

#include "kernel/lib/panic.h"
#include "proc/itimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/rlimit.h"
#include "proc/sched/sched.h"
#include "proc/usage.h"

/*
 * A check removes at most so many timers; the next check, soon after, does the
 * rest.
 */
#define CHECK_MAX 32u

static struct spinlock cputimer_lock = SPINLOCK_INIT("cputimer", LR_CPUTIMER);

static void disarm_locked(struct cputimer *ct)
{
	if (ct->ct_heap)
		heap_remove(ct->ct_heap, &ct->ct_node);
	ct->ct_heap = NULL;
}

/* Returns: NULL: the thread has exited. */
static struct heap *heap_of(const struct cpuclock *cc)
{
	struct lwp *l;

	if (!cc->cc_tid)
		return &cc->cc_proc->p_cpuheap[cc->cc_kind];
	l = lwp_find(cc->cc_proc, cc->cc_tid);
	return l ? &l->l_cpuheap[cc->cc_kind] : NULL;
}

void cputimer_arm(struct cputimer *ct, const struct cpuclock *cc, u64 when)
{
	struct heap *h = heap_of(cc);

	ASSERT(!cc->cc_tid || spin_held(&cc->cc_proc->p_lock));
	spin_lock(&cputimer_lock);
	disarm_locked(ct);
	if (h && !cc->cc_proc->p_cpuended) {
		ct->ct_heap = h;
		heap_insert(h, &ct->ct_node, when);
		cc->cc_proc->p_cpuwatch = true;
	}
	spin_unlock(&cputimer_lock);
	sched_look_again();
}

void cputimer_disarm(struct cputimer *ct)
{
	spin_lock(&cputimer_lock);
	disarm_locked(ct);
	spin_unlock(&cputimer_lock);
}

void cputimer_watch(struct proc *p)
{
	spin_lock(&cputimer_lock);
	p->p_cpuwatch = true;
	spin_unlock(&cputimer_lock);
	sched_look_again();
}

/* The times of the clocks of an lwp and of its process. */
struct cputimes {
	u64 tm_proc[2], tm_lwp[2]; /* CPU_TIME, CPU_USER */
};

/* Locks: p_lock. */
static void read_times(struct lwp *l, struct cputimes *t)
{
	struct usage us;
	u64 utime, stime;

	ASSERT(spin_held(&l->l_proc->p_lock));
	usage_of_proc(l->l_proc, &us);
	lwp_times(l, &utime, &stime);
	*t = (struct cputimes){ .tm_proc = { us.us_utime + us.us_stime, us.us_utime },
				.tm_lwp = { utime + stime, utime } };
}

/* left: nanoseconds until another event is due; 0: none. */
static u64 sooner(u64 left, u64 due, u64 now)
{
	u64 mine = due > now ? due - now : 1;

	return !left || mine < left ? mine : left;
}

static u64 heap_left(const struct heap *h, u64 now, u64 left)
{
	return heap_first(h) ? sooner(left, heap_first(h)->hn_key, now) : left;
}

/* Several lwps of a process may run, so its clock is faster than real time. */
static u64 at_speed(const struct proc *p, u64 left)
{
	u32 running = MIN(ncpu, p->p_nlwp);

	return left && running > 1 ? MAX(left / running, 1ull) : left;
}

u64 cputimer_left(struct lwp *l)
{
	struct proc *p = l->l_proc;
	struct cputimes t;
	u64 left;

	if (likely(!p->p_cpuwatch) || (p->p_flags & P_HOLD))
		return 0;
	spin_lock(&p->p_lock);
	read_times(l, &t);
	left = itimer_cpu_left(p, t.tm_proc[CPU_USER], t.tm_proc[CPU_TIME]);
	if (rlimit_cpu_due(p))
		left = sooner(left, rlimit_cpu_due(p), t.tm_proc[CPU_TIME]);
	spin_lock(&cputimer_lock);
	for (u32 k = 0; k < 2; k++)
		left = heap_left(&p->p_cpuheap[k], t.tm_proc[k], left);
	left = at_speed(p, left);
	for (u32 k = 0; k < 2; k++)
		left = heap_left(&l->l_cpuheap[k], t.tm_lwp[k], left);
	spin_unlock(&cputimer_lock);
	spin_unlock(&p->p_lock);
	return left;
}

/* Locks: cputimer_lock. */
static void fire_due(struct heap *h, u64 now)
{
	struct heap_node *n;

	ASSERT(spin_held(&cputimer_lock));
	for (u32 i = 0; i < CHECK_MAX && (n = heap_first(h)) != NULL && n->hn_key <= now; i++) {
		struct cputimer *ct = container_of(n, struct cputimer, ct_node);

		disarm_locked(ct);
		callout_set(ct->ct_callout, 0);
	}
}

/*
 * Does no lwp and no timer wait for the CPU time of p any more?
 * Locks: p_lock and cputimer_lock.
 */
static bool nothing_left(const struct proc *p)
{
	const struct lwp *l;

	ASSERT(spin_held(&p->p_lock) && spin_held(&cputimer_lock));
	if (p->p_itvirt.it_next || p->p_itprof.it_next || rlimit_cpu_due(p))
		return false;
	if (heap_first(&p->p_cpuheap[CPU_TIME]) || heap_first(&p->p_cpuheap[CPU_USER]))
		return false;
	list_for_each(l, &p->p_lwps, l_plink) {
		if (heap_first(&l->l_cpuheap[CPU_TIME]) || heap_first(&l->l_cpuheap[CPU_USER]))
			return false;
	}
	return true;
}

void cputimer_check(struct lwp *l)
{
	struct proc *p = l->l_proc;
	struct cputimes t;

	/* An lwp that saves its own process runs while the process is held. */
	if (likely(!p->p_cpuwatch) || (p->p_flags & P_HOLD))
		return;
	spin_lock(&p->p_lock);
	read_times(l, &t);
	itimer_cpu_check(p, t.tm_proc[CPU_USER], t.tm_proc[CPU_TIME]);
	rlimit_cpu_check(p, t.tm_proc[CPU_TIME]);
	spin_lock(&cputimer_lock);
	for (u32 k = 0; k < 2; k++) {
		fire_due(&p->p_cpuheap[k], t.tm_proc[k]);
		fire_due(&l->l_cpuheap[k], t.tm_lwp[k]);
	}
	if (nothing_left(p))
		p->p_cpuwatch = false;
	spin_unlock(&cputimer_lock);
	spin_unlock(&p->p_lock);
}

/* Removes all timers, a few at a time: users decide how many there are. */
static void empty(struct heap *h)
{
	bool more = true;

	while (more) {
		spin_lock(&cputimer_lock);
		for (u32 i = 0; i < CHECK_MAX && heap_first(h); i++)
			disarm_locked(container_of(heap_first(h), struct cputimer, ct_node));
		more = heap_first(h) != NULL;
		spin_unlock(&cputimer_lock);
	}
}

void cputimer_lwp_ends(struct lwp *l)
{
	for (u32 k = 0; k < 2; k++)
		empty(&l->l_cpuheap[k]);
}

void cputimer_proc_ends(struct proc *p)
{
	spin_lock(&cputimer_lock);
	p->p_cpuended = true;
	spin_unlock(&cputimer_lock);
	for (u32 k = 0; k < 2; k++)
		empty(&p->p_cpuheap[k]);
}
