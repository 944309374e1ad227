/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables: one GDT and two TSSs for each CPU. The slots are those of
 * 32-bit Linux where programs or core files can see them
 * (kernel/lib/trapframe.h).
 *
 *	slot	selector
 *	0		null
 *	6-8	0x33-43	TLS of the running lwp
 *	12	0x60	kernel code
 *	13	0x68	kernel data
 *	14	0x73	user code
 *	15	0x7b	user data
 *	16	0x80	TSS
 *	17	0x88	TSS of the double-fault task
 *
 * A double fault enters through a task gate with its own stack: it is reported
 * even if the kernel stack has run out.
 * Source: Intel SDM vol. 3, sections 3.4 and 7.2 (formats).
 */
#ifndef KERNEL_GDT_H
#define KERNEL_GDT_H

#include "kernel/lib/trapframe.h"
#include "kernel/lib/types.h"

#define SEL_DF_TSS 0x88
#define GDT_NSLOT 18

struct cpu;

struct tss {
	u32 ts_link;
	u32 ts_esp0, ts_ss0;
	u32 ts_esp1, ts_ss1, ts_esp2, ts_ss2;
	u32 ts_cr3;
	u32 ts_eip, ts_eflags;
	u32 ts_eax, ts_ecx, ts_edx, ts_ebx, ts_esp, ts_ebp, ts_esi, ts_edi;
	u32 ts_es, ts_cs, ts_ss, ts_ds, ts_fs, ts_gs;
	u32 ts_ldt;
	u16 ts_trap, ts_iomap;
};
_Static_assert(sizeof(struct tss) == 104, "hardware format");

/*
 * Builds c's tables and loads them on this CPU, which is c. df_stack:
 * KSTACK_SIZE bytes, aligned, for double faults.
 */
void gdt_init_cpu(struct cpu *c, void *df_stack);
/*
 * The double-fault task must run on page tables that are never freed: called
 * once this CPU has left the boot directory.
 */
void gdt_set_kernel_cr3(u32 cr3);

/*
 * Loads the TLS descriptors of the next lwp into this CPU's GDT. Interrupts
 * off.
 */
void gdt_set_tls(const u64 tls[SEL_TLS_COUNT]);
/*
 * Sets where the next entry from user mode on this CPU puts its frame.
 * Interrupts off.
 */
void tss_set_esp0(u32 esp0);
/* The registers that a double fault interrupted on CPU c. */
const struct tss *gdt_interrupted(const struct cpu *c);

/* Builds the one IDT; loads it on this CPU. */
void idt_init(void);
void idt_load(void);

#endif
