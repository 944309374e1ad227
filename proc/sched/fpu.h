/* SPDX-License-Identifier: MIT */
/*
 * The FXSAVE image: the values that user space may choose. Also the rules of
 * the alternate stack, for signals and recovery.
 */
#ifndef PROC_FPU_H
#define PROC_FPU_H

#include "proc/sched/lwp.h"

extern u32 fpu_mxcsr_mask; /* MXCSR bits that this CPU has */
/* Would FXRSTOR take this image without a fault? */
bool fpu_image_valid(u8 *fx);
/*
 * The selector that the kernel loads when user space asks for sel: sel if it is
 * allowed, else the null or the flat selector.
 */
u32 user_selector(u32 sel);
/* Errors: -EINVAL, -ENOMEM (too small). */
int sigaltstack_set(struct lwp *l, const struct abi_stack *ss);

#endif
