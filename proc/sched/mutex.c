/* SPDX-License-Identifier: MIT */
/* Sleeping locks, and the check of the order in which an lwp takes them. */
#include "proc/sched/mutex.h"

#include "kernel/lib/panic.h"
#include "proc/sched/lwp_impl.h"
#include "proc/sched/sleep.h"

#ifdef DEBUG
void lockorder_acquire(const void *lock, const char *name, u32 rank, enum lockorder how)
{
	struct lwp *l = curlwp();

	for (u32 i = 0; i < l->l_nmutex; i++) {
		if (l->l_mutexes[i] == lock)
			panic("%s %p: expected not held by this lwp, found held", name, lock);
		if (how != LO_TRY && (l->l_mutexrank[i] > rank || (l->l_mutexrank[i] == rank && how != LO_NESTED)))
			panic("lock order: %s (rank %u) taken while rank %u is held (%p)", name,
			      rank, l->l_mutexrank[i], l->l_mutexes[i]);
	}
	VERIFY(l->l_nmutex < ARRAY_SIZE(l->l_mutexes));
	l->l_mutexes[l->l_nmutex] = lock;
	l->l_mutexrank[l->l_nmutex++] = (u16)rank;
}

void lockorder_release(const void *lock)
{
	struct lwp *l = curlwp();

	for (u32 i = l->l_nmutex; i-- > 0;) {
		if (l->l_mutexes[i] != lock)
			continue;
		l->l_nmutex--;
		for (; i < l->l_nmutex; i++) {
			l->l_mutexes[i] = l->l_mutexes[i + 1];
			l->l_mutexrank[i] = l->l_mutexrank[i + 1];
		}
		return;
	}
	panic("unlock of %p: expected held by this lwp, found not", lock);
}

bool rw_any_held(const struct rwlock *rw)
{
	const struct lwp *l = curlwp();

	for (u32 i = 0; i < l->l_nmutex; i++) {
		if (l->l_mutexes[i] == rw)
			return true;
	}
	return false;
}
#else
void lockorder_acquire(const void *lock, const char *name, u32 rank, enum lockorder how)
{
}
void lockorder_release(const void *lock)
{
}
#endif

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	m->m_owner = NULL;
	m->m_waiters = 0;
	m->m_name = name;
	m->m_rank = (u16)rank;
	spin_init(&m->m_lock, name, LR_MUTEX_SPIN);
}

static bool mutex_try(struct mutex *m)
{
	struct lwp *none = NULL;

	return __atomic_compare_exchange_n(&m->m_owner, &none, curlwp(), false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/*
 * m_waiters is raised before the last try. Either that try finds the mutex
 * free, or the owner sees the waiter: the owner clears m_owner first and reads
 * m_waiters then. It takes m_lock to wake the waiter, so only after the waiter
 * sleeps.
 */
static void mutex_lock_slow(struct mutex *m)
{
	spin_lock(&m->m_lock);
	__atomic_add_fetch(&m->m_waiters, 1, __ATOMIC_SEQ_CST);
	while (!mutex_try(m))
		sleep(m, &m->m_lock, 0, 0);
	__atomic_sub_fetch(&m->m_waiters, 1, __ATOMIC_SEQ_CST);
	spin_unlock(&m->m_lock);
}

static void mutex_lock_common(struct mutex *m, enum lockorder how)
{
	assert_may_sleep(m->m_name);
	lockorder_acquire(m, m->m_name, m->m_rank, how);
	if (unlikely(!mutex_try(m)))
		mutex_lock_slow(m);
}

void mutex_lock(struct mutex *m)
{
	mutex_lock_common(m, LO_STRICT);
}

void mutex_lock_nested(struct mutex *m)
{
	mutex_lock_common(m, LO_NESTED);
}

bool mutex_trylock(struct mutex *m)
{
	if (!mutex_try(m))
		return false;
	/* A try cannot deadlock, so any order is allowed. */
	lockorder_acquire(m, m->m_name, m->m_rank, LO_TRY);
	return true;
}

void mutex_unlock(struct mutex *m)
{
	ASSERT(mutex_held(m));
	lockorder_release(m);
	__atomic_store_n(&m->m_owner, NULL, __ATOMIC_SEQ_CST);
	if (unlikely(__atomic_load_n(&m->m_waiters, __ATOMIC_SEQ_CST))) {
		spin_lock(&m->m_lock);
		wakeup_one(m);
		spin_unlock(&m->m_lock);
	}
}

bool mutex_held(const struct mutex *m)
{
	return m->m_owner == curlwp();
}

void rw_init(struct rwlock *rw, const char *name, enum lock_rank rank)
{
	spin_init(&rw->rw_lock, name, LR_MUTEX_SPIN);
	rw->rw_count = 0;
	rw->rw_wwait = 0;
	rw->rw_writer = NULL;
	rw->rw_name = name;
	rw->rw_rank = (u16)rank;
}

void rw_read_lock(struct rwlock *rw)
{
	assert_may_sleep(rw->rw_name);
	lockorder_acquire(rw, rw->rw_name, rw->rw_rank, LO_STRICT);
	spin_lock(&rw->rw_lock);
	while (rw->rw_count < 0 || rw->rw_wwait)
		sleep(rw, &rw->rw_lock, 0, 0);
	rw->rw_count++;
	spin_unlock(&rw->rw_lock);
}

void rw_read_unlock(struct rwlock *rw)
{
	lockorder_release(rw);
	spin_lock(&rw->rw_lock);
	ASSERT(rw->rw_count > 0);
	if (--rw->rw_count == 0 && rw->rw_wwait)
		wakeup(rw);
	spin_unlock(&rw->rw_lock);
}

void rw_write_lock(struct rwlock *rw)
{
	assert_may_sleep(rw->rw_name);
	lockorder_acquire(rw, rw->rw_name, rw->rw_rank, LO_STRICT);
	spin_lock(&rw->rw_lock);
	rw->rw_wwait++;
	while (rw->rw_count != 0)
		sleep(rw, &rw->rw_lock, 0, 0);
	rw->rw_wwait--;
	rw->rw_count = -1;
	rw->rw_writer = curlwp();
	spin_unlock(&rw->rw_lock);
}

void rw_write_unlock(struct rwlock *rw)
{
	lockorder_release(rw);
	spin_lock(&rw->rw_lock);
	ASSERT(rw->rw_writer == curlwp());
	rw->rw_count = 0;
	rw->rw_writer = NULL;
	wakeup(rw);
	spin_unlock(&rw->rw_lock);
}

void rw_downgrade(struct rwlock *rw)
{
	spin_lock(&rw->rw_lock);
	ASSERT(rw->rw_writer == curlwp());
	rw->rw_count = 1;
	rw->rw_writer = NULL;
	if (!rw->rw_wwait)
		wakeup(rw);
	spin_unlock(&rw->rw_lock);
}

bool rw_write_held(const struct rwlock *rw)
{
	return rw->rw_writer == curlwp();
}
