/* SPDX-License-Identifier: MIT */
/*
 * The bytes that programs send to a terminal: text in UTF-8, control
 * characters, escape sequences (ECMA-48; DEC's from the VT102 User Guide).
 * Sequences that begin with CSI are in kernel/dev/vt_csi.c.
 */
#include "kernel/dev/vt.h"
#include "kernel/lib/string.h"

#define CAN 0x18
#define SUB 0x1a
#define ESC 0x1b
#define BOX 0xfe

/* --- Characters --- */

/*
 * Code page 437 from 0x80 on, as Unicode (source: unicode.org,
 * VENDORS/MICSFT/PC/CP437.TXT).
 */
static const u16 cp437[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8,
	0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2,
	0x00fb, 0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1,
	0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd,
	0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562,
	0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534,
	0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560,
	0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
	0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x03b1, 0x00df, 0x0393,
	0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6,
	0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248, 0x00b0,
	0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

u8 vt_cp437(u32 c)
{
	if (c < 0x7f)
		return (u8)c;
	for (u32 i = 0; i < ARRAY_SIZE(cp437); i++) {
		if (cp437[i] == c)
			return (u8)(0x80 + i);
	}
	return BOX;
}

/* The line drawing set, from '`' to '~', in code page 437. */
static const u8 graphics[] = { 0x04, 0xb1, BOX,	 BOX,  BOX,  BOX,  0xf8, 0xf1, BOX,  BOX,  0xd9,
			       0xbf, 0xda, 0xc0, 0xc5, 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc3, 0xb4,
			       0xc1, 0xc2, 0xb3, 0xf3, 0xf2, 0xe3, BOX,	 0x9c, 0xfa };

static void print(struct vt *vt, u32 c)
{
	bool graphic = vt->vt_cur.vc_graphic[vt->vt_cur.vc_shift];

	if (graphic && c >= '`' && c <= '~')
		vt_put(vt, graphics[c - '`']);
	else
		vt_put(vt, vt_cp437(c));
}

static void start_utf8(struct vt *vt, u8 c)
{
	if (c >= 0xc2 && c <= 0xdf) {
		vt->vt_utf8 = c & 0x1f;
		vt->vt_utf8_left = 1;
		vt->vt_utf8_min = 0x80;
	} else if ((c & 0xf0) == 0xe0) {
		vt->vt_utf8 = c & 0x0f;
		vt->vt_utf8_left = 2;
		vt->vt_utf8_min = 0x800;
	} else if (c >= 0xf0 && c <= 0xf4) {
		vt->vt_utf8 = c & 0x07;
		vt->vt_utf8_left = 3;
		vt->vt_utf8_min = 0x10000;
	} else {
		vt_put(vt, BOX);
	}
}

/* Bytes above 0x7f, and the first byte after an incomplete character. */
static void text(struct vt *vt, u8 c)
{
	if (vt->vt_utf8_left && (c & 0xc0) == 0x80) {
		vt->vt_utf8 = vt->vt_utf8 << 6 | (c & 0x3f);
		if (--vt->vt_utf8_left == 0)
			print(vt, vt->vt_utf8 < vt->vt_utf8_min ? 0xfffd : vt->vt_utf8);
		return;
	}
	if (vt->vt_utf8_left) {
		vt->vt_utf8_left = 0;
		vt_put(vt, BOX);
	}
	if (c < 0x80)
		print(vt, c);
	else
		start_utf8(vt, c);
}

static void control(struct vt *vt, u8 c)
{
	switch (c) {
	case '\b': vt_move_rel(vt, 0, -1); break;
	case '\t': vt_tab(vt, 1); break;
	case '\n':
	case '\v':
	case '\f':
		vt_linefeed(vt);
		if (vt->vt_newline)
			vt->vt_cur.vc_col = 0;
		break;
	case '\r':
		vt->vt_cur.vc_col = 0;
		vt->vt_cur.vc_wrap = false;
		break;
	case 0x0e: vt->vt_cur.vc_shift = 1; break;
	case 0x0f: vt->vt_cur.vc_shift = 0; break;
	case CAN:
	case SUB: vt->vt_state = VTS_GROUND; break;
	case ESC: vt->vt_state = VTS_ESC; break;
	default: break;
	}
}

/* --- Escape sequences --- */

static void escape(struct vt *vt, u8 c)
{
	vt->vt_state = VTS_GROUND;
	switch (c) {
	case '[': vt_csi_begin(vt); break;
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		vt->vt_state = VTS_STRING;
		vt->vt_skip = c == ']';
		break;
	case '(':
	case ')':
		vt->vt_state = VTS_CHARSET;
		vt->vt_charset = c == ')';
		break;
	case '#':
	case '%': vt->vt_state = VTS_SKIP; break;
	case '7': vt->vt_saved = vt->vt_cur; break;
	case '8': vt->vt_cur = vt->vt_saved; break;
	case 'D': vt_linefeed(vt); break;
	case 'E':
		vt_linefeed(vt);
		vt->vt_cur.vc_col = 0;
		break;
	case 'H': vt->vt_tabs[vt->vt_cur.vc_col / 8] |= (u8)(1u << vt->vt_cur.vc_col % 8); break;
	case 'M': vt_reverse_linefeed(vt); break;
	case 'Z': vt_answer(vt, "\033[?6c"); break;
	case 'c': vt_reset(vt); break;
	default: break;
	}
}

/*
 * The Linux console's ESC ] P and ESC ] R have no end mark: vt_skip is 1 just
 * after ESC ].
 */
static void string(struct vt *vt, u8 c)
{
	bool first = vt->vt_skip == 1;

	vt->vt_skip = 0;
	if (first && c == 'P') {
		vt->vt_state = VTS_PALETTE;
		vt->vt_skip = 7;
	} else if ((first && c == 'R') || c == '\a' || c == CAN || c == SUB) {
		vt->vt_state = VTS_GROUND;
	} else if (c == ESC) {
		/* the \ behind it does nothing by itself */
		vt->vt_state = VTS_ESC;
	}
}

static void byte(struct vt *vt, u8 c)
{
	if (vt->vt_state == VTS_STRING) {
		string(vt, c);
		return;
	}
	if (c < 0x20) {
		control(vt, c);
		return;
	}
	if (c == 0x7f)
		return;
	switch (vt->vt_state) {
	case VTS_ESC: escape(vt, c); break;
	case VTS_CSI: vt_csi(vt, c); break;
	case VTS_CSI_IGNORE:
		if (c >= 0x40)
			vt->vt_state = VTS_GROUND;
		break;
	case VTS_CHARSET:
		vt->vt_cur.vc_graphic[vt->vt_charset] = c == '0';
		vt->vt_state = VTS_GROUND;
		break;
	case VTS_SKIP: vt->vt_state = VTS_GROUND; break;
	case VTS_PALETTE:
		if (--vt->vt_skip == 0)
			vt->vt_state = VTS_GROUND;
		break;
	default: text(vt, c); break;
	}
}

void vt_write(struct vt *vt, const u8 *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		byte(vt, buf[i]);
}
