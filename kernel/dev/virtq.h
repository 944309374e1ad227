/* SPDX-License-Identifier: MIT */
/*
 * A virtqueue in the split format (source: Virtual I/O Device 1.1, section
 * 2.6): the memory that a driver and its device share. Knows nothing of buses
 * or interrupts, so that it compiles natively for its test.
 *
 *   descriptors   size * 16 bytes     where the pieces of a request lie
 *   available     6 + size * 2 driver -> device: heads of chains, and the index
 *                 behind the last
 *   (up to the next page)
 *   used          6 + size * 8        device -> driver: heads that are done
 *
 * A request is a chain of pieces: first those that the device reads, then those
 * it writes. Where the device offers indirect descriptors a chain takes one
 * ring descriptor, whatever its length. What the device writes is not trusted:
 * heads and indices are checked against the driver's own records, which lie
 * outside the shared memory.
 * Locks: the owner's; each function is called with it held.
 */
#ifndef KERNEL_DEV_VIRTQ_H
#define KERNEL_DEV_VIRTQ_H

#include "kernel/lib/types.h"

#define VIRTQ_MAXSIZE 1024u

struct vring_desc {
	u64 vr_addr;
	u32 vr_len;
	u16 vr_flags;
	u16 vr_next;
};
_Static_assert(sizeof(struct vring_desc) == 16, "virtq_desc");

struct vring_avail {
	u16 va_flags;
	u16 va_idx;
	u16 va_ring[]; /* behind it: used_event */
};

struct vring_used_elem {
	u32 vu_id;
	u32 vu_len;
};

struct vring_used {
	u16 vu_flags;
	u16 vu_idx;
	struct vring_used_elem vu_ring[]; /* behind it: avail_event */
};

struct virtq_seg {
	paddr_t vs_pa;
	u32 vs_len;
};

struct virtq {
	/* Shared with the device. */
	struct vring_desc *vq_desc;
	struct vring_avail *vq_avail;
	struct vring_used *vq_used;
	/* tables of vq_indlen each; NULL: no indirect descriptors */
	struct vring_desc *vq_ind;
	paddr_t vq_ind_pa;
	/* The driver's own. */
	u16 vq_size, vq_indlen;
	u16 vq_free, vq_nfree; /* free descriptors, linked by vq_next */
	u16 *vq_next;
	/* by head: ring descriptors in the chain, 0: not in flight */
	u16 *vq_chain;
	u16 vq_availidx; /* va_idx, as the driver wrote it */
	u16 vq_kickidx;	 /* the same when the device was last notified */
	u16 vq_lastused; /* the next used entry to examine */
	bool vq_event_idx;
	/* Where to notify the device (kernel/dev/virtio.c). */
	u16 vq_index;
	u32 vq_notify_off;
};

/*
 * Returns: the bytes of shared memory for a queue of `size` (a power of two),
 *   page-aligned; *vl: where its parts are.
 */
struct virtq_layout {
	u32 vl_avail, vl_used, vl_bytes;
};
void virtq_layout(u32 size, struct virtq_layout *vl);

/* mem: vl_bytes of zeros, page-aligned. own: 2 * size u16. */
void virtq_init(struct virtq *vq, u16 size, void *mem, u16 *own, bool event_idx);
/*
 * ind: as many tables of indlen descriptors, at ind_pa, as the driver has
 * chains in flight.
 */
void virtq_set_indirect(struct virtq *vq, struct vring_desc *ind, paddr_t ind_pa, u16 indlen);

/* Is there room for a chain of n pieces? */
bool virtq_fits(const struct virtq *vq, u32 n);
/*
 * Adds a chain of nread pieces for the device to read, then nwrite to write.
 * There must be room. `table` is the indirect table to use if needed: no chain
 * in flight uses it.
 * Returns: the head.
 */
u16 virtq_add(struct virtq *vq, const struct virtq_seg *seg, u32 nread, u32 nwrite, u32 table);
/* Must the device be notified of the chains added since the last call? */
bool virtq_must_kick(struct virtq *vq);
/*
 * Takes the next finished chain.
 * Returns: 1 and its head; 0: none; -EIO: the device wrote invalid data.
 */
int virtq_pop(struct virtq *vq, u16 *head);
/*
 * Asks for an interrupt at the next completion.
 * Returns: false: a chain is finished already; look again.
 */
bool virtq_enable_intr(struct virtq *vq);

#endif
