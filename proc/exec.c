/* SPDX-License-Identifier: MIT */
/*
 * exec: the new program is built completely beside the old one; only when nothing can fail any more does it take the old one's place.
 *
 * The new stack, from the top:
 *	one page: executable's path, "i686", 16 random bytes
 *	strings of argv and envp (the pages that exec_args.c filled)
 *	auxiliary vector, 0, envp[], 0, argv[], argc	<- esp, 16-byte aligned
 */
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/vnode.h"
#include "kernel/abi/elf.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/stat.h"
#include "kernel/gdt.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/random.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/exec_impl.h"
#include "proc/lwp_impl.h"
#include "proc/ptimer.h"
#include "proc/rlimit.h"
#include "proc/syscalls.h"
#include "proc/wait.h"

#define SHEBANG_MAX 256
#define SHEBANG_DEPTH 4
#define STACK_MIN (128u * 1024)

struct exec_new {
	struct exec_args args;
	char *path;	  /* absolute, of the file that is loaded */
	struct vnode *vp; /* with a text right, once text is true */
	bool text;
	struct vattr va;
	struct as *as;
	struct elf_image image;
	struct cred *cred; /* set-id: the new credentials, else NULL */
	u32 esp;
	struct fdtab *ft; /* a copy of descriptors that are shared with others; NULL: they are not */
};

/* Opens the file to execute: a regular file with an execute bit, not on a path we may not search. */
static int open_program(struct exec_new *x, struct vnode *start, const char *path)
{
	int error = namei(start, path, 0, &x->vp);

	if (error)
		return error;
	if (x->vp->v_type != VREG || (x->vp->v_vfs->vfs_flags & VFS_MS_NOEXEC))
		return -EACCES;
	error = vn_access(x->vp, 1);
	if (error)
		return error;
	error = vn_getattr(x->vp, &x->va);
	if (error)
		return error;
	if (x->vp->v_vfs->vfs_flags & VFS_MS_NOSUID)
		x->va.va_mode &= ~(mode_t)(S_ISUID | S_ISGID);
	error = vn_text_begin(x->vp);
	x->text = error == 0;
	if (!error)
		vn_set_path(x->vp, x->path);
	return error;
}

static void close_program(struct exec_new *x)
{
	if (x->text)
		vn_text_end(x->vp);
	if (x->vp)
		vn_rele(x->vp);
	x->vp = NULL;
	x->text = false;
}

/* Splits "#! interpreter [argument]" in place. False: no such line. */
static bool shebang_parse(char *line, char **interp, char **arg)
{
	char *p, *end;

	if (line[0] != '#' || line[1] != '!')
		return false;
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	for (p = line + 2; *p == ' ' || *p == '\t'; p++)
		;
	*interp = p;
	for (; *p && *p != ' ' && *p != '\t'; p++)
		;
	*arg = NULL;
	if (*p) {
		*p++ = '\0';
		for (; *p == ' ' || *p == '\t'; p++)
			;
		for (end = p + strlen(p); end > p && (end[-1] == ' ' || end[-1] == '\t'); end--)
			;
		*end = '\0';
		if (*p)
			*arg = p;
	}
	return **interp != '\0';
}

/* Opens path, and as long as it is a script, its interpreter, with the arguments put in front. */
static int resolve_program(struct exec_new *x, struct vnode *start, const char *path)
{
	char line[SHEBANG_MAX + 1], *interp, *arg;
	char name[SHEBANG_MAX];
	int error = 0;

	strlcpy_k(name, "", sizeof(name));
	for (u32 depth = 0;; depth++) {
		ssize_t n;

		if (depth > SHEBANG_DEPTH)
			return -ELOOP;
		error = open_program(x, depth ? NULL : start, depth ? name : path);
		if (error)
			return error;
		n = vn_pread(x->vp, line, SHEBANG_MAX, 0);
		if (n < 0)
			return (int)n;
		line[n] = '\0';
		if (!shebang_parse(line, &interp, &arg))
			return 0;
		close_program(x);
		xa_drop_first(&x->args);
		error = xa_prepend(&x->args, depth ? name : path);
		if (!error && arg)
			error = xa_prepend(&x->args, arg);
		if (!error)
			error = xa_prepend(&x->args, interp);
		if (error)
			return error;
		strlcpy_k(name, interp, sizeof(name));
		kfree(x->path);
		error = path_absolute(curproc()->p_cwdpath ? curproc()->p_cwdpath : "/", name, &x->path);
		if (error) {
			x->path = NULL;
			return error;
		}
	}
}

/* set-user-id and set-group-id, unless the process is shared with others or the disk says no. */
static int setid_cred(struct exec_new *x)
{
	const struct cred *me = cred_cur();
	bool uid = (x->va.va_mode & S_ISUID) && me->cr_euid != x->va.va_uid;
	bool gid = (x->va.va_mode & S_ISGID) && (x->va.va_mode & 0010) && me->cr_egid != x->va.va_gid;
	struct cred *cr;

	cr = cred_dup(me);
	if (!cr)
		return -ENOMEM;
	if (uid)
		cr->cr_euid = x->va.va_uid;
	if (gid)
		cr->cr_egid = x->va.va_gid;
	cr->cr_suid = cr->cr_fsuid = cr->cr_euid;
	cr->cr_sgid = cr->cr_fsgid = cr->cr_egid;
	x->cred = cr;
	return 0;
}

static void put_aux(struct as *as, u32 *n, u32 type, u32 value)
{
	as->a_auxv[(*n)++] = type;
	as->a_auxv[(*n)++] = value;
}

static u32 hwcap(void)
{
	u32 r[4];

	x86_cpuid(1, 0, r);
	return r[3];
}

static void build_auxv(struct exec_new *x, u32 execfn, u32 platform, u32 random)
{
	const struct elf_image *ei = &x->image;
	struct as *as = x->as;
	u32 n = 0;

	put_aux(as, &n, AT_HWCAP, hwcap());
	put_aux(as, &n, AT_PAGESZ, PAGE_SIZE);
	put_aux(as, &n, AT_CLKTCK, 100);
	put_aux(as, &n, AT_PHDR, ei->ei_phdr);
	put_aux(as, &n, AT_PHENT, sizeof(struct elf32_phdr));
	put_aux(as, &n, AT_PHNUM, ei->ei_phnum);
	put_aux(as, &n, AT_BASE, ei->ei_base);
	put_aux(as, &n, AT_FLAGS, 0);
	put_aux(as, &n, AT_ENTRY, ei->ei_prog_entry);
	put_aux(as, &n, AT_UID, x->cred->cr_uid);
	put_aux(as, &n, AT_EUID, x->cred->cr_euid);
	put_aux(as, &n, AT_GID, x->cred->cr_gid);
	put_aux(as, &n, AT_EGID, x->cred->cr_egid);
	put_aux(as, &n, AT_SECURE, x->cred->cr_uid != x->cred->cr_euid || x->cred->cr_gid != x->cred->cr_egid);
	put_aux(as, &n, AT_RANDOM, random);
	put_aux(as, &n, AT_EXECFN, execfn);
	put_aux(as, &n, AT_PLATFORM, platform);
	put_aux(as, &n, AT_NULL, 0);
}

/* The page at the very top. Strings too long for it are cut: they are information only. */
static int build_top_page(struct exec_new *x, u32 *execfn, u32 *platform, u32 *random)
{
	u32 top = STACK_TOP - PAGE_SIZE, pathlen = (u32)strlen(x->path) + 1;
	struct page *pg = page_alloc(PGA_ZERO);
	u8 *kva;
	int error;

	if (!pg)
		return -ENOMEM;
	kva = page_kva(pg);
	pathlen = MIN(pathlen, PAGE_SIZE - 64);
	memcpy(kva, x->path, pathlen - 1);
	memcpy(kva + PAGE_SIZE - 48, "i686", 5);
	random_bytes(kva + PAGE_SIZE - 32, 16);
	*execfn = top;
	*platform = top + PAGE_SIZE - 48;
	*random = top + PAGE_SIZE - 32;
	error = as_install_page(x->as, top, pg);
	if (error)
		page_put(pg);
	return error;
}

/* argc, argv[], 0, envp[], 0, auxv: written below the strings. */
static int build_vectors(struct exec_new *x, u32 base)
{
	struct exec_args *xa = &x->args;
	struct as *as = x->as;
	u32 naux = ARRAY_SIZE(as->a_auxv), words, off, i, sp;
	u32 *v;
	int error = 0;

	while (naux > 2 && as->a_auxv[naux - 1] == 0 && as->a_auxv[naux - 2] == 0 &&
	       as->a_auxv[naux - 3] == 0 && as->a_auxv[naux - 4] == 0)
		naux -= 2;
	words = 1 + xa->xa_argc + 1 + xa->xa_envc + 1 + naux;
	v = kmalloc(words * 4, 0);
	if (!v)
		return -ENOMEM;
	/* Below the strings' first page: that page is installed whole afterwards. */
	sp = (base + PAGE_DOWN(xa->xa_start) - words * 4) & ~15u;
	off = xa->xa_start;
	v[0] = xa->xa_argc;
	for (i = 1; i <= xa->xa_argc; i++) {
		v[i] = base + off;
		off += xa_strsize(xa, off);
	}
	v[i++] = 0;
	as->a_arg_start = base + xa->xa_start;
	as->a_arg_end = as->a_env_start = base + off;
	for (u32 e = 0; e < xa->xa_envc; e++) {
		v[i++] = base + off;
		off += xa_strsize(xa, off);
	}
	v[i++] = 0;
	as->a_env_end = base + off;
	memcpy(&v[i], as->a_auxv, naux * 4);
	if (as_write(as, sp, v, words * 4) != (ssize_t)(words * 4))
		error = -ENOMEM;
	kfree(v);
	x->esp = sp;
	as->a_stack_start = sp;
	return error;
}

static int build_stack(struct exec_new *x)
{
	struct as *as = x->as;
	u32 strings = PAGE_UP(x->args.xa_end) + 4 * PAGE_SIZE +
		      PAGE_UP((x->args.xa_argc + x->args.xa_envc + 64) * 4);
	u32 size = MAX(STACK_MIN, strings), base, start = STACK_TOP - size;
	u32 execfn, platform, random;
	u64 limit = rlimit_cur(curproc(), RLIMIT_STACK);
	int error;

	as->a_stack_limit = limit > 0x40000000 ? 0x40000000 : (u32)limit;
	as->a_stack_limit = MAX(as->a_stack_limit, size);
	error = as_map(as, &start, size, PROT_READ | PROT_WRITE | PROT_EXEC,
		       PROT_READ | PROT_WRITE | PROT_EXEC, SEG_STACK, NULL, 0, true);
	if (!error)
		error = build_top_page(x, &execfn, &platform, &random);
	if (error)
		return error;
	build_auxv(x, execfn, platform, random);
	/* The vectors are counted from the strings while these are still in our hands. */
	base = STACK_TOP - PAGE_SIZE - PAGE_UP(x->args.xa_end);
	error = build_vectors(x, base);
	return error ? error : xa_install(&x->args, as, &base);
}

static void limit_as(struct as *as, struct proc *p)
{
	u64 space = rlimit_cur(p, RLIMIT_AS), data = rlimit_cur(p, RLIMIT_DATA);

	as->a_as_limit = space > ~0u ? ~0u : (u32)space;
	as->a_data_limit = data > ~0u ? ~0u : (u32)data;
}

/* Everything that can fail. */
static int build(struct exec_new *x)
{
	int error = setid_cred(x);

	if (error)
		return error;
	x->as = as_create();
	if (!x->as)
		return -ENOMEM;
	limit_as(x->as, curproc());
	error = elf_load(x->as, x->vp, &x->image);
	if (error)
		return error;
	x->as->a_brk_start = x->as->a_brk = x->image.ei_brk;
	x->as->a_code_start = x->image.ei_code_start;
	x->as->a_code_end = x->image.ei_code_end;
	x->as->a_data_start = x->image.ei_data_start;
	x->as->a_data_end = x->image.ei_data_end;
	return build_stack(x);
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

/* Handlers of the old program mean nothing to the new one; ignored signals stay ignored. */
static void reset_signals(struct proc *p, struct lwp *l)
{
	spin_lock(&p->p_lock);
	for (u32 i = 0; i < K_NSIG; i++) {
		struct abi_sigaction *act = &p->p_sig.ss_act[i];

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
	l->l_clear_tid = 0;
	l->l_robust = 0;
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

/* What is closed on exec is closed for this process only. */
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
static void commit(struct exec_new *x)
{
	struct proc *p = curproc();
	struct lwp *l = curlwp();
	struct vnode *oldexe = p->p_exe;
	char *oldpath = p->p_exepath;
	struct cred *oldcred = p->p_cred;
	bool setid = x->cred->cr_euid != x->cred->cr_uid || x->cred->cr_egid != x->cred->cr_gid;

	reset_lwp(l, x);
	reset_signals(p, l);
	ptimer_delete_all(p);
	if (x->ft)
		leave_shared_files(p, x);
	fdtab_closexec(p->p_fdtab);
	set_comm(p, l, x->path);
	x->path = vn_true_path(x->vp, x->path);
	spin_lock(&p->p_lock);
	p->p_exe = x->vp;
	p->p_exepath = x->path;
	p->p_cred = x->cred;
	p->p_flags = (p->p_flags & ~(P_FORKNOEXEC | P_SUGID)) | (setid ? P_SUGID : 0);
	spin_unlock(&p->p_lock);
	x->vp = NULL;
	x->path = NULL;
	x->cred = NULL;
	x->text = false;
	switch_memory(p, x);
	vfork_done(p);
	if (oldexe)
		exe_rele(oldexe);
	kfree(oldpath);
	cred_rele(oldcred);
	/* The one lwp that is left is the first one, whatever it was before. */
	if (l->l_tid != p->p_pid) {
		pid_free(l->l_tid);
		l->l_tid = p->p_pid;
	}
	p->p_lwp0 = l;
}

static void discard(struct exec_new *x)
{
	xa_free(&x->args);
	if (x->as)
		as_rele(x->as);
	if (x->ft)
		fdtab_rele(x->ft);
	close_program(x);
	cred_rele(x->cred);
	kfree(x->path);
}

/* x->args are filled. */
static int exec_common(struct exec_new *x, struct vnode *start, const char *path)
{
	struct proc *p = curproc();
	int error = path_absolute(p->p_cwdpath ? p->p_cwdpath : "/", path, &x->path);

	if (error) {
		x->path = NULL;
		return error;
	}
	error = resolve_program(x, start, path);
	if (!error)
		error = build(x);
	if (!error && __atomic_load_n(&p->p_fdtab->ft_ref, __ATOMIC_ACQUIRE) > 1) {
		x->ft = fdtab_dup(p->p_fdtab);
		error = x->ft ? 0 : -ENOMEM;
	}
	if (error)
		return error;
	error = proc_single();
	if (error)
		return error;
	mutex_lock(&p->p_execlock);
	commit(x);
	mutex_unlock(&p->p_execlock);
	return 0;
}

static u32 args_limit(void)
{
	u64 limit = rlimit_cur(curproc(), RLIMIT_STACK) / 4;

	return limit > 2u << 20 ? 2u << 20 : MAX((u32)limit, STACK_MIN);
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
	discard(&x);
	return error;
}

static long exec_user(struct vnode *start, const char *path, uaddr_t argv, uaddr_t envp)
{
	struct exec_new x = { 0 };
	int error = xa_init(&x.args, args_limit());

	if (error)
		return error;
	error = xa_user_argv(&x.args, argv);
	/* A program without argv[0] finds its own first environment string there: Linux puts an empty one in (CVE-2021-4034). */
	if (!error && !x.args.xa_argc) {
		char *const empty[] = { (char *)"", NULL };

		error = xa_kernel_strings(&x.args, empty, &x.args.xa_argc);
	}
	xa_begin_env(&x.args);
	if (!error)
		error = xa_user_envp(&x.args, envp);
	if (!error)
		error = exec_common(&x, start, path);
	discard(&x);
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
