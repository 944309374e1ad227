/* SPDX-License-Identifier: MIT */
/*
 * System calls of the checkpoint facility. Their interface is
 * kernel/abi/public/reprise/ckpt.h.
 */
#ifndef CKPT_SYSCALLS_H
#define CKPT_SYSCALLS_H

#include "kernel/lib/types.h"

/*
 * Returns: 0 when the image is durable under its name; the recovered process
 * returns from the same call with 1.
 * Errors: -EINVAL: flags; -EOPNOTSUPP: state that cannot be saved (logged);
 * -EBUSY: another checkpoint of this process, or to this name; -EPERM: set-id
 * program; -ENOSPC, -EROFS, -EACCES, -EIO, -ENOMEM... The old image, if any, is
 * untouched.
 */
long sys_ckpt(uaddr_t name, u32 flags);
/*
 * Returns: the pid of the restored process, a child of the caller.
 * Errors: -ENOENT, -EACCES; -ENOEXEC: not an image; -EBADMSG: damaged;
 * -EOPNOTSUPP: another version; -ESTALE: a needed file has changed; -EPERM:
 * credentials; -ENOMEM... Nothing was made.
 */
long sys_recover(uaddr_t name, u32 flags);
/*
 * Has process pid checkpointed before it next runs its own code.
 * Returns: 0: the request has been left; with CKPT_WAIT: the image is durable.
 * Errors: -ESRCH; -EPERM: rights as for kill, set-id programs, process 1;
 * -EBUSY: the process has a request already, or a forked checkpoint is being
 * written; with CKPT_WAIT: those of ckpt().
 */
long sys_tckpt(pid_t pid, uaddr_t name, u32 flags);
long sys_ckptctl(int cmd, pid_t pid, uaddr_t buf);

#endif
