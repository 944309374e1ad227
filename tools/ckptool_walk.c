/* SPDX-License-Identifier: MIT */
/* Every field of an image, by name, in one place: json and diff show the same things. */
#include "tools/ckptool.h"

#define U(name, value) k->k_unsigned(k, name, value)
#define S(name, value) k->k_number(k, name, value)
#define T(name, value) k->k_text(k, name, value)

static void walk_ident(struct sink *k, const struct img_ident *id)
{
	k->k_open(k, "ident", false);
	k->k_bytes(k, "image", id->id_image, sizeof(id->id_image));
	k->k_bytes(k, "parent", id->id_parent, sizeof(id->id_parent));
	T("node", id->id_node);
	T("system", id->id_system);
	U("real_ns", id->id_real_ns);
	U("mono_ns", id->id_mono_ns);
	k->k_close(k, false);
}

static void walk_layout(struct sink *k, const struct img_layout *lo)
{
	k->k_open(k, "layout", false);
	U("program_headers", lo->lo_phnum);
	U("notes_offset", lo->lo_notes_off);
	U("notes_size", lo->lo_notes_size);
	U("data_offset", lo->lo_data_off);
	U("pages", lo->lo_npages);
	U("sums_offset", lo->lo_sums_off);
	U("size", lo->lo_size);
	k->k_close(k, false);
}

static void walk_vnodes(struct sink *k, const struct img_image *img)
{
	k->k_open(k, "vnodes", true);
	for (u32 i = 0; i < img->i_nvnode; i++) {
		const struct img_vnode *v = &img->i_vnode[i];

		k->k_open(k, NULL, false);
		T("path", v->v_path);
		U("dev", v->v_dev);
		U("ino", v->v_ino);
		U("generation", v->v_gen);
		U("mode", v->v_mode);
		U("rdev", v->v_rdev);
		U("size", v->v_size);
		S("mtime", v->v_mtime);
		U("mtime_ns", v->v_mtime_ns);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_queue(struct sink *k, const struct img_sigqueue *q)
{
	U("pending", q->q_set);
	k->k_open(k, "queue", true);
	for (u32 i = 0; i < q->q_count; i++)
		k->k_bytes(k, NULL, (const u8 *)q->q_info[i].si_word, sizeof(q->q_info[i].si_word));
	k->k_close(k, true);
}

static void walk_actions(struct sink *k, const struct img_proc *p)
{
	k->k_open(k, "actions", true);
	for (u32 sig = 1; sig <= IMG_NSIG; sig++) {
		const struct img_sigaction *a = &p->p_act[sig - 1];

		if (!a->sa_handler && !a->sa_flags && !a->sa_restorer && !a->sa_mask)
			continue;
		k->k_open(k, NULL, false);
		U("signal", sig);
		U("handler", a->sa_handler);
		U("flags", a->sa_flags);
		U("restorer", a->sa_restorer);
		U("mask", a->sa_mask);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_ids(struct sink *k, const struct img_proc *p)
{
	S("pid", p->p_pid);
	S("ppid", p->p_ppid);
	S("pgid", p->p_pgid);
	S("sid", p->p_sid);
	U("uid", p->p_uid);
	U("euid", p->p_euid);
	U("suid", p->p_suid);
	U("fsuid", p->p_fsuid);
	U("gid", p->p_gid);
	U("egid", p->p_egid);
	U("sgid", p->p_sgid);
	U("fsgid", p->p_fsgid);
	k->k_open(k, "groups", true);
	for (u32 i = 0; i < p->p_ngroups; i++)
		U(NULL, p->p_groups[i]);
	k->k_close(k, true);
}

static void walk_limits(struct sink *k, const struct img_proc *p)
{
	k->k_open(k, "limits", true);
	for (u32 i = 0; i < IMG_NRLIMIT; i++) {
		k->k_open(k, NULL, true);
		U(NULL, p->p_rlimit[i].rl_cur);
		U(NULL, p->p_rlimit[i].rl_max);
		k->k_close(k, true);
	}
	k->k_close(k, true);
}

static void walk_times(struct sink *k, const struct img_proc *p)
{
	k->k_open(k, "timers", true);
	for (u32 i = 0; i < ARRAY_SIZE(p->p_itimer); i++) {
		k->k_open(k, NULL, false);
		U("remain_ns", p->p_itimer[i].it_remain);
		U("interval_ns", p->p_itimer[i].it_interval);
		k->k_close(k, false);
	}
	k->k_close(k, true);
	U("age_ns", p->p_age);
	U("utime_ns", p->p_utime);
	U("stime_ns", p->p_stime);
	U("cutime_ns", p->p_cutime);
	U("cstime_ns", p->p_cstime);
	U("minflt", p->p_minflt);
	U("majflt", p->p_majflt);
	U("nvcsw", p->p_nvcsw);
	U("nivcsw", p->p_nivcsw);
	U("maxrss", p->p_maxrss);
}

static void walk_proc(struct sink *k, const struct img_proc *p)
{
	k->k_open(k, "proc", false);
	T("comm", p->p_comm);
	T("args", p->p_args);
	walk_ids(k, p);
	U("flags", p->p_flags);
	U("exit_signal", p->p_exitsig);
	U("stop_signal", p->p_stopsig);
	U("umask", p->p_umask);
	S("nice", p->p_nice);
	U("exe", p->p_exe);
	U("cwd", p->p_cwd);
	U("root", p->p_root);
	if (p->p_ctty != IMG_NONE)
		U("ctty", p->p_ctty);
	walk_limits(k, p);
	walk_actions(k, p);
	walk_queue(k, &p->p_pending);
	walk_times(k, p);
	k->k_close(k, false);
}

static void walk_mm(struct sink *k, const struct img_mm *m)
{
	k->k_open(k, "mm", false);
	U("brk_start", m->m_brk_start);
	U("brk", m->m_brk);
	U("mmap_top", m->m_mmap_top);
	U("stack_limit", m->m_stack_limit);
	U("arg_start", m->m_arg_start);
	U("arg_end", m->m_arg_end);
	U("env_start", m->m_env_start);
	U("env_end", m->m_env_end);
	U("stack_start", m->m_stack_start);
	U("code_start", m->m_code_start);
	U("code_end", m->m_code_end);
	U("data_start", m->m_data_start);
	U("data_end", m->m_data_end);
	k->k_open(k, "auxv", true);
	for (u32 i = 0; i < m->m_nauxv; i++)
		U(NULL, m->m_auxv[i]);
	k->k_close(k, true);
	k->k_close(k, false);
}

static void walk_regs(struct sink *k, const struct img_regs *r)
{
	static const char *const names[] = { "ebx", "ecx", "edx",    "esi", "edi", "ebp",
					     "eax", "ds",  "es",     "fs",  "gs",  "orig_eax",
					     "eip", "cs",  "eflags", "esp", "ss" };
	const u32 *reg = (const u32 *)r;

	k->k_open(k, "regs", false);
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		U(names[i], reg[i]);
	k->k_close(k, false);
}

static void walk_restart(struct sink *k, const struct img_restart *rs)
{
	if (!rs->rs_active)
		return;
	k->k_open(k, "restart", false);
	U("call", rs->rs_sysno);
	k->k_open(k, "args", true);
	for (u32 i = 0; i < ARRAY_SIZE(rs->rs_arg); i++)
		U(NULL, rs->rs_arg[i]);
	k->k_close(k, true);
	U("remain_ns", rs->rs_remain);
	k->k_close(k, false);
}

static void walk_lwps(struct sink *k, const struct img_image *img)
{
	k->k_open(k, "lwps", true);
	for (u32 i = 0; i < img->i_nlwp; i++) {
		const struct img_lwp *l = &img->i_lwp[i];

		k->k_open(k, NULL, false);
		S("tid", l->l_tid);
		T("name", l->l_name);
		walk_regs(k, &l->l_regs);
		k->k_open(k, "tls", true);
		for (u32 n = 0; n < IMG_NTLS; n++)
			U(NULL, l->l_tls[n]);
		k->k_close(k, true);
		if (l->l_fpvalid)
			k->k_bytes(k, "fxsave", l->l_fx, sizeof(l->l_fx));
		U("sigmask", l->l_sigmask);
		walk_queue(k, &l->l_pending);
		U("altstack", l->l_altsp);
		U("altstack_size", l->l_altsize);
		U("altstack_flags", l->l_altflags);
		U("clear_tid", l->l_clear_tid);
		U("robust_list", l->l_robust);
		U("robust_len", l->l_robust_len);
		walk_restart(k, &l->l_restart);
		U("utime_ns", l->l_utime);
		U("stime_ns", l->l_stime);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_segs(struct sink *k, const struct img_image *img)
{
	static const char *const kind[] = {
		[IMG_SEG_ANON] = "anonymous", [IMG_SEG_PRIVATE] = "private", [IMG_SEG_SHARED] = "shared"
	};

	k->k_open(k, "segs", true);
	for (u32 i = 0; i < img->i_nseg; i++) {
		const struct img_seg *s = &img->i_seg[i];

		k->k_open(k, NULL, false);
		U("base", s->s_base);
		U("size", s->s_size);
		T("kind", kind[s->s_kind]);
		U("prot", s->s_prot);
		U("maxprot", s->s_maxprot);
		U("flags", s->s_flags);
		if (s->s_kind != IMG_SEG_ANON) {
			U("vnode", s->s_vnode);
			U("offset", s->s_off);
		}
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_files(struct sink *k, const struct img_image *img)
{
	static const char *const kind[] = {
		[IMG_FILE_REG] = "file", [IMG_FILE_DIR] = "directory", [IMG_FILE_CHR] = "device", [IMG_FILE_TTY] = "terminal"
	};

	k->k_open(k, "files", true);
	for (u32 i = 0; i < img->i_nfile; i++) {
		const struct img_file *f = &img->i_file[i];

		k->k_open(k, NULL, false);
		T("kind", kind[f->f_kind]);
		U("flags", f->f_flags);
		U("offset", f->f_offset);
		U("vnode", f->f_vnode);
		if (f->f_tty != IMG_NONE)
			U("tty", f->f_tty);
		S("owner", f->f_owner);
		k->k_close(k, false);
	}
	k->k_close(k, true);
	k->k_open(k, "descriptors", true);
	for (u32 i = 0; i < img->i_nfd; i++) {
		k->k_open(k, NULL, false);
		U("fd", img->i_fd[i].fd_num);
		U("file", img->i_fd[i].fd_file);
		U("cloexec", img->i_fd[i].fd_cloexec);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_ttys(struct sink *k, const struct img_image *img)
{
	k->k_open(k, "ttys", true);
	for (u32 i = 0; i < img->i_ntty; i++) {
		const struct img_tty *t = &img->i_tty[i];

		k->k_open(k, NULL, false);
		U("vnode", t->t_vnode);
		U("iflag", t->t_iflag);
		U("oflag", t->t_oflag);
		U("cflag", t->t_cflag);
		U("lflag", t->t_lflag);
		U("line", t->t_line);
		k->k_bytes(k, "cc", t->t_cc, sizeof(t->t_cc));
		U("ispeed", t->t_ispeed);
		U("ospeed", t->t_ospeed);
		U("rows", t->t_row);
		U("columns", t->t_col);
		U("xpixel", t->t_xpixel);
		U("ypixel", t->t_ypixel);
		S("foreground", t->t_pgrp);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_runs(struct sink *k, const struct img_image *img)
{
	k->k_open(k, "runs", true);
	for (u32 i = 0; i < img->i_nrun; i++) {
		k->k_open(k, NULL, false);
		U("address", img->i_run[i].r_va);
		U("pages", img->i_run[i].r_npages);
		U("offset", img_page_off(img, img->i_run[i].r_first));
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

void tool_walk(const struct tool_image *ti, struct sink *k)
{
	const struct img_image *img = &ti->ti_img;

	k->k_open(k, NULL, false);
	U("version", IMG_VERSION);
	walk_ident(k, &img->i_ident);
	walk_layout(k, &img->i_lo);
	walk_proc(k, &img->i_proc);
	walk_lwps(k, img);
	walk_mm(k, &img->i_mm);
	walk_segs(k, img);
	walk_runs(k, img);
	walk_files(k, img);
	walk_ttys(k, img);
	walk_vnodes(k, img);
	k->k_close(k, false);
}
