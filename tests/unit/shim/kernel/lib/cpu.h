/* SPDX-License-Identifier: MIT */
/* The kernel's per-CPU header, with a curlwp() that asks the simulated scheduler instead of the stack pointer. */
#ifndef SHIM_CPU_H
#define SHIM_CPU_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wint-to-pointer-cast"
#define curlwp kernel_curlwp
#include "../../../../../kernel/lib/cpu.h"
#undef curlwp
#pragma GCC diagnostic pop

struct lwp *curlwp(void);

#endif
