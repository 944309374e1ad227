/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers, which a process knows by ids. They are made with the process,
 * and run from the instant at which all processes appear, as interval timers do
 * (st_timer.c).
 */
#include "ckpt/state/state.h"
#include "kernel/abi/errno.h"
#include "proc/abi_time.h"
#include "proc/cputimer.h"
#include "proc/ptimer.h"

/* ---- save ---- */

static int st_ptimer_save(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct img_proc *ip = cm->cm_img;
	struct ptimer_state st;
	s32 id = -1;

	while ((id = ptimer_next(cm->cm_proc, id, &st)) >= 0) {
		struct img_ptimer *pt = img_add_ptimer(&cs->cs_img, ip);

		if (!pt)
			return -ENOMEM;
		if (st.ps_foreign)
			return ckpt_refuse(cs_name(cs), -EOPNOTSUPP,
					   "timer %d is on the CPU-time clock of another process", id);
		*pt = (struct img_ptimer){ .pt_id = id,
					   .pt_clock = st.ps_clock,
					   .pt_value = st.ps_value,
					   .pt_signo = st.ps_signo,
					   .pt_notify = st.ps_notify,
					   .pt_tid = st.ps_tid,
					   .pt_overrun = st.ps_overrun,
					   .pt_interval = st.ps_interval,
					   /* No CPU time has passed since. */
					   .pt_remain = clock_is_cpu(st.ps_clock)
								? st.ps_left
								: st_left_then(cs, st.ps_left) };
	}
	return 0;
}

/* ---- restore ---- */

/* The timers are the process's once it has its identity: see start. */
static int st_ptimer_restore(struct ckpt_rmember *rm)
{
	const struct img_proc *ip = rm->rm_img;
	int error = 0;

	for (u32 i = 0; i < ip->p_nptimer && !error; i++) {
		const struct img_ptimer *pt = &ip->p_ptimer[i];
		const struct ptimer_state st = { .ps_clock = pt->pt_clock,
						 .ps_value = pt->pt_value,
						 .ps_signo = pt->pt_signo,
						 .ps_notify = pt->pt_notify,
						 .ps_tid = pt->pt_tid,
						 .ps_overrun = pt->pt_overrun,
						 .ps_interval = pt->pt_interval };

		error = ptimer_make(&rm->rm_timers, pt->pt_id, &st);
		if (error)
			error = ckpt_refuse(rm->rm_restore->cr_path, error, "timer %d cannot be made", pt->pt_id);
	}
	return error;
}

static void st_ptimer_discard(struct ckpt_rmember *rm)
{
	ptimer_drop(&rm->rm_timers);
}

static void st_ptimer_start(struct ckpt_rmember *rm)
{
	const struct img_proc *ip = rm->rm_img;
	struct proc *p = curproc();

	/* In place, the process has timers of the program before. */
	ptimer_delete_all(p);
	ptimer_attach(p, &rm->rm_timers);
	for (u32 i = 0; i < ip->p_nptimer; i++) {
		const struct img_ptimer *pt = &ip->p_ptimer[i];

		if (pt->pt_remain)
			ptimer_arm(p, pt->pt_id, pt->pt_remain, st_instant(rm->rm_restore, pt->pt_remain));
	}
}

const struct ckpt_kind st_ptimer_kind = {
	.k_name = "timers by id",
	.k_outside = true,
	.k_save = st_ptimer_save,
	.k_restore = st_ptimer_restore,
	.k_start = st_ptimer_start,
	.k_discard = st_ptimer_discard,
};
