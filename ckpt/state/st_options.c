/* SPDX-License-Identifier: MIT */
/*
 * Options that prctl(2) and personality(2) have set, of lwps and of the
 * process, and the signals agreed on between a process and its parent.
 */
#include "ckpt/state/state.h"
#include "kernel/lib/panic.h"
#include "proc/sched/lwp_impl.h"
#include "proc/orphan.h"

_Static_assert(IMG_TIMER_SLACK == TIMER_SLACK, "the default need not stand in an image");

/* ---- save ---- */

void st_lwp_options_save(const struct lwp *l, struct img_lwp *il)
{
	const struct lwp_options *lo = &l->l_opt;

	il->l_opt = (struct img_options){
		.o_pdeathsig = lo->lo_pdeathsig,
		.o_slack = lo->lo_slack,
		.o_slackdef = lo->lo_slackdef,
		.o_personality = lo->lo_personality,
		.o_flags = (lo->lo_nonewprivs ? IMG_OPT_NONEWPRIVS : 0) |
			   (lo->lo_keepcaps ? IMG_OPT_KEEPCAPS : 0),
	};
}

/*
 * For a living member and a zombie. The parent is a member if the image has it.
 */
static int st_options_save(struct ckpt_save *cs, struct ckpt_member *cm)
{
	const struct proc *p = cm->cm_proc, *parent;
	struct img_proc *ip = cm->cm_img;

	spin_lock(&pidlock);
	parent = p->p_parent;
	if (p->p_flags & P_SUBREAPER)
		ip->p_options |= IMG_PO_SUBREAPER;
	if (ip->p_parent != IMG_NONE && p->p_parentexec != parent->p_nexec && p->p_exitsig != K_SIGCHLD)
		ip->p_options |= IMG_PO_OLDEXIT;
	if (ip->p_parent != IMG_NONE && (p->p_flags & P_DEATHSIG))
		ip->p_maker = pid_seen_by(parent, p->p_makertid);
	spin_unlock(&pidlock);
	return 0;
}

/* ---- restore ---- */

/* l is the current lwp, or an lwp that has not started. */
void st_lwp_options_restore(const struct ckpt_restore *cr, struct lwp *l, const struct img_lwp *il)
{
	const struct img_options *o = &il->l_opt;

	l->l_opt = (struct lwp_options){
		.lo_slack = o->o_slack,
		.lo_slackdef = o->o_slackdef,
		.lo_personality = o->o_personality,
		.lo_nonewprivs = cr->cr_nonewprivs || (o->o_flags & IMG_OPT_NONEWPRIVS),
		.lo_keepcaps = o->o_flags & IMG_OPT_KEEPCAPS,
	};
	spin_lock(&pidlock);
	orphan_want_signal(l, o->o_pdeathsig);
	spin_unlock(&pidlock);
}

static int st_options_restore(struct ckpt_rmember *rm)
{
	orphan_set_reaper(curproc(), rm->rm_img->p_options & IMG_PO_SUBREAPER);
	return 0;
}

static void st_options_reveal(const struct ckpt_rmember *rm, struct revealed *rv)
{
	rv->rv_maker = rm->rm_img->p_maker;
	rv->rv_oldexit = rm->rm_img->p_options & IMG_PO_OLDEXIT;
}

const struct ckpt_kind st_options_kind = {
	.k_name = "options",
	.k_save = st_options_save,
	.k_save_zombie = st_options_save,
	.k_restore = st_options_restore,
	.k_reveal = st_options_reveal,
};
