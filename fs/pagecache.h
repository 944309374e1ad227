/* SPDX-License-Identifier: MIT */
/*
 * The page cache: pages of a vnode by index, for read, write, mmap, exec and
 * checkpoint alike.
 *
 * States of a page in the cache: LOCKED (being read, for example), UPTODATE
 * (valid), DIRTY, WRITEBACK (a write of it is running; it may be read, and made
 * dirty again, during the write). The cache holds one reference. A page is
 * reclaimable if it is clean, unlocked and pg_ref == 1.
 *
 * Locks
 *   page lock (PG_LOCKED, sleeping): the page's identity (pg_vnode,
 *             pg_index), becoming valid, being written. After a_lock and
 *             v_lock, before file-system locks. Several pages are locked
 *             together only in ascending index of one vnode.
 *   v_pclock  v_pages and its tags, v_npages, v_ndirty; setting pg_vnode;
 *             changes of PG_DIRTY and PG_WRITEBACK. From interrupts too.
 *   LR_PCLIST the LRU list of pages, the list of dirty vnodes; inside
 *             v_pclock.
 *
 * A page fault enters its translation with the page locked, after checking that
 * pg_vnode is still the vnode and that the page begins below v_size: so
 * pc_truncate() cannot miss the translation. pg_private and pg_private2 belong
 * to the file system (ext2: the block number).
 */
#ifndef FS_PAGECACHE_H
#define FS_PAGECACHE_H

#include "fs/vnode.h"
#include "mm/page.h"

#define PC_CLUSTER 64u /* most pages that one request moves */

#define PCT_DIRTY 0u /* tags in v_pages */
#define PCT_WRITEBACK 1u

void pagecache_init(void); /* registers the reclaimer */
/* Starts the write-back thread, after the scheduler. */
void writeback_start(void);

void page_lock(struct page *pg);
bool page_trylock(struct page *pg);
void page_unlock(struct page *pg); /* any context */
void page_wait_writeback(struct page *pg);

/*
 * For reads and faults: the valid page idx of vp, unlocked, with a reference.
 * Reads ahead if access is sequential.
 * Errors: -ERANGE (the page lies wholly beyond the end of a regular file or
 *   block device), -EIO, -ENOMEM
 * Sleeps: yes.
 */
int pc_get(struct vnode *vp, u32 idx, struct page **pgp);
/* The page if it is in the cache and valid; else NULL. Never sleeps. */
struct page *pc_lookup(struct vnode *vp, u32 idx);
/*
 * For writes: the page, locked, with a reference; created if absent. With
 * `fill` its contents are valid; otherwise the caller overwrites all of it and
 * sets PG_UPTODATE. Does not check the end of the file.
 * Errors: -EIO, -ENOMEM
 */
int pc_get_locked(struct vnode *vp, u32 idx, bool fill, struct page **pgp);
/*
 * Puts a page of the caller at idx, LOCKED; takes its own reference.
 * Errors: -EEXIST (idx has a page), -ENOMEM
 */
int pc_insert(struct vnode *vp, u32 idx, struct page *pg);
/*
 * Marks a page dirty, and puts the vnode on the write-back list. The caller
 * holds the page lock, or a reference.
 */
void pc_dirty(struct page *pg);
/*
 * Removes pages >= idx from the cache and from address spaces; their contents
 * are lost. Waits for locked pages and for running writes. Part of truncate,
 * after v_size changed.
 * Locks: v_lock, or the caller has the only reference.
 */
void pc_truncate(struct vnode *vp, u32 idx);
/*
 * Zeroes the part of the last page beyond v_size, if the page is in the cache
 * or on disk.
 * Errors: -EIO, -ENOMEM
 * Locks: v_lock.
 */
int pc_zero_tail(struct vnode *vp);
/* Drops pages that need no writing and no waiting; true if no page is left. */
bool pc_drop_clean(struct vnode *vp);
/*
 * Starts writing the dirty pages [from, to); waits for the writes if `wait`.
 * Returns: 0 or, with `wait`, the error that fsync has yet to report; it stays
 *   unreported.
 */
int pc_flush(struct vnode *vp, u32 from, u32 to, bool wait);
#define PC_END 0xffffffffu /* as `to`: all */
/*
 * pc_flush() with waiting, for all vnodes of a file system: the first step of
 * its vfs_sync.
 */
int pc_flush_all(struct vfs *vfs);
/* Returns the unreported write-back error, and clears it. */
int pc_take_error(struct vnode *vp);

/* Called once at the end of a page's read or write. Any context. */
void pc_read_done(struct page *pg, int error);
void pc_write_done(struct page *pg, int error);

/* vop_read for regular files, through the cache; used by most file systems. */
int pc_read(struct vnode *vp, struct uio *u);
/*
 * Writes through the cache. For each run of pages: locks them, reads those that
 * are overwritten in part, calls vop_mkwrite, copies. Extends v_size. After an
 * error, bytes written before it count: 0 with a smaller uio_resid.
 * Errors: -EFBIG, -ENOSPC, -EFAULT, -EIO
 * Locks: takes v_lock.
 */
int pc_write(struct vnode *vp, struct uio *u, u32 ioflags);
/* Locks: v_lock. */
int pc_write_locked(struct vnode *vp, struct uio *u, u32 ioflags);
#define IO_APPEND 1u
#define IO_SYNC 2u

/*
 * Frees up to `want` clean pages; returns how many. Takes no sleeping lock and
 * waits only for the disk, so any sleeping lock may be held.
 */
#define PC_RECLAIM_ALL 0xffffffffu
u32 pc_reclaim(u32 want);
/*
 * Called after dirtying pages: starts write-back of vp if it has many dirty
 * pages, and waits if memory is full of them.
 */
void pc_balance(struct vnode *vp);
/*
 * Wakes the write-back thread: a file system will have metadata for vfs_sync.
 * Any context.
 */
void writeback_poke(void);

/* The bytes of page idx, which begins below v_size, that belong to the file. */
static inline u32 pc_bytes(const struct vnode *vp, u32 idx)
{
	return (u32)MIN(vp->v_size - ((u64)idx << PAGE_SHIFT), (u64)PAGE_SIZE);
}

struct pc_counts {
	u32 pc_pages, pc_ndirty, pc_nwriteback;
};
void pc_get_counts(struct pc_counts *pc);

#endif
