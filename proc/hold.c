/* SPDX-License-Identifier: MIT */
/*
 * Holding a process: its other lwps are brought to the return-to-user boundary and stay there, so that its state is all in
 * memory and still (SVR4's holdlwps). A checkpoint, and nothing else that should be hidden from the program, does this. Signals still come, but
 * none of its own timers': what is due meanwhile is due when the hold ends.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "proc/itimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/ptimer.h"
#include "proc/sched/sleep.h"

/* All lwps but the caller stand at the boundary. p_lock held. */
static bool all_stand(struct proc *p)
{
	return p->p_nheld == p->p_nlwp - (p == curproc() ? 1 : 0);
}

void lwp_end_hold(struct proc *p)
{
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
	/* What is on its way to its end would come back as if it had not begun that. */
	if (!error && (p->p_nlwp == 0 || (p->p_flags & P_EXITING)))
		error = -ESRCH;
	spin_unlock(&p->p_lock);
	if (error)
		proc_release(p);
	return error == -ERESTARTSYS ? -EINTR : error;
}

void proc_release(struct proc *p)
{
	spin_lock(&p->p_lock);
	ASSERT(p->p_holder == curlwp());
	lwp_end_hold(p);
	wakeup(&p->p_flags);
	spin_unlock(&p->p_lock);
	/* Its turn, before this one can ask again: or it would never go on where there is one CPU. */
	if (p != curproc())
		curlwp()->l_cpu->c_need_resched = true;
}
