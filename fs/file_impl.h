/* SPDX-License-Identifier: MIT */
/* Shared by fs/file.c and its neighbours. */
#ifndef FS_FILE_IMPL_H
#define FS_FILE_IMPL_H

#include "fs/file.h"
#include "kernel/dev/clock.h"

#define DEV_MEM_MAJOR 1u /* /dev/null and its family, fs/mem.c */

void fdtab_init(void);

static inline struct timespec_k timespec_now(void)
{
	u64 ns = clock_real_ns();

	return (struct timespec_k){ .tv_sec = (s64)(ns / NSEC_PER_SEC), .tv_nsec = (u32)(ns % NSEC_PER_SEC) };
}

#endif
