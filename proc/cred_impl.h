/* SPDX-License-Identifier: MIT */
/* Shared by the calls with 32-bit and 16-bit ids. */
#ifndef PROC_CRED_IMPL_H
#define PROC_CRED_IMPL_H

#include "kernel/lib/types.h"

/* getgroups(2) and setgroups(2) with ids of `size` bytes: 2 or 4. */
long cred_getgroups(int n, uaddr_t list, u32 size);
long cred_setgroups(u32 n, uaddr_t list, u32 size);

#endif
