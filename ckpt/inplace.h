/* SPDX-License-Identifier: MIT */
/*
 * Recovery in place: a living process goes on as what an image says, with its pid, parent and place in the system. Two uses: execve(2) of an
 * image, and the debug switch CKPTCTL_EVERY, which saves a process and brings it back from that image at every n-th system call.
 */
#ifndef CKPT_INPLACE_H
#define CKPT_INPLACE_H

#include "ckpt/ckpt.h"

/* The other lwps of the current process, cr_parent, end; what they and it had stays until the exchange. -EAGAIN: it is dying. */
int inplace_alone(struct ckpt_restore *cr);
/*
 * CKPTCTL_EVERY: the objects that the process shares with others are the ones that were met when it was saved. Their references go over too, so that none
 * is left when the process goes on, and closes what it thinks is the last.
 */
int inplace_share(struct ckpt_restore *cr);
/* The image's timers instead of those of the process that was replaced; it is the current one. */
void inplace_timers(struct ckpt_rmember *rm);

/* proc_hooks.ph_exec_image */
int ckpt_exec_image(struct vnode *vp, const char *path);
/* CKPTCTL_EVERY: n 0: off. */
void ckpt_every_set(struct proc *p, u32 n);
/* At the boundary: it is due. */
void ckpt_every(void);

#endif
