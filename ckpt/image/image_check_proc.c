/* SPDX-License-Identifier: MIT */
/* The rules of one process: ids, signals, memory, timers. */
#include "ckpt/image/image_check.h"

/* ABI values: linux-libc-dev's asm-generic/{mman-common,siginfo}.h, linux/time.h. */
#define PROT_ALL 7u
#define SIGEV_NONE 1
#define SIGEV_THREAD_ID 4
#define CLOCK_MAX 15u
#define CLOCK_OWN_USER 0xfffffff9u
#define CLOCK_THREAD_USER 5u
#define CLOCK_THREAD_SCHED 6u
#define SI_TIMER (u32) - 2

static int check_ids(const struct img_proc *p, struct img_err *err)
{
	REQUIRE(imgc_pid_ok(p->p_pid), "process id out of range", p->p_pid);
	REQUIRE(p->p_ppid >= 0 && p->p_ppid < IMG_PID_MAX, "parent's id out of range", p->p_ppid);
	REQUIRE(p->p_pgid >= 0 && p->p_pgid < IMG_PID_MAX, "process group out of range", p->p_pgid);
	REQUIRE(p->p_sid >= 0 && p->p_sid < IMG_PID_MAX, "session out of range", p->p_sid);
	REQUIRE(p->p_ngroups <= IMG_MAX_GROUPS, "too many groups", p->p_ngroups);
	REQUIRE(p->p_uid != ~0u && p->p_euid != ~0u && p->p_suid != ~0u && p->p_fsuid != ~0u, "user id -1", 0);
	REQUIRE(p->p_gid != ~0u && p->p_egid != ~0u && p->p_sgid != ~0u && p->p_fsgid != ~0u, "group id -1", 0);
	return 0;
}

/* As of wait(2): a code in the second byte, or a signal in the first, with 0x80 for a core file. */
static bool end_ok(u32 xstat)
{
	u32 sig = xstat & 0x7f;

	return sig == 0 ? !(xstat & ~0xff00u) : sig <= IMG_NSIG && xstat <= 0xff;
}

#define MAX_TIME (~0ull >> 1) /* nanoseconds; a clock that it is added to does not go round */

static int check_proc(const struct img_proc *p, struct img_err *err)
{
	REQUIRE(!(p->p_flags & ~(IMG_PF_FORKNOEXEC | IMG_PF_ZOMBIE | IMG_PF_WAITSTOP | IMG_PF_WAITCONT |
				 IMG_PF_STOPTOLD | IMG_PF_SUGID | IMG_PF_TELLCONT | IMG_PF_NODUMP)),
		"unknown process flags", p->p_flags);
	REQUIRE(imgc_is_zombie(p) ? end_ok(p->p_xstat) : p->p_xstat == 0, "status of an end", p->p_xstat);
	REQUIRE(p->p_stopsig || !(p->p_flags & (IMG_PF_WAITSTOP | IMG_PF_STOPTOLD)),
		"stop of what is not stopped", p->p_flags);
	REQUIRE(!p->p_stopsig || !(p->p_flags & IMG_PF_WAITCONT), "continuation of what is stopped", p->p_flags);
	REQUIRE(p->p_exitsig <= IMG_NSIG, "exit signal out of range", p->p_exitsig);
	REQUIRE(p->p_stopsig <= IMG_NSIG, "stop signal out of range", p->p_stopsig);
	for (u32 i = 0; i < ARRAY_SIZE(p->p_itimer); i++)
		REQUIRE(p->p_itimer[i].it_remain <= MAX_TIME && p->p_itimer[i].it_interval <= MAX_TIME,
			"interval timer out of range", i);
	REQUIRE(p->p_umask <= 0777, "umask out of range", p->p_umask);
	REQUIRE(p->p_nice >= -20 && p->p_nice <= 19, "nice value out of range", p->p_nice);
	REQUIRE(imgc_text_ok(p->p_comm, sizeof(p->p_comm)), "process name is not terminated", 0);
	REQUIRE(imgc_text_ok(p->p_args, sizeof(p->p_args)), "command line is not terminated", 0);
	for (u32 i = 0; i < IMG_NRLIMIT; i++)
		REQUIRE(p->p_rlimit[i].rl_cur <= p->p_rlimit[i].rl_max, "soft limit above the hard one", i);
	return check_ids(p, err);
}

int imgc_queue(const struct img_sigqueue *q, struct img_err *err)
{
	u64 seen = 0;

	REQUIRE(q->q_count <= IMG_MAX_PENDING, "too many pending signals", q->q_count);
	for (u32 i = 0; i < q->q_count; i++) {
		u32 sig = q->q_info[i].si_word[0];

		REQUIRE(sig >= 1 && sig <= IMG_NSIG, "pending signal out of range", sig);
		REQUIRE(q->q_set & SIG_BIT(sig), "queued signal is not pending", sig);
		/* A timer's entry stands beside that of another sender. */
		REQUIRE(sig >= SIG_RTMIN || q->q_info[i].si_word[2] == SI_TIMER || !(seen & SIG_BIT(sig)),
			"signal queued twice", sig);
		if (q->q_info[i].si_word[2] != SI_TIMER)
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
	return imgc_queue(&p->p_pending, err);
}

/* To be locked as it is used, memory must be locked. */
static bool locks_ok(u32 flags)
{
	return !(flags & IMG_SEGF_ONFAULT) || (flags & IMG_SEGF_LOCKED);
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
	REQUIRE(!(m->m_newflags & ~(IMG_SEGF_LOCKED | IMG_SEGF_ONFAULT)) && locks_ok(m->m_newflags),
		"locks of new mappings", m->m_newflags);
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
	REQUIRE(!(s->s_flags & ~(IMG_SEGF_STACK | IMG_SEGF_BRK | IMG_SEGF_DONTFORK | IMG_SEGF_NEW)),
		"unknown seg flags", s->s_flags);
	REQUIRE(locks_ok(s->s_flags), "seg's locks", s->s_base);
	REQUIRE(s->s_kind >= IMG_SEG_ANON && s->s_kind <= IMG_SEG_SHARED, "unknown kind of seg", s->s_kind);
	if (s->s_kind == IMG_SEG_ANON) {
		REQUIRE(s->s_vnode == IMG_NONE && s->s_data == IMG_NONE && s->s_off == 0,
			"anonymous seg with a file", s->s_base);
		return 0;
	}
	REQUIRE(s->s_vnode != IMG_NONE || s->s_data != IMG_NONE, "seg maps nothing", s->s_base);
	REQUIRE(!(s->s_flags & (IMG_SEGF_STACK | IMG_SEGF_BRK)), "stack or heap with a file", s->s_base);
	REQUIRE(!(s->s_flags & IMG_SEGF_WIPEONFORK), "file that is wiped at a fork", s->s_base);
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

/* A small number; the user time of the process; or the CPU time of a thread, whose id is in it (ckpt(5)). */
static bool timer_clock_ok(u32 clock)
{
	u32 kind = clock & 7;

	if (clock <= CLOCK_MAX || clock == CLOCK_OWN_USER)
		return true;
	return (s32)clock < 0 && (kind == CLOCK_THREAD_SCHED || kind == CLOCK_THREAD_USER) &&
	       imgc_pid_ok((s32) ~((s32)clock >> 3));
}

static int check_ptimers(const struct img_proc *p, struct img_err *err)
{
	REQUIRE(p->p_nptimer <= IMG_MAX_PTIMERS, "too many timers", p->p_nptimer);
	for (u32 i = 0; i < p->p_nptimer; i++) {
		const struct img_ptimer *pt = &p->p_ptimer[i];

		REQUIRE(pt->pt_id >= 0 && (i == 0 || pt->pt_id > pt[-1].pt_id), "timer's id", pt->pt_id);
		REQUIRE(timer_clock_ok(pt->pt_clock), "timer's clock", pt->pt_clock);
		REQUIRE(pt->pt_notify == 0 || pt->pt_notify == SIGEV_NONE || pt->pt_notify == SIGEV_THREAD_ID,
			"timer's way to notify", pt->pt_notify);
		if (pt->pt_notify != SIGEV_NONE)
			REQUIRE(pt->pt_signo >= 1 && pt->pt_signo <= IMG_NSIG, "timer's signal", pt->pt_signo);
		if (pt->pt_notify == SIGEV_THREAD_ID)
			REQUIRE(imgc_pid_ok(pt->pt_tid), "timer's thread", pt->pt_tid);
		REQUIRE(pt->pt_interval < 1ull << 63 && pt->pt_remain < 1ull << 63, "timer's time", pt->pt_id);
	}
	return 0;
}

static int check_memory(const struct img_proc *p, struct img_err *err)
{
	int error = check_mm(p, err);

	if (!error)
		error = check_segs(p, err);
	return error ? error : check_runs(p, err);
}

int imgc_proc(const struct img_proc *p, bool memory, struct img_err *err)
{
	int error = check_proc(p, err);

	if (error || imgc_is_zombie(p))
		return error;
	error = check_signals(p, err);
	if (!error && memory)
		error = check_memory(p, err);
	if (!error)
		error = imgc_lwps(p, err);
	return error ? error : check_ptimers(p, err);
}
