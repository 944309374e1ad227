/* SPDX-License-Identifier: MIT */
/*
 * Holding a process: its other lwps are brought to the return-to-user boundary
 * and stay there, so that its whole state is in memory and does not change
 * (SVR4's holdlwps). Checkpoints use it: the program does not notice a hold.
 * Signals of other processes still arrive; its own timers fire only when the
 * hold ends.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "proc/itimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/ptimer.h"
#include "proc/sched/sleep.h"

/*
 * Do all lwps but the caller stand at the boundary?
 * Locks: p_lock.
 */
static bool all_stand(struct proc *p)
{
	ASSERT(spin_held(&p->p_lock));
	return p->p_nheld == p->p_nlwp - (p == curproc() ? 1 : 0);
}

void lwp_end_hold(struct proc *p)
{
	ASSERT(spin_held(&p->p_lock));
	p->p_holder = NULL;
	p->p_flags &= ~P_HOLD;
	itimer_resume(p);
	ptimer_resume(p);
}

int proc_hold_ask(struct proc *p)
{
	int error = 0;

	spin_lock(&p->p_lock);
	if (p->p_holder) {
		error = -EBUSY;
	} else if (p->p_stat != PS_ACTIVE || (p->p_flags & P_EXITING)) {
		error = -ESRCH;
	} else {
		p->p_holder = curlwp();
		p->p_flags |= P_HOLD;
		proc_poke(p);
	}
	spin_unlock(&p->p_lock);
	return error;
}

int proc_hold_await(struct proc *p, u64 deadline)
{
	int error = 0;

	spin_lock(&p->p_lock);
	ASSERT(p->p_holder == curlwp());
	while (!all_stand(p) && !error)
		error = sleep(&p->p_nheld, &p->p_lock, SLP_FATAL, deadline);
	if (all_stand(p))
		error = 0;
	/*
	 * An exiting process must not be saved: restored, it would never have
	 * exited.
	 */
	if (!error && (p->p_nlwp == 0 || (p->p_flags & P_EXITING)))
		error = -ESRCH;
	spin_unlock(&p->p_lock);
	if (error)
		proc_release(p);
	return error == -ERESTARTSYS ? -EINTR : error;
}

#ifdef DEBUG
bool proc_stands(struct proc *p)
{
	bool stands;

	spin_lock(&p->p_lock);
	stands = p->p_holder == curlwp() && all_stand(p);
	spin_unlock(&p->p_lock);
	return stands;
}
#endif

void proc_release(struct proc *p)
{
	spin_lock(&p->p_lock);
	ASSERT(p->p_holder == curlwp());
	lwp_end_hold(p);
	wakeup(&p->p_flags);
	spin_unlock(&p->p_lock);
	/*
	 * Lets p run before the caller can ask again: on one CPU it would
	 * otherwise never go on.
	 */
	if (p != curproc())
		curlwp()->l_cpu->c_need_resched = true;
}
