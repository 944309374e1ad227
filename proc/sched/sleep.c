/* SPDX-License-Identifier: MIT */
/* Sleep queues: who waits for which channel. The contracts are in sleep.h. */
#include "proc/sched/sleep.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/jitter.h"
#include "kernel/lib/panic.h"
#include "proc/sched/lwp_impl.h"
#include "proc/sched/mutex.h"
#include "proc/proc.h"
#include "proc/sched/sched.h"

#define NSLEEPQ_LOG 10
#define NSLEEPQ (1u << NSLEEPQ_LOG)

struct sleepq {
	struct spinlock sq_lock;
	struct list sq_lwps; /* l_runlink, longest waiting first */
};

static struct sleepq sleepqs[NSLEEPQ];

void sleepq_init(void)
{
	for (u32 i = 0; i < NSLEEPQ; i++) {
		spin_init(&sleepqs[i].sq_lock, "sleepq", LR_SLEEPQ);
		list_init(&sleepqs[i].sq_lwps);
	}
}

static struct sleepq *sleepq_of(const void *chan)
{
	u32 h = (u32)chan * 0x9e3779b1u;

	return &sleepqs[h >> (32 - NSLEEPQ_LOG)];
}

/* Takes l off its queue and makes it runnable. Queue lock held. */
static void sleepq_remove(struct lwp *l, int result)
{
	list_remove(&l->l_runlink);
	l->l_chan = NULL;
	l->l_slpresult = result;
	l->l_state = LS_RUNNABLE;
	setrunnable(l);
}

/* Does what came up (l_attention is set) end l's sleep? Queue lock held. */
static bool ends_for_attention(const struct lwp *l)
{
	u32 flags = l->l_slpflags;

	return (flags & SLP_INTR) || ((flags & SLP_KILL) && lwp_dying(l)) ||
	       ((flags & SLP_HOLD) && lwp_called(l)) || ((flags & SLP_FATAL) && lwp_given_up(l));
}

/* Ends l's sleep, if it sleeps; with `only_intr` only one that ends for attention. */
static void sleep_end(struct lwp *l, int result, bool only_intr)
{
	for (;;) {
		const void *chan = __atomic_load_n(&l->l_chan, __ATOMIC_ACQUIRE);
		struct sleepq *q;
		bool same;

		if (!chan)
			return;
		q = sleepq_of(chan);
		spin_lock(&q->sq_lock);
		same = l->l_chan == chan;
		if (same && (!only_intr || ends_for_attention(l)))
			sleepq_remove(l, result);
		spin_unlock(&q->sq_lock);
		if (same)
			return;
	}
}

void sleep_abort(struct lwp *l, int result)
{
	sleep_end(l, result, false);
}

void sleep_interrupt(struct lwp *l)
{
	sleep_end(l, -ERESTARTSYS, true);
}

static void sleep_timeout(void *arg)
{
	sleep_abort(arg, -ETIMEDOUT);
}

/* Is there already a reason not to begin a sleep of this kind? */
static bool sleep_refused(struct lwp *l, u32 flags)
{
	if (flags & SLP_INTR)
		return lwp_must_stop(l);
	return ((flags & SLP_KILL) && lwp_dying(l)) || ((flags & SLP_HOLD) && lwp_called(l)) ||
	       ((flags & SLP_FATAL) && lwp_given_up(l));
}

/*
 * Puts the current lwp on chan's queue and starts the timer; false: there is a reason not to sleep. Interrupts off until it has left the CPU.
 *
 * l_chan is there for all to see before l_attention is looked at; lwp_poke() sets l_attention and looks at l_chan then. Whatever comes
 * first, one of the two sees the other, and no interruption is lost.
 */
static bool sleep_begin(const void *chan, u32 flags, u64 deadline)
{
	struct lwp *l = curlwp();
	struct sleepq *q = sleepq_of(chan);
	bool refused;

	if (deadline) {
		callout_init(&l->l_slptimer, sleep_timeout, l);
		callout_set(&l->l_slptimer, deadline);
	}
	spin_lock(&q->sq_lock);
	l->l_slpflags = flags;
	__atomic_store_n(&l->l_chan, chan, __ATOMIC_SEQ_CST);
	refused = sleep_refused(l, flags);
	if (refused) {
		l->l_chan = NULL;
	} else {
		l->l_state = LS_SLEEP;
		list_push_back(&q->sq_lwps, &l->l_runlink);
	}
	spin_unlock(&q->sq_lock);
	return !refused;
}

/* The lock lk is released only when the lwp stands on its queue, so a wakeup under lk cannot be lost. */
int sleep(const void *chan, struct spinlock *lk, u32 flags, u64 deadline)
{
	struct lwp *l = curlwp();
	int result = -ERESTARTSYS;

	ASSERT(!curcpu()->c_in_intr);
	if (lk) {
		ASSERT(spin_held(lk) && curcpu()->c_nheld == 1);
	} else {
		assert_may_sleep("sleep");
	}
	intr_push_off();
	jitter();
	if (sleep_begin(chan, flags, deadline)) {
		jitter();
		if (lk)
			spin_unlock(lk);
		swtch();
		result = l->l_slpresult;
	} else if (lk) {
		spin_unlock(lk);
	}
	intr_pop_off();
	if (deadline)
		callout_cancel(&l->l_slptimer);
	if (lk)
		spin_lock(lk);
	return result;
}

/*
 * Stands on the queue first, then lets the mutex go: mutex_unlock() may take sleep-queue locks. A wakeup in between finds us
 * and makes us runnable on this CPU (l_oncpu).
 */
int sleep_mutex(const void *chan, struct mutex *m, u32 flags, u64 deadline)
{
	struct lwp *l = curlwp();
	int result = -ERESTARTSYS;
	bool slept;

	assert_may_sleep("sleep_mutex");
	intr_push_off();
	slept = sleep_begin(chan, flags, deadline);
	if (slept) {
		jitter();
		mutex_unlock(m);
		swtch();
		result = l->l_slpresult;
	}
	intr_pop_off();
	if (deadline)
		callout_cancel(&l->l_slptimer);
	if (slept)
		mutex_lock(m);
	return result;
}

void wakeup(const void *chan)
{
	struct sleepq *q = sleepq_of(chan);
	struct lwp *l, *tmp;

	jitter();
	spin_lock(&q->sq_lock);
	list_for_each_safe(l, tmp, &q->sq_lwps, l_runlink) {
		if (l->l_chan == chan)
			sleepq_remove(l, 0);
	}
	spin_unlock(&q->sq_lock);
}

void wakeup_one(const void *chan)
{
	struct sleepq *q = sleepq_of(chan);
	struct lwp *l, *best = NULL;

	jitter();
	spin_lock(&q->sq_lock);
	list_for_each(l, &q->sq_lwps, l_runlink) {
		if (l->l_chan == chan && (!best || l->l_pri < best->l_pri))
			best = l;
	}
	if (best)
		sleepq_remove(best, 0);
	spin_unlock(&q->sq_lock);
}
