/* SPDX-License-Identifier: MIT */
/* Every field of one process. */
#include "tools/ckptool.h"

#define U(name, value) k->k_unsigned(k, name, value)
#define S(name, value) k->k_number(k, name, value)
#define T(name, value) k->k_text(k, name, value)

void tool_item(struct sink *k, const char *fmt, u32 value)
{
	char label[32];

	snprintf(label, sizeof(label), fmt, value);
	k->k_item(k, label);
}

static void walk_index(struct sink *k, const char *name, u32 index)
{
	if (index != IMG_NONE)
		U(name, index);
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
		tool_item(k, "%u", sig);
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
	U("monotonic_ns", p->p_mono);
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

static void walk_ptimers(struct sink *k, const struct img_proc *p)
{
	k->k_open(k, "posix_timers", true);
	for (u32 i = 0; i < p->p_nptimer; i++) {
		const struct img_ptimer *pt = &p->p_ptimer[i];

		tool_item(k, "%u", (u32)pt->pt_id);
		S("id", pt->pt_id);
		U("clock", pt->pt_clock);
		S("notify", pt->pt_notify);
		S("signal", pt->pt_signo);
		U("value", pt->pt_value);
		S("tid", pt->pt_tid);
		U("overrun", pt->pt_overrun);
		U("remain_ns", pt->pt_remain);
		U("interval_ns", pt->pt_interval);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_state(struct sink *k, const struct img_proc *p)
{
	if (p->p_parent != IMG_NONE)
		U("parent", p->p_parent);
	T("comm", p->p_comm);
	T("args", p->p_args);
	walk_ids(k, p);
	U("flags", p->p_flags);
	U("exit_signal", p->p_exitsig);
	if (p->p_options)
		U("options", p->p_options);
	if (p->p_maker)
		S("maker", p->p_maker);
	U("stop_signal", p->p_stopsig);
	U("umask", p->p_umask);
	S("nice", p->p_nice);
	if (p->p_flags & IMG_PF_ZOMBIE)
		U("exit_status", p->p_xstat);
	walk_index(k, "exe", p->p_exe);
	walk_index(k, "cwd", p->p_cwd);
	walk_index(k, "root", p->p_root);
	walk_index(k, "ctty", p->p_ctty);
	walk_limits(k, p);
	walk_actions(k, p);
	walk_queue(k, &p->p_pending);
	walk_times(k, p);
	walk_ptimers(k, p);
}

static void walk_mm(struct sink *k, const struct img_mm *m)
{
	k->k_open(k, "mm", false);
	U("brk_start", m->m_brk_start);
	U("brk", m->m_brk);
	U("mmap_top", m->m_mmap_top);
	U("stack_limit", m->m_stack_limit);
	if (m->m_newflags)
		U("new_mappings", m->m_newflags);
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

/* Those that are not the default. */
static void walk_options(struct sink *k, const struct img_options *o)
{
	if (o->o_pdeathsig)
		U("death_signal", o->o_pdeathsig);
	if (o->o_slack != IMG_TIMER_SLACK || o->o_slackdef != IMG_TIMER_SLACK) {
		U("timer_slack", o->o_slack);
		U("timer_slack_default", o->o_slackdef);
	}
	if (o->o_personality)
		U("personality", o->o_personality);
	if (o->o_flags)
		U("options", o->o_flags);
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

static void walk_lwps(struct sink *k, const struct img_proc *p)
{
	k->k_open(k, "lwps", true);
	for (u32 i = 0; i < p->p_nlwp; i++) {
		const struct img_lwp *l = &p->p_lwp[i];

		tool_item(k, "%u", (u32)l->l_tid);
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
		U("affinity", l->l_affinity);
		walk_options(k, &l->l_opt);
		if (l->l_done)
			U("done", l->l_done);
		U("utime_ns", l->l_utime);
		U("stime_ns", l->l_stime);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_segs(struct sink *k, const struct img_proc *p)
{
	static const char *const kind[] = {
		[IMG_SEG_ANON] = "anonymous", [IMG_SEG_PRIVATE] = "private", [IMG_SEG_SHARED] = "shared"
	};

	k->k_open(k, "segs", true);
	for (u32 i = 0; i < p->p_nseg; i++) {
		const struct img_seg *s = &p->p_seg[i];

		tool_item(k, "%#x", s->s_base);
		U("base", s->s_base);
		U("size", s->s_size);
		T("kind", kind[s->s_kind]);
		U("prot", s->s_prot);
		U("maxprot", s->s_maxprot);
		U("flags", s->s_flags);
		if (s->s_kind != IMG_SEG_ANON) {
			walk_index(k, "vnode", s->s_vnode);
			walk_index(k, "data", s->s_data);
			U("offset", s->s_off);
		}
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_fds(struct sink *k, const struct img_proc *p)
{
	k->k_open(k, "descriptors", true);
	for (u32 i = 0; i < p->p_nfd; i++) {
		tool_item(k, "%u", p->p_fd[i].fd_num);
		U("fd", p->p_fd[i].fd_num);
		U("file", p->p_fd[i].fd_file);
		U("cloexec", p->p_fd[i].fd_cloexec);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

/* Without the places, there is nothing to say: diff compares pages by themselves. */
void tool_walk_runs(const struct img_image *img, struct img_runs runs, struct sink *k, bool places)
{
	if (!places)
		return;
	k->k_open(k, "runs", true);
	for (u32 i = 0; i < runs.rs_nrun; i++) {
		k->k_open(k, NULL, false);
		U("address", runs.rs_run[i].r_va);
		U("pages", runs.rs_run[i].r_npages);
		U("offset", img_page_off(img, runs.rs_run[i].r_first));
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_cows(const struct img_proc *p, struct sink *k)
{
	k->k_open(k, "shared", true);
	for (u32 i = 0; i < p->p_ncow; i++) {
		k->k_open(k, NULL, false);
		U("address", p->p_cow[i].c_va);
		U("pages", p->p_cow[i].c_npages);
		U("process", p->p_cow[i].c_proc);
		U("there", p->p_cow[i].c_from);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

void tool_walk_proc(const struct img_image *img, const struct img_proc *p, struct sink *k, bool places)
{
	tool_item(k, "%u", (u32)p->p_pid);
	walk_state(k, p);
	walk_lwps(k, p);
	if (img_mem_of(img, p) != p)
		U("memory_of", p->p_mem);
	if (p->p_waiter != IMG_NONE) {
		U("awaited_by", p->p_waiter);
		U("awaited_by_lwp", p->p_waiterlwp);
	}
	walk_mm(k, &p->p_mm);
	walk_segs(k, p);
	tool_walk_runs(img, (struct img_runs){ p->p_run, p->p_nrun }, k, places);
	if (places && p->p_ncow)
		walk_cows(p, k);
	if (img_fds_of(img, p) != p)
		U("descriptors_of", p->p_fds);
	walk_fds(k, p);
	k->k_close(k, false);
}
