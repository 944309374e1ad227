/* SPDX-License-Identifier: MIT */
/*
 * Block devices: requests (struct buf, SVR4's name) go down, completions come
 * up from the interrupt.
 *
 * A buf names a run of sectors and the pieces of physical memory for it. It
 * belongs to its maker, who must not touch it between bdev_submit() and
 * b_iodone. Requests may complete in any order; a FLUSH covers all writes that
 * had completed when it was submitted. The list of devices is complete before
 * the first process starts, and is read without a lock.
 * Locks: LR_BLK inside.
 * Sleeps: bdev_submit() does not (a full ring queues in software).
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

#define BUF_MAXSEG 64 /* a driver whose device takes fewer splits the buf */

struct bdev;

struct buf {
	enum buf_op b_op;
	struct bdev *b_dev;
	u64 b_sector;
	u32 b_nseg;
	struct buf_seg *b_seg;
	/* 0, -EIO, -ENOSPC (beyond the end), -EROFS, -EINVAL (odd pieces) */
	int b_error;
	/* called by the interrupt or by bdev_submit(): must not sleep */
	void (*b_iodone)(struct buf *b);
	void *b_private;
	struct list b_link; /* the driver's, while in flight */
	u32 b_drv[4];	    /* the driver's */
};

struct bdev {
	const char *bd_name; /* "vda" */
	dev_t bd_rdev;
	u64 bd_sectors;
	bool bd_readonly;
	/* takes b; may wait with it until bd_kick */
	void (*bd_strategy)(struct bdev *bd, struct buf *b);
	/* starts the requests taken; NULL: not needed */
	void (*bd_kick)(struct bdev *bd);
	void *bd_data;
	struct list bd_link;
	/* statistics (LR_BLK, inside) */
	u64 bd_nread, bd_nwrite, bd_nflush, bd_rsect, bd_wsect;
};

void bdev_register(struct bdev *bd);
struct bdev *bdev_find(dev_t rdev);	       /* NULL */
struct bdev *bdev_find_name(const char *name); /* NULL */
/* Calls fn for every device. */
void bdev_foreach(void (*fn)(struct bdev *bd, void *arg), void *arg);
/*
 * Checks the range, then gives b to the driver. b_iodone is called exactly
 * once.
 * Locks: none that b_iodone takes.
 */
void bdev_submit(struct buf *b);
/*
 * The same for n bufs of one device, with one notification for all: the way to
 * write a large file.
 */
void bdev_submit_many(struct buf *const b[], u32 n);

#endif
