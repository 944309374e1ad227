/* SPDX-License-Identifier: MIT */
/*
 * The ring of a pipe, without the waiting. Positions run from 0 to the capacity
 * and wrap. The caller holds pi_lock.
 *
 *   page slots   | 0 | 1 | 2 | ... | n-1 |
 *                      ^head          ^head + count (next byte written)
 *
 * A slot gets its page when its first byte is written, and loses it when its
 * last byte was read. An empty pipe keeps the page of slot 0 and starts over
 * there, so small messages always use the same page.
 */
#ifndef FS_PIPE_RING_H
#define FS_PIPE_RING_H

#include "fs/pipe.h"

static inline u32 ring_capacity(const struct pipe *pi)
{
	return pi->pi_npages * PAGE_SIZE;
}

static inline u32 ring_room(const struct pipe *pi)
{
	return ring_capacity(pi) - pi->pi_count;
}

/*
 * Moves at most n bytes from u into the ring, or out of it to u. Bytes moved
 * before an error count.
 * Errors: -EFAULT, -ENOMEM
 */
int ring_write(struct pipe *pi, struct uio *u, u32 n);
int ring_read(struct pipe *pi, struct uio *u, u32 n);
/* Copies n bytes from the off-th oldest on; the ring holds at least off + n. */
void ring_peek(const struct pipe *pi, u32 off, void *buf, u32 n);
/* Allocates slots for `npages` pages; NULL: out of memory. */
struct page **ring_alloc(u32 npages);
void ring_free(struct pipe *pi);
/*
 * Changes the number of slots; the contents stay.
 * Errors: -EBUSY, -ENOMEM
 */
int ring_resize(struct pipe *pi, u32 npages);

#endif
