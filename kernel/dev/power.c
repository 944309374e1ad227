/* SPDX-License-Identifier: MIT */
/*
 * Power off and restart. Each way is tried in turn; a way that works does not
 * return.
 */
#include "kernel/dev/power.h"
#include "kernel/dev/acpi.h"
#include "kernel/dev/irq.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/trapframe.h"
#include "kernel/lib/x86.h"

#define PM1_SCI_EN 0x0001u
#define PM1_SLP_EN 0x2000u
#define PM1_SLP_TYP_MASK 0x1c00u
#define PM1_SLP_TYP(v) ((u32)((v)&7u) << 10)

/* Long enough for a device to act, on any clock. */
static void wait_a_moment(void)
{
	for (int i = 0; i < 100000; i++)
		outb(0x80, 0);
}

/* The other CPUs run nothing any more. */
static void power_stop_others(void)
{
	x86_cli();
	if (ncpu > 1)
		ipi_send_mask((1u << ncpu) - 1, T_IPI_STOP);
}

static void halt_here(void) __noreturn;
static void halt_here(void)
{
	for (;;) {
		x86_cli();
		x86_hlt();
	}
}

void power_halt(void)
{
	power_stop_others();
	halt_here();
}

/* The firmware may still own the power registers: ask for them. */
static void acpi_enable(void)
{
	if (!acpi.ai_smi_cmd || !acpi.ai_acpi_enable || (inw(acpi.ai_pm1a) & PM1_SCI_EN))
		return;
	outb(acpi.ai_smi_cmd, acpi.ai_acpi_enable);
	for (int i = 0; i < 100000 && !(inw(acpi.ai_pm1a) & PM1_SCI_EN); i++)
		outb(0x80, 0);
}

static void pm1_sleep(u16 port, u8 type)
{
	u32 keep = inw(port) & ~(PM1_SLP_TYP_MASK | PM1_SLP_EN);

	outw(port, (u16)(keep | PM1_SLP_TYP(type) | PM1_SLP_EN));
}

static void acpi_sleep(void)
{
	if (!acpi.ai_s5 || !acpi.ai_pm1a)
		return;
	acpi_enable();
	pm1_sleep(acpi.ai_pm1a, acpi.ai_s5_a);
	if (acpi.ai_pm1b)
		pm1_sleep(acpi.ai_pm1b, acpi.ai_s5_b);
	wait_a_moment();
}

void power_off(void)
{
	power_stop_others();
	acpi_sleep();
	outw(0x604, PM1_SLP_EN);  /* QEMU, i440fx and q35 */
	outw(0xb004, PM1_SLP_EN); /* Bochs, old QEMU */
	outw(0x4004, 0x3400);	  /* VirtualBox */
	wait_a_moment();
	printk("The machine does not switch itself off; it may be switched off now.\n");
	halt_here();
}

static void keyboard_reset(void)
{
	for (int i = 0; i < 10000 && (inb(0x64) & 2); i++)
		outb(0x80, 0);
	outb(0x64, 0xfe);
	wait_a_moment();
}

/* With no interrupt table left, the next exception resets the CPU. */
static void triple_fault(void)
{
	struct {
		u16 limit;
		u32 base;
	} __packed none = { 0, 0 };

	__asm__ volatile("lidt %0\n\tint3" : : "m"(none));
}

void power_reboot(void)
{
	power_stop_others();
	if (acpi.ai_reset_port) {
		outb(acpi.ai_reset_port, acpi.ai_reset_value);
		wait_a_moment();
	}
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
	wait_a_moment();
	keyboard_reset();
	triple_fault();
	halt_here();
}

void power_debug_exit(u8 code)
{
	outb(0xf4, code);
	halt_here();
}
