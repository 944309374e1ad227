/* SPDX-License-Identifier: MIT */
/* Stored pages as they are read back: each against its sum. For one lwp. */
#ifndef CKPT_PAGES_H
#define CKPT_PAGES_H

#include "ckpt/ckpt.h"

struct page_reader {
	struct ckpt_restore *pr_restore;
	u32 *pr_sums; /* those of block pr_block */
	u32 pr_block;
};

int page_reader_init(struct page_reader *pr, struct ckpt_restore *cr); /* -ENOMEM */
void page_reader_free(struct page_reader *pr);
/* The stored page `index` into buf. -EBADMSG (logged), -EIO, -ENOMEM. May sleep. */
int page_read(struct page_reader *pr, u32 index, void *buf);

/* img_io's io_read from a struct file. */
int image_file_read(void *ctx, u64 off, void *buf, u32 len);

#endif
