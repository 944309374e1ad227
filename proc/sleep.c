/* SPDX-License-Identifier: MIT */
/* Sleep queues: who waits for which channel. The contracts are in sleep.h. */
#include "proc/sleep.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "proc/lwp_impl.h"
#include "proc/mutex.h"
#include "proc/proc.h"
#include "proc/sched.h"

#define NSLEEPQ 128

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

	return &sleepqs[h >> 25];
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

void sleep_abort(struct lwp *l, int result)
{
	for (;;) {
		const void *chan = __atomic_load_n(&l->l_chan, __ATOMIC_ACQUIRE);
		struct sleepq *q;

		if (!chan)
			return;
		q = sleepq_of(chan);
		spin_lock(&q->sq_lock);
		if (l->l_chan == chan) {
			sleepq_remove(l, result);
			spin_unlock(&q->sq_lock);
			return;
		}
		spin_unlock(&q->sq_lock);
	}
}

void sleep_interrupt(struct lwp *l)
{
	const void *chan = __atomic_load_n(&l->l_chan, __ATOMIC_ACQUIRE);
	u32 flags = l->l_slpflags;

	if (!chan)
		return;
	if ((flags & SLP_INTR) || ((flags & SLP_KILL) && lwp_dying(l)))
		sleep_abort(l, -ERESTARTSYS);
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
	return (flags & SLP_KILL) && lwp_dying(l);
}

/*
 * The lock lk is released only when the lwp stands on its queue, so a wakeup under lk cannot be lost; and l_attention is looked at under
 * the queue's lock, where sleep_interrupt() comes after setting it.
 */
int sleep(const void *chan, struct spinlock *lk, u32 flags, u64 deadline)
{
	struct lwp *l = curlwp();
	struct sleepq *q = sleepq_of(chan);
	int result;

	ASSERT(!curcpu()->c_in_intr);
	if (lk) {
		ASSERT(spin_held(lk) && curcpu()->c_nheld == 1);
	} else {
		assert_may_sleep("sleep");
	}
	intr_push_off();
	if (deadline) {
		callout_init(&l->l_slptimer, sleep_timeout, l);
		callout_set(&l->l_slptimer, deadline);
	}
	spin_lock(&q->sq_lock);
	if (sleep_refused(l, flags)) {
		spin_unlock(&q->sq_lock);
		result = -ERESTARTSYS;
		if (lk)
			spin_unlock(lk);
	} else {
		l->l_slpflags = flags;
		l->l_state = LS_SLEEP;
		__atomic_store_n(&l->l_chan, chan, __ATOMIC_RELEASE);
		list_push_back(&q->sq_lwps, &l->l_runlink);
		if (lk)
			spin_unlock(lk);
		spin_unlock(&q->sq_lock);
		swtch();
		result = l->l_slpresult;
	}
	intr_pop_off();
	if (deadline)
		callout_cancel(&l->l_slptimer);
	if (lk)
		spin_lock(lk);
	return result;
}

int sleep_mutex(const void *chan, struct mutex *m, u32 flags, u64 deadline)
{
	struct lwp *l = curlwp();
	struct sleepq *q = sleepq_of(chan);
	int result;

	assert_may_sleep("sleep_mutex");
	intr_push_off();
	if (deadline) {
		callout_init(&l->l_slptimer, sleep_timeout, l);
		callout_set(&l->l_slptimer, deadline);
	}
	spin_lock(&q->sq_lock);
	if (sleep_refused(l, flags)) {
		spin_unlock(&q->sq_lock);
		result = -ERESTARTSYS;
	} else {
		/*
		 * Stand on the queue first, then let the mutex go: mutex_unlock() may take sleep-queue locks, so ours is
		 * dropped before. A wakeup in between finds us and makes us runnable on this CPU (l_oncpu).
		 */
		l->l_slpflags = flags;
		l->l_state = LS_SLEEP;
		__atomic_store_n(&l->l_chan, chan, __ATOMIC_RELEASE);
		list_push_back(&q->sq_lwps, &l->l_runlink);
		spin_unlock(&q->sq_lock);
		mutex_unlock(m);
		swtch();
		result = l->l_slpresult;
		intr_pop_off();
		if (deadline)
			callout_cancel(&l->l_slptimer);
		mutex_lock(m);
		return result;
	}
	intr_pop_off();
	if (deadline)
		callout_cancel(&l->l_slptimer);
	return result;
}

void wakeup(const void *chan)
{
	struct sleepq *q = sleepq_of(chan);
	struct lwp *l, *tmp;

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

	spin_lock(&q->sq_lock);
	list_for_each(l, &q->sq_lwps, l_runlink) {
		if (l->l_chan == chan && (!best || l->l_pri < best->l_pri))
			best = l;
	}
	if (best)
		sleepq_remove(best, 0);
	spin_unlock(&q->sq_lock);
}
