/* SPDX-License-Identifier: MIT */
/* System calls of the checkpoint facility; user/include/reprise/ckpt.h is the interface. */
#ifndef CKPT_SYSCALLS_H
#define CKPT_SYSCALLS_H

#include "kernel/lib/types.h"

/*
 * Returns 0 when the image is durable under its name; the recovered process returns from the same call with 1. -EINVAL (flags), -EOPNOTSUPP
 * (state that cannot be saved: see the log), -EBUSY (another checkpoint of this process or to this name), -EPERM (set-id program), -ENOSPC, -EROFS,
 * -EACCES, -EIO, -ENOMEM ...: the old image, if any, is untouched.
 */
long sys_ckpt(uaddr_t name, u32 flags);
/*
 * The pid of the process brought back, a child of the caller. -ENOENT, -EACCES, -ENOEXEC (not an image), -EBADMSG (damaged), -EOPNOTSUPP
 * (another version), -ESTALE (a file it needs has changed), -EPERM (credentials), -ENOMEM ...: nothing was made.
 */
long sys_recover(uaddr_t name, u32 flags);
/*
 * Has the process pid checkpointed before it next runs its own code. 0: the request stands (CKPT_WAIT: the image is durable). -ESRCH, -EPERM (rights
 * as for kill; set-id programs; process 1), -EBUSY (a request stands already, or a forked checkpoint is being written); CKPT_WAIT: those of ckpt.
 */
long sys_tckpt(pid_t pid, uaddr_t name, u32 flags);
long sys_ckptctl(int cmd, pid_t pid, uaddr_t buf);

#endif
