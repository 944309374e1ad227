/* SPDX-License-Identifier: MIT */
/*
 * Timed calls that go on through restart_syscall(2). A checkpoint names such a call by its number, so every function that is
 * given to restart_later() is registered here under the numbers of its calls.
 */
#ifndef PROC_RESTART_H
#define PROC_RESTART_H

#include "proc/sched/lwp.h"

/* At start-up. */
void restart_register(u32 sysno, long (*fn)(struct restart_block *rb));
/*
 * What else happens if a call of this number is given up: a handler ends it with EINTR, or its lwp ends. At start-up.
 * Contract of fn: no locks are held, it may sleep.
 */
void restart_on_drop(u32 sysno, void (*fn)(struct restart_block *rb));
/* l will not go on with the call that its frame says was cut short, if there is one. Sleeps: perhaps. */
void restart_drop(struct lwp *l);
/* NULL: not a call that can be continued. */
long (*restart_function(u32 sysno))(struct restart_block *rb);

#endif
