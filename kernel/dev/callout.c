/* SPDX-License-Identifier: MIT */
/*
 * Callouts: each CPU's heap of callouts by time, and its local timer.
 *
 * The timer is set again only for an earlier callout. Removing the earliest
 * callout leaves the timer set: the interrupt then finds nothing due and sets
 * the timer for the next. So a callout that is moved often, such as a time
 * slice's end at each switch, costs two operations of the heap and no access to
 * the timer.
 */
#include "kernel/dev/clock.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/x86.h"

#define PAUSE_MAX_NS (2 * NSEC_PER_MSEC)

struct coqueue {
	struct spinlock cq_lock;
	struct heap cq_heap;
	u64 cq_armed; /* when the timer will fire; 0: it is off */
	/*
	 * no callout runs before this time: the last interrupt used up its
	 * budget
	 */
	u64 cq_pause;
	struct callout *volatile cq_running;
};

static struct coqueue queues[MAXCPU];

void clock_init_ap(void)
{
	struct coqueue *q = &queues[curcpu()->c_id];

	spin_init(&q->cq_lock, "callout", LR_CALLOUT);
	heap_init(&q->cq_heap);
}

void callout_init(struct callout *co, void (*fn)(void *arg), void *arg)
{
	*co = (struct callout){ .co_fn = fn, .co_arg = arg };
}

static void arm(struct coqueue *q, u64 when)
{
	when = MAX(when, MAX(q->cq_pause, 1ull));
	if (q->cq_armed && q->cq_armed <= when)
		return;
	q->cq_armed = when;
	clock_arm(when);
}

/*
 * Finds the queue that co is on and locks it.
 * Returns: NULL: it is on none.
 */
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

/* Locks: the queue's. */
static void take_off(struct coqueue *q, struct callout *co)
{
	heap_remove(&q->cq_heap, &co->co_node);
	__atomic_store_n(&co->co_cpu, NULL, __ATOMIC_RELEASE);
}

bool callout_cancel_nowait(struct callout *co)
{
	struct coqueue *q = lock_queue_of(co);

	if (!q)
		return false;
	take_off(q, co);
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
	heap_insert(&q->cq_heap, &co->co_node, when_ns);
	__atomic_store_n(&co->co_cpu, curcpu(), __ATOMIC_RELEASE);
	arm(q, when_ns);
	spin_unlock(&q->cq_lock);
	intr_pop_off();
}

/*
 * Returns: the first callout if it is due; else NULL, and the timer is set for
 *   it.
 * Locks: the queue's.
 */
static struct callout *first_due(struct coqueue *q, u64 now)
{
	struct heap_node *n = heap_first(&q->cq_heap);

	if (!n)
		return NULL;
	if (n->hn_key > now) {
		arm(q, n->hn_key);
		return NULL;
	}
	return container_of(n, struct callout, co_node);
}

/*
 * Has the interrupt that began at `begun` used up its budget? Then it pauses,
 * and the timer is set for the end of the pause.
 * Locks: the queue's.
 */
static bool budget_used(struct coqueue *q, u64 begun, u64 now)
{
	if (now - begun < CALLOUT_BUDGET_NS)
		return false;
	q->cq_pause = now + MIN(now - begun, PAUSE_MAX_NS);
	if (heap_first(&q->cq_heap))
		arm(q, heap_first(&q->cq_heap)->hn_key);
	return true;
}

/* Calls co's function, without the queue's lock. */
static void run(struct coqueue *q, struct callout *co)
{
	void (*fn)(void *arg) = co->co_fn;
	void *arg = co->co_arg;

	/*
	 * before it leaves the heap: callout_cancel() finds it in one place or
	 * the other
	 */
	q->cq_running = co;
	take_off(q, co);
	spin_unlock(&q->cq_lock);
	fn(arg); /* may free co */
	spin_lock(&q->cq_lock);
	q->cq_running = NULL;
}

/*
 * Runs the due callouts, within the budget, and sets the timer for the next.
 * Interrupts off, on the queue's own CPU.
 */
static void run_due(struct coqueue *q)
{
	u64 begun = clock_mono_ns(), now = begun;
	struct callout *co;

	ASSERT(intr_off());
	spin_lock(&q->cq_lock);
	q->cq_pause = 0;
	while ((co = first_due(q, now)) != NULL) {
		run(q, co);
		now = clock_mono_ns();
		if (budget_used(q, begun, now))
			break;
	}
	spin_unlock(&q->cq_lock);
}

void clock_intr(void)
{
	struct coqueue *q = &queues[curcpu()->c_id];

	q->cq_armed = 0;
	run_due(q);
}
