/* SPDX-License-Identifier: MIT */
/*
 * Timed calls that go on through restart_syscall(2). A checkpoint names such a
 * call by its number, so every function given to restart_later() is registered
 * here under the numbers of its calls.
 */
#ifndef PROC_RESTART_H
#define PROC_RESTART_H

#include "proc/sched/lwp.h"

/* Called at start-up. */
void restart_register(u32 sysno, long (*fn)(struct restart_block *rb));
/*
 * fn is called when a call of this number is given up: a handler ends it with
 * EINTR, or its lwp exits. Called at start-up. fn holds no lock and may sleep.
 */
void restart_on_drop(u32 sysno, void (*fn)(struct restart_block *rb));
/*
 * l gives up the interrupted call in its frame, if there is one.
 * Sleeps: perhaps.
 */
void restart_drop(struct lwp *l);
/* Returns: NULL: the call cannot be continued. */
long (*restart_function(u32 sysno))(struct restart_block *rb);

#endif
