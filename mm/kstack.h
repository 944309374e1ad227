/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks: KSTACK_SIZE bytes, aligned to their size (kernel/lib/cpu.h
 * says why). In debug builds the page below each stack is inaccessible: a stack
 * that runs out ends in a double fault, which has a stack of its own and
 * reports it. In release builds the overflow is found late, by what it
 * destroyed.
 */
#ifndef MM_KSTACK_H
#define MM_KSTACK_H

/*
 * Returns a stack with undefined contents; NULL: out of memory.
 * Sleeps: yes.
 */
void *kstack_alloc(void);
/* Frees a stack that no lwp runs on any more. Never sleeps. */
void kstack_free(void *stack);
/*
 * Debug builds: fills the current stack below the caller's frame with mem_soil,
 * which is not 0 (mm/page.h).
 */
void kstack_soil(void);

#endif
