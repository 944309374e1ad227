/* SPDX-License-Identifier: MIT */
/*
 * The last resort when a page fault finds no memory and none can be reclaimed.
 */
#ifndef KERNEL_OOM_H
#define KERNEL_OOM_H

#include "mm/fault.h"

/*
 * Kills the process that uses most memory, with a line in the log. If that is
 * not the current process, the fault is tried again once it has exited.
 * Interrupts on.
 * Returns: as pagefault(), but never FAULT_OOM; FAULT_DONE also if the current
 *   process must die, which it does at the boundary.
 * Sleeps: yes.
 */
enum fault_result oom_fault(struct trapframe *tf, u32 addr, u32 err);

#endif
