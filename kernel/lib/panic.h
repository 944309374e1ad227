/* SPDX-License-Identifier: MIT */
/*
 * How the kernel reacts to its own mistakes.
 *
 * VERIFY(c) is always compiled in; ASSERT(c) in debug builds only. Both are for
 * the kernel's own invariants. Data from user space, a disk or an image is
 * never asserted: it leads to an errno.
 */
#ifndef KERNEL_LIB_PANIC_H
#define KERNEL_LIB_PANIC_H

#include "kernel/lib/types.h"

struct trapframe;

/*
 * Stops all CPUs, prints the cause ("expected ..., found ..."), registers and a
 * symbolic backtrace. Then halts, or, with `panic=exit` on the command line,
 * ends QEMU with status 99 (with `panic=reboot`: reboots). From any context,
 * even with locks held.
 */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;
/* The same for an unexpected trap: the registers are those of its frame. */
void panic_trap(const struct trapframe *tf, const char *fmt, ...) __printf(2, 3) __noreturn;

#ifndef REPRISE_HOST

/* The CPU that panics; -1: none. */
extern volatile int panic_cpu;

static inline bool panic_active(void)
{
	return unlikely(panic_cpu >= 0);
}
/*
 * Does this CPU panic? Then it is the only one that runs, and locks are
 * ignored.
 */
bool panic_is_mine(void);
static inline bool panic_mine(void)
{
	return panic_active() && panic_is_mine();
}

#endif

#define VERIFY(c)                                                            \
	do {                                                                 \
		if (unlikely(!(c)))                                          \
			panic("%s:%d: expected %s", __FILE__, __LINE__, #c); \
	} while (0)

#ifdef DEBUG
#define ASSERT(c) VERIFY(c)
#else
#define ASSERT(c) ((void)sizeof(c))
#endif

#endif
