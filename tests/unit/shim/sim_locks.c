/* SPDX-License-Identifier: MIT */
/* Spinlocks and mutexes of the simulated machine: they check who holds what, and in which order. */
#include <string.h>

#include "kernel/lib/panic.h"
#include "proc/proc.h"
#include "proc/sched/mutex.h"
#include "proc/sched/sleep.h"
#include "sim_impl.h"

static struct spinlock *held[32];
static u32 nheld;

void sim_locks_init(void)
{
	nheld = 0;
}

const char *sim_spin_held(void)
{
	return nheld ? held[0]->sl_name : NULL;
}

/* --- Spinlocks --- */

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	*l = (struct spinlock){ .sl_name = name, .sl_rank = (u16)rank };
}

static void acquire(struct spinlock *l, bool nested)
{
	if (l->sl_held)
		panic("spinlock %s taken twice", l->sl_name);
	if (!l->sl_name)
		panic("a spinlock that was never initialised");
	for (u32 i = 0; i < nheld; i++) {
		if (held[i]->sl_rank > l->sl_rank || (!nested && held[i]->sl_rank == l->sl_rank))
			panic("spinlock %s (rank %u) taken with %s (rank %u) held", l->sl_name,
			      l->sl_rank, held[i]->sl_name, held[i]->sl_rank);
	}
	l->sl_held = 1;
	held[nheld++] = l;
}

void spin_lock(struct spinlock *l)
{
	acquire(l, false);
}

void spin_lock_nested(struct spinlock *l)
{
	acquire(l, true);
}

bool spin_trylock(struct spinlock *l)
{
	if (l->sl_held)
		return false;
	l->sl_held = 1;
	held[nheld++] = l;
	return true;
}

void sim_spin_release(struct spinlock *l)
{
	if (!l->sl_held)
		panic("spinlock %s is not held", l->sl_name);
	l->sl_held = 0;
	for (u32 i = 0; i < nheld; i++) {
		if (held[i] == l) {
			memmove(&held[i], &held[i + 1], (nheld - i - 1) * sizeof(held[0]));
			nheld--;
			return;
		}
	}
}

void spin_unlock(struct spinlock *l)
{
	sim_spin_release(l);
	if (nheld == 0 && sim_task_name() && sim_yield && sim_rnd(sim_yield) == 0)
		sim_pause();
}

bool spin_held(const struct spinlock *l)
{
	return l->sl_held != 0;
}

bool spin_rank_held(enum lock_rank rank)
{
	for (u32 i = 0; i < nheld; i++) {
		if (held[i]->sl_rank == rank)
			return true;
	}
	return false;
}

bool intr_off(void)
{
	return true;
}

void assert_may_sleep(const char *what)
{
	if (nheld > 0)
		panic("%s with spinlock %s held", what, held[nheld - 1]->sl_name);
}

/* --- Mutexes --- */

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	*m = (struct mutex){ .m_name = name, .m_rank = (u16)rank };
}

static void mutex_note(struct mutex *m, bool nested)
{
	struct lwp *l = curlwp();

	for (u32 i = 0; i < l->l_nmutex; i++) {
		const struct mutex *h = l->l_mutexes[i];

		if (h->m_rank > m->m_rank || (!nested && h->m_rank == m->m_rank))
			panic("mutex %s (rank %u) taken with %s (rank %u) held", m->m_name,
			      m->m_rank, h->m_name, h->m_rank);
	}
	if (l->l_nmutex == ARRAY_SIZE(l->l_mutexes))
		panic("too many mutexes held");
	l->l_mutexes[l->l_nmutex++] = m;
}

static void lock_mutex(struct mutex *m, bool nested)
{
	assert_may_sleep("mutex_lock");
	if (m->m_owner == curlwp())
		panic("mutex %s taken twice", m->m_name);
	mutex_note(m, nested);
	while (m->m_owner)
		sleep(m, NULL, 0, 0);
	m->m_owner = curlwp();
	if (sim_task_name() && sim_yield && sim_rnd(sim_yield) == 0)
		sim_pause();
}

void mutex_lock(struct mutex *m)
{
	lock_mutex(m, false);
}

void mutex_lock_nested(struct mutex *m)
{
	lock_mutex(m, true);
}

bool mutex_trylock(struct mutex *m)
{
	struct lwp *l = curlwp();

	if (m->m_owner)
		return false;
	m->m_owner = l;
	l->l_mutexes[l->l_nmutex++] = m;
	return true;
}

void mutex_unlock(struct mutex *m)
{
	struct lwp *l = curlwp();

	if (m->m_owner != l)
		panic("mutex %s is not ours", m->m_name);
	for (u32 i = 0; i < l->l_nmutex; i++) {
		if (l->l_mutexes[i] == m) {
			memmove(&l->l_mutexes[i], &l->l_mutexes[i + 1],
				(l->l_nmutex - i - 1) * sizeof(l->l_mutexes[0]));
			l->l_nmutex--;
			break;
		}
	}
	m->m_owner = NULL;
	wakeup(m);
}

bool mutex_held(const struct mutex *m)
{
	return m->m_owner == curlwp();
}

int sleep_mutex(const void *chan, struct mutex *m, u32 flags, u64 deadline)
{
	int result;

	mutex_unlock(m);
	result = sleep(chan, NULL, flags, deadline);
	mutex_lock_nested(m);
	return result;
}
