/* SPDX-License-Identifier: MIT */
/*
 * restore_ckpt(): the first routine of the process that recover() has spawned.
 *
 * The new process is hidden while it is built: it has no pid and is in no list.
 * It checks the whole image and makes the objects that its processes share.
 * Then, for each further process of the image, it spawns a process that starts
 * in restore_member(). Each process builds itself and waits. When all are built
 * they are revealed at one instant; from there on nothing can fail. If anything
 * fails before, the hidden processes exit unseen. restore.h has the picture;
 * the steps for each kind of state are in state/ (kind.h).
 */
#include "ckpt/restore.h"

#include "ckpt/kind.h"
#include "fs/file.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/inject.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/acting.h"
#include "proc/reveal.h"
#include "proc/rlimit.h"
#include "proc/sched/lwp_impl.h"

/* ---- the image ---- */

static int read_image(struct ckpt_restore *cr)
{
	struct img_io io = { .io_read = image_file_read, .io_ctx = cr->cr_file };
	struct img_err err = { 0 };
	int error = img_read(&cr->cr_img, &io, cr->cr_file->f_vnode->v_size, &err);

	if (error)
		ckpt_refuse(cr->cr_path, error, "%s (%u at offset %llu)",
			    err.e_what ? err.e_what : "cannot be read", err.e_val, err.e_off);
	return error;
}

/* The image may have as many processes as the caller could make by itself. */
static int check_number(struct ckpt_restore *cr)
{
	/*
	 * Uses the credentials that this process began with: another lwp of the
	 * caller may change the caller's.
	 */
	if (proc_may_have(cr->cr_img.i_nproc))
		return 0;
	return ckpt_refuse(cr->cr_path, -EAGAIN, "the image holds %u processes, more than the caller may have",
			   cr->cr_img.i_nproc);
}

static int make_members(struct ckpt_restore *cr)
{
	const struct img_image *img = &cr->cr_img;

	cr->cr_member = kzalloc(img->i_nproc * sizeof(*cr->cr_member), 0);
	if (!cr->cr_member)
		return -ENOMEM;
	for (u32 i = 0; i < img->i_nproc; i++) {
		struct ckpt_rmember *rm = &cr->cr_member[i];

		*rm = (struct ckpt_rmember){ .rm_restore = cr, .rm_img = &img->i_proc[i] };
		list_init(&rm->rm_timers);
		phase_init(&rm->rm_phase, "recover member");
	}
	cr->cr_member[0].rm_proc = curproc();
	return 0;
}

/*
 * No process is built from an image that breaks a rule, or that the caller may
 * not restore.
 */
static int read_and_check(struct ckpt_restore *cr)
{
	static int (*const steps[])(struct ckpt_restore * cr) = { read_image, ckpt_trust,
								  check_number, make_members };
	int error = 0;

	for (u32 i = 0; i < ARRAY_SIZE(steps) && !error; i++)
		error = steps[i](cr);
	return error ? error : cr->cr_way->w_check(cr);
}

/* ---- the processes ---- */

/*
 * Drops what the new process has inherited, but for its credentials. In place
 * at a system call, it shares the descriptor table that it will take over.
 */
static int drop_inherited(struct ckpt_restore *cr)
{
	struct proc *p = curproc();
	struct fdtab *old = p->p_fdtab, *ft = cr->cr_save ? cr->cr_parent->p_fdtab : fdtab_create();

	if (!ft)
		return -ENOMEM;
	if (cr->cr_save)
		fdtab_hold(ft);
	spin_lock(&p->p_lock);
	p->p_fdtab = ft;
	spin_unlock(&p->p_lock);
	fdtab_rele(old);
	return 0;
}

/*
 * State outside of the processes is still there when they are restored in place
 * at a system call.
 */
static bool applies(const struct ckpt_restore *cr, const struct ckpt_kind *k)
{
	return !(cr->cr_save && k->k_outside);
}

/* Makes the objects that the processes share. */
static int restore_shared(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < ckpt_nkinds && !error; i++)
		error = ckpt_kinds[i]->k_restore_begin ? ckpt_kinds[i]->k_restore_begin(cr) : 0;
	if (!error)
		error = cr->cr_way->w_adopt(cr);
	for (u32 i = ckpt_nkinds; i-- > 0 && !error;) {
		const struct ckpt_kind *k = ckpt_kinds[i];

		error = applies(cr, k) && k->k_restore_shared ? k->k_restore_shared(cr) : 0;
	}
	return error;
}

/*
 * Restores the state of one process, which is the current one. For a zombie the
 * first process does it.
 */
static int restore_own(struct ckpt_rmember *rm)
{
	bool zombie = rm->rm_img->p_flags & IMG_PF_ZOMBIE;
	int error = 0;

	ASSERT(rm->rm_proc->p_flags & P_KERNEL);
	ASSERT(zombie || rm->rm_proc == curproc());
	for (u32 i = 0; i < ckpt_nkinds && !error; i++) {
		const struct ckpt_kind *k = ckpt_kinds[i];
		int (*step)(struct ckpt_rmember * rm) = zombie ? k->k_restore_zombie : k->k_restore;

		error = applies(rm->rm_restore, k) && step ? step(rm) : 0;
	}
	return error;
}

/*
 * The process is revealed: switches to its address space and starts its other
 * lwps.
 */
static void take_over(struct ckpt_rmember *rm)
{
	struct proc *p = curproc();

	intr_push_off();
	p->p_as = rm->rm_as;
	hat_switch(&p->p_as->a_hat);
	/*
	 * In place, the process may have CPU-time timers that it did not have
	 * when its time slice began.
	 */
	curcpu()->c_need_resched = true;
	intr_pop_off();
	rm->rm_as = NULL;
	for (u32 i = 0; i < ckpt_nkinds; i++) {
		const struct ckpt_kind *k = ckpt_kinds[i];

		if (applies(rm->rm_restore, k) && k->k_start)
			k->k_start(rm);
	}
	for (u32 i = 1; i < rm->rm_img->p_nlwp; i++)
		lwp_start(rm->rm_lwps[i]);
	kfree(rm->rm_lwps);
	rm->rm_lwps = NULL;
}

static void restore_discard(struct ckpt_rmember *rm)
{
	for (u32 i = ckpt_nkinds; i-- > 0;) {
		if (ckpt_kinds[i]->k_discard)
			ckpt_kinds[i]->k_discard(rm);
	}
}

/* First routine of the processes beyond the first. */
static void restore_member(void *arg)
{
	struct ckpt_rmember *rm = arg;
	struct ckpt_restore *cr = rm->rm_restore;
	struct acting ac;
	bool go;

	inject_enter();
	acting_begin(&ac, cr->cr_root, NULL);
	rm->rm_result = restore_own(rm);
	acting_end(&ac);
	inject_leave();
	phase_set(&rm->rm_phase, RM_BUILT);
	go = phase_wait(&cr->cr_verdict, RV_GO) == RV_GO;
	if (go)
		take_over(rm);
	else
		restore_discard(rm);
	phase_set(&rm->rm_phase, RM_LEFT);
	if (!go)
		proc_exit(0);
}

/* Makes a further process, and waits until it is built. */
static int build_member(struct ckpt_rmember *rm)
{
	struct spawn_args sa = { .sa_start = restore_member,
				 .sa_arg = rm,
				 .sa_flags = SPAWN_HIDDEN | SPAWN_NO_AS | SPAWN_NO_FILES };
	int error;

	if (rm->rm_img->p_flags & IMG_PF_ZOMBIE) {
		rm->rm_proc = proc_husk();
		return rm->rm_proc ? restore_own(rm) : -ENOMEM;
	}
	error = spawn_proc(&sa, &rm->rm_proc);
	if (error)
		return error;
	lwp_start(rm->rm_proc->p_lwp0);
	(void)phase_wait(&rm->rm_phase, RM_BUILT);
	return rm->rm_result;
}

/*
 * Builds the further processes, then the current one, then the links between
 * them.
 */
static int build_all(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 1; i < cr->cr_img.i_nproc && !error; i++)
		error = build_member(&cr->cr_member[i]);
	if (!error)
		error = restore_own(&cr->cr_member[0]);
	for (u32 i = 0; i < ckpt_nkinds && !error; i++)
		error = ckpt_kinds[i]->k_restore_links ? ckpt_kinds[i]->k_restore_links(cr) : 0;
	return error;
}

/* ---- the reveal ---- */

_Static_assert(IMG_NONE == REVEAL_ROOT, "places in the image are places in the set");

/* Lists the processes to reveal, with the ids that they had. */
static int fill_reveal(struct ckpt_restore *cr, struct reveal *rl, pid_t **tids)
{
	u32 n = 0;

	*rl = (struct reveal){ .rl_replace = cr->cr_replace,
			       .rl_flags = cr->cr_save ? REVEAL_SAME : 0,
			       .rl_parent = cr->cr_parent,
			       .rl_fresh = cr->cr_flags & RECOVER_NEWPID,
			       .rl_set = kzalloc(cr->cr_img.i_nproc * sizeof(*rl->rl_set), 0),
			       .rl_n = cr->cr_img.i_nproc };
	for (u32 i = 0; i < rl->rl_n; i++)
		n += cr->cr_img.i_proc[i].p_nlwp;
	*tids = kmalloc(n * sizeof(pid_t), 0);
	if (!rl->rl_set || !*tids)
		return -ENOMEM;
	n = 0;
	for (u32 i = 0; i < rl->rl_n; i++) {
		const struct ckpt_rmember *rm = &cr->cr_member[i];

		rl->rl_set[i] = (struct revealed){ .rv_proc = rm->rm_proc, .rv_tids = *tids + n };
		for (u32 k = 0; k < ckpt_nkinds; k++) {
			if (ckpt_kinds[k]->k_reveal)
				ckpt_kinds[k]->k_reveal(rm, &rl->rl_set[i]);
		}
		n += rm->rm_img->p_nlwp;
	}
	return 0;
}

/* The ids are known: the last steps that may fail. */
static int claim(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < ckpt_nkinds && !error; i++) {
		const struct ckpt_kind *k = ckpt_kinds[i];

		error = applies(cr, k) && k->k_claim ? k->k_claim(cr) : 0;
	}
	return error ? error : cr->cr_way->w_agree(cr);
}

/* No failure from here on. Returns: the first process's pid. */
static pid_t restore_commit(struct ckpt_restore *cr, struct reveal *rl)
{
	pid_t pid;

	/* In place at a system call, time has not stopped. */
	cr->cr_now = cr->cr_save ? cr->cr_img.i_ident.id_mono_ns : clock_mono_ns();
	for (u32 i = 0; i < ckpt_nkinds; i++) {
		if (ckpt_kinds[i]->k_ready)
			ckpt_kinds[i]->k_ready(cr);
	}
	curproc()->p_as = cr->cr_member[0].rm_as;
	pid = reveal_commit(rl);
	for (u32 i = 0; i < ckpt_nkinds; i++) {
		const struct ckpt_kind *k = ckpt_kinds[i];

		if (applies(cr, k) && k->k_publish)
			k->k_publish(cr);
	}
	return pid;
}

/* All processes appear at one instant. Returns: the pid, or an errno. */
static long reveal(struct ckpt_restore *cr)
{
	struct reveal rl;
	pid_t *tids;
	long result = fill_reveal(cr, &rl, &tids);

	if (!result)
		result = reveal_prepare(&rl);
	if (!result) {
		result = claim(cr);
		if (result)
			reveal_abandon(&rl);
		else
			result = restore_commit(cr, &rl);
	}
	kfree(rl.rl_set);
	kfree(tids);
	return result;
}

/* ---- the end ---- */

/* The restore has succeeded: the first process becomes what the image says. */
static void settle(struct ckpt_restore *cr)
{
	(void)cr->cr_way->w_appeared(cr);
	take_over(&cr->cr_member[0]);
}

/*
 * Tells the further processes the verdict, and waits until they have stopped
 * using cr.
 */
static void tell_members(struct ckpt_restore *cr, enum recover_verdict verdict)
{
	phase_set(&cr->cr_verdict, verdict);
	for (u32 i = 1; cr->cr_member && i < cr->cr_img.i_nproc; i++) {
		struct ckpt_rmember *rm = &cr->cr_member[i];

		if (rm->rm_phase.ph_now != RM_BUILDING)
			(void)phase_wait(&rm->rm_phase, RM_LEFT);
	}
}

static void drop_zombies(struct ckpt_restore *cr)
{
	for (u32 i = 1; cr->cr_member && i < cr->cr_img.i_nproc; i++) {
		struct ckpt_rmember *rm = &cr->cr_member[i];

		if ((rm->rm_img->p_flags & IMG_PF_ZOMBIE) && rm->rm_proc)
			proc_rele(rm->rm_proc);
	}
}

/*
 * The open files belong to the processes from here on. Open files that no
 * process has are closed.
 */
static void drop_restore(struct ckpt_restore *cr, bool failed)
{
	for (u32 i = ckpt_nkinds; i-- > 0;) {
		if (ckpt_kinds[i]->k_restore_end)
			ckpt_kinds[i]->k_restore_end(cr, failed);
	}
	kfree(cr->cr_member);
	img_free(&cr->cr_img);
}

void restore_ckpt(void *arg)
{
	struct ckpt_restore *cr = arg;
	struct acting ac;
	long result;

	inject_enter();
	/* looks names up as the caller would */
	acting_begin(&ac, cr->cr_root, NULL);
	img_init(&cr->cr_img, &ckpt_mem);
	result = drop_inherited(cr); /* the caller's descriptors */
	if (!result)
		result = read_and_check(cr); /* decode the whole image */
	if (!result)
		result = restore_shared(cr); /* objects, each once */
	if (!result)
		result = build_all(cr); /* each process, hidden */
	if (!result)
		result = reveal(cr); /* ids; then the point of no return */
	if (result > 0)
		settle(cr);
	else if (cr->cr_member)
		restore_discard(&cr->cr_member[0]);
	tell_members(cr, result > 0 ? RV_GO : RV_ABORT);
	if (result < 0)
		drop_zombies(cr);
	drop_restore(cr, result < 0);
	acting_end(&ac);
	inject_leave();
	cr->cr_result = result;
	phase_set(&cr->cr_phase, CR_DONE); /* the caller may free cr now */
	if (result < 0)
		proc_exit(0);
}
