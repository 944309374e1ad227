/* SPDX-License-Identifier: MIT */
/*
 * Sleeping locks. Rules: never taken with a spinlock held or in an interrupt;
 * released by the lwp that took them; taken in increasing rank
 * (kernel/lib/lock.h), which debug builds check per lwp; the wait cannot be
 * interrupted. A rwlock admits many readers; a waiting writer stops new
 * readers.
 */
#ifndef PROC_MUTEX_H
#define PROC_MUTEX_H

#include "kernel/lib/lock.h"
#include "kernel/lib/types.h"

struct lwp;

struct mutex {
	/* NULL: free (atomic; slow path under m_lock) */
	struct lwp *volatile m_owner;
	volatile u32 m_waiters;
	struct spinlock m_lock;
	const char *m_name;
	u16 m_rank;
};

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank);
void mutex_lock(struct mutex *m);
/*
 * Takes m although a mutex of the same rank may be held; the caller states the
 * order.
 */
void mutex_lock_nested(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_held(const struct mutex *m); /* by the current lwp */

struct rwlock {
	struct spinlock rw_lock; /* guards the rest */
	s32 rw_count;		 /* readers, or -1: writer */
	u32 rw_wwait;		 /* waiting writers */
	struct lwp *rw_writer;
	const char *rw_name;
	u16 rw_rank;
};

void rw_init(struct rwlock *rw, const char *name, enum lock_rank rank);
void rw_read_lock(struct rwlock *rw);
void rw_read_unlock(struct rwlock *rw);
void rw_write_lock(struct rwlock *rw);
void rw_write_unlock(struct rwlock *rw);
void rw_downgrade(struct rwlock *rw); /* writer to reader */
bool rw_write_held(const struct rwlock *rw);
/*
 * Does the current lwp hold it, for reading or for writing? For assertions:
 * debug builds only.
 */
bool rw_any_held(const struct rwlock *rw);

#endif
