/* SPDX-License-Identifier: MIT */
/*
 * fork, vfork and clone: they call spawn_proc(), or add an lwp to the same
 * process.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/ratelimit.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/usercopy.h"
#include "proc/sched/lwp_impl.h"
#include "proc/sched/sleep.h"
#include "proc/syscalls.h"
#include "proc/sched/tls.h"
#include "proc/wait.h"

/* linux/sched.h */
#define CLONE_SIGNAL 0xffu
#define CLONE_VM 0x00000100u
#define CLONE_FS 0x00000200u
#define CLONE_FILES 0x00000400u
#define CLONE_SIGHAND 0x00000800u
#define CLONE_PIDFD 0x00001000u
#define CLONE_VFORK 0x00004000u
#define CLONE_PARENT 0x00008000u
#define CLONE_THREAD 0x00010000u
#define CLONE_NEWNS 0x00020000u
#define CLONE_SETTLS 0x00080000u
#define CLONE_PARENT_SETTID 0x00100000u
#define CLONE_CHILD_CLEARTID 0x00200000u
#define CLONE_CHILD_SETTID 0x01000000u
#define CLONE_NEWCGROUP 0x02000000u
#define CLONE_NEWUTS 0x04000000u
#define CLONE_NEWIPC 0x08000000u
#define CLONE_NEWUSER 0x10000000u
#define CLONE_NEWPID 0x20000000u
#define CLONE_NEWNET 0x40000000u
/*
 * Accepted without effect: CLONE_PTRACE and CLONE_UNTRACED (there is no
 * ptrace), CLONE_SYSVSEM (no such semaphores), CLONE_DETACHED (ignored on Linux
 * too), CLONE_IO (one I/O context for all).
 */

#define CLONE_NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET)
#define CLONE_THREAD_ALWAYS (CLONE_VM | CLONE_SIGHAND | CLONE_FILES | CLONE_FS)

struct clone_args {
	u32 flags;
	u32 stack; /* 0: the caller's */
	uaddr_t ptid, ctid, tls;
};

/*
 * First routine of a forked child. It does CLONE_CHILD_SETTID in its own
 * memory.
 */
static void child_start(void *arg)
{
	uaddr_t ctid = (uaddr_t)arg;
	static struct ratelimit limit = RATELIMIT_INIT("clone", KDEBUG);
	struct lwp *l = curlwp();

	/* A bad address is ignored, as on Linux. */
	pid_t tid = pid_seen(l->l_tid);

	if (ctid && copyout(ctid, &tid, sizeof(tid)) != 0)
		printk_limited(&limit, KDEBUG "clone: CLONE_CHILD_SETTID at %08x: bad address\n", ctid);
}

static void set_child_frame(struct lwp *l, const struct clone_args *ca)
{
	l->l_tf->tf_eax = 0;
	l->l_tf->tf_err = (u32)-1;
	if (ca->stack)
		l->l_tf->tf_esp = ca->stack;
	if (ca->flags & CLONE_CHILD_CLEARTID)
		l->l_clear_tid = ca->ctid;
}

static int set_child_tls(struct lwp *l, const struct clone_args *ca)
{
	return ca->flags & CLONE_SETTLS ? tls_set_from_user(l, ca->tls, false) : 0;
}

void vfork_done(struct proc *p)
{
	spin_lock(&p->p_lock);
	p->p_vforked = false;
	wakeup(&p->p_vforked);
	spin_unlock(&p->p_lock);
}

void vfork_forget(struct lwp *l)
{
	struct proc *child = l->l_vfork;

	l->l_vfork = NULL;
	if (child)
		proc_rele(child);
}

/*
 * The parent goes on when the child has its own memory or has exited. Signals
 * and stops wait until then, because the child uses the parent's stack. A
 * checkpoint does not wait: the parent is at the boundary already.
 */
void vfork_wait(struct lwp *l)
{
	struct proc *child = l->l_vfork;
	bool done;

	assert_may_sleep("vfork_wait");
	spin_lock(&child->p_lock);
	if (child->p_vforked)
		(void)sleep(&child->p_vforked, &child->p_lock, SLP_HOLD, 0);
	done = !child->p_vforked;
	spin_unlock(&child->p_lock);
	if (done)
		vfork_forget(l);
}

/* Makes the current lwp wait for child at the boundary. */
static void vfork_begin(struct proc *child)
{
	struct lwp *me = curlwp();

	ASSERT(!me->l_vfork);
	spin_lock(&pidlock);
	child->p_ref++;
	spin_unlock(&pidlock);
	child->p_vforked = true;
	me->l_vfork = child;
	me->l_attention = true;
}

/*
 * A sibling uses the same exit signal as the caller. A number that is not a
 * signal means none, as on Linux.
 */
static int exit_signal(u32 flags)
{
	u32 sig = flags & CLONE_SIGNAL;

	if (flags & CLONE_PARENT)
		return curproc()->p_exitsig;
	return sig <= K_NSIG ? (int)sig : 0;
}

static long fork_process(const struct clone_args *ca)
{
	struct spawn_args sa = {
		.sa_start = child_start,
		.sa_arg = (void *)(ca->flags & CLONE_CHILD_SETTID ? ca->ctid : 0),
		.sa_flags = (ca->flags & CLONE_VM ? SPAWN_SHARE_AS : 0) |
			    (ca->flags & CLONE_FILES ? SPAWN_SHARE_FILES : 0) |
			    (ca->flags & CLONE_FS ? SPAWN_SHARE_FS : 0) |
			    (ca->flags & CLONE_PARENT ? SPAWN_SIBLING : 0),
		.sa_exitsig = exit_signal(ca->flags),
	};
	struct proc *p;
	struct lwp *l;
	pid_t pid;
	int error;

	error = spawn_proc(&sa, &p);
	if (error)
		return error;
	l = p->p_lwp0;
	pid = pid_seen(p->p_pid);
	set_child_frame(l, ca);
	if ((ca->flags & CLONE_VM) && !(ca->flags & CLONE_VFORK)) {
		l->l_altflags = K_SS_DISABLE;
		l->l_altsp = l->l_altsize = 0;
	}
	error = set_child_tls(l, ca);
	if (!error && (ca->flags & CLONE_PARENT_SETTID) && copyout(ca->ptid, &pid, sizeof(pid)) != 0)
		error = -EFAULT;
	if (error) {
		spawn_abort(p);
		return error;
	}
	if (ca->flags & CLONE_VFORK)
		vfork_begin(p);
	lwp_start(l);
	return pid;
}

/* Copies what a new thread inherits from its maker. */
static void thread_inherit(struct lwp *l, struct lwp *me)
{
	fpu_save(me);
	memcpy(l->l_fpu, me->l_fpu, FPU_SIZE);
	lwp_save_segs(me);
	l->l_fs = me->l_fs;
	l->l_gs = me->l_gs;
	*l->l_tf = *me->l_tf;
	memcpy(l->l_tls, me->l_tls, sizeof(l->l_tls));
	memcpy(l->l_name, me->l_name, sizeof(l->l_name));
	l->l_sigmask = me->l_sigmask;
	l->l_affinity = me->l_affinity;
	l->l_pri = me->l_pri;
	l->l_trace = me->l_trace;
	l->l_opt = lwp_options_inherited(&me->l_opt);
}

static long fork_thread(const struct clone_args *ca)
{
	struct lwp *me = curlwp(), *l;
	struct proc *p = me->l_proc;
	pid_t tid;
	int error;

	error = lwp_create(p, child_start, (void *)(ca->flags & CLONE_CHILD_SETTID ? ca->ctid : 0), &l);
	if (error)
		return error;
	error = pid_alloc_for(p, 0, &tid);
	if (error)
		goto fail_lwp;
	thread_inherit(l, me);
	l->l_tid = tid;
	set_child_frame(l, ca);
	error = set_child_tls(l, ca);
	/* A new id is never one that a pidspace translates. */
	if (!error && (ca->flags & CLONE_PARENT_SETTID) && copyout(ca->ptid, &tid, sizeof(tid)) != 0)
		error = -EFAULT;
	if (error)
		goto fail_pid;
	spin_lock(&pidlock);
	pid_bind(tid, p);
	spin_unlock(&pidlock);
	spin_lock(&p->p_lock);
	if (lwp_dying(me) || p->p_execlwp) {
		spin_unlock(&p->p_lock);
		error = -ERESTARTNOINTR;
		goto fail_pid;
	}
	list_push_back(&p->p_lwps, &l->l_plink);
	p->p_nlwp++;
	/*
	 * A hold or stop of the process must find the new lwp at the boundary
	 * too.
	 */
	l->l_attention = true;
	spin_unlock(&p->p_lock);
	lwp_start(l);
	return tid;

fail_pid:
	pid_free(tid);
fail_lwp:
	lwp_free(l);
	return error;
}

/* In the order of Linux's copy_process(). */
static int check_combination(u32 f)
{
	if ((f & (CLONE_NEWNS | CLONE_NEWUSER)) && (f & CLONE_FS))
		return -EINVAL;
	if ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND))
		return -EINVAL;
	if ((f & CLONE_SIGHAND) && !(f & CLONE_VM))
		return -EINVAL;
	if ((f & CLONE_PARENT) && curproc() == initproc)
		return -EINVAL;
	return 0;
}

/*
 * Flags that fail as in a kernel without namespaces, and flags not offered
 * here: process descriptors, signal handlers shared between processes, and
 * threads with their own descriptors or working directory.
 */
static int check_offered(u32 f)
{
	if (f & CLONE_NEWUSER)
		return -EINVAL;
	if (f & CLONE_NAMESPACES)
		return cred_super(cred_cur()) ? -EINVAL : -EPERM;
	if (f & CLONE_PIDFD)
		return -EINVAL;
	if (!(f & CLONE_THREAD))
		return f & CLONE_SIGHAND ? -EINVAL : 0;
	return (f & CLONE_THREAD_ALWAYS) != CLONE_THREAD_ALWAYS || (f & CLONE_VFORK) ? -EINVAL : 0;
}

static long do_clone(const struct clone_args *ca)
{
	int error = check_combination(ca->flags);

	if (!error)
		error = check_offered(ca->flags);
	if (error)
		return error;
	return ca->flags & CLONE_THREAD ? fork_thread(ca) : fork_process(ca);
}

long sys_fork(void)
{
	struct clone_args ca = { .flags = K_SIGCHLD };

	return do_clone(&ca);
}

long sys_vfork(void)
{
	struct clone_args ca = { .flags = CLONE_VFORK | CLONE_VM | K_SIGCHLD };

	return do_clone(&ca);
}

long sys_clone(u32 flags, u32 stack, uaddr_t ptid, uaddr_t tls, uaddr_t ctid)
{
	struct clone_args ca = { .flags = flags, .stack = stack, .ptid = ptid, .tls = tls, .ctid = ctid };

	return do_clone(&ca);
}

long sys_set_tid_address(uaddr_t addr)
{
	curlwp()->l_clear_tid = addr;
	return pid_seen(curlwp()->l_tid);
}

long sys_exit(int status)
{
	struct lwp *l = curlwp();
	struct proc *p = l->l_proc;

	spin_lock(&p->p_lock);
	if (p->p_nlwp == 1 && !(p->p_flags & P_EXITING)) {
		spin_unlock(&p->p_lock);
		proc_exit(WSTAT_EXITED(status));
	}
	spin_unlock(&p->p_lock);
	l->l_xstat = WSTAT_EXITED(status);
	l->l_exiting = true;
	l->l_attention = true;
	return 0;
}

long sys_exit_group(int status)
{
	proc_exit(WSTAT_EXITED(status));
}
