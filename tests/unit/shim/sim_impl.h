/* SPDX-License-Identifier: MIT */
/* What the parts of the simulated machine know of each other; sim.h is for its users. */
#ifndef SHIM_SIM_IMPL_H
#define SHIM_SIM_IMPL_H

#include "kernel/lib/lock.h"
#include "sim.h"

/* The task that runs, NULL: start-up, outside of any task. */
const char *sim_task_name(void);
/* The name of the spinlock that has been held longest, NULL: none. */
const char *sim_spin_held(void);
/* Lets a spinlock go without an interruption, as sleep() does. */
void sim_spin_release(struct spinlock *l);

/* Everything starts anew. */
void sim_locks_init(void);
void sim_frames_init(u32 n);

#endif
