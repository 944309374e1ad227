/* SPDX-License-Identifier: MIT */
/*
 * Recovery in place: a living process goes on as what an image says, with its pid, parent and place in the system. Two uses: execve(2) of an
 * image, and the debug switch CKPTCTL_EVERY, which saves a process and brings it back from that image at every n-th system call.
 */
#ifndef CKPT_INPLACE_H
#define CKPT_INPLACE_H

#include "kernel/lib/types.h"

struct ckpt_restore;
struct proc;
struct vnode;

/* The other lwps of the current process, cr_parent, end; what they and it had stays until the exchange. -EAGAIN: it is dying. */
int inplace_alone(struct ckpt_restore *cr);
/*
 * CKPTCTL_EVERY: what the process shares with other processes is taken over from
 * cr_save, with the references.
 * Errors: -ESTALE: the image is another one now (logged).
 */
int inplace_adopt(struct ckpt_restore *cr);

/* proc_hooks.ph_exec_image */
int ckpt_exec_image(struct vnode *vp, const char *path);
/* CKPTCTL_EVERY: n 0: off. */
void ckpt_every_set(struct proc *p, u32 n);
/* At the boundary: it is due. */
void ckpt_every(void);

#endif
