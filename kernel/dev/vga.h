/* SPDX-License-Identifier: MIT */
/*
 * The VGA screen in text mode, 80x25, with the keyboard: terminal tty1, and a
 * console for the log.
 */
#ifndef KERNEL_DEV_VGA_H
#define KERNEL_DEV_VGA_H

/*
 * Looks for a screen in text mode and a keyboard, and registers them. After
 * hat_init(), irq_init().
 */
void vga_init(void);

#endif
