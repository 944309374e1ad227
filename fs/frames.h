/* SPDX-License-Identifier: MIT */
/*
 * Transfers between frames of the caller and whole pages of a regular file,
 * past the page cache. If the file system can (vop_putframes, vop_getframes),
 * the disk reads and writes the frames themselves, many requests at a time;
 * otherwise they are copied.
 *
 *   frames_begin()         starts a series: one file, one direction, one lwp
 *     frames_start(run)    starts moving up to FRAMES_RUN frames to or from
 *                          the pages from fx_idx on
 *     frames_wait(run)     waits for that; the run may be used again
 *   frames_end()           sets the new size of a file that was written
 *
 * The caller holds a reference on each frame until frames_wait(), and ensures
 * that a frame does not change while it is written. The number of its runs
 * bounds the I/O in flight. In one series no page is put twice. fsync is not
 * part of it.
 *
 * Coherence. A series without copies holds v_lock from begin to end: so other
 * lwps cannot write, truncate or extend the file. Frames are put without a copy
 * only into an empty file, whose size stays 0 until all data are on the disk.
 * Until then the pages cannot be read or mapped, so none gets into the cache.
 * If the series fails, the file is empty again. A page to get that is in the
 * cache is copied from there, and may be newer than the disk.
 *
 * Locks: fr_lock (LR_PGWAIT) guards fx_left, fx_error, fr_flushing and
 *   fr_error.
 * Sleeps: all functions, unless they say otherwise.
 */
#ifndef FS_FRAMES_H
#define FS_FRAMES_H

#include "fs/vnode.h"

#define FRAMES_RUN 256u /* pages: 1 MiB */

struct frames {
	struct vnode *fr_vp;
	bool fr_put;
	bool fr_direct; /* v_lock is held */
	u32 fr_end;	/* pages: behind the last page put */
	/*
	 * The file system's: pages put since the last flush of the disk's cache
	 * began.
	 */
	u32 fr_unflushed;
	struct spinlock fr_lock;
	bool fr_flushing; /* a flush runs: frames_end() waits for it */
	int fr_error;	  /* the first error */
};

struct frames_run {
	struct frames *fx_series;
	u32 fx_idx, fx_n; /* set by the caller */
	struct page *fx_page[FRAMES_RUN];
	u32 fx_left; /* pages whose transfer has not ended */
	int fx_error;
};

/*
 * Starts a series. put: frames are written to the file; else the file is read
 * into frames.
 * Errors: -EINVAL (not a regular file)
 */
int frames_begin(struct frames *fr, struct vnode *vp, bool put) __must_check;
/*
 * Starts a run. fx_idx, fx_n > 0 and fx_page are filled in. frames_wait()
 * reports errors.
 */
void frames_start(struct frames *fr, struct frames_run *run);
/*
 * Returns 0, or the first error of this run.
 * Errors: -ENOSPC, -EFBIG, -EROFS, -EIO, -ENOMEM, -ERANGE (a page to get lies
 *   beyond the end of the file)
 */
int frames_wait(struct frames_run *run);
/*
 * Ends a series after frames_wait() for all runs.
 * Errors: the first error of the series; -EIO and others of setting the size
 */
int frames_end(struct frames *fr) __must_check;

/*
 * For file systems: the transfers of n pages of the run have ended. Any
 * context.
 */
void frames_done(struct frames_run *run, u32 n, int error);
/*
 * A disk with a write cache that it empties only at a flush would do all of its
 * work at the end. So a flush is started after every few MiB, one at a time.
 * Returns: frames_flush_begin(): false: a flush is running.
 */
bool frames_flush_begin(struct frames *fr);
void frames_flush_done(struct frames *fr, int error); /* any context */

#endif
