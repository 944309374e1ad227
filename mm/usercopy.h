/* SPDX-License-Identifier: MIT */
/*
 * The only way to user memory. Each function checks the range against USER_MAX, opens SMAP for the copy
 * alone, and survives any fault in it: pages are brought in through as_fault(); what cannot be gives -EFAULT.
 * May sleep (assert_may_sleep), except the _nofault forms. Never with a_lock held.
 */
#ifndef MM_USERCOPY_H
#define MM_USERCOPY_H

#include "kernel/lib/types.h"

int copyin(void *dst, uaddr_t src, size_t len) __must_check;	    /* 0 or -EFAULT */
int copyout(uaddr_t dst, const void *src, size_t len) __must_check; /* 0 or -EFAULT */
/* Copies a string with its 0. Returns its length without the 0; -EFAULT; -ENAMETOOLONG if no 0 within size. */
ssize_t copyinstr(char *dst, uaddr_t src, size_t size) __must_check;
int user_zero(uaddr_t dst, size_t len) __must_check;

/* Do not fault pages in: return bytes NOT copied. For copies while a page is locked, or with a spinlock held. */
size_t copyin_nofault(void *dst, uaddr_t src, size_t len);
size_t copyout_nofault(uaddr_t dst, const void *src, size_t len);

/* Atomic operations on a user word; page faulted in first. -EFAULT. futex(2) */
int user_load32(uaddr_t addr, u32 *val) __must_check;
int user_load32_nofault(uaddr_t addr, u32 *val) __must_check;
int user_cmpxchg32(uaddr_t addr, u32 old, u32 new, u32 *seen) __must_check;

static inline bool user_range_ok(uaddr_t addr, size_t len)
{
	return len <= 0xc0000000u && addr <= 0xc0000000u - len;
}

/* Set at boot when the CPU has SMAP: the assembly uses stac/clac only then. */
extern u32 usercopy_smap;

struct trapframe;
/*
 * Called by the trap handler for a fault in kernel mode: if tf_eip is in an __ex_table entry, sets tf_eip to its fixup and returns true.
 * Table: pairs { faulting eip, fixup eip }, section __ex_table.
 */
bool ex_table_fixup(struct trapframe *tf);

#endif
