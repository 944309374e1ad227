/* SPDX-License-Identifier: MIT */
/*
 * virtio 9P transport. A request is a chain of two pieces: ps_tx for the device
 * to read, ps_rx for it to write. The interrupt only marks slots as done and
 * wakes their waiters. A device that writes invalid data is reset, and all its
 * requests, later ones too, fail with -EIO.
 *
 * Locks: v_lock (LR_BLK) guards all of struct v9p except the buffers, which
 *   belong to the holder of the slot.
 */
#include "kernel/dev/virtio_9p.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/virtio.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/layout.h"
#include "mm/page.h"
#include "proc/sched/sleep.h"

#define ID_LEGACY 0x1009
#define ID_MODERN 0x1049
#define F_MOUNT_TAG (1ull << 0)
#define CONFIG_TAG_LEN 0
#define CONFIG_TAG 2
#define RINGSIZE 128
#define MAXTAG 32u
#define MAXDEV 4u
#define HEADER 7u    /* size, type and tag of a message */
#define BUF_ORDER 4u /* P9_MSIZE */
_Static_assert((PAGE_SIZE << BUF_ORDER) == P9_MSIZE, "buffers");

enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_SENT, SLOT_DONE };

struct v9p {
	char v_tag[MAXTAG];
	struct virtio_dev v_dev;
	struct spinlock v_lock;
	struct virtq v_vq;
	bool v_taken, v_broken;
	struct p9_slot v_slot[P9_SLOTS];
	u8 v_slotof[VIRTQ_MAXSIZE]; /* by head of chain */
};

static struct v9p *devices[MAXDEV];

/* Callers that wait for a reply get -EIO. */
static void break_down(struct v9p *v)
{
	printk("9p %s: the device breaks the protocol; stopped, all its requests fail\n", v->v_tag);
	v->v_broken = true;
	virtio_fail(&v->v_dev);
	for (u32 i = 0; i < P9_SLOTS; i++) {
		if (v->v_slot[i].ps_state == SLOT_SENT)
			v->v_slot[i].ps_state = SLOT_DONE;
		wakeup(&v->v_slot[i]);
	}
}

static void v9p_intr(void *arg)
{
	struct v9p *v = arg;
	int more;
	u16 head;

	if (!(virtio_isr(&v->v_dev) & VIRTIO_ISR_QUEUE))
		return;
	spin_lock(&v->v_lock);
	do {
		more = 0;
		while (!v->v_broken && (more = virtq_pop(&v->v_vq, &head)) > 0) {
			struct p9_slot *s = &v->v_slot[v->v_slotof[head]];

			s->ps_state = SLOT_DONE;
			wakeup(s);
		}
	} while (!v->v_broken && more == 0 && !virtq_enable_intr(&v->v_vq));
	if (more < 0)
		break_down(v);
	spin_unlock(&v->v_lock);
}

int v9p_take(const char *tag, struct v9p **vp)
{
	for (u32 i = 0; i < MAXDEV && devices[i]; i++) {
		struct v9p *v = devices[i];
		bool taken;

		if (strcmp(v->v_tag, tag) != 0)
			continue;
		spin_lock(&v->v_lock);
		taken = v->v_taken;
		v->v_taken = true;
		spin_unlock(&v->v_lock);
		*vp = v;
		return taken ? -EBUSY : 0;
	}
	return -ENODEV;
}

void v9p_give_back(struct v9p *v)
{
	spin_lock(&v->v_lock);
	v->v_taken = false;
	spin_unlock(&v->v_lock);
}

static struct p9_slot *free_slot(struct v9p *v)
{
	for (u32 i = 0; i < P9_SLOTS; i++) {
		if (v->v_slot[i].ps_state == SLOT_FREE)
			return &v->v_slot[i];
	}
	return NULL;
}

struct p9_slot *v9p_slot_get(struct v9p *v)
{
	struct p9_slot *s;

	spin_lock(&v->v_lock);
	while (!(s = free_slot(v)))
		sleep(v, &v->v_lock, 0, 0);
	s->ps_state = SLOT_TAKEN;
	spin_unlock(&v->v_lock);
	return s;
}

void v9p_slot_put(struct v9p *v, struct p9_slot *s)
{
	spin_lock(&v->v_lock);
	ASSERT(s->ps_state == SLOT_TAKEN);
	s->ps_state = SLOT_FREE;
	wakeup_one(v);
	spin_unlock(&v->v_lock);
}

/*
 * Puts the request into the ring.
 * Locks: v_lock.
 */
static void issue(struct v9p *v, struct p9_slot *s, u32 len)
{
	const struct virtq_seg seg[2] = { { PA(s->ps_tx), len }, { PA(s->ps_rx), P9_MSIZE } };

	ASSERT(spin_held(&v->v_lock));
	v->v_slotof[virtq_add(&v->v_vq, seg, 1, 1, s->ps_tag)] = (u8)s->ps_tag;
	s->ps_state = SLOT_SENT;
	virtio_kick(&v->v_dev, &v->v_vq);
}

int v9p_transact(struct v9p *v, struct p9_slot *s, u32 len)
{
	u32 got;

	ASSERT(len >= HEADER && len <= P9_MSIZE);
	/* a device that writes nothing must not find an older reply */
	memset(s->ps_rx, 0, HEADER);
	spin_lock(&v->v_lock);
	if (!v->v_broken) {
		issue(v, s, len);
		while (s->ps_state == SLOT_SENT)
			sleep(s, &v->v_lock, 0, 0);
		s->ps_state = SLOT_TAKEN;
	}
	got = v->v_broken ? 0
			  : s->ps_rx[0] | (u32)s->ps_rx[1] << 8 | (u32)s->ps_rx[2] << 16 |
				    (u32)s->ps_rx[3] << 24;
	spin_unlock(&v->v_lock);
	return got >= HEADER && got <= P9_MSIZE ? 0 : -EIO;
}

static bool read_tag(struct v9p *v)
{
	u32 len = virtio_config8(&v->v_dev, CONFIG_TAG_LEN) |
		  (u32)virtio_config8(&v->v_dev, CONFIG_TAG_LEN + 1) << 8;

	if (len == 0 || len >= MAXTAG)
		return false;
	for (u32 i = 0; i < len; i++) {
		v->v_tag[i] = (char)virtio_config8(&v->v_dev, CONFIG_TAG + i);
		if (v->v_tag[i] <= ' ' || v->v_tag[i] > '~')
			return false;
	}
	return true;
}

static bool slots_alloc(struct v9p *v)
{
	for (u32 i = 0; i < P9_SLOTS; i++) {
		struct page *tx = page_alloc_order(BUF_ORDER, PGA_ZERO),
			    *rx = page_alloc_order(BUF_ORDER, PGA_ZERO);

		v->v_slot[i] = (struct p9_slot){
			.ps_tx = tx ? page_kva(tx) : NULL,
			.ps_rx = rx ? page_kva(rx) : NULL,
			.ps_tag = (u16)i,
		};
		if (!tx || !rx)
			return false;
	}
	return true;
}

static void slots_free(struct v9p *v)
{
	for (u32 i = 0; i < P9_SLOTS; i++) {
		if (v->v_slot[i].ps_tx)
			page_free_order(kva_page(v->v_slot[i].ps_tx), BUF_ORDER);
		if (v->v_slot[i].ps_rx)
			page_free_order(kva_page(v->v_slot[i].ps_rx), BUF_ORDER);
	}
}

static int v9p_attach(struct v9p *v, const struct pci_dev *pd)
{
	int error;

	spin_init(&v->v_lock, "virtio-9p", LR_BLK);
	if (!slots_alloc(v))
		return -ENOMEM;
	error = virtio_open(&v->v_dev, pd, F_MOUNT_TAG | VIRTIO_F_EVENT_IDX);
	if (error)
		return error;
	error = read_tag(v) ? virtio_add_queue(&v->v_dev, 0, RINGSIZE, 0, 0, &v->v_vq) : -ENODEV;
	if (!error) {
		virtq_enable_intr(&v->v_vq);
		error = irq_register(pd->pd_line, true, v9p_intr, v, v->v_tag);
	}
	if (error)
		virtio_fail(&v->v_dev);
	else
		virtio_start(&v->v_dev);
	return error;
}

static void add_device(const struct pci_dev *pd, u32 n)
{
	struct v9p *v = kzalloc(sizeof(*v), 0);
	int error = v ? v9p_attach(v, pd) : -ENOMEM;

	if (!error) {
		devices[n] = v;
		printk("9p: the host's folder \"%s\"\n", v->v_tag);
		return;
	}
	printk("virtio-9p %02x:%02x.%u: not usable (error %d)\n", pd->pd_bus, pd->pd_dev, pd->pd_fn, error);
	if (v)
		slots_free(v);
	kfree(v);
}

void virtio_9p_init(void)
{
	const struct pci_dev *pd;
	u32 n = 0;

	for (pd = pci_next(NULL); pd && n < MAXDEV; pd = pci_next(pd)) {
		if (!virtio_is(pd, ID_LEGACY, ID_MODERN))
			continue;
		add_device(pd, n);
		if (devices[n])
			n++;
	}
}
