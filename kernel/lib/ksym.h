/* SPDX-License-Identifier: MIT */
/* The kernel's names for its own code, from the table that tools/ksyms links into it. */
#ifndef KERNEL_LIB_KSYM_H
#define KERNEL_LIB_KSYM_H

#include "kernel/lib/types.h"

/* The function that holds addr, and how far into it addr is. NULL: not the kernel's code. From any context. */
const char *ksym_name(u32 addr, u32 *off);
/* Is addr inside the kernel's code? */
bool ksym_is_text(u32 addr);

#endif
