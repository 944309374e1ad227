/* SPDX-License-Identifier: MIT */
/*
 * Translates scan codes (set 1, from the PC's keyboard controller) into what a
 * terminal sends, US layout. Touches no hardware, so it compiles natively for
 * its test. Sequences are those of TERM=linux.
 */
#ifndef KERNEL_DEV_KBD_DECODE_H
#define KERNEL_DEV_KBD_DECODE_H

#include "kernel/lib/types.h"

#define KBD_MAXOUT 8

struct kbd_state {
	bool ks_shift[2], ks_ctrl[2], ks_alt[2]; /* left, right */
	bool ks_caps, ks_num, ks_scroll;	 /* as the lights show */
	bool ks_e0;				 /* the prefix came */
	u8 ks_e1;				 /* bytes of Pause left */
};

/*
 * Takes one byte, and puts the bytes that it sends into out. appcursor: arrows
 * as ESC O A.
 * Returns: how many bytes.
 */
u32 kbd_decode(struct kbd_state *ks, u8 code, bool appcursor, u8 out[KBD_MAXOUT]);

#endif
