/* SPDX-License-Identifier: MIT */
/*
 * The page cache: pages of a vnode by index, behind read, write, mmap, exec and checkpoint alike.
 *
 * States of a page in the cache: being read (LOCKED), valid (UPTODATE), DIRTY, WRITEBACK (a write of it is under way; it may be
 * read, and even made dirty again, meanwhile). The cache itself holds one reference; a page is reclaimable when it is clean,
 * unlocked and pg_ref == 1.
 *
 * Locks
 *   page lock (PG_LOCKED, sleeping): the page's identity (pg_vnode, pg_index), becoming valid, being written. After a_lock and v_lock, before
 *             file-system locks. Several pages are locked together only in ascending index of one vnode.
 *   v_pclock  v_pages and its tags, v_npages, v_ndirty; setting pg_vnode; PG_DIRTY and PG_WRITEBACK changes. From interrupts too.
 *   LR_PCLIST the LRU list of pages, the list of dirty vnodes; inside v_pclock.
 *
 * A page fault enters its translation with the page locked, after it has seen that pg_vnode is still the vnode and that the page begins
 * below v_size: pc_truncate() then cannot miss it. pg_private belongs to the file system (ext2: the block number), pg_private2 too.
 */
#ifndef FS_PAGECACHE_H
#define FS_PAGECACHE_H

#include "fs/vnode.h"
#include "mm/page.h"

#define PC_CLUSTER 64u /* pages read or written by one request at most */

#define PCT_DIRTY 0u /* tags in v_pages */
#define PCT_WRITEBACK 1u

void pagecache_init(void);  /* registers the reclaimer */
void writeback_start(void); /* starts the write-back thread; after the scheduler runs */

void page_lock(struct page *pg);
bool page_trylock(struct page *pg);
void page_unlock(struct page *pg); /* from interrupts too */
void page_wait_writeback(struct page *pg);

/*
 * The page idx of vp, valid, with a reference, unlocked. Reads ahead when access is sequential. For a page that lies wholly
 * beyond the end of a regular file or block device: -ERANGE. -EIO, -ENOMEM. May sleep. For reads and faults.
 */
int pc_get(struct vnode *vp, u32 idx, struct page **pgp);
/* The same if it is there and valid already; NULL otherwise. Never sleeps. */
struct page *pc_lookup(struct vnode *vp, u32 idx);
/* The page, locked, with a reference, for writing; created if absent. If `fill`, contents valid; otherwise the caller overwrites all of it and
 * sets PG_UPTODATE. Knows no end of file. -EIO, -ENOMEM */
int pc_get_locked(struct vnode *vp, u32 idx, bool fill, struct page **pgp);
/* Puts a caller's page at idx (takes a reference of its own), LOCKED. -EEXIST if one is there, -ENOMEM. */
int pc_insert(struct vnode *vp, u32 idx, struct page *pg);
/* Marks dirty, under the page lock or with a reference; the vnode goes to the write-back list. */
void pc_dirty(struct page *pg);
/* Forgets pages >= idx (waits for locked ones, and for writes under way); their contents are lost. Part of truncate, under v_lock, after
 * v_size changed; takes them out of address spaces. */
void pc_truncate(struct vnode *vp, u32 idx);
/* Zeroes the part of the last page that lies beyond v_size, if the page is in the cache or the file has it on disk. Under v_lock. -EIO, -ENOMEM */
int pc_zero_tail(struct vnode *vp);
/* Drops what can be dropped without writing or waiting; true if no page is left. */
bool pc_drop_clean(struct vnode *vp);
/* Writes dirty pages [from, to) out; waits for the writes if `wait`. Returns 0, or, waiting, the error that fsync has yet to report (and leaves it there). */
int pc_flush(struct vnode *vp, u32 from, u32 to, bool wait);
#define PC_END 0xffffffffu /* as `to`: all */
/* The same, with waiting, for all vnodes of a file system: what its vfs_sync begins with. */
int pc_flush_all(struct vfs *vfs);
/* Returns the write-back error not yet reported, and forgets it. */
int pc_take_error(struct vnode *vp);

/* The end of a page's read or write, once each. From interrupts too. */
void pc_read_done(struct page *pg, int error);
void pc_write_done(struct page *pg, int error);

/* Reads of regular files on top of the above: what most file systems put in vop_read. */
int pc_read(struct vnode *vp, struct uio *u);
/*
 * Writes: takes v_lock, then for each run of pages: locks them, reads those that are overwritten in part, vop_mkwrite, copies. Extends v_size.
 * What was written before an error counts: 0 with uio_resid less. -EFBIG, -ENOSPC, -EFAULT, -EIO. pc_write_locked: v_lock is held.
 */
int pc_write(struct vnode *vp, struct uio *u, u32 ioflags);
int pc_write_locked(struct vnode *vp, struct uio *u, u32 ioflags);
#define IO_APPEND 1u
#define IO_SYNC 2u

/* Frees up to `want` clean pages; returns how many. May be called with any sleeping lock held: takes none, waits for nobody but the disk. */
#define PC_RECLAIM_ALL 0xffffffffu
u32 pc_reclaim(u32 want);
/* For whoever dirties pages: starts writing vp back when it has many, waits when memory is full of dirty pages. */
void pc_balance(struct vnode *vp);
/* Wakes the write-back thread: a file system has something for vfs_sync later. Any context. */
void writeback_poke(void);

/* How many bytes of page idx, which begins below v_size, are bytes of the file. */
static inline u32 pc_bytes(const struct vnode *vp, u32 idx)
{
	return (u32)MIN(vp->v_size - ((u64)idx << PAGE_SHIFT), (u64)PAGE_SIZE);
}

struct pc_counts {
	u32 pc_pages, pc_ndirty, pc_nwriteback;
};
void pc_get_counts(struct pc_counts *pc);

#endif
