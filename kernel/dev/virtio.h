/* SPDX-License-Identifier: MIT */
/*
 * A virtio device on the PCI bus. Uses the 1.x interface (registers in memory,
 * found through vendor capabilities) if the device has it, else the legacy one
 * (ports).
 *
 * Start: virtio_open() resets the device and agrees on features;
 * virtio_add_queue() for each queue; virtio_start(). After virtio_fail() the
 * device is inactive and touches no memory. All functions may be called from
 * any context, except open and add_queue.
 * Locks: the driver's lock keeps calls apart.
 * Sleeps: open and add_queue, for memory.
 * Source: Virtual I/O Device 1.1, sections 3.1, 4.1.
 */
#ifndef KERNEL_DEV_VIRTIO_H
#define KERNEL_DEV_VIRTIO_H

#include "kernel/dev/pci.h"
#include "kernel/dev/virtq.h"
#include "kernel/lib/types.h"

#define VIRTIO_VENDOR 0x1af4
#define VIRTIO_F_INDIRECT (1ull << 28)
#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)

#define VIRTIO_ISR_QUEUE 1u
#define VIRTIO_ISR_CONFIG 2u

/* A window of device registers in memory. */
struct virtio_window {
	volatile u8 *vw_base;
	u32 vw_len;
};

struct virtio_dev {
	const struct pci_dev *vd_pci;
	u64 vd_features; /* agreed on */
	bool vd_modern;
	struct virtio_window vd_common, vd_notify, vd_isr, vd_config; /* 1.x */
	u32 vd_notify_mult;
	u16 vd_port; /* legacy */
	u16 vd_port_len;
};

/* Device numbers of one kind: transitional, and 1.x only. */
bool virtio_is(const struct pci_dev *pd, u16 legacy_id, u16 modern_id);

/*
 * Agrees on the features in `wanted` that the device offers.
 * Errors: -ENODEV: no usable interface, or the device refuses.
 */
int virtio_open(struct virtio_dev *vd, const struct pci_dev *pd, u64 wanted);
/*
 * Sets up queue `index` with at most maxsize entries, if the driver may choose,
 * and, if agreed on, ntables indirect tables of indlen pieces. The memory is
 * never freed: devices are not removed.
 * Errors: -ENODEV, -ENOMEM.
 */
int virtio_add_queue(struct virtio_dev *vd, u16 index, u32 maxsize, u32 ntables, u16 indlen, struct virtq *vq);
void virtio_start(struct virtio_dev *vd);
void virtio_fail(struct virtio_dev *vd);

/* Notifies the device of added chains, if it must be told. */
void virtio_kick(struct virtio_dev *vd, struct virtq *vq);
/*
 * Returns: the reasons of the device's interrupt, which reading acknowledges;
 *   0: another device interrupted.
 */
u32 virtio_isr(struct virtio_dev *vd);

/*
 * The device's own configuration; 0 beyond its end. A 64-bit value is read
 * consistently, even while it changes.
 */
u8 virtio_config8(struct virtio_dev *vd, u32 off);
u32 virtio_config32(struct virtio_dev *vd, u32 off);
u64 virtio_config64(struct virtio_dev *vd, u32 off);

#endif
