/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the page cache: pagecache.c (identity), pc_read.c,
 * pc_write.c, writeback.c, reclaim.c.
 */
#ifndef FS_PC_IMPL_H
#define FS_PC_IMPL_H

#include "fs/pagecache.h"
#include "kernel/lib/lock.h"

/* Guards the LRU list of pages and the list of dirty vnodes (LR_PCLIST). */
extern struct spinlock pc_list_lock;
extern struct list pc_lru; /* by pg_link, the reclaim hand at the front */
extern volatile u32 pc_npages, pc_ndirty, pc_nwriteback; /* atomic */

/* The page in any state, with a reference; NULL: none. */
struct page *pc_find(struct vnode *vp, u32 idx);
/*
 * Removes a locked page from the cache if it is clean and has at most `refs`
 * references; PC_ANYREFS: always.
 */
#define PC_ANYREFS 0xffffffffu
bool pc_remove_if(struct vnode *vp, struct page *pg, u32 refs);
/*
 * Clears DIRTY, under v_pclock, of a page that leaves the cache or whose write
 * begins.
 */
void pc_clean_locked(struct vnode *vp, struct page *pg);
/*
 * Reads page idx, which was not in the cache, and as many following pages as
 * read-ahead wants.
 * Returns: 0: look it up again.
 * Errors: -ENOMEM
 */
int pc_read_from(struct vnode *vp, u32 idx);
/* A read reached a page marked PG_READAHEAD: starts the next read-ahead. */
void pc_read_ahead(struct vnode *vp, struct page *pg);
/* Fills one locked page, and waits. */
int pc_fill(struct vnode *vp, struct page *pg);

void reclaim_init(void);
void writeback_init(void);
/*
 * Wakes write-back for all old or, if urgent, all dirty pages, when memory is
 * short. Any context.
 */
void writeback_urge(void);
/* Waits until a write ends, or until the deadline. */
void writeback_wait(u64 deadline);
/* A page was written. Any context. */
void writeback_ended(void);
/* Puts a vnode with its first dirty page on the list. v_pclock held. */
void writeback_add(struct vnode *vp);

static inline bool pc_has_end(const struct vnode *vp)
{
	return vp->v_type == VREG || vp->v_type == VBLK;
}

/* Pages that hold bytes of the file. */
static inline u32 pc_size(const struct vnode *vp)
{
	u64 n = (vp->v_size + PAGE_MASK) >> PAGE_SHIFT;

	return n > PC_END ? PC_END : (u32)n;
}

#endif
