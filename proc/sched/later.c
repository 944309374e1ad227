/* SPDX-License-Identifier: MIT */
/* The thread that does the work given to later(): see proc/sched/later.h. */
#include "proc/sched/later.h"

#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "proc/sched/lwp.h"
#include "proc/sched/sched.h"
#include "proc/sched/sleep.h"

static struct spinlock later_lock = SPINLOCK_INIT("later", LR_LATER);
static struct list waiting = LIST_INIT(waiting);
static struct later *doing; /* the thread does a part of it now */

/* Locks: later_lock. */
static void later_put(struct later *la)
{
	ASSERT(spin_held(&later_lock));
	if (list_empty(&la->la_link))
		list_push_back(&waiting, &la->la_link);
}

void later(struct later *la)
{
	spin_lock(&later_lock);
	later_put(la);
	wakeup_one(&waiting);
	spin_unlock(&later_lock);
}

void later_cancel(struct later *la)
{
	assert_may_sleep("later_cancel");
	spin_lock(&later_lock);
	while (doing == la)
		sleep(&doing, &later_lock, 0, 0);
	list_remove(&la->la_link);
	spin_unlock(&later_lock);
}

static void later_thread(void *arg)
{
	spin_lock(&later_lock);
	for (;;) {
		bool more;

		while (list_empty(&waiting))
			sleep(&waiting, &later_lock, 0, 0);
		doing = list_first(&waiting, struct later, la_link);
		list_remove(&doing->la_link);
		spin_unlock(&later_lock);
		more = doing->la_do(doing);
		spin_lock(&later_lock);
		if (more)
			later_put(doing);
		doing = NULL;
		/* Without the lock: a wakeup of many leaves the rest to this thread. */
		spin_unlock(&later_lock);
		wakeup(&doing);
		spin_lock(&later_lock);
	}
}

void later_start(void)
{
	kthread_create("later", later_thread, NULL, PRI_KERNEL);
}
