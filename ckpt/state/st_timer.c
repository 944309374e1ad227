/* SPDX-License-Identifier: MIT */
/*
 * Interval timers, and POSIX timers. What is left of each when the image is made is what is left when its process comes back: they are made
 * with it, and run from the instant at which all is there (st_clock_start).
 */
#include "ckpt/ckpt.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "proc/abi_time.h"
#include "proc/cputimer.h"
#include "proc/itimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/ptimer.h"

#define ITIMER_REAL 0

/* ---- save ---- */

/* From what is left now to what was left at the instant of the image. 0: the timer is off. */
static u64 left_then(const struct ckpt_save *cs, u64 left)
{
	return left ? cs_left(cs, clock_mono_ns() + left) : 0;
}

int st_timer_save(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct img_proc *ip = cm->cm_img;
	struct ptimer_state st;
	s32 id = -1;

	for (u32 i = 0; i < ARRAY_SIZE(ip->p_itimer); i++)
		itimer_get(cm->cm_proc, i, &ip->p_itimer[i].it_remain, &ip->p_itimer[i].it_interval);
	ip->p_itimer[ITIMER_REAL].it_remain = left_then(cs, ip->p_itimer[ITIMER_REAL].it_remain);
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
					   /* Of CPU time none has gone by since. */
					   .pt_remain = clock_is_cpu(st.ps_clock) ? st.ps_left
										  : left_then(cs, st.ps_left) };
	}
	return 0;
}

/* ---- restore ---- */

int st_timer_restore(struct ckpt_rmember *rm)
{
	const struct img_proc *ip = rm->rm_img;
	struct proc *p = curproc();
	int error = 0;

	/* In place they stay, or come when the process is the one that they belong to. */
	if (rm->rm_restore->cr_replace && p == rm->rm_proc && rm == rm->rm_restore->cr_member)
		return 0;
	for (u32 i = 0; i < ip->p_nptimer && !error; i++) {
		const struct img_ptimer *pt = &ip->p_ptimer[i];
		const struct ptimer_state st = { .ps_clock = pt->pt_clock,
						 .ps_value = pt->pt_value,
						 .ps_signo = pt->pt_signo,
						 .ps_notify = pt->pt_notify,
						 .ps_tid = pt->pt_tid,
						 .ps_overrun = pt->pt_overrun,
						 .ps_interval = pt->pt_interval };

		error = ptimer_put(p, pt->pt_id, &st);
		if (error)
			error = ckpt_refuse(rm->rm_restore->cr_path, error, "timer %d cannot be made", pt->pt_id);
	}
	return error;
}

/* An instant that lies so far behind the one at which all goes on. */
static u64 instant(const struct ckpt_restore *cr, u64 left)
{
	return left < ~0ull - cr->cr_now ? cr->cr_now + left : ~0ull;
}

void st_timer_start(struct ckpt_rmember *rm)
{
	const struct ckpt_restore *cr = rm->rm_restore;
	const struct img_proc *ip = rm->rm_img;
	struct proc *p = curproc();

	for (u32 i = 0; i < ARRAY_SIZE(ip->p_itimer); i++) {
		u64 left = ip->p_itimer[i].it_remain;

		if (left && i == ITIMER_REAL)
			left = MAX(deadline_left(instant(cr, left)), 1ull);
		itimer_set(p, i, left, ip->p_itimer[i].it_interval);
	}
	cputimer_watch(p); /* RLIMIT_CPU came with the image */
	for (u32 i = 0; i < ip->p_nptimer; i++) {
		const struct img_ptimer *pt = &ip->p_ptimer[i];

		if (pt->pt_remain)
			ptimer_arm(p, pt->pt_id, pt->pt_remain, instant(cr, pt->pt_remain));
	}
}

void st_clock_start(struct ckpt_restore *cr)
{
	const struct img_image *img = &cr->cr_img;

	cr->cr_now = clock_mono_ns();
	for (u32 i = 0; i < img->i_nproc; i++) {
		struct ckpt_rmember *rm = &cr->cr_member[i];
		const struct img_proc *ip = rm->rm_img;

		rm->rm_proc->p_start_ns = cr->cr_now - ip->p_age;
		rm->rm_proc->p_monoff = (s64)(ip->p_mono - cr->cr_now);
		for (u32 k = 0; k < ip->p_nlwp; k++) {
			const struct img_restart *rs = &ip->p_lwp[k].l_restart;

			if (rs->rs_active && rs->rs_remain != IMG_NO_LIMIT)
				rm->rm_lwps[k]->l_restart.rb_deadline = instant(cr, rs->rs_remain);
		}
	}
}
