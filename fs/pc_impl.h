/* SPDX-License-Identifier: MIT */
/* What the files of the page cache share: pagecache.c (identity), pc_read.c, pc_write.c, writeback.c, reclaim.c. */
#ifndef FS_PC_IMPL_H
#define FS_PC_IMPL_H

#include "fs/pagecache.h"
#include "kernel/lib/lock.h"

/* The LRU list of pages, the list of dirty vnodes (LR_PCLIST). */
extern struct spinlock pc_list_lock;
extern struct list pc_lru; /* pages by pg_link, the reclaim hand at the front */
extern volatile u32 pc_npages, pc_ndirty, pc_nwriteback; /* atomic */

/* The page in whatever state, with a reference; NULL: none. */
struct page *pc_find(struct vnode *vp, u32 idx);
/* Takes a locked page out of the cache if it has no more than `refs` references and is clean; PC_ANYREFS: in any case. */
#define PC_ANYREFS 0xffffffffu
bool pc_remove_if(struct vnode *vp, struct page *pg, u32 refs);
/* DIRTY goes (under v_pclock); for a page that leaves the cache, or whose write begins. */
void pc_clean_locked(struct vnode *vp, struct page *pg);
/* Reads page idx, which was not there, and what follows it as far as it is worth it. 0: look again. -ENOMEM */
int pc_read_from(struct vnode *vp, u32 idx);
/* Somebody came to a page marked PG_READAHEAD. */
void pc_read_ahead(struct vnode *vp, struct page *pg);
/* Fills one locked page now. */
int pc_fill(struct vnode *vp, struct page *pg);

void reclaim_init(void);
void writeback_init(void);
/* Writes all old or, if urgent, all dirty pages: for whoever runs out of memory. Any context. */
void writeback_urge(void);
/* Waits until some write ends, at most until then. */
void writeback_wait(u64 deadline);
/* A page has been written. Any context. */
void writeback_ended(void);
/* The vnode has its first dirty page: it goes on the list. v_pclock held. */
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
