/* SPDX-License-Identifier: MIT */
/* How long spinlocks are held: see kernel/lib/holds.h. */
#include "kernel/lib/holds.h"

#include "kernel/lib/panic.h"
#include "kernel/lib/x86.h"

#ifdef DEBUG

static struct hold longest[LR_COUNT];

/* Another CPU may note a longer hold at the same time: the longest is kept. */
static bool raise_to(struct hold *ho, u32 cycles)
{
	u32 old = __atomic_load_n(&ho->ho_cycles, __ATOMIC_RELAXED);

	while (cycles > old) {
		if (__atomic_compare_exchange_n(&ho->ho_cycles, &old, cycles, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

void hold_note(u32 rank, const char *name, u32 since, u32 where)
{
	struct hold *ho = &longest[rank];

	ASSERT(intr_off());
	if (raise_to(ho, (u32)x86_rdtsc() - since)) {
		ho->ho_name = name;
		ho->ho_where = where;
	}
}

void hold_get(u32 rank, struct hold *ho)
{
	*ho = longest[rank];
}

void holds_reset(void)
{
	for (u32 i = 0; i < LR_COUNT; i++)
		__atomic_store_n(&longest[i].ho_cycles, 0, __ATOMIC_RELAXED);
}

#endif
