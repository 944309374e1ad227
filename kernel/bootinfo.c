/* SPDX-License-Identifier: MIT */
/*
 * Reads the Multiboot information, which can be anywhere in memory. Everything
 * is copied here, before any memory is handed out.
 * Source: Multiboot Specification 0.6.96, section 3.3.
 */
#include "kernel/bootinfo.h"
#include "kernel/lib/string.h"

#define MB_LOADER_MAGIC 0x2badb002u
#define MBI_MEMORY (1u << 0)
#define MBI_CMDLINE (1u << 2)
#define MBI_MODS (1u << 3)
#define MBI_MMAP (1u << 6)
#define MBI_LOADER_NAME (1u << 9)
#define MMAP_AVAILABLE 1u

struct mb_info {
	u32 mi_flags;
	u32 mi_mem_lower, mi_mem_upper; /* KiB below 1 MiB, KiB from 1 MiB on */
	u32 mi_boot_device;
	u32 mi_cmdline;
	u32 mi_mods_count, mi_mods_addr;
	u32 mi_syms[4];
	u32 mi_mmap_length, mi_mmap_addr;
	u32 mi_drives_length, mi_drives_addr;
	u32 mi_config_table;
	u32 mi_boot_loader_name;
};

struct mb_module {
	u32 mo_start, mo_end;
	u32 mo_string;
	u32 mo_reserved;
};

struct mb_mmap {
	u32 me_size; /* of the rest of the entry */
	u64 me_addr, me_len;
	u32 me_type;
} __packed;

struct bootinfo bootinfo;

extern char __kernel_end[];

/*
 * Returns: physical memory as the boot page directory maps it; NULL: not
 *   mapped.
 */
static const void *boot_ptr(u32 pa, u32 len)
{
	if (pa == 0 || len > KERNEL_BASE || pa > KERNEL_BASE - len)
		return NULL;
	return (const void *)pa;
}

static void copy_string(char *dst, size_t size, u32 pa)
{
	const char *s = boot_ptr(pa, (u32)size);

	if (s) {
		size_t n = strnlen(s, size - 1);

		memcpy(dst, s, n);
		dst[n] = 0;
	}
}

/*
 * Adds (or takes away) every entry of the map whose type is (or is not)
 * "available".
 */
static void walk_mmap(const struct mb_info *mi, bool available)
{
	u32 left = mi->mi_mmap_length, at = mi->mi_mmap_addr;
	const struct mb_mmap *me;

	while (left >= sizeof(*me) && (me = boot_ptr(at, sizeof(*me)))) {
		u64 end = me->me_addr + me->me_len;
		u32 step = me->me_size + 4;

		if (end < me->me_addr)
			end = ~0ull;
		if (me->me_type == MMAP_AVAILABLE && available)
			memmap_add(&bootinfo.bi_ram, me->me_addr, end);
		else if (me->me_type != MMAP_AVAILABLE && !available)
			memmap_remove(&bootinfo.bi_ram, me->me_addr, end);
		if (step < sizeof(*me) || step > left)
			break;
		left -= step;
		at += step;
	}
}

static void read_memory(const struct mb_info *mi)
{
	struct memmap *ram = &bootinfo.bi_ram;

	if (mi->mi_flags & MBI_MMAP) {
		walk_mmap(mi, true);
		walk_mmap(mi, false);
	} else if (mi->mi_flags & MBI_MEMORY) {
		memmap_add(ram, 0, MIN(mi->mi_mem_lower, 640u) * 1024ull);
		memmap_add(ram, 0x100000, 0x100000 + mi->mi_mem_upper * 1024ull);
	}
	bootinfo.bi_ram_total = memmap_size(ram);
	bootinfo.bi_trampoline = memmap_has(ram, AP_TRAMPOLINE, AP_TRAMPOLINE + PAGE_SIZE);
}

static void read_module(const struct mb_info *mi)
{
	const struct mb_module *mo;

	if (!(mi->mi_flags & MBI_MODS) || mi->mi_mods_count == 0)
		return;
	mo = boot_ptr(mi->mi_mods_addr, sizeof(*mo));
	if (!mo || mo->mo_start >= mo->mo_end || mo->mo_end > DIRECT_MAX || mo->mo_start < PA(__kernel_end))
		return;
	bootinfo.bi_mod_start = mo->mo_start;
	bootinfo.bi_mod_len = mo->mo_end - mo->mo_start;
}

bool bootinfo_init(u32 magic, paddr_t mbi)
{
	const struct mb_info *mi = boot_ptr(mbi, sizeof(*mi));

	if (magic != MB_LOADER_MAGIC || !mi)
		return false;
	if (mi->mi_flags & MBI_CMDLINE)
		copy_string(bootinfo.bi_cmdline, sizeof(bootinfo.bi_cmdline), mi->mi_cmdline);
	if (mi->mi_flags & MBI_LOADER_NAME)
		copy_string(bootinfo.bi_loader, sizeof(bootinfo.bi_loader), mi->mi_boot_loader_name);
	read_memory(mi);
	read_module(mi);
	return bootinfo.bi_ram.mm_n > 0;
}

void bootinfo_limit_ram(u64 limit)
{
	struct memmap *ram = &bootinfo.bi_ram;

	memmap_remove(ram, DIRECT_MAX, ~0ull);
	memmap_whole_pages(ram);
	if (limit)
		memmap_limit(ram, limit);
}

u32 bootinfo_reserved(struct mem_range r[BOOT_MAXRESERVED])
{
	u32 n = 0;

	r[n++] = (struct mem_range){ 0, PAGE_SIZE };
	r[n++] = (struct mem_range){ AP_TRAMPOLINE, AP_TRAMPOLINE + PAGE_SIZE };
	r[n++] = (struct mem_range){ 0x100000, PAGE_UP(PA(__kernel_end)) };
	if (bootinfo.bi_mod_len) {
		u64 start = bootinfo.bi_mod_start;

		r[n++] = (struct mem_range){ PAGE_DOWN(start), PAGE_UP(start + bootinfo.bi_mod_len) };
	}
	return n;
}
