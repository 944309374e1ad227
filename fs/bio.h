/* SPDX-License-Identifier: MIT */
/*
 * Block I/O of whole pages: from runs of struct page to struct buf requests. The requests come from a fixed pool, so that writing out never
 * needs memory; whoever finds it empty sleeps until a request ends.
 *
 * All may sleep, but completion (`done`) is called in interrupt context, once a page unless it says otherwise.
 */
#ifndef FS_BIO_H
#define FS_BIO_H

#include "kernel/dev/blk.h"
#include "mm/page.h"

struct vnode;

void bio_init(void);

/* Starts reading or writing n pages as one run of sectors from `sector` on; at most PC_CLUSTER. */
void bio_start(struct bdev *bd, enum buf_op op, u64 sector, struct page **pg, u32 n,
	       void (*done)(struct page *pg, int error));
/* The same with the first `size` bytes (a multiple of 512) of each page. */
void bio_start_blocks(struct bdev *bd, enum buf_op op, u64 sector, struct page **pg, u32 n,
		      u32 size, void (*done)(struct page *pg, int error));
/* The same with `size` bytes of one page from byte `off` on; done is called with n = 1. */
void bio_start_part(struct bdev *bd, enum buf_op op, u64 sector, struct page *pg, u32 off, u32 size,
		    void (*done)(void *arg, u32 n, int error), void *arg);
/* The same as bio_start(); done is called once. */
void bio_start_run(struct bdev *bd, enum buf_op op, u64 sector, struct page *const *pg, u32 n,
		   void (*done)(void *arg, u32 n, int error), void *arg);
/* The first len bytes (a multiple of 512) of one page, done when it returns. 0 or -EIO */
int bio_sync(struct bdev *bd, enum buf_op op, u64 sector, struct page *pg, u32 len);
/* The same with len bytes from byte `off` of the page on. */
int bio_sync_part(struct bdev *bd, enum buf_op op, u64 sector, struct page *pg, u32 off, u32 len);
/* Starts a flush; done is called once, with n = 0. */
void bio_start_flush(struct bdev *bd, void (*done)(void *arg, u32 n, int error), void *arg);
/* What has been written reaches the medium. 0 or -EIO */
int bio_flush(struct bdev *bd);

/* Page operations of a block device's vnode (v_data: its struct bdev, v_size: its bytes). */
int bdev_getpage(struct vnode *vp, struct page *pg);
void bdev_getpages(struct vnode *vp, struct page **pg, u32 n);
void bdev_putpages(struct vnode *vp, struct page **pg, u32 n);

#endif
