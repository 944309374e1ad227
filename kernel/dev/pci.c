/* SPDX-License-Identifier: MIT */
/*
 * PCI: finds the devices on the bus, and the addresses that the firmware gave
 * them.
 */
#include "kernel/dev/pci.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/x86.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE 0x80000000u

#define BAR_IO 1u
#define BAR_TYPE_MASK 6u
#define BAR_TYPE_64 4u
#define BAR_IO_MASK 0xfffffffcu
#define BAR_MEM_MASK 0xfffffff0u

#define CLASS_BRIDGE 0x06
#define SUBCLASS_PCI 0x04
#define HEADER_MULTI 0x80u

#define MAXDEV 64
#define NBUS 256

static struct spinlock config_lock = SPINLOCK_INIT("pci", LR_DEV);
static struct pci_dev devs[MAXDEV];
static u32 ndev, nleft_out;

static u32 config_address(const struct pci_dev *pd, u32 off)
{
	return CONFIG_ENABLE | (u32)pd->pd_bus << 16 | (u32)pd->pd_dev << 11 | (u32)pd->pd_fn << 8 |
	       (off & 0xfc);
}

u32 pci_read32(const struct pci_dev *pd, u32 off)
{
	u32 v;

	spin_lock(&config_lock);
	outl(CONFIG_ADDRESS, config_address(pd, off));
	v = inl(CONFIG_DATA);
	spin_unlock(&config_lock);
	return v;
}

u16 pci_read16(const struct pci_dev *pd, u32 off)
{
	return (u16)(pci_read32(pd, off) >> (off & 2) * 8);
}

u8 pci_read8(const struct pci_dev *pd, u32 off)
{
	return (u8)(pci_read32(pd, off) >> (off & 3) * 8);
}

void pci_write32(const struct pci_dev *pd, u32 off, u32 v)
{
	spin_lock(&config_lock);
	outl(CONFIG_ADDRESS, config_address(pd, off));
	outl(CONFIG_DATA, v);
	spin_unlock(&config_lock);
}

void pci_write16(const struct pci_dev *pd, u32 off, u16 v)
{
	spin_lock(&config_lock);
	outl(CONFIG_ADDRESS, config_address(pd, off));
	outw((u16)(CONFIG_DATA + (off & 2)), v);
	spin_unlock(&config_lock);
}

u32 pci_cap(const struct pci_dev *pd, u8 id, u32 nth)
{
	u32 off;

	if (!(pci_read16(pd, PCI_STATUS) & PCI_STATUS_CAPS))
		return 0;
	off = pci_read8(pd, PCI_CAPS) & 0xfcu;
	/*
	 * 48 capabilities of 4 bytes fill the whole space: a longer list is a
	 * loop.
	 */
	for (int i = 0; off >= 0x40 && i < 48; i++) {
		if (pci_read8(pd, off) == id && nth-- == 0)
			return off;
		off = pci_read8(pd, off + 1) & 0xfcu;
	}
	return 0;
}

void pci_enable(const struct pci_dev *pd)
{
	u16 cmd = pci_read16(pd, PCI_COMMAND);

	cmd |= PCI_CMD_IO | PCI_CMD_MEM | PCI_CMD_MASTER;
	cmd &= (u16)~PCI_CMD_INTX_OFF;
	pci_write16(pd, PCI_COMMAND, cmd);
}

/*
 * Measures a base address: its writable bits give its size. The device must not
 * decode meanwhile.
 */
static u32 bar_probe(const struct pci_dev *pd, u32 off, u32 *old)
{
	u32 mask;

	*old = pci_read32(pd, off);
	pci_write32(pd, off, 0xffffffffu);
	mask = pci_read32(pd, off);
	pci_write32(pd, off, *old);
	return mask;
}

/*
 * Reads one base address.
 * Returns: how many registers it takes.
 */
static int read_bar(struct pci_dev *pd, int i)
{
	struct pci_bar *pb = &pd->pd_bar[i];
	u32 off = PCI_BAR0 + (u32)i * 4;
	u32 lo, hi = 0, mask, mask_hi = 0xffffffffu;
	bool wide;

	mask = bar_probe(pd, off, &lo);
	if (mask == 0 || mask == 0xffffffffu)
		return 1;
	pb->pb_io = (lo & BAR_IO) != 0;
	if (pb->pb_io) {
		pb->pb_base = lo & BAR_IO_MASK & 0xffff;
		pb->pb_len = (~(mask & BAR_IO_MASK) + 1) & 0xffff;
		return 1;
	}
	wide = (lo & BAR_TYPE_MASK) == BAR_TYPE_64 && i + 1 < PCI_NBAR;
	if (wide)
		mask_hi = bar_probe(pd, off + 4, &hi);
	pb->pb_base = (u64)hi << 32 | (lo & BAR_MEM_MASK);
	pb->pb_len = ~((u64)mask_hi << 32 | (mask & BAR_MEM_MASK)) + 1;
	return wide ? 2 : 1;
}

static void read_bars(struct pci_dev *pd, int nbar)
{
	u16 cmd = pci_read16(pd, PCI_COMMAND);

	pci_write16(pd, PCI_COMMAND, cmd & (u16) ~(PCI_CMD_IO | PCI_CMD_MEM));
	for (int i = 0; i < nbar;)
		i += read_bar(pd, i);
	pci_write16(pd, PCI_COMMAND, cmd);
}

static void report(const struct pci_dev *pd)
{
	printk(KDEBUG "pci: %02x:%02x.%u %04x:%04x class %02x%02x irq %u pin %u\n", pd->pd_bus,
	       pd->pd_dev, pd->pd_fn, pd->pd_vendor, pd->pd_device, pd->pd_class, pd->pd_subclass,
	       pd->pd_line, pd->pd_pin);
	for (int i = 0; i < PCI_NBAR; i++) {
		const struct pci_bar *pb = &pd->pd_bar[i];

		if (pb->pb_len)
			printk(KDEBUG "pci:   bar %d: %s %#llx, %#llx bytes\n", i, pb->pb_io ? "ports" : "memory",
			       (unsigned long long)pb->pb_base, (unsigned long long)pb->pb_len);
	}
}

/*
 * Is there a function? Then fills pd, and tells whether the device has more
 * functions.
 */
static bool read_function(struct pci_dev *pd, bool *multi)
{
	u32 id = pci_read32(pd, PCI_VENDOR), class, sub;
	u8 header, type;

	if ((id & 0xffff) == 0xffff || (id & 0xffff) == 0)
		return false;
	class = pci_read32(pd, PCI_CLASS);
	header = pci_read8(pd, PCI_HEADER);
	type = header & 0x7f;
	*multi = (header & HEADER_MULTI) != 0;
	pd->pd_vendor = (u16)id;
	pd->pd_device = (u16)(id >> 16);
	pd->pd_class = (u8)(class >> 24);
	pd->pd_subclass = (u8)(class >> 16);
	pd->pd_line = pci_read8(pd, PCI_INTR);
	pd->pd_pin = pci_read8(pd, PCI_INTR + 1);
	if (type == 0) {
		sub = pci_read32(pd, PCI_SUBSYS);
		pd->pd_subvendor = (u16)sub;
		pd->pd_subdevice = (u16)(sub >> 16);
		read_bars(pd, PCI_NBAR);
	} else if (type == 1) {
		read_bars(pd, 2);
	}
	return true;
}

/*
 * Buses still to walk, and buses walked: a bridge that leads back is not
 * followed.
 */
static bool bus_todo[NBUS], bus_done[NBUS];

static void note_function(const struct pci_dev *pd)
{
	if (ndev == MAXDEV) {
		nleft_out++;
	} else {
		devs[ndev++] = *pd;
		report(pd);
	}
	if (pd->pd_class == CLASS_BRIDGE && pd->pd_subclass == SUBCLASS_PCI)
		bus_todo[pci_read8(pd, PCI_BUSES + 1)] = true;
}

static void scan_device(u8 bus, u8 dev)
{
	bool multi = false, ignored;

	for (u8 fn = 0; fn < 8; fn++) {
		struct pci_dev pd = { .pd_bus = bus, .pd_dev = dev, .pd_fn = fn };

		if (read_function(&pd, fn ? &ignored : &multi))
			note_function(&pd);
		if (!multi)
			return;
	}
}

static int next_bus(void)
{
	for (int bus = 0; bus < NBUS; bus++) {
		if (bus_todo[bus] && !bus_done[bus])
			return bus;
	}
	return -1;
}

void pci_init(void)
{
	int bus;

	bus_todo[0] = true;
	while ((bus = next_bus()) >= 0) {
		bus_done[bus] = true;
		for (u8 dev = 0; dev < 32; dev++)
			scan_device((u8)bus, dev);
	}
	if (nleft_out)
		printk("pci: %u functions more than the table of %u holds: left out\n", nleft_out, MAXDEV);
}

const struct pci_dev *pci_next(const struct pci_dev *pd)
{
	u32 next = pd ? (u32)(pd - devs) + 1 : 0;

	return next < ndev ? &devs[next] : NULL;
}
