/* SPDX-License-Identifier: MIT */
/*
 * lwps and their registers: the frame at the boundary, FPU and SSE, TLS, and
 * the system call to be restarted. A system call that was cut short is saved as
 * it stands at the boundary (eax -ERESTART..., orig_eax its number). As for the
 * original process, the boundary decides between a restart and EINTR.
 */
#include "ckpt/state/state.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/kmalloc.h"
#include "proc/abi_time.h"
#include "proc/sched/fpu.h"
#include "proc/sched/lwp_impl.h"
#include "proc/restart.h"
#include "proc/sched/tls.h"

/* ---- save ---- */

static void save_regs(struct img_regs *r, const struct lwp *l)
{
	const struct trapframe *tf = l->l_tf;

	*r = (struct img_regs){
		.r_ebx = tf->tf_ebx,
		.r_ecx = tf->tf_ecx,
		.r_edx = tf->tf_edx,
		.r_esi = tf->tf_esi,
		.r_edi = tf->tf_edi,
		.r_ebp = tf->tf_ebp,
		.r_eax = tf->tf_eax,
		.r_ds = tf->tf_ds & 0xffff,
		.r_es = tf->tf_es & 0xffff,
		.r_fs = l->l_fs,
		.r_gs = l->l_gs,
		.r_orig_eax = tf->tf_trapno == T_SYSCALL ? tf->tf_err : (u32)-1,
		.r_eip = tf->tf_eip,
		.r_cs = tf->tf_cs & 0xffff,
		.r_eflags = tf->tf_eflags,
		.r_esp = tf->tf_esp,
		.r_ss = tf->tf_ss & 0xffff,
	};
}

static void save_restart(const struct ckpt_save *cs, struct img_restart *rs, const struct lwp *l)
{
	const struct restart_block *rb = &l->l_restart;

	if ((s32)l->l_tf->tf_eax != -ERESTART_RESTARTBLOCK || !rb->rb_fn)
		return;
	rs->rs_active = 1;
	rs->rs_sysno = rb->rb_sysno;
	memcpy(rs->rs_arg, rb->rb_arg, sizeof(rs->rs_arg));
	rs->rs_remain = rb->rb_deadline ? cs_left(cs, rb->rb_deadline) : IMG_NO_LIMIT;
}

static int save_lwp(struct ckpt_save *cs, struct ckpt_member *cm, struct lwp *l)
{
	struct img_lwp *il = img_add_lwp(&cs->cs_img, cm->cm_img);

	if (!il)
		return -ENOMEM;
	if (l == curlwp()) {
		fpu_save(l);
		lwp_save_segs(l);
	}
	il->l_tid = pid_seen_by(l->l_proc, l->l_tid);
	strlcpy_k(il->l_name, l->l_name, sizeof(il->l_name));
	save_regs(&il->l_regs, l);
	if (l == cs->cs_caller) {
		/*
		 * ckpt() returns 0 to the original process, and 1 to the
		 * recovered one.
		 */
		il->l_regs.r_eax = 1;
		il->l_regs.r_orig_eax = (u32)-1;
	}
	memcpy(il->l_tls, l->l_tls, sizeof(il->l_tls));
	il->l_fpvalid = 1;
	memcpy(il->l_fx, l->l_fpu, sizeof(il->l_fx));
	img_fx_canon(il->l_fx);
	il->l_clear_tid = l->l_clear_tid;
	il->l_done = l->l_done;
	il->l_affinity = l->l_affinity;
	st_lwp_options_save(l, il);
	il->l_robust = l->l_robust;
	il->l_robust_len = l->l_robust_len;
	save_restart(cs, &il->l_restart, l);
	lwp_times(l, &il->l_utime, &il->l_stime);
	return st_lwp_signal_save(cs, l, il);
}

/*
 * The lwp with the lowest id above `tid`, as the process sees ids, but not
 * `skip`. All lwps stand still.
 */
static struct lwp *next_lwp(struct proc *p, pid_t tid, const struct lwp *skip)
{
	struct lwp *l, *best = NULL;

	list_for_each(l, &p->p_lwps, l_plink) {
		pid_t seen = pid_seen_by(p, l->l_tid);

		if (l != skip && seen > tid && (!best || seen < pid_seen_by(p, best->l_tid)))
			best = l;
	}
	return best;
}

/*
 * The lwp that called ckpt() comes first, then the other lwps by id. So gdb's
 * order of threads is always the same.
 */
static int st_lwp_save(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct proc *p = cm->cm_proc;
	struct lwp *first = cs->cs_caller && cs->cs_caller->l_proc == p ? cs->cs_caller : next_lwp(p, 0, NULL),
		   *l;
	int error = save_lwp(cs, cm, first);

	for (l = next_lwp(p, 0, first); l && !error; l = next_lwp(p, pid_seen_by(p, l->l_tid), first))
		error = save_lwp(cs, cm, l);
	return error;
}

/* ---- restore ---- */

static void restore_regs(struct lwp *l, const struct img_regs *r)
{
	struct trapframe *tf = l->l_tf;

	memset(tf, 0, sizeof(*tf));
	tf->tf_ebx = r->r_ebx;
	tf->tf_ecx = r->r_ecx;
	tf->tf_edx = r->r_edx;
	tf->tf_esi = r->r_esi;
	tf->tf_edi = r->r_edi;
	tf->tf_ebp = r->r_ebp;
	tf->tf_eax = r->r_eax;
	tf->tf_eip = r->r_eip;
	tf->tf_esp = r->r_esp;
	/*
	 * An image must not grant privileges: the code and stack selectors are
	 * fixed, the flags filtered.
	 */
	tf->tf_cs = SEL_UCODE;
	tf->tf_ss = SEL_UDATA;
	tf->tf_ds = user_selector(r->r_ds);
	tf->tf_es = user_selector(r->r_es);
	tf->tf_eflags = (r->r_eflags & EFLAGS_USER) | EFLAGS_IF | 2;
	tf->tf_trapno = T_SYSCALL;
	tf->tf_err = r->r_orig_eax;
	l->l_fs = user_selector(r->r_fs);
	l->l_gs = user_selector(r->r_gs);
}

static int restore_restart(struct lwp *l, const struct img_restart *rs)
{
	struct restart_block *rb = &l->l_restart;

	memset(rb, 0, sizeof(*rb));
	if (!rs->rs_active)
		return 0;
	rb->rb_fn = restart_function(rs->rs_sysno);
	if (!rb->rb_fn)
		return -EBADMSG;
	rb->rb_sysno = rs->rs_sysno;
	memcpy(rb->rb_arg, rs->rs_arg, sizeof(rb->rb_arg));
	return 0;
}

/*
 * CPUs that this machine lacks stay in the mask. An lwp whose mask has none of
 * this machine's CPUs may run on any.
 */
static void restore_affinity(struct lwp *l, u32 mask)
{
	u32 all = (1u << ncpu) - 1;

	l->l_affinity = mask & all ? mask : ~0u;
}

/* l is the current lwp, or an lwp that has not started. */
static int restore_lwp(struct ckpt_restore *cr, struct lwp *l, const struct img_lwp *il)
{
	int error;

	for (u32 i = 0; i < SEL_TLS_COUNT; i++) {
		if (!tls_desc_valid(il->l_tls[i]))
			return ckpt_refuse(cr->cr_path, -EBADMSG,
					   "TLS descriptor %u is not a user data segment", i);
		l->l_tls[i] = il->l_tls[i];
	}
	memcpy(l->l_fpu, il->l_fx, FPU_SIZE);
	if (!il->l_fpvalid)
		fpu_reset(l);
	else if (!fpu_image_valid(l->l_fpu))
		return ckpt_refuse(cr->cr_path, -EBADMSG, "the saved MXCSR has bits that this CPU lacks");
	memcpy(l->l_name, il->l_name, sizeof(l->l_name));
	l->l_name[sizeof(l->l_name) - 1] = '\0';
	l->l_clear_tid = il->l_clear_tid;
	l->l_done = il->l_done;
	restore_affinity(l, il->l_affinity);
	st_lwp_options_restore(cr, l, il);
	l->l_robust = il->l_robust;
	l->l_robust_len = il->l_robust_len;
	error = restore_restart(l, &il->l_restart);
	if (error)
		return ckpt_refuse(cr->cr_path, error, "system call %u cannot be continued",
				   il->l_restart.rs_sysno);
	restore_regs(l, &il->l_regs);
	fpu_drop(l);
	if (l == curlwp()) {
		intr_push_off();
		lwp_load_tls(l);
		lwp_load_segs(l);
		intr_pop_off();
	}
	/* The boundary settles a call that was cut short. */
	l->l_attention = true;
	return st_lwp_signal_restore(l, il);
}

/*
 * The current lwp becomes the first one of the image. The other lwps are made
 * beside it, and start after the reveal.
 */
static int st_lwp_restore(struct ckpt_rmember *rm)
{
	const struct img_proc *ip = rm->rm_img;
	int error;

	rm->rm_lwps = kzalloc(ip->p_nlwp * sizeof(rm->rm_lwps[0]), 0);
	if (!rm->rm_lwps)
		return -ENOMEM;
	rm->rm_lwps[0] = curlwp();
	error = restore_lwp(rm->rm_restore, curlwp(), &ip->p_lwp[0]);
	for (u32 i = 1; i < ip->p_nlwp && !error; i++) {
		error = lwp_create(curproc(), NULL, NULL, &rm->rm_lwps[i]);
		if (!error)
			error = restore_lwp(rm->rm_restore, rm->rm_lwps[i], &ip->p_lwp[i]);
	}
	return error;
}

static void st_lwp_reveal(const struct ckpt_rmember *rm, struct revealed *rv)
{
	rv->rv_nlwp = rm->rm_img->p_nlwp;
	rv->rv_lwps = rm->rm_lwps;
	for (u32 i = 0; i < rv->rv_nlwp; i++)
		rv->rv_tids[i] = rm->rm_img->p_lwp[i].l_tid;
}

/* Time goes on at cr_now: sets the deadlines of timed calls. */
static void st_lwp_ready(struct ckpt_restore *cr)
{
	for (u32 i = 0; i < cr->cr_img.i_nproc; i++) {
		const struct img_proc *ip = &cr->cr_img.i_proc[i];

		for (u32 k = 0; k < ip->p_nlwp; k++) {
			const struct img_restart *rs = &ip->p_lwp[k].l_restart;

			if (rs->rs_active && rs->rs_remain != IMG_NO_LIMIT)
				cr->cr_member[i].rm_lwps[k]->l_restart.rb_deadline = st_instant(cr, rs->rs_remain);
		}
	}
}

/*
 * Sets the CPU times before timers count from them: the time in which the
 * process was built is not its own.
 */
static void st_lwp_start(struct ckpt_rmember *rm)
{
	for (u32 i = 0; i < rm->rm_img->p_nlwp; i++)
		lwp_set_times(rm->rm_lwps[i], rm->rm_img->p_lwp[i].l_utime, rm->rm_img->p_lwp[i].l_stime);
}

static void st_lwp_discard(struct ckpt_rmember *rm)
{
	for (u32 i = 1; rm->rm_lwps && i < rm->rm_img->p_nlwp; i++) {
		if (rm->rm_lwps[i])
			lwp_free(rm->rm_lwps[i]);
	}
	kfree(rm->rm_lwps);
	rm->rm_lwps = NULL;
}

const struct ckpt_kind st_lwp_kind = {
	.k_name = "threads",
	.k_save = st_lwp_save,
	.k_restore = st_lwp_restore,
	.k_reveal = st_lwp_reveal,
	.k_ready = st_lwp_ready,
	.k_start = st_lwp_start,
	.k_discard = st_lwp_discard,
};
