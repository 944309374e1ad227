/* SPDX-License-Identifier: MIT */
/*
 * Sleep queues: the lwps that wait, by channel. The contracts are in sleep.h.
 */
#include "proc/sched/sleep.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/jitter.h"
#include "kernel/lib/panic.h"
#include "proc/sched/later.h"
#include "proc/sched/lwp_impl.h"
#include "proc/sched/mutex.h"
#include "proc/proc.h"
#include "proc/sched/sched.h"

#define NSLEEPQ_LOG 10
#define NSLEEPQ (1u << NSLEEPQ_LOG)

/*
 * How many lwps one wakeup makes runnable before a thread goes on, and among
 * how many wakeup_one() chooses.
 */
#define WAKE_MAX 8u
#define CHOICE_MAX 64u

/*
 * The first sleeper on each channel is on sq_firsts; the channel's other
 * sleepers are in its l_mates. So all sleepers of a channel are found, and
 * moved, without a look at each. Those on sq_late have been woken, and become
 * runnable step by step.
 */
struct sleepq {
	struct spinlock sq_lock;
	struct list sq_firsts; /* l_runlink */
	struct list sq_late;   /* l_runlink of the first of each channel */
	struct later sq_later;
};

static struct sleepq sleepqs[NSLEEPQ];

static struct sleepq *sleepq_of(const void *chan)
{
	u32 h = (u32)chan * 0x9e3779b1u;

	return &sleepqs[h >> (32 - NSLEEPQ_LOG)];
}

/*
 * Returns: the first sleeper on chan; NULL: none.
 * Locks: the queue's.
 */
static struct lwp *sleep_find_first(struct sleepq *q, const void *chan)
{
	struct lwp *l;

	list_for_each(l, &q->sq_firsts, l_runlink) {
		if (l->l_chan == chan)
			return l;
	}
	return NULL;
}

/*
 * Puts the second sleeper on l's channel into the place of l, the first.
 * Returns: that sleeper; NULL: none.
 * Locks: the queue's.
 */
static struct lwp *succeed(struct lwp *l)
{
	struct lwp *next;

	if (list_empty(&l->l_mates))
		return NULL;
	next = list_first(&l->l_mates, struct lwp, l_runlink);
	list_remove(&next->l_runlink);
	list_init(&next->l_mates);
	list_splice(&next->l_mates, &l->l_mates);
	next->l_first = true;
	list_push_back(&l->l_runlink, &next->l_runlink);
	return next;
}

/*
 * Takes l off its queue and makes it runnable.
 * Returns: the new first sleeper of its channel; NULL: none.
 * Locks: the queue's.
 */
static struct lwp *sleepq_remove(struct lwp *l, int result)
{
	struct lwp *next = l->l_first ? succeed(l) : NULL;

	list_remove(&l->l_runlink);
	l->l_first = false;
	l->l_chan = NULL;
	l->l_slpresult = result;
	l->l_state = LS_RUNNABLE;
	setrunnable(l);
	return next;
}

/*
 * Puts l on q as the last sleeper on its channel.
 * Locks: the queue's.
 */
static void sleepq_add(struct sleepq *q, struct lwp *l)
{
	struct lwp *first = sleep_find_first(q, l->l_chan);

	l->l_first = !first;
	list_init(&l->l_mates);
	list_push_back(first ? &first->l_mates : &q->sq_firsts, &l->l_runlink);
}

/*
 * Wakes some sleepers of a channel, from `first` on.
 * Returns: the first of those that are left.
 * Locks: the queue's.
 */
static struct lwp *wake_some(struct lwp *first)
{
	for (u32 n = 0; first && n < WAKE_MAX; n++)
		first = sleepq_remove(first, 0);
	return first;
}

/* Makes more of the woken lwps runnable. */
static bool wake_late(struct later *la)
{
	struct sleepq *q = container_of(la, struct sleepq, sq_later);
	bool more;

	spin_lock(&q->sq_lock);
	if (!list_empty(&q->sq_late))
		wake_some(list_first(&q->sq_late, struct lwp, l_runlink));
	more = !list_empty(&q->sq_late);
	spin_unlock(&q->sq_lock);
	return more;
}

void sleepq_init(void)
{
	for (u32 i = 0; i < NSLEEPQ; i++) {
		spin_init(&sleepqs[i].sq_lock, "sleepq", LR_SLEEPQ);
		list_init(&sleepqs[i].sq_firsts);
		list_init(&sleepqs[i].sq_late);
		later_init(&sleepqs[i].sq_later, wake_late);
	}
}

/*
 * l_attention is set: does its reason end l's sleep?
 * Locks: the queue's.
 */
static bool ends_for_attention(const struct lwp *l)
{
	u32 flags = l->l_slpflags;

	return (flags & SLP_INTR) || ((flags & SLP_KILL) && lwp_dying(l)) ||
	       ((flags & SLP_HOLD) && lwp_called(l)) || ((flags & SLP_FATAL) && lwp_given_up(l));
}

/*
 * Ends l's sleep, if it sleeps; with `only_intr`, only a sleep that ends for
 * attention.
 */
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

/* Is there a reason already not to begin a sleep of this kind? */
static bool sleep_refused(struct lwp *l, u32 flags)
{
	if (flags & SLP_INTR)
		return lwp_must_stop(l);
	return ((flags & SLP_KILL) && lwp_dying(l)) || ((flags & SLP_HOLD) && lwp_called(l)) ||
	       ((flags & SLP_FATAL) && lwp_given_up(l));
}

/*
 * Puts the current lwp on chan's queue and starts the timer. Interrupts stay
 * off until it has left the CPU.
 *
 * l_chan is visible before l_attention is read; lwp_poke() sets l_attention
 * before it reads l_chan. Whichever comes first, one of the two sees the other,
 * so no interruption is lost.
 * Returns: false: there is a reason not to sleep.
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
		sleepq_add(q, l);
	}
	spin_unlock(&q->sq_lock);
	return !refused;
}

/*
 * lk is released only after the lwp is on its queue, so a wakeup under lk
 * cannot be lost.
 */
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
 * First puts the lwp on the queue, then releases the mutex, because
 * mutex_unlock() may take sleep-queue locks. A wakeup in between makes the lwp
 * runnable on this CPU (l_oncpu).
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
	struct lwp *left;

	jitter();
	spin_lock(&q->sq_lock);
	left = wake_some(sleep_find_first(q, chan));
	if (left) {
		list_remove(&left->l_runlink);
		list_push_back(&q->sq_late, &left->l_runlink);
	}
	spin_unlock(&q->sq_lock);
	if (left)
		later(&q->sq_later);
}

/*
 * Returns: the best of a channel's sleepers: the first of those with the best
 *   priority.
 * Locks: the queue's.
 */
static struct lwp *choose(struct lwp *first)
{
	struct lwp *best = first, *l;
	u32 n = 1;

	list_for_each(l, &first->l_mates, l_runlink) {
		if (n++ == CHOICE_MAX)
			break;
		if (l->l_pri < best->l_pri)
			best = l;
	}
	return best;
}

void wakeup_one(const void *chan)
{
	struct sleepq *q = sleepq_of(chan);
	struct lwp *first;

	jitter();
	spin_lock(&q->sq_lock);
	first = sleep_find_first(q, chan);
	if (first)
		sleepq_remove(choose(first), 0);
	spin_unlock(&q->sq_lock);
}
