/* SPDX-License-Identifier: MIT */
/*
 * The only way to user memory. Each function checks the range against USER_MAX,
 * and opens SMAP for the copy alone. A fault in the copy brings the page in
 * through as_fault().
 * Errors: -EFAULT if a page cannot be had.
 * Locks: a_lock not held.
 * Sleeps: yes (assert_may_sleep), except the _nofault forms.
 */
#ifndef MM_USERCOPY_H
#define MM_USERCOPY_H

#include "kernel/lib/types.h"

int copyin(void *dst, uaddr_t src, size_t len) __must_check; /* 0 or -EFAULT. */
/* 0 or -EFAULT. */
int copyout(uaddr_t dst, const void *src, size_t len) __must_check;
/*
 * Copies a string with its 0.
 * Returns: its length without the 0.
 * Errors: -EFAULT, -ENAMETOOLONG (no 0 within size)
 */
ssize_t copyinstr(char *dst, uaddr_t src, size_t size) __must_check;
int user_zero(uaddr_t dst, size_t len) __must_check;

/*
 * Copies that do not fault pages in, for use while a page is locked or a
 * spinlock held.
 * Returns: the number of bytes NOT copied.
 */
size_t copyin_nofault(void *dst, uaddr_t src, size_t len);
size_t copyout_nofault(uaddr_t dst, const void *src, size_t len);

/*
 * Atomic operations on a user word, for futex(2). Faults the page in first.
 * Errors: -EFAULT
 */
int user_load32(uaddr_t addr, u32 *val) __must_check;
int user_load32_nofault(uaddr_t addr, u32 *val) __must_check;
int user_cmpxchg32(uaddr_t addr, u32 old, u32 new, u32 *seen) __must_check;

static inline bool user_range_ok(uaddr_t addr, size_t len)
{
	return len <= 0xc0000000u && addr <= 0xc0000000u - len;
}

/* Set at boot if the CPU has SMAP: the assembly uses stac/clac only then. */
extern u32 usercopy_smap;

struct trapframe;
/*
 * The trap handler calls it for a fault in kernel mode. If tf_eip is in the
 * table, sets tf_eip to its fixup and returns true. The table: pairs { faulting
 * eip, fixup eip } in section __ex_table.
 */
bool ex_table_fixup(struct trapframe *tf);

#endif
