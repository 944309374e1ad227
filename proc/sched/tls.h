/* SPDX-License-Identifier: MIT */
/*
 * Thread-local storage: GDT slots 6 to 8 as set_thread_area(2) and clone(2)
 * describe them (struct user_desc, asm/ldt.h).
 */
#ifndef PROC_TLS_H
#define PROC_TLS_H

#include "proc/sched/lwp.h"

/*
 * Sets the slot that the user_desc at udesc names; -1: the first free slot,
 * whose number is written to user space if `tell`.
 * Errors: -EFAULT, -EINVAL, -ESRCH (no free slot).
 */
int tls_set_from_user(struct lwp *l, uaddr_t udesc, bool tell);
/* May user space have this descriptor? 0 (an empty slot): yes. For recovery. */
bool tls_desc_valid(u64 desc);

#endif
