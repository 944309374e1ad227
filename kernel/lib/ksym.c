/* SPDX-License-Identifier: MIT */
/* Looking up names in the symbol table, which is sorted by address. */
#include "kernel/lib/ksym.h"

struct ksym {
	u32 addr;
	u32 name_off;
};

extern const struct ksym ksym_table[];
extern const u32 ksym_count;
extern const char ksym_names[];
extern const char __text_start[], __text_end[];

bool ksym_is_text(u32 addr)
{
	return addr >= (u32)__text_start && addr < (u32)__text_end;
}

const char *ksym_name(u32 addr, u32 *off)
{
	u32 lo = 0, hi = ksym_count;

	if (!ksym_is_text(addr))
		return NULL;
	/* all entries below lo are <= addr, all from hi on are above */
	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (ksym_table[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return NULL;
	*off = addr - ksym_table[lo - 1].addr;
	return ksym_names + ksym_table[lo - 1].name_off;
}
