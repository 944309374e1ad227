/* SPDX-License-Identifier: MIT */
/*
 * Interval timers. The time left when the image is made is the time left when
 * the process is restored. The timers run from the instant at which all
 * processes appear (cr_now).
 */
#include "ckpt/state/state.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "proc/abi_time.h"
#include "proc/cputimer.h"
#include "proc/itimer.h"
#include "proc/sched/lwp_impl.h"

#define ITIMER_REAL 0

/* ---- save ---- */

u64 st_left_then(const struct ckpt_save *cs, u64 left)
{
	return left ? cs_left(cs, clock_mono_ns() + left) : 0;
}

static int st_timer_save(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct img_proc *ip = cm->cm_img;

	for (u32 i = 0; i < ARRAY_SIZE(ip->p_itimer); i++)
		itimer_get(cm->cm_proc, i, &ip->p_itimer[i].it_remain, &ip->p_itimer[i].it_interval);
	ip->p_itimer[ITIMER_REAL].it_remain = st_left_then(cs, ip->p_itimer[ITIMER_REAL].it_remain);
	return 0;
}

/* ---- restore ---- */

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
	start_itimers(rm);
	cputimer_watch(curproc()); /* the image's RLIMIT_CPU */
}

const struct ckpt_kind st_timer_kind = {
	.k_name = "timers",
	.k_outside = true,
	.k_save = st_timer_save,
	.k_start = st_timer_start,
};
