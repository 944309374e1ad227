/* SPDX-License-Identifier: MIT */
/* GDT, TSS and IDT: the tables that the CPU reads. */
#include "kernel/gdt.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"

struct cpu_tables {
	u64 ct_gdt[GDT_NSLOT];
	struct tss ct_tss;
	struct tss ct_df_tss;
};

static struct cpu_tables tables[MAXCPU] __aligned(64);

struct gate {
	u16 gt_low, gt_sel;
	u16 gt_type, gt_high;
};

#define GATE_INTERRUPT 0x8e00u
#define GATE_TRAP 0x8f00u
#define GATE_TASK 0x8500u
#define GATE_DPL3 0x6000u

static struct gate idt[256] __aligned(8);

/* kernel/entry.asm */
extern const u32 trap_stubs[256];
void syscall_entry(void);
void double_fault_entry(void);

/* type: present, DPL, S, type bits; flags: G, D/B. */
static u64 descriptor(u32 base, u32 limit, u32 type, u32 flags)
{
	u64 lo = (limit & 0xffff) | base << 16;
	u64 hi = (base >> 16 & 0xff) | type << 8 | (limit & 0xf0000) | flags << 20 | (base & 0xff000000);

	return lo | hi << 32;
}

#define D_CODE 0x9a
#define D_DATA 0x92
#define D_TSS 0x89
#define D_DPL3 0x60
#define D_FLAT 0xc

static void load_gdt(const u64 *gdt)
{
	struct {
		u16 limit;
		u32 base;
	} __packed gdtr = { GDT_NSLOT * 8 - 1, (u32)gdt };

	__asm__ volatile("lgdt %0\n\t"
			 "ljmp %1, $1f\n"
			 "1:\n\t"
			 "movl %2, %%ds\n\t"
			 "movl %2, %%es\n\t"
			 "movl %2, %%ss\n\t"
			 "movl %3, %%fs\n\t"
			 "movl %3, %%gs\n\t"
			 "lldt %w3\n\t"
			 "ltr %w4"
			 :
			 : "m"(gdtr), "i"(SEL_KCODE), "r"(SEL_KDATA), "r"(0), "r"(SEL_TSS)
			 : "memory");
}

static void init_df_tss(struct tss *ts, void *stack, struct cpu *c)
{
	struct kstack_info *ki = stack;

	*ki = (struct kstack_info){ .ki_lwp = NULL, .ki_cpu = c, .ki_canary = KSTACK_CANARY };
	*ts = (struct tss){
		.ts_cr3 = x86_cr3(),
		.ts_eip = (u32)double_fault_entry,
		.ts_eflags = 2,
		.ts_esp = (u32)stack + KSTACK_SIZE,
		.ts_cs = SEL_KCODE,
		.ts_ss = SEL_KDATA,
		.ts_ds = SEL_KDATA,
		.ts_es = SEL_KDATA,
		.ts_iomap = sizeof(*ts),
	};
}

void gdt_init_cpu(struct cpu *c, void *df_stack)
{
	struct cpu_tables *ct = &tables[c->c_id];
	u64 *gdt = ct->ct_gdt;

	ct->ct_tss = (struct tss){ .ts_ss0 = SEL_KDATA, .ts_iomap = sizeof(struct tss) };
	init_df_tss(&ct->ct_df_tss, df_stack, c);
	gdt[SEL_KCODE >> 3] = descriptor(0, 0xfffff, D_CODE, D_FLAT);
	gdt[SEL_KDATA >> 3] = descriptor(0, 0xfffff, D_DATA, D_FLAT);
	gdt[SEL_UCODE >> 3] = descriptor(0, 0xfffff, D_CODE | D_DPL3, D_FLAT);
	gdt[SEL_UDATA >> 3] = descriptor(0, 0xfffff, D_DATA | D_DPL3, D_FLAT);
	gdt[SEL_TSS >> 3] = descriptor((u32)&ct->ct_tss, sizeof(struct tss) - 1, D_TSS, 0);
	gdt[SEL_DF_TSS >> 3] = descriptor((u32)&ct->ct_df_tss, sizeof(struct tss) - 1, D_TSS, 0);
	c->c_gdt = gdt;
	c->c_tss = &ct->ct_tss;
	load_gdt(gdt);
}

void gdt_set_kernel_cr3(u32 cr3)
{
	tables[curcpu()->c_id].ct_df_tss.ts_cr3 = cr3;
}

void gdt_set_tls(const u64 tls[SEL_TLS_COUNT])
{
	u64 *gdt = curcpu()->c_gdt;

	ASSERT(intr_off());
	for (int i = 0; i < SEL_TLS_COUNT; i++)
		gdt[SEL_TLS_FIRST + i] = tls[i];
}

void tss_set_esp0(u32 esp0)
{
	struct tss *ts = curcpu()->c_tss;

	ASSERT(intr_off());
	ts->ts_esp0 = esp0;
}

const struct tss *gdt_interrupted(const struct cpu *c)
{
	return c->c_tss;
}

static void set_gate(u32 vector, u32 entry, u32 type)
{
	idt[vector] = (struct gate){ (u16)entry, SEL_KCODE, (u16)type, (u16)(entry >> 16) };
}

void idt_init(void)
{
	for (u32 v = 0; v < 256; v++)
		set_gate(v, trap_stubs[v], GATE_INTERRUPT);
	/*
	 * A program may use the instructions int3 and into; any other "int n"
	 * causes #GP.
	 */
	set_gate(T_BREAK, trap_stubs[T_BREAK], GATE_INTERRUPT | GATE_DPL3);
	set_gate(T_OVERFLOW, trap_stubs[T_OVERFLOW], GATE_INTERRUPT | GATE_DPL3);
	set_gate(T_SYSCALL, (u32)syscall_entry, GATE_TRAP | GATE_DPL3);
	idt[T_DBLFLT] = (struct gate){ 0, SEL_DF_TSS, GATE_TASK, 0 };
	idt_load();
}

void idt_load(void)
{
	struct {
		u16 limit;
		u32 base;
	} __packed idtr = { sizeof(idt) - 1, (u32)idt };

	__asm__ volatile("lidt %0" : : "m"(idtr));
}
