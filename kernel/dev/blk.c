/* SPDX-License-Identifier: MIT */
/*
 * Block devices: the list of them, and the checks of each request before it
 * reaches a driver.
 */
#include "kernel/dev/blk.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/inject.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

static struct list bdevs = LIST_INIT(bdevs);
/* the statistics of all */
static struct spinlock stat_lock = SPINLOCK_INIT("bdev", LR_BLK);

void bdev_register(struct bdev *bd)
{
	ASSERT(!bdev_find(bd->bd_rdev));
	list_push_back(&bdevs, &bd->bd_link);
}

struct bdev *bdev_find(dev_t rdev)
{
	struct bdev *bd;

	list_for_each(bd, &bdevs, bd_link) {
		if (bd->bd_rdev == rdev)
			return bd;
	}
	return NULL;
}

struct bdev *bdev_find_name(const char *name)
{
	struct bdev *bd;

	list_for_each(bd, &bdevs, bd_link) {
		if (strcmp(bd->bd_name, name) == 0)
			return bd;
	}
	return NULL;
}

void bdev_foreach(void (*fn)(struct bdev *bd, void *arg), void *arg)
{
	struct bdev *bd;

	list_for_each(bd, &bdevs, bd_link)
		fn(bd, arg);
}

/*
 * The length in sectors, or -EINVAL. At most 64 pieces of less than 4 GiB: no
 * overflow in 64 bits.
 */
static s64 buf_sectors(const struct buf *b)
{
	u64 bytes = 0;

	if (b->b_nseg == 0 || b->b_nseg > BUF_MAXSEG)
		return -EINVAL;
	for (u32 i = 0; i < b->b_nseg; i++) {
		u32 len = b->b_seg[i].bs_len;

		if (len == 0 || len % SECTOR_SIZE)
			return -EINVAL;
		bytes += len;
	}
	return (s64)(bytes / SECTOR_SIZE);
}

static int check(const struct buf *b)
{
	const struct bdev *bd = b->b_dev;
	s64 n;

	if (b->b_op == BUF_FLUSH)
		return b->b_nseg ? -EINVAL : 0;
	n = buf_sectors(b);
	if (n < 0)
		return (int)n;
	if (b->b_sector > bd->bd_sectors || (u64)n > bd->bd_sectors - b->b_sector)
		return -ENOSPC;
	if (b->b_op == BUF_WRITE && bd->bd_readonly)
		return -EROFS;
	return 0;
}

static void account(struct bdev *bd, const struct buf *b)
{
	spin_lock(&stat_lock);
	if (b->b_op == BUF_FLUSH) {
		bd->bd_nflush++;
	} else if (b->b_op == BUF_READ) {
		bd->bd_nread++;
		bd->bd_rsect += (u64)buf_sectors(b);
	} else {
		bd->bd_nwrite++;
		bd->bd_wsect += (u64)buf_sectors(b);
	}
	spin_unlock(&stat_lock);
}

static bool broken(const struct buf *b)
{
	return inject_fails_at(b->b_op == BUF_READ ? INJECT_READ : INJECT_WRITE, b->b_dev,
			       b->b_sector, b->b_op == BUF_FLUSH ? 0 : (u64)buf_sectors(b));
}

void bdev_submit_many(struct buf *const b[], u32 n)
{
	struct bdev *bd = n ? b[0]->b_dev : NULL;

	for (u32 i = 0; i < n; i++) {
		ASSERT(b[i]->b_dev == bd);
		b[i]->b_error = check(b[i]);
		if (!b[i]->b_error && broken(b[i]))
			b[i]->b_error = -EIO;
		if (b[i]->b_error) {
			b[i]->b_iodone(b[i]);
			continue;
		}
		account(bd, b[i]);
		bd->bd_strategy(bd, b[i]);
	}
	if (bd && bd->bd_kick)
		bd->bd_kick(bd);
}

void bdev_submit(struct buf *b)
{
	bdev_submit_many(&b, 1);
}
