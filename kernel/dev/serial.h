/* SPDX-License-Identifier: MIT */
/*
 * The 16550 serial ports: ttyS0 (COM1, ports 0x3f8, IRQ 4) and ttyS1 (COM2,
 * ports 0x2f8, IRQ 3).
 */
#ifndef KERNEL_DEV_SERIAL_H
#define KERNEL_DEV_SERIAL_H

#include "kernel/lib/types.h"

#define SERIAL_MINOR 64 /* of ttyS0, major 4 */
#define SERIAL_PORTS 2

/* Looks for the ports and registers them as terminals. After irq_init(). */
void serial_init(void);

struct serial_stats {
	u64 ss_rx, ss_tx, ss_overrun, ss_error, ss_break;
};
/* False: there is no such port. */
bool serial_stats(u32 port, struct serial_stats *st);

#endif
