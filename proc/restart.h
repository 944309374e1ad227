/* SPDX-License-Identifier: MIT */
/*
 * Timed calls that go on through restart_syscall(2). A checkpoint names such a call by its number, so every function that is
 * given to restart_later() is registered here under the numbers of its calls.
 */
#ifndef PROC_RESTART_H
#define PROC_RESTART_H

#include "proc/lwp.h"

/* At start-up. */
void restart_register(u32 sysno, long (*fn)(struct restart_block *rb));
/* NULL: not a call that can be continued. */
long (*restart_function(u32 sysno))(struct restart_block *rb);

#endif
