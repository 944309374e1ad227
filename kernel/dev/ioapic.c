/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts: the I/O APICs' lines, and the handlers on each.
 *
 * A line is a global interrupt number (GSI) and has the vector T_IRQ0 + GSI.
 * All lines go to the boot CPU. The old 8259 pair gets other vectors and is
 * masked.
 *
 * Locks: irq_lock (LR_DEV) for registration and the I/O APIC's two-step
 *   registers. Dispatch takes none: handlers are never removed from a line, and
 *   are complete when they appear there.
 * Source: 82093AA data sheet; ACPI 6.4, 5.2.12.5 (overrides).
 */
#include "kernel/dev/acpi.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/lapic.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/trapframe.h"
#include "kernel/lib/x86.h"
#include "mm/hat.h"
#include "kernel/abi/errno.h"

#define NLINE 64
#define NHANDLER 32

#define R_SELECT 0
#define R_WINDOW 4
#define IO_VERSION 1
#define IO_REDIR(pin) (0x10 + 2 * (pin))
#define REDIR_MASKED 0x10000u
#define REDIR_LEVEL 0x8000u
#define REDIR_LOW 0x2000u

struct handler {
	void (*ih_fn)(void *arg);
	void *ih_arg;
	const char *ih_name;
	struct handler *volatile ih_next;
};

struct line {
	struct handler *volatile il_first;
	u64 il_count;
};

static struct ioapic {
	volatile u32 *io_regs;
	u32 io_gsi, io_npin;
} ioapics[ACPI_MAXIOAPIC];
static u32 nioapic;

static struct spinlock irq_lock = SPINLOCK_INIT("irq", LR_DEV);
static struct line lines[NLINE];
static struct handler handlers[NHANDLER];
static u32 nhandler;

static u32 io_read(struct ioapic *io, u32 reg)
{
	io->io_regs[R_SELECT] = reg;
	return io->io_regs[R_WINDOW];
}

static void io_write(struct ioapic *io, u32 reg, u32 v)
{
	io->io_regs[R_SELECT] = reg;
	io->io_regs[R_WINDOW] = v;
}

/*
 * Moves the 8259s' vectors away from the exceptions', where a stray interrupt
 * would look like a fault; masks all.
 */
void pic_disable(void)
{
	static const u8 init[][2] = { { 0x20, 0x11 }, { 0xa0, 0x11 }, { 0x21, 0xe0 },
				      { 0xa1, 0xe8 }, { 0x21, 0x04 }, { 0xa1, 0x02 },
				      { 0x21, 0x01 }, { 0xa1, 0x01 }, { 0x21, 0xff },
				      { 0xa1, 0xff } };

	for (u32 i = 0; i < ARRAY_SIZE(init); i++) {
		outb(init[i][0], init[i][1]);
		outb(0x80, 0);
	}
}

static void ioapic_init_one(const struct acpi_ioapic *desc)
{
	struct ioapic *io = &ioapics[nioapic];
	u32 version;

	if (!desc->io_pa)
		return;
	io->io_regs = mmio_map(desc->io_pa, 0x20);
	io->io_gsi = desc->io_gsi;
	version = io_read(io, IO_VERSION);
	if (version == 0xffffffff)
		return;
	io->io_npin = (version >> 16 & 0xff) + 1;
	for (u32 pin = 0; pin < io->io_npin; pin++)
		io_write(io, IO_REDIR(pin), REDIR_MASKED);
	nioapic++;
}

void irq_init(void)
{
	lapic_init();
	for (u32 i = 0; i < acpi.ai_nioapic; i++)
		ioapic_init_one(&acpi.ai_ioapic[i]);
	if (!nioapic)
		printk("irq: no I/O APIC; devices have no interrupts\n");
}

static struct ioapic *find_ioapic(u32 gsi)
{
	for (u32 i = 0; i < nioapic; i++)
		if (gsi >= ioapics[i].io_gsi && gsi - ioapics[i].io_gsi < ioapics[i].io_npin)
			return &ioapics[i];
	return NULL;
}

/* Finds the line of a device's number, and the form of its signal. */
static struct acpi_isa translate(u32 line, bool level)
{
	if (line < ACPI_NISA && (!level || acpi.ai_isa[line].is_override))
		return acpi.ai_isa[line];
	return (struct acpi_isa){ .is_gsi = line, .is_level = level, .is_low = level };
}

static void append(struct line *l, struct handler *h)
{
	struct handler *volatile *end = &l->il_first;

	while (*end)
		end = &(*end)->ih_next;
	__atomic_store_n(end, h, __ATOMIC_RELEASE);
}

static void enable(struct ioapic *io, const struct acpi_isa *is)
{
	u32 pin = is->is_gsi - io->io_gsi;
	u32 low = (T_IRQ0 + is->is_gsi) | (is->is_level ? REDIR_LEVEL : 0) | (is->is_low ? REDIR_LOW : 0);

	io_write(io, IO_REDIR(pin) + 1, cpus[0].c_apicid << 24);
	io_write(io, IO_REDIR(pin), low);
}

int irq_register(u32 line, bool level, void (*fn)(void *arg), void *arg, const char *name)
{
	struct acpi_isa is = translate(line, level);
	struct ioapic *io = is.is_gsi < NLINE ? find_ioapic(is.is_gsi) : NULL;
	int error = -ENOSPC;

	spin_lock(&irq_lock);
	if (io && nhandler < NHANDLER) {
		struct handler *h = &handlers[nhandler++];
		bool first = !lines[is.is_gsi].il_first;

		*h = (struct handler){ .ih_fn = fn, .ih_arg = arg, .ih_name = name };
		append(&lines[is.is_gsi], h);
		if (first)
			enable(io, &is);
		error = 0;
	}
	spin_unlock(&irq_lock);
	return error;
}

void irq_dispatch(u32 vector)
{
	u32 gsi = vector - T_IRQ0;

	if (gsi < NLINE) {
		lines[gsi].il_count++;
		for (struct handler *h = lines[gsi].il_first; h; h = h->ih_next)
			h->ih_fn(h->ih_arg);
	}
	lapic_eoi();
}

u64 irq_count(u32 line, const char **name)
{
	struct handler *h = line < NLINE ? lines[line].il_first : NULL;

	*name = h ? h->ih_name : NULL;
	return h ? lines[line].il_count : 0;
}
