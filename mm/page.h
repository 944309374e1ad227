/* SPDX-License-Identifier: MIT */
/*
 * Page frames: one struct page for each 4 KiB of RAM, with a reference count.
 *
 * References: each user PTE that is present or PROT_NONE holds one (several
 * processes may share its page table); the page cache holds one for each of its
 * pages; I/O holds one while it pins a page. The last page_put() frees the
 * frame. So a private page with pg_ref == 1 and no vnode belongs to one PTE
 * alone, and a write fault may take it as it is.
 *
 * Locks: the allocator's own (LR_FRAME). pg_flags changes by atomic operations;
 *   PG_LOCKED is a sleeping lock (fs/pagecache.h). pg_vnode and pg_index change
 *   only under the vnode's page-tree lock.
 *
 * Single frames come from and go to a small cache of each CPU. Larger blocks,
 * and refills of those caches, come from a buddy allocator: free blocks of
 * 2^order frames, aligned to their size, joined with their other half when both
 * are free.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "kernel/lib/list.h"
#include "kernel/lib/string.h"
#include "kernel/lib/types.h"
#include "mm/layout.h"

struct kmem_cache;
struct vnode;

/* Being filled, written or removed; waiters sleep on the struct page. */
#define PG_LOCKED (1u << 0)
#define PG_UPTODATE (1u << 1)	/* contents valid */
#define PG_DIRTY (1u << 2)	/* newer than the disk */
#define PG_WRITEBACK (1u << 3)	/* being written to the disk */
#define PG_ERROR (1u << 4)	/* the last read or write failed */
#define PG_REFERENCED (1u << 5) /* used since reclaim last looked */
#define PG_BUDDY (1u << 6)	/* allocator: head of a free block */
#define PG_SLAB (1u << 7)	/* kmalloc's */
#define PG_RESERVED (1u << 8)	/* never freed: kernel image, modules, holes */
/* Page cache: an lwp sleeps until PG_LOCKED or PG_WRITEBACK is cleared. */
#define PG_WAITERS (1u << 9)
/* Page cache: a read of this page starts the next read-ahead. */
#define PG_READAHEAD (1u << 10)
/*
 * Page cache: its block was never written; bytes not overwritten must become
 * zero.
 */
#define PG_NEW (1u << 11)
/*
 * Was mapped executable; overwritten before the frame is used by another owner.
 */
#define PG_TEXT (1u << 12)

struct page {
	volatile u32 pg_ref;
	volatile u32 pg_flags;
	struct list pg_link; /* free list, LRU or slab list, by owner */
	union {
		/* page cache: its file; NULL: anonymous */
		struct vnode *pg_vnode;
		/* PG_SLAB: its cache; NULL: one large object (mm/kmalloc.c) */
		struct kmem_cache *pg_cache;
	};
	/*
	 * Page cache: offset / PAGE_SIZE. PG_SLAB: distance from the slab's
	 * first frame.
	 */
	u32 pg_index;
	/*
	 * The owner's: order (allocator), slab (kmalloc), number of entries
	 * (page table), or what the file system wants (page cache: for example
	 * a block number).
	 */
	u32 pg_private;
	u32 pg_private2;
};
_Static_assert(sizeof(void *) > 4 || sizeof(struct page) == 32, "pages[] is indexed by shifts");

extern struct page *pages; /* indexed by frame number */
extern u32 npages;	   /* frames up to the end of RAM used */

#define MAX_ORDER 10u /* the largest block: 4 MiB */

/* A piece of physical address space as Multiboot describes it. */
struct mem_range {
	u64 start, end;
};

/*
 * Hands all of `ram` (sorted, disjoint, below DIRECT_MAX), except the ranges in
 * `reserved`, to the allocator. Called once, by the boot CPU, before any
 * allocation. The struct page array comes out of the RAM itself. Both lists are
 * checked: ranges outside the direct map, and parts of pages, are left out.
 * Panics if there is no room.
 */
void page_init(const struct mem_range *ram, u32 nram, const struct mem_range *reserved, u32 nreserved);

#define PGA_ZERO 1u /* contents zero */
/*
 * Do not reclaim (the caller holds spinlocks, or is reclaim itself); without
 * it, may sleep.
 */
#define PGA_NOWAIT 2u
/*
 * May use the last pages, which are kept for write-out and for checkpoints of
 * other processes.
 */
#define PGA_RESERVE 4u

/*
 * Allocates one frame, or 2^order contiguous frames (order <= MAX_ORDER);
 * pg_ref of the first is 1, and counts for all. Frames allocated one after the
 * other tend to be ascending neighbours, which is good for scatter-gather I/O.
 * Returns: NULL: out of memory.
 */
struct page *page_alloc(u32 flags) __must_check;
struct page *page_alloc_order(u32 order, u32 flags) __must_check;
/*
 * Frees a block whose pg_ref is 1. Any aligned part of a block may be freed by
 * itself.
 */
void page_free_order(struct page *pg, u32 order);

void page_get(struct page *pg);
/*
 * Drops a reference; the last one frees the frame. A page in the page cache
 * never reaches 0. Never sleeps.
 */
void page_put(struct page *pg);

static inline u32 page_pfn(const struct page *pg)
{
	return (u32)(pg - pages);
}
static inline paddr_t page_pa(const struct page *pg)
{
	return (paddr_t)page_pfn(pg) << PAGE_SHIFT;
}
static inline struct page *pa_page(paddr_t pa)
{
	return &pages[pa >> PAGE_SHIFT];
}
#ifdef REPRISE_HOST
void *page_kva(const struct page *pg);
struct page *kva_page(const void *kva);
#else
static inline void *page_kva(const struct page *pg)
{
	return KVA(page_pa(pg));
}
/* The frame that a direct-mapped address lies in. */
static inline struct page *kva_page(const void *kva)
{
	return pa_page(PA(kva));
}
#endif

static inline bool page_test(const struct page *pg, u32 flag)
{
	return (__atomic_load_n(&pg->pg_flags, __ATOMIC_ACQUIRE) & flag) != 0;
}
static inline void page_set(struct page *pg, u32 flags)
{
	__atomic_or_fetch(&pg->pg_flags, flags, __ATOMIC_ACQ_REL);
}
static inline void page_clear(struct page *pg, u32 flags)
{
	__atomic_and_fetch(&pg->pg_flags, ~flags, __ATOMIC_ACQ_REL);
}
/* Sets the flag; returns whether it was set before. */
static inline bool page_test_and_set(struct page *pg, u32 flag)
{
	return (__atomic_fetch_or(&pg->pg_flags, flag, __ATOMIC_ACQ_REL) & flag) != 0;
}

/*
 * An upper floor that can free memory (page cache, inactive vnodes). rc_fn
 * frees up to `want` pages and returns how many it freed. Several lwps may run
 * it at once. The lwp that allocates may hold any sleeping lock, so rc_fn takes
 * sleeping locks, page locks too, by trylock only. An allocation inside rc_fn
 * fails rather than start reclaim again.
 * Sleeps: yes.
 */
struct reclaimer {
	const char *rc_name;
	u32 (*rc_fn)(u32 want);
	struct list rc_link;
};
void reclaimer_register(struct reclaimer *rc);

struct page_stats {
	u32 ps_total, ps_free; /* frames; the CPUs' caches count as free */
};
void page_stats(struct page_stats *st);

/*
 * Debug builds: the byte that fills frames and objects not asked for zeroed,
 * and kernel stacks at the entry of a system call. A test looks for it in what
 * system calls return (tests/programs/leak.c). 0, the default: memory keeps its
 * old contents.
 */
extern volatile u8 mem_soil;
#ifdef DEBUG
static inline void mem_soil_fill(void *p, size_t size)
{
	if (unlikely(mem_soil))
		memset(p, mem_soil, size);
}
#else
static inline void mem_soil_fill(void *p, size_t size)
{
}
#endif

#endif
