/* SPDX-License-Identifier: MIT */
/* Shared by kernel/cpu.c, kernel/smp.c and boot/ap.asm. */
#ifndef KERNEL_SMP_H
#define KERNEL_SMP_H

#include "kernel/lib/types.h"

/* Loads CR4 on this CPU with what CPUID allowed on the boot CPU. */
void cpu_set_cr4(void);
/*
 * boot/ap.asm enters C here, on the CPU's own stack and the boot page
 * directory.
 */
void ap_main(void) __noreturn;

extern const u8 ap_trampoline[], ap_trampoline_end[];
extern u32 ap_stack_top;

#endif
