/* SPDX-License-Identifier: MIT */
/* Starting CPUs. Per-CPU data itself: kernel/lib/cpu.h. */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include "kernel/lib/types.h"

/*
 * Boot CPU, first of all: descriptor tables, control registers, CPU features.
 * Interrupts stay off.
 */
void cpu_init_boot(void);
/* Boot CPU, once hat_init() has left the boot page directory. */
void cpu_init_paging(void);
/*
 * SMAP, if the CPU has it: from now on only mm/usercopy.h touches user memory.
 */
void cpu_protect_user(void);

/* Text of CPUID's brand string and vendor, for /proc/cpuinfo. */
struct cpu_ident {
	char id_vendor[13], id_brand[49];
	u32 id_family, id_model, id_stepping;
	u32 id_feat_edx, id_feat_ecx, id_feat7_ebx;
};
extern struct cpu_ident cpu_ident;

/*
 * Starts all other CPUs that ACPI lists, up to MAXCPU and `maxcpus=`; returns
 * when they run or have failed.
 */
void smp_start(void);

#endif
