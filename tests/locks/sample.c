/* SPDX-License-Identifier: MIT */
/*
 * Right and wrong uses of locks, for tools/lint-locks: tests/system/lint.py compiles this file as one of the kernel's, and
 * expects a finding in each function whose name begins with wrong_, and in no other.
 */
#include "kernel/lib/lock.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/sched/lwp_impl.h"
#include "proc/sched/mutex.h"
#include "proc/sched/sleep.h"

static struct spinlock sample_lock = SPINLOCK_INIT("sample", LR_PROC);
static struct spinlock inner_lock = SPINLOCK_INIT("inner", LR_FDTAB);
static struct mutex sample_mutex;
long sample_value;
void *sample_object;
long (*volatile sample_hook)(struct proc *p);

void sample_init(void)
{
	mutex_init(&sample_mutex, "sample", LR_VNODE);
}

static long value_of(struct proc *p)
{
	long v;

	spin_lock(&sample_lock);
	v = p->p_nice;
	spin_unlock(&sample_lock);
	return v;
}

static int may(struct proc *p)
{
	return value_of(p) == 0 ? 0 : -1;
}

/* A callee two calls away takes the same lock: the case of with_lwp() and proc_can_access(). */
void wrong_twice(struct proc *p)
{
	spin_lock(&sample_lock);
	sample_value = may(p);
	spin_unlock(&sample_lock);
}

void wrong_rank(struct proc *p)
{
	spin_lock(&inner_lock);
	sample_value = value_of(p);
	spin_unlock(&inner_lock);
}

static long hooked(struct proc *p)
{
	return value_of(p);
}

struct sample_ops {
	long (*so_value)(struct proc *p);
};
const struct sample_ops sample_ops = { .so_value = hooked };

void wrong_through_table(struct proc *p, const struct sample_ops *ops)
{
	spin_lock(&sample_lock);
	sample_value = ops->so_value(p);
	spin_unlock(&sample_lock);
}

void wrong_sleeping_allocation(void)
{
	spin_lock(&sample_lock);
	sample_object = kmalloc(100, 0);
	spin_unlock(&sample_lock);
}

void wrong_user_copy(uaddr_t dst)
{
	spin_lock(&sample_lock);
	sample_value = copyout(dst, &sample_value, sizeof(sample_value));
	spin_unlock(&sample_lock);
}

void wrong_mutex_inside(void)
{
	spin_lock(&sample_lock);
	mutex_lock(&sample_mutex);
	mutex_unlock(&sample_mutex);
	spin_unlock(&sample_lock);
}

void wrong_sleep(void)
{
	spin_lock(&inner_lock);
	sleep(&sample_value, &sample_lock, 0, 0);
	spin_unlock(&inner_lock);
}

/* One way of several leaves with the lock held. */
static struct proc *find_locked(struct proc *p)
{
	spin_lock(&sample_lock);
	if (p->p_nice)
		return p;
	spin_unlock(&sample_lock);
	return NULL;
}

void wrong_returned_locked(struct proc *p)
{
	if (find_locked(p)) {
		sample_value = value_of(p);
		spin_unlock(&sample_lock);
	}
}

void right_returned_locked(struct proc *p)
{
	if (find_locked(p))
		spin_unlock(&sample_lock);
	sample_value = value_of(p);
}

void right_order(struct proc *p)
{
	sample_value = value_of(p);
	spin_lock(&sample_lock);
	spin_lock(&inner_lock);
	sample_object = kmalloc(100, KM_NOWAIT);
	spin_unlock(&inner_lock);
	spin_unlock(&sample_lock);
	sample_object = kmalloc(100, 0);
}

void right_sleep(void)
{
	spin_lock(&sample_lock);
	sleep(&sample_value, &sample_lock, 0, 0);
	spin_unlock(&sample_lock);
}
