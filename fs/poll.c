/* SPDX-License-Identifier: MIT */
/*
 * Waiting for several files at once: the common part of poll(2) and select(2).
 *
 * A poller asks every file for its ready events. In the first round it also
 * leaves an entry with each object that could become ready (poll_wait).
 * pollwakeup() on that object marks the poller and wakes it, and it asks again.
 * Entries come from a stock that is filled before each file is asked, since
 * objects call poll_wait() with spinlocks held.
 */
#include "fs/poll.h"

#include "fs/file.h"
#include "fs/poll_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/sched/later.h"
#include "proc/sched/sleep.h"

/*
 * Guards every pollhead's list and every poller's p_woken; pollers sleep under
 * it.
 */
static struct spinlock poll_lock = SPINLOCK_INIT("poll", LR_POLL);

void pollhead_init(struct pollhead *ph)
{
	list_init(&ph->ph_pollers);
}

void poll_wait(struct pollhead *ph, struct poller *p)
{
	struct pollent *pe;

	if (!p || !p->p_stock)
		return;
	/*
	 * poller_ask() has made room; if it is too little, POLL_HEADS_MAX is
	 * too small.
	 */
	ASSERT(p->p_stock->pc_used < POLL_CHUNK);
	if (p->p_stock->pc_used == POLL_CHUNK)
		return;
	pe = &p->p_stock->pc_ent[p->p_stock->pc_used++];
	pe->pe_poller = p;
	pe->pe_head = ph;
	spin_lock(&poll_lock);
	list_push_back(&ph->ph_pollers, &pe->pe_link);
	spin_unlock(&poll_lock);
}

/* Entries that one wakeup looks at; a thread does the rest. */
#define WAKE_MAX 16u

/*
 * Entries with a late wakeup. Their files stay open during poll(2), so their
 * pollheads exist.
 */
static struct list late = LIST_INIT(late);
static bool wake_late(struct later *la);
static struct later wake_later = LATER_INIT(wake_later, wake_late);

/*
 * Wakes the pollers of some entries, and puts the entries back on their
 * pollheads. poll_lock held.
 */
static void wake_some(struct list *entries)
{
	ASSERT(spin_held(&poll_lock));
	for (u32 n = 0; n < WAKE_MAX && !list_empty(entries); n++) {
		struct pollent *pe = list_first(entries, struct pollent, pe_link);

		list_remove(&pe->pe_link);
		list_push_back(&pe->pe_head->ph_pollers, &pe->pe_link);
		if (!pe->pe_poller->p_woken) {
			pe->pe_poller->p_woken = true;
			wakeup(pe->pe_poller);
		}
	}
}

static bool wake_late(struct later *la)
{
	bool more;

	spin_lock(&poll_lock);
	wake_some(&late);
	more = !list_empty(&late);
	spin_unlock(&poll_lock);
	return more;
}

void pollwakeup(struct pollhead *ph)
{
	struct list entries = LIST_INIT(entries);
	bool more;

	if (list_empty(&ph->ph_pollers))
		return; /* a poller added from now on asks afterwards */
	spin_lock(&poll_lock);
	list_splice(&entries, &ph->ph_pollers);
	wake_some(&entries);
	more = !list_empty(&entries);
	list_splice(&late, &entries);
	spin_unlock(&poll_lock);
	if (more)
		later(&wake_later);
}

void poller_init(struct poller *p)
{
	p->p_woken = false;
	p->p_first.pc_next = NULL;
	p->p_first.pc_used = 0;
	p->p_stock = &p->p_first;
}

/* Room for the entries of one more file. -ENOMEM */
static int refill(struct poller *p)
{
	struct pollchunk *pc;

	if (p->p_stock->pc_used + POLL_HEADS_MAX <= POLL_CHUNK)
		return 0;
	pc = kmalloc(sizeof(*pc), 0);
	if (!pc)
		return -ENOMEM;
	pc->pc_used = 0;
	pc->pc_next = p->p_stock;
	p->p_stock = pc;
	return 0;
}

void poller_end(struct poller *p)
{
	struct pollchunk *pc = p->p_stock, *next;

	for (struct pollchunk *c = pc; c; c = c->pc_next) {
		spin_lock(&poll_lock);
		for (u32 i = 0; i < c->pc_used; i++)
			list_remove(&c->pc_ent[i].pe_link);
		spin_unlock(&poll_lock);
	}
	for (; pc && pc != &p->p_first; pc = next) {
		next = pc->pc_next;
		kfree(pc);
	}
	p->p_stock = NULL;
}

int poller_ask(struct poller *p, struct file *f, bool enter, u32 *ready)
{
	const struct vnodeops *op = vn_io_ops(f->f_vnode);
	int error;

	if (f->f_flags & O_PATH) {
		*ready = K_POLLNVAL;
		return 0;
	}
	if (!op->vop_poll) { /* such files are always ready */
		*ready = K_POLLIN | K_POLLOUT | K_POLLRDNORM | K_POLLWRNORM;
		return 0;
	}
	if (enter) {
		error = refill(p);
		if (error)
			return error;
	}
	*ready = op->vop_poll(f->f_vnode, f, enter ? p : NULL);
	return 0;
}

int poller_sleep(struct poller *p, u64 deadline)
{
	int error = 0;

	spin_lock(&poll_lock);
	while (!p->p_woken && !error)
		error = sleep(p, &poll_lock, SLP_INTR, deadline);
	p->p_woken = false;
	spin_unlock(&poll_lock);
	return error;
}
