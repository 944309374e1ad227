/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks: KSTACK_SIZE bytes, aligned to their size (kernel/lib/cpu.h says why). In debug builds the page below each is
 * inaccessible, so that a stack that runs out ends in a double fault, which has a stack of its own and reports it; otherwise the
 * overflow is found late, by what it destroyed.
 */
#ifndef MM_KSTACK_H
#define MM_KSTACK_H

/* NULL: out of memory. Contents undefined. May sleep. */
void *kstack_alloc(void);
/* Nobody runs on it any more. Never sleeps. */
void kstack_free(void *stack);
/* Fills the current stack below the caller's frame with mem_soil, which is not 0 (mm/page.h). Debug builds only. */
void kstack_soil(void);

#endif
