/* SPDX-License-Identifier: MIT */
/*
 * Recovery in place: a living process becomes what an image says, and keeps its
 * pid, parent and place in the system. It has two uses: execve(2) of an image;
 * and the debug switch CKPTCTL_EVERY, which saves a process and restores it
 * from that image at every n-th system call.
 */
#ifndef CKPT_INPLACE_H
#define CKPT_INPLACE_H

#include "kernel/lib/types.h"

struct proc;
struct vnode;

/* proc_hooks.ph_exec_image */
int ckpt_exec_image(struct vnode *vp, const char *path);
/* CKPTCTL_EVERY. n 0: off. */
void ckpt_every_set(struct proc *p, u32 n);
/* At the boundary: a checkpoint in place is due. */
void ckpt_every(void);

#endif
