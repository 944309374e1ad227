/* SPDX-License-Identifier: MIT */
/* Times of the i386 ABI (facts: linux-libc-dev linux/time.h, linux/time_types.h). */
#ifndef KERNEL_ABI_TIME_H
#define KERNEL_ABI_TIME_H

#include "kernel/abi/whole.h"
#include "kernel/lib/types.h"

ABI_WHOLE

struct abi_timespec {
	s32 tv_sec, tv_nsec;
};

struct abi_timeval {
	s32 tv_sec, tv_usec;
};

/*
 * __kernel_timespec: the calls whose names end in time64. The upper half of tv_nsec is padding for
 * 32-bit callers.
 */
struct abi_timespec64 {
	s64 tv_sec;
	u32 tv_nsec, pad;
};
_Static_assert(sizeof(struct abi_timespec64) == 16, "__kernel_timespec");

struct abi_utimbuf {
	s32 actime, modtime;
};

ABI_WHOLE_END

#endif
