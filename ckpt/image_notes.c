/* SPDX-License-Identifier: MIT */
/*
 * What each of our notes holds, field by field, and the order of all notes. docs/ckpt.5 says the same in words:
 * whoever changes a line here changes it there, and NK_VERSION.
 */
#include "ckpt/image_codec.h"
#include "ckpt/image_format.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* The least that one item takes in the file: bounds what a forged count can ask for. */
#define MIN_PROC 24u
#define MIN_VNODE 56u
#define MIN_SEG 40u
#define MIN_FILE 28u
#define MIN_FD 12u
#define MIN_TTY 60u
#define MIN_PIPE 8u
#define MIN_DATA 32u
#define MIN_LOCK 32u
#define MIN_PTIMER 36u
#define MIN_SIGINFO 128u
#define MIN_LWPTIME 24u
#define MIN_PTIMERTIME 8u

/* The counts come first, as in the paper: they bound all the rest. */
static void head(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;
	struct img_layout *lo = &img->i_lo;
	char magic[8] = NK_MAGIC;
	u32 features = 0; /* what a reader must know beyond this version: none yet */

	imgx_version(x, IMG_VERSION);
	imgx_raw(x, magic, sizeof(magic));
	imgx_u32(x, &features);
	if (features)
		imgx_fail(x, -EOPNOTSUPP, "uses features that are not known here", features);
	imgx_u64(x, &lo->lo_size);
	imgx_u32(x, &lo->lo_data_off);
	imgx_u32(x, &lo->lo_npages);
	imgx_u32(x, &img->i_nproc);
	imgx_u32(x, &img->i_nvnode);
	imgx_u32(x, &img->i_nfile);
	imgx_u32(x, &img->i_npipe);
	imgx_u32(x, &img->i_ntty);
	imgx_u32(x, &img->i_ndata);
	imgx_u32(x, &img->i_nlock);
}

static void ident(struct imgx *x, u32 arg)
{
	struct img_ident *id = &x->x_img->i_ident;

	imgx_version(x, NK_VERSION);
	imgx_u32(x, &x->x_check);
	imgx_raw(x, id->id_image, sizeof(id->id_image));
	imgx_raw(x, id->id_parent, sizeof(id->id_parent));
	imgx_raw(x, id->id_node, sizeof(id->id_node));
	imgx_raw(x, id->id_system, sizeof(id->id_system));
	imgx_u64(x, &id->id_real_ns);
	imgx_u64(x, &id->id_mono_ns);
}

/* The processes, and how many of each kind of thing they have. */
static void tree(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	if (imgx_getting(x) && img->i_nproc == 0)
		imgx_fail(x, -EBADMSG, "has no process", 0);
	img->i_proc = imgx_list(x, img->i_proc, &img->i_nproc, IMG_MAX_PROCS, MIN_PROC, sizeof(*img->i_proc));
	for (u32 i = 0; i < img->i_nproc; i++) {
		struct img_proc *p = &img->i_proc[i];

		imgx_u32(x, &p->p_parent);
		imgx_u32(x, &p->p_flags);
		imgx_u32(x, &p->p_nlwp);
		imgx_u32(x, &p->p_nseg);
		imgx_u32(x, &p->p_nfd);
		imgx_u32(x, &p->p_nptimer);
	}
}

static void proc_times(struct imgx *x, struct img_proc *p)
{
	imgx_u64(x, &p->p_age);
	imgx_u64(x, &p->p_utime);
	imgx_u64(x, &p->p_stime);
	imgx_u64(x, &p->p_cutime);
	imgx_u64(x, &p->p_cstime);
	imgx_u32(x, &p->p_minflt);
	imgx_u32(x, &p->p_majflt);
	imgx_u32(x, &p->p_nvcsw);
	imgx_u32(x, &p->p_nivcsw);
	imgx_u32(x, &p->p_maxrss);
	for (u32 i = 0; i < ARRAY_SIZE(p->p_itimer); i++)
		imgx_u64(x, &p->p_itimer[i].it_remain);
	p->p_ptimer = imgx_list(x, p->p_ptimer, &p->p_nptimer, IMG_MAX_PTIMERS, MIN_PTIMERTIME,
				sizeof(*p->p_ptimer));
	for (u32 i = 0; i < p->p_nptimer; i++)
		imgx_u64(x, &p->p_ptimer[i].pt_remain);
	p->p_lwp = imgx_list(x, p->p_lwp, &p->p_nlwp, IMG_MAX_LWPS, MIN_LWPTIME, sizeof(*p->p_lwp));
	for (u32 i = 0; i < p->p_nlwp; i++) {
		imgx_u64(x, &p->p_lwp[i].l_utime);
		imgx_u64(x, &p->p_lwp[i].l_stime);
		imgx_u64(x, &p->p_lwp[i].l_restart.rs_remain);
	}
}

static void time_note(struct imgx *x, u32 arg)
{
	imgx_version(x, NK_VERSION);
	for (u32 i = 0; i < x->x_img->i_nproc; i++)
		proc_times(x, &x->x_img->i_proc[i]);
}

static void vnodes(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_vnode = imgx_list(x, img->i_vnode, &img->i_nvnode, IMG_MAX_VNODES, MIN_VNODE,
				 sizeof(*img->i_vnode));
	for (u32 i = 0; i < img->i_nvnode && !x->x_error; i++) {
		struct img_vnode *v = &img->i_vnode[i];

		imgx_u64(x, &v->v_ino);
		imgx_u64(x, &v->v_size);
		imgx_s64(x, &v->v_mtime);
		imgx_u32(x, &v->v_mtime_ns);
		imgx_u32(x, &v->v_dev);
		imgx_u32(x, &v->v_rdev);
		imgx_u32(x, &v->v_gen);
		imgx_u32(x, &v->v_mode);
		imgx_u32(x, &v->v_flags);
		imgx_str(x, &v->v_path);
	}
}

static void proc(struct imgx *x, u32 arg)
{
	struct img_proc *p = x->x_proc;

	imgx_version(x, NK_VERSION);
	imgx_s32(x, &p->p_pid);
	imgx_s32(x, &p->p_ppid);
	imgx_s32(x, &p->p_pgid);
	imgx_s32(x, &p->p_sid);
	imgx_u32(x, &p->p_exitsig);
	imgx_u32(x, &p->p_stopsig);
	imgx_u32(x, &p->p_xstat);
	imgx_u32(x, &p->p_umask);
	imgx_s32(x, &p->p_nice);
	imgx_u32(x, &p->p_uid);
	imgx_u32(x, &p->p_euid);
	imgx_u32(x, &p->p_suid);
	imgx_u32(x, &p->p_fsuid);
	imgx_u32(x, &p->p_gid);
	imgx_u32(x, &p->p_egid);
	imgx_u32(x, &p->p_sgid);
	imgx_u32(x, &p->p_fsgid);
	imgx_u32(x, &p->p_exe);
	imgx_u32(x, &p->p_cwd);
	imgx_u32(x, &p->p_root);
	imgx_u32(x, &p->p_ctty);
	imgx_raw(x, p->p_comm, sizeof(p->p_comm));
	for (u32 i = 0; i < ARRAY_SIZE(p->p_itimer); i++)
		imgx_u64(x, &p->p_itimer[i].it_interval);
	for (u32 i = 0; i < IMG_NRLIMIT; i++) {
		imgx_u64(x, &p->p_rlimit[i].rl_cur);
		imgx_u64(x, &p->p_rlimit[i].rl_max);
	}
	imgx_u32(x, &p->p_ngroups);
	if (p->p_ngroups > IMG_MAX_GROUPS)
		imgx_fail(x, -E2BIG, "has too many groups", p->p_ngroups);
	for (u32 i = 0; i < p->p_ngroups && !x->x_error; i++)
		imgx_u32(x, &p->p_groups[i]);
}

static void pending(struct imgx *x, struct img_sigqueue *q)
{
	imgx_u64(x, &q->q_set);
	imgx_u32(x, &q->q_count);
	q->q_info = imgx_list(x, q->q_info, &q->q_count, IMG_MAX_PENDING, MIN_SIGINFO, sizeof(*q->q_info));
	for (u32 i = 0; i < q->q_count && !x->x_error; i++)
		for (u32 w = 0; w < ARRAY_SIZE(q->q_info[i].si_word); w++)
			imgx_u32(x, &q->q_info[i].si_word[w]);
}

static bool is_default(const struct img_sigaction *a)
{
	return !a->sa_handler && !a->sa_flags && !a->sa_restorer && !a->sa_mask;
}

static void action(struct imgx *x, struct img_sigaction *a)
{
	imgx_u32(x, &a->sa_handler);
	imgx_u32(x, &a->sa_flags);
	imgx_u32(x, &a->sa_restorer);
	imgx_u64(x, &a->sa_mask);
}

/* Only the actions that are not the default: signal, then the action; the list ends with 0. */
static void signals(struct imgx *x, u32 arg)
{
	struct img_proc *p = x->x_proc;
	u32 sig = 0, last = 0;

	imgx_version(x, NK_VERSION);
	if (imgx_getting(x)) {
		for (;; last = sig) {
			imgx_u32(x, &sig);
			if (!sig)
				break;
			if (sig > IMG_NSIG || sig <= last)
				imgx_fail(x, -EBADMSG, "has an action for a signal out of order", sig);
			if (x->x_error)
				return;
			action(x, &p->p_act[sig - 1]);
		}
	} else {
		for (sig = 1; sig <= IMG_NSIG; sig++) {
			if (is_default(&p->p_act[sig - 1]))
				continue;
			imgx_u32(x, &sig);
			action(x, &p->p_act[sig - 1]);
		}
		imgx_derived(x, 0);
	}
	pending(x, &p->p_pending);
}

static void mm(struct imgx *x, u32 arg)
{
	struct img_mm *m = &x->x_proc->p_mm;

	imgx_version(x, NK_VERSION);
	imgx_u32(x, &m->m_brk_start);
	imgx_u32(x, &m->m_brk);
	imgx_u32(x, &m->m_mmap_top);
	imgx_u32(x, &m->m_stack_limit);
	imgx_u32(x, &m->m_arg_start);
	imgx_u32(x, &m->m_arg_end);
	imgx_u32(x, &m->m_env_start);
	imgx_u32(x, &m->m_env_end);
	imgx_u32(x, &m->m_stack_start);
	imgx_u32(x, &m->m_code_start);
	imgx_u32(x, &m->m_code_end);
	imgx_u32(x, &m->m_data_start);
	imgx_u32(x, &m->m_data_end);
}

static void segs(struct imgx *x, u32 arg)
{
	struct img_proc *p = x->x_proc;

	imgx_version(x, NK_VERSION);
	p->p_seg = imgx_list(x, p->p_seg, &p->p_nseg, IMG_MAX_SEGS, MIN_SEG, sizeof(*p->p_seg));
	for (u32 i = 0; i < p->p_nseg && !x->x_error; i++) {
		struct img_seg *s = &p->p_seg[i];

		imgx_u32(x, &s->s_base);
		imgx_u32(x, &s->s_size);
		imgx_u32(x, &s->s_prot);
		imgx_u32(x, &s->s_maxprot);
		imgx_u32(x, &s->s_kind);
		imgx_u32(x, &s->s_flags);
		imgx_u32(x, &s->s_vnode);
		imgx_u32(x, &s->s_data);
		imgx_u64(x, &s->s_off);
	}
}

static void files(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_file = imgx_list(x, img->i_file, &img->i_nfile, IMG_MAX_FILES, MIN_FILE, sizeof(*img->i_file));
	for (u32 i = 0; i < img->i_nfile && !x->x_error; i++) {
		struct img_file *f = &img->i_file[i];

		imgx_u32(x, &f->f_kind);
		imgx_u32(x, &f->f_flags);
		imgx_u64(x, &f->f_offset);
		imgx_u32(x, &f->f_vnode);
		imgx_u32(x, &f->f_obj);
		imgx_s32(x, &f->f_owner);
	}
}

static void fds(struct imgx *x, u32 arg)
{
	struct img_proc *p = x->x_proc;

	imgx_version(x, NK_VERSION);
	p->p_fd = imgx_list(x, p->p_fd, &p->p_nfd, IMG_MAX_FDS, MIN_FD, sizeof(*p->p_fd));
	for (u32 i = 0; i < p->p_nfd && !x->x_error; i++) {
		struct img_fd *fd = &p->p_fd[i];

		imgx_u32(x, &fd->fd_num);
		imgx_u32(x, &fd->fd_file);
		imgx_u32(x, &fd->fd_cloexec);
	}
}

static void pipes(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_pipe = imgx_list(x, img->i_pipe, &img->i_npipe, IMG_MAX_PIPES, MIN_PIPE, sizeof(*img->i_pipe));
	for (u32 i = 0; i < img->i_npipe && !x->x_error; i++) {
		imgx_u32(x, &img->i_pipe[i].pi_size);
		imgx_u32(x, &img->i_pipe[i].pi_data);
	}
}

static void data(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_data = imgx_list(x, img->i_data, &img->i_ndata, IMG_MAX_DATA, MIN_DATA, sizeof(*img->i_data));
	for (u32 i = 0; i < img->i_ndata && !x->x_error; i++) {
		struct img_data *d = &img->i_data[i];

		imgx_u32(x, &d->d_kind);
		imgx_u32(x, &d->d_mode);
		imgx_u32(x, &d->d_uid);
		imgx_u32(x, &d->d_gid);
		imgx_u64(x, &d->d_size);
		imgx_str(x, &d->d_path);
	}
}

static void locks(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_lock = imgx_list(x, img->i_lock, &img->i_nlock, IMG_MAX_LOCKS, MIN_LOCK, sizeof(*img->i_lock));
	for (u32 i = 0; i < img->i_nlock && !x->x_error; i++) {
		struct img_lock *l = &img->i_lock[i];

		imgx_u32(x, &l->l_kind);
		imgx_u32(x, &l->l_write);
		imgx_u32(x, &l->l_file);
		imgx_u32(x, &l->l_proc);
		imgx_u64(x, &l->l_start);
		imgx_u64(x, &l->l_end);
	}
}

static void ptimers(struct imgx *x, u32 arg)
{
	struct img_proc *p = x->x_proc;

	imgx_version(x, NK_VERSION);
	for (u32 i = 0; i < p->p_nptimer && !x->x_error; i++) {
		struct img_ptimer *pt = &p->p_ptimer[i];

		imgx_s32(x, &pt->pt_id);
		imgx_u32(x, &pt->pt_clock);
		imgx_u32(x, &pt->pt_value);
		imgx_s32(x, &pt->pt_signo);
		imgx_s32(x, &pt->pt_notify);
		imgx_s32(x, &pt->pt_tid);
		imgx_u32(x, &pt->pt_overrun);
		imgx_u64(x, &pt->pt_interval);
	}
}

static void ttys(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_tty = imgx_list(x, img->i_tty, &img->i_ntty, IMG_MAX_TTYS, MIN_TTY, sizeof(*img->i_tty));
	for (u32 i = 0; i < img->i_ntty && !x->x_error; i++) {
		struct img_tty *t = &img->i_tty[i];

		imgx_u32(x, &t->t_vnode);
		imgx_u32(x, &t->t_iflag);
		imgx_u32(x, &t->t_oflag);
		imgx_u32(x, &t->t_cflag);
		imgx_u32(x, &t->t_lflag);
		imgx_raw(x, &t->t_line, 1);
		imgx_raw(x, t->t_cc, sizeof(t->t_cc));
		imgx_u32(x, &t->t_ispeed);
		imgx_u32(x, &t->t_ospeed);
		imgx_u16(x, &t->t_row);
		imgx_u16(x, &t->t_col);
		imgx_u16(x, &t->t_xpixel);
		imgx_u16(x, &t->t_ypixel);
		imgx_s32(x, &t->t_pgrp);
	}
}

static void lwp(struct imgx *x, u32 arg)
{
	struct img_lwp *l = &x->x_proc->p_lwp[arg];

	imgx_version(x, NK_VERSION);
	imgx_raw(x, l->l_name, sizeof(l->l_name));
	for (u32 i = 0; i < IMG_NTLS; i++)
		imgx_u64(x, &l->l_tls[i]);
	imgx_u32(x, &l->l_fpvalid);
	imgx_u64(x, &l->l_sigmask);
	imgx_u32(x, &l->l_altsp);
	imgx_u32(x, &l->l_altsize);
	imgx_u32(x, &l->l_altflags);
	imgx_u32(x, &l->l_clear_tid);
	imgx_u32(x, &l->l_robust);
	imgx_u32(x, &l->l_robust_len);
	imgx_u32(x, &l->l_restart.rs_active);
	imgx_u32(x, &l->l_restart.rs_sysno);
	for (u32 i = 0; i < ARRAY_SIZE(l->l_restart.rs_arg); i++)
		imgx_u32(x, &l->l_restart.rs_arg[i]);
	imgx_u32(x, &l->l_done);
	pending(x, &l->l_pending);
}

static void sums(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;
	u32 n = img_nblocks(img);

	imgx_version(x, NK_VERSION);
	img->i_blocksum = imgx_list(x, img->i_blocksum, &n, n, sizeof(u32), sizeof(u32));
	for (u32 i = 0; i < n && !x->x_error; i++)
		imgx_u32(x, &img->i_blocksum[i]);
}

/* Registers and FPU state, of an lwp of which debuggers are not told. */
static void regs(struct imgx *x, u32 arg)
{
	struct img_lwp *l = &x->x_proc->p_lwp[arg];
	u32 *reg = (u32 *)&l->l_regs;

	imgx_version(x, NK_VERSION);
	imgx_s32(x, &l->l_tid);
	for (u32 i = 0; i < sizeof(l->l_regs) / 4; i++)
		imgx_u32(x, &reg[i]);
	imgx_u32(x, &l->l_fpvalid);
	if (l->l_fpvalid)
		imgx_raw(x, l->l_fx, sizeof(l->l_fx));
}

static void psinfo(struct imgx *x, u32 arg)
{
	imgx_version(x, NK_VERSION);
	imgx_raw(x, x->x_proc->p_args, sizeof(x->x_proc->p_args));
	if (!(x->x_proc->p_flags & IMG_PF_ZOMBIE))
		imgx_auxv(x, arg);
}

/* Of the first process, whom debuggers know. */
static void first_lwp(struct imgx *x, u32 i)
{
	struct img_lwp *l = &x->x_proc->p_lwp[i];

	imgx_note(x, OWNER_CORE, NT_PRSTATUS, imgx_prstatus, i);
	imgx_note(x, OWNER_KCKPT, NK_LWP, lwp, i);
	if (l->l_fpvalid) {
		imgx_note(x, OWNER_CORE, NT_FPREGSET, imgx_fpregset, i);
		imgx_note(x, OWNER_LINUX, NT_PRXFPREG, imgx_prxfpreg, i);
	}
	if (img_tls_used(l))
		imgx_note(x, OWNER_LINUX, NT_386_TLS, imgx_tls, i);
}

static void first_proc(struct imgx *x)
{
	struct img_proc *p = x->x_proc;

	imgx_note(x, OWNER_KCKPT, NK_PROC, proc, 0);
	imgx_note(x, OWNER_CORE, NT_PRPSINFO, imgx_prpsinfo, 0);
	imgx_note(x, OWNER_KCKPT, NK_SIGNALS, signals, 0);
	for (u32 i = 0; i < p->p_nlwp && !x->x_error; i++)
		first_lwp(x, i);
	imgx_note(x, OWNER_KCKPT, NK_MM, mm, 0);
	imgx_note(x, OWNER_CORE, NT_AUXV, imgx_auxv, 0);
	imgx_note(x, OWNER_KCKPT, NK_SEGS, segs, 0);
	if (img_mapped_files(p))
		imgx_note(x, OWNER_CORE, NT_FILE, imgx_ntfile, 0);
}

static void other_proc(struct imgx *x)
{
	struct img_proc *p = x->x_proc;

	imgx_note(x, OWNER_KCKPT, NK_PROC, proc, 0);
	imgx_note(x, OWNER_KCKPT, NK_PSINFO, psinfo, 0);
	if (p->p_flags & IMG_PF_ZOMBIE)
		return;
	imgx_note(x, OWNER_KCKPT, NK_SIGNALS, signals, 0);
	for (u32 i = 0; i < p->p_nlwp && !x->x_error; i++) {
		imgx_note(x, OWNER_KCKPT, NK_REGS, regs, i);
		imgx_note(x, OWNER_KCKPT, NK_LWP, lwp, i);
	}
	imgx_note(x, OWNER_KCKPT, NK_MM, mm, 0);
	imgx_note(x, OWNER_KCKPT, NK_SEGS, segs, 0);
}

static void proc_notes(struct imgx *x, u32 i)
{
	struct img_proc *p = &x->x_img->i_proc[i];

	x->x_proc = p;
	if (i == 0)
		first_proc(x);
	else
		other_proc(x);
	if (p->p_nfd)
		imgx_note(x, OWNER_KCKPT, NK_FDS, fds, 0);
	if (p->p_nptimer)
		imgx_note(x, OWNER_KCKPT, NK_PTIMERS, ptimers, 0);
}

/* A note that depends on what is in another comes behind it: a reader knows what to expect. */
void imgx_notes(struct imgx *x)
{
	struct img_image *img = x->x_img;

	imgx_note(x, OWNER_KCKPT, NK_HEAD, head, 0);
	imgx_note(x, OWNER_KCKPT, NK_IDENT, ident, 0);
	imgx_note(x, OWNER_KCKPT, NK_TREE, tree, 0);
	imgx_note(x, OWNER_KCKPT, NK_TIME, time_note, 0);
	imgx_note(x, OWNER_KCKPT, NK_VNODES, vnodes, 0);
	if (img->i_ndata)
		imgx_note(x, OWNER_KCKPT, NK_DATA, data, 0);
	if (imgx_getting(x))
		imgx_share_runs(x);
	for (u32 i = 0; i < img->i_nproc && !x->x_error; i++)
		proc_notes(x, i);
	if (img->i_nfile)
		imgx_note(x, OWNER_KCKPT, NK_FILES, files, 0);
	if (img->i_npipe)
		imgx_note(x, OWNER_KCKPT, NK_PIPES, pipes, 0);
	if (img->i_ntty)
		imgx_note(x, OWNER_KCKPT, NK_TTYS, ttys, 0);
	if (img->i_nlock)
		imgx_note(x, OWNER_KCKPT, NK_LOCKS, locks, 0);
	if (img_nblocks(img))
		imgx_note(x, OWNER_KCKPT, NK_SUMS, sums, 0);
}
