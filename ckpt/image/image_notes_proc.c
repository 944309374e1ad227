/* SPDX-License-Identifier: MIT */
/* The notes about one process, field by field: see image_notes.c. */
#include "ckpt/image/image_codec.h"
#include "ckpt/image/image_format.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* The least that one item takes in its note. */
#define MIN_SEG 40u
#define MIN_FD 12u
#define MIN_SIGINFO 128u

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
	if (x->x_img->i_features & IMG_FEATURE_LOCKED)
		imgx_u32(x, &m->m_newflags);
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
	imgx_u32(x, &l->l_affinity);
	imgx_u32(x, &l->l_done);
	pending(x, &l->l_pending);
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

/* Memory stands with the first of those who have it. A zombie has none. */
static bool has_memory(const struct imgx *x)
{
	return !(x->x_proc->p_flags & IMG_PF_ZOMBIE) && &x->x_img->i_proc[x->x_proc->p_mem] == x->x_proc;
}

static void psinfo(struct imgx *x, u32 arg)
{
	imgx_version(x, NK_VERSION);
	imgx_raw(x, x->x_proc->p_args, sizeof(x->x_proc->p_args));
	if (has_memory(x))
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
	if (!has_memory(x))
		return;
	imgx_note(x, OWNER_KCKPT, NK_MM, mm, 0);
	imgx_note(x, OWNER_KCKPT, NK_SEGS, segs, 0);
}

void imgx_proc_notes(struct imgx *x, u32 i)
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
