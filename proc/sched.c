/* SPDX-License-Identifier: MIT */
/*
 * Who runs. Each CPU has a run queue; swtch() takes the best lwp of its own queue, or steals one, or idles.
 *
 * Handing an lwp over. l_oncpu is true from before an lwp is chosen until its registers are saved after it has left. An lwp may be woken
 * in between (it stands on a sleep queue already); setrunnable() then puts it on the queue of the very CPU that it is leaving, and stealing
 * passes over such lwps. So a CPU only ever picks an lwp whose registers are saved, or the one that it is running: no CPU waits for another.
 *
 * Priorities. Lower is better. A full time slice used sinks the lwp by one step, a wakeup from sleep lifts it to its base;
 * nice moves the base. One that has waited for WAIT_NS is lifted to its base too: lwps that are made all the time, each with the best priority, would
 * else keep one that has sunk from ever running. One-shot timers: the slice is armed only while somebody else waits on the same queue.
 *
 * A better lwp does not take the CPU from another process at once: who runs may go on for RUN_NS. Else a process that has sunk and
 * writes to a pipe byte by byte would lose the CPU to the reader at every byte.
 */
#include "proc/sched.h"

#include "kernel/dev/clock.h"
#include "kernel/dev/irq.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/hat.h"
#include "proc/cputimer.h"
#include "proc/lwp_impl.h"
#include "proc/sleep.h"

#define SLICE_NS (20 * NSEC_PER_MSEC)
#define RUN_NS NSEC_PER_MSEC
#define WAIT_NS (200 * NSEC_PER_MSEC)
#define LOAD_PERIOD (5 * NSEC_PER_SEC)

struct runq {
	struct spinlock rq_lock;
	u64 rq_map; /* bit per priority that has an lwp */
	u32 rq_n;
	struct list rq_pri[NPRI]; /* in each, who has waited longest comes first */
	u64 rq_looked;		  /* when runq_lift() looked last, in cycles */
	/* This CPU only, interrupts off. */
	struct callout rq_slice;
	u64 rq_when;  /* when it is over, 0: not armed; others read it as a hint */
	u64 rq_since; /* when the lwp that runs came, in cycles */
};

static struct runq runqs[MAXCPU];
static struct callout load_callout;
static u32 loadavg[3];

static int base_pri(const struct lwp *l)
{
	int pri = PRI_USER;

	if (l->l_proc == &proc0)
		return l->l_pri;
	pri += l->l_proc->p_nice / 2;
	return MAX(pri, PRI_KERNEL + 1);
}

/* Queue lock held. */
static void runq_insert(struct runq *rq, struct lwp *l)
{
	l->l_queued = clock_cycles();
	list_push_back(&rq->rq_pri[l->l_pri], &l->l_runlink);
	rq->rq_map |= 1ull << l->l_pri;
	rq->rq_n++;
}

static void runq_take(struct runq *rq, struct lwp *l)
{
	list_remove(&l->l_runlink);
	if (list_empty(&rq->rq_pri[l->l_pri]))
		rq->rq_map &= ~(1ull << l->l_pri);
	rq->rq_n--;
}

static bool has_passed(u64 since, u64 now, u64 ns)
{
	return now > since && clock_cycles_to_ns(now - since) >= ns;
}

/* Those who have sunk and waited long enough get their base priority, and wait among the others there. Queue lock held. */
static void runq_lift(struct runq *rq)
{
	u64 now = clock_cycles(), map;

	if (!has_passed(rq->rq_looked, now, WAIT_NS / 4))
		return;
	rq->rq_looked = now;
	for (map = rq->rq_map; map; map &= map - 1) {
		struct list *head = &rq->rq_pri[__builtin_ctzll(map)];

		while (!list_empty(head)) {
			struct lwp *l = list_first(head, struct lwp, l_runlink);

			if (base_pri(l) >= l->l_pri || !has_passed(l->l_queued, now, WAIT_NS))
				break;
			runq_take(rq, l);
			l->l_pri = base_pri(l);
			runq_insert(rq, l);
		}
	}
}

static struct lwp *runq_best(struct runq *rq)
{
	int pri;

	if (!rq->rq_map)
		return NULL;
	pri = __builtin_ctzll(rq->rq_map);
	return list_first(&rq->rq_pri[pri], struct lwp, l_runlink);
}

/* The first lwp of another CPU's queue that may run here and whose registers are saved. */
static struct lwp *runq_steal_from(struct runq *rq, struct cpu *thief)
{
	u64 map = rq->rq_map;

	while (map) {
		int pri = __builtin_ctzll(map);
		struct lwp *l;

		map &= map - 1;
		list_for_each(l, &rq->rq_pri[pri], l_runlink) {
			if (!l->l_oncpu && (l->l_affinity & (1u << thief->c_id))) {
				runq_take(rq, l);
				return l;
			}
		}
	}
	return NULL;
}

static struct lwp *runq_steal(struct cpu *c)
{
	for (u32 i = 1; i < ncpu; i++) {
		struct runq *rq = &runqs[(c->c_id + i) % ncpu];
		struct lwp *l;

		if (!rq->rq_n)
			continue;
		spin_lock(&rq->rq_lock);
		l = runq_steal_from(rq, c);
		spin_unlock(&rq->rq_lock);
		if (l)
			return l;
	}
	return NULL;
}

/* How long the lwp on this CPU has been running. */
static u64 ran_ns(const struct runq *rq)
{
	return clock_cycles_to_ns(clock_cycles() - rq->rq_since);
}

/* The slice of whoever runs on this CPU is over, or what is left of RUN_NS. Interrupt context. */
static void slice_over(void *arg)
{
	struct cpu *c = curcpu();
	struct lwp *l = curlwp();
	struct runq *rq = &runqs[c->c_id];

	rq->rq_when = 0;
	if (l == c->c_idle)
		return;
	if (l->l_proc != &proc0) {
		cputimer_check(l);
		if (ran_ns(rq) >= SLICE_NS / 2 && l->l_pri < PRI_USER_MAX)
			l->l_pri++;
	}
	c->c_need_resched = true;
}

/* No later than this. Interrupts off. */
static void arm(struct runq *rq, u64 when)
{
	if (rq->rq_when && rq->rq_when <= when)
		return;
	rq->rq_when = when;
	callout_set(&rq->rq_slice, when);
}

/* What is left of the running lwp's slice; 0: no end, nobody waits. */
static u64 slice_left(const struct runq *rq)
{
	return rq->rq_n ? SLICE_NS : 0;
}

static void slice_end_in(struct runq *rq, u64 left)
{
	if (left && !rq->rq_when)
		arm(rq, clock_mono_ns() + left);
}

/*
 * Sees to it that the running lwp is looked at again when its slice, or its CPU-time timer, is over. Interrupts off, on its CPU, no spinlock
 * held: the timers are under p_lock.
 */
static void slice_arm(struct cpu *c, struct lwp *l)
{
	struct runq *rq = &runqs[c->c_id];
	u64 left = slice_left(rq);

	if (l->l_proc != &proc0) {
		u64 timer = cputimer_left(l);

		if (timer && (!left || timer < left))
			left = timer;
	}
	slice_end_in(rq, left);
}

/* Somebody of priority pri, better than l, waits for the CPU that l runs on. Interrupts off, on its CPU. */
static void give_way(struct cpu *c, struct lwp *l, int pri)
{
	struct runq *rq = &runqs[c->c_id];
	u64 ran;

	if (l != c->c_idle && pri > PRI_KERNEL) {
		ran = ran_ns(rq);
		if (ran < RUN_NS) {
			arm(rq, clock_mono_ns() + RUN_NS - ran);
			return;
		}
	}
	c->c_need_resched = true;
}

static struct cpu *choose_cpu(struct lwp *l)
{
	struct cpu *last = l->l_cpu;

	if (l->l_oncpu)
		return last;
	if ((l->l_affinity & (1u << last->c_id)) && last->c_idle && !runqs[last->c_id].rq_n &&
	    last->c_current == last->c_idle)
		return last;
	for (u32 i = 0; i < ncpu; i++) {
		struct cpu *c = &cpus[i];

		if (c->c_online && c->c_current == c->c_idle && !runqs[i].rq_n && (l->l_affinity & (1u << i)))
			return c;
	}
	if (l->l_affinity & (1u << last->c_id))
		return last;
	for (u32 i = 0; i < ncpu; i++) {
		if (cpus[i].c_online && (l->l_affinity & (1u << i)))
			return &cpus[i];
	}
	return last;
}

/*
 * Tells c that its queue has something new. The caller may hold spinlocks above LR_RUNQ; a CPU-time timer of the running lwp was looked at
 * when it got the CPU.
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
		return;
	}
	/*
	 * What is queued is there before c_current is looked at; c sets c_current, and takes its slice's callout off (a lock), before
	 * it looks at its queue for the last time and halts.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	running = c->c_current;
	if (running != c->c_idle && pri >= running->l_pri && runqs[c->c_id].rq_when)
		return;
	ipi_send(c->c_id, T_IPI_RESCHED);
}

/* The resched IPI: a better lwp is waiting, or the running one has company now. */
void sched_ipi(void)
{
	struct cpu *c = curcpu();
	struct lwp *l = curlwp();
	u64 map = runqs[c->c_id].rq_map;

	if (l == c->c_idle || (map && __builtin_ctzll(map) < l->l_pri))
		give_way(c, l, map ? __builtin_ctzll(map) : 0);
	else
		slice_arm(c, l); /* it has company now, or a timer on its CPU time */
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

	ASSERT(!x86_intr_enabled());
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
	ki = next->l_kstack;
	ki->ki_cpu = c;
	if (runqs[c->c_id].rq_when) {
		callout_cancel_nowait(&runqs[c->c_id].rq_slice);
		runqs[c->c_id].rq_when = 0;
	}
	if (next != c->c_idle)
		slice_arm(c, next);
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
		slice_arm(c, l); /* nobody waits, but a CPU-time timer may run */
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
			/* Others may have more than they can run: look before going to sleep. */
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

/* An exponential average over the number of lwps that run or want to, as everywhere. */
static void load_update(void *arg)
{
	/* exp(-5s/1min), exp(-5s/5min), exp(-5s/15min) in 1/65536. */
	static const u32 decay[3] = { 60296, 64453, 65173 };
	u32 n = 0;

	for (u32 i = 0; i < ncpu; i++)
		n += runqs[i].rq_n + (cpus[i].c_online && cpus[i].c_current != cpus[i].c_idle);
	for (u32 i = 0; i < 3; i++)
		loadavg[i] = (u32)(((u64)loadavg[i] * decay[i] +
				    (u64)n * LOADAVG_FIXED * (LOADAVG_FIXED - decay[i])) /
				   LOADAVG_FIXED);
	callout_set(&load_callout, clock_mono_ns() + LOAD_PERIOD);
}

void sched_loadavg(u32 avg[3])
{
	for (u32 i = 0; i < 3; i++)
		avg[i] = loadavg[i];
}

static void runq_init(struct cpu *c)
{
	struct runq *rq = &runqs[c->c_id];

	spin_init(&rq->rq_lock, "runq", LR_RUNQ);
	for (u32 i = 0; i < NPRI; i++)
		list_init(&rq->rq_pri[i]);
	callout_init(&rq->rq_slice, slice_over, NULL);
}

void sched_init(void)
{
	sleepq_init();
	for (u32 i = 0; i < MAXCPU; i++) {
		cpus[i].c_id = i;
		runq_init(&cpus[i]);
	}
	idle_adopt(&cpus[0]);
	callout_init(&load_callout, load_update, NULL);
	callout_set(&load_callout, clock_mono_ns() + LOAD_PERIOD);
}

void sched_init_ap(struct cpu *c)
{
	idle_adopt(c);
}
