/* SPDX-License-Identifier: MIT */
/*
 * What the kernel does when it finds itself wrong.
 *
 * VERIFY(c) is always compiled in; ASSERT(c) in debug builds only. Both are for the kernel's own
 * invariants: data from user space, from a disk or from an image is never asserted, it gets an errno.
 */
#ifndef KERNEL_LIB_PANIC_H
#define KERNEL_LIB_PANIC_H

#include "kernel/lib/types.h"

/*
 * Stops all CPUs, prints the cause ("expected ..., found ..."), registers and a symbolic backtrace;
 * then halts, or, under `panic=exit` on the command line, ends QEMU with status 99 (and under
 * `panic=reboot` reboots). From any context, also with locks held.
 */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

#define VERIFY(c)                                                                           \
	do {                                                                                \
		if (unlikely(!(c)))                                                         \
			panic("%s:%d: expected %s", __FILE__, __LINE__, #c);                \
	} while (0)

#ifdef DEBUG
#define ASSERT(c) VERIFY(c)
#else
#define ASSERT(c) ((void)sizeof(c))
#endif

#endif
