/* SPDX-License-Identifier: MIT */
/* Block I/O of whole pages; see fs/bio.h. */
#include "fs/bio.h"

#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/ratelimit.h"
#include "kernel/lib/string.h"
#include "proc/sched/sleep.h"

#define NBIO 32u /* requests in flight: 8 MiB of pages */
#define SECTORS_PER_PAGE (PAGE_SIZE / SECTOR_SIZE)

struct bio {
	struct buf bi_buf;
	struct list bi_link;			     /* free list */
	void (*bi_done)(struct page *pg, int error); /* once a page, or */
	void (*bi_rundone)(void *arg, u32 n, int error);
	void *bi_arg;
	u32 bi_npages;
	struct page *bi_page[PC_CLUSTER];
	struct buf_seg bi_seg[PC_CLUSTER];
};
_Static_assert(PC_CLUSTER <= BUF_MAXSEG, "a cluster is one request");

/* A request that a caller waits for. */
struct sync_bio {
	struct buf sb_buf;
	struct buf_seg sb_seg;
	bool sb_done; /* bio_lock */
};

static struct spinlock bio_lock = SPINLOCK_INIT("bio", LR_PGWAIT);
static struct list bio_free;
static struct bio bio_pool[NBIO];

void bio_init(void)
{
	list_init(&bio_free);
	for (u32 i = 0; i < NBIO; i++)
		list_push_back(&bio_free, &bio_pool[i].bi_link);
}

static void complain(const struct buf *b)
{
	static const char *const what[] = { "read", "write", "flush" };
	static struct ratelimit limit = RATELIMIT_INIT("disk errors", "");

	printk_limited(&limit, "%s: %s error %d at sector %llu\n", b->b_dev->bd_name, what[b->b_op],
		       -b->b_error, (unsigned long long)b->b_sector);
}

static struct bio *bio_get(void)
{
	struct bio *bi;

	spin_lock(&bio_lock);
	while (list_empty(&bio_free))
		sleep(&bio_free, &bio_lock, 0, 0);
	bi = list_first(&bio_free, struct bio, bi_link);
	list_remove(&bi->bi_link);
	spin_unlock(&bio_lock);
	return bi;
}

/* Interrupt context. */
static void bio_end(struct buf *b)
{
	struct bio *bi = b->b_private;

	if (b->b_error)
		complain(b);
	if (bi->bi_rundone)
		bi->bi_rundone(bi->bi_arg, bi->bi_npages, b->b_error);
	for (u32 i = 0; bi->bi_done && i < bi->bi_npages; i++)
		bi->bi_done(bi->bi_page[i], b->b_error);
	spin_lock(&bio_lock);
	list_push_back(&bio_free, &bi->bi_link);
	wakeup_one(&bio_free);
	spin_unlock(&bio_lock);
}

/* The bytes of each page to transfer. */
struct part {
	u32 off, size;
};
static const struct part whole = { 0, PAGE_SIZE };

/* Frames that are adjacent in memory become one segment. */
static u32 make_segs(struct buf_seg *seg, struct page *const *pg, u32 n, struct part part)
{
	u32 nseg = 0;

	for (u32 i = 0; i < n; i++) {
		paddr_t pa = page_pa(pg[i]) + part.off;

		if (nseg > 0 && seg[nseg - 1].bs_pa + seg[nseg - 1].bs_len == pa)
			seg[nseg - 1].bs_len += part.size;
		else
			seg[nseg++] = (struct buf_seg){ .bs_pa = pa, .bs_len = part.size };
	}
	return nseg;
}

static void submit(struct bio *bi, struct bdev *bd, enum buf_op op, u64 sector,
		   struct page *const *pg, u32 n, struct part part)
{
	ASSERT(n <= PC_CLUSTER);
	bi->bi_npages = n;
	bi->bi_buf = (struct buf){
		.b_op = op,
		.b_dev = bd,
		.b_sector = sector,
		.b_nseg = make_segs(bi->bi_seg, pg, n, part),
		.b_seg = bi->bi_seg,
		.b_iodone = bio_end,
		.b_private = bi,
	};
	bdev_submit(&bi->bi_buf);
}

void bio_start(struct bdev *bd, enum buf_op op, u64 sector, struct page **pg, u32 n,
	       void (*done)(struct page *pg, int error))
{
	bio_start_blocks(bd, op, sector, pg, n, PAGE_SIZE, done);
}

void bio_start_blocks(struct bdev *bd, enum buf_op op, u64 sector, struct page **pg, u32 n,
		      u32 size, void (*done)(struct page *pg, int error))
{
	struct bio *bi = bio_get();

	bi->bi_done = done;
	bi->bi_rundone = NULL;
	memcpy(bi->bi_page, pg, n * sizeof(pg[0]));
	submit(bi, bd, op, sector, pg, n, (struct part){ 0, size });
}

static void start_run(struct bdev *bd, enum buf_op op, u64 sector, struct page *const *pg, u32 n,
		      struct part part, void (*done)(void *arg, u32 n, int error), void *arg)
{
	struct bio *bi = bio_get();

	bi->bi_done = NULL;
	bi->bi_rundone = done;
	bi->bi_arg = arg;
	submit(bi, bd, op, sector, pg, n, part);
}

void bio_start_part(struct bdev *bd, enum buf_op op, u64 sector, struct page *pg, u32 off, u32 size,
		    void (*done)(void *arg, u32 n, int error), void *arg)
{
	start_run(bd, op, sector, &pg, 1, (struct part){ off, size }, done, arg);
}

void bio_start_run(struct bdev *bd, enum buf_op op, u64 sector, struct page *const *pg, u32 n,
		   void (*done)(void *arg, u32 n, int error), void *arg)
{
	start_run(bd, op, sector, pg, n, whole, done, arg);
}

void bio_start_flush(struct bdev *bd, void (*done)(void *arg, u32 n, int error), void *arg)
{
	bio_start_run(bd, BUF_FLUSH, 0, NULL, 0, done, arg);
}

static void sync_end(struct buf *b)
{
	struct sync_bio *sb = b->b_private;

	spin_lock(&bio_lock);
	sb->sb_done = true;
	wakeup(sb);
	spin_unlock(&bio_lock);
}

static int submit_and_wait(struct sync_bio *sb)
{
	sb->sb_buf.b_iodone = sync_end;
	sb->sb_buf.b_private = sb;
	bdev_submit(&sb->sb_buf);
	spin_lock(&bio_lock);
	while (!sb->sb_done)
		sleep(sb, &bio_lock, 0, 0);
	spin_unlock(&bio_lock);
	if (!sb->sb_buf.b_error)
		return 0;
	complain(&sb->sb_buf);
	return -EIO;
}

int bio_sync(struct bdev *bd, enum buf_op op, u64 sector, struct page *pg, u32 len)
{
	return bio_sync_part(bd, op, sector, pg, 0, len);
}

int bio_sync_part(struct bdev *bd, enum buf_op op, u64 sector, struct page *pg, u32 off, u32 len)
{
	struct sync_bio sb = {
		.sb_buf = { .b_op = op, .b_dev = bd, .b_sector = sector, .b_nseg = 1, .b_seg = &sb.sb_seg },
		.sb_seg = { .bs_pa = page_pa(pg) + off, .bs_len = len },
	};

	return submit_and_wait(&sb);
}

int bio_flush(struct bdev *bd)
{
	struct sync_bio sb = { .sb_buf = { .b_op = BUF_FLUSH, .b_dev = bd } };

	return submit_and_wait(&sb);
}

/* --- Pages of a block device --- */

/* Bytes of page idx on the device: a whole page, except for the last one. */
static u32 bytes_there(const struct vnode *vp, u32 idx)
{
	u64 start = (u64)idx << PAGE_SHIFT;

	if (start >= vp->v_size)
		return 0;
	return (u32)MIN(vp->v_size - start, (u64)PAGE_SIZE) & ~(SECTOR_SIZE - 1);
}

int bdev_getpage(struct vnode *vp, struct page *pg)
{
	u32 len = bytes_there(vp, pg->pg_index);
	int error = 0;

	if (len > 0)
		error = bio_sync(vp->v_data, BUF_READ, (u64)pg->pg_index * SECTORS_PER_PAGE, pg, len);
	memset((u8 *)page_kva(pg) + len, 0, PAGE_SIZE - len);
	return error;
}

void bdev_getpages(struct vnode *vp, struct page **pg, u32 n)
{
	while (n > 0 && bytes_there(vp, pg[n - 1]->pg_index) < PAGE_SIZE) {
		n--;
		pc_read_done(pg[n], bdev_getpage(vp, pg[n]));
	}
	if (n > 0)
		bio_start(vp->v_data, BUF_READ, (u64)pg[0]->pg_index * SECTORS_PER_PAGE, pg, n, pc_read_done);
}

void bdev_putpages(struct vnode *vp, struct page **pg, u32 n)
{
	while (n > 0 && bytes_there(vp, pg[n - 1]->pg_index) < PAGE_SIZE) {
		u32 len = bytes_there(vp, pg[--n]->pg_index);
		u64 sector = (u64)pg[n]->pg_index * SECTORS_PER_PAGE;

		pc_write_done(pg[n], len > 0 ? bio_sync(vp->v_data, BUF_WRITE, sector, pg[n], len) : 0);
	}
	if (n > 0)
		bio_start(vp->v_data, BUF_WRITE, (u64)pg[0]->pg_index * SECTORS_PER_PAGE, pg, n, pc_write_done);
}
