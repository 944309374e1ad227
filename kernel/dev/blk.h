/* SPDX-License-Identifier: MIT */
/*
 * Block devices: requests (struct buf, SVR4's name) go down, completions come up from the interrupt.
 *
 * A buf names a run of sectors and the pieces of physical memory for it; it belongs to its maker, who may not touch it between
 * bdev_submit() and b_iodone. Requests may complete in any order; a FLUSH covers all writes that had completed when it was submitted.
 * Locks: LR_BLK inside. bdev_submit() never sleeps (a full ring queues in software). The list of devices is complete before
 * the first process starts, and is read without a lock.
 */
#ifndef KERNEL_DEV_BLK_H
#define KERNEL_DEV_BLK_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define SECTOR_SIZE 512u

enum buf_op { BUF_READ, BUF_WRITE, BUF_FLUSH };

struct buf_seg {
	paddr_t bs_pa;
	u32 bs_len; /* multiple of 512 */
};

#define BUF_MAXSEG 64 /* at most; a driver whose device takes less splits the buf */

struct bdev;

struct buf {
	enum buf_op b_op;
	struct bdev *b_dev;
	u64 b_sector;
	u32 b_nseg;
	struct buf_seg *b_seg;
	int b_error; /* 0, -EIO, -ENOSPC (beyond the end), -EROFS, -EINVAL (odd pieces) */
	void (*b_iodone)(struct buf *b); /* from the interrupt or from within bdev_submit(): must not sleep */
	void *b_private;
	struct list b_link; /* the driver's, while in flight */
	u32 b_drv[4];	    /* the driver's */
};

struct bdev {
	const char *bd_name; /* "vda" */
	dev_t bd_rdev;
	u64 bd_sectors;
	bool bd_readonly;
	void (*bd_strategy)(struct bdev *bd, struct buf *b); /* takes b; may keep it to itself until bd_kick */
	void (*bd_kick)(struct bdev *bd); /* starts what was taken; NULL: not needed */
	void *bd_data;
	struct list bd_link;
	u64 bd_nread, bd_nwrite, bd_nflush, bd_rsect, bd_wsect; /* statistics (LR_BLK, inside) */
};

void bdev_register(struct bdev *bd);
struct bdev *bdev_find(dev_t rdev);	       /* NULL */
struct bdev *bdev_find_name(const char *name); /* NULL */
/* Calls fn for every device. */
void bdev_foreach(void (*fn)(struct bdev *bd, void *arg), void *arg);
/* Checks the range, then hands over to the driver. b_iodone is always called, once. The caller holds no lock that b_iodone takes. */
void bdev_submit(struct buf *b);
/* The same for n bufs of one device, with one notification of the device for all: the way to write a large file. */
void bdev_submit_many(struct buf *const b[], u32 n);

#endif
