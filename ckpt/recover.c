/* SPDX-License-Identifier: MIT */
/*
 * recover(): a new process that is made by spawn_proc() and starts, in the kernel, in restore_ckpt().
 *
 * Nobody can see the new process while it is being built: it has no pid and stands in no list. It checks the whole image, builds what
 * the image says in the paper's order (proc, lwp, registers, segments and their data, open files), and only then is revealed as a child of
 * the caller; from there on nothing can fail. If anything fails before, it ends as invisibly as it began.
 */
#include "ckpt/ckpt.h"
#include "ckpt/syscalls.h"
#include "fs/file.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/lwp_impl.h"
#include "proc/sleep.h"

static int image_read(void *ctx, u64 off, void *buf, u32 len)
{
	struct file *f = ctx;
	ssize_t n = vn_pread(f->f_vnode, buf, len, (off_t)off);

	if (n < 0)
		return (int)n;
	return (u32)n == len ? 0 : -EBADMSG;
}

static int read_image(struct ckpt_restore *cr)
{
	struct img_io io = { .io_read = image_read, .io_ctx = cr->cr_file };
	struct img_err err = { 0 };
	int error = img_read(&cr->cr_img, &io, cr->cr_file->f_vnode->v_size, &err);

	if (error)
		ckpt_refuse(cr->cr_path, error, "%s (%u at offset %llu)",
			    err.e_what ? err.e_what : "cannot be read", err.e_val, err.e_off);
	return error;
}

/* The new process begins with nothing of its parent's but its rights. */
static int let_go(void)
{
	struct proc *p = curproc();
	struct fdtab *old = p->p_fdtab, *ft = fdtab_create();

	if (!ft)
		return -ENOMEM;
	spin_lock(&p->p_lock);
	p->p_fdtab = ft;
	spin_unlock(&p->p_lock);
	fdtab_rele(old);
	return 0;
}

static int restore_all(struct ckpt_restore *cr)
{
	int error = let_go();

	if (!error)
		error = read_image(cr);
	if (!error)
		error = st_proc_restore(cr);
	if (!error)
		error = st_lwp_restore(cr);
	if (!error)
		error = st_signal_restore(cr);
	if (!error)
		error = st_mem_restore(cr);
	if (!error)
		error = st_file_restore(cr);
	if (!error)
		error = st_cred_restore(cr);
	return error;
}

/* No failure beyond the reveal. */
static long take_over(struct ckpt_restore *cr)
{
	const struct img_image *img = &cr->cr_img;
	struct proc *p = curproc();
	pid_t *tids = kmalloc(img->i_nlwp * sizeof(*tids), 0);
	int pid;

	if (!tids)
		return -ENOMEM;
	for (u32 i = 0; i < img->i_nlwp; i++)
		tids[i] = img->i_lwp[i].l_tid;
	pid = proc_reveal(cr->cr_parent, img->i_proc.p_pid, cr->cr_lwps, tids, img->i_nlwp);
	kfree(tids);
	if (pid < 0)
		return pid;
	intr_push_off();
	p->p_as = cr->cr_as;
	hat_switch(&p->p_as->a_hat);
	intr_pop_off();
	cr->cr_as = NULL;
	st_lwp_start(cr);
	return pid;
}

static void report(struct ckpt_restore *cr, long result)
{
	spin_lock(&cr->cr_lock);
	cr->cr_result = result;
	cr->cr_done = true;
	wakeup(cr);
	spin_unlock(&cr->cr_lock);
}

void restore_ckpt(void *arg)
{
	struct ckpt_restore *cr = arg;
	long result;

	img_init(&cr->cr_img, &ckpt_mem);
	result = restore_all(cr);
	if (!result)
		result = take_over(cr);
	st_lwp_discard(cr);
	if (cr->cr_as)
		as_rele(cr->cr_as);
	img_free(&cr->cr_img);
	/* cr belongs to the caller, who may free it as soon as it is told. */
	report(cr, result);
	if (result < 0)
		proc_exit(0);
}

static int open_image(const char *path, struct file **fp)
{
	int error = file_open(AT_FDCWD, path, O_RDONLY | O_LARGEFILE | O_NONBLOCK, 0, fp);

	if (error)
		return error;
	if ((*fp)->f_vnode->v_type != VREG) {
		file_rele(*fp);
		return -ENOEXEC;
	}
	return 0;
}

static long recover(const char *path, u32 flags)
{
	struct ckpt_restore *cr = kzalloc(sizeof(*cr), 0);
	struct spawn_args sa = { .sa_start = restore_ckpt,
				 .sa_arg = cr,
				 .sa_flags = SPAWN_HIDDEN | SPAWN_NO_AS,
				 .sa_exitsig = K_SIGCHLD };
	struct proc *p;
	long result;

	if (!cr)
		return -ENOMEM;
	spin_init(&cr->cr_lock, "recover", LR_VFS);
	cr->cr_path = path;
	cr->cr_flags = flags;
	cr->cr_parent = curproc();
	result = open_image(path, &cr->cr_file);
	if (result)
		goto out_cr;
	result = spawn_proc(&sa, &p);
	if (result)
		goto out_file;
	lwp_start(p->p_lwp0);
	spin_lock(&cr->cr_lock);
	while (!cr->cr_done)
		sleep(cr, &cr->cr_lock, 0, 0);
	result = cr->cr_result;
	spin_unlock(&cr->cr_lock);
out_file:
	file_rele(cr->cr_file);
out_cr:
	kfree(cr);
	return result;
}

long sys_recover(uaddr_t name, u32 flags)
{
	char *path;
	long result;

	if (flags)
		return -EINVAL;
	result = ckpt_path(name, &path);
	if (result)
		return result;
	result = recover(path, flags);
	kfree(path);
	return result;
}
