/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: each CPU's own interrupt controller, its timer, and
 * interrupts between CPUs.
 * Source: Intel SDM vol. 3, chapter 11.
 */
#include "kernel/dev/lapic.h"
#include "kernel/dev/acpi.h"
#include "kernel/dev/irq.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/trapframe.h"
#include "kernel/lib/x86.h"
#include "mm/hat.h"

#define R_ID 0x020
#define R_VERSION 0x030
#define R_TPR 0x080
#define R_EOI 0x0b0
#define R_SVR 0x0f0
#define R_ESR 0x280
#define R_ICR_LOW 0x300
#define R_ICR_HIGH 0x310
#define R_LVT_TIMER 0x320
#define R_LVT_PERF 0x340
#define R_LVT_LINT0 0x350
#define R_LVT_LINT1 0x360
#define R_LVT_ERROR 0x370
#define R_TIMER_INIT 0x380
#define R_TIMER_NOW 0x390
#define R_TIMER_DIV 0x3e0

#define SVR_ENABLE 0x100u
#define LVT_MASKED 0x10000u
#define LVT_NMI 0x400u
#define LVT_TSC_DEADLINE 0x40000u
#define ICR_PENDING 0x1000u
#define ICR_ASSERT 0x4000u
#define ICR_NMI 0x400u
#define ICR_INIT 0x500u
#define ICR_STARTUP 0x600u
#define TIMER_DIV_1 0xbu

#define MSR_APIC_BASE 0x1b
#define MSR_APIC_BASE_ENABLE (1u << 11)
#define MSR_TSC_DEADLINE 0x6e0

static volatile u32 *regs;
static bool tsc_deadline;

static u32 rd(u32 reg)
{
	return regs[reg / 4];
}

static void wr(u32 reg, u32 v)
{
	regs[reg / 4] = v;
}

void lapic_init(void)
{
	u32 r[4];

	x86_cpuid(1, 0, r);
	if (!(r[3] & (1u << 9)))
		panic("this CPU has no local APIC; one is needed");
	tsc_deadline = (r[2] & (1u << 24)) != 0;
	x86_wrmsr(MSR_APIC_BASE, x86_rdmsr(MSR_APIC_BASE) | MSR_APIC_BASE_ENABLE);
	regs = mmio_map(acpi.ai_lapic, PAGE_SIZE);
	lapic_init_cpu();
}

void lapic_init_cpu(void)
{
	wr(R_SVR, SVR_ENABLE | T_SPURIOUS);
	wr(R_TPR, 0);
	wr(R_LVT_TIMER, T_LAPIC_TIMER | (tsc_deadline ? LVT_TSC_DEADLINE : 0));
	wr(R_TIMER_DIV, TIMER_DIV_1);
	wr(R_LVT_LINT0, LVT_MASKED);
	wr(R_LVT_LINT1, LVT_NMI);
	wr(R_LVT_ERROR, LVT_MASKED);
	if ((rd(R_VERSION) >> 16 & 0xff) >= 4)
		wr(R_LVT_PERF, LVT_MASKED);
	wr(R_ESR, 0);
	wr(R_EOI, 0);
}

u32 lapic_id(void)
{
	return rd(R_ID) >> 24;
}

void lapic_eoi(void)
{
	wr(R_EOI, 0);
}

/* The previous command must have been sent before the next is written. */
static void wait_icr(void)
{
	for (int i = 0; i < 1000000 && (rd(R_ICR_LOW) & ICR_PENDING); i++)
		x86_pause();
}

static void command(u32 apicid, u32 low)
{
	intr_push_off();
	wait_icr();
	wr(R_ICR_HIGH, apicid << 24);
	wr(R_ICR_LOW, low);
	intr_pop_off();
}

void ipi_send(u32 cpu_id, u32 vector)
{
	command(cpus[cpu_id].c_apicid, ICR_ASSERT | vector);
}

void ipi_send_mask(u32 cpu_mask, u32 vector)
{
	intr_push_off();
	cpu_mask &= ~(1u << curcpu()->c_id);
	for (u32 i = 0; cpu_mask; i++, cpu_mask >>= 1)
		if (cpu_mask & 1)
			ipi_send(i, vector);
	intr_pop_off();
}

void lapic_send_nmi(u32 apicid)
{
	command(apicid, ICR_ASSERT | ICR_NMI);
}

void lapic_send_init(u32 apicid)
{
	command(apicid, ICR_ASSERT | ICR_INIT);
}

void lapic_send_startup(u32 apicid, paddr_t page)
{
	command(apicid, ICR_ASSERT | ICR_STARTUP | page >> PAGE_SHIFT);
}

bool lapic_has_tsc_deadline(void)
{
	return tsc_deadline;
}

void lapic_timer_count(u32 count)
{
	wr(R_TIMER_INIT, count);
}

u32 lapic_timer_now(void)
{
	return rd(R_TIMER_NOW);
}

void lapic_timer_deadline(u64 tsc)
{
	x86_wrmsr(MSR_TSC_DEADLINE, tsc);
}
