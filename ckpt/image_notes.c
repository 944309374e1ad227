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
#define MIN_VNODE 52u
#define MIN_SEG 40u
#define MIN_FILE 32u
#define MIN_FD 12u
#define MIN_TTY 60u
#define MIN_SIGINFO 128u
#define MIN_LWPTIME 24u

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
	imgx_u32(x, &img->i_nvnode);
	imgx_u32(x, &img->i_nlwp);
	imgx_u32(x, &img->i_nseg);
	imgx_derived(x, img->i_nrun);
	imgx_u32(x, &img->i_nfile);
	imgx_u32(x, &img->i_nfd);
	imgx_u32(x, &img->i_ntty);
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

static void time_note(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;
	struct img_proc *p = &img->i_proc;

	imgx_version(x, NK_VERSION);
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
	img->i_lwp = imgx_list(x, img->i_lwp, &img->i_nlwp, IMG_MAX_LWPS, MIN_LWPTIME, sizeof(*img->i_lwp));
	for (u32 i = 0; i < img->i_nlwp; i++) {
		imgx_u64(x, &img->i_lwp[i].l_utime);
		imgx_u64(x, &img->i_lwp[i].l_stime);
		imgx_u64(x, &img->i_lwp[i].l_restart.rs_remain);
	}
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
		imgx_str(x, &v->v_path);
	}
}

static void proc(struct imgx *x, u32 arg)
{
	struct img_proc *p = &x->x_img->i_proc;

	imgx_version(x, NK_VERSION);
	imgx_s32(x, &p->p_pid);
	imgx_s32(x, &p->p_ppid);
	imgx_s32(x, &p->p_pgid);
	imgx_s32(x, &p->p_sid);
	imgx_u32(x, &p->p_flags);
	imgx_u32(x, &p->p_exitsig);
	imgx_u32(x, &p->p_stopsig);
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
	struct img_proc *p = &x->x_img->i_proc;
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
	struct img_mm *m = &x->x_img->i_mm;

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
	struct img_image *img = x->x_img;

	imgx_version(x, NK_VERSION);
	img->i_seg = imgx_list(x, img->i_seg, &img->i_nseg, IMG_MAX_SEGS, MIN_SEG, sizeof(*img->i_seg));
	for (u32 i = 0; i < img->i_nseg && !x->x_error; i++) {
		struct img_seg *s = &img->i_seg[i];

		imgx_u32(x, &s->s_base);
		imgx_u32(x, &s->s_size);
		imgx_u32(x, &s->s_prot);
		imgx_u32(x, &s->s_maxprot);
		imgx_u32(x, &s->s_kind);
		imgx_u32(x, &s->s_flags);
		imgx_u32(x, &s->s_vnode);
		imgx_derived(x, 0);
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
		imgx_u32(x, &f->f_tty);
		imgx_s32(x, &f->f_owner);
		imgx_derived(x, 0);
	}
	img->i_fd = imgx_list(x, img->i_fd, &img->i_nfd, IMG_MAX_FDS, MIN_FD, sizeof(*img->i_fd));
	for (u32 i = 0; i < img->i_nfd && !x->x_error; i++) {
		struct img_fd *fd = &img->i_fd[i];

		imgx_u32(x, &fd->fd_num);
		imgx_u32(x, &fd->fd_file);
		imgx_u32(x, &fd->fd_cloexec);
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
	struct img_lwp *l = &x->x_img->i_lwp[arg];

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

static void lwp_notes(struct imgx *x, u32 i)
{
	struct img_lwp *l = &x->x_img->i_lwp[i];

	imgx_note(x, OWNER_CORE, NT_PRSTATUS, imgx_prstatus, i);
	imgx_note(x, OWNER_KCKPT, NK_LWP, lwp, i);
	if (l->l_fpvalid) {
		imgx_note(x, OWNER_CORE, NT_FPREGSET, imgx_fpregset, i);
		imgx_note(x, OWNER_LINUX, NT_PRXFPREG, imgx_prxfpreg, i);
	}
	if (img_tls_used(l))
		imgx_note(x, OWNER_LINUX, NT_386_TLS, imgx_tls, i);
}

/* A note that depends on what is in another comes behind it: a reader knows what to expect. */
void imgx_notes(struct imgx *x)
{
	struct img_image *img = x->x_img;

	imgx_note(x, OWNER_KCKPT, NK_HEAD, head, 0);
	imgx_note(x, OWNER_KCKPT, NK_IDENT, ident, 0);
	imgx_note(x, OWNER_KCKPT, NK_TIME, time_note, 0);
	imgx_note(x, OWNER_KCKPT, NK_VNODES, vnodes, 0);
	imgx_note(x, OWNER_KCKPT, NK_PROC, proc, 0);
	imgx_note(x, OWNER_CORE, NT_PRPSINFO, imgx_prpsinfo, 0);
	imgx_note(x, OWNER_KCKPT, NK_SIGNALS, signals, 0);
	for (u32 i = 0; i < img->i_nlwp && !x->x_error; i++)
		lwp_notes(x, i);
	imgx_note(x, OWNER_KCKPT, NK_MM, mm, 0);
	imgx_note(x, OWNER_CORE, NT_AUXV, imgx_auxv, 0);
	imgx_note(x, OWNER_KCKPT, NK_SEGS, segs, 0);
	if (img_mapped_files(img))
		imgx_note(x, OWNER_CORE, NT_FILE, imgx_ntfile, 0);
	imgx_note(x, OWNER_KCKPT, NK_FILES, files, 0);
	if (img->i_ntty)
		imgx_note(x, OWNER_KCKPT, NK_TTYS, ttys, 0);
	if (img_nblocks(img))
		imgx_note(x, OWNER_KCKPT, NK_SUMS, sums, 0);
}
