/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/stat and status: identity, state, times, memory and signals of a
 * process or of one thread, gathered under its locks and then written in the
 * formats of proc(5).
 */
#include "fs/procfs/procfs.h"
#include "fs/file.h"
#include "fs/tty.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "proc/fsctx.h"
#include "proc/sched/lwp.h"
#include "proc/pidspace.h"
#include "proc/proc.h"
#include "proc/usage.h"

#define NS_PER_TICK (NSEC_PER_SEC / 100) /* USER_HZ */
#define KIB (PAGE_SIZE / 1024u)

struct snapshot {
	char comm[16];
	char state;
	pid_t pid, tgid, ppid, pgid, sid;
	struct tty *tty;
	int exitsig, xstat, nice, pri;
	u32 nlwp, cpu, flags, umask;
	struct cred *cred; /* a reference */
	struct usage us;
	u64 cutime, cstime, start;
	sigset_k pending, shpending, blocked, ignored, caught;
	u32 esp, eip;
	u32 nqueued;
	u32 fdsize;
	/* Memory, in bytes; 0 for zombies. */
	u32 vsize, locked, rss, code, data, stack;
	u32 code_start, code_end, data_start, data_end, stack_start, brk_start;
	u32 arg_start, arg_end, env_start, env_end;
};

static char lwp_state(const struct lwp *l)
{
	switch (l->l_state) {
	case LS_RUNNABLE:
	case LS_RUNNING: return 'R';
	case LS_SLEEP:
		return l->l_held && (l->l_proc->p_flags & P_STOPPED) ? 'T'
		       : l->l_slpflags				     ? 'S'
								     : 'D';
	default: return 'X';
	}
}

/* A process runs if one of its threads does. p_lock held. */
static char proc_state(struct proc *p)
{
	char state = 'S';
	struct lwp *l;

	ASSERT(spin_held(&p->p_lock));
	if (p->p_stat == PS_ZOMBIE)
		return 'Z';
	if (p->p_flags & P_STOPPED)
		return 'T';
	list_for_each(l, &p->p_lwps, l_plink) {
		char s = lwp_state(l);

		if (s == 'R')
			return s;
		if (s == 'D')
			state = s;
	}
	return state;
}

/* pidlock held. */
static void take_identity(struct proc *p, struct snapshot *s)
{
	ASSERT(spin_held(&pidlock));
	s->tgid = s->pid = pid_seen(p->p_pid);
	s->ppid = p->p_parent ? pid_seen(p->p_parent->p_pid) : 0;
	s->pgid = pid_seen(p->p_pgid);
	s->sid = pid_seen(p->p_sid);
	s->tty = p->p_ctty;
	s->exitsig = p->p_exitsig;
	s->xstat = p->p_stat == PS_ZOMBIE ? p->p_xstat : 0;
}

static void take_actions(const struct proc *p, struct snapshot *s)
{
	for (int sig = 1; sig <= K_NSIG; sig++) {
		u32 handler = p->p_sigact[sig - 1].sa_handler;

		if (handler == K_SIG_IGN)
			s->ignored |= SIGBIT(sig);
		else if (handler != K_SIG_DFL)
			s->caught |= SIGBIT(sig);
	}
}

/* Of the thread asked for, or of the first one. p_lock held. */
static void take_lwp(const struct lwp *l, struct snapshot *s)
{
	ASSERT(spin_held(&l->l_proc->p_lock));
	s->pending = l->l_sigq.sq_set;
	s->blocked = l->l_sigmask;
	s->pri = l->l_pri;
	s->cpu = l->l_cpu ? l->l_cpu->c_id : 0;
	s->esp = l->l_tf ? l->l_tf->tf_esp : 0;
	s->eip = l->l_tf ? l->l_tf->tf_eip : 0;
}

/* p_lock held. */
static int take_process(struct proc *p, pid_t tid, struct snapshot *s)
{
	struct lwp *l = tid ? lwp_find(p, tid) : p->p_lwp0;

	ASSERT(spin_held(&p->p_lock));
	if (tid && !l)
		return -ESRCH;
	strlcpy_k(s->comm, tid && l->l_name[0] ? l->l_name : p->p_comm, sizeof(s->comm));
	s->state = tid ? lwp_state(l) : proc_state(p);
	s->nlwp = p->p_nlwp;
	s->flags = p->p_flags;
	s->umask = p->p_fs ? p->p_fs->fc_umask : 0;
	s->nice = p->p_nice;
	/* Who has come back may be older than the machine's clock. */
	s->start = (s64)p->p_start_ns < 0 ? 0 : p->p_start_ns;
	s->cutime = p->p_cutime;
	s->cstime = p->p_cstime;
	s->shpending = p->p_sigq.sq_set;
	s->nqueued = p->p_sigq.sq_count;
	s->fdsize = p->p_fdtab ? p->p_fdtab->ft_size : 0;
	s->cred = p->p_cred;
	if (s->cred)
		cred_hold(s->cred);
	usage_of_proc(p, &s->us);
	take_actions(p, s);
	if (l)
		take_lwp(l, s);
	if (tid) {
		s->pid = pid_seen(tid);
		lwp_times(l, &s->us.us_utime, &s->us.us_stime);
	}
	return 0;
}

static void take_segs(struct as *as, struct snapshot *s)
{
	struct seg *seg;

	rw_read_lock(&as->a_lock);
	as_for_each_seg(seg, as) {
		if (seg->s_flags & SEG_STACK)
			s->stack += seg->s_size;
		else if (!seg->s_vp || (!(seg->s_flags & SEG_SHARED) && (seg->s_prot & 2)))
			s->data += seg->s_size;
	}
	rw_read_unlock(&as->a_lock);
}

static void take_memory(struct proc *p, struct snapshot *s)
{
	struct as *as = pf_as(p);

	if (!as)
		return;
	s->vsize = as->a_size;
	s->locked = as->a_locked;
	s->rss = as->a_hat.h_resident * PAGE_SIZE;
	s->code_start = as->a_code_start;
	s->code_end = as->a_code_end;
	s->code = PAGE_UP(as->a_code_end) - PAGE_DOWN(as->a_code_start);
	s->data_start = as->a_data_start;
	s->data_end = as->a_data_end;
	s->stack_start = as->a_stack_start;
	s->brk_start = as->a_brk_start;
	s->arg_start = as->a_arg_start;
	s->arg_end = as->a_arg_end;
	s->env_start = as->a_env_start;
	s->env_end = as->a_env_end;
	take_segs(as, s);
	as_rele(as);
}

static int pid_stat_take(const struct pf_ctx *c, struct snapshot *s)
{
	int error;

	memset(s, 0, sizeof(*s));
	spin_lock(&pidlock);
	take_identity(c->c_proc, s);
	spin_lock(&c->c_proc->p_lock);
	error = take_process(c->c_proc, c->c_tid, s);
	spin_unlock(&c->c_proc->p_lock);
	spin_unlock(&pidlock);
	if (!error)
		take_memory(c->c_proc, s);
	return error;
}

static void pid_stat_drop(struct snapshot *s)
{
	if (s->cred)
		cred_rele(s->cred);
}

/*
 * Where a program stands is for those who may look into it; others read 0, as
 * on Linux.
 */
static void hide_addresses(const struct pf_ctx *c, struct snapshot *s)
{
	if (proc_can_look(c->c_proc) == 0)
		return;
	s->esp = s->eip = s->code_start = s->code_end = s->stack_start = s->data_start = s->data_end = 0;
	s->brk_start = s->arg_start = s->arg_end = s->env_start = s->env_end = 0;
}

/* Fields 1 to 24 of proc(5)'s table. */
static void add_stat_head(struct text *t, const struct snapshot *s)
{
	dev_t dev = s->tty ? tty_rdev(s->tty) : 0;
	pid_t fg = s->tty ? pid_seen(tty_foreground(s->tty)) : 0;

	text_add(t, "%d (%s) %c %d %d %d %u %d %u ", s->pid, s->comm, s->state, s->ppid, s->pgid,
		 s->sid, (u32)dev, fg ? fg : -1, s->flags & P_FORKNOEXEC ? 0x40u : 0u);
	text_add(t, "%u 0 %u 0 %llu %llu %llu %llu ", s->us.us_minflt, s->us.us_majflt, s->us.us_utime / NS_PER_TICK,
		 s->us.us_stime / NS_PER_TICK, s->cutime / NS_PER_TICK, s->cstime / NS_PER_TICK);
	text_add(t, "%d %d %u 0 %llu %u %u ", 20 + s->nice, s->nice, s->nlwp,
		 s->start / NS_PER_TICK, s->vsize, s->rss / PAGE_SIZE);
}

/* Fields 25 to 52. */
static void add_stat_tail(struct text *t, const struct snapshot *s)
{
	text_add(t, "4294967295 %u %u %u %u %u ", s->code_start, s->code_end, s->stack_start, s->esp, s->eip);
	text_add(t, "%u %u %u %u ", (u32)s->pending & 0x7fffffff, (u32)s->blocked & 0x7fffffff,
		 (u32)s->ignored & 0x7fffffff, (u32)s->caught & 0x7fffffff);
	text_add(t, "0 0 0 %d %u 0 0 0 0 0 ", s->exitsig, s->cpu);
	text_add(t, "%u %u %u %u %u %u %u %d\n", s->data_start, s->data_end, s->brk_start,
		 s->arg_start, s->arg_end, s->env_start, s->env_end, s->xstat);
}

int pf_show_stat(struct text *t, const struct pf_ctx *c)
{
	struct snapshot s;
	int error;

	error = pid_stat_take(c, &s);
	if (error)
		return error;
	hide_addresses(c, &s);
	add_stat_head(t, &s);
	add_stat_tail(t, &s);
	pid_stat_drop(&s);
	return 0;
}

static const char *state_name(char state)
{
	switch (state) {
	case 'R': return "R (running)";
	case 'S': return "S (sleeping)";
	case 'D': return "D (disk sleep)";
	case 'T': return "T (stopped)";
	case 'Z': return "Z (zombie)";
	default: return "X (dead)";
	}
}

static void add_cred(struct text *t, const struct cred *cr)
{
	text_add(t, "Uid:\t%u\t%u\t%u\t%u\n", cr->cr_uid, cr->cr_euid, cr->cr_suid, cr->cr_fsuid);
	text_add(t, "Gid:\t%u\t%u\t%u\t%u\n", cr->cr_gid, cr->cr_egid, cr->cr_sgid, cr->cr_fsgid);
}

static void add_groups(struct text *t, const struct cred *cr)
{
	text_add(t, "Groups:\t");
	for (u32 i = 0; i < cr->cr_ngroups; i++)
		text_add(t, "%u ", cr->cr_groups[i]);
	text_add(t, "\n");
}

static void add_memory(struct text *t, const struct snapshot *s)
{
	if (!s->vsize)
		return;
	text_add(t, "VmPeak:\t%8u kB\nVmSize:\t%8u kB\n", s->vsize / 1024, s->vsize / 1024);
	text_add(t, "VmLck:\t%8u kB\nVmPin:\t%8u kB\n", s->locked / 1024, 0);
	text_add(t, "VmHWM:\t%8u kB\nVmRSS:\t%8u kB\n", MAX(s->rss / 1024, s->us.us_maxrss * KIB), s->rss / 1024);
	text_add(t, "VmData:\t%8u kB\nVmStk:\t%8u kB\nVmExe:\t%8u kB\n", s->data / 1024,
		 s->stack / 1024, s->code / 1024);
	text_add(t, "VmLib:\t%8u kB\nVmSwap:\t%8u kB\n", 0, 0);
}

static void add_signals(struct text *t, const struct snapshot *s)
{
	text_add(t, "SigQ:\t%u/%u\n", s->nqueued, 1024);
	text_add(t, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n", s->pending,
		 s->shpending, s->blocked);
	text_add(t, "SigIgn:\t%016llx\nSigCgt:\t%016llx\n", s->ignored, s->caught);
}

int pf_show_status(struct text *t, const struct pf_ctx *c)
{
	struct snapshot s;
	int error;

	error = pid_stat_take(c, &s);
	if (error)
		return error;
	text_add(t, "Name:\t%s\nUmask:\t%04o\nState:\t%s\n", s.comm, s.umask, state_name(s.state));
	text_add(t, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", s.tgid, s.pid, s.ppid);
	if (s.cred)
		add_cred(t, s.cred);
	text_add(t, "FDSize:\t%u\n", s.fdsize);
	if (s.cred)
		add_groups(t, s.cred);
	add_memory(t, &s);
	text_add(t, "Threads:\t%u\n", s.nlwp);
	add_signals(t, &s);
	text_add(t, "voluntary_ctxt_switches:\t%u\nnonvoluntary_ctxt_switches:\t%u\n",
		 s.us.us_nvcsw, s.us.us_nivcsw);
	pid_stat_drop(&s);
	return 0;
}
