/* SPDX-License-Identifier: MIT */
/*
 * Transfers between frames of the caller's and whole pages of a regular file, past the page cache: where the file system can do that
 * (vop_putframes, vop_getframes) the disk reads and writes the frames themselves, many requests at a time; elsewhere they are copied.
 *
 *   frames_begin()                a series: one file, one direction, one lwp
 *     frames_start(run)           up to FRAMES_RUN frames become, or get, the pages from fx_idx on; not waited for
 *     frames_wait(run)            that has ended; the run may be used again
 *   frames_end()                  a file that was written has its new size now
 *
 * The caller holds a reference on each frame until frames_wait(), and sees to it that nobody changes a frame that is being written; he
 * bounds what is under way by the number of runs he has. In one series no page is put twice. fsync is not part of it.
 *
 * Coherence. A series that is not copied holds v_lock from its begin to its end: meanwhile the file is not written, cut off or extended by others.
 * Frames are put without a copy only into a file that was empty, and its size stays 0 until all is on the disk: until then nobody
 * can read or map what is being written, so no page of it gets into the cache. If the series fails, the file is empty again.
 * A page to be got that is in the cache is copied from there, and may be newer than the disk.
 *
 * Locks: fr_lock (LR_PGWAIT) guards fx_left, fx_error, fr_flushing and fr_error. All may sleep but what says otherwise.
 */
#ifndef FS_FRAMES_H
#define FS_FRAMES_H

#include "fs/vnode.h"

#define FRAMES_RUN 256u /* pages: 1 MiB */

struct frames {
	struct vnode *fr_vp;
	bool fr_put;
	bool fr_direct;	  /* v_lock is held */
	u32 fr_end;	  /* pages: behind the last one put */
	u32 fr_unflushed; /* the file system's: pages put since the disk was last told to write what it keeps in a cache of its own */
	struct spinlock fr_lock;
	bool fr_flushing; /* a flush is under way: frames_end() waits for it */
	int fr_error;	  /* the first one */
};

struct frames_run {
	struct frames *fx_series;
	u32 fx_idx, fx_n; /* the caller's */
	struct page *fx_page[FRAMES_RUN];
	u32 fx_left; /* pages whose transfer has not ended */
	int fx_error;
};

/* -EINVAL: not a regular file. put: the file's contents come from frames; else the frames' from the file. */
int frames_begin(struct frames *fr, struct vnode *vp, bool put) __must_check;
/* fx_idx, fx_n > 0 and fx_page are filled in. Errors are told by frames_wait(). */
void frames_start(struct frames *fr, struct frames_run *run);
/* 0, or the first error of this run: -ENOSPC, -EFBIG, -EROFS, -EIO, -ENOMEM; -ERANGE: a page to be got lies beyond the end of the file. */
int frames_wait(struct frames_run *run);
/* All runs have been waited for. 0 or the first error of the series; -EIO and others of making the size known. */
int frames_end(struct frames *fr) __must_check;

/* For file systems: the transfers of n pages of the run have ended. From interrupts too. */
void frames_done(struct frames_run *run, u32 n, int error);
/*
 * A disk that keeps what is written in a cache, and begins to empty that only when it is told to, would do all of its work at the end. So after every
 * few MiB a flush is started, one at a time. begin: false: one is under way.
 */
bool frames_flush_begin(struct frames *fr);
void frames_flush_done(struct frames *fr, int error); /* from interrupts too */

#endif
