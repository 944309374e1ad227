/* SPDX-License-Identifier: MIT */
/* What happens when a page fault finds no memory, and nothing can be reclaimed. */
#ifndef KERNEL_OOM_H
#define KERNEL_OOM_H

#include "mm/fault.h"

/*
 * The process that has most of the memory is killed, with a line in the log; if it is another than the current one, the
 * fault is tried again until that one has gone. Returns what pagefault() returns, but never FAULT_OOM; FAULT_DONE also when the
 * current process is to die: it does at the boundary. Interrupts on; may sleep.
 */
enum fault_result oom_fault(struct trapframe *tf, u32 addr, u32 err);

#endif
