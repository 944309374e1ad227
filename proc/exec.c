/* SPDX-License-Identifier: MIT */
/*
 * exec: the new program is built completely beside the old one. It replaces the
 * old one only when nothing can fail any more.
 */
#include "fs/file.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/gdt.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/exec_impl.h"
#include "proc/futex.h"
#include "proc/sched/lwp_impl.h"
#include "proc/orphan.h"
#include "proc/ptimer.h"
#include "proc/rlimit.h"
#include "proc/syscalls.h"
#include "proc/wait.h"

static u32 bytes_limit(struct proc *p, u32 which)
{
	u64 bytes = rlimit_cur(p, which);

	return bytes > ~0u ? ~0u : (u32)bytes;
}

static void limit_as(struct as *as, struct proc *p)
{
	as->a_as_limit = bytes_limit(p, RLIMIT_AS);
	as->a_data_limit = bytes_limit(p, RLIMIT_DATA);
	as->a_lock_limit = bytes_limit(p, RLIMIT_MEMLOCK);
}

/* All steps that can fail. */
static int build(struct exec_new *x)
{
	int error;

	x->as = as_create();
	if (!x->as)
		return -ENOMEM;
	limit_as(x->as, curproc());
	error = elf_load(x->as, x->vp, &x->image);
	if (!error)
		error = exec_choose_cred(x);
	if (error)
		return error;
	x->as->a_brk_start = x->as->a_brk = x->image.ei_brk;
	x->as->a_code_start = x->image.ei_code_start;
	x->as->a_code_end = x->image.ei_code_end;
	x->as->a_data_start = x->image.ei_data_start;
	x->as->a_data_end = x->image.ei_data_end;
	return exec_build_stack(x);
}

static void set_comm(struct proc *p, struct lwp *l, const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	spin_lock(&p->p_lock);
	strlcpy_k(p->p_comm, base, sizeof(p->p_comm));
	strlcpy_k(l->l_name, base, sizeof(l->l_name));
	spin_unlock(&p->p_lock);
}

/*
 * The old program's handlers do not exist in the new one; ignored signals stay
 * ignored.
 */
static void reset_signals(struct proc *p, struct lwp *l)
{
	spin_lock(&p->p_lock);
	for (u32 i = 0; i < K_NSIG; i++) {
		struct abi_sigaction *act = &p->p_sigact[i];

		if (act->sa_handler != K_SIG_IGN)
			memset(act, 0, sizeof(*act));
		else
			*act = (struct abi_sigaction){ .sa_handler = K_SIG_IGN };
	}
	l->l_altsp = l->l_altsize = 0;
	l->l_altflags = K_SS_DISABLE;
	l->l_oldmask_valid = false;
	spin_unlock(&p->p_lock);
}

static void reset_lwp(struct lwp *l, const struct exec_new *x)
{
	struct trapframe *tf = l->l_tf;

	memset(l->l_tls, 0, sizeof(l->l_tls));
	l->l_restart.rb_fn = NULL;
	memset(tf, 0, sizeof(*tf));
	tf->tf_ds = tf->tf_es = tf->tf_ss = SEL_UDATA;
	tf->tf_cs = SEL_UCODE;
	tf->tf_eflags = EFLAGS_IF | 2;
	tf->tf_eip = x->image.ei_entry;
	tf->tf_esp = x->esp;
	tf->tf_trapno = T_SYSCALL;
	tf->tf_err = (u32)-1;
	intr_push_off();
	l->l_fs = l->l_gs = 0;
	lwp_load_tls(l);
	lwp_load_segs(l);
	intr_pop_off();
	fpu_reset(l);
}

static void switch_memory(struct proc *p, struct exec_new *x)
{
	struct as *old = p->p_as;

	spin_lock(&p->p_lock);
	p->p_as = x->as;
	spin_unlock(&p->p_lock);
	intr_push_off();
	hat_switch(&x->as->a_hat);
	tss_set_esp0((u32)curlwp()->l_kstack + KSTACK_SIZE);
	intr_pop_off();
	x->as = NULL;
	if (old)
		as_rele(old);
}

/* The descriptors marked close-on-exec are closed for this process only. */
static void leave_shared_files(struct proc *p, struct exec_new *x)
{
	struct fdtab *old = p->p_fdtab;

	spin_lock(&p->p_lock);
	p->p_fdtab = x->ft;
	spin_unlock(&p->p_lock);
	x->ft = NULL;
	fdtab_rele(old);
}

/* No failure beyond this point. */
static void exec_commit(struct exec_new *x)
{
	struct proc *p = curproc();
	struct lwp *l = curlwp();
	struct vnode *oldexe = p->p_exe;
	char *oldpath = p->p_exepath;

	futex_lwp_exit(l);
	reset_lwp(l, x);
	reset_signals(p, l);
	ptimer_delete_all(p);
	if (x->ft)
		leave_shared_files(p, x);
	spin_lock(&p->p_lock);
	p->p_exe = x->vp;
	p->p_exepath = x->path;
	spin_unlock(&p->p_lock);
	exec_commit_rights(p, x);
	x->vp = NULL;
	x->path = NULL;
	x->text = false;
	switch_memory(p, x);
	vfork_done(p);
	if (oldexe)
		exe_rele(oldexe);
	kfree(oldpath);
	/* The only lwp left becomes the first lwp, whatever it was before. */
	if (l->l_tid != p->p_pid) {
		orphan_maker_renamed(p, l->l_tid, p->p_pid);
		pid_free(l->l_tid);
		l->l_tid = p->p_pid;
	}
	p->p_lwp0 = l;
	/*
	 * Last: a process that waits for the end of such a pipe takes it for
	 * the end of the exec, and must find the new program's rights.
	 */
	fdtab_closexec(p->p_fdtab);
}

static void exec_discard(struct exec_new *x)
{
	xa_free(&x->args);
	if (x->as)
		as_rele(x->as);
	if (x->ft)
		fdtab_rele(x->ft);
	exec_close(x);
	cred_rele(x->cred);
	kfree(x->path);
}

/* x->args are filled. */
static int exec_common(struct exec_new *x, struct vnode *start, const char *path)
{
	struct proc *p = curproc();
	int error = path_of_open(AT_FDCWD, path, &x->path);

	if (error) {
		x->path = NULL;
		return error;
	}
	x->name = path;
	error = exec_open(x, start, path);
	if (!error)
		error = build(x);
	if (error == -ENOEXEC && x->vp && proc_hooks.ph_exec_image)
		return proc_hooks.ph_exec_image(x->vp, x->path);
	if (!error && __atomic_load_n(&p->p_fdtab->ft_ref, __ATOMIC_ACQUIRE) > 1) {
		x->ft = fdtab_dup(p->p_fdtab);
		error = x->ft ? 0 : -ENOMEM;
	}
	if (error)
		return error;
	error = proc_single();
	if (error)
		return error;
	/* Not with p_execlock held: looking up a link in /proc may take it. */
	set_comm(p, curlwp(), x->name);
	x->path = vn_true_path(x->vp, x->path);
	mutex_lock(&p->p_execlock);
	exec_commit(x);
	mutex_unlock(&p->p_execlock);
	return 0;
}

static u32 args_limit(void)
{
	u64 limit = rlimit_cur(curproc(), RLIMIT_STACK) / 4;

	return limit > 2u << 20 ? 2u << 20 : MAX((u32)limit, EXEC_STACK_MIN);
}

int proc_exec(const char *path, char *const argv[], char *const envp[])
{
	struct exec_new x = { 0 };
	int error = xa_init(&x.args, args_limit());

	if (error)
		return error;
	error = xa_kernel_strings(&x.args, argv, &x.args.xa_argc);
	xa_begin_env(&x.args);
	if (!error)
		error = xa_kernel_strings(&x.args, envp, &x.args.xa_envc);
	if (!error)
		error = exec_common(&x, NULL, path);
	exec_discard(&x);
	return error;
}

static long exec_user(struct vnode *start, const char *path, uaddr_t argv, uaddr_t envp)
{
	struct exec_new x = { 0 };
	int error = xa_init(&x.args, args_limit());

	if (error)
		return error;
	error = xa_user_argv(&x.args, argv);
	/*
	 * A program without argv[0] would find its first environment string
	 * there. Linux puts in an empty one (CVE-2021-4034).
	 */
	if (!error && !x.args.xa_argc) {
		char *const empty[] = { (char *)"", NULL };

		error = xa_kernel_strings(&x.args, empty, &x.args.xa_argc);
	}
	xa_begin_env(&x.args);
	if (!error)
		error = xa_user_envp(&x.args, envp);
	if (!error)
		error = exec_common(&x, start, path);
	exec_discard(&x);
	return error;
}

long sys_execve(uaddr_t upath, uaddr_t argv, uaddr_t envp)
{
	char *path;
	long error = copyin_path(upath, &path);

	if (error)
		return error;
	error = exec_user(NULL, path, argv, envp);
	kfree(path);
	return error;
}
