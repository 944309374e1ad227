/* SPDX-License-Identifier: MIT */
/* /proc/PID and /proc/PID/task/TID: their tables, and the small files. */
#include "fs/procfs/procfs.h"
#include "kernel/abi/resource.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "proc/sched/lwp.h"
#include "proc/proctab.h"
#include "proc/sched/sleep.h"

struct as *pf_as(struct proc *p)
{
	struct as *as;

	mutex_lock(&p->p_execlock);
	as = p->p_as;
	if (as)
		as_hold(as);
	mutex_unlock(&p->p_execlock);
	return as;
}

static int show_comm(struct text *t, const struct pf_ctx *c)
{
	struct proc *p = c->c_proc;
	char comm[sizeof(p->p_comm)];
	struct lwp *l;

	spin_lock(&p->p_lock);
	l = c->c_tid ? lwp_find(p, c->c_tid) : NULL;
	strlcpy_k(comm, l && l->l_name[0] ? l->l_name : p->p_comm, sizeof(comm));
	spin_unlock(&p->p_lock);
	text_add(t, "%s\n", comm);
	return 0;
}

/* Only threads of the process itself may. */
static int store_comm(const struct pf_ctx *c, char *buf, size_t len)
{
	struct proc *p = c->c_proc;
	struct lwp *l;

	if (p != curproc())
		return -EPERM;
	if (len > 0 && buf[len - 1] == '\n')
		buf[len - 1] = 0;
	spin_lock(&p->p_lock);
	l = c->c_tid ? lwp_find(p, c->c_tid) : p->p_lwp0;
	if (l)
		strlcpy_k(l->l_name, buf, sizeof(l->l_name));
	if (!l || l == p->p_lwp0)
		strlcpy_k(p->p_comm, buf, sizeof(p->p_comm));
	spin_unlock(&p->p_lock);
	return 0;
}

static const struct {
	const char *name, *unit;
} limits[K_RLIM_NLIMITS] = {
	[K_RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[K_RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[K_RLIMIT_DATA] = { "Max data size", "bytes" },
	[K_RLIMIT_STACK] = { "Max stack size", "bytes" },
	[K_RLIMIT_CORE] = { "Max core file size", "bytes" },
	[K_RLIMIT_RSS] = { "Max resident set", "bytes" },
	[K_RLIMIT_NPROC] = { "Max processes", "processes" },
	[K_RLIMIT_NOFILE] = { "Max open files", "files" },
	[K_RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[K_RLIMIT_AS] = { "Max address space", "bytes" },
	[K_RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[K_RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[K_RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[K_RLIMIT_NICE] = { "Max nice priority", "" },
	[K_RLIMIT_RTPRIO] = { "Max realtime priority", "" },
	[K_RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void add_limit(struct text *t, u64 value)
{
	if (value == ~0ull)
		text_add(t, "%-20s ", "unlimited");
	else
		text_add(t, "%-20llu ", value);
}

static int show_limits(struct text *t, const struct pf_ctx *c)
{
	struct rlimit_k rl[NRLIMIT];

	spin_lock(&c->c_proc->p_lock);
	memcpy(rl, c->c_proc->p_rlimit, sizeof(rl));
	spin_unlock(&c->c_proc->p_lock);
	text_add(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (u32 i = 0; i < K_RLIM_NLIMITS; i++) {
		text_add(t, "%-25s ", limits[i].name);
		add_limit(t, rl[i].rl_cur);
		add_limit(t, rl[i].rl_max);
		text_add(t, "%-10s\n", limits[i].unit);
	}
	return 0;
}

/* Is every system call of the process logged? */
static int show_trace(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "%d\n", (c->c_proc->p_flags & P_TRACE) != 0);
	return 0;
}

static void set_trace(struct proc *p, bool on)
{
	struct lwp *l;

	spin_lock(&p->p_lock);
	p->p_flags = on ? p->p_flags | P_TRACE : p->p_flags & ~P_TRACE;
	list_for_each(l, &p->p_lwps, l_plink)
		l->l_trace = on;
	spin_unlock(&p->p_lock);
}

/*
 * What p has handed down to its descendants it takes back. They come after
 * their parents in the walk; p_mark says which they are.
 */
static void untrace_below(struct proc *p)
{
	static bool marking;
	static u32 mark;
	struct proc_walk w;
	struct proc *q;

	spin_lock(&pidlock);
	while (marking)
		sleep(&marking, &pidlock, 0, 0);
	marking = true;
	p->p_mark = ++mark;
	walk_all(&w, WALK_MANY);
	while ((q = walk_next(&w))) {
		if (q != p && q->p_parent->p_mark == mark) {
			q->p_mark = mark;
			set_trace(q, false);
		}
	}
	marking = false;
	wakeup(&marking);
	spin_unlock(&pidlock);
}

/* A process hands it down to its children from now on. */
static int store_trace(const struct pf_ctx *c, char *buf, size_t len)
{
	bool on;

	if (pf_parse_bool(buf, &on) != 0)
		return -EINVAL;
	spin_lock(&pidlock);
	set_trace(c->c_proc, on);
	spin_unlock(&pidlock);
	if (!on)
		untrace_below(c->c_proc);
	return 0;
}

static int show_wchan(struct text *t, const struct pf_ctx *c)
{
	struct proc *p = c->c_proc;
	const char *what = NULL;
	struct lwp *l;

	spin_lock(&p->p_lock);
	l = c->c_tid ? lwp_find(p, c->c_tid) : p->p_lwp0;
	if (l && l->l_state == LS_SLEEP)
		what = l->l_wmesg ? l->l_wmesg : "sleep";
	spin_unlock(&p->p_lock);
	text_add(t, "%s", what ? what : "0");
	return 0;
}

/* Threads by number. */
static bool next_tid(const struct pf_ctx *c, u32 *num)
{
	struct proc *p = c->c_proc;
	pid_t best = 0;
	struct lwp *l;

	spin_lock(&p->p_lock);
	list_for_each(l, &p->p_lwps, l_plink) {
		if (l->l_tid >= (pid_t)*num && (best == 0 || l->l_tid < best))
			best = l->l_tid;
	}
	spin_unlock(&p->p_lock);
	*num = (u32)best;
	return best != 0;
}

#define PER_THREAD                                                                                      \
	{ "stat", S_IFREG | 0444, .pe_show = pf_show_stat },                                            \
		{ "status", S_IFREG | 0444, .pe_show = pf_show_status },                                \
		{ "statm", S_IFREG | 0444, .pe_show = pf_show_statm },                                  \
		{ "cmdline", S_IFREG | 0444, .pe_show = pf_show_cmdline },                              \
		{ "comm", S_IFREG | 0644, .pe_show = show_comm, .pe_store = store_comm },               \
		{ "limits", S_IFREG | 0444, .pe_show = show_limits },                                   \
		{ "mounts", S_IFREG | 0444, .pe_show = pf_show_mounts },                                \
		{ "mountinfo", S_IFREG | 0444, .pe_show = pf_show_mountinfo },                          \
		{ "wchan", S_IFREG | 0444, .pe_show = show_wchan },                                     \
		{ "maps", S_IFREG | 0444, true, .pe_show = pf_show_maps },                              \
		{ "smaps", S_IFREG | 0444, true, .pe_show = pf_show_smaps },                            \
		{ "environ", S_IFREG | 0400, true, .pe_show = pf_show_environ },                        \
		{ "auxv", S_IFREG | 0400, true, .pe_show = pf_show_auxv },                              \
		{ "exe", S_IFLNK | 0777, true, .pe_text = pf_text_exe, .pe_follow = pf_follow_exe },    \
		{ "cwd", S_IFLNK | 0777, true, .pe_text = pf_text_cwd, .pe_follow = pf_follow_cwd },    \
		{ "root", S_IFLNK | 0777, true, .pe_text = pf_text_root, .pe_follow = pf_follow_root }, \
		{ "fd", S_IFDIR | 0500, true, .pe_dir = &pf_fd_dir },                                   \
	{                                                                                               \
		"fdinfo", S_IFDIR | 0500, true, .pe_dir = &pf_fdinfo_dir                                \
	}

static const struct pf_entry thread_table[] = { PER_THREAD };
static const struct pf_dir thread_dir = { thread_table, ARRAY_SIZE(thread_table), .pd_what = PF_NONE };
static const struct pf_entry thread_entry = { "TID", S_IFDIR | 0555, .pe_dir = &thread_dir };
static const struct pf_dir task_dir = {
	.pd_what = PF_TID,
	.pd_numbered = &thread_entry,
	.pd_next = next_tid,
};

static const struct pf_entry pid_table[] = {
	PER_THREAD,
	{ "task", S_IFDIR | 0555, .pe_dir = &task_dir },
	{ "trace", S_IFREG | 0600, true, .pe_show = show_trace, .pe_store = store_trace },
};
const struct pf_dir pf_pid_dir = { pid_table, ARRAY_SIZE(pid_table), .pd_what = PF_NONE };
const struct pf_entry pf_pid_entry = { "PID", S_IFDIR | 0555, .pe_dir = &pf_pid_dir };
