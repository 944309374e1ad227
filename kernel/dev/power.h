/* SPDX-License-Identifier: MIT */
/*
 * The ways a machine ends. None of these returns; all stop the other CPUs first; nothing is written back here: that is
 * done by who calls.
 */
#ifndef KERNEL_DEV_POWER_H
#define KERNEL_DEV_POWER_H

#include "kernel/lib/types.h"

/* Switches the machine off: ACPI's S5 state, then the ports of known virtual machines; else halts, saying so. */
void power_off(void) __noreturn;
/* Restarts it: ACPI's reset register, the PCI chip set's port, the keyboard controller, a triple fault. */
void power_reboot(void) __noreturn;
/* Stops all CPUs for ever. */
void power_halt(void) __noreturn;

/* Ends QEMU with status code * 2 + 1, if it has the isa-debug-exit device; else halts. */
#define POWER_EXIT_PANIC 0x31
void power_debug_exit(u8 code) __noreturn;

#endif
