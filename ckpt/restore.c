/* SPDX-License-Identifier: MIT */
/*
 * restore_ckpt(): the first routine of the process that recover() has spawned.
 *
 * Nobody can see the new process while it is being built: it has no pid and stands in no list. It checks the whole image, makes what its
 * processes share (pipes, memory, open file descriptions), and then, for each further process of the image, spawns one more that starts in
 * restore_member(). Each builds itself in the paper's order (proc, lwp, registers, segments and their data, descriptors) and waits. When all
 * are ready they are revealed at one instant, and from there on nothing can fail. If anything fails before, they end as invisibly as they
 * began.
 */
#include "ckpt/ckpt.h"
#include "ckpt/inplace.h"
#include "ckpt/owners.h"
#include "fs/file.h"
#include "fs/tty.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/inject.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/sched/lwp_impl.h"
#include "proc/reveal.h"
#include "proc/rlimit.h"
#include "proc/sched/sleep.h"

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

/* The new process begins with nothing of its parent's but its rights. */
static int let_go(struct ckpt_restore *cr)
{
	struct proc *p = curproc();
	struct fdtab *old = p->p_fdtab, *ft = fdtab_create();

	if (!ft)
		return -ENOMEM;
	spin_lock(&p->p_lock);
	p->p_fdtab = ft;
	spin_unlock(&p->p_lock);
	fdtab_rele(old);
	return 0;
}

/* Who is not seen yet is not told when a terminal is hung up: it has the caller's only as long as it takes to find it. */
static void borrow_terminal(struct ckpt_restore *cr, bool borrow)
{
	spin_lock(&pidlock);
	curproc()->p_ctty = borrow ? cr->cr_parent->p_ctty : NULL;
	spin_unlock(&pidlock);
}

int cr_open(struct ckpt_restore *cr, const char *path, u32 flags, struct file **fp)
{
	int error;

	borrow_terminal(cr, true);
	error = file_open(AT_FDCWD, path, flags, 0, fp);
	borrow_terminal(cr, false);
	return error;
}

/* What belongs to one process: the current one becomes it, but for its address space. */
static int restore_own(struct ckpt_rmember *rm)
{
	static int (*const parts[])(struct ckpt_rmember * rm) = {
		st_proc_restore, st_lwp_restore, st_signal_restore, st_timer_restore,
		st_mem_restore,	 st_fd_restore,	 st_cred_restore,
	};
	int error = 0;

	for (u32 i = 0; i < ARRAY_SIZE(parts) && !error; i++)
		error = parts[i](rm);
	return error;
}

static bool in_place(const struct ckpt_rmember *rm)
{
	return rm->rm_restore->cr_replace && rm == rm->rm_restore->cr_member;
}

/* Revealed: it takes its address space, its other lwps begin. */
static void take_over(struct ckpt_rmember *rm)
{
	struct proc *p = curproc();

	intr_push_off();
	if (!in_place(rm))
		p->p_as = rm->rm_as;
	hat_switch(&p->p_as->a_hat);
	/* In place it has CPU-time timers that it had not when its slice was armed. */
	curcpu()->c_need_resched = true;
	intr_pop_off();
	rm->rm_as = NULL;
	/* The building was not the program's time. */
	lwp_set_times(curlwp(), rm->rm_img->p_lwp[0].l_utime, rm->rm_img->p_lwp[0].l_stime);
	/* In place at a call, they have never stopped. */
	if (!rm->rm_restore->cr_save || !in_place(rm))
		st_timer_start(rm);
	st_lwp_start(rm);
}

static void discard(struct ckpt_rmember *rm)
{
	st_lwp_discard(rm);
	if (rm->rm_as)
		as_rele(rm->rm_as);
	rm->rm_as = NULL;
}

/* First routine of the processes beyond the first. */
static void restore_member(void *arg)
{
	struct ckpt_rmember *rm = arg;
	struct ckpt_restore *cr = rm->rm_restore;
	int error;
	bool go;

	inject_enter();
	curlwp()->l_root = cr->cr_root;
	error = restore_own(rm);
	curlwp()->l_root = NULL;
	inject_leave();
	spin_lock(&cr->cr_lock);
	rm->rm_result = error;
	rm->rm_built = true;
	wakeup(rm);
	while (cr->cr_verdict == CR_BUILDING)
		sleep(&cr->cr_verdict, &cr->cr_lock, 0, 0);
	go = cr->cr_verdict == CR_GO;
	spin_unlock(&cr->cr_lock);
	if (go)
		take_over(rm);
	else
		discard(rm);
	spin_lock(&cr->cr_lock);
	rm->rm_left = true;
	wakeup(rm);
	spin_unlock(&cr->cr_lock);
	if (!go)
		proc_exit(0);
}

/* Makes process i, and waits until it is built. */
static int make_member(struct ckpt_restore *cr, u32 i)
{
	struct ckpt_rmember *rm = &cr->cr_member[i];
	struct spawn_args sa = { .sa_start = restore_member,
				 .sa_arg = rm,
				 .sa_flags = SPAWN_HIDDEN | SPAWN_NO_AS | SPAWN_NO_FILES };
	int error;

	if (rm->rm_img->p_flags & IMG_PF_ZOMBIE) {
		rm->rm_proc = proc_husk();
		return rm->rm_proc ? st_zombie_restore(rm) : -ENOMEM;
	}
	error = spawn_proc(&sa, &rm->rm_proc);
	if (error)
		return error;
	lwp_start(rm->rm_proc->p_lwp0);
	spin_lock(&cr->cr_lock);
	while (!rm->rm_built)
		sleep(rm, &cr->cr_lock, 0, 0);
	error = rm->rm_result;
	spin_unlock(&cr->cr_lock);
	return error;
}

/* All processes are told, and are waited for until they look at cr no more. */
static void tell_members(struct ckpt_restore *cr, enum ckpt_verdict verdict)
{
	spin_lock(&cr->cr_lock);
	cr->cr_verdict = verdict;
	wakeup(&cr->cr_verdict);
	for (u32 i = 1; cr->cr_member && i < cr->cr_img.i_nproc; i++) {
		struct ckpt_rmember *rm = &cr->cr_member[i];

		while (rm->rm_built && !rm->rm_left)
			sleep(rm, &cr->cr_lock, 0, 0);
	}
	spin_unlock(&cr->cr_lock);
}

/* One process can become another; for the rest of a job there is no parent then. */
static int check_roots(struct ckpt_restore *cr)
{
	for (u32 i = 1; i < cr->cr_img.i_nproc && cr->cr_replace; i++) {
		if (cr->cr_img.i_proc[i].p_parent == IMG_NONE)
			return ckpt_refuse(cr->cr_path, -ENOEXEC,
					   "it holds a job of several processes, which recover() brings back");
	}
	return 0;
}

static int make_room(struct ckpt_restore *cr)
{
	const struct img_image *img = &cr->cr_img;

	cr->cr_member = kzalloc(img->i_nproc * sizeof(*cr->cr_member), 0);
	if (!cr->cr_member)
		return -ENOMEM;
	for (u32 i = 0; i < img->i_nproc; i++)
		cr->cr_member[i] = (struct ckpt_rmember){ .rm_restore = cr, .rm_img = &img->i_proc[i] };
	cr->cr_member[0].rm_proc = curproc();
	cr->cr_filev = kzalloc((img->i_nfile + 1) * sizeof(*cr->cr_filev), 0);
	cr->cr_pipev = kzalloc((img->i_npipe + 1) * sizeof(*cr->cr_pipev), 0);
	cr->cr_ptyv = kzalloc((img->i_npty + 1) * sizeof(*cr->cr_ptyv), 0);
	cr->cr_anew = kzalloc((img->i_nvnode + 1) * sizeof(*cr->cr_anew), 0);
	cr->cr_datav = kzalloc((img->i_ndata + 1) * sizeof(*cr->cr_datav), 0);
	cr->cr_made = kzalloc((img->i_nvnode + 1) * sizeof(*cr->cr_made), 0);
	cr->cr_written = kzalloc((img->i_nvnode + 1) * sizeof(*cr->cr_written), 0);
	cr->cr_program = kzalloc((img->i_nvnode + 1) * sizeof(*cr->cr_program), 0);
	if (cr->cr_written && cr->cr_program)
		st_vnode_written(cr);
	return cr->cr_filev && cr->cr_made && cr->cr_written && cr->cr_program && cr->cr_pipev &&
			       cr->cr_ptyv && cr->cr_anew && cr->cr_datav
		       ? 0
		       : -ENOMEM;
}

static void drop_files(struct file **v, u32 n)
{
	for (u32 i = 0; v && i < n; i++) {
		if (v[i])
			file_rele(v[i]);
	}
	kfree(v);
}

static void drop_vnodes(struct vnode **v, u32 n)
{
	for (u32 i = 0; v && i < n; i++) {
		if (v[i])
			vn_rele(v[i]);
	}
	kfree(v);
}

/* The descriptions are the processes' own from here on; what nobody has is closed. */
static void drop_shared(struct ckpt_restore *cr)
{
	const struct img_image *img = &cr->cr_img;

	drop_files(cr->cr_filev, img->i_nfile);
	drop_files(cr->cr_pipev, img->i_npipe);
	drop_files(cr->cr_ptyv, img->i_npty);
	drop_vnodes(cr->cr_anew, img->i_nvnode);
	drop_vnodes(cr->cr_datav, img->i_ndata);
	st_root_drop(cr);
	kfree(cr->cr_made);
	kfree(cr->cr_written);
	kfree(cr->cr_program);
}

/* As many processes as the caller could make by itself. */
static int check_number(struct ckpt_restore *cr)
{
	/* The caller's own, of which another of its lwps may make an end, are those that the current process began with. */
	if (proc_may_have(cr->cr_img.i_nproc))
		return 0;
	return ckpt_refuse(cr->cr_path, -EAGAIN,
			   "its %u processes are more than the caller may have", cr->cr_img.i_nproc);
}

static int restore_all(struct ckpt_restore *cr)
{
	static int (*const first[])(struct ckpt_restore * cr) = { read_image, ckpt_trust, check_roots,
								  check_number, make_room };
	static int (*const shared[])(struct ckpt_restore *
				     cr) = { st_pipe_restore,  st_pty_restore,	st_data_restore,
					     st_spare_restore, st_file_restore, st_stats_restore };
	int error = let_go(cr);

	for (u32 i = 0; i < ARRAY_SIZE(first) && !error; i++)
		error = first[i](cr);
	if (!error)
		error = st_root_find(cr);
	if (!error && cr->cr_save)
		error = inplace_share(cr);
	for (u32 i = 0; i < ARRAY_SIZE(shared) && !error && !cr->cr_save; i++)
		error = shared[i](cr);
	for (u32 i = 1; i < cr->cr_img.i_nproc && !error; i++)
		error = make_member(cr, i);
	if (!error)
		error = restore_own(&cr->cr_member[0]);
	return error ? error : st_cow_restore(cr);
}

_Static_assert(IMG_NONE == REVEAL_ROOT, "places in the image are places in the set");

/* Who is to be seen, and under which ids it wants. */
static int fill_reveal(struct ckpt_restore *cr, struct reveal *rl, pid_t **tids)
{
	u32 n = 0;

	*rl = (struct reveal){ .rl_replace = cr->cr_replace ? cr->cr_parent : NULL,
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
		const struct img_proc *ip = &cr->cr_img.i_proc[i];

		rl->rl_set[i] = (struct revealed){ .rv_proc = cr->cr_member[i].rm_proc,
						   .rv_parent = ip->p_parent,
						   .rv_maker = ip->p_maker,
						   .rv_oldexit = ip->p_options & IMG_PO_OLDEXIT,
						   .rv_pid = ip->p_pid,
						   .rv_pgid = ip->p_pgid,
						   .rv_sid = ip->p_sid,
						   .rv_ctty = st_pty_tty(cr, ip->p_ctty),
						   .rv_nlwp = ip->p_nlwp,
						   .rv_lwps = cr->cr_member[i].rm_lwps,
						   .rv_tids = *tids + n };
		for (u32 k = 0; k < ip->p_nlwp; k++)
			(*tids)[n++] = ip->p_lwp[k].l_tid;
	}
	return 0;
}

/* In place: when all is built the caller ends its other lwps. -EINTR: it is dying itself. */
static int ask_caller(struct ckpt_restore *cr)
{
	bool go;

	spin_lock(&cr->cr_lock);
	cr->cr_built = true;
	wakeup(cr);
	while (cr->cr_go == CR_BUILDING)
		sleep(cr, &cr->cr_lock, 0, 0);
	go = cr->cr_go == CR_GO;
	spin_unlock(&cr->cr_lock);
	return go ? 0 : -EINTR;
}

/* A job that had the terminal has it again, if whoever brings it back has it now. */
static void give_terminal(struct ckpt_restore *cr)
{
	const struct proc *parent = cr->cr_parent, *p = cr->cr_member[cr->cr_foreground].rm_proc;

	if (cr->cr_tty && p->p_sid == parent->p_sid)
		tty_hand_over(cr->cr_tty, p->p_sid, parent->p_pgid, p->p_pgid);
}

/* Ids, and what needs them; then all appear. The pid or an errno. No failure beyond the commit. */
static long reveal(struct ckpt_restore *cr)
{
	struct reveal rl;
	pid_t *tids;
	long result = fill_reveal(cr, &rl, &tids);

	if (!result)
		result = reveal_prepare(&rl);
	if (!result) {
		result = cr->cr_save ? 0 : st_lock_restore(cr);
		if (!result && cr->cr_replace)
			result = ask_caller(cr);
		if (result) {
			reveal_abandon(&rl);
		} else {
			st_clock_start(cr);
			st_about_bind(cr);
			st_vfork_restore(cr);
			if (cr->cr_replace)
				curproc()->p_as = cr->cr_member[0].rm_as;
			result = reveal_commit(&rl);
			if (!cr->cr_save) {
				st_tty_modes(cr);
				st_pty_commit(cr);
			}
			if (result > 0 && !cr->cr_replace)
				give_terminal(cr);
		}
	}
	kfree(rl.rl_set);
	kfree(tids);
	return result;
}

/* In place, when it has been done: the caller lets go of what it was. */
static void dismiss_caller(struct ckpt_restore *cr)
{
	spin_lock(&cr->cr_lock);
	cr->cr_replaced = true;
	wakeup(cr);
	while (!cr->cr_left)
		sleep(cr, &cr->cr_lock, 0, 0);
	spin_unlock(&cr->cr_lock);
}

static void report(struct ckpt_restore *cr, long result)
{
	spin_lock(&cr->cr_lock);
	cr->cr_result = result;
	cr->cr_done = true;
	wakeup(cr);
	spin_unlock(&cr->cr_lock);
}

void restore_ckpt(void *arg)
{
	struct ckpt_restore *cr = arg;
	long result;

	inject_enter();
	curlwp()->l_root = cr->cr_root;
	img_init(&cr->cr_img, &ckpt_mem);
	result = restore_all(cr);
	if (!result)
		result = reveal(cr);
	if (result > 0 && cr->cr_replace)
		dismiss_caller(cr);
	if (result > 0 && cr->cr_replace && !cr->cr_save)
		inplace_timers(&cr->cr_member[0]);
	if (result > 0)
		take_over(&cr->cr_member[0]);
	else if (cr->cr_member)
		discard(&cr->cr_member[0]);
	tell_members(cr, result > 0 ? CR_GO : CR_ABORT);
	for (u32 i = 1; result < 0 && cr->cr_member && i < cr->cr_img.i_nproc; i++) {
		if ((cr->cr_member[i].rm_img->p_flags & IMG_PF_ZOMBIE) && cr->cr_member[i].rm_proc)
			proc_rele(cr->cr_member[i].rm_proc);
	}
	if (result < 0)
		st_spare_uncreate(cr);
	drop_shared(cr);
	kfree(cr->cr_member);
	img_free(&cr->cr_img);
	curlwp()->l_root = NULL;
	inject_leave();
	/* cr belongs to the caller, who may free it as soon as it is told. */
	report(cr, result);
	if (result < 0)
		proc_exit(0);
}
