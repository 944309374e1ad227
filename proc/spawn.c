/* SPDX-License-Identifier: MIT */
/* spawn_proc(): the only way to make a process. */
#include "fs/file.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/sched/fpu.h"
#include "proc/fsctx.h"
#include "proc/sched/lwp_impl.h"
#include "proc/proctab.h"
#include "proc/rlimit.h"

/* May the caller's user have `more` further processes? */
bool proc_may_have(u32 more)
{
	uid_t uid = cred_cur()->cr_uid;
	u32 n;

	if (cred_super(cred_cur()))
		return true;
	spin_lock(&pidlock);
	n = proctab_user_count(uid);
	spin_unlock(&pidlock);
	return n + more <= rlimit_cur(curproc(), RLIMIT_NPROC);
}

/*
 * A copy of one of p's paths, which another lwp may replace at any time; NULL:
 * none.
 */
static int copy_path(struct proc *p, char *const *path, char **out)
{
	char *buf = NULL;
	size_t size = 0, len;

	for (;;) {
		spin_lock(&p->p_lock);
		len = *path ? strlen(*path) + 1 : 0;
		if (len <= size)
			break;
		spin_unlock(&p->p_lock);
		kfree(buf);
		buf = kmalloc(len, 0);
		if (!buf)
			return -ENOMEM;
		size = len;
	}
	if (len)
		memcpy(buf, *path, len);
	spin_unlock(&p->p_lock);
	if (!len) {
		kfree(buf);
		buf = NULL;
	}
	*out = buf;
	return 0;
}

static int inherit_fs(struct proc *p, struct proc *parent, u32 flags)
{
	if (!parent->p_fs) {
		p->p_fs = fsctx_create();
	} else if (flags & SPAWN_SHARE_FS) {
		fsctx_hold(parent->p_fs);
		p->p_fs = parent->p_fs;
	} else {
		p->p_fs = fsctx_dup(parent->p_fs);
	}
	return p->p_fs ? 0 : -ENOMEM;
}

/*
 * What a child inherits by reference or copy, except memory and files. Cannot
 * fail once the strings are copied.
 */
static int inherit_identity(struct proc *p, struct proc *parent, u32 flags)
{
	int error = copy_path(parent, &parent->p_exepath, &p->p_exepath);

	if (error)
		return error;
	error = inherit_fs(p, parent, flags);
	if (error) {
		kfree(p->p_exepath);
		return error;
	}
	spin_lock(&parent->p_lock);
	p->p_cred = parent->p_cred;
	cred_hold(p->p_cred);
	p->p_attr = parent->p_attr;
	p->p_cpuwatch = rlimit_cpu_due(p) != 0;
	p->p_exe = parent->p_exe;
	if (p->p_exe)
		vn_hold(p->p_exe);
	p->p_pidspace = parent->p_pidspace;
	pidspace_hold(p->p_pidspace);
	p->p_every = p->p_everyleft = parent->p_every;
	p->p_flags = P_FORKNOEXEC | (parent->p_flags & (P_SUGID | P_NODUMP | P_TRACE | P_REALIDS));
	spin_unlock(&parent->p_lock);
	/*
	 * The parent already holds the text right, so another one cannot be
	 * refused.
	 */
	if (p->p_exe)
		(void)vn_text_begin(p->p_exe);
	return 0;
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
	p->p_as = as_dup(parent->p_as, parent == curproc() && parent->p_nlwp == 1 && parent->p_as->a_ref == 1);
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

/* The machine state that a child's first lwp copies from its maker. */
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
	l->l_opt = lwp_options_inherited(&from->l_opt);
	memcpy(l->l_name, from->l_name, sizeof(l->l_name));
}

int spawn_proc(const struct spawn_args *sa, struct proc **pp)
{
	struct proc *parent = curproc(), *p;
	bool hidden = sa->sa_flags & SPAWN_HIDDEN;
	struct lwp *l;
	int error;

	assert_may_sleep("spawn_proc");
	if (!hidden && parent != &proc0 && !proc_may_have(1))
		return -EAGAIN;
	p = proc_alloc();
	if (!p)
		return -ENOMEM;
	p->p_exitsig = sa->sa_exitsig;

	error = inherit_identity(p, parent, sa->sa_flags);
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
		proc_enter_tree(p, parent, sa->sa_flags & SPAWN_SIBLING);
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

void spawn_abort(struct proc *p)
{
	struct lwp *l = p->p_lwp0;

	if (p->p_pid) {
		spin_lock(&pidlock);
		proctab_leave(p);
		list_remove(&p->p_sibling);
		spin_unlock(&pidlock);
		pid_free(p->p_pid);
	}
	spin_lock(&p->p_lock);
	proc_unlink_lwp(p, l);
	p->p_nlwp = 0;
	spin_unlock(&p->p_lock);
	lwp_free(l);
	fdtab_rele(p->p_fdtab);
	if (p->p_as)
		as_rele(p->p_as);
	proc_drop_identity(p);
	proc_rele(p);
}
