/* SPDX-License-Identifier: MIT */
/*
 * The page cache: pages of a vnode by index, behind read, write, mmap, exec and checkpoint alike.
 *
 * States of a page in the cache: being read (LOCKED), valid (UPTODATE), DIRTY, WRITEBACK. The cache itself holds one
 * reference; a page is reclaimable when it is clean, unlocked and pg_ref == 1.
 * Lock order: page lock (sleeping bit) after a_lock and v_lock, before file-system locks; v_pclock inside.
 * Two pages are locked together only in ascending index of one vnode.
 */
#ifndef FS_PAGECACHE_H
#define FS_PAGECACHE_H

#include "fs/vnode.h"
#include "mm/page.h"

void pagecache_init(void); /* registers the reclaimer, starts the write-back thread */

void page_lock(struct page *pg);
bool page_trylock(struct page *pg);
void page_unlock(struct page *pg);
void page_wait_writeback(struct page *pg);

/*
 * The page idx of vp, valid, with a reference, unlocked. Reads ahead when access is sequential. For a page that lies wholly
 * beyond the end of a regular file: -ERANGE. -EIO, -ENOMEM. May sleep. For reads and faults.
 */
int pc_get(struct vnode *vp, u32 idx, struct page **pgp);
/* The same if it is there already; NULL otherwise. Never sleeps. */
struct page *pc_lookup(struct vnode *vp, u32 idx);
/* The page, locked, for writing; created if absent. If `fill`, contents valid; otherwise the caller overwrites all of it. */
int pc_get_locked(struct vnode *vp, u32 idx, bool fill, struct page **pgp);
/* Puts a caller's page at idx (takes a reference of its own), LOCKED. -EEXIST if one is there. */
int pc_insert(struct vnode *vp, u32 idx, struct page *pg);
/* Marks dirty, under the page lock or with a reference; the vnode goes to the write-back list. */
void pc_dirty(struct page *pg);
/* Forgets pages >= idx (waits for locked ones); their contents are lost. Part of truncate, under v_lock, after v_size changed; calls
 * seg_vnode_unmap() first. */
void pc_truncate(struct vnode *vp, u32 idx);
/* Writes dirty pages [from, to) out; waits for the writes if `wait`. Returns the first error. */
int pc_flush(struct vnode *vp, u32 from, u32 to, bool wait);

/* Read and write of regular files on top of the above: what most fs put in vop_read / vop_write. v_lock is taken by the write. */
int pc_read(struct vnode *vp, struct uio *u);
/* Begin: called before a page at [off, off+len) is changed, in a transaction: allocate blocks. NULL: none needed. Extends v_size; -EFBIG, -ENOSPC
 * with what was written before kept. Page-aligned whole pages are not read first. */
int pc_write(struct vnode *vp, struct uio *u, u32 ioflags);
#define IO_APPEND 1u
#define IO_SYNC 2u

u32 pc_reclaim(u32 want);

#endif
