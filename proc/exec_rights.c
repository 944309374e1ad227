/* SPDX-License-Identifier: MIT */
/*
 * exec: the rights of the new program, and the settings of the process that end
 * because of them.
 *
 * A set-id program works with rights that its caller lacks. So every setting
 * with which the caller could watch, stop or mislead the program ends when the
 * program begins. The list is Linux's (execve(2), "Effect on process
 * attributes"; prctl(2); personality(2)), with this kernel's own settings
 * added:
 *
 *   at every exec         the exit signal (SIGCHLD again), as told to the
 *                         parent and by children; PR_SET_KEEPCAPS
 *   at a set-id exec      PR_SET_DUMPABLE, the parent-death signal, a soft
 *                         stack limit above 8 MiB, the trace (/proc/PID/trace),
 *                         descriptors of guarded /proc files, remembered ids,
 *                         the shifted clock
 *   if the file has a set-id bit   the personality bits that change where
 *                                  memory lies
 */
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "proc/exec_impl.h"
#include "proc/fsctx.h"
#include "proc/sched/lwp_impl.h"
#include "proc/rlimit.h"

/*
 * Does the file's set-id bit take effect? Not on a file system mounted nosuid
 * (exec_open.c), after PR_SET_NO_NEW_PRIVS, or while another process can change
 * the working directory and the root.
 */
static bool set_bit(const struct exec_new *x, mode_t bits)
{
	return !curlwp()->l_opt.lo_nonewprivs && curproc()->p_fs->fc_ref == 1 && (x->va.va_mode & bits) == bits;
}

int exec_choose_cred(struct exec_new *x)
{
	const struct cred *me = cred_cur();
	bool uid = set_bit(x, S_ISUID), gid = set_bit(x, S_ISGID | 0010);
	struct cred *cr = cred_dup(me);

	if (!cr)
		return -ENOMEM;
	if (uid)
		cr->cr_euid = x->va.va_uid;
	if (gid)
		cr->cr_egid = x->va.va_gid;
	cr->cr_suid = cr->cr_fsuid = cr->cr_euid;
	cr->cr_sgid = cr->cr_fsgid = cr->cr_egid;
	x->cred = cr;
	x->setid = uid || gid;
	x->secure = cr->cr_euid != cr->cr_uid || cr->cr_egid != cr->cr_gid ||
		    cr->cr_euid != me->cr_euid || !cred_in_group(me, cr->cr_egid);
	x->closed = x->image.ei_unreadable || x->secure || me->cr_euid != me->cr_uid ||
		    me->cr_egid != me->cr_gid || cred_differs(me, cr);
	return 0;
}

/*
 * Other processes may not look inside from now on; what they have set up before
 * is removed.
 * Locks: p_lock.
 */
static void end_watching(struct proc *p, struct lwp *l)
{
	ASSERT(spin_held(&p->p_lock));
	p->p_flags |= P_NODUMP;
	p->p_flags &= ~P_TRACE;
	l->l_trace = false;
	p->p_nclosed++;
}

/* Locks: p_lock. */
static void end_misleading(struct proc *p, struct lwp *l)
{
	struct rlimit_k *stack = &p->p_rlimit[RLIMIT_STACK];

	ASSERT(spin_held(&p->p_lock));
	p->p_flags |= P_REALIDS;
	p->p_monoff = 0;
	l->l_opt.lo_pdeathsig = 0;
	stack->rl_cur = MIN(stack->rl_cur, EXEC_STACK_SECURE);
}

void exec_commit_rights(struct proc *p, struct exec_new *x)
{
	struct lwp *l = curlwp();
	struct cred *old;

	ASSERT(p->p_nlwp == 1);
	spin_lock(&pidlock);
	p->p_nexec++;
	p->p_exitsig = K_SIGCHLD;
	spin_unlock(&pidlock);
	spin_lock(&p->p_lock);
	old = p->p_cred;
	p->p_flags &= ~(P_FORKNOEXEC | P_SUGID | P_NODUMP);
	p->p_flags |= x->secure ? P_SUGID : 0;
	if (x->closed)
		end_watching(p, l);
	if (x->secure)
		end_misleading(p, l);
	if (cred_differs(old, x->cred))
		l->l_opt.lo_pdeathsig = 0;
	if (x->setid)
		l->l_opt.lo_personality &= ~PERSONA_CLEAR_ON_SETID;
	l->l_opt.lo_keepcaps = false;
	p->p_cred = x->cred;
	x->cred = NULL;
	spin_unlock(&p->p_lock);
	cred_rele(old);
}
