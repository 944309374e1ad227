/* SPDX-License-Identifier: MIT */
/*
 * virtio over PCI: finding the registers of a device, starting it, and
 * notifying it.
 */
#include "kernel/dev/virtio.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/hat.h"
#include "mm/kmalloc.h"
#include "mm/page.h"

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define STATUS_FAILED 128u

/*
 * Capabilities: type, then BAR, offset, length; behind a notify one the
 * multiplier.
 */
#define CAP_TYPE 3
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_LENGTH 12
#define CAP_MULT 16
#define CFG_COMMON 1
#define CFG_NOTIFY 2
#define CFG_ISR 3
#define CFG_DEVICE 4

/* Common configuration, 1.x. */
#define C_DEV_FEATURE_SEL 0
#define C_DEV_FEATURE 4
#define C_DRV_FEATURE_SEL 8
#define C_DRV_FEATURE 12
#define C_STATUS 20
#define C_GENERATION 21
#define C_QUEUE_SEL 22
#define C_QUEUE_SIZE 24
#define C_QUEUE_ENABLE 28
#define C_QUEUE_NOTIFY 30
#define C_QUEUE_DESC 32
#define C_QUEUE_AVAIL 40
#define C_QUEUE_USED 48
#define C_LEN 56

/* Legacy ports. */
#define P_DEV_FEATURE 0
#define P_DRV_FEATURE 4
#define P_QUEUE_PFN 8
#define P_QUEUE_SIZE 12
#define P_QUEUE_SEL 14
#define P_QUEUE_NOTIFY 16
#define P_STATUS 18
#define P_ISR 19
#define P_CONFIG 20

#define RESET_TRIES 1000 /* of 10 us */

bool virtio_is(const struct pci_dev *pd, u16 legacy_id, u16 modern_id)
{
	return pd->pd_vendor == VIRTIO_VENDOR && (pd->pd_device == legacy_id || pd->pd_device == modern_id);
}

static u8 get8(const struct virtio_window *w, u32 off)
{
	return w->vw_base[off];
}
static u16 get16(const struct virtio_window *w, u32 off)
{
	return *(volatile u16 *)(w->vw_base + off);
}
static u32 get32(const struct virtio_window *w, u32 off)
{
	return *(volatile u32 *)(w->vw_base + off);
}
static void put8(const struct virtio_window *w, u32 off, u8 v)
{
	w->vw_base[off] = v;
}
static void put16(const struct virtio_window *w, u32 off, u16 v)
{
	*(volatile u16 *)(w->vw_base + off) = v;
}
static void put32(const struct virtio_window *w, u32 off, u32 v)
{
	*(volatile u32 *)(w->vw_base + off) = v;
}

static u8 get_status(struct virtio_dev *vd)
{
	return vd->vd_modern ? get8(&vd->vd_common, C_STATUS) : inb((u16)(vd->vd_port + P_STATUS));
}

static void put_status(struct virtio_dev *vd, u32 v)
{
	if (vd->vd_modern)
		put8(&vd->vd_common, C_STATUS, (u8)v);
	else
		outb((u16)(vd->vd_port + P_STATUS), (u8)v);
}

/*
 * Maps the window that capability `cap` describes, if the kernel can map its
 * BAR.
 */
static bool map_window(struct virtio_dev *vd, u32 cap, struct virtio_window *w)
{
	u8 bar = pci_read8(vd->vd_pci, cap + CAP_BAR);
	u32 off = pci_read32(vd->vd_pci, cap + CAP_OFFSET);
	u32 len = pci_read32(vd->vd_pci, cap + CAP_LENGTH);
	const struct pci_bar *pb;

	if (bar >= PCI_NBAR || len == 0)
		return false;
	pb = &vd->vd_pci->pd_bar[bar];
	if (pb->pb_io || pb->pb_base == 0 || (u64)off + len > pb->pb_len)
		return false;
	if (pb->pb_base + off + len > 0xffffffffull || (off & 3))
		return false;
	/*
	 * A notify window can be large; a page holds more queues than any
	 * driver here has.
	 */
	w->vw_len = MIN(len, PAGE_SIZE);
	w->vw_base = mmio_map((paddr_t)(pb->pb_base + off), w->vw_len);
	return true;
}

/* The first usable capability of each type counts. */
static bool find_modern(struct virtio_dev *vd)
{
	struct virtio_window *const windows[] = { NULL, &vd->vd_common, &vd->vd_notify, &vd->vd_isr,
						  &vd->vd_config };
	u32 cap;

	for (u32 n = 0; (cap = pci_cap(vd->vd_pci, PCI_CAP_VENDOR, n)) != 0; n++) {
		u8 type = pci_read8(vd->vd_pci, cap + CAP_TYPE);

		if (type < CFG_COMMON || type > CFG_DEVICE || windows[type]->vw_base)
			continue;
		if (map_window(vd, cap, windows[type]) && type == CFG_NOTIFY)
			vd->vd_notify_mult = pci_read32(vd->vd_pci, cap + CAP_MULT);
	}
	return vd->vd_common.vw_len >= C_LEN && vd->vd_notify.vw_len >= 2 && vd->vd_isr.vw_len >= 1;
}

static bool find_legacy(struct virtio_dev *vd)
{
	const struct pci_bar *pb = &vd->vd_pci->pd_bar[0];

	if (!pb->pb_io || pb->pb_len < P_CONFIG)
		return false;
	vd->vd_port = (u16)pb->pb_base;
	vd->vd_port_len = (u16)pb->pb_len;
	return true;
}

static bool reset(struct virtio_dev *vd)
{
	put_status(vd, 0);
	for (int i = 0; i < RESET_TRIES; i++) {
		if (get_status(vd) == 0)
			return true;
		clock_udelay(10);
	}
	return false;
}

static u64 get_features(struct virtio_dev *vd)
{
	u64 f;

	if (!vd->vd_modern)
		return inl((u16)(vd->vd_port + P_DEV_FEATURE));
	put32(&vd->vd_common, C_DEV_FEATURE_SEL, 1);
	f = (u64)get32(&vd->vd_common, C_DEV_FEATURE) << 32;
	put32(&vd->vd_common, C_DEV_FEATURE_SEL, 0);
	return f | get32(&vd->vd_common, C_DEV_FEATURE);
}

static bool agree(struct virtio_dev *vd, u64 wanted)
{
	vd->vd_features = get_features(vd) & (wanted | (vd->vd_modern ? VIRTIO_F_VERSION_1 : 0));
	if (!vd->vd_modern) {
		outl((u16)(vd->vd_port + P_DRV_FEATURE), (u32)vd->vd_features);
		return true;
	}
	put32(&vd->vd_common, C_DRV_FEATURE_SEL, 0);
	put32(&vd->vd_common, C_DRV_FEATURE, (u32)vd->vd_features);
	put32(&vd->vd_common, C_DRV_FEATURE_SEL, 1);
	put32(&vd->vd_common, C_DRV_FEATURE, (u32)(vd->vd_features >> 32));
	put_status(vd, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	return (get_status(vd) & STATUS_FEATURES_OK) != 0;
}

int virtio_open(struct virtio_dev *vd, const struct pci_dev *pd, u64 wanted)
{
	*vd = (struct virtio_dev){ .vd_pci = pd };
	pci_enable(pd);
	vd->vd_modern = find_modern(vd);
	if (!vd->vd_modern && !find_legacy(vd)) {
		printk("virtio %02x:%02x.%u: no interface that can be used\n", pd->pd_bus, pd->pd_dev, pd->pd_fn);
		return -ENODEV;
	}
	if (!reset(vd)) {
		printk("virtio %02x:%02x.%u: does not reset\n", pd->pd_bus, pd->pd_dev, pd->pd_fn);
		return -ENODEV;
	}
	put_status(vd, STATUS_ACKNOWLEDGE);
	put_status(vd, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	if (!agree(vd, wanted)) {
		printk("virtio %02x:%02x.%u: refuses our features\n", pd->pd_bus, pd->pd_dev, pd->pd_fn);
		virtio_fail(vd);
		return -ENODEV;
	}
	return 0;
}

/*
 * The queue's size: the device's maximum; a 1.x device accepts less. 0: no such
 * queue, or none that can be used.
 */
static u32 queue_size(struct virtio_dev *vd, u32 maxsize)
{
	u32 size;

	if (vd->vd_modern)
		size = get16(&vd->vd_common, C_QUEUE_SIZE);
	else
		size = inw((u16)(vd->vd_port + P_QUEUE_SIZE));
	if (size == 0 || (size & (size - 1)) != 0)
		return 0;
	if (size > maxsize && vd->vd_modern) {
		size = maxsize;
		put16(&vd->vd_common, C_QUEUE_SIZE, (u16)size);
	}
	return size <= VIRTQ_MAXSIZE ? size : 0;
}

static void put64(const struct virtio_window *w, u32 off, u64 v)
{
	put32(w, off, (u32)v);
	put32(w, off + 4, (u32)(v >> 32));
}

static bool enable_queue(struct virtio_dev *vd, struct virtq *vq)
{
	const struct virtio_window *c = &vd->vd_common;

	if (!vd->vd_modern) {
		outl((u16)(vd->vd_port + P_QUEUE_PFN), PA(vq->vq_desc) >> PAGE_SHIFT);
		return true;
	}
	put64(c, C_QUEUE_DESC, PA(vq->vq_desc));
	put64(c, C_QUEUE_AVAIL, PA(vq->vq_avail));
	put64(c, C_QUEUE_USED, PA(vq->vq_used));
	vq->vq_notify_off = get16(c, C_QUEUE_NOTIFY) * vd->vd_notify_mult;
	if ((u64)get16(c, C_QUEUE_NOTIFY) * vd->vd_notify_mult > vd->vd_notify.vw_len - 2)
		return false;
	put16(c, C_QUEUE_ENABLE, 1);
	return true;
}

static u32 order_of(u32 bytes)
{
	u32 order = 0;

	while ((PAGE_SIZE << order) < bytes)
		order++;
	return order;
}

/* Memory for the device: zeroed, page-aligned, contiguous. */
static struct page *shared_alloc(u32 bytes)
{
	return page_alloc_order(order_of(bytes), PGA_ZERO);
}

int virtio_add_queue(struct virtio_dev *vd, u16 index, u32 maxsize, u32 ntables, u16 indlen, struct virtq *vq)
{
	bool indirect = (vd->vd_features & VIRTIO_F_INDIRECT) != 0;
	struct page *ring, *ind = NULL;
	struct virtq_layout vl;
	u32 size, ind_bytes;
	u16 *own;

	if (vd->vd_modern)
		put16(&vd->vd_common, C_QUEUE_SEL, index);
	else
		outw((u16)(vd->vd_port + P_QUEUE_SEL), index);
	size = queue_size(vd, maxsize);
	if (size == 0)
		return -ENODEV;
	virtq_layout(size, &vl);
	ind_bytes = ntables * indlen * (u32)sizeof(struct vring_desc);
	ring = shared_alloc(vl.vl_bytes);
	own = kmalloc(2 * size * sizeof(*own), 0);
	if (indirect)
		ind = shared_alloc(ind_bytes);
	if (!ring || !own || (indirect && !ind))
		goto no_memory;
	virtq_init(vq, (u16)size, page_kva(ring), own, (vd->vd_features & VIRTIO_F_EVENT_IDX) != 0);
	if (ind)
		virtq_set_indirect(vq, page_kva(ind), page_pa(ind), indlen);
	vq->vq_index = index;
	if (enable_queue(vd, vq))
		return 0;

no_memory:
	if (ind)
		page_free_order(ind, order_of(ind_bytes));
	kfree(own);
	if (ring)
		page_free_order(ring, order_of(vl.vl_bytes));
	return ring && own ? -ENODEV : -ENOMEM;
}

void virtio_start(struct virtio_dev *vd)
{
	u32 ok = vd->vd_modern ? STATUS_FEATURES_OK : 0;

	put_status(vd, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK | ok);
}

void virtio_fail(struct virtio_dev *vd)
{
	put_status(vd, 0);
	put_status(vd, STATUS_FAILED);
}

void virtio_kick(struct virtio_dev *vd, struct virtq *vq)
{
	if (!virtq_must_kick(vq))
		return;
	if (vd->vd_modern)
		put16(&vd->vd_notify, vq->vq_notify_off, vq->vq_index);
	else
		outw((u16)(vd->vd_port + P_QUEUE_NOTIFY), vq->vq_index);
}

u32 virtio_isr(struct virtio_dev *vd)
{
	return vd->vd_modern ? get8(&vd->vd_isr, 0) : inb((u16)(vd->vd_port + P_ISR));
}

u8 virtio_config8(struct virtio_dev *vd, u32 off)
{
	if (vd->vd_modern)
		return off < vd->vd_config.vw_len ? get8(&vd->vd_config, off) : 0;
	return P_CONFIG + off < vd->vd_port_len ? inb((u16)(vd->vd_port + P_CONFIG + off)) : 0;
}

u32 virtio_config32(struct virtio_dev *vd, u32 off)
{
	if (vd->vd_modern)
		return off + 4 <= vd->vd_config.vw_len ? get32(&vd->vd_config, off) : 0;
	return P_CONFIG + off + 4 <= vd->vd_port_len ? inl((u16)(vd->vd_port + P_CONFIG + off)) : 0;
}

/*
 * Two halves of one value: 1.x devices count their changes; older devices are
 * read until two reads agree.
 */
u64 virtio_config64(struct virtio_dev *vd, u32 off)
{
	u64 v, again;

	for (int i = 0; i < 100; i++) {
		u8 gen = vd->vd_modern ? get8(&vd->vd_common, C_GENERATION) : 0;

		v = virtio_config32(vd, off) | (u64)virtio_config32(vd, off + 4) << 32;
		if (vd->vd_modern && get8(&vd->vd_common, C_GENERATION) == gen)
			return v;
		if (vd->vd_modern)
			continue;
		again = virtio_config32(vd, off) | (u64)virtio_config32(vd, off + 4) << 32;
		if (again == v)
			return v;
	}
	return 0;
}
