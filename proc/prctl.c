/* SPDX-License-Identifier: MIT */
/*
 * prctl(2) and personality(2): settings of an lwp (struct lwp_options) and of a
 * process. proc/exec_rights.c: settings that exec ends.
 * ckpt/state/st_options.c: settings that an image keeps.
 *
 * Source: prctl(2), personality(2), PR_SET_PDEATHSIG(2const) and similar pages;
 *   linux-libc-dev's linux/prctl.h and linux/personality.h.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/usercopy.h"
#include "proc/sched/lwp_impl.h"
#include "proc/orphan.h"
#include "proc/syscalls.h"

#define PR_SET_PDEATHSIG 1
#define PR_GET_PDEATHSIG 2
#define PR_GET_DUMPABLE 3
#define PR_SET_DUMPABLE 4
#define PR_GET_KEEPCAPS 7
#define PR_SET_KEEPCAPS 8
#define PR_GET_TIMING 13
#define PR_SET_TIMING 14
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_SET_TIMERSLACK 29
#define PR_GET_TIMERSLACK 30
#define PR_SET_CHILD_SUBREAPER 36
#define PR_GET_CHILD_SUBREAPER 37
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39
#define PR_GET_TID_ADDRESS 40

struct lwp_options lwp_options_inherited(const struct lwp_options *from)
{
	struct lwp_options lo = *from;

	lo.lo_pdeathsig = 0;
	lo.lo_slackdef = lo.lo_slack;
	return lo;
}

static long prctl_give_u32(uaddr_t dst, u32 v)
{
	return copyout(dst, &v, sizeof(v));
}

static long set_pdeathsig(u32 sig)
{
	if (sig > K_NSIG)
		return -EINVAL;
	spin_lock(&pidlock);
	orphan_want_signal(curlwp(), sig);
	spin_unlock(&pidlock);
	return 0;
}

/* Not dumpable: other processes may neither look inside nor save it. */
static long set_dumpable(u32 on)
{
	struct proc *p = curproc();

	if (on > 1)
		return -EINVAL;
	spin_lock(&p->p_lock);
	p->p_flags = on ? p->p_flags & ~P_NODUMP : p->p_flags | P_NODUMP;
	spin_unlock(&p->p_lock);
	return 0;
}

static long set_name(uaddr_t src)
{
	struct lwp *l = curlwp();
	struct proc *p = l->l_proc;
	char name[sizeof(l->l_name)] = "";
	ssize_t n = copyinstr(name, src, sizeof(name));

	if (n < 0 && n != -ENAMETOOLONG)
		return n;
	name[sizeof(name) - 1] = '\0';
	/* Does not reveal the rest of the previous name. */
	memset(name + strlen(name), 0, sizeof(name) - strlen(name));
	spin_lock(&p->p_lock);
	memcpy(l->l_name, name, sizeof(name));
	if (l == p->p_lwp0)
		memcpy(p->p_comm, name, sizeof(name));
	spin_unlock(&p->p_lock);
	return 0;
}

static long get_name(uaddr_t dst)
{
	struct lwp *l = curlwp();
	char name[sizeof(l->l_name)] = "";

	spin_lock(&l->l_proc->p_lock);
	strlcpy_k(name, l->l_name, sizeof(name));
	spin_unlock(&l->l_proc->p_lock);
	return copyout(dst, name, sizeof(name));
}

/* There are no capabilities here: the flag is stored, without effect. */
static long set_keepcaps(u32 on)
{
	if (on > 1)
		return -EINVAL;
	curlwp()->l_opt.lo_keepcaps = on;
	return 0;
}

/* A timer fires at its exact time here, which is within any slack. */
static long set_slack(u32 ns)
{
	struct lwp_options *lo = &curlwp()->l_opt;

	lo->lo_slack = ns ? ns : lo->lo_slackdef;
	return 0;
}

static long get_slack(void)
{
	u32 ns = curlwp()->l_opt.lo_slack;

	/* The result of a call must not look like an error. */
	return ns > 0x7fffffff ? 0x7fffffff : (long)ns;
}

/* The flag cannot be cleared. */
static long set_no_new_privs(u32 on, u32 rest)
{
	if (on != 1 || rest)
		return -EINVAL;
	curlwp()->l_opt.lo_nonewprivs = true;
	return 0;
}

long sys_prctl(u32 option, u32 arg2, u32 arg3, u32 arg4, u32 arg5)
{
	struct lwp *l = curlwp();
	struct proc *p = l->l_proc;
	u32 rest = arg3 | arg4 | arg5;

	switch (option) {
	case PR_SET_PDEATHSIG: return set_pdeathsig(arg2);
	case PR_GET_PDEATHSIG: return prctl_give_u32(arg2, l->l_opt.lo_pdeathsig);
	case PR_GET_DUMPABLE: return !(p->p_flags & P_NODUMP);
	case PR_SET_DUMPABLE: return set_dumpable(arg2);
	case PR_GET_KEEPCAPS: return l->l_opt.lo_keepcaps;
	case PR_SET_KEEPCAPS: return set_keepcaps(arg2);
	case PR_GET_TIMING: return 0; /* PR_TIMING_STATISTICAL, the only method */
	case PR_SET_TIMING: return arg2 ? -EINVAL : 0;
	case PR_SET_NAME: return set_name(arg2);
	case PR_GET_NAME: return get_name(arg2);
	case PR_SET_TIMERSLACK: return set_slack(arg2);
	case PR_GET_TIMERSLACK: return get_slack();
	case PR_SET_CHILD_SUBREAPER: orphan_set_reaper(p, arg2 != 0); return 0;
	case PR_GET_CHILD_SUBREAPER: return prctl_give_u32(arg2, (p->p_flags & P_SUBREAPER) != 0);
	case PR_SET_NO_NEW_PRIVS: return set_no_new_privs(arg2, rest);
	case PR_GET_NO_NEW_PRIVS: return arg2 || rest ? -EINVAL : l->l_opt.lo_nonewprivs;
	case PR_GET_TID_ADDRESS: return prctl_give_u32(arg2, l->l_clear_tid);
	default: return -EINVAL;
	}
}

/*
 * Linux stores any number. This kernel accepts the bits that ask for its usual
 * behaviour: memory lies at the same addresses in every run, and a process has
 * 3 GiB of it.
 * Errors: -EINVAL: any other bit.
 */
#define PERSONA_TAKEN (PERSONA_NO_RANDOMIZE | PERSONA_LIMIT_3GB)

long sys_personality(u32 p)
{
	struct lwp_options *lo = &curlwp()->l_opt;
	u32 old = lo->lo_personality;

	if (p == 0xffffffff)
		return (long)old;
	if (p & ~PERSONA_TAKEN)
		return -EINVAL;
	lo->lo_personality = p;
	return (long)old;
}
