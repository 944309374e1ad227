/* SPDX-License-Identifier: MIT */
/*
 * Callouts: each CPU's list of what is to happen when, sorted by time, and its local timer.
 *
 * The timer is set anew only when something earlier comes along. Taking the earliest callout off leaves it set: the
 * interrupt then finds nothing due and sets the timer for the next. So a callout that is moved again and again, such as a time
 * slice's end at each switch, costs a list operation and no access to the timer.
 */
#include "kernel/dev/clock.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/x86.h"

struct coqueue {
	struct spinlock cq_lock;
	struct list cq_list; /* by co_when */
	u64 cq_armed;	     /* when the timer will fire; 0: it is off */
	struct callout *volatile cq_running;
};

static struct coqueue queues[MAXCPU];

void clock_init_ap(void)
{
	struct coqueue *q = &queues[curcpu()->c_id];

	spin_init(&q->cq_lock, "callout", LR_CALLOUT);
	list_init(&q->cq_list);
}

void callout_init(struct callout *co, void (*fn)(void *arg), void *arg)
{
	*co = (struct callout){ .co_fn = fn, .co_arg = arg };
	list_init(&co->co_link);
}

static void arm(struct coqueue *q, u64 when)
{
	if (q->cq_armed && q->cq_armed <= when)
		return;
	q->cq_armed = when;
	clock_arm(when);
}

/* From the end: most callouts are set for later than those that wait already. */
static void insert(struct coqueue *q, struct callout *co)
{
	struct list *at = q->cq_list.prev;

	while (at != &q->cq_list && list_entry(at, struct callout, co_link)->co_when > co->co_when)
		at = at->prev;
	list_push_front(at, &co->co_link);
}

/* Finds the queue that co is on and locks it; NULL if it is on none. */
static struct coqueue *lock_queue_of(struct callout *co)
{
	for (;;) {
		struct cpu *c = __atomic_load_n(&co->co_cpu, __ATOMIC_ACQUIRE);
		struct coqueue *q;

		if (!c)
			return NULL;
		q = &queues[c->c_id];
		spin_lock(&q->cq_lock);
		if (co->co_cpu == c)
			return q;
		spin_unlock(&q->cq_lock);
	}
}

static void take_off(struct callout *co)
{
	list_remove(&co->co_link);
	__atomic_store_n(&co->co_cpu, NULL, __ATOMIC_RELEASE);
}

bool callout_cancel_nowait(struct callout *co)
{
	struct coqueue *q = lock_queue_of(co);

	if (!q)
		return false;
	take_off(co);
	spin_unlock(&q->cq_lock);
	return true;
}

bool callout_cancel(struct callout *co)
{
	bool queued = callout_cancel_nowait(co);

	for (u32 i = 0; i < MAXCPU; i++)
		while (queues[i].cq_running == co && &cpus[i] != curcpu())
			x86_pause();
	return queued;
}

void callout_set(struct callout *co, u64 when_ns)
{
	struct coqueue *q;

	callout_cancel_nowait(co);
	intr_push_off();
	q = &queues[curcpu()->c_id];
	spin_lock(&q->cq_lock);
	ASSERT(!co->co_cpu);
	co->co_when = when_ns;
	insert(q, co);
	__atomic_store_n(&co->co_cpu, curcpu(), __ATOMIC_RELEASE);
	arm(q, MAX(when_ns, 1ull));
	spin_unlock(&q->cq_lock);
	intr_pop_off();
}

/* Runs all that is due, then sets the timer for the next. Interrupts off, on the queue's own CPU. */
static void run_due(struct coqueue *q)
{
	spin_lock(&q->cq_lock);
	while (!list_empty(&q->cq_list)) {
		struct callout *co = list_first(&q->cq_list, struct callout, co_link);
		void (*fn)(void *arg) = co->co_fn;
		void *arg = co->co_arg;

		if (co->co_when > clock_mono_ns()) {
			arm(q, co->co_when);
			break;
		}
		q->cq_running = co; /* before it is off the list: callout_cancel() finds it there or here */
		take_off(co);
		spin_unlock(&q->cq_lock);
		fn(arg); /* may free co */
		spin_lock(&q->cq_lock);
		q->cq_running = NULL;
	}
	spin_unlock(&q->cq_lock);
}

void clock_intr(void)
{
	struct coqueue *q = &queues[curcpu()->c_id];

	q->cq_armed = 0;
	run_due(q);
}
