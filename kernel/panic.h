/* SPDX-License-Identifier: MIT */
/* The pieces that panic() is made of and that others use too. The contract of panic() itself: kernel/lib/panic.h. */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include "kernel/lib/trapframe.h"

/* Prints the chain of calls that begins at frame pointer ebp, up to so many, with names. */
#define BACKTRACE_ALL 40
void backtrace(u32 ebp, int frames);
/* Prints an address of code, with its name. */
void panic_print_place(const char *lead, u32 eip);
/* A pointer to data that may be damaged, about to be read: does it point to memory at all? */
bool panic_sane_pointer(const void *p);
/* Prints all lwps that do not run (kernel/panic_lwps.c). */
void panic_print_lwps(void);
/* What remains to be done by a CPU that a panic stops: notes where it was, halts for ever. */
void panic_stopped(const struct trapframe *tf) __noreturn;

/* What happens at the end: set from the command line (panic=halt|exit|reboot). */
enum panic_mode { PANIC_HALT, PANIC_EXIT, PANIC_REBOOT };
extern enum panic_mode panic_mode;

/* Makes the other CPUs enter panic_stopped() soon; set once there are others. */
extern void (*panic_stop_others)(void);

#endif
