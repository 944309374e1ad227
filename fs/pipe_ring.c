/* SPDX-License-Identifier: MIT */
/* The bytes of a pipe. */
#include "fs/pipe_ring.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

struct page **ring_alloc(u32 npages)
{
	return kzalloc(npages * sizeof(struct page *), 0);
}

void ring_free(struct pipe *pi)
{
	for (u32 i = 0; i < pi->pi_npages; i++) {
		if (pi->pi_page[i])
			page_put(pi->pi_page[i]);
	}
	kfree(pi->pi_page);
}

/* The page for the byte at position pos. NULL: out of memory */
static struct page *page_at(struct pipe *pi, u32 pos)
{
	struct page **slot = &pi->pi_page[pos >> PAGE_SHIFT];

	if (!*slot)
		*slot = page_alloc(0);
	return *slot;
}

int ring_write(struct pipe *pi, struct uio *u, u32 n)
{
	u32 mask = ring_capacity(pi) - 1, tail = pi->pi_head + pi->pi_count;

	n = MIN(n, MIN((u32)u->uio_resid, ring_room(pi)));
	/* An atomic write has both its pages before the first byte is moved. */
	if (n > 0 && n <= PIPE_ATOMIC && (!page_at(pi, tail & mask) || !page_at(pi, (tail + n - 1) & mask)))
		return -ENOMEM;
	while (n > 0) {
		u32 pos = (pi->pi_head + pi->pi_count) & mask;
		u32 off = pos & PAGE_MASK;
		u32 len = MIN(n, PAGE_SIZE - off);
		struct page *pg = page_at(pi, pos);
		size_t before = u->uio_resid;
		int error;

		if (!pg)
			return -ENOMEM;
		error = uiomove((u8 *)page_kva(pg) + off, len, u);
		pi->pi_count += (u32)(before - u->uio_resid);
		if (error)
			return error;
		n -= len;
	}
	return 0;
}

/* The oldest byte's page was read to its end, or all bytes were read. */
static void drop_page(struct pipe *pi, u32 slot)
{
	u32 last = (pi->pi_head + pi->pi_count - 1) & (ring_capacity(pi) - 1);
	bool keep = pi->pi_count > 0 ? last >> PAGE_SHIFT == slot /* newest bytes there */ : slot == 0;

	if (!keep) {
		page_put(pi->pi_page[slot]);
		pi->pi_page[slot] = NULL;
	}
	if (pi->pi_count == 0)
		pi->pi_head = 0;
}

int ring_read(struct pipe *pi, struct uio *u, u32 n)
{
	n = MIN(n, MIN((u32)u->uio_resid, pi->pi_count));
	while (n > 0) {
		u32 slot = pi->pi_head >> PAGE_SHIFT;
		u32 off = pi->pi_head & PAGE_MASK;
		u32 len = MIN(n, PAGE_SIZE - off);
		size_t before = u->uio_resid;
		u32 moved;
		int error;

		error = uiomove((u8 *)page_kva(pi->pi_page[slot]) + off, len, u);
		moved = (u32)(before - u->uio_resid);
		pi->pi_head = (pi->pi_head + moved) & (ring_capacity(pi) - 1);
		pi->pi_count -= moved;
		if (off + moved == PAGE_SIZE || pi->pi_count == 0)
			drop_page(pi, slot);
		if (error)
			return error;
		n -= len;
	}
	return 0;
}

int ring_resize(struct pipe *pi, u32 npages)
{
	u32 first = pi->pi_head >> PAGE_SHIFT;
	u32 used = (u32)PAGE_UP((pi->pi_head & PAGE_MASK) + pi->pi_count) >> PAGE_SHIFT;
	struct page **slots;

	/*
	 * A full ring whose head is in the middle of a page has its tail in the
	 * same page, so it cannot move.
	 */
	if (used > npages || used > pi->pi_npages)
		return -EBUSY;
	slots = ring_alloc(npages);
	if (!slots)
		return -ENOMEM;
	for (u32 i = 0; i < used; i++) {
		u32 from = (first + i) & (pi->pi_npages - 1);

		slots[i] = pi->pi_page[from];
		pi->pi_page[from] = NULL;
	}
	ring_free(pi);
	pi->pi_page = slots;
	pi->pi_npages = npages;
	pi->pi_head &= PAGE_MASK;
	return 0;
}

void ring_peek(const struct pipe *pi, u32 off, void *buf, u32 n)
{
	u32 mask = ring_capacity(pi) - 1;
	u8 *to = buf;

	ASSERT(off + n <= pi->pi_count);
	while (n > 0) {
		u32 pos = (pi->pi_head + off) & mask;
		u32 len = MIN(n, PAGE_SIZE - (pos & PAGE_MASK));

		memcpy(to, (const u8 *)page_kva(pi->pi_page[pos >> PAGE_SHIFT]) + (pos & PAGE_MASK), len);
		to += len;
		off += len;
		n -= len;
	}
}
