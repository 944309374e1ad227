/* SPDX-License-Identifier: MIT */
/*
 * User and group ids of 16 bits, as the oldest calls pass them (source: linux/highuid.h, getresuid(2) "C library/kernel differences").
 * An id that does not fit is told as 65534, the overflow id. 0xffff is -1: "leave it as it is".
 */
#ifndef KERNEL_ABI_ID16_H
#define KERNEL_ABI_ID16_H

#include "kernel/lib/types.h"

#define K_OVERFLOW_ID 65534u

static inline u32 id16_widen(u32 id)
{
	return (u16)id == 0xffff ? 0xffffffffu : (u16)id;
}

static inline u16 id16_narrow(u32 id)
{
	return (u16)(id > 0xffff ? K_OVERFLOW_ID : id);
}

#endif
