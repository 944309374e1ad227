/* SPDX-License-Identifier: MIT */
/*
 * A disk in memory: the boot loader's module as "ram0". It can be written; its
 * contents are lost at power-off.
 */
#ifndef KERNEL_DEV_RAMDISK_H
#define KERNEL_DEV_RAMDISK_H

#include "kernel/lib/types.h"

#define RAMDISK_MAJOR 1

/*
 * Makes [start, start + len) the next RAM disk. The range is in the direct map
 * and was reserved; an incomplete sector at its end is left out.
 * Errors: -EINVAL: not in the direct map, or too small; -ENOMEM; -ENOSPC: too
 *   many.
 */
int ramdisk_add(paddr_t start, u32 len);

#endif
