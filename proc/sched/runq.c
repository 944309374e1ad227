/* SPDX-License-Identifier: MIT */
/*
 * The run queues: their order, the ageing of lwps, and what another CPU may
 * take.
 */
#include "proc/sched/runq.h"

#include "kernel/lib/panic.h"
#include "proc/sched/lwp_impl.h"

#define WAIT_NS (200 * NSEC_PER_MSEC)

struct runq runqs[MAXCPU];

void runq_init(struct runq *rq)
{
	spin_init(&rq->rq_lock, "runq", LR_RUNQ);
	for (u32 i = 0; i < NPRI; i++)
		list_init(&rq->rq_pri[i]);
}

int base_pri(const struct lwp *l)
{
	int pri = PRI_USER;

	if (l->l_proc == &proc0)
		return l->l_pri;
	pri += l->l_proc->p_nice / 2;
	return MAX(pri, PRI_KERNEL + 1);
}

static bool bound_to(const struct lwp *l, u32 cpu)
{
	return !(l->l_affinity & ~(1u << cpu) & ((1u << ncpu) - 1));
}

void runq_insert(struct runq *rq, struct lwp *l)
{
	ASSERT(spin_held(&rq->rq_lock));
	l->l_queued = clock_cycles();
	l->l_bound = bound_to(l, (u32)(rq - runqs));
	rq->rq_nfree += !l->l_bound;
	list_push_back(&rq->rq_pri[l->l_pri], &l->l_runlink);
	rq->rq_map |= 1ull << l->l_pri;
	rq->rq_n++;
}

void runq_take(struct runq *rq, struct lwp *l)
{
	ASSERT(spin_held(&rq->rq_lock));
	list_remove(&l->l_runlink);
	if (list_empty(&rq->rq_pri[l->l_pri]))
		rq->rq_map &= ~(1ull << l->l_pri);
	rq->rq_n--;
	rq->rq_nfree -= !l->l_bound;
}

static bool has_passed(u64 since, u64 now, u64 ns)
{
	return now > since && clock_cycles_to_ns(now - since) >= ns;
}

void runq_lift(struct runq *rq)
{
	u64 now = clock_cycles(), map;

	ASSERT(spin_held(&rq->rq_lock));
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

struct lwp *runq_best(struct runq *rq)
{
	int pri;

	ASSERT(spin_held(&rq->rq_lock));
	if (!rq->rq_map)
		return NULL;
	pri = __builtin_ctzll(rq->rq_map);
	return list_first(&rq->rq_pri[pri], struct lwp, l_runlink);
}

/*
 * The first lwp of another CPU's queue that is allowed here and whose registers
 * are saved.
 */
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

struct lwp *runq_steal(struct cpu *c)
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
