/* SPDX-License-Identifier: MIT */
/* The process table, and a process's own data. */
#include "proc/proc.h"

#include "fs/file.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/futex.h"
#include "proc/fsctx.h"
#include "proc/sched/lwp_impl.h"
#include "proc/proctab.h"
#include "proc/ptimer.h"
#include "proc/rlimit.h"

struct spinlock pidlock = SPINLOCK_INIT("pidlock", LR_PIDLOCK);
struct proc proc0;
struct proc *initproc;
struct list allproc = LIST_INIT(allproc);
struct proc_hooks proc_hooks;

static struct kmem_cache *proc_cache;
volatile u32 proc_count;

static void proc_setup(struct proc *p)
{
	list_init(&p->p_all);
	list_init(&p->p_children);
	list_init(&p->p_sibling);
	list_init(&p->p_lwps);
	later_init(&p->p_poke, proc_poke_more);
	spin_init(&p->p_lock, "p_lock", LR_PROC);
	spin_init(&p->p_timelock, "p_timelock", LR_TIMES);
	mutex_init(&p->p_execlock, "p_execlock", LR_EXEC);
	sigqueue_init(&p->p_sigq);
	p->p_exitsig = K_SIGCHLD;
	p->p_start_ns = clock_mono_ns();
	list_init(&p->p_ptimers);
	itimer_init(p);
}

void proc_init(void)
{
	proc_cache = kmem_cache_create("proc", sizeof(struct proc), 0);
	lwp_init();
	cred_init();
	signal_init();
	futex_init();
	ptimer_init();
	nanosleep_init();
	sigtimedwait_init();
	proc_setup(&proc0);
	proc0.p_flags = P_KERNEL;
	proc0.p_stat = PS_ACTIVE;
	strlcpy_k(proc0.p_comm, "kernel", sizeof(proc0.p_comm));
	proc0.p_cred = cred_alloc();
	VERIFY(proc0.p_cred);
	rlimit_defaults(proc0.p_rlimit);
	pid_init();
}

struct proc *proc_find(pid_t pid)
{
	struct proc *p;

	if (pid <= 0)
		return NULL;
	spin_lock(&pidlock);
	p = pid_owner(pid);
	if (p && (p->p_pid != pid || (p->p_flags & P_KERNEL) || p->p_stat == PS_NEW))
		p = NULL;
	if (p)
		p->p_ref++;
	spin_unlock(&pidlock);
	return p;
}

struct proc *proc_find_thread(pid_t tid)
{
	struct proc *p;

	if (tid <= 0)
		return NULL;
	spin_lock(&pidlock);
	p = pid_owner(tid);
	if (p && ((p->p_flags & P_KERNEL) || p->p_stat == PS_NEW))
		p = NULL;
	if (p)
		p->p_ref++;
	spin_unlock(&pidlock);
	return p;
}

struct proc *proc_alloc(void)
{
	struct proc *p = kmem_alloc(proc_cache, KM_ZERO);

	if (!p)
		return NULL;
	proc_setup(p);
	p->p_ref = 1; /* the tree's reference */
	__atomic_add_fetch(&proc_count, 1, __ATOMIC_RELAXED);
	return p;
}

void proc_free(struct proc *p)
{
	ASSERT(list_empty(&p->p_lwps) && list_empty(&p->p_children));
	spin_lock(&p->p_lock);
	sigqueue_flush(&p->p_sigq);
	spin_unlock(&p->p_lock);
	cred_rele(p->p_cred);
	pidspace_rele(p->p_pidspace);
	kfree(p->p_ckptstats);
	__atomic_sub_fetch(&proc_count, 1, __ATOMIC_RELAXED);
	kmem_free(proc_cache, p);
}

void proc_hold_ref(struct proc *p)
{
	spin_lock(&pidlock);
	p->p_ref++;
	spin_unlock(&pidlock);
}

/*
 * A process that has left the tree is freed with its last reference. It has
 * left if p_sibling is empty and it is PS_ZOMBIE.
 */
void proc_rele(struct proc *p)
{
	bool gone;

	spin_lock(&pidlock);
	gone = --p->p_ref == 0;
	spin_unlock(&pidlock);
	if (gone)
		proc_free(p);
}

struct lwp *lwp_find(struct proc *p, pid_t tid)
{
	struct lwp *l;

	ASSERT(spin_held(&p->p_lock));
	list_for_each(l, &p->p_lwps, l_plink) {
		if (l->l_tid == tid)
			return l;
	}
	return NULL;
}

/* Locks: pidlock. */
static void enter_family(struct proc *p, struct proc *maker, bool sibling)
{
	struct proc *parent = sibling ? maker->p_parent : maker;

	ASSERT(spin_held(&pidlock));
	p->p_parent = parent;
	p->p_parentexec = sibling ? maker->p_parentexec : parent->p_nexec;
	p->p_makertid = sibling ? maker->p_makertid : curlwp()->l_tid;
	list_push_back(&parent->p_children, &p->p_sibling);
}

void proc_enter_tree(struct proc *p, struct proc *maker, bool sibling)
{
	spin_lock(&pidlock);
	enter_family(p, maker, sibling);
	p->p_pgid = maker->p_pgid ? maker->p_pgid : p->p_pid;
	p->p_sid = maker->p_sid ? maker->p_sid : p->p_pid;
	pid_lead(p->p_pgid);
	pid_lead(p->p_sid);
	p->p_ctty = maker->p_ctty;
	/*
	 * The trace may have been switched off meanwhile for the parent and its
	 * children.
	 */
	if (!(maker->p_flags & P_TRACE)) {
		p->p_flags &= ~P_TRACE;
		p->p_lwp0->l_trace = false;
	}
	p->p_stat = PS_ACTIVE;
	pid_bind(p->p_pid, p);
	proctab_enter(p);
	spin_unlock(&pidlock);
}

int pid_alloc_for(const struct proc *p, pid_t want, pid_t *out)
{
	pid_t skipped = 0;
	int error = pid_alloc(want, out);

	/*
	 * At most one id is set aside: the search for the next one continues
	 * after it.
	 */
	while (!error && !want && pid_shadowed(p, *out)) {
		if (skipped)
			pid_free(skipped);
		skipped = *out;
		error = pid_alloc(0, out);
	}
	if (skipped)
		pid_free(skipped);
	return error;
}

void exe_rele(struct vnode *vp)
{
	vn_text_end(vp);
	vn_rele(vp);
}

void proc_drop_identity(struct proc *p)
{
	struct vnode *exe;
	struct fsctx *fs;
	char *exepath;

	assert_may_sleep("proc_drop_identity");
	/* /proc may be reading it. */
	spin_lock(&p->p_lock);
	fs = p->p_fs;
	exe = p->p_exe;
	exepath = p->p_exepath;
	p->p_fs = NULL;
	p->p_exe = NULL;
	p->p_exepath = NULL;
	spin_unlock(&p->p_lock);
	fsctx_rele(fs);
	if (exe)
		exe_rele(exe);
	kfree(exepath);
}

void proc_set_exe(struct proc *p, struct vnode *vp, char *path)
{
	struct vnode *oldvp;
	char *oldpath;

	spin_lock(&p->p_lock);
	oldvp = p->p_exe;
	oldpath = p->p_exepath;
	p->p_exe = vp;
	p->p_exepath = path;
	spin_unlock(&p->p_lock);
	if (oldvp)
		exe_rele(oldvp);
	kfree(oldpath);
}

u64 rlimit_cur(struct proc *p, int which)
{
	u64 v;

	spin_lock(&p->p_lock);
	v = p->p_rlimit[which].rl_cur;
	spin_unlock(&p->p_lock);
	return v;
}

int proc_can_signal(struct proc *p, int sig)
{
	const struct cred *me = cred_cur();
	bool same_session = curproc()->p_sid == p->p_sid, may;
	struct cred *it;

	if (me->cr_euid == 0 || (sig == K_SIGCONT && same_session))
		return 0;
	it = cred_of(p);
	may = me->cr_euid == it->cr_suid || me->cr_euid == it->cr_uid ||
	      me->cr_uid == it->cr_suid || me->cr_uid == it->cr_uid;
	cred_rele(it);
	return may ? 0 : -EPERM;
}

int proc_can_look(struct proc *p)
{
	if ((p->p_flags & P_NODUMP) && p != curproc() && cred_cur()->cr_euid != 0)
		return -EPERM;
	return proc_can_access(p);
}

int proc_can_access(struct proc *p)
{
	const struct cred *me = cred_cur();
	struct cred *it;
	bool may;

	if (me->cr_euid == 0 || p == curproc())
		return 0;
	if (p->p_flags & P_SUGID)
		return -EPERM;
	it = cred_of(p);
	may = me->cr_uid == it->cr_euid && me->cr_uid == it->cr_suid && me->cr_uid == it->cr_uid &&
	      me->cr_gid == it->cr_egid && me->cr_gid == it->cr_sgid && me->cr_gid == it->cr_gid;
	cred_rele(it);
	return may ? 0 : -EPERM;
}
