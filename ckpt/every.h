/* SPDX-License-Identifier: MIT */
/* Called at the end of each system call of a process that has p_every set (debug builds): see ckpt/inplace.h. */
#ifndef CKPT_EVERY_H
#define CKPT_EVERY_H

struct lwp;

void ckpt_every_call(struct lwp *l);

#endif
