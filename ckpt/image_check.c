/* SPDX-License-Identifier: MIT */
/*
 * The rules that every image keeps, one function for each kind of state. What a program can give itself by
 * ordinary means is allowed, however odd (a handler at any address, any stack pointer); what only the kernel could have
 * given it is not.
 */
#include "ckpt/image.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* ABI values: linux-libc-dev's asm-generic/{mman-common,fcntl,signal,resource}.h, asm/stat.h. */
#define PROT_ALL 7u
#define OPEN_KEPT \
	015776003u /* what F_GETFL can show: no O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_CLOEXEC, O_TMPFILE */
#define MODE_FMT 0170000u
#define MODE_REG 0100000u
#define MODE_DIR 0040000u
#define MODE_CHR 0020000u
#define MODE_FIFO 0010000u
#define SIG_KILL 9u
#define SIG_STOP 19u
#define SIG_RTMIN 32u
#define SIG_BIT(n) (1ull << ((n)-1))
#define SIG_UNBLOCKABLE (SIG_BIT(SIG_KILL) | SIG_BIT(SIG_STOP))
#define ALT_DISABLE 2u
#define ALT_AUTODISARM 0x80000000u
#define ROBUST_LEN 12u
#define SIGEV_NONE 1
#define SIGEV_THREAD_ID 4
#define CLOCK_MAX 15u

/* Selectors of user mode: those of 32-bit Linux, and GDT slots 6 to 8. */
#define SEL_USER_CODE 0x73u
#define SEL_USER_DATA 0x7bu
#define SEL_RPL 3u
#define SLOT(sel) ((sel) >> 3)
#define TLS_FIRST 6u

/* EFLAGS: bit 1 and IF are always set in user mode; the program may set CF PF AF ZF SF TF DF OF NT RF AC ID. */
#define EFLAGS_ALWAYS 0x00000202u
#define EFLAGS_USER 0x00254dd5u

/* A segment descriptor: present, privilege 3, not a system one, data, 32-bit. Base, limit, granularity and the rest are free. */
#define DESC_MASK 0x0060f80000000000ull
#define DESC_DATA 0x0040f00000000000ull
#define DESC_WRITABLE 0x0000020000000000ull

#define MXCSR_OFF 24
#define MXCSR_RESERVED 0xffff0000u
#define FX_FREE_OFF 288 /* nothing of a 32-bit program from here on */

static int bad(struct img_err *err, const char *what, u32 val)
{
	*err = (struct img_err){ .e_what = what, .e_val = val };
	return -EINVAL;
}

#define REQUIRE(condition, what, val)                      \
	do {                                               \
		if (!(condition))                          \
			return bad(err, what, (u32)(val)); \
	} while (0)

/* A fixed array that holds a string: a 0 within, only zeros behind. */
static bool text_ok(const char *s, u32 size)
{
	u32 len = (u32)strnlen(s, size);

	if (len == size)
		return false;
	while (len < size && s[len] == 0)
		len++;
	return len == size;
}

static bool pid_ok(s32 pid)
{
	return pid > 0 && pid < IMG_PID_MAX;
}

static int check_ident(const struct img_image *img, struct img_err *err)
{
	const struct img_ident *id = &img->i_ident;

	REQUIRE(text_ok(id->id_node, sizeof(id->id_node)), "name of the system is not terminated", 0);
	REQUIRE(text_ok(id->id_system, sizeof(id->id_system)), "version of the system is not terminated", 0);
	return 0;
}

static int check_vnodes(const struct img_image *img, struct img_err *err)
{
	REQUIRE(img->i_nvnode <= IMG_MAX_VNODES, "too many files", img->i_nvnode);
	for (u32 i = 0; i < img->i_nvnode; i++) {
		const struct img_vnode *v = &img->i_vnode[i];

		REQUIRE(v->v_path && v->v_path[0] == '/', "file without an absolute path", i);
		REQUIRE(strnlen(v->v_path, IMG_MAX_PATH) < IMG_MAX_PATH, "path is too long", i);
		REQUIRE(v->v_mtime_ns < 1000000000u, "file time has too many nanoseconds", v->v_mtime_ns);
		REQUIRE(!(v->v_mode & ~(MODE_FMT | 07777u)), "file mode has unknown bits", v->v_mode);
		REQUIRE(v->v_size < 1ull << 63, "file size is negative", i);
		REQUIRE(!(v->v_flags & ~IMG_VF_SPARE), "unknown file flags", v->v_flags);
	}
	return 0;
}

/* Uses of vnodes (or files, or ttys) must name each index first in order: 0, 1, 2... */
static bool use(u32 index, u32 *seen, u32 count)
{
	if (index == *seen && index < count)
		++*seen;
	return index < *seen;
}

static bool vnode_is(const struct img_image *img, u32 index, u32 fmt)
{
	return (img->i_vnode[index].v_mode & MODE_FMT) == fmt;
}

/* What the uses have named so far. */
struct seen {
	u32 vnodes, data;
};

static int check_proc_uses(const struct img_image *img, const struct img_proc *p, struct seen *seen,
			   struct img_err *err)
{
	u32 n = img->i_nvnode;

	if (p->p_exe != IMG_NONE)
		REQUIRE(use(p->p_exe, &seen->vnodes, n) && vnode_is(img, p->p_exe, MODE_REG),
			"executable is no file", p->p_exe);
	REQUIRE(use(p->p_cwd, &seen->vnodes, n) && vnode_is(img, p->p_cwd, MODE_DIR),
		"working directory is none", p->p_cwd);
	REQUIRE(use(p->p_root, &seen->vnodes, n) && vnode_is(img, p->p_root, MODE_DIR),
		"root directory is none", p->p_root);
	for (u32 i = 0; i < p->p_nseg; i++) {
		const struct img_seg *s = &p->p_seg[i];

		if (s->s_vnode != IMG_NONE)
			REQUIRE(use(s->s_vnode, &seen->vnodes, n) && vnode_is(img, s->s_vnode, MODE_REG),
				"seg maps no file", i);
		if (s->s_data != IMG_NONE)
			REQUIRE(use(s->s_data, &seen->data, img->i_ndata) &&
					img->i_data[s->s_data].d_kind != IMG_DATA_PIPE,
				"seg maps no contents", i);
	}
	return 0;
}

/* Every file and every object is named, first in order: by processes, then open files, then terminals and pipes. */
static int check_uses(const struct img_image *img, struct img_err *err)
{
	struct seen seen = { 0 };

	for (u32 i = 0; i < img->i_nproc; i++) {
		int error = 0;

		if (!(img->i_proc[i].p_flags & IMG_PF_ZOMBIE))
			error = check_proc_uses(img, &img->i_proc[i], &seen, err);
		if (error)
			return error;
	}
	for (u32 i = 0; i < img->i_nfile; i++) {
		const struct img_file *f = &img->i_file[i];

		if (f->f_vnode != IMG_NONE)
			REQUIRE(use(f->f_vnode, &seen.vnodes, img->i_nvnode),
				"open file's vnode is out of order", i);
		if ((f->f_kind == IMG_FILE_DATA || f->f_kind == IMG_FILE_REG) && f->f_obj != IMG_NONE)
			REQUIRE(use(f->f_obj, &seen.data, img->i_ndata),
				"open file's contents are out of order", i);
	}
	for (u32 i = 0; i < img->i_ntty; i++)
		REQUIRE(use(img->i_tty[i].t_vnode, &seen.vnodes, img->i_nvnode) &&
				vnode_is(img, img->i_tty[i].t_vnode, MODE_CHR),
			"terminal is no device", i);
	for (u32 i = 0; i < img->i_npipe; i++) {
		const struct img_pipe *pi = &img->i_pipe[i];

		if (pi->pi_data != IMG_NONE)
			REQUIRE(pi->pi_data == seen.data && use(pi->pi_data, &seen.data, img->i_ndata),
				"pipe's contents are out of order", i);
	}
	REQUIRE(seen.vnodes == img->i_nvnode, "file that nothing uses", seen.vnodes);
	REQUIRE(seen.data == img->i_ndata, "contents that nothing uses", seen.data);
	return 0;
}

static int check_ids(const struct img_proc *p, struct img_err *err)
{
	REQUIRE(pid_ok(p->p_pid), "process id out of range", p->p_pid);
	REQUIRE(p->p_ppid >= 0 && p->p_ppid < IMG_PID_MAX, "parent's id out of range", p->p_ppid);
	REQUIRE(p->p_pgid >= 0 && p->p_pgid < IMG_PID_MAX, "process group out of range", p->p_pgid);
	REQUIRE(p->p_sid >= 0 && p->p_sid < IMG_PID_MAX, "session out of range", p->p_sid);
	REQUIRE(p->p_ngroups <= IMG_MAX_GROUPS, "too many groups", p->p_ngroups);
	REQUIRE(p->p_uid != ~0u && p->p_euid != ~0u && p->p_suid != ~0u && p->p_fsuid != ~0u, "user id -1", 0);
	REQUIRE(p->p_gid != ~0u && p->p_egid != ~0u && p->p_sgid != ~0u && p->p_fsgid != ~0u, "group id -1", 0);
	return 0;
}

static int check_proc(const struct img_proc *p, struct img_err *err)
{
	REQUIRE(!(p->p_flags & ~(IMG_PF_FORKNOEXEC | IMG_PF_ZOMBIE | IMG_PF_WAITSTOP | IMG_PF_WAITCONT | IMG_PF_STOPTOLD)),
		"unknown process flags", p->p_flags);
	REQUIRE(p->p_xstat <= 0xffff && (p->p_xstat == 0 || p->p_flags & IMG_PF_ZOMBIE),
		"status of an end", p->p_xstat);
	REQUIRE(p->p_exitsig <= IMG_NSIG, "exit signal out of range", p->p_exitsig);
	REQUIRE(p->p_stopsig <= IMG_NSIG, "stop signal out of range", p->p_stopsig);
	REQUIRE(p->p_umask <= 0777, "umask out of range", p->p_umask);
	REQUIRE(p->p_nice >= -20 && p->p_nice <= 19, "nice value out of range", p->p_nice);
	REQUIRE(text_ok(p->p_comm, sizeof(p->p_comm)), "process name is not terminated", 0);
	REQUIRE(text_ok(p->p_args, sizeof(p->p_args)), "command line is not terminated", 0);
	for (u32 i = 0; i < IMG_NRLIMIT; i++)
		REQUIRE(p->p_rlimit[i].rl_cur <= p->p_rlimit[i].rl_max, "soft limit above the hard one", i);
	return check_ids(p, err);
}

static int check_queue(const struct img_sigqueue *q, struct img_err *err)
{
	u64 seen = 0;

	REQUIRE(q->q_count <= IMG_MAX_PENDING, "too many pending signals", q->q_count);
	for (u32 i = 0; i < q->q_count; i++) {
		u32 sig = q->q_info[i].si_word[0];

		REQUIRE(sig >= 1 && sig <= IMG_NSIG, "pending signal out of range", sig);
		REQUIRE(q->q_set & SIG_BIT(sig), "queued signal is not pending", sig);
		REQUIRE(sig >= SIG_RTMIN || !(seen & SIG_BIT(sig)), "signal queued twice", sig);
		seen |= SIG_BIT(sig);
	}
	return 0;
}

static int check_signals(const struct img_proc *p, struct img_err *err)
{
	for (u32 sig = 1; sig <= IMG_NSIG; sig++) {
		const struct img_sigaction *a = &p->p_act[sig - 1];

		REQUIRE(!(a->sa_mask & SIG_UNBLOCKABLE), "action blocks SIGKILL or SIGSTOP", sig);
		if (SIG_BIT(sig) & SIG_UNBLOCKABLE)
			REQUIRE(!a->sa_handler && !a->sa_flags && !a->sa_restorer && !a->sa_mask,
				"action for SIGKILL or SIGSTOP", sig);
	}
	return check_queue(&p->p_pending, err);
}

static int check_mm(const struct img_proc *p, struct img_err *err)
{
	const struct img_mm *m = &p->p_mm;
	const u32 range[][2] = {
		{ m->m_brk_start, m->m_brk },	    { m->m_arg_start, m->m_arg_end },
		{ m->m_env_start, m->m_env_end },   { m->m_code_start, m->m_code_end },
		{ m->m_data_start, m->m_data_end }, { m->m_stack_start, IMG_USER_MAX }
	};

	for (u32 i = 0; i < ARRAY_SIZE(range); i++)
		REQUIRE(range[i][0] <= range[i][1] && range[i][1] <= IMG_USER_MAX,
			"bad range in the memory map", range[i][0]);
	REQUIRE(m->m_mmap_top <= IMG_USER_MAX && m->m_mmap_top % IMG_PAGE == 0,
		"bad top for mappings", m->m_mmap_top);
	REQUIRE(m->m_nauxv >= 2 && m->m_nauxv <= IMG_MAX_AUXV && m->m_nauxv % 2 == 0,
		"auxiliary vector's length", m->m_nauxv);
	for (u32 i = 0; i < m->m_nauxv; i += 2)
		REQUIRE((m->m_auxv[i] == 0) == (i == m->m_nauxv - 2), "auxiliary vector's end", i);
	return 0;
}

static int check_seg(const struct img_seg *s, u32 i, struct img_err *err)
{
	REQUIRE(s->s_base % IMG_PAGE == 0 && s->s_size % IMG_PAGE == 0 && s->s_size,
		"seg is not whole pages", i);
	REQUIRE(s->s_base >= IMG_USER_MIN && s->s_base < IMG_USER_MAX && s->s_size <= IMG_USER_MAX - s->s_base,
		"seg outside user space", s->s_base);
	REQUIRE(!(s->s_maxprot & ~PROT_ALL) && !(s->s_prot & ~s->s_maxprot), "seg's protection", s->s_base);
	REQUIRE(!(s->s_flags & ~(IMG_SEGF_STACK | IMG_SEGF_BRK | IMG_SEGF_DONTFORK)),
		"unknown seg flags", s->s_flags);
	REQUIRE(s->s_kind >= IMG_SEG_ANON && s->s_kind <= IMG_SEG_SHARED, "unknown kind of seg", s->s_kind);
	if (s->s_kind == IMG_SEG_ANON) {
		REQUIRE(s->s_vnode == IMG_NONE && s->s_data == IMG_NONE && s->s_off == 0,
			"anonymous seg with a file", s->s_base);
		return 0;
	}
	REQUIRE(s->s_vnode != IMG_NONE || s->s_data != IMG_NONE, "seg maps nothing", s->s_base);
	REQUIRE(!(s->s_flags & (IMG_SEGF_STACK | IMG_SEGF_BRK)), "stack or heap with a file", s->s_base);
	/* mmap2's offset is 32 bits of pages. */
	REQUIRE(s->s_off % IMG_PAGE == 0 && s->s_off < 1ull << 44, "seg's offset", s->s_base);
	return 0;
}

static int check_segs(const struct img_proc *p, struct img_err *err)
{
	u32 end = 0;

	REQUIRE(p->p_nseg <= IMG_MAX_SEGS, "too many segs", p->p_nseg);
	for (u32 i = 0; i < p->p_nseg; i++) {
		const struct img_seg *s = &p->p_seg[i];
		int error = check_seg(s, i, err);

		if (error)
			return error;
		REQUIRE(s->s_base >= end, "seg overlaps the one before, or is out of order", s->s_base);
		end = s->s_base + s->s_size;
	}
	return 0;
}

/* Each run lies in one seg that keeps pages, behind the one before, with a page between them if that is in the same seg. */
static int check_runs(const struct img_proc *p, struct img_err *err)
{
	u32 seg = 0, end = 0;

	REQUIRE(p->p_nrun <= IMG_MAX_LOADS, "too many runs of pages", p->p_nrun);
	for (u32 i = 0; i < p->p_nrun; i++) {
		const struct img_run *r = &p->p_run[i];
		const struct img_seg *s;

		while (seg < p->p_nseg && r->r_va - p->p_seg[seg].s_base >= p->p_seg[seg].s_size) {
			seg++;
			end = 0;
		}
		REQUIRE(seg < p->p_nseg, "stored pages outside every seg, or out of order", r->r_va);
		s = &p->p_seg[seg];
		REQUIRE(r->r_va % IMG_PAGE == 0 && r->r_npages, "run is not whole pages", r->r_va);
		REQUIRE(r->r_npages <= (s->s_size - (r->r_va - s->s_base)) / IMG_PAGE,
			"run goes beyond its seg", r->r_va);
		REQUIRE(s->s_kind != IMG_SEG_SHARED, "stored pages of a shared seg", r->r_va);
		REQUIRE(!end || r->r_va > end, "runs touch or overlap", r->r_va);
		end = r->r_va + r->r_npages * IMG_PAGE;
	}
	return 0;
}

static int check_data_runs(const struct img_data *d, struct img_err *err)
{
	u32 end = 0, size = ROUND_UP((u32)d->d_size, IMG_PAGE);

	REQUIRE(d->d_nrun <= IMG_MAX_LOADS, "too many runs of pages", d->d_nrun);
	for (u32 i = 0; i < d->d_nrun; i++) {
		const struct img_run *r = &d->d_run[i];

		REQUIRE(r->r_va % IMG_PAGE == 0 && r->r_npages, "run is not whole pages", r->r_va);
		REQUIRE(i == 0 || r->r_va > end, "runs touch or overlap", r->r_va);
		REQUIRE(r->r_va < size && r->r_npages <= (size - r->r_va) / IMG_PAGE,
			"run goes beyond its object", r->r_va);
		end = r->r_va + r->r_npages * IMG_PAGE;
	}
	return 0;
}

static int check_data(const struct img_image *img, struct img_err *err)
{
	REQUIRE(img->i_ndata <= IMG_MAX_DATA, "too many objects of contents", img->i_ndata);
	for (u32 i = 0; i < img->i_ndata; i++) {
		const struct img_data *d = &img->i_data[i];
		bool file = d->d_kind == IMG_DATA_FILE || d->d_kind == IMG_DATA_MEMFD;
		int error;

		REQUIRE(d->d_kind >= IMG_DATA_MEMORY && d->d_kind <= IMG_DATA_PIPE,
			"unknown kind of contents", d->d_kind);
		REQUIRE(d->d_size <= IMG_MAX_DATA_SIZE, "contents are too large", i);
		REQUIRE(!(d->d_mode & ~07777u) && d->d_uid != ~0u && d->d_gid != ~0u,
			"attributes of contents", i);
		REQUIRE(d->d_path && (file ? d->d_path[0] == '/' : d->d_path[0] == 0), "name of contents", i);
		REQUIRE(file || (d->d_mode == 0 && d->d_uid == 0 && d->d_gid == 0),
			"attributes of what has none", i);
		error = check_data_runs(d, err);
		if (error)
			return error;
	}
	return 0;
}

static int check_pipes(const struct img_image *img, struct img_err *err)
{
	REQUIRE(img->i_npipe <= IMG_MAX_PIPES, "too many pipes", img->i_npipe);
	for (u32 i = 0; i < img->i_npipe; i++) {
		const struct img_pipe *pi = &img->i_pipe[i];

		REQUIRE(pi->pi_size >= IMG_PAGE && pi->pi_size <= IMG_MAX_PIPE_SIZE &&
				!(pi->pi_size & (pi->pi_size - 1)),
			"pipe's size", pi->pi_size);
		if (pi->pi_data == IMG_NONE)
			continue;
		REQUIRE(pi->pi_data < img->i_ndata && img->i_data[pi->pi_data].d_kind == IMG_DATA_PIPE &&
				img->i_data[pi->pi_data].d_size <= pi->pi_size &&
				img->i_data[pi->pi_data].d_size,
			"pipe's contents", i);
	}
	return 0;
}

static bool tls_usable(const struct img_lwp *l, u32 sel)
{
	return SLOT(sel) >= TLS_FIRST && SLOT(sel) < TLS_FIRST + IMG_NTLS && l->l_tls[SLOT(sel) - TLS_FIRST];
}

/* What mov to DS, ES, FS or GS takes in user mode. */
static bool data_selector_ok(const struct img_lwp *l, u32 sel)
{
	if (sel > 0xffff || sel & 4)
		return false;
	return sel <= SEL_RPL || SLOT(sel) == SLOT(SEL_USER_CODE) ||
	       SLOT(sel) == SLOT(SEL_USER_DATA) || tls_usable(l, sel);
}

static bool stack_selector_ok(const struct img_lwp *l, u32 sel)
{
	if (sel == SEL_USER_DATA)
		return true;
	return sel <= 0xffff && (sel & 7) == SEL_RPL && tls_usable(l, sel) &&
	       l->l_tls[SLOT(sel) - TLS_FIRST] & DESC_WRITABLE;
}

static int check_regs(const struct img_lwp *l, struct img_err *err)
{
	const struct img_regs *r = &l->l_regs;

	for (u32 i = 0; i < IMG_NTLS; i++)
		REQUIRE(!l->l_tls[i] || (l->l_tls[i] & DESC_MASK) == DESC_DATA,
			"descriptor is no user data segment", i);
	REQUIRE(r->r_cs == SEL_USER_CODE, "CS is not user mode's", r->r_cs);
	REQUIRE(stack_selector_ok(l, r->r_ss), "SS is not user mode's", r->r_ss);
	REQUIRE(data_selector_ok(l, r->r_ds), "DS is not user mode's", r->r_ds);
	REQUIRE(data_selector_ok(l, r->r_es), "ES is not user mode's", r->r_es);
	REQUIRE(data_selector_ok(l, r->r_fs), "FS is not user mode's", r->r_fs);
	REQUIRE(data_selector_ok(l, r->r_gs), "GS is not user mode's", r->r_gs);
	REQUIRE((r->r_eflags & ~EFLAGS_USER) == EFLAGS_ALWAYS, "EFLAGS has privileged bits", r->r_eflags);
	return 0;
}

static bool zero_bytes(const u8 *p, u32 n)
{
	while (n && !*p)
		p++, n--;
	return n == 0;
}

static int check_fpu(const struct img_lwp *l, struct img_err *err)
{
	u32 mxcsr;

	REQUIRE(l->l_fpvalid <= 1, "FPU state's flag", l->l_fpvalid);
	if (!l->l_fpvalid) {
		REQUIRE(zero_bytes(l->l_fx, sizeof(l->l_fx)), "FPU state of an lwp that has none", 0);
		return 0;
	}
	memcpy(&mxcsr, l->l_fx + MXCSR_OFF, sizeof(mxcsr));
	REQUIRE(!(mxcsr & MXCSR_RESERVED), "MXCSR has reserved bits", mxcsr);
	REQUIRE(zero_bytes(l->l_fx + FX_FREE_OFF, IMG_FX_SIZE - FX_FREE_OFF),
		"FPU state where there is none", 0);
	return 0;
}

static int check_restart(const struct img_restart *rs, struct img_err *err)
{
	static const struct img_restart none;

	REQUIRE(rs->rs_active <= 1, "restart's flag", rs->rs_active);
	REQUIRE(rs->rs_sysno < 1024, "restart of an unknown call", rs->rs_sysno);
	if (!rs->rs_active)
		REQUIRE(rs->rs_sysno == none.rs_sysno && rs->rs_remain == 0 &&
				memcmp(rs->rs_arg, none.rs_arg, sizeof(rs->rs_arg)) == 0,
			"arguments of no restart", rs->rs_sysno);
	return 0;
}

static int check_lwp(const struct img_lwp *l, struct img_err *err)
{
	u32 alt = l->l_altflags & ~ALT_AUTODISARM;
	int error;

	REQUIRE(pid_ok(l->l_tid), "lwp id out of range", l->l_tid);
	REQUIRE(text_ok(l->l_name, sizeof(l->l_name)), "lwp name is not terminated", l->l_tid);
	REQUIRE(!(l->l_sigmask & SIG_UNBLOCKABLE), "mask blocks SIGKILL or SIGSTOP", l->l_tid);
	REQUIRE(alt <= ALT_DISABLE, "alternate stack's flags", l->l_altflags);
	REQUIRE(l->l_robust_len == 0 || l->l_robust_len == ROBUST_LEN, "robust list's length", l->l_robust_len);
	error = check_regs(l, err);
	if (!error)
		error = check_fpu(l, err);
	if (!error)
		error = check_restart(&l->l_restart, err);
	if (!error)
		error = check_queue(&l->l_pending, err);
	return error;
}

/* The first is the one that asked; the others follow in order of their ids. */
static int check_lwps(const struct img_proc *p, struct img_err *err)
{
	REQUIRE(p->p_nlwp >= 1 && p->p_nlwp <= IMG_MAX_LWPS, "number of lwps", p->p_nlwp);
	for (u32 i = 0; i < p->p_nlwp; i++) {
		int error = check_lwp(&p->p_lwp[i], err);

		if (error)
			return error;
		REQUIRE(i == 0 || p->p_lwp[i].l_tid != p->p_lwp[0].l_tid, "lwp id twice",
			p->p_lwp[i].l_tid);
		REQUIRE(i < 2 || p->p_lwp[i].l_tid > p->p_lwp[i - 1].l_tid, "lwps out of order",
			p->p_lwp[i].l_tid);
	}
	return 0;
}

static int check_ptimers(const struct img_proc *p, struct img_err *err)
{
	REQUIRE(p->p_nptimer <= IMG_MAX_PTIMERS, "too many timers", p->p_nptimer);
	for (u32 i = 0; i < p->p_nptimer; i++) {
		const struct img_ptimer *pt = &p->p_ptimer[i];

		REQUIRE(pt->pt_id >= 0 && (i == 0 || pt->pt_id > pt[-1].pt_id), "timer's id", pt->pt_id);
		REQUIRE(pt->pt_clock <= CLOCK_MAX, "timer's clock", pt->pt_clock);
		REQUIRE(pt->pt_notify == 0 || pt->pt_notify == SIGEV_NONE || pt->pt_notify == SIGEV_THREAD_ID,
			"timer's way to notify", pt->pt_notify);
		if (pt->pt_notify != SIGEV_NONE)
			REQUIRE(pt->pt_signo >= 1 && pt->pt_signo <= IMG_NSIG, "timer's signal", pt->pt_signo);
		if (pt->pt_notify == SIGEV_THREAD_ID)
			REQUIRE(pid_ok(pt->pt_tid), "timer's thread", pt->pt_tid);
		REQUIRE(pt->pt_interval < 1ull << 63 && pt->pt_remain < 1ull << 63, "timer's time", pt->pt_id);
	}
	return 0;
}

static int check_fds(const struct img_image *img, const struct img_proc *p, u32 *files, struct img_err *err)
{
	u32 next = 0;

	REQUIRE(p->p_nfd <= IMG_MAX_FDS, "too many descriptors", p->p_nfd);
	for (u32 i = 0; i < p->p_nfd; i++) {
		const struct img_fd *fd = &p->p_fd[i];

		REQUIRE(fd->fd_num >= next && fd->fd_num < IMG_MAX_FDS,
			"descriptor out of range or order", fd->fd_num);
		REQUIRE(use(fd->fd_file, files, img->i_nfile), "descriptor's file", fd->fd_num);
		REQUIRE(fd->fd_cloexec <= 1, "descriptor's flags", fd->fd_cloexec);
		next = fd->fd_num + 1;
	}
	return 0;
}

static int check_file(const struct img_image *img, u32 i, u32 *ttys, u32 *pipes, struct img_err *err)
{
	static const u32 fmt[] = {
		[IMG_FILE_REG] = MODE_REG, [IMG_FILE_DIR] = MODE_DIR, [IMG_FILE_CHR] = MODE_CHR, [IMG_FILE_TTY] = MODE_CHR, [IMG_FILE_PIPE] = MODE_FIFO
	};
	const struct img_file *f = &img->i_file[i];
	bool named = f->f_vnode != IMG_NONE;

	REQUIRE(f->f_kind >= IMG_FILE_REG && f->f_kind <= IMG_FILE_DATA, "unknown kind of open file", f->f_kind);
	REQUIRE(!named || (f->f_kind != IMG_FILE_DATA && f->f_vnode < img->i_nvnode &&
			   vnode_is(img, f->f_vnode, fmt[f->f_kind])),
		"open file of another kind", i);
	REQUIRE(named || f->f_kind >= IMG_FILE_PIPE, "open file without a name", i);
	REQUIRE(!(f->f_flags & ~OPEN_KEPT), "open file's flags", f->f_flags);
	REQUIRE(f->f_offset < 1ull << 63, "open file's offset", i);
	switch (f->f_kind) {
	case IMG_FILE_TTY:
		REQUIRE(use(f->f_obj, ttys, img->i_ntty), "open file's terminal", f->f_obj);
		break;
	case IMG_FILE_PIPE:
		REQUIRE(use(f->f_obj, pipes, img->i_npipe), "open file's pipe", f->f_obj);
		break;
	case IMG_FILE_DATA:
		REQUIRE(f->f_obj < img->i_ndata && (img->i_data[f->f_obj].d_kind == IMG_DATA_FILE ||
						    img->i_data[f->f_obj].d_kind == IMG_DATA_MEMFD),
			"open file's contents", f->f_obj);
		break;
	case IMG_FILE_REG:
		REQUIRE(f->f_obj == IMG_NONE || (f->f_obj < img->i_ndata && img->i_data[f->f_obj].d_kind == IMG_DATA_FILE),
			"open file's contents", f->f_obj);
		break;
	default: REQUIRE(f->f_obj == IMG_NONE, "open file has an object", i);
	}
	return 0;
}

static int check_files(const struct img_image *img, struct img_err *err)
{
	u32 ttys = 0, pipes = 0, files = 0;

	REQUIRE(img->i_nfile <= IMG_MAX_FILES, "too many open files", img->i_nfile);
	REQUIRE(img->i_ntty <= IMG_MAX_TTYS, "too many terminals", img->i_ntty);
	for (u32 i = 0; i < img->i_nfile; i++) {
		int error = check_file(img, i, &ttys, &pipes, err);

		if (error)
			return error;
	}
	for (u32 i = 0; i < img->i_nproc; i++) {
		const struct img_proc *p = &img->i_proc[i];
		int error = check_fds(img, p, &files, err);

		if (error)
			return error;
		if (p->p_ctty != IMG_NONE)
			REQUIRE(use(p->p_ctty, &ttys, img->i_ntty), "controlling terminal", p->p_ctty);
	}
	REQUIRE(ttys == img->i_ntty, "terminal that nothing uses", ttys);
	REQUIRE(pipes == img->i_npipe, "pipe that nothing uses", pipes);
	REQUIRE(files == img->i_nfile, "open file without a descriptor", files);
	for (u32 i = 0; i < img->i_ntty; i++)
		REQUIRE(img->i_tty[i].t_pgrp >= 0 && img->i_tty[i].t_pgrp < IMG_PID_MAX,
			"foreground group", img->i_tty[i].t_pgrp);
	return check_pipes(img, err);
}

static bool lock_before(const struct img_lock *a, const struct img_lock *b)
{
	if (a->l_file != b->l_file)
		return a->l_file < b->l_file;
	if (a->l_kind != b->l_kind)
		return a->l_kind < b->l_kind;
	if (a->l_proc != b->l_proc)
		return a->l_proc < b->l_proc;
	return a->l_start < b->l_start;
}

static int check_locks(const struct img_image *img, struct img_err *err)
{
	REQUIRE(img->i_nlock <= IMG_MAX_LOCKS, "too many locks", img->i_nlock);
	for (u32 i = 0; i < img->i_nlock; i++) {
		const struct img_lock *l = &img->i_lock[i];

		REQUIRE(l->l_kind >= IMG_LOCK_POSIX && l->l_kind <= IMG_LOCK_FLOCK,
			"unknown kind of lock", l->l_kind);
		REQUIRE(l->l_write <= 1 && l->l_file < img->i_nfile && l->l_start <= l->l_end &&
				l->l_end < 1ull << 63,
			"lock", i);
		REQUIRE(img->i_file[l->l_file].f_kind == IMG_FILE_REG ||
				img->i_file[l->l_file].f_kind == IMG_FILE_DATA ||
				(l->l_kind == IMG_LOCK_FLOCK && img->i_file[l->l_file].f_kind == IMG_FILE_DIR),
			"lock on what is no file", i);
		REQUIRE(l->l_kind == IMG_LOCK_POSIX ? l->l_proc < img->i_nproc : l->l_proc == IMG_NONE,
			"lock's owner", i);
		REQUIRE(i == 0 || lock_before(l - 1, l), "locks out of order", i);
	}
	return 0;
}

/* The first has no parent in the image; every other one has a living one before it. A zombie has nothing but how it ended. */
static int check_tree(const struct img_image *img, struct img_err *err)
{
	REQUIRE(img->i_nproc >= 1 && img->i_nproc <= IMG_MAX_PROCS, "number of processes", img->i_nproc);
	for (u32 i = 0; i < img->i_nproc; i++) {
		const struct img_proc *p = &img->i_proc[i];
		bool zombie = p->p_flags & IMG_PF_ZOMBIE;

		if (i == 0)
			REQUIRE(p->p_parent == IMG_NONE && !zombie, "first process", p->p_parent);
		else
			REQUIRE(p->p_parent < i && !(img->i_proc[p->p_parent].p_flags & IMG_PF_ZOMBIE) &&
					img->i_proc[p->p_parent].p_pid == p->p_ppid,
				"parent of a process", i);
		for (u32 k = 0; k < i; k++)
			REQUIRE(img->i_proc[k].p_pid != p->p_pid, "process id twice", p->p_pid);
		if (!zombie)
			continue;
		REQUIRE(!p->p_nlwp && !p->p_nseg && !p->p_nrun && !p->p_nfd && !p->p_nptimer,
			"zombie that has something", i);
		REQUIRE(p->p_exe == IMG_NONE && p->p_cwd == IMG_NONE && p->p_root == IMG_NONE && p->p_ctty == IMG_NONE,
			"zombie with files", i);
	}
	return 0;
}

static int check_one(const struct img_proc *p, struct img_err *err)
{
	static int (*const checks[])(const struct img_proc *p, struct img_err *err) = {
		check_signals, check_mm, check_segs, check_runs, check_lwps, check_ptimers,
	};
	int error = check_proc(p, err);

	for (u32 i = 0; i < ARRAY_SIZE(checks) && !error && !(p->p_flags & IMG_PF_ZOMBIE); i++)
		error = checks[i](p, err);
	return error;
}

int img_check(const struct img_image *img, struct img_err *err)
{
	static int (*const checks[])(const struct img_image *img, struct img_err *err) = {
		check_vnodes, check_data, check_files, check_locks, check_uses,
	};
	int error = check_ident(img, err);

	if (!error)
		error = check_tree(img, err);
	for (u32 i = 0; i < img->i_nproc && !error; i++)
		error = check_one(&img->i_proc[i], err);
	for (u32 i = 0; i < ARRAY_SIZE(checks) && !error; i++)
		error = checks[i](img, err);
	if (!error)
		*err = (struct img_err){ 0 };
	return error;
}
