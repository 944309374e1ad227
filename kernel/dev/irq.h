/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts through the I/O APIC, and interrupts between CPUs. Handlers
 * run with interrupts off, on one CPU at a time per line; several may share a
 * line.
 */
#ifndef KERNEL_DEV_IRQ_H
#define KERNEL_DEV_IRQ_H

#include "kernel/lib/types.h"

struct trapframe;

/*
 * Installs a handler. ISA line numbers are translated by the MADT's overrides;
 * PCI lines are level-triggered, active low.
 * Errors: -ENOSPC.
 */
int irq_register(u32 line, bool level, void (*fn)(void *arg), void *arg, const char *name);
/*
 * Called by kernel/trap.c for vectors T_IRQ0...: runs the handlers and ends the
 * interrupt.
 */
void irq_dispatch(u32 vector);
void lapic_eoi(void);
void ipi_send(u32 cpu_id, u32 vector);
void ipi_send_mask(u32 cpu_mask, u32 vector); /* never to this CPU */
/* Boot CPU, before interrupts are on: silences the old 8259 controllers. */
void pic_disable(void);
/*
 * Boot CPU, after acpi_init(): finds the APICs. The other CPUs:
 * lapic_init_cpu().
 */
void irq_init(void);
void lapic_init_cpu(void);
/*
 * For /proc/interrupts: how often a line has interrupted, and its first
 * handler's name; *name NULL: line not in use.
 */
u64 irq_count(u32 line, const char **name);

#endif
