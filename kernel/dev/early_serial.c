/* SPDX-License-Identifier: MIT */
/* Text on COM1 by polling (16550; source: PC16550D data sheet, section 8). */
#include "kernel/dev/early_serial.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/x86.h"

#define COM1 0x3f8
#define R_DATA 0
#define R_IER 1
#define R_FCR 2
#define R_LCR 3
#define R_MCR 4
#define R_LSR 5
#define R_SCRATCH 7
#define LSR_THRE 0x20
#define LCR_8N1 0x03
#define LCR_DLAB 0x80

static void put_byte(u8 c)
{
	for (int i = 0; i < 100000 && !(inb(COM1 + R_LSR) & LSR_THRE); i++)
		;
	outb(COM1 + R_DATA, c);
}

static void write_text(const char *text, size_t len)
{
	for (; len; len--, text++) {
		if (*text == '\n')
			put_byte('\r');
		put_byte((u8)*text);
	}
}

void early_serial_init(void)
{
	outb(COM1 + R_SCRATCH, 0x5a);
	if (inb(COM1 + R_SCRATCH) != 0x5a)
		return;
	outb(COM1 + R_IER, 0);
	outb(COM1 + R_LCR, LCR_DLAB);
	outb(COM1 + R_DATA, 1); /* divisor 1: 115200 */
	outb(COM1 + R_IER, 0);
	outb(COM1 + R_LCR, LCR_8N1);
	outb(COM1 + R_FCR, 0x07);
	outb(COM1 + R_MCR, 0x03);
	console_early("ttyS0", write_text);
}
