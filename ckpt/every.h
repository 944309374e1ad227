/* SPDX-License-Identifier: MIT */
/*
 * Debug builds: called at the end of each system call of a process with p_every
 * set. See ckpt/inplace.h.
 */
#ifndef CKPT_EVERY_H
#define CKPT_EVERY_H

struct lwp;

void ckpt_every_call(struct lwp *l);

#endif
