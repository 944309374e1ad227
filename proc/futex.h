/* SPDX-License-Identifier: MIT */
/*
 * Futexes: a hash of buckets, each with its lock (LR_FUTEX) and the lwps that wait. A word is known by (address space, address)
 * when private, by (vnode, offset) when it lies in a shared mapping.
 */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "proc/sched/lwp.h"

void futex_init(void);
/* The lwp ends: robust list (owner died), then clear_tid is zeroed and its waiters woken. May sleep. */
void futex_lwp_exit(struct lwp *l);
/* Wakes up to n waiters of the word. */
int futex_wake_user(uaddr_t addr, u32 n, bool shared);

#endif
