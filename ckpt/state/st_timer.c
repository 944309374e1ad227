/* SPDX-License-Identifier: MIT */
/*
 * Interval timers and POSIX timers. The time left when the image is made is the
 * time left when the process is restored. The timers are made with the process,
 * and run from the instant at which all processes appear (cr_now).
 */
#include "ckpt/state/state.h"
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

/*
 * Converts the time left now to the time left at the instant of the image. 0:
 * the timer is off.
 */
static u64 left_then(const struct ckpt_save *cs, u64 left)
{
	return left ? cs_left(cs, clock_mono_ns() + left) : 0;
}

static int st_timer_save(struct ckpt_save *cs, struct ckpt_member *cm)
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
					   /* No CPU time has passed since. */
					   .pt_remain = clock_is_cpu(st.ps_clock) ? st.ps_left
										  : left_then(cs, st.ps_left) };
	}
	return 0;
}

/* ---- restore ---- */

/* The timers are the process's once it has its identity: see start. */
static int st_timer_restore(struct ckpt_rmember *rm)
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

static void st_timer_discard(struct ckpt_rmember *rm)
{
	ptimer_drop(&rm->rm_timers);
}

u64 st_instant(const struct ckpt_restore *cr, u64 left)
{
	return left < ~0ull - cr->cr_now ? cr->cr_now + left : ~0ull;
}

static void start_itimers(struct ckpt_rmember *rm)
{
	struct proc *p = curproc();

	for (u32 i = 0; i < ARRAY_SIZE(rm->rm_img->p_itimer); i++) {
		const struct img_timer *it = &rm->rm_img->p_itimer[i];
		u64 left = it->it_remain;

		if (left && i == ITIMER_REAL)
			left = MAX(deadline_left(st_instant(rm->rm_restore, left)), 1ull);
		itimer_set(p, i, left, it->it_interval);
	}
}

static void st_timer_start(struct ckpt_rmember *rm)
{
	const struct img_proc *ip = rm->rm_img;
	struct proc *p = curproc();

	/* In place, the process has timers of the program before. */
	ptimer_delete_all(p);
	ptimer_attach(p, &rm->rm_timers);
	start_itimers(rm);
	cputimer_watch(p); /* the image's RLIMIT_CPU */
	for (u32 i = 0; i < ip->p_nptimer; i++) {
		const struct img_ptimer *pt = &ip->p_ptimer[i];

		if (pt->pt_remain)
			ptimer_arm(p, pt->pt_id, pt->pt_remain, st_instant(rm->rm_restore, pt->pt_remain));
	}
}

const struct ckpt_kind st_timer_kind = {
	.k_name = "timers",
	.k_outside = true,
	.k_save = st_timer_save,
	.k_restore = st_timer_restore,
	.k_start = st_timer_start,
	.k_discard = st_timer_discard,
};
