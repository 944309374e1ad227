/* SPDX-License-Identifier: MIT */
/*
 * The PS/2 keyboard behind the PC's 8042 controller (source: IBM PS/2 Hardware
 * Interface Technical Reference).
 */
#ifndef KERNEL_DEV_KBD_H
#define KERNEL_DEV_KBD_H

#include "kernel/lib/types.h"

/*
 * Starts the keyboard. `key` gets what each key sends, from the interrupt.
 * `cursor_keys` says whether arrows send their application sequences.
 * Returns: false: there is no keyboard.
 */
bool kbd_init(void (*key)(const u8 *buf, size_t len), bool (*cursor_keys)(void));

#endif
