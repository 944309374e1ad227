/* SPDX-License-Identifier: MIT */
/* The process table, and spawn_proc(): the one way to make a process. */
#include "proc/proc.h"

#include "fs/file.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/futex.h"
#include "proc/lwp_impl.h"
#include "proc/ptimer.h"
#include "proc/rlimit.h"
#include "proc/sleep.h"

struct spinlock pidlock = SPINLOCK_INIT("pidlock", LR_PIDLOCK);
struct proc proc0;
struct proc *initproc;
struct list allproc = LIST_INIT(allproc);
struct proc_hooks proc_hooks;

static struct kmem_cache *proc_cache;
volatile u32 proc_count;

static void proc_setup(struct proc *p)
{
	list_init(&p->p_hash);
	list_init(&p->p_all);
	list_init(&p->p_children);
	list_init(&p->p_sibling);
	list_init(&p->p_lwps);
	spin_init(&p->p_lock, "p_lock", LR_PROC);
	mutex_init(&p->p_execlock, "p_execlock", LR_EXEC);
	sigqueue_init(&p->p_sig.ss_q);
	p->p_exitsig = K_SIGCHLD;
	p->p_umask = 022;
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

static void proc_free(struct proc *p)
{
	ASSERT(list_empty(&p->p_lwps) && list_empty(&p->p_children));
	sigqueue_flush(&p->p_sig.ss_q);
	cred_rele(p->p_cred);
	pidspace_rele(p->p_pidspace);
	kfree(p->p_ckptstats);
	__atomic_sub_fetch(&proc_count, 1, __ATOMIC_RELAXED);
	kmem_free(proc_cache, p);
}

/* A process that has left the tree goes with its last reference; p_sibling empty and PS_ZOMBIE say that it has left. */
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

/* Processes of this real user, for RLIMIT_NPROC. */
static u32 user_procs(uid_t uid)
{
	struct proc *p;
	u32 n = 0;

	spin_lock(&pidlock);
	list_for_each(p, &allproc, p_all) {
		if (p->p_cred->cr_uid == uid)
			n++;
	}
	spin_unlock(&pidlock);
	return n;
}

/* What a child has of its parent by reference or copy, apart from memory and files. Cannot fail once the strings are there. */
static int inherit_identity(struct proc *p, struct proc *parent)
{
	char *cwd = parent->p_cwdpath ? kstrdup(parent->p_cwdpath, 0) : NULL;
	char *exe = parent->p_exepath ? kstrdup(parent->p_exepath, 0) : NULL;

	if ((parent->p_cwdpath && !cwd) || (parent->p_exepath && !exe)) {
		kfree(cwd);
		kfree(exe);
		return -ENOMEM;
	}
	spin_lock(&parent->p_lock);
	p->p_cwdpath = cwd;
	p->p_exepath = exe;
	p->p_cred = parent->p_cred;
	cred_hold(p->p_cred);
	memcpy(p->p_sig.ss_act, parent->p_sig.ss_act, sizeof(p->p_sig.ss_act));
	memcpy(p->p_rlimit, parent->p_rlimit, sizeof(p->p_rlimit));
	p->p_nice = parent->p_nice;
	memcpy(p->p_comm, parent->p_comm, sizeof(p->p_comm));
	p->p_umask = parent->p_umask;
	p->p_cwd = parent->p_cwd;
	p->p_root = parent->p_root;
	p->p_exe = parent->p_exe;
	p->p_pidspace = parent->p_pidspace;
	pidspace_hold(p->p_pidspace);
	p->p_flags = P_FORKNOEXEC | (parent->p_flags & (P_SUGID | P_TRACE));
	spin_unlock(&parent->p_lock);
	if (p->p_cwd)
		vn_hold(p->p_cwd);
	if (p->p_root)
		vn_hold(p->p_root);
	if (p->p_exe) {
		/* The parent holds the text right already, so one more cannot be refused. */
		vn_hold(p->p_exe);
		(void)vn_text_begin(p->p_exe);
	}
	return 0;
}

void exe_rele(struct vnode *vp)
{
	vn_text_end(vp);
	vn_rele(vp);
}

void proc_drop_identity(struct proc *p)
{
	if (p->p_cwd)
		vn_rele(p->p_cwd);
	if (p->p_root)
		vn_rele(p->p_root);
	if (p->p_exe)
		exe_rele(p->p_exe);
	p->p_cwd = p->p_root = p->p_exe = NULL;
	kfree(p->p_cwdpath);
	kfree(p->p_exepath);
	p->p_cwdpath = p->p_exepath = NULL;
}

static int inherit_memory(struct proc *p, struct proc *parent, u32 flags)
{
	if ((flags & SPAWN_NO_AS) || !parent->p_as)
		return 0;
	if (flags & SPAWN_SHARE_AS) {
		as_hold(parent->p_as);
		p->p_as = parent->p_as;
		return 0;
	}
	p->p_as = as_dup(parent->p_as);
	return p->p_as ? 0 : -ENOMEM;
}

static int inherit_files(struct proc *p, struct proc *parent, u32 flags)
{
	if (!parent->p_fdtab || (flags & SPAWN_NO_FILES)) {
		p->p_fdtab = fdtab_create();
	} else if (flags & SPAWN_SHARE_FILES) {
		fdtab_hold(parent->p_fdtab);
		p->p_fdtab = parent->p_fdtab;
	} else {
		p->p_fdtab = fdtab_dup(parent->p_fdtab);
	}
	return p->p_fdtab ? 0 : -ENOMEM;
}

/* The machine state that a child's first lwp shares with the one that makes it. */
static void inherit_lwp(struct lwp *l, struct lwp *from)
{
	if (from->l_fpu) {
		fpu_save(from);
		memcpy(l->l_fpu, from->l_fpu, FPU_SIZE);
		lwp_save_segs(from);
		l->l_fs = from->l_fs;
		l->l_gs = from->l_gs;
		*l->l_tf = *from->l_tf;
	}
	memcpy(l->l_tls, from->l_tls, sizeof(l->l_tls));
	l->l_sigmask = from->l_sigmask;
	l->l_altsp = from->l_altsp;
	l->l_altsize = from->l_altsize;
	l->l_altflags = from->l_altflags;
	l->l_affinity = from->l_affinity;
	l->l_pri = from->l_proc == &proc0 ? PRI_USER : from->l_pri;
	l->l_trace = from->l_trace;
	memcpy(l->l_name, from->l_name, sizeof(l->l_name));
}

static void enter_tree(struct proc *p, struct proc *parent, struct lwp *l)
{
	spin_lock(&pidlock);
	p->p_parent = parent;
	p->p_pgid = parent->p_pgid ? parent->p_pgid : p->p_pid;
	p->p_sid = parent->p_sid ? parent->p_sid : p->p_pid;
	p->p_ctty = parent->p_ctty;
	p->p_stat = PS_ACTIVE;
	pid_bind(p->p_pid, p);
	list_push_back(&allproc, &p->p_all);
	list_push_back(&parent->p_children, &p->p_sibling);
	spin_unlock(&pidlock);
}

int pid_alloc_for(const struct proc *p, pid_t want, pid_t *out)
{
	pid_t skipped = 0;
	int error = pid_alloc(want, out);

	/* At most one is kept aside: the search for the next one goes on behind it. */
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

int spawn_proc(const struct spawn_args *sa, struct proc **pp)
{
	struct proc *parent = curproc(), *p;
	bool hidden = sa->sa_flags & SPAWN_HIDDEN;
	struct lwp *l;
	int error;

	if (!hidden && parent != &proc0 && !cred_super(parent->p_cred) &&
	    user_procs(parent->p_cred->cr_uid) >= rlimit_cur(parent, RLIMIT_NPROC))
		return -EAGAIN;
	p = kmem_alloc(proc_cache, KM_ZERO);
	if (!p)
		return -ENOMEM;
	proc_setup(p);
	p->p_ref = 1; /* the tree's own */
	p->p_exitsig = sa->sa_exitsig;
	p->p_vforked = false;
	__atomic_add_fetch(&proc_count, 1, __ATOMIC_RELAXED);

	error = inherit_identity(p, parent);
	if (error)
		goto fail_proc;
	error = inherit_memory(p, parent, sa->sa_flags);
	if (error)
		goto fail_identity;
	error = inherit_files(p, parent, sa->sa_flags);
	if (error)
		goto fail_memory;
	error = lwp_create(p, sa->sa_start, sa->sa_arg, &l);
	if (error)
		goto fail_files;
	inherit_lwp(l, curlwp());
	if (!hidden) {
		error = pid_alloc_for(p, sa->sa_flags & SPAWN_EXACT_PID ? sa->sa_pid : 0, &p->p_pid);
		if (error)
			goto fail_lwp;
	}
	l->l_tid = p->p_pid;
	spin_lock(&p->p_lock);
	list_push_back(&p->p_lwps, &l->l_plink);
	p->p_nlwp = 1;
	p->p_lwp0 = l;
	if (hidden)
		p->p_flags |= P_KERNEL;
	spin_unlock(&p->p_lock);
	if (hidden)
		p->p_stat = PS_ACTIVE;
	else
		enter_tree(p, parent, l);
	*pp = p;
	return 0;

fail_lwp:
	lwp_free(l);
fail_files:
	fdtab_rele(p->p_fdtab);
fail_memory:
	if (p->p_as)
		as_rele(p->p_as);
fail_identity:
	proc_drop_identity(p);
fail_proc:
	proc_free(p);
	return error;
}

/* The ids that a process wants, and what it got: one pair for each that differs goes into a pidspace. */
struct wanted_ids {
	struct pidpair *pairs;
	u32 npairs;
};

static int want_id(struct wanted_ids *w, pid_t want, pid_t *got)
{
	int error = pid_alloc(want, got);

	if (error != -EEXIST)
		return error;
	error = pid_alloc(0, got);
	if (!error)
		w->pairs[w->npairs++] = (struct pidpair){ .pp_seen = want, .pp_real = *got };
	return error;
}

/* Real ids for the process and its n lwps; l_tid is set. All or none. */
static int want_ids(struct wanted_ids *w, struct lwp **lwps, const pid_t *tids, u32 n, pid_t want, pid_t *pid)
{
	u32 i;
	int error = want_id(w, want, pid);

	if (error)
		return error;
	for (i = 0; i < n && !error; i++) {
		lwps[i]->l_tid = *pid;
		if (tids[i] != want)
			error = want_id(w, tids[i], &lwps[i]->l_tid);
	}
	if (!error)
		return 0;
	for (i--; i-- > 0;) {
		if (lwps[i]->l_tid != *pid)
			pid_free(lwps[i]->l_tid);
	}
	pid_free(*pid);
	return error;
}

int proc_reveal(struct proc *parent, pid_t want, struct lwp **lwps, const pid_t *tids, u32 n)
{
	struct wanted_ids w = { .pairs = kmalloc((n + 1) * sizeof(struct pidpair), 0) };
	struct proc *p = curproc();
	struct pidspace *ps = NULL;
	pid_t pid;
	int error;

	ASSERT((p->p_flags & P_KERNEL) && !p->p_pid && p->p_nlwp == 1 && lwps[0] == curlwp());
	if (!w.pairs)
		return -ENOMEM;
	error = want_ids(&w, lwps, tids, n, want, &pid);
	if (!error && w.npairs) {
		ps = pidspace_create(w.pairs, w.npairs);
		error = ps ? 0 : -ENOMEM;
		for (u32 i = 0; error && i < n; i++) {
			if (lwps[i]->l_tid != pid)
				pid_free(lwps[i]->l_tid);
		}
		if (error)
			pid_free(pid);
	}
	kfree(w.pairs);
	if (error)
		return error;
	pidspace_rele(p->p_pidspace);
	p->p_pidspace = ps;
	p->p_pid = pid;
	p->p_lwp0 = NULL;
	spin_lock(&pidlock);
	for (u32 i = 0; i < n; i++)
		pid_bind(lwps[i]->l_tid, p);
	spin_unlock(&pidlock);
	spin_lock(&p->p_lock);
	p->p_flags &= ~P_KERNEL;
	for (u32 i = 0; i < n; i++) {
		if (lwps[i]->l_tid == pid)
			p->p_lwp0 = lwps[i];
		if (i)
			list_push_back(&p->p_lwps, &lwps[i]->l_plink);
	}
	p->p_nlwp = n;
	spin_unlock(&p->p_lock);
	enter_tree(p, parent, lwps[0]);
	return pid;
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

void spawn_abort(struct proc *p)
{
	struct lwp *l = p->p_lwp0;

	if (p->p_pid) {
		spin_lock(&pidlock);
		list_remove(&p->p_all);
		list_remove(&p->p_sibling);
		spin_unlock(&pidlock);
		pid_free(p->p_pid);
	}
	spin_lock(&p->p_lock);
	list_remove(&l->l_plink);
	p->p_nlwp = 0;
	spin_unlock(&p->p_lock);
	lwp_free(l);
	fdtab_rele(p->p_fdtab);
	if (p->p_as)
		as_rele(p->p_as);
	proc_drop_identity(p);
	proc_rele(p);
}

u64 rlimit_cur(struct proc *p, int which)
{
	u64 v;

	spin_lock(&p->p_lock);
	v = p->p_rlimit[which].rl_cur;
	spin_unlock(&p->p_lock);
	return v;
}

void proc_set_cwd(struct proc *p, struct vnode *vp, char *path)
{
	struct vnode *oldvp;
	char *oldpath;

	spin_lock(&p->p_lock);
	oldvp = p->p_cwd;
	oldpath = p->p_cwdpath;
	p->p_cwd = vp;
	p->p_cwdpath = path;
	spin_unlock(&p->p_lock);
	if (oldvp)
		vn_rele(oldvp);
	kfree(oldpath);
}

int proc_can_signal(struct proc *p, int sig)
{
	const struct cred *me = cred_cur(), *it = p->p_cred;
	bool same_session = curproc()->p_sid == p->p_sid;

	if (me->cr_euid == 0 || (sig == K_SIGCONT && same_session))
		return 0;
	if (me->cr_euid == it->cr_suid || me->cr_euid == it->cr_uid || me->cr_uid == it->cr_suid ||
	    me->cr_uid == it->cr_uid)
		return 0;
	return -EPERM;
}

int proc_can_access(struct proc *p)
{
	const struct cred *me = cred_cur(), *it = p->p_cred;

	if (me->cr_euid == 0 || p == curproc())
		return 0;
	if (p->p_flags & P_SUGID)
		return -EPERM;
	if (me->cr_uid == it->cr_euid && me->cr_uid == it->cr_suid && me->cr_uid == it->cr_uid &&
	    me->cr_gid == it->cr_egid && me->cr_gid == it->cr_sgid && me->cr_gid == it->cr_gid)
		return 0;
	return -EPERM;
}
