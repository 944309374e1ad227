/* SPDX-License-Identifier: MIT */
/*
 * The PCI bus, by configuration mechanism 1 (ports 0xcf8 and 0xcfc).
 *
 * pci_init() walks all buses once, at start-up, and records each function with
 * the base addresses that the firmware assigned; nothing is moved. After that
 * the table never changes and needs no lock. Configuration space may be
 * accessed from any context.
 * Locks: LR_DEV inside.
 * Source: PCI Local Bus 3.0, section 3.2.2.3.2.
 */
#ifndef KERNEL_DEV_PCI_H
#define KERNEL_DEV_PCI_H

#include "kernel/lib/types.h"

#define PCI_NBAR 6

/* Configuration space, offsets. */
#define PCI_VENDOR 0x00
#define PCI_COMMAND 0x04
#define PCI_STATUS 0x06
#define PCI_CLASS 0x08 /* revision, interface, subclass, class */
#define PCI_HEADER 0x0e
#define PCI_BAR0 0x10
#define PCI_BUSES 0x18 /* bridges: primary, secondary, subordinate */
#define PCI_SUBSYS 0x2c
#define PCI_CAPS 0x34
#define PCI_INTR 0x3c /* line, pin */

#define PCI_CMD_IO 0x001u
#define PCI_CMD_MEM 0x002u
#define PCI_CMD_MASTER 0x004u
#define PCI_CMD_INTX_OFF 0x400u
#define PCI_STATUS_CAPS 0x10u

#define PCI_CAP_VENDOR 0x09

struct pci_bar {
	u64 pb_base;
	u64 pb_len; /* 0: there is none */
	bool pb_io;
};

struct pci_dev {
	u8 pd_bus, pd_dev, pd_fn;
	u8 pd_class, pd_subclass;
	/* interrupt line as the firmware routed it; pin 0: has none */
	u8 pd_line, pd_pin;
	u16 pd_vendor, pd_device;
	u16 pd_subvendor, pd_subdevice;
	struct pci_bar pd_bar[PCI_NBAR];
};

void pci_init(void);
/*
 * All functions found, in order: NULL gives the first; returns NULL after the
 * last.
 */
const struct pci_dev *pci_next(const struct pci_dev *pd);

u8 pci_read8(const struct pci_dev *pd, u32 off);
u16 pci_read16(const struct pci_dev *pd, u32 off);
u32 pci_read32(const struct pci_dev *pd, u32 off);
void pci_write16(const struct pci_dev *pd, u32 off, u16 v);
void pci_write32(const struct pci_dev *pd, u32 off, u32 v);

/*
 * Returns: the offset of the nth (from 0) capability with this id; 0: there are
 *   fewer. A loop in the list ends the search.
 */
u32 pci_cap(const struct pci_dev *pd, u8 id, u32 nth);
/* Lets the device decode its ports and memory, and access memory itself. */
void pci_enable(const struct pci_dev *pd);

#endif
