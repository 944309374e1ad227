/* SPDX-License-Identifier: MIT */
/* Functions that kernel/entry.asm calls, and those that it offers. */
#ifndef KERNEL_TRAP_H
#define KERNEL_TRAP_H

#include "kernel/lib/trapframe.h"

/* Every vector except the system call and the double fault. Interrupts off. */
void trap(struct trapframe *tf);
/*
 * int 0x80. Interrupts on; returns with interrupts off and nothing left to do
 * before user mode.
 */
void syscall_trap(struct trapframe *tf);
/* In the double-fault task, on its own stack. */
void double_fault(void) __noreturn;

/*
 * The boundary before a new lwp's first instruction in user mode. Interrupts
 * on; returns with interrupts off.
 */
void trap_first_return(struct trapframe *tf);

/*
 * The call of trap() in the entry code returns here: backtraces find the frame
 * above this address.
 */
extern const char trap_called[];

#endif
