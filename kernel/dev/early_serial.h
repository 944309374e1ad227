/* SPDX-License-Identifier: MIT */
/*
 * The first serial port without interrupts: the console until its driver takes
 * over.
 */
#ifndef KERNEL_DEV_EARLY_SERIAL_H
#define KERNEL_DEV_EARLY_SERIAL_H

/*
 * Sets COM1 to 115200 8N1 and makes it the early console ("ttyS0"), if it
 * exists.
 */
void early_serial_init(void);

#endif
