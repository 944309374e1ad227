/* SPDX-License-Identifier: MIT */
/*
 * The 4 GiB of virtual addresses.
 *
 *   0x00000000  first page never mapped (a null pointer faults)
 *   0x00010000  USER_MIN: lowest address mmap(MAP_FIXED) accepts
 *   0x08048000  programs usually start here; brk grows behind them
 *      ...      mmap goes downward from MMAP_TOP
 *   0xbf800000  MMAP_TOP (at most; lower when RLIMIT_STACK is large)
 *   0xc0000000  USER_MAX / KERNEL_BASE; the stack ends here
 *   0xc0000000  RAM, mapped directly with 4 MiB pages, up to DIRECT_MAX
 *               bytes, global
 *   0xf8000000  MMIO_BASE: 16 MiB for device registers (uncached), mapped on
 *               demand by mmio_map(), global
 *   0xf9000000  MMIO_END
 *   0xffffffff
 */
#ifndef MM_LAYOUT_H
#define MM_LAYOUT_H

#include "kernel/lib/types.h"

#define USER_MIN 0x00010000u
#define USER_MAX 0xc0000000u
#define STACK_TOP USER_MAX
#define MMAP_TOP 0xbf800000u
#define KERNEL_BASE 0xc0000000u
#define DIRECT_MAX 0x38000000u /* 896 MiB */
#define MMIO_BASE 0xf8000000u
#define MMIO_END 0xf9000000u

#define KVA(pa) ((void *)((u32)(pa) + KERNEL_BASE)) /* direct-mapped RAM only */
#define PA(kva) ((paddr_t)(u32)(kva)-KERNEL_BASE)

#endif
