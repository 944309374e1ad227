/* SPDX-License-Identifier: MIT */
/*
 * The page-fault handler. kernel/trap.c calls it for vector 14, with interrupts
 * on if they were on at the fault.
 */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "kernel/lib/trapframe.h"

enum fault_result {
	FAULT_DONE,  /* retry the instruction */
	FAULT_FIXUP, /* kernel copy: tf_eip is now the fixup */
	FAULT_SEGV_MAPERR,
	FAULT_SEGV_ACCERR,
	FAULT_BUS,
	FAULT_OOM,    /* out of memory: see kernel/oom.h */
	FAULT_KERNEL, /* a bug of the kernel: panic */
};

/*
 * addr is CR2; err is the error code: bit 0 protection, 1 write, 2 user, 4
 * instruction fetch.
 * Sleeps: yes, unless the instruction is one of a _nofault copy, or interrupts
 *   were off.
 */
enum fault_result pagefault(struct trapframe *tf, u32 addr, u32 err);

#endif
