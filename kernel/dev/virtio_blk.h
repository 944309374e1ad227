/* SPDX-License-Identifier: MIT */
/* virtio disks: vda, vdb, ... in the order of the bus. */
#ifndef KERNEL_DEV_VIRTIO_BLK_H
#define KERNEL_DEV_VIRTIO_BLK_H

#define VIRTIO_BLK_MAJOR 253

/*
 * Finds the disks and registers them. After pci_init() and irq_init().
 * Sleeps: yes.
 */
void virtio_blk_init(void);

#endif
