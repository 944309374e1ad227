/* SPDX-License-Identifier: MIT */
/*
 * The ways to stop the machine. None of these returns; all stop the other CPUs
 * first. None writes data back: the caller does that before.
 */
#ifndef KERNEL_DEV_POWER_H
#define KERNEL_DEV_POWER_H

#include "kernel/lib/types.h"

/*
 * Switches the machine off: ACPI's S5 state, then the ports of known virtual
 * machines. If that fails, it prints so and halts.
 */
void power_off(void) __noreturn;
/*
 * Restarts it: ACPI's reset register, the PCI chip set's port, the keyboard
 * controller, a triple fault.
 */
void power_reboot(void) __noreturn;
/* Stops all CPUs forever. */
void power_halt(void) __noreturn;

/*
 * Ends QEMU with status code * 2 + 1, if it has the isa-debug-exit device; else
 * halts.
 */
#define POWER_EXIT_PANIC 0x31
void power_debug_exit(u8 code) __noreturn;

#endif
