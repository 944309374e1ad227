/* SPDX-License-Identifier: MIT */
/*
 * recover(), the caller's side. spawn_proc() makes a new process that starts,
 * in the kernel, in restore_ckpt() (restore.c). The caller waits until that
 * process has restored all processes, or has failed.
 */
#include "ckpt/restore.h"
#include "ckpt/syscalls.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/inject.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/sched/lwp_impl.h"
#include "proc/sched/sleep.h"

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

long ckpt_recover(struct ckpt_restore *cr)
{
	struct spawn_args sa = { .sa_start = restore_ckpt,
				 .sa_arg = cr,
				 .sa_flags = SPAWN_HIDDEN | SPAWN_NO_AS,
				 .sa_exitsig = K_SIGCHLD };
	struct proc *p;
	long result;

	phase_init(&cr->cr_phase, "recover");
	phase_init(&cr->cr_verdict, "recover verdict");
	cr->cr_parent = curproc();
	cr->cr_nonewprivs = curlwp()->l_opt.lo_nonewprivs;
	result = spawn_proc(&sa, &p);
	if (result)
		return result;
	cr->cr_root = namei_root();
	lwp_start(p->p_lwp0);
	(void)cr->cr_way->w_caller(cr);
	(void)phase_wait(&cr->cr_phase, CR_DONE);
	vn_rele(cr->cr_root);
	return cr->cr_result;
}

static int nothing(struct ckpt_restore *cr)
{
	return 0;
}

/* A child of the caller is a new process: nothing more to do. */
static const struct ckpt_way as_child = {
	.w_check = nothing, .w_adopt = nothing, .w_agree = nothing, .w_appeared = nothing, .w_caller = nothing
};

/* path: the absolute path of the name, for messages. */
static long recover(const char *name, const char *path, u32 flags)
{
	struct ckpt_restore *cr = kzalloc(sizeof(*cr), 0);
	long result;

	if (!cr)
		return -ENOMEM;
	cr->cr_way = &as_child;
	cr->cr_path = path;
	cr->cr_flags = flags;
	result = open_image(name, &cr->cr_file);
	if (!result) {
		result = ckpt_recover(cr);
		file_rele(cr->cr_file);
	}
	kfree(cr);
	return result;
}

long sys_recover(uaddr_t name, u32 flags)
{
	char *imagename, *path;
	long result;

	if (flags & ~(RECOVER_STOPPED | RECOVER_NEWPID | RECOVER_STDIO | RECOVER_TTY | RECOVER_CHANGED | RECOVER_TRUSTED))
		return -EINVAL;
	result = ckpt_name(name, &imagename);
	if (result)
		return result;
	result = path_of_open(AT_FDCWD, imagename, &path);
	if (!result) {
		inject_enter();
		result = recover(imagename, path, flags);
		inject_leave();
		kfree(path);
	}
	kfree(imagename);
	return result;
}
