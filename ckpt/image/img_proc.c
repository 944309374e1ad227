/* SPDX-License-Identifier: MIT */
/* Processes and their timers: fields and rules. */
#include "ckpt/image/img_check.h"

/* ABI values: linux-libc-dev's asm-generic/siginfo.h, linux/time.h. */
#define SIGEV_NONE 1
#define SIGEV_THREAD_ID 4
#define CLOCK_MAX 15u
#define CLOCK_OWN_USER 0xfffffff9u
#define CLOCK_THREAD_USER 5u
#define CLOCK_THREAD_SCHED 6u

#define PROC_FLAGS                                                                                 \
	(IMG_PF_FORKNOEXEC | IMG_PF_ZOMBIE | IMG_PF_WAITSTOP | IMG_PF_WAITCONT | IMG_PF_STOPTOLD | \
	 IMG_PF_SUGID | IMG_PF_TELLCONT | IMG_PF_NODUMP)

/* ---- timers ---- */

#define ITEM struct img_timer
static const struct img_field timer_fields[] = {
	NOTE(TIME), F(U64, it_remain, "remain_ns", RULE(POS)),
	NOTE(PROC), F(U64, it_interval, "interval_ns", RULE(POS)),
	END,
};
static const struct img_kind timer_kind = KIND(timer_fields, "interval timer");
#undef ITEM

#define ITEM struct img_ptimer
PRESENT(notifies_thread, it->pt_notify == SIGEV_THREAD_ID)

static const struct img_field ptimer_fields[] = {
	NOTE(PTIMERS),
	F(S32, pt_id, "id", RULE(POS), LABEL),
	F(U32, pt_clock, "clock"),
	F(U32, pt_value, "value"),
	F(S32, pt_signo, "signal"),
	F(S32, pt_notify, "notify"),
	F(S32, pt_tid, "tid", RULE(PID), WHEN(notifies_thread), ANY, SHOWN),
	F(U32, pt_overrun, "overrun"),
	F(U64, pt_interval, "interval_ns", RULE(POS)),
	NOTE(TIME),
	F(U64, pt_remain, "remain_ns", RULE(POS)),
	END,
};

/*
 * A small number; the user time of the process; or the CPU time of a thread,
 * whose id is in it (ckpt(5)).
 */
static bool timer_clock_ok(u32 clock)
{
	u32 kind = clock & 7;

	if (clock <= CLOCK_MAX || clock == CLOCK_OWN_USER)
		return true;
	return (s32)clock < 0 && (kind == CLOCK_THREAD_SCHED || kind == CLOCK_THREAD_USER) &&
	       imgc_pid_ok((s32) ~((s32)clock >> 3));
}

static int check_ptimer(struct imgc *c, const void *item, u32 index)
{
	const struct img_ptimer *pt = item;

	REQUIRE(index == 0 || pt->pt_id > pt[-1].pt_id, "is out of the order of ids", pt->pt_id);
	REQUIRE(timer_clock_ok(pt->pt_clock), "clock is unknown", pt->pt_clock);
	REQUIRE(pt->pt_notify == 0 || pt->pt_notify == SIGEV_NONE || pt->pt_notify == SIGEV_THREAD_ID,
		"notify is unknown", pt->pt_notify);
	REQUIRE(pt->pt_notify == SIGEV_NONE || (pt->pt_signo >= 1 && pt->pt_signo <= IMG_NSIG),
		"signal is out of range", pt->pt_signo);
	return 0;
}

const struct img_kind img_ptimer_kind = KIND(ptimer_fields, "timer", CHECK(check_ptimer));
#undef ITEM

/* ---- descriptors ---- */

#define ITEM struct img_fd
static const struct img_field fd_fields[] = {
	NOTE(FDS),
	F(U32, fd_num, "fd", MAX_OF(IMG_MAX_FDS - 1), LABEL),
	F(INDEX, fd_file, "file", OF(FILE), USE),
	F(U32, fd_cloexec, "cloexec", FLAG),
	END,
};

static int check_fd(struct imgc *c, const void *item, u32 index)
{
	const struct img_fd *fd = item;

	REQUIRE(index == 0 || fd->fd_num > fd[-1].fd_num, "is out of order", fd->fd_num);
	return 0;
}

const struct img_kind img_fd_kind = KIND(fd_fields, "descriptor", CHECK(check_fd));
#undef ITEM

/* ---- the process ---- */

#define ITEM struct img_limit
static const struct img_field limit_fields[] = {
	F(U64, rl_cur, "soft"),
	F(U64, rl_max, "hard"),
	END,
};

static int check_limit(struct imgc *c, const void *item, u32 index)
{
	const struct img_limit *limit = item;

	REQUIRE(limit->rl_cur <= limit->rl_max, "is above the hard one", index);
	return 0;
}

static const struct img_kind limit_kind = KIND(limit_fields, "soft limit", SHAPE(TUPLE), CHECK(check_limit));
#undef ITEM

#define ITEM struct img_proc
PRESENT(alive, !imgc_is_zombie(it))
PRESENT(ended, imgc_is_zombie(it))
PRESENT(has_parent, it->p_parent != IMG_NONE)
PRESENT(shares_memory, it->p_mem != (u32)(it - img->i_proc))
PRESENT(shares_files, it->p_fds != (u32)(it - img->i_proc))
PRESENT(is_awaited, it->p_waiter != IMG_NONE)

static const struct img_field proc_fields[] = {
	NOTE(TREE),
	F(INDEX, p_parent, "parent", OF(PROC), OPT),
	F(U32, p_flags, "flags", BITS(PROC_FLAGS)),
	F(U32, p_nlwp, "nlwp", HIDDEN),
	F(U32, p_nseg, "nseg", HIDDEN),
	F(U32, p_nfd, "nfd", HIDDEN),
	F(U32, p_nptimer, "nptimer", HIDDEN),
	NOTE(PROC),
	F(S32, p_pid, "pid", RULE(PID), LABEL),
	F(S32, p_ppid, "ppid", RULE(PID0)),
	F(S32, p_pgid, "pgid", RULE(PID0)),
	F(S32, p_sid, "sid", RULE(PID0)),
	F(U32, p_exitsig, "exit_signal", MAX_OF(IMG_NSIG)),
	F(U32, p_stopsig, "stop_signal", MAX_OF(IMG_NSIG)),
	F(U32, p_xstat, "exit_status", WHEN(ended)),
	F(U32, p_umask, "umask", MAX_OF(0777)),
	F(S32, p_nice, "nice", RANGE(-20, 19)),
	F(U32, p_uid, "uid", RULE(ID)),
	F(U32, p_euid, "euid", RULE(ID)),
	F(U32, p_suid, "suid", RULE(ID)),
	F(U32, p_fsuid, "fsuid", RULE(ID)),
	F(U32, p_gid, "gid", RULE(ID)),
	F(U32, p_egid, "egid", RULE(ID)),
	F(U32, p_sgid, "sgid", RULE(ID)),
	F(U32, p_fsgid, "fsgid", RULE(ID)),
	F(INDEX, p_exe, "exe", OF(VNODE), USE, OPT, WHEN(alive)),
	F(INDEX, p_cwd, "cwd", OF(VNODE), USE, WHEN(alive)),
	F(INDEX, p_root, "root", OF(VNODE), USE, WHEN(alive)),
	F(INDEX, p_ctty, "ctty", OF(TTY), OPT, WHEN(alive)),
	TEXT(p_comm, "comm"),
	SUBS(SUB, p_itimer, "timers", timer_kind),
	SUBS(SUB, p_rlimit, "limits", limit_kind),
	F(U32, p_ngroups, "ngroups", HIDDEN),
	ARRAY(U32, p_groups, "groups", USED(p_ngroups)),
	NOTE(PSINFO),
	TEXT(p_args, "args"),
	SUB(p_mm, "mm", img_mm_kind, HIDDEN),
	NOTE(OPTIONS),
	F(U32, p_options, "options", BITS(IMG_PO_SUBREAPER | IMG_PO_OLDEXIT), NONZERO),
	F(S32, p_maker, "maker", NONZERO, WHEN(has_parent)),
	LIST(p_lwp, p_nlwp, "lwps", img_lwp_kind, IMG_MAX_LWPS, HIDDEN),
	NOTE(SIGNALS),
	SUBS(SPARSE, p_act, "actions", img_action_kind),
	SUB(p_pending, "pending", img_queue_kind),
	NOTE(TIME),
	F(U64, p_age, "age_ns"),
	F(U64, p_mono, "monotonic_ns"),
	F(U64, p_utime, "utime_ns"),
	F(U64, p_stime, "stime_ns"),
	F(U64, p_cutime, "cutime_ns"),
	F(U64, p_cstime, "cstime_ns"),
	F(U32, p_minflt, "minflt"),
	F(U32, p_majflt, "majflt"),
	F(U32, p_nvcsw, "nvcsw"),
	F(U32, p_nivcsw, "nivcsw"),
	F(U32, p_maxrss, "maxrss"),
	SUBS(SUB, p_itimer, "timers", timer_kind, HIDDEN),
	LIST(p_ptimer, p_nptimer, "posix_timers", img_ptimer_kind, IMG_MAX_PTIMERS, HIDDEN),
	LIST(p_lwp, p_nlwp, "lwps", img_lwp_kind, IMG_MAX_LWPS, HIDDEN),
	NOTE(PTIMERS),
	LIST(p_ptimer, p_nptimer, "posix_timers", img_ptimer_kind, IMG_MAX_PTIMERS),
	NOTE(NONE), /* each lwp has notes of its own */
	LIST(p_lwp, p_nlwp, "lwps", img_lwp_kind, IMG_MAX_LWPS),
	NOTE(SHARES),
	F(INDEX, p_mem, "memory_of", OF(PROC), OWN_INDEX, WHEN(shares_memory), ANY),
	F(INDEX, p_fds, "descriptors_of", OF(PROC), OWN_INDEX, WHEN(shares_files), ANY),
	NOTE(VFORKS),
	F(INDEX, p_waiter, "awaited_by", OF(PROC), OPT, DEFAULT(IMG_NONE)),
	F(U32, p_waiterlwp, "awaited_by_lwp", WHEN(is_awaited)),
	NOTE(MM),
	SUB(p_mm, "mm", img_mm_kind),
	NOTE(SEGS),
	LIST(p_seg, p_nseg, "segs", img_seg_kind, IMG_MAX_SEGS),
	NOTE(NONE), /* the program headers say it */
	LIST(p_run, p_nrun, "runs", img_run_kind, IMG_MAX_LOADS, PLACE),
	NOTE(COWS),
	F(U32, p_ncow, "ncow", HIDDEN),
	LIST(p_cow, p_ncow, "shared", img_cow_kind, IMG_MAX_LOADS, PLACE, NONZERO),
	NOTE(FDS),
	LIST(p_fd, p_nfd, "descriptors", img_fd_kind, IMG_MAX_FDS),
	END,
};

/* May process i have what stands with process `with`? */
static bool may_share(const struct img_image *img, u32 i, u32 with)
{
	return with == i ||
	       (with < i && !imgc_is_zombie(&img->i_proc[with]) && !imgc_is_zombie(&img->i_proc[i]));
}

static int check_shares(struct imgc *c, const struct img_proc *p, u32 i)
{
	const struct img_image *img = c->c_img;

	REQUIRE(may_share(img, i, p->p_mem) && img_mem_of(img, p)->p_mem == p->p_mem,
		"memory_of is not the process that has the memory", p->p_mem);
	REQUIRE(p->p_mem == i || (!p->p_nseg && !p->p_nrun && !p->p_mm.m_nauxv),
		"its memory is its own and another's", p->p_mem);
	REQUIRE(may_share(img, i, p->p_fds) && img_fds_of(img, p)->p_fds == p->p_fds,
		"descriptors_of is not the process that has the descriptors", p->p_fds);
	REQUIRE(p->p_fds == i || !p->p_nfd, "its descriptors are its own and another's", p->p_fds);
	return 0;
}

static bool has_lwp(const struct img_proc *p, s32 tid)
{
	for (u32 i = 0; i < p->p_nlwp; i++) {
		if (p->p_lwp[i].l_tid == tid)
			return true;
	}
	return false;
}

/*
 * The first process has no parent in the image; every other one has a living
 * one before it, or, in a job, none either. Without a parent here, nothing was
 * agreed on with it.
 */
static int check_parent(struct imgc *c, const struct img_proc *p, u32 i)
{
	const struct img_proc *parent;

	if (i == 0 || p->p_parent == IMG_NONE) {
		REQUIRE(p->p_parent == IMG_NONE, "the first process has a parent", p->p_parent);
		REQUIRE(!imgc_is_zombie(p), "a zombie has no parent", i);
		REQUIRE(!(p->p_options & IMG_PO_OLDEXIT),
			"options tell of a parent that is not here", p->p_options);
		return 0;
	}
	parent = &c->c_img->i_proc[p->p_parent];
	REQUIRE(p->p_parent < i && !imgc_is_zombie(parent), "parent is a zombie, or behind it", p->p_parent);
	REQUIRE(parent->p_pid == p->p_ppid, "ppid is not the id of its parent", p->p_ppid);
	REQUIRE(!p->p_maker || has_lwp(parent, p->p_maker), "maker is no lwp of the parent", p->p_maker);
	return 0;
}

/*
 * As of wait(2): a code in the second byte, or a signal in the first, with 0x80
 * for a core file.
 */
static bool end_ok(u32 xstat)
{
	u32 sig = xstat & 0x7f;

	return sig == 0 ? !(xstat & ~0xff00u) : sig <= IMG_NSIG && xstat <= 0xff;
}

/* A zombie has nothing but how it ended. */
static int check_zombie(struct imgc *c, const struct img_proc *p)
{
	REQUIRE(end_ok(p->p_xstat), "exit_status is none that wait could tell", p->p_xstat);
	REQUIRE(!p->p_nlwp && !p->p_nseg && !p->p_nrun && !p->p_ncow && !p->p_nfd &&
			!p->p_nptimer && !p->p_mm.m_nauxv,
		"a zombie has lwps, memory, descriptors or timers", p->p_pid);
	REQUIRE(!p->p_stopsig && !p->p_pending.q_set && !p->p_pending.q_count,
		"a zombie is stopped, or has signals", p->p_pid);
	REQUIRE(!(p->p_options & IMG_PO_SUBREAPER) && !p->p_maker, "a zombie has options", p->p_options);
	return 0;
}

/* A living process waits, with one lwp for one child, which lives too. */
static int check_vfork(struct imgc *c, const struct img_proc *p, u32 i)
{
	const struct img_proc *with;

	if (p->p_waiter == IMG_NONE)
		return 0;
	REQUIRE(p->p_waiter != i && !imgc_is_zombie(p),
		"awaited_by is for a zombie, or is the process itself", i);
	with = &c->c_img->i_proc[p->p_waiter];
	REQUIRE(p->p_waiterlwp < with->p_nlwp, "awaited_by_lwp is no lwp of that process", p->p_waiterlwp);
	REQUIRE(imgc_take_id(c->c_waits, with->p_lwp[p->p_waiterlwp].l_tid),
		"the lwp that awaits it awaits another, too", p->p_waiterlwp);
	return 0;
}

static int check_vnodes(struct imgc *c, const struct img_proc *p)
{
	const struct img_image *img = c->c_img;

	REQUIRE(p->p_exe == IMG_NONE ||
			(imgc_vnode_lasts(img, p->p_exe) && imgc_vnode_is(img, p->p_exe, MODE_REG)),
		"exe is no regular file with a name", p->p_exe);
	REQUIRE(imgc_vnode_is(img, p->p_cwd, MODE_DIR), "cwd is no directory", p->p_cwd);
	REQUIRE(imgc_vnode_is(img, p->p_root, MODE_DIR) && imgc_vnode_lasts(img, p->p_root),
		"root is no directory with a name", p->p_root);
	return 0;
}

static int check_proc(struct imgc *c, const void *item, u32 i)
{
	const struct img_proc *p = item;
	int error = check_parent(c, p, i);

	if (!error)
		error = check_shares(c, p, i);
	if (!error)
		error = check_vfork(c, p, i);
	if (error)
		return error;
	REQUIRE(p->p_stopsig || !(p->p_flags & (IMG_PF_WAITSTOP | IMG_PF_STOPTOLD)),
		"flags tell of a stop, but it is not stopped", p->p_flags);
	REQUIRE(!p->p_stopsig || !(p->p_flags & IMG_PF_WAITCONT),
		"flags tell of a continuation, but it is stopped", p->p_flags);
	if (imgc_is_zombie(p))
		return check_zombie(c, p);
	REQUIRE(p->p_nlwp, "has no lwp", 0);
	error = check_vnodes(c, p);
	return error ? error : imgc_memory(c, p, i);
}

const struct img_kind img_proc_kind = KIND(proc_fields, "process", CHECK(check_proc));
#undef ITEM
