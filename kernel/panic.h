/* SPDX-License-Identifier: MIT */
/* The pieces that panic() is made of and that others use too. The contract of panic() itself: kernel/lib/panic.h. */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include "kernel/lib/trapframe.h"

/* Prints the chain of calls that begins at frame pointer ebp, with names. Follows only sane pointers. */
void backtrace(u32 ebp);
/* What remains to be done by a CPU that a panic stops: notes where it was, halts for ever. */
void panic_stopped(const struct trapframe *tf) __noreturn;

/* What happens at the end: set from the command line (panic=halt|exit|reboot). */
enum panic_mode { PANIC_HALT, PANIC_EXIT, PANIC_REBOOT };
extern enum panic_mode panic_mode;

/* Makes the other CPUs enter panic_stopped() soon; set once there are others. */
extern void (*panic_stop_others)(void);

#endif
