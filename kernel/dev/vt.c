/* SPDX-License-Identifier: MIT */
/* The screen of a terminal: cells, cursor, scrolling. */
#include "kernel/dev/vt.h"
#include "kernel/lib/string.h"

#define BLANK ' '

static int clamp(int v, int low, int high)
{
	return v < low ? low : v > high ? high : v;
}

/* --- Colours --- */

/* ANSI counts red 1, green 2, blue 4; VGA the other way round. */
static u16 vga_colour(u8 ansi)
{
	return (u16)((ansi & 2) | (ansi & 1) << 2 | (ansi & 4) >> 2);
}

/* The high byte of a cell written now. */
static u16 attribute(const struct vt_cursor *c)
{
	u16 fg = vga_colour(c->vc_fg), bg = vga_colour(c->vc_bg);

	if (c->vc_under && fg == 7)
		fg = 3; /* colour modes cannot underline: cyan instead */
	if (c->vc_reverse) {
		u16 swap = fg;

		fg = bg;
		bg = swap;
	}
	if (c->vc_bold || (c->vc_fg & 8))
		fg |= 8;
	return (u16)((fg | bg << 4 | (c->vc_blink ? 0x80 : 0)) << 8);
}

/* Erased cells keep the background. */
static u16 blank(const struct vt *vt)
{
	return (u16)(BLANK | 0x0700 | vga_colour(vt->vt_cur.vc_bg) << 12);
}

/* Two cells at a time: an escape sequence of two bytes erases the screen. */
static void vt_fill(struct vt *vt, int row, int from, int to)
{
	u16 cell = blank(vt), *at = vt->vt_cell[row] + from, *end = vt->vt_cell[row] + to;
	u32 pair = (u32)cell << 16 | cell;

	if (from & 1 && at < end)
		*at++ = cell;
	for (; end - at >= 2; at += 2)
		*(u32 *)at = pair;
	if (at < end)
		*at = cell;
}

/* --- Reset --- */

void vt_reset(struct vt *vt)
{
	vt->vt_cur = (struct vt_cursor){ .vc_fg = 7 };
	vt->vt_saved = vt->vt_cur;
	vt->vt_top = 0;
	vt->vt_bottom = VT_ROWS - 1;
	vt->vt_insert = vt->vt_newline = vt->vt_nowrap = vt->vt_hidden = vt->vt_appcursor = false;
	memset(vt->vt_tabs, 0x01, sizeof(vt->vt_tabs));
	vt->vt_state = VTS_GROUND;
	vt->vt_utf8_left = 0;
	vt_erase_display(vt, 2);
}

void vt_init(struct vt *vt)
{
	memset(vt, 0, sizeof(*vt));
	vt_reset(vt);
}

/* --- Cursor --- */

static void place(struct vt *vt, int row, int col)
{
	vt->vt_cur.vc_row = (u8)row;
	vt->vt_cur.vc_col = (u8)col;
	vt->vt_cur.vc_wrap = false;
}

void vt_move(struct vt *vt, int row, int col)
{
	int low = 0, high = VT_ROWS - 1;

	if (vt->vt_cur.vc_origin) {
		low = vt->vt_top;
		high = vt->vt_bottom;
		row += low;
	}
	place(vt, clamp(row, low, high), clamp(col, 0, VT_COLS - 1));
}

/* The margins hold the cursor only if it starts between them. */
void vt_move_rel(struct vt *vt, int rows, int cols)
{
	int row = vt->vt_cur.vc_row;
	int low = row >= vt->vt_top ? vt->vt_top : 0;
	int high = row <= vt->vt_bottom ? vt->vt_bottom : VT_ROWS - 1;

	place(vt, clamp(row + rows, low, high), clamp(vt->vt_cur.vc_col + cols, 0, VT_COLS - 1));
}

void vt_tab(struct vt *vt, int n)
{
	int col = vt->vt_cur.vc_col, step = n < 0 ? -1 : 1;

	for (; n != 0; n -= step) {
		do
			col += step;
		while (col > 0 && col < VT_COLS - 1 && !(vt->vt_tabs[col / 8] >> col % 8 & 1));
		if (col <= 0 || col >= VT_COLS - 1)
			break;
	}
	place(vt, vt->vt_cur.vc_row, clamp(col, 0, VT_COLS - 1));
}

/* --- Scrolling --- */

void vt_scroll(struct vt *vt, int top, int bottom, int n)
{
	int lines = bottom - top + 1, keep;

	n = clamp(n, -lines, lines);
	keep = lines - (n < 0 ? -n : n);
	if (n > 0 && lines == VT_ROWS)
		vt->vt_scrolled += (u32)n;
	if (n > 0)
		memmove(vt->vt_cell[top], vt->vt_cell[top + n], (size_t)keep * sizeof(vt->vt_cell[0]));
	else
		memmove(vt->vt_cell[top - n], vt->vt_cell[top], (size_t)keep * sizeof(vt->vt_cell[0]));
	for (int row = n > 0 ? top + keep : top; row < (n > 0 ? bottom + 1 : top - n); row++)
		vt_fill(vt, row, 0, VT_COLS);
}

void vt_linefeed(struct vt *vt)
{
	vt->vt_cur.vc_wrap = false;
	if (vt->vt_cur.vc_row == vt->vt_bottom)
		vt_scroll(vt, vt->vt_top, vt->vt_bottom, 1);
	else if (vt->vt_cur.vc_row < VT_ROWS - 1)
		vt->vt_cur.vc_row++;
}

void vt_reverse_linefeed(struct vt *vt)
{
	vt->vt_cur.vc_wrap = false;
	if (vt->vt_cur.vc_row == vt->vt_top)
		vt_scroll(vt, vt->vt_top, vt->vt_bottom, -1);
	else if (vt->vt_cur.vc_row > 0)
		vt->vt_cur.vc_row--;
}

void vt_insert_lines(struct vt *vt, int n)
{
	int row = vt->vt_cur.vc_row;

	if (row < vt->vt_top || row > vt->vt_bottom)
		return;
	vt_scroll(vt, row, vt->vt_bottom, -clamp(n, -VT_ROWS, VT_ROWS));
	place(vt, row, 0);
}

/* --- Characters --- */

void vt_insert_chars(struct vt *vt, int n)
{
	int row = vt->vt_cur.vc_row, col = vt->vt_cur.vc_col, room = VT_COLS - col, keep;
	u16 *at = &vt->vt_cell[row][col];

	n = clamp(n, -room, room);
	keep = room - (n < 0 ? -n : n);
	if (n > 0) {
		memmove(at + n, at, (size_t)keep * sizeof(*at));
		vt_fill(vt, row, col, col + n);
	} else {
		memmove(at, at - n, (size_t)keep * sizeof(*at));
		vt_fill(vt, row, col + keep, VT_COLS);
	}
	vt->vt_cur.vc_wrap = false;
}

void vt_put(struct vt *vt, u8 c)
{
	struct vt_cursor *cur = &vt->vt_cur;

	if (cur->vc_wrap) {
		cur->vc_col = 0;
		vt_linefeed(vt);
	}
	if (vt->vt_insert)
		vt_insert_chars(vt, 1);
	vt->vt_cell[cur->vc_row][cur->vc_col] = c | attribute(cur);
	if (cur->vc_col < VT_COLS - 1)
		cur->vc_col++;
	else
		cur->vc_wrap = !vt->vt_nowrap;
}

/* --- Erasing. what: 0 from the cursor on, 1 up to the cursor, 2 all --- */

void vt_erase_line(struct vt *vt, u32 what)
{
	int row = vt->vt_cur.vc_row, col = vt->vt_cur.vc_col;

	if (what > 2)
		return;
	vt_fill(vt, row, what == 0 ? col : 0, what == 1 ? col + 1 : VT_COLS);
	vt->vt_cur.vc_wrap = false;
}

void vt_erase_display(struct vt *vt, u32 what)
{
	int row = vt->vt_cur.vc_row;

	if (what > 3)
		return;
	for (int r = what == 0 ? row + 1 : 0; r < (what == 1 ? row : VT_ROWS); r++)
		vt_fill(vt, r, 0, VT_COLS);
	if (what < 2)
		vt_erase_line(vt, what);
	vt->vt_cur.vc_wrap = false;
}

void vt_erase_chars(struct vt *vt, int n)
{
	int col = vt->vt_cur.vc_col;

	vt_fill(vt, vt->vt_cur.vc_row, col, col + clamp(n, 0, VT_COLS - col));
	vt->vt_cur.vc_wrap = false;
}
