/* SPDX-License-Identifier: MIT */
/*
 * Block I/O of whole pages: turns runs of struct page into struct buf requests.
 * The requests come from a fixed pool, so that writing out needs no memory. A
 * caller that finds the pool empty sleeps until a request ends.
 *
 * `done` is called in interrupt context, once for each page unless the function
 * says otherwise.
 * Sleeps: all functions.
 */
#ifndef FS_BIO_H
#define FS_BIO_H

#include "kernel/dev/blk.h"
#include "mm/page.h"

struct vnode;

void bio_init(void);

/*
 * Starts reading or writing n pages, at most PC_CLUSTER, as one run of sectors
 * from `sector` on.
 */
void bio_start(struct bdev *bd, enum buf_op op, u64 sector, struct page **pg, u32 n,
	       void (*done)(struct page *pg, int error));
/*
 * bio_start() with only the first `size` bytes (a multiple of 512) of each
 * page.
 */
void bio_start_blocks(struct bdev *bd, enum buf_op op, u64 sector, struct page **pg, u32 n,
		      u32 size, void (*done)(struct page *pg, int error));
/*
 * bio_start() with `size` bytes of one page from byte `off` on; done is called
 * with n = 1.
 */
void bio_start_part(struct bdev *bd, enum buf_op op, u64 sector, struct page *pg, u32 off, u32 size,
		    void (*done)(void *arg, u32 n, int error), void *arg);
/* bio_start() with done called once for the whole run. */
void bio_start_run(struct bdev *bd, enum buf_op op, u64 sector, struct page *const *pg, u32 n,
		   void (*done)(void *arg, u32 n, int error), void *arg);
/*
 * Transfers the first len bytes (a multiple of 512) of one page, and waits. 0
 * or -EIO
 */
int bio_sync(struct bdev *bd, enum buf_op op, u64 sector, struct page *pg, u32 len);
/* bio_sync() with len bytes from byte `off` of the page on. */
int bio_sync_part(struct bdev *bd, enum buf_op op, u64 sector, struct page *pg, u32 off, u32 len);
/* Starts a flush; done is called once, with n = 0. */
void bio_start_flush(struct bdev *bd, void (*done)(void *arg, u32 n, int error), void *arg);
/*
 * Flushes the disk's cache, so that all data written are on the medium. 0 or
 * -EIO
 */
int bio_flush(struct bdev *bd);

/*
 * Page operations of a block device's vnode (v_data: its struct bdev, v_size:
 * its bytes).
 */
int bdev_getpage(struct vnode *vp, struct page *pg);
void bdev_getpages(struct vnode *vp, struct page **pg, u32 n);
void bdev_putpages(struct vnode *vp, struct page **pg, u32 n);

#endif
