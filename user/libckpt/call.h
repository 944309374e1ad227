/* SPDX-License-Identifier: MIT */
/*
 * System calls past the C library, so that the library's own are not recorded
 * (gate.c), and need neither errno nor thread-local storage while memory is
 * being replaced (restore.c). A negative result is -errno.
 */
#ifndef LIBCKPT_CALL_H
#define LIBCKPT_CALL_H

#include <sys/syscall.h>

static inline long lc_call3(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

static inline long lc_call5(long nr, long a, long b, long c, long d, long e)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return result;
}

/* Anonymous private memory: mmap2 with its sixth argument, the offset, 0. */
static inline long lc_map(unsigned long at, unsigned long len, long prot, long flags)
{
	long result;

	__asm__ volatile("push %%ebp; xor %%ebp, %%ebp; int $0x80; pop %%ebp"
			 : "=a"(result)
			 : "a"(SYS_mmap2), "b"(at), "c"(len), "d"(prot), "S"(flags), "D"(-1)
			 : "memory");
	return result;
}

#define LC_FAILED(result) ((unsigned long)(result) > -4096ul)

#endif
