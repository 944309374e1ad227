/* SPDX-License-Identifier: MIT */
/* flock(2). */
#include "fs/file.h"
#include "fs/flock.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"

long sys_flock(int fd, u32 op)
{
	struct file *f;
	long ret;

	/* Locks of another system's programs, which never locked anything. */
	if (op & LOCK_MAND)
		return 0;
	if (!flock_op_known(op))
		return -EINVAL;
	ret = fd_get(fd, &f);
	if (ret)
		return ret;
	if ((f->f_flags & O_PATH) || (!(op & LOCK_UN) && file_readable(f) != 0 && file_writable(f) != 0))
		ret = -EBADF;
	else
		ret = flock_whole(f, op);
	file_rele(f);
	return ret;
}
