/* SPDX-License-Identifier: MIT */
/*
 * unshare and setns, without namespaces, and arch_prctl. They answer as Linux
 * without namespaces does.
 *
 * Source: unshare(2), setns(2), arch_prctl(2).
 */
#include "fs/file.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "proc/fsctx.h"
#include "proc/proc.h"
#include "proc/syscalls.h"

#define UNSHARE_VM 0x00000100u
#define UNSHARE_FS 0x00000200u
#define UNSHARE_FILES 0x00000400u
#define UNSHARE_SIGHAND 0x00000800u
#define UNSHARE_THREAD 0x00010000u
#define UNSHARE_SYSVSEM 0x00040000u
/* mount, uts, ipc, pid, net, cgroup, time */
#define UNSHARE_NEWNS 0x00020000u
#define UNSHARE_NEWUSER 0x10000000u
#define UNSHARE_NAMESPACES \
	(UNSHARE_NEWNS | 0x04000000u | 0x08000000u | 0x20000000u | 0x40000000u | 0x02000000u | 0x80u)
#define UNSHARE_OF_ONE (UNSHARE_VM | UNSHARE_SIGHAND | UNSHARE_THREAD)
#define UNSHARE_KNOWN \
	(UNSHARE_OF_ONE | UNSHARE_FS | UNSHARE_FILES | UNSHARE_SYSVSEM | UNSHARE_NAMESPACES | UNSHARE_NEWUSER)

#define ARCH_GET_CPUID 0x1011u
#define ARCH_SET_CPUID 0x1012u

/* Replaces both or, without memory for one, neither. */
static long leave_shared(u32 flags)
{
	struct fsctx *fc = NULL;
	int error = 0;

	if ((flags & UNSHARE_FS) && curproc()->p_fs->fc_ref > 1) {
		fc = fsctx_dup(curproc()->p_fs);
		error = fc ? 0 : -ENOMEM;
	}
	if (!error && (flags & UNSHARE_FILES))
		error = fdtab_unshare();
	if (error)
		fsctx_rele(fc);
	else if (fc)
		fsctx_replace(fc);
	return error;
}

long sys_unshare(u32 flags)
{
	if (flags & ~UNSHARE_KNOWN)
		return -EINVAL;
	/*
	 * A thread cannot leave its process; its working directory is the
	 * process's.
	 */
	if ((flags & (UNSHARE_OF_ONE | UNSHARE_FS | UNSHARE_NEWUSER)) && curproc()->p_nlwp > 1)
		return -EINVAL;
	if (flags & UNSHARE_NEWUSER)
		return -EINVAL;
	if (flags & UNSHARE_NAMESPACES)
		return cred_super(cred_cur()) ? -EINVAL : -EPERM;
	return leave_shared(flags);
}

long sys_setns(int fd, u32 type)
{
	struct file *f;
	int error = fd_get(fd, &f);

	if (error)
		return error;
	error = f->f_flags & O_PATH ? -EBADF : -EINVAL;
	file_rele(f);
	return error;
}

long sys_arch_prctl(u32 code, u32 arg)
{
	switch (code) {
	case ARCH_GET_CPUID: return 1; /* the instruction works */
	case ARCH_SET_CPUID: return -ENODEV;
	default: return -EINVAL;
	}
}
