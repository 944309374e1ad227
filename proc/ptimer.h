/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers (timer_create(2)): each a callout that posts a signal to the process or to one of its lwps. They belong to the process, are
 * not inherited by fork and go with exec. List and fields: p_lock.
 */
#ifndef PROC_PTIMER_H
#define PROC_PTIMER_H

#include "proc/proc.h"

#define PTIMER_MAX 64u

void ptimer_init(void);
/* All timers of p go: exec and exit. May sleep. */
void ptimer_delete_all(struct proc *p);

#endif
