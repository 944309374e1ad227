/* SPDX-License-Identifier: MIT */
/*
 * The boot loader's information, copied early: command line, memory map, and
 * the first module (the image of a root file system).
 */
#ifndef KERNEL_BOOTINFO_H
#define KERNEL_BOOTINFO_H

#include "kernel/memmap.h"

#define BOOT_CMDLINE 1024
#define BOOT_MAXRESERVED 4
/*
 * The page below 1 MiB where the other CPUs begin (boot/boot.inc has it too).
 */
#define AP_TRAMPOLINE 0x8000u

struct bootinfo {
	char bi_loader[48];
	char bi_cmdline[BOOT_CMDLINE]; /* a longer one is cut */
	/*
	 * usable memory; after bootinfo_limit_ram() whole pages below
	 * DIRECT_MAX
	 */
	struct memmap bi_ram;
	/* usable bytes by the loader's map, also above DIRECT_MAX */
	u64 bi_ram_total;
	bool bi_trampoline;   /* AP_TRAMPOLINE is usable memory */
	paddr_t bi_mod_start; /* 0: no module */
	u32 bi_mod_len;
};

extern struct bootinfo bootinfo;

/*
 * Fills bootinfo. Runs on the boot page directory, which maps physical memory
 * below KERNEL_BASE at its own address.
 * Returns: false: not a Multiboot loader, or no memory map.
 */
bool bootinfo_init(u32 magic, paddr_t mbi);

/*
 * Cuts bi_ram to whole pages below DIRECT_MAX, and to `limit` bytes (`mem=`; 0:
 * no limit).
 */
void bootinfo_limit_ram(u64 limit);

/*
 * The ranges that page_init() must not hand out, sorted: first page,
 * trampoline, kernel, module.
 * Returns: their number.
 */
u32 bootinfo_reserved(struct mem_range r[BOOT_MAXRESERVED]);

#endif
