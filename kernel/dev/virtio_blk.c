/* SPDX-License-Identifier: MIT */
/*
 * virtio disks.
 *
 * A buf goes to vb_queue, and from there, in parts, into the ring: one part,
 * unless it has more or longer pieces than the device takes. Each part has a
 * slot, which holds the request's header and status byte and names its indirect
 * table. When the last part of a buf is done, the buf returns to its maker.
 *
 *   part:  header (16) | data ... | status (1)      in flight: at most NSLOT
 *
 * The interrupt collects the finished parts, refills the ring from the queue,
 * and calls b_iodone with no lock held. A device that writes invalid data is
 * reset, and all its requests, later ones too, fail with -EIO.
 *
 * Locks: vb_lock (LR_BLK) guards all of struct vblk.
 * Source: Virtual I/O Device 1.1, section 5.2.
 */
#include "kernel/dev/virtio_blk.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/blk.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/virtio.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/layout.h"
#include "proc/sched/later.h"

#define ID_LEGACY 0x1001
#define ID_MODERN 0x1042

#define F_SIZE_MAX (1ull << 1)
#define F_SEG_MAX (1ull << 2)
#define F_RO (1ull << 5)
#define F_FLUSH (1ull << 9)

#define CONFIG_CAPACITY 0
#define CONFIG_SIZE_MAX 8
#define CONFIG_SEG_MAX 12

#define REQ_IN 0u
#define REQ_OUT 1u
#define REQ_FLUSH 4u
#define STATUS_OK 0

#define MAXDISK 8
#define MINORS_PER_DISK 16
#define CHAINLEN (BUF_MAXSEG + 2)
#define NSLOT 62 /* 62 tables of 66 descriptors just fill 64 KiB */
#define RINGSIZE 128
_Static_assert(NSLOT *CHAINLEN * sizeof(struct vring_desc) <= 65536, "tables");

struct vblk_hdr {
	u32 vh_type;
	u32 vh_reserved;
	u64 vh_sector;
};

struct vblk_slot {
	struct vblk_hdr s_hdr;
	struct buf *s_buf;
	u8 s_status;
	u8 s_next; /* free slots */
};

struct vblk {
	struct bdev vb_bdev; /* bd_data: this vblk */
	char vb_name[4];
	struct virtio_dev vb_dev;
	u32 vb_maxseg, vb_maxsize;
	bool vb_flush; /* has a cache to flush */

	struct spinlock vb_lock;
	bool vb_broken;
	struct virtq vb_vq;
	struct list vb_queue; /* bufs with parts still to issue */
	struct list vb_done;  /* bufs that vb_later will finish */
	struct later vb_later;
	u8 vb_freeslot; /* NSLOT: none */
	struct vblk_slot *vb_slot;
	u8 vb_slotof[VIRTQ_MAXSIZE]; /* by head of chain */
	struct virtq_seg vb_seg[CHAINLEN];
};

/* The progress of a buf is kept in its b_drv. */
/* parts in flight, plus 1 while more will follow */
#define drv_parts(b) ((b)->b_drv[0])
#define drv_seg(b) ((b)->b_drv[1])    /* first piece not yet issued ... */
#define drv_off(b) ((b)->b_drv[2])    /* ... from this byte of it on */
#define drv_sector(b) ((b)->b_drv[3]) /* sectors issued */

static u32 ndisk;

static paddr_t slot_pa(const struct vblk_slot *s, size_t off)
{
	return PA(s) + (paddr_t)off;
}

/*
 * Collects in vb_seg[1..] the pieces of b that one part can hold: neighbours in
 * memory become one piece.
 * Returns: the number of pieces, and where the next part begins.
 */
static u32 vblk_gather(struct vblk *vb, const struct buf *b, u32 *seg, u32 *off, u32 *bytes)
{
	struct virtq_seg *out = vb->vb_seg;
	u32 n = 0;

	*seg = drv_seg(b);
	*off = drv_off(b);
	*bytes = 0;
	while (*seg < b->b_nseg) {
		paddr_t pa = b->b_seg[*seg].bs_pa + *off;
		u32 left = b->b_seg[*seg].bs_len - *off, take;

		if (n && out[n].vs_pa + out[n].vs_len == pa && out[n].vs_len < vb->vb_maxsize) {
			take = MIN(left, vb->vb_maxsize - out[n].vs_len);
			out[n].vs_len += take;
		} else if (n < vb->vb_maxseg) {
			take = MIN(left, vb->vb_maxsize);
			out[++n] = (struct virtq_seg){ .vs_pa = pa, .vs_len = take };
		} else {
			break;
		}
		*bytes += take;
		*off += take;
		if (take == left) {
			(*seg)++;
			*off = 0;
		}
	}
	return n;
}

/*
 * Puts the next part of b into the ring.
 * Returns: false: no room now.
 */
static bool issue_part(struct vblk *vb, struct buf *b)
{
	struct vblk_slot *s = &vb->vb_slot[vb->vb_freeslot];
	u32 n, seg, off, bytes;
	u16 head;

	if (vb->vb_freeslot == NSLOT)
		return false;
	n = vblk_gather(vb, b, &seg, &off, &bytes);
	if (!virtq_fits(&vb->vb_vq, n + 2))
		return false;
	s->s_hdr.vh_type = b->b_op == BUF_READ	  ? REQ_IN
			   : b->b_op == BUF_WRITE ? REQ_OUT
						  : REQ_FLUSH;
	s->s_hdr.vh_sector = b->b_op == BUF_FLUSH ? 0 : b->b_sector + drv_sector(b);
	s->s_status = 0xff;
	s->s_buf = b;
	vb->vb_seg[0] = (struct virtq_seg){ slot_pa(s, 0), sizeof(s->s_hdr) };
	vb->vb_seg[n + 1] = (struct virtq_seg){ slot_pa(s, offsetof(struct vblk_slot, s_status)), 1 };
	head = virtq_add(&vb->vb_vq, vb->vb_seg, b->b_op == BUF_READ ? 1 : n + 1,
			 b->b_op == BUF_READ ? n + 1 : 1, vb->vb_freeslot);
	vb->vb_slotof[head] = vb->vb_freeslot;
	vb->vb_freeslot = s->s_next;
	drv_seg(b) = seg;
	drv_off(b) = off;
	drv_sector(b) += bytes / SECTOR_SIZE;
	drv_parts(b)++;
	return true;
}

/*
 * Moves from the queue to the ring as much as fits. Bufs that end meanwhile go
 * to `done`.
 */
static void refill(struct vblk *vb, struct list *done)
{
	while (!list_empty(&vb->vb_queue)) {
		struct buf *b = list_first(&vb->vb_queue, struct buf, b_link);

		/* After an error the rest of a split buf is not issued. */
		if (!vb->vb_broken && b->b_error == 0) {
			if (!issue_part(vb, b))
				return;
			if (drv_seg(b) < b->b_nseg)
				continue;
		}
		if (vb->vb_broken)
			b->b_error = -EIO;
		list_remove(&b->b_link);
		if (--drv_parts(b) == 0)
			list_push_back(done, &b->b_link);
	}
}

static void part_done(struct vblk *vb, u32 slot, struct list *done)
{
	struct vblk_slot *s = &vb->vb_slot[slot];
	struct buf *b = s->s_buf;

	if (s->s_status != STATUS_OK)
		b->b_error = -EIO;
	s->s_buf = NULL;
	s->s_next = vb->vb_freeslot;
	vb->vb_freeslot = (u8)slot;
	if (--drv_parts(b) == 0)
		list_push_back(done, &b->b_link);
}

/*
 * The device cannot be trusted any more: it is stopped, and nothing waits for
 * it.
 */
static void break_down(struct vblk *vb, struct list *done)
{
	printk("%s: the device breaks the protocol; stopped, all its requests fail\n", vb->vb_name);
	vb->vb_broken = true;
	virtio_fail(&vb->vb_dev);
	for (u32 i = 0; i < NSLOT; i++) {
		if (!vb->vb_slot[i].s_buf)
			continue;
		vb->vb_slot[i].s_status = 0xff;
		part_done(vb, i, done);
	}
}

static void take_in(struct vblk *vb, struct list *done)
{
	int more;
	u16 head;

	if (vb->vb_broken)
		return;
	do {
		while ((more = virtq_pop(&vb->vb_vq, &head)) > 0)
			part_done(vb, vb->vb_slotof[head], done);
	} while (more == 0 && !virtq_enable_intr(&vb->vb_vq));
	if (more < 0)
		break_down(vb, done);
}

/*
 * bufs that an interrupt finishes: each may have many pages, with lwps waiting
 * for them
 */
#define FINISH_MAX 2u

/* Moves some bufs from one list to another. */
static void move_some(struct list *to, struct list *from)
{
	for (u32 n = 0; n < FINISH_MAX && !list_empty(from); n++) {
		struct buf *b = list_first(from, struct buf, b_link);

		list_remove(&b->b_link);
		list_push_back(to, &b->b_link);
	}
}

static void finish(struct list *done)
{
	struct buf *b, *tmp;

	list_for_each_safe(b, tmp, done, b_link) {
		list_remove(&b->b_link);
		b->b_iodone(b);
	}
}

static bool finish_more(struct later *la)
{
	struct vblk *vb = container_of(la, struct vblk, vb_later);
	struct list some = LIST_INIT(some);
	bool more;

	spin_lock(&vb->vb_lock);
	move_some(&some, &vb->vb_done);
	more = !list_empty(&vb->vb_done);
	spin_unlock(&vb->vb_lock);
	finish(&some);
	return more;
}

static void vblk_intr(void *arg)
{
	struct vblk *vb = arg;
	struct list done = LIST_INIT(done), some = LIST_INIT(some);
	bool more;

	if (!(virtio_isr(&vb->vb_dev) & VIRTIO_ISR_QUEUE))
		return;
	spin_lock(&vb->vb_lock);
	take_in(vb, &done);
	refill(vb, &done);
	if (!vb->vb_broken)
		virtio_kick(&vb->vb_dev, &vb->vb_vq);
	/* Waiting bufs go first. */
	list_splice(&vb->vb_done, &done);
	move_some(&some, &vb->vb_done);
	more = !list_empty(&vb->vb_done);
	spin_unlock(&vb->vb_lock);
	finish(&some);
	if (more)
		later(&vb->vb_later);
}

static void vblk_strategy(struct bdev *bd, struct buf *b)
{
	struct vblk *vb = bd->bd_data;
	struct list done = LIST_INIT(done);

	if (b->b_op == BUF_FLUSH && !vb->vb_flush) {
		b->b_iodone(b);
		return;
	}
	drv_parts(b) = 1;
	drv_seg(b) = drv_off(b) = drv_sector(b) = 0;
	spin_lock(&vb->vb_lock);
	list_push_back(&vb->vb_queue, &b->b_link);
	refill(vb, &done);
	spin_unlock(&vb->vb_lock);
	finish(&done);
}

static void vblk_kick(struct bdev *bd)
{
	struct vblk *vb = bd->bd_data;

	spin_lock(&vb->vb_lock);
	if (!vb->vb_broken)
		virtio_kick(&vb->vb_dev, &vb->vb_vq);
	spin_unlock(&vb->vb_lock);
}

static u32 limit(struct vblk *vb, u64 feature, u32 off, u32 most)
{
	u32 v;

	if (!(vb->vb_dev.vd_features & feature))
		return most;
	v = virtio_config32(&vb->vb_dev, off);
	return v == 0 || v > most ? most : v;
}

static void read_config(struct vblk *vb)
{
	struct bdev *bd = &vb->vb_bdev;

	bd->bd_sectors = virtio_config64(&vb->vb_dev, CONFIG_CAPACITY);
	bd->bd_readonly = (vb->vb_dev.vd_features & F_RO) != 0;
	vb->vb_flush = (vb->vb_dev.vd_features & F_FLUSH) != 0;
	vb->vb_maxseg = limit(vb, F_SEG_MAX, CONFIG_SEG_MAX, BUF_MAXSEG);
	vb->vb_maxsize = limit(vb, F_SIZE_MAX, CONFIG_SIZE_MAX, 1u << 22);
	vb->vb_maxsize -= vb->vb_maxsize % SECTOR_SIZE;
	if (vb->vb_maxsize == 0)
		vb->vb_maxsize = SECTOR_SIZE;
	if (!(vb->vb_dev.vd_features & VIRTIO_F_INDIRECT))
		vb->vb_maxseg = MIN(vb->vb_maxseg, vb->vb_vq.vq_size / 2u);
}

/* Slots come zeroed; each points to the next free one. */
static struct vblk_slot *slots_alloc(void)
{
	struct vblk_slot *s = kzalloc(NSLOT * sizeof(*s), 0);

	for (u32 i = 0; s && i < NSLOT; i++)
		s[i].s_next = (u8)(i + 1);
	return s;
}

static int vblk_attach(struct vblk *vb, const struct pci_dev *pd)
{
	u64 wanted = F_SIZE_MAX | F_SEG_MAX | F_RO | F_FLUSH | VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX;
	int error;

	spin_init(&vb->vb_lock, "virtio-blk", LR_BLK);
	list_init(&vb->vb_queue);
	list_init(&vb->vb_done);
	later_init(&vb->vb_later, finish_more);
	vb->vb_slot = slots_alloc();
	if (!vb->vb_slot)
		return -ENOMEM;
	error = virtio_open(&vb->vb_dev, pd, wanted);
	if (error)
		goto free_slots;
	error = virtio_add_queue(&vb->vb_dev, 0, RINGSIZE, NSLOT, CHAINLEN, &vb->vb_vq);
	if (error)
		goto fail_device;
	read_config(vb);
	virtq_enable_intr(&vb->vb_vq);
	error = irq_register(pd->pd_line, true, vblk_intr, vb, vb->vb_name);
	if (error)
		goto fail_device;
	virtio_start(&vb->vb_dev);
	return 0;

fail_device:
	virtio_fail(&vb->vb_dev);
free_slots:
	kfree(vb->vb_slot);
	return error;
}

static void add_disk(const struct pci_dev *pd)
{
	struct vblk *vb = kzalloc(sizeof(*vb), 0);
	struct bdev *bd = &vb->vb_bdev;
	int error = -ENOMEM;

	if (vb) {
		snprintf(vb->vb_name, sizeof(vb->vb_name), "vd%c", (char)('a' + ndisk));
		error = vblk_attach(vb, pd);
	}
	if (error) {
		printk("virtio-blk %02x:%02x.%u: not usable (error %d)\n", pd->pd_bus, pd->pd_dev,
		       pd->pd_fn, error);
		kfree(vb);
		return;
	}
	bd->bd_name = vb->vb_name;
	bd->bd_rdev = MAKEDEV(VIRTIO_BLK_MAJOR, ndisk * MINORS_PER_DISK);
	bd->bd_strategy = vblk_strategy;
	bd->bd_kick = vblk_kick;
	bd->bd_data = vb;
	ndisk++;
	bdev_register(bd);
	printk("%s: virtio disk, %llu sectors%s, %s interface, %u pieces a request\n", vb->vb_name,
	       (unsigned long long)bd->bd_sectors, bd->bd_readonly ? ", read-only" : "",
	       vb->vb_dev.vd_modern ? "1.x" : "legacy", vb->vb_maxseg);
}

void virtio_blk_init(void)
{
	const struct pci_dev *pd;

	assert_may_sleep("virtio_blk_init");
	for (pd = pci_next(NULL); pd; pd = pci_next(pd)) {
		if (!virtio_is(pd, ID_LEGACY, ID_MODERN))
			continue;
		if (ndisk == MAXDISK) {
			printk("virtio-blk: more than %u disks: the rest is left out\n", MAXDISK);
			return;
		}
		add_disk(pd);
	}
}
