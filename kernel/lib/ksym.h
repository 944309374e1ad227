/* SPDX-License-Identifier: MIT */
/*
 * The names of the kernel's functions, from the table that tools/ksyms links
 * into it.
 */
#ifndef KERNEL_LIB_KSYM_H
#define KERNEL_LIB_KSYM_H

#include "kernel/lib/types.h"

/*
 * Finds the function at addr, and the offset of addr in it. From any context.
 * Returns: NULL: not kernel code.
 */
const char *ksym_name(u32 addr, u32 *off);
/* Is addr inside the kernel's code? */
bool ksym_is_text(u32 addr);

#endif
