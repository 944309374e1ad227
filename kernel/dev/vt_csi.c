/* SPDX-License-Identifier: MIT */
/*
 * The terminal's control sequences (ESC [ ... letter): their parameters, what
 * each does, and answers.
 */
#include "kernel/dev/vt.h"
#include "kernel/lib/string.h"

#define PARAM_MAX 9999u

/* --- Answers --- */

void vt_answer(struct vt *vt, const char *s)
{
	size_t n = strlen(s);

	if (vt->vt_nreply + n > VT_REPLY)
		return;
	memcpy(vt->vt_reply + vt->vt_nreply, s, n);
	vt->vt_nreply += (u32)n;
}

static void append_number(char *s, u32 n)
{
	char digits[2] = { 0 };

	if (n >= 10)
		append_number(s, n / 10);
	digits[0] = (char)('0' + n % 10);
	memcpy(s + strlen(s), digits, sizeof(digits));
}

static void report_cursor(struct vt *vt)
{
	u32 row = vt->vt_cur.vc_row - (vt->vt_cur.vc_origin ? vt->vt_top : 0u);
	char s[16] = "\033[";

	append_number(s, row + 1);
	memcpy(s + strlen(s), ";", 2);
	append_number(s, vt->vt_cur.vc_col + 1u);
	memcpy(s + strlen(s), "R", 2);
	vt_answer(vt, s);
}

/* --- Control sequences --- */

/* Parameter i; `def` if it is missing or 0. */
static int param(const struct vt *vt, u32 i, int def)
{
	return i < vt->vt_nparam && vt->vt_param[i] ? vt->vt_param[i] : def;
}

/* The nearest of the eight colours to a place of the 256-colour palette. */
static u8 colour_of_256(u32 n)
{
	u32 r, g, b;

	if (n < 16)
		return (u8)(n & 7);
	if (n >= 232)
		return n < 244 ? 0 : 7;
	n -= 16;
	r = n / 36;
	g = n / 6 % 6;
	b = n % 6;
	return (u8)((r > 2) | (g > 2) << 1 | (b > 2) << 2);
}

/*
 * 38 and 48: 5;n or 2;r;g;b.
 * Returns: how many more parameters they took.
 */
static u32 extended_colour(const struct vt *vt, u32 i, u8 *colour)
{
	u32 left = vt->vt_nparam - i - 1;
	const u16 *p = vt->vt_param + i + 1;

	if (left >= 2 && p[0] == 5) {
		*colour = colour_of_256(p[1] & 0xff);
		return 2;
	}
	if (left >= 4 && p[0] == 2) {
		*colour = (u8)((p[1] > 127) | (p[2] > 127) << 1 | (p[3] > 127) << 2);
		return 4;
	}
	return left;
}

static void attributes_off(struct vt_cursor *c)
{
	c->vc_fg = 7;
	c->vc_bg = 0;
	c->vc_bold = c->vc_under = c->vc_blink = c->vc_reverse = false;
}

static u32 select_graphic(struct vt *vt, u32 i)
{
	struct vt_cursor *c = &vt->vt_cur;
	u32 n = vt->vt_param[i];

	switch (n) {
	case 0: attributes_off(c); break;
	case 1: c->vc_bold = true; break;
	case 4: c->vc_under = true; break;
	case 5: c->vc_blink = true; break;
	case 7: c->vc_reverse = true; break;
	case 2:
	case 22: c->vc_bold = false; break;
	case 24: c->vc_under = false; break;
	case 25: c->vc_blink = false; break;
	case 27: c->vc_reverse = false; break;
	case 38: return extended_colour(vt, i, &c->vc_fg);
	case 39: c->vc_fg = 7; break;
	case 48: return extended_colour(vt, i, &c->vc_bg);
	case 49: c->vc_bg = 0; break;
	default:
		if (n >= 30 && n <= 37)
			c->vc_fg = (u8)(n - 30);
		else if (n >= 40 && n <= 47)
			c->vc_bg = (u8)(n - 40);
		else if (n >= 90 && n <= 97)
			c->vc_fg = (u8)(n - 90 + 8);
		else if (n >= 100 && n <= 107)
			c->vc_bg = (u8)(n - 100);
		break;
	}
	return 0;
}

static void select_graphics(struct vt *vt)
{
	for (u32 i = 0; i < vt->vt_nparam; i++)
		i += select_graphic(vt, i);
}

static void set_mode(struct vt *vt, u32 mode, bool on)
{
	if (!vt->vt_private) {
		if (mode == 4)
			vt->vt_insert = on;
		else if (mode == 20)
			vt->vt_newline = on;
		return;
	}
	switch (mode) {
	case 1: vt->vt_appcursor = on; break;
	case 6:
		vt->vt_cur.vc_origin = on;
		vt_move(vt, 0, 0);
		break;
	case 7: vt->vt_nowrap = !on; break;
	case 25: vt->vt_hidden = !on; break;
	default: break;
	}
}

static void set_region(struct vt *vt)
{
	int top = param(vt, 0, 1), bottom = param(vt, 1, VT_ROWS);

	if (bottom > VT_ROWS)
		bottom = VT_ROWS;
	if (top >= bottom)
		return;
	vt->vt_top = (u8)(top - 1);
	vt->vt_bottom = (u8)(bottom - 1);
	vt_move(vt, 0, 0);
}

static void clear_tabs(struct vt *vt)
{
	u8 col = vt->vt_cur.vc_col;

	if (param(vt, 0, 0) == 3)
		memset(vt->vt_tabs, 0, sizeof(vt->vt_tabs));
	else if (param(vt, 0, 0) == 0)
		vt->vt_tabs[col / 8] &= (u8) ~(1u << col % 8);
}

static void report(struct vt *vt)
{
	if (param(vt, 0, 0) == 5)
		vt_answer(vt, "\033[0n");
	else if (param(vt, 0, 0) == 6)
		report_cursor(vt);
}

static bool csi_move(struct vt *vt, u8 c)
{
	int n = param(vt, 0, 1), row = vt->vt_cur.vc_row, top = vt->vt_cur.vc_origin ? vt->vt_top : 0;

	switch (c) {
	case 'A': vt_move_rel(vt, -n, 0); break;
	case 'B':
	case 'e': vt_move_rel(vt, n, 0); break;
	case 'C':
	case 'a': vt_move_rel(vt, 0, n); break;
	case 'D': vt_move_rel(vt, 0, -n); break;
	case 'E': vt_move_rel(vt, n, -VT_COLS); break;
	case 'F': vt_move_rel(vt, -n, -VT_COLS); break;
	case 'G':
	case '`': vt_move(vt, row - top, n - 1); break;
	case 'd': vt_move(vt, n - 1, vt->vt_cur.vc_col); break;
	case 'H':
	case 'f': vt_move(vt, n - 1, param(vt, 1, 1) - 1); break;
	case 'Z': vt_tab(vt, -n); break;
	case 's': vt->vt_saved = vt->vt_cur; break;
	case 'u': vt->vt_cur = vt->vt_saved; break;
	default: return false;
	}
	return true;
}

static bool csi_edit(struct vt *vt, u8 c)
{
	int n = param(vt, 0, 1);

	switch (c) {
	case '@': vt_insert_chars(vt, n); break;
	case 'P': vt_insert_chars(vt, -n); break;
	case 'L': vt_insert_lines(vt, n); break;
	case 'M': vt_insert_lines(vt, -n); break;
	case 'J': vt_erase_display(vt, (u32)param(vt, 0, 0)); break;
	case 'K': vt_erase_line(vt, (u32)param(vt, 0, 0)); break;
	case 'X': vt_erase_chars(vt, n); break;
	case 'S': vt_scroll(vt, vt->vt_top, vt->vt_bottom, n); break;
	case 'T': vt_scroll(vt, vt->vt_top, vt->vt_bottom, -n); break;
	default: return false;
	}
	return true;
}

static void csi_other(struct vt *vt, u8 c)
{
	switch (c) {
	case 'c':
		if (!vt->vt_private)
			vt_answer(vt, "\033[?6c");
		break;
	case 'g': clear_tabs(vt); break;
	case 'm': select_graphics(vt); break;
	case 'n': report(vt); break;
	case 'r': set_region(vt); break;
	case 'h':
	case 'l':
		for (u32 i = 0; i < vt->vt_nparam; i++)
			set_mode(vt, vt->vt_param[i], c == 'h');
		break;
	default: break;
	}
}

static void csi_final(struct vt *vt, u8 c)
{
	vt->vt_state = VTS_GROUND;
	if (vt->vt_private) {
		if (c == 'h' || c == 'l')
			csi_other(vt, c);
		return;
	}
	if (!csi_move(vt, c) && !csi_edit(vt, c))
		csi_other(vt, c);
}

void vt_csi(struct vt *vt, u8 c)
{
	u16 *p = &vt->vt_param[vt->vt_nparam - 1];

	if (c >= '0' && c <= '9') {
		*p = (u16)MIN(*p * 10u + (u32)(c - '0'), PARAM_MAX);
	} else if (c == ';' || c == ':') {
		if (vt->vt_nparam == VT_MAXPARAM)
			vt->vt_state = VTS_CSI_IGNORE;
		else
			vt->vt_param[vt->vt_nparam++] = 0;
	} else if (c == '?' && vt->vt_nparam == 1 && *p == 0) {
		vt->vt_private = true;
	} else if (c >= 0x40 && c < 0x7f) {
		csi_final(vt, c);
	} else {
		vt->vt_state = VTS_CSI_IGNORE;
	}
}

void vt_csi_begin(struct vt *vt)
{
	vt->vt_state = VTS_CSI;
	vt->vt_private = false;
	vt->vt_nparam = 1;
	vt->vt_param[0] = 0;
}
