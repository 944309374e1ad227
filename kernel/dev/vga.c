/* SPDX-License-Identifier: MIT */
/*
 * VGA text mode (source: FreeVGA Project, "VGA Hardware"). kernel/dev/vt.c
 * keeps the screen in memory; after each piece of output the cells that differ
 * from what the adapter has are copied to it, since its memory is slow.
 *
 * When the whole screen went up, the adapter is told to show its memory from
 * further down, so that only new lines are written:
 *
 *   0xb8000  +-----------------+
 *            | gone            |
 *            +-----------------+ <- vg_origin rows
 *            | shown, 25 rows  |
 *            +-----------------+
 *            | free            |    at the end all starts from the top again
 *   32 KiB   +-----------------+
 *
 * Locks: vg_lock guards all; its rank is LR_LOG, as the log writes here with
 *   its own lock held. The terminal's answers to programs go up from a callout,
 *   as td_write is called with the tty's lock held.
 */
#include "kernel/dev/vga.h"
#include "kernel/dev/chardev.h"
#include "kernel/dev/clock.h"
#include "kernel/dev/kbd.h"
#include "kernel/dev/vt.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/hat.h"

#define TEXT_PA 0xb8000u
#define TEXT_BYTES 0x8000u
#define TEXT_ROWS ((int)(TEXT_BYTES / 2 / VT_COLS))

#define MISC_READ 0x3cc
#define MISC_COLOUR 0x01u /* CRTC at 0x3d4, not 0x3b4 */
#define GC_INDEX 0x3ce
#define GC_MISC 6
#define GC_GRAPHICS 0x01u
#define GC_MAP(v) ((v) >> 2 & 3)
#define GC_MAP_B8000 3u
#define CRTC_INDEX 0x3d4
#define CRTC_CURSOR_START 0x0a
#define CRTC_ORIGIN 0x0c /* high, then low */
#define CRTC_CURSOR 0x0e
#define CURSOR_OFF 0x20u
#define CURSOR_SHAPE 13u /* from scan line 13 to 15 of a character */

static struct {
	struct termdev vg_td;
	struct console vg_con;
	struct callout vg_answer, vg_more;
	struct spinlock vg_lock;
	struct vt vg_vt;
	volatile u16 *vg_mem;
	int vg_origin;
	/* the adapter's contents, from vg_origin on */
	u16 vg_shown[VT_ROWS][VT_COLS];
	/* the cursor set in the adapter; CURSOR_NONE: off */
	u32 vg_cursor;
} vga;

#define CURSOR_NONE 0xffffffffu

static void lock(void)
{
	spin_lock_nested(&vga.vg_lock);
}

static void unlock(void)
{
	spin_unlock(&vga.vg_lock);
}

static void crtc(u8 reg, u32 v)
{
	outb(CRTC_INDEX, reg);
	outb(CRTC_INDEX + 1, (u8)v);
}

static void crtc16(u8 reg, u32 v)
{
	crtc(reg, v >> 8);
	crtc((u8)(reg + 1), v);
}

/* No cell has this value: the whole screen will be written. */
static void forget_shown(void)
{
	for (int row = 0; row < VT_ROWS; row++) {
		for (int col = 0; col < VT_COLS; col++)
			vga.vg_shown[row][col] = (u16)~vga.vg_vt.vt_cell[row][col];
	}
}

/*
 * Moves the origin down with the screen.
 * Returns: whether the adapter's origin must be set again.
 */
static bool follow_scroll(void)
{
	int n = (int)MIN(vga.vg_vt.vt_scrolled, (u32)VT_ROWS);

	vga.vg_vt.vt_scrolled = 0;
	if (n == 0)
		return false;
	if (vga.vg_origin + n + VT_ROWS > TEXT_ROWS) {
		vga.vg_origin = 0;
		forget_shown();
		return true;
	}
	vga.vg_origin += n;
	memmove(vga.vg_shown[0], vga.vg_shown[n], (size_t)(VT_ROWS - n) * sizeof(vga.vg_shown[0]));
	for (int row = VT_ROWS - n; row < VT_ROWS; row++) {
		for (int col = 0; col < VT_COLS; col++)
			vga.vg_shown[row][col] = (u16)~vga.vg_vt.vt_cell[row][col];
	}
	return true;
}

static void copy_row(int row)
{
	volatile u16 *mem = vga.vg_mem + (vga.vg_origin + row) * VT_COLS;
	const u16 *cell = vga.vg_vt.vt_cell[row];
	u16 *shown = vga.vg_shown[row];

	if (memcmp(cell, shown, sizeof(vga.vg_shown[0])) == 0)
		return;
	for (int col = 0; col < VT_COLS; col++) {
		if (cell[col] != shown[col])
			mem[col] = shown[col] = cell[col];
	}
}

static void update_cursor(void)
{
	const struct vt_cursor *c = &vga.vg_vt.vt_cur;
	u32 at = (u32)((vga.vg_origin + c->vc_row) * VT_COLS + c->vc_col);

	if (vga.vg_vt.vt_hidden)
		at = CURSOR_NONE;
	if (at == vga.vg_cursor)
		return;
	if (at == CURSOR_NONE)
		crtc(CRTC_CURSOR_START, CURSOR_SHAPE | CURSOR_OFF);
	else if (vga.vg_cursor == CURSOR_NONE)
		crtc(CRTC_CURSOR_START, CURSOR_SHAPE);
	if (at != CURSOR_NONE)
		crtc16(CRTC_CURSOR, at);
	vga.vg_cursor = at;
}

static void show(void)
{
	bool moved = follow_scroll();

	for (int row = 0; row < VT_ROWS; row++)
		copy_row(row);
	if (moved)
		crtc16(CRTC_ORIGIN, (u32)(vga.vg_origin * VT_COLS));
	update_cursor();
}

/* Bytes shown at once: each may move or erase the whole screen. */
#define WRITE_MAX 16u

static size_t vga_write(struct termdev *td, const u8 *buf, size_t len)
{
	size_t n = MIN(len, (size_t)WRITE_MAX);
	bool answers;

	lock();
	vt_write(&vga.vg_vt, buf, n);
	show();
	answers = vga.vg_vt.vt_nreply != 0;
	unlock();
	if (answers)
		callout_set(&vga.vg_answer, 0);
	if (n < len)
		callout_set(&vga.vg_more, 0);
	return n;
}

static void take_more(void *arg)
{
	vga.vg_td.td_output_ready(&vga.vg_td);
}

static bool vga_drained(struct termdev *td)
{
	return true;
}

static void send_answers(void *arg)
{
	u8 buf[VT_REPLY];
	u32 n;

	lock();
	n = vga.vg_vt.vt_nreply;
	memcpy(buf, vga.vg_vt.vt_reply, n);
	vga.vg_vt.vt_nreply = 0;
	unlock();
	if (n)
		vga.vg_td.td_input(&vga.vg_td, buf, n);
}

/* The log has bare newlines. */
static void console_write(struct console *con, const char *text, size_t len)
{
	lock();
	while (len) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;

		vt_write(&vga.vg_vt, (const u8 *)text, n);
		if (nl) {
			vt_write(&vga.vg_vt, (const u8 *)"\r\n", 2);
			n++;
		}
		text += n;
		len -= n;
	}
	show();
	unlock();
}

static void key(const u8 *buf, size_t len)
{
	vga.vg_td.td_input(&vga.vg_td, buf, len);
}

static bool cursor_keys(void)
{
	return vga.vg_vt.vt_appcursor;
}

/*
 * Is there an adapter, and does it show text from TEXT_PA on? (A boot loader
 * may have left it in a graphics mode.)
 */
static bool in_text_mode(void)
{
	u8 misc = inb(MISC_READ), mode;

	if (misc == 0xff || !(misc & MISC_COLOUR))
		return false;
	outb(GC_INDEX, GC_MISC);
	mode = inb(GC_INDEX + 1);
	return !(mode & GC_GRAPHICS) && GC_MAP(mode) == GC_MAP_B8000;
}

void vga_init(void)
{
	if (!in_text_mode()) {
		printk("vga: no screen in text mode\n");
		return;
	}
	vga.vg_mem = mmio_map(TEXT_PA, TEXT_BYTES);
	spin_init(&vga.vg_lock, "vga", LR_LOG);
	callout_init(&vga.vg_answer, send_answers, NULL);
	callout_init(&vga.vg_more, take_more, NULL);
	vt_init(&vga.vg_vt);
	forget_shown();
	crtc16(CRTC_ORIGIN, 0);
	vga.vg_cursor = CURSOR_NONE;
	vga.vg_con = (struct console){ .con_name = "tty1", .con_write = console_write };
	vga.vg_td = (struct termdev){
		.td_name = "tty1",
		.td_rdev = MAKEDEV(4, 1),
		.td_rows = VT_ROWS,
		.td_cols = VT_COLS,
		.td_console = &vga.vg_con,
		.td_logs = true,
		.td_write = vga_write,
		.td_drained = vga_drained,
	};
	termdev_register(&vga.vg_td);
	printk("tty1: VGA text, %ux%u%s\n", VT_COLS, VT_ROWS,
	       kbd_init(key, cursor_keys) ? ", keyboard" : ", no keyboard");
}
