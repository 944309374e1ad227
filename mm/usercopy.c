/* SPDX-License-Identifier: MIT */
/* Copies to and from user memory: the range checks, and the table of instructions that may fault. */
#include "mm/usercopy.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/trapframe.h"
#include "mm/layout.h"

u32 usercopy_smap;

/* mm/usercopy.asm */
size_t usercopy_copy(void *dst, const void *src, size_t len);
size_t usercopy_copy_nofault(void *dst, const void *src, size_t len);
size_t usercopy_zero(void *dst, size_t len);
s32 usercopy_str(char *dst, const char *src, size_t size);
int usercopy_load32(const u32 *src, u32 *val);
int usercopy_load32_nofault(const u32 *src, u32 *val);
int usercopy_cmpxchg32(u32 *addr, u32 old, u32 new, u32 *seen);

_Static_assert(USER_MAX == 0xc0000000u, "user_range_ok() knows it");

int copyin(void *dst, uaddr_t src, size_t len)
{
	assert_may_sleep("copyin");
	if (unlikely(!user_range_ok(src, len)))
		return -EFAULT;
	return usercopy_copy(dst, (const void *)src, len) ? -EFAULT : 0;
}

int copyout(uaddr_t dst, const void *src, size_t len)
{
	assert_may_sleep("copyout");
	if (unlikely(!user_range_ok(dst, len)))
		return -EFAULT;
	return usercopy_copy((void *)dst, src, len) ? -EFAULT : 0;
}

int user_zero(uaddr_t dst, size_t len)
{
	assert_may_sleep("user_zero");
	if (unlikely(!user_range_ok(dst, len)))
		return -EFAULT;
	return usercopy_zero((void *)dst, len) ? -EFAULT : 0;
}

ssize_t copyinstr(char *dst, uaddr_t src, size_t size)
{
	s32 n;

	assert_may_sleep("copyinstr");
	if (unlikely(src >= USER_MAX))
		return -EFAULT;
	/* A string that runs into the kernel's part is not the user's: -2 there means the end of user memory. */
	n = usercopy_str(dst, (const char *)src, size < USER_MAX - src ? size : USER_MAX - src);
	if (n == -2)
		return size <= USER_MAX - src ? -ENAMETOOLONG : -EFAULT;
	return n < 0 ? -EFAULT : n;
}

size_t copyin_nofault(void *dst, uaddr_t src, size_t len)
{
	return user_range_ok(src, len) ? usercopy_copy_nofault(dst, (const void *)src, len) : len;
}

size_t copyout_nofault(uaddr_t dst, const void *src, size_t len)
{
	return user_range_ok(dst, len) ? usercopy_copy_nofault((void *)dst, src, len) : len;
}

int user_load32(uaddr_t addr, u32 *val)
{
	assert_may_sleep("user_load32");
	if (!user_range_ok(addr, sizeof(*val)) || usercopy_load32((const u32 *)addr, val) != 0)
		return -EFAULT;
	return 0;
}

int user_load32_nofault(uaddr_t addr, u32 *val)
{
	if (!user_range_ok(addr, sizeof(*val)) || usercopy_load32_nofault((const u32 *)addr, val) != 0)
		return -EFAULT;
	return 0;
}

int user_cmpxchg32(uaddr_t addr, u32 old, u32 new, u32 *seen)
{
	assert_may_sleep("user_cmpxchg32");
	if (!user_range_ok(addr, sizeof(old)) || usercopy_cmpxchg32((u32 *)addr, old, new, seen) != 0)
		return -EFAULT;
	return 0;
}

/* --- the table --- */

struct ex_entry {
	u32 ex_eip, ex_fixup;
};

extern const struct ex_entry __ex_table_start[], __ex_table_end[];

bool ex_table_fixup(struct trapframe *tf)
{
	const struct ex_entry *e;

	for (e = __ex_table_start; e < __ex_table_end; e++)
		if (e->ex_eip == tf->tf_eip) {
			tf->tf_eip = e->ex_fixup;
			return true;
		}
	return false;
}
