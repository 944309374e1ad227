/* SPDX-License-Identifier: MIT */
/*
 * Out of memory. The victim is the process that uses most pages, not the one
 * that asks for the last page, which may be a shell, or init.
 */
#include "kernel/oom.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/ratelimit.h"
#include "mm/as.h"
#include "mm/usercopy.h"
#include "proc/proctab.h"
#include "proc/sched/sleep.h"

#define WAIT_NS (10 * NSEC_PER_MSEC)
/*
 * The victim may wait for a lock that this lwp holds: after so many turns this
 * lwp gives up.
 */
#define TURNS 100
/* Turns for a dying process before another one is killed too. */
#define PATIENCE 10

/* The weight of p in the choice. */
struct weight {
	u32 w_pages;  /* pages, its own and shared; 0: not a victim */
	bool w_dying; /* it is dying and will soon free them */
};

/* Locks: pidlock. */
static struct weight weigh(struct proc *p)
{
	struct weight w = { 0 };

	ASSERT(spin_held(&pidlock));
	if (p->p_stat != PS_ACTIVE || p == initproc)
		return w;
	spin_lock(&p->p_lock);
	if (!(p->p_flags & P_KERNEL) && p->p_as) {
		w.w_pages = p->p_as->a_hat.h_resident;
		w.w_dying = (p->p_flags & P_EXITING) || (p->p_sigq.sq_set & SIGBIT(K_SIGKILL));
	}
	spin_unlock(&p->p_lock);
	return w;
}

/*
 * Returns: p_order of the process with most pages; 0: there is none. *dying:
 *   one is exiting already.
 * Locks: pidlock.
 */
static u64 find_heaviest(bool *dying)
{
	struct proc_walk walk;
	struct proc *p;
	u64 victim = 0;
	u32 most = 0;

	ASSERT(spin_held(&pidlock));
	*dying = false;
	walk_all(&walk, WALK_MANY);
	while ((p = walk_next(&walk))) {
		struct weight w = weigh(p);

		*dying |= w.w_dying;
		/*
		 * Of several with about as many pages, the youngest: it has
		 * done least work, and its parent may want to know.
		 */
		if (!w.w_dying && w.w_pages && w.w_pages + w.w_pages / 8 >= most) {
			most = MAX(most, w.w_pages);
			victim = p->p_order;
		}
	}
	return victim;
}

/*
 * Returns: the process with most pages, with a reference; NULL: there is none.
 */
static struct proc *heaviest(bool *dying)
{
	struct proc *victim;
	u64 order;

	spin_lock(&pidlock);
	do {
		order = find_heaviest(dying);
		victim = order ? proctab_at(order) : NULL;
	} while (order && !victim); /* it has exited by itself */
	if (victim)
		victim->p_ref++;
	spin_unlock(&pidlock);
	return victim;
}

static struct ratelimit kill_limit = RATELIMIT_INIT("out of memory", "");

static void kill(struct proc *p)
{
	/* one line for each victim: many lwps may run out at once */
	static pid_t last;

	if (__atomic_exchange_n(&last, p->p_pid, __ATOMIC_RELAXED) != p->p_pid)
		printk_limited(&kill_limit, "out of memory: process %d (%s) killed\n", p->p_pid, p->p_comm);
	signal_proc(p, K_SIGKILL, NULL);
}

/*
 * Kills the process with most pages, unless a process is dying already and
 * there is time to wait for it.
 * Returns: is it the current process?
 */
static bool make_room(bool patient)
{
	bool dying, mine = false;
	struct proc *p = heaviest(&dying);

	if (!(dying && patient)) {
		mine = !p || p == curproc();
		if (p)
			kill(p);
	}
	if (p)
		proc_rele(p);
	return mine && curproc() != initproc;
}

enum fault_result oom_fault(struct trapframe *tf, u32 addr, u32 err)
{
	enum fault_result result;
	int turn;

	assert_may_sleep("oom_fault");
	for (turn = 0; turn < TURNS || curproc() == initproc; turn++) {
		if (make_room(turn % PATIENCE != PATIENCE - 1))
			break;
		if (sleep(&initproc, NULL, SLP_KILL, clock_mono_ns() + WAIT_NS) == -ERESTARTSYS)
			break;
		result = pagefault(tf, addr, err);
		if (result != FAULT_OOM)
			return result;
	}
	kill(curproc());
	if (!tf_from_user(tf))
		(void)ex_table_fixup(tf);
	return FAULT_DONE;
}
