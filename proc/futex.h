/* SPDX-License-Identifier: MIT */
/*
 * Futexes: a hash of buckets, each with its lock (LR_FUTEX) and the waiting
 * lwps. A private word is identified by (address space, address), a word in a
 * shared mapping by (vnode, offset).
 */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "proc/sched/lwp.h"

void futex_init(void);
/*
 * The lwp exits: marks the locks of its robust list (owner died), then zeroes
 * the clear_tid word and wakes its waiters.
 * Sleeps: yes.
 */
void futex_lwp_exit(struct lwp *l);
/* Wakes up to n waiters of the word. */
int futex_wake_user(uaddr_t addr, u32 n, bool shared);

#endif
