/* SPDX-License-Identifier: MIT */
/*
 * The choice of the lwp that runs. Each CPU has a run queue. swtch() takes the
 * best lwp of its own queue, or steals one, or idles.
 *
 * Handing an lwp over. l_oncpu is true from before an lwp is chosen until it
 * has left the CPU and its registers are saved. An lwp that is leaving may be
 * woken, because it is on a sleep queue already. setrunnable() then puts it on
 * the queue of the CPU that it is leaving, and other CPUs do not steal it. So a
 * CPU only picks an lwp whose registers are saved, or the lwp that it is
 * running: no CPU waits for another.
 *
 * Priorities. Lower is better. A full time slice costs an lwp one step; a
 * wakeup from sleep gives it its base priority again; nice moves the base. An
 * lwp that has waited for WAIT_NS also gets its base priority: otherwise a
 * stream of new lwps, each with the best priority, would keep it from ever
 * running. Timers are one-shot: the slice is armed only while another lwp waits
 * on the same queue.
 *
 * A better lwp does not take the CPU from another process at once: the running
 * lwp may go on for RUN_NS. Otherwise a CPU-bound process that writes to a pipe
 * byte by byte would lose the CPU to the reader at every byte.
 */
#include "proc/sched/sched.h"

#include "kernel/dev/clock.h"
#include "kernel/dev/irq.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/hat.h"
#include "proc/cputimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/sched/runq.h"
#include "proc/sched/sleep.h"

#define SLICE_NS (20 * NSEC_PER_MSEC)
#define RUN_NS NSEC_PER_MSEC
#define HELP_NS (50 * NSEC_PER_USEC)

/* How long the lwp on this CPU has been running. */
static u64 ran_ns(const struct runq *rq)
{
	return clock_cycles_to_ns(clock_cycles() - rq->rq_since);
}

/*
 * The callout of rq is not set, or has run.
 * Locks: none; interrupts off.
 */
static void disarmed(struct runq *rq)
{
	ASSERT(intr_off());
	rq->rq_when = 0;
	rq->rq_sliced = false;
}

/*
 * The running lwp is checked in at most `left` ns.
 * Locks: none; interrupts off.
 */
static void arm_in(struct runq *rq, u64 left)
{
	u64 when = clock_mono_ns() + left;

	ASSERT(intr_off());
	if (left <= SLICE_NS)
		rq->rq_sliced = true;
	if (rq->rq_when && rq->rq_when <= when)
		return;
	rq->rq_when = when;
	callout_set(&rq->rq_slice, when);
}

/* The rest of the running lwp's slice; 0: no end, no lwp waits. */
static u64 slice_left(const struct runq *rq)
{
	return rq->rq_n ? SLICE_NS : 0;
}

/*
 * The same, for a slice or a CPU-time timer. left 0: there is neither. A slice
 * that has begun is not changed.
 */
static void slice_end_in(struct runq *rq, u64 left)
{
	if (left && (left < SLICE_NS || !rq->rq_sliced))
		arm_in(rq, left);
}

/*
 * Arms the check of the running lwp at the end of its slice, or at its CPU-time
 * timer. Interrupts off, on its CPU.
 * Locks: no spinlock held: the timers are under p_lock.
 */
static void slice_arm(struct cpu *c, struct lwp *l)
{
	struct runq *rq = &runqs[c->c_id];
	u64 left = slice_left(rq);

	ASSERT(intr_off());
	if (l->l_proc != &proc0) {
		u64 timer = cputimer_left(l);

		if (timer && (!left || timer < left))
			left = timer;
	}
	slice_end_in(rq, left);
}

/*
 * An lwp of priority pri, better than l, waits for the CPU that l runs on.
 * Interrupts off, on that CPU.
 */
static void give_way(struct cpu *c, struct lwp *l, int pri)
{
	struct runq *rq = &runqs[c->c_id];
	u64 ran;

	ASSERT(intr_off());
	if (l != c->c_idle && pri > PRI_KERNEL) {
		ran = ran_ns(rq);
		if (ran < RUN_NS) {
			arm_in(rq, RUN_NS - ran);
			return;
		}
	}
	c->c_need_resched = true;
}

static bool may_run(const struct lwp *l, const struct cpu *c)
{
	return c->c_online && (l->l_affinity & (1u << c->c_id));
}

/* Hints about another CPU. */
static bool is_idle(const struct cpu *c)
{
	return c->c_online && c->c_idle && c->c_current == c->c_idle && !runqs[c->c_id].rq_n;
}

/* Returns: an idle CPU that l may use, its last CPU first; NULL: none. */
static struct cpu *idle_cpu_for(const struct lwp *l)
{
	if (may_run(l, l->l_cpu) && is_idle(l->l_cpu))
		return l->l_cpu;
	for (u32 i = 0; i < ncpu; i++) {
		if (may_run(l, &cpus[i]) && is_idle(&cpus[i]))
			return &cpus[i];
	}
	return NULL;
}

/*
 * The CPU for a woken lwp. Waking a halted CPU takes longer than waiting for
 * most wakers, which soon sleep themselves. So the waker's CPU comes first even
 * if others are idle. It wakes an idle CPU if the waker goes on for HELP_NS.
 * Interrupts off.
 */
static struct cpu *choose_cpu(const struct lwp *l)
{
	struct cpu *me = curcpu(), *idle;

	ASSERT(intr_off());
	if (l->l_oncpu)
		return l->l_cpu;
	idle = idle_cpu_for(l);
	if (idle)
		return may_run(l, me) && !runqs[me->c_id].rq_n ? me : idle;
	if (may_run(l, l->l_cpu))
		return l->l_cpu;
	for (u32 i = 0; i < ncpu; i++) {
		if (may_run(l, &cpus[i]))
			return &cpus[i];
	}
	return l->l_cpu;
}

/* Returns: an idle CPU; NULL: none. */
static struct cpu *idle_cpu(void)
{
	for (u32 i = 0; i < ncpu; i++) {
		if (is_idle(&cpus[i]))
			return &cpus[i];
	}
	return NULL;
}

/*
 * If an lwp that may run elsewhere still waits here in HELP_NS, an idle CPU is
 * woken. Interrupts off, on this CPU.
 */
static void help_soon(struct cpu *c)
{
	struct runq *rq = &runqs[c->c_id];

	ASSERT(intr_off());
	if (rq->rq_nfree && idle_cpu())
		slice_end_in(rq, HELP_NS);
}

/*
 * Tells c that its queue has changed. The caller may hold spinlocks above
 * LR_RUNQ. A CPU-time timer of the running lwp needs no check: it was checked
 * when the lwp got the CPU.
 */
static void cpu_poke(struct cpu *c, int pri)
{
	struct lwp *running;

	if (c == curcpu()) {
		running = c->c_current;
		if (running == c->c_idle || pri < running->l_pri)
			give_way(c, running, pri);
		else
			slice_end_in(&runqs[c->c_id], slice_left(&runqs[c->c_id]));
		if (running != c->c_idle)
			help_soon(c);
		return;
	}
	/*
	 * The lwp is queued before c_current is read. c sets c_current, and
	 * removes its slice's callout (a lock), before it looks at its queue
	 * for the last time and halts.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	running = c->c_current;
	if (running != c->c_idle && pri >= running->l_pri && runqs[c->c_id].rq_sliced)
		return;
	ipi_send(c->c_id, T_IPI_RESCHED);
}

/* The resched IPI: a better lwp waits, or now a second lwp wants this CPU. */
void sched_ipi(void)
{
	struct cpu *c = curcpu();
	struct lwp *l = curlwp();
	u64 map = runqs[c->c_id].rq_map;

	if (l == c->c_idle || (map && __builtin_ctzll(map) < l->l_pri))
		give_way(c, l, map ? __builtin_ctzll(map) : 0);
	else
		/* a second lwp wants the CPU, or a CPU-time timer was set */
		slice_arm(c, l);
}

/* Does an lwp wait here that an idle CPU could take? Wakes that CPU. */
static bool call_help(const struct cpu *c)
{
	struct cpu *idle = runqs[c->c_id].rq_nfree ? idle_cpu() : NULL;

	if (idle)
		ipi_send(idle->c_id, T_IPI_RESCHED);
	return idle != NULL;
}

/*
 * The slice of the lwp on this CPU is over, or RUN_NS, or HELP_NS. Interrupt
 * context.
 */
static void slice_over(void *arg)
{
	struct cpu *c = curcpu();
	struct lwp *l = curlwp();
	struct runq *rq = &runqs[c->c_id];

	disarmed(rq);
	if (l == c->c_idle)
		return;
	if (l->l_proc != &proc0) {
		cputimer_check(l);
		if (ran_ns(rq) >= SLICE_NS / 2 && l->l_pri < PRI_USER_MAX)
			l->l_pri++;
	}
	if (call_help(c) && ran_ns(rq) < RUN_NS)
		sched_ipi();
	else
		c->c_need_resched = true;
}

void sched_look_again(void)
{
	struct cpu *me;

	intr_push_off();
	me = curcpu();
	me->c_need_resched = true;
	for (u32 i = 0; i < ncpu; i++) {
		if (&cpus[i] != me && cpus[i].c_online && cpus[i].c_current != cpus[i].c_idle)
			ipi_send(i, T_IPI_RESCHED);
	}
	intr_pop_off();
}

void setrunnable(struct lwp *l)
{
	struct cpu *c;
	struct runq *rq;

	intr_push_off();
	c = choose_cpu(l);
	rq = &runqs[c->c_id];
	spin_lock(&rq->rq_lock);
	l->l_state = LS_RUNNABLE;
	l->l_cpu = c;
	l->l_pri = base_pri(l) < l->l_pri || l->l_proc == &proc0 ? base_pri(l) : l->l_pri;
	runq_insert(rq, l);
	spin_unlock(&rq->rq_lock);
	cpu_poke(c, l->l_pri);
	intr_pop_off();
}

static struct lwp *pick(struct cpu *c)
{
	struct runq *rq = &runqs[c->c_id];
	struct lwp *l;

	spin_lock(&rq->rq_lock);
	runq_lift(rq);
	l = runq_best(rq);
	if (l)
		runq_take(rq, l);
	spin_unlock(&rq->rq_lock);
	if (!l)
		l = runq_steal(c);
	return l ? l : c->c_idle;
}

void swtch(void)
{
	struct lwp *prev = curlwp(), *next;
	struct cpu *c = curcpu();
	struct kstack_info *ki;
	int depth;
	bool was_on;

	ASSERT(intr_off());
	ASSERT(c->c_nheld == 0);
	ASSERT(kstack_info()->ki_canary == KSTACK_CANARY);
	c->c_need_resched = false;
	next = pick(c);
	next->l_state = LS_RUNNING;
	if (next == prev) {
		slice_arm(c, next);
		return;
	}
	c->c_nswitch++;
	cpu_charge(c, prev, next);
	runqs[c->c_id].rq_since = next->l_stamp;
	next->l_cpu = c;
	next->l_oncpu = true;
	c->c_current = next;
	c->c_proc = next->l_proc != &proc0 ? next->l_proc : NULL;
	ki = next->l_kstack;
	ki->ki_cpu = c;
	if (runqs[c->c_id].rq_when) {
		callout_cancel_nowait(&runqs[c->c_id].rq_slice);
		disarmed(&runqs[c->c_id]);
	}
	if (next != c->c_idle) {
		slice_arm(c, next);
		help_soon(c);
	}
	lwp_machine_out(prev);
	lwp_machine_in(next);
	/* The nesting of intr_push_off() belongs to the lwp, not to the CPU. */
	depth = c->c_intr_depth;
	was_on = c->c_intr_was_on;
	prev = lwp_switch(prev, &prev->l_ksp, next->l_ksp);
	c = curcpu();
	c->c_intr_depth = depth;
	c->c_intr_was_on = was_on;
	swtch_finish(prev);
}

void swtch_finish(struct lwp *prev)
{
	bool dead = prev->l_state == LS_DEAD;

	__atomic_store_n(&prev->l_oncpu, false, __ATOMIC_RELEASE);
	if (dead)
		lwp_free(prev);
}

void sched_yield_cpu(void)
{
	struct lwp *l = curlwp();
	struct cpu *c;
	struct runq *rq;

	intr_push_off();
	c = curcpu();
	rq = &runqs[c->c_id];
	if (rq->rq_n) {
		spin_lock(&rq->rq_lock);
		l->l_state = LS_RUNNABLE;
		runq_insert(rq, l);
		spin_unlock(&rq->rq_lock);
		swtch();
	} else {
		c->c_need_resched = false;
		/* no lwp waits, but a CPU-time timer may run */
		slice_arm(c, l);
	}
	intr_pop_off();
}

void sched_preempt(void)
{
	curproc()->p_nivcsw++;
	sched_yield_cpu();
}

void sched_idle(void)
{
	struct cpu *c = curcpu();

	for (;;) {
		x86_cli();
		if (!runqs[c->c_id].rq_n && !c->c_need_resched) {
			/*
			 * Other CPUs may have lwps waiting: look before
			 * halting.
			 */
			struct lwp *l = runq_steal(c);

			if (!l) {
				x86_sti_hlt();
				continue;
			}
			spin_lock(&runqs[c->c_id].rq_lock);
			l->l_cpu = c;
			runq_insert(&runqs[c->c_id], l);
			spin_unlock(&runqs[c->c_id].rq_lock);
		}
		curlwp()->l_state = LS_RUNNABLE;
		swtch();
		x86_sti();
	}
}

u32 sched_wanting(void)
{
	u32 n = 0;

	for (u32 i = 0; i < ncpu; i++)
		n += runqs[i].rq_n + (cpus[i].c_online && cpus[i].c_current != cpus[i].c_idle);
	return n;
}

static void slice_init(struct cpu *c)
{
	struct runq *rq = &runqs[c->c_id];

	callout_init(&rq->rq_slice, slice_over, NULL);
}

void sched_init(void)
{
	sleepq_init();
	for (u32 i = 0; i < MAXCPU; i++) {
		cpus[i].c_id = i;
		runq_init(&runqs[i]);
		slice_init(&cpus[i]);
	}
	idle_adopt(&cpus[0]);
	loadavg_init();
}

void sched_init_ap(struct cpu *c)
{
	idle_adopt(c);
}
