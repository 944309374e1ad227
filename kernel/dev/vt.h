/* SPDX-License-Identifier: MIT */
/*
 * A terminal as a screen of cells: the part of ECMA-48 and of the VT102 that
 * TERM=linux or vt100 programs use. Touches no hardware, so it compiles
 * natively for its test. kernel/dev/vga.c shows it.
 *
 * A cell is as in VGA text mode: the character (code page 437) in the low byte,
 * colours in the high byte:
 *   15 blink | 14..12 background | 11 bright | 10..8 foreground | 7..0
 *   character
 *
 *   C0      BS HT LF VT FF CR SO SI ESC CAN SUB
 *   ESC     7 8 D E H M Z c = > ( ) # %
 *   CSI     @ A B C D E F G H J K L M P S T X Z ` a c d e f g h l m n r s u
 *   modes   4 insert, 20 new line; ?1 cursor keys, ?6 origin, ?7 wrap, ?25
 *           cursor
 *
 * Strings (OSC, DCS and similar) are read and dropped. Text is UTF-8; a
 * character that code page 437 lacks is shown as a box.
 * Locks: the owner's.
 */
#ifndef KERNEL_DEV_VT_H
#define KERNEL_DEV_VT_H

#include "kernel/lib/types.h"

#define VT_ROWS 25
#define VT_COLS 80
#define VT_MAXPARAM 16
#define VT_REPLY 64

enum vt_state {
	VTS_GROUND,
	VTS_ESC,
	VTS_CSI,
	VTS_CSI_IGNORE, /* an unknown sequence, up to its final byte */
	VTS_CHARSET,	/* ESC ( or ) */
	VTS_SKIP,	/* ESC # or %: one more byte */
	VTS_STRING,	/* up to BEL or ESC \ */
	VTS_PALETTE,	/* ESC ] P: seven digits */
};

/* The state that ESC 7 saves. */
struct vt_cursor {
	u8 vc_row, vc_col;
	/* the last column was written: the next character begins a new line */
	bool vc_wrap;
	bool vc_origin;
	u8 vc_fg, vc_bg; /* ANSI colours */
	bool vc_bold, vc_under, vc_blink, vc_reverse;
	bool vc_graphic[2]; /* G0, G1 hold the line drawing set */
	u8 vc_shift;	    /* which of them is in use */
};

struct vt {
	u16 vt_cell[VT_ROWS][VT_COLS];
	struct vt_cursor vt_cur, vt_saved;
	u8 vt_top, vt_bottom; /* scroll region, both inside */
	bool vt_insert, vt_newline, vt_nowrap, vt_hidden;
	bool vt_appcursor; /* the keyboard sends ESC O A for arrows */
	u8 vt_tabs[VT_COLS / 8];

	enum vt_state vt_state;
	u8 vt_charset;	 /* the set that ESC ( or ) names: 0 or 1 */
	u8 vt_skip;	 /* digits left of a palette entry */
	bool vt_private; /* CSI ? */
	u16 vt_param[VT_MAXPARAM];
	u32 vt_nparam;
	/* the character being decoded, and its least valid value */
	u32 vt_utf8, vt_utf8_min;
	u8 vt_utf8_left;

	/* For the owner, which clears them. */
	u32 vt_scrolled; /* lines by which the whole screen scrolled up */
	/* answers to the program's queries, as if typed */
	u8 vt_reply[VT_REPLY];
	u32 vt_nreply;
};

void vt_init(struct vt *vt);
void vt_write(struct vt *vt, const u8 *buf, size_t len);

/*
 * The character of code page 437 that looks like c; 0xfe (a box) if none does.
 */
u8 vt_cp437(u32 c);

/*
 * kernel/dev/vt.c, for kernel/dev/vt_parse.c: operations on the screen.
 * Positions count from 0; positions outside the screen are limited to it.
 */
void vt_reset(struct vt *vt);
void vt_put(struct vt *vt, u8 c);
/* absolute; with origin mode inside the region */
void vt_move(struct vt *vt, int row, int col);
void vt_move_rel(struct vt *vt, int rows, int cols); /* stops at the margins */
void vt_linefeed(struct vt *vt);
void vt_reverse_linefeed(struct vt *vt);
/* back if negative */
void vt_tab(struct vt *vt, int n);
/* up; down if negative */
void vt_scroll(struct vt *vt, int top, int bottom, int n);
void vt_erase_display(struct vt *vt, u32 what);
void vt_erase_line(struct vt *vt, u32 what);
void vt_erase_chars(struct vt *vt, int n);
void vt_insert_chars(struct vt *vt, int n); /* deletes if negative */
void vt_insert_lines(struct vt *vt, int n); /* deletes if negative */

/*
 * kernel/dev/vt_csi.c: a control sequence, after its ESC [; an answer to the
 * program.
 */
void vt_csi_begin(struct vt *vt);
void vt_csi(struct vt *vt, u8 c);
void vt_answer(struct vt *vt, const char *s);

#endif
