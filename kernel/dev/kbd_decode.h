/* SPDX-License-Identifier: MIT */
/*
 * From scan codes (set 1, as the PC's keyboard controller gives them) to what a terminal sends, US layout. Knows no hardware, so that
 * it compiles natively for its test. Sequences are those of TERM=linux.
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

/* Takes one byte; puts what it sends in out and returns how many bytes that is. appcursor: arrows as ESC O A. */
u32 kbd_decode(struct kbd_state *ks, u8 code, bool appcursor, u8 out[KBD_MAXOUT]);

#endif
