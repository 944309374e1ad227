/* SPDX-License-Identifier: MIT */
/* The kernel's own declarations of spinlocks, also natively: sim.c checks ranks and holders as the kernel does. */
#ifdef REPRISE_HOST
#undef REPRISE_HOST
#include "../../../../../kernel/lib/lock.h"
#define REPRISE_HOST 1
#endif
