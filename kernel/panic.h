/* SPDX-License-Identifier: MIT */
/*
 * The parts of panic() that other files use too. The contract of panic():
 * kernel/lib/panic.h.
 */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include "kernel/lib/trapframe.h"

/*
 * Prints the chain of calls that begins at frame pointer ebp, up to `max` of
 * them, with names.
 */
#define BACKTRACE_ALL 40
void backtrace(u32 ebp, int frames);
/* Prints a code address with its name. */
void panic_print_place(const char *lead, u32 eip);
/* Does this pointer, perhaps damaged, point to readable memory? */
bool panic_sane_pointer(const void *p);
/* Prints all lwps that do not run (kernel/panic_lwps.c). */
void panic_print_lwps(void);
/*
 * The last work of a CPU that a panic stops: notes where it was, and halts
 * forever.
 */
void panic_stopped(const struct trapframe *tf) __noreturn;

/*
 * The action after the report: set from the command line
 * (panic=halt|exit|reboot).
 */
enum panic_mode { PANIC_HALT, PANIC_EXIT, PANIC_REBOOT };
extern enum panic_mode panic_mode;

/* Makes the other CPUs enter panic_stopped() soon; NULL until there are any. */
extern void (*panic_stop_others)(void);

#endif
