/* SPDX-License-Identifier: MIT */
/*
 * Folders of the host over virtio. Carries 9P messages, which fs/p9 interprets.
 * The device's configuration is the length of its mount tag, and the tag
 * (source: linux-libc-dev linux/virtio_9p.h).
 *
 * A device has a fixed number of slots, each with room for a request and its
 * reply, so that no request needs memory. A caller takes a slot, writes the
 * request, sends it, reads the reply, and frees the slot. While it holds a
 * slot, a caller takes no other slot, allocates nothing and touches no user
 * memory: each of these may wait for a slot.
 */
#ifndef KERNEL_DEV_VIRTIO_9P_H
#define KERNEL_DEV_VIRTIO_9P_H

#include "kernel/lib/types.h"

#define P9_SLOTS 4u
#define P9_MSIZE 65536u /* bytes of a request or a reply */

struct v9p;

struct p9_slot {
	u8 *ps_tx, *ps_rx; /* P9_MSIZE each */
	/* number of the slot: unique among the requests in flight */
	u16 ps_tag;
	u8 ps_state; /* the device's lock */
};

void virtio_9p_init(void);

/*
 * Finds the device with this mount tag, for one user at a time.
 * Errors: -ENODEV: no such device; -EBUSY: it is in use.
 */
int v9p_take(const char *tag, struct v9p **vp);
void v9p_give_back(struct v9p *v);

/*
 * Takes a free slot.
 * Sleeps: until there is one.
 */
struct p9_slot *v9p_slot_get(struct v9p *v);
void v9p_slot_put(struct v9p *v, struct p9_slot *s);

/*
 * Sends the `len` bytes in ps_tx and waits for the reply in ps_rx, which begins
 * with its length: at least 7 and at most P9_MSIZE.
 * Errors: -EIO: the device is broken, or the length is out of range.
 * Sleeps: yes; not interruptible, as for a disk.
 */
int v9p_transact(struct v9p *v, struct p9_slot *s, u32 len);

#endif
