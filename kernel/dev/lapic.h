/* SPDX-License-Identifier: MIT */
/*
 * The local APIC below kernel/dev/irq.h and clock.h: its timer, and the signals
 * that start and stop CPUs.
 */
#ifndef KERNEL_DEV_LAPIC_H
#define KERNEL_DEV_LAPIC_H

#include "kernel/lib/types.h"

/*
 * Boot CPU, once: maps the registers, and prepares this CPU's. The other CPUs:
 * lapic_init_cpu() (irq.h).
 */
void lapic_init(void);
/* The local APIC id of this CPU. */
u32 lapic_id(void);

void lapic_send_nmi(u32 apicid);
void lapic_send_init(u32 apicid);
/* Begins execution at `page`, below 1 MiB. */
void lapic_send_startup(u32 apicid, paddr_t page);

/*
 * The timer, one-shot, vector T_LAPIC_TIMER. With a TSC deadline: at that TSC
 * value. Otherwise a count of its own clock; 0 stops it.
 */
bool lapic_has_tsc_deadline(void);
void lapic_timer_deadline(u64 tsc);
void lapic_timer_count(u32 count);
u32 lapic_timer_now(void);

#endif
