/* SPDX-License-Identifier: MIT */
/* Shared by the system calls on memory. */
#ifndef MM_SYS_IMPL_H
#define MM_SYS_IMPL_H

#include "mm/as_impl.h"
#include "proc/proc.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

static inline struct as *cur_as(void)
{
	return curproc()->p_as;
}

/*
 * May the current process lock memory at all? RLIMIT_MEMLOCK of 0 forbids it.
 */
static inline bool may_lock(const struct as *as)
{
	return as->a_lock_limit || as_lock_unlimited();
}

/*
 * Rounds *len up to whole pages (0 stays 0).
 * Returns: false if addr is not page-aligned, or no address space could hold
 *   the range.
 */
bool mm_page_range(u32 addr, u32 *len);

#endif
