/* SPDX-License-Identifier: MIT */
/*
 * The features of a CPU, and the control registers that depend on them.
 * Source: Intel SDM vol. 2 (CPUID), vol. 3, 2.5.
 */
#include "kernel/cpu.h"
#include "kernel/dev/irq.h"
#include "kernel/gdt.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/layout.h"
#include "mm/usercopy.h"
#include "proc/sched/lwp.h"
#include "kernel/smp.h"

#define EDX_PSE (1u << 3)
#define EDX_TSC (1u << 4)
#define EDX_PGE (1u << 13)
#define EDX_FXSR (1u << 24)
#define EDX_SSE (1u << 25)
#define EBX7_SMEP (1u << 7)
#define EBX7_SMAP (1u << 20)

struct cpu cpus[MAXCPU];
u32 ncpu = 1;
struct cpu_ident cpu_ident;

/* boot/boot.inc has the same values. */
_Static_assert(KSTACK_SIZE == 8192 && KSTACK_CANARY == 0x5afe57ac, "boot.inc");
_Static_assert(offsetof(struct kstack_info, ki_cpu) == 4 && offsetof(struct kstack_info, ki_canary) == 8, "boot.inc");
_Static_assert(KERNEL_BASE == 0xc0000000, "boot.inc");

/* kernel/entry.asm: places for `clac`, three bytes each. */
extern u8 *const clac_sites[], *const clac_sites_end[];

static u8 df_stack_boot[KSTACK_SIZE] __aligned(KSTACK_SIZE);

static void read_brand(char *to)
{
	u32 r[4];

	x86_cpuid(0x80000000, 0, r);
	if (r[0] < 0x80000004)
		return;
	for (u32 i = 0; i < 3; i++) {
		x86_cpuid(0x80000002 + i, 0, r);
		memcpy(to + 16 * i, r, 16);
	}
}

static void identify(struct cpu_ident *id)
{
	u32 r[4], max;

	x86_cpuid(0, 0, r);
	max = r[0];
	memcpy(id->id_vendor, &r[1], 4);
	memcpy(id->id_vendor + 4, &r[3], 4);
	memcpy(id->id_vendor + 8, &r[2], 4);
	read_brand(id->id_brand);
	x86_cpuid(1, 0, r);
	id->id_stepping = r[0] & 15;
	id->id_model = (r[0] >> 4 & 15) | (r[0] >> 12 & 0xf0);
	id->id_family = (r[0] >> 8 & 15) + (r[0] >> 20 & 0xff);
	id->id_feat_edx = r[3];
	id->id_feat_ecx = r[2];
	if (max >= 7) {
		x86_cpuid(7, 0, r);
		id->id_feat7_ebx = r[1];
	}
}

/* The bits of CR4 that this CPU has and the kernel wants; SMAP is set later. */
void cpu_set_cr4(void)
{
	u32 edx = cpu_ident.id_feat_edx, cr4 = CR4_PSE;

	if (edx & EDX_PGE)
		cr4 |= CR4_PGE;
	if (edx & EDX_FXSR)
		cr4 |= CR4_OSFXSR;
	if (edx & EDX_SSE)
		cr4 |= CR4_OSXMMEXCPT;
	if (cpu_ident.id_feat7_ebx & EBX7_SMEP)
		cr4 |= CR4_SMEP;
	if (usercopy_smap)
		cr4 |= CR4_SMAP;
	x86_set_cr4(cr4);
}

void cpu_init_boot(void)
{
	u32 need = EDX_PSE | EDX_TSC | EDX_FXSR;

	identify(&cpu_ident);
	gdt_init_cpu(&cpus[0], df_stack_boot);
	idt_init();
	pic_disable();
	if ((cpu_ident.id_feat_edx & need) != need)
		panic("this CPU is too old: PSE, TSC and FXSR are needed, CPUID says %08x",
		      cpu_ident.id_feat_edx);
	cpu_set_cr4();
	if ((cpu_ident.id_feat7_ebx & EBX7_SMAP))
		for (u8 *const *site = clac_sites; site < clac_sites_end; site++)
			memcpy(*site, "\x0f\x01\xca", 3);
	page_zero_sse = (cpu_ident.id_feat_edx & EDX_SSE) != 0;
	cpus[0].c_online = 1;
}

void cpu_init_paging(void)
{
	gdt_set_kernel_cr3(x86_cr3());
}

void cpu_protect_user(void)
{
	if (!(cpu_ident.id_feat7_ebx & EBX7_SMAP))
		return;
	usercopy_smap = 1;
	x86_set_cr4(x86_cr4() | CR4_SMAP);
}
