/* SPDX-License-Identifier: MIT */
/* RAM disks: a request is a memcpy, done before bdev_submit() returns. */
#include "kernel/dev/ramdisk.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/blk.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/layout.h"

#define MAXRAMDISK 4

struct ramdisk {
	struct bdev rd_bdev; /* bd_data: the first byte */
	char rd_name[8];
};

static u32 nramdisk;

/* The range was checked by bdev_submit(). */
static void ramdisk_strategy(struct bdev *bd, struct buf *b)
{
	u8 *at = (u8 *)bd->bd_data + (u32)b->b_sector * SECTOR_SIZE;

	for (u32 i = 0; i < b->b_nseg; i++) {
		u8 *mem = KVA(b->b_seg[i].bs_pa);
		u32 len = b->b_seg[i].bs_len;

		if (b->b_op == BUF_READ)
			memcpy(mem, at, len);
		else
			memcpy(at, mem, len);
		at += len;
	}
	b->b_iodone(b);
}

int ramdisk_add(paddr_t start, u32 len)
{
	struct ramdisk *rd;
	struct bdev *bd;

	if (len < SECTOR_SIZE || start >= DIRECT_MAX || len > DIRECT_MAX - start)
		return -EINVAL;
	if (nramdisk == MAXRAMDISK)
		return -ENOSPC;
	rd = kzalloc(sizeof(*rd), 0);
	if (!rd)
		return -ENOMEM;
	snprintf(rd->rd_name, sizeof(rd->rd_name), "ram%u", nramdisk);
	bd = &rd->rd_bdev;
	bd->bd_name = rd->rd_name;
	bd->bd_rdev = MAKEDEV(RAMDISK_MAJOR, nramdisk++);
	bd->bd_sectors = len / SECTOR_SIZE;
	bd->bd_strategy = ramdisk_strategy;
	bd->bd_data = KVA(start);
	bdev_register(bd);
	printk("%s: RAM disk, %u KiB\n", rd->rd_name, len / 1024);
	return 0;
}
