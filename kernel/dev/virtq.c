/* SPDX-License-Identifier: MIT */
/* The split virtqueue: rings, chains, and notifications. */
#include "kernel/dev/virtq.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"

#define DESC_NEXT 1u
#define DESC_WRITE 2u
#define DESC_INDIRECT 4u
#define USED_NO_NOTIFY 1u

/*
 * Between the store to one's own index and the load of the other side's: the
 * only order that x86 does not keep by itself.
 */
static inline void full_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static u16 load16(const u16 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

void virtq_layout(u32 size, struct virtq_layout *vl)
{
	vl->vl_avail = size * (u32)sizeof(struct vring_desc);
	vl->vl_used = PAGE_UP(vl->vl_avail + 6 + size * 2);
	vl->vl_bytes = vl->vl_used + PAGE_UP(6 + size * (u32)sizeof(struct vring_used_elem));
}

void virtq_init(struct virtq *vq, u16 size, void *mem, u16 *own, bool event_idx)
{
	struct virtq_layout vl;

	ASSERT(size != 0 && size <= VIRTQ_MAXSIZE && (size & (size - 1)) == 0);
	virtq_layout(size, &vl);
	*vq = (struct virtq){
		.vq_desc = mem,
		.vq_avail = (void *)((u8 *)mem + vl.vl_avail),
		.vq_used = (void *)((u8 *)mem + vl.vl_used),
		.vq_size = size,
		.vq_nfree = size,
		.vq_next = own,
		.vq_chain = own + size,
		.vq_event_idx = event_idx,
	};
	for (u32 i = 0; i < size; i++) {
		vq->vq_next[i] = (u16)(i + 1);
		vq->vq_chain[i] = 0;
	}
}

void virtq_set_indirect(struct virtq *vq, struct vring_desc *ind, paddr_t ind_pa, u16 indlen)
{
	vq->vq_ind = ind;
	vq->vq_ind_pa = ind_pa;
	vq->vq_indlen = indlen;
}

static bool goes_indirect(const struct virtq *vq, u32 n)
{
	return vq->vq_ind && n > 1 && n <= vq->vq_indlen;
}

bool virtq_fits(const struct virtq *vq, u32 n)
{
	return goes_indirect(vq, n) ? vq->vq_nfree >= 1 : vq->vq_nfree >= n;
}

static u16 desc_alloc(struct virtq *vq)
{
	u16 d = vq->vq_free;

	vq->vq_free = vq->vq_next[d];
	vq->vq_nfree--;
	return d;
}

static void virtq_fill(struct vring_desc *d, const struct virtq_seg *seg, u32 flags)
{
	d->vr_addr = seg->vs_pa;
	d->vr_len = seg->vs_len;
	d->vr_flags = (u16)flags;
}

static u16 add_indirect(struct virtq *vq, const struct virtq_seg *seg, u32 nread, u32 n, u32 first)
{
	u16 head = desc_alloc(vq);
	struct vring_desc *table = vq->vq_ind + first;
	struct virtq_seg where = {
		.vs_pa = vq->vq_ind_pa + first * (u32)sizeof(*table),
		.vs_len = n * (u32)sizeof(*table),
	};

	for (u32 i = 0; i < n; i++) {
		virtq_fill(&table[i], &seg[i], (i < nread ? 0 : DESC_WRITE) | (i + 1 < n ? DESC_NEXT : 0));
		table[i].vr_next = (u16)(i + 1);
	}
	virtq_fill(&vq->vq_desc[head], &where, DESC_INDIRECT);
	vq->vq_chain[head] = 1;
	return head;
}

static u16 add_direct(struct virtq *vq, const struct virtq_seg *seg, u32 nread, u32 n)
{
	u16 head = vq->vq_free;

	for (u32 i = 0; i < n; i++) {
		struct vring_desc *d = &vq->vq_desc[desc_alloc(vq)];

		virtq_fill(d, &seg[i], (i < nread ? 0 : DESC_WRITE) | (i + 1 < n ? DESC_NEXT : 0));
		d->vr_next = vq->vq_free;
	}
	vq->vq_chain[head] = (u16)n;
	return head;
}

u16 virtq_add(struct virtq *vq, const struct virtq_seg *seg, u32 nread, u32 nwrite, u32 table)
{
	u32 n = nread + nwrite;
	u16 head;

	ASSERT(n > 0 && virtq_fits(vq, n));
	if (goes_indirect(vq, n))
		head = add_indirect(vq, seg, nread, n, table * vq->vq_indlen);
	else
		head = add_direct(vq, seg, nread, n);
	vq->vq_avail->va_ring[vq->vq_availidx & (vq->vq_size - 1)] = head;
	__atomic_store_n(&vq->vq_avail->va_idx, ++vq->vq_availidx, __ATOMIC_RELEASE);
	return head;
}

static u16 *used_event(struct virtq *vq)
{
	return &vq->vq_avail->va_ring[vq->vq_size];
}

static u16 *avail_event(struct virtq *vq)
{
	return (u16 *)&vq->vq_used->vu_ring[vq->vq_size];
}

bool virtq_must_kick(struct virtq *vq)
{
	u16 old = vq->vq_kickidx, new = vq->vq_availidx;

	if (old == new)
		return false;
	vq->vq_kickidx = new;
	full_barrier();
	/*
	 * Has the index that the device waits for been passed since then (all
	 * modulo 2^16)?
	 */
	if (vq->vq_event_idx)
		return (u16)(new - load16(avail_event(vq)) - 1) < (u16)(new - old);
	return !(load16(&vq->vq_used->vu_flags) & USED_NO_NOTIFY);
}

static void free_chain(struct virtq *vq, u16 head)
{
	u16 last = head;

	for (u16 i = 1; i < vq->vq_chain[head]; i++)
		last = vq->vq_next[last];
	vq->vq_next[last] = vq->vq_free;
	vq->vq_free = head;
	vq->vq_nfree = (u16)(vq->vq_nfree + vq->vq_chain[head]);
	vq->vq_chain[head] = 0;
}

int virtq_pop(struct virtq *vq, u16 *head)
{
	u16 pending = (u16)(load16(&vq->vq_used->vu_idx) - vq->vq_lastused);
	u32 id;

	if (pending == 0)
		return 0;
	if (pending > vq->vq_size)
		return -EIO;
	id = vq->vq_used->vu_ring[vq->vq_lastused & (vq->vq_size - 1)].vu_id;
	if (id >= vq->vq_size || vq->vq_chain[id] == 0)
		return -EIO;
	vq->vq_lastused++;
	free_chain(vq, (u16)id);
	*head = (u16)id;
	return 1;
}

bool virtq_enable_intr(struct virtq *vq)
{
	if (vq->vq_event_idx) {
		__atomic_store_n(used_event(vq), vq->vq_lastused, __ATOMIC_RELAXED);
		full_barrier();
	}
	return load16(&vq->vq_used->vu_idx) == vq->vq_lastused;
}
