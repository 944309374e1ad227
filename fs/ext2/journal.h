/* SPDX-License-Identifier: MIT */
/*
 * ext2: shared by journal.c, log.c, recover.c and the commit.
 *
 * A page of em_meta that is logged but not yet written to its place has
 * EXT2_K_LOGGED and the tag PCT_WRITEBACK. All these functions run while no
 * operation is open.
 */
#ifndef FS_EXT2_JOURNAL_H
#define FS_EXT2_JOURNAL_H

#include "fs/ext2/ext2.h"
#include "kernel/dev/blk.h"

struct ext2journal {
	struct ext2jrun {
		/*
		 * Block jr_at of the journal is block jr_blk of the disk, and
		 * so on up to the next run.
		 */
		u32 jr_at, jr_blk;
	} * j_run; /* ascending */
	u32 j_nrun;
	/* The log as another system may have written it: [j_first, j_max). */
	u32 j_first, j_max;
	u32 j_end;  /* the part used here: [j_first, j_end) */
	u32 j_head; /* where the next transaction begins */
	u32 j_seq;  /* its number */
	bool j_v2;
	struct page *j_super; /* its superblock */
	/* Descriptor, revoke or commit block being written. */
	struct page *j_buf;
	struct page *j_escape;
	/* Pages of one descriptor: as many pointers as a block has tags. */
	struct page *j_batch;
	/*
	 * struct ext2freed: logged blocks freed in this transaction (em_alloc).
	 */
	struct list j_revoked;
	u32 j_nrevoked;
	/* For that list when memory is short; NULL: used (em_alloc). */
	struct page *j_spare;
};

/* --- journal.c */

/*
 * Finds and checks the journal. ext2_journal_close() must follow, also after an
 * error.
 * Errors: -EUCLEAN, -EINVAL (features), -EIO, -ENOMEM
 */
int ext2_journal_open(struct ext2mount *em);
void ext2_journal_close(struct ext2mount *em);
/* Writes the begin of the log to the disk; 0: no log. */
int ext2_journal_mark(struct ext2mount *em, u32 start);
u32 ext2_journal_start(const struct ext2mount *em);
/* The number of the transaction at the begin of the log. */
u32 ext2_journal_sequence(const struct ext2mount *em);
/* The disk's block of block `at` of the journal. */
u32 ext2_jbd_block(const struct ext2journal *j, u32 at);
/* Reads or writes block `at` of the journal. */
int ext2_jbd_io(struct ext2mount *em, enum buf_op op, u32 at, struct page *pg);

/* --- log.c */

/*
 * Writes all dirty pages as one transaction.
 * Returns: 1: it does not fit into the rest of the log; nothing was done.
 */
int ext2_log_write(struct ext2mount *em);
/* Is there too little room for another transaction? */
bool ext2_log_full(const struct ext2mount *em);
/*
 * Writes the logged pages to their places, and empties the log, which begins at
 * `start` on the disk (0: nowhere). No page is dirty.
 */
int ext2_checkpoint(struct ext2mount *em, u32 start);
/*
 * ext2_checkpoint() while pages are dirty, and may be newer than the log: the
 * log's contents are written.
 */
int ext2_log_empty(struct ext2mount *em);
/* Discards logged pages that are not at their places. */
void ext2_logged_clean(struct ext2mount *em);
/* A logged block is freed: it must not be replayed. false: out of memory */
bool ext2_revoke(struct ext2mount *em, u32 blk);

/* --- recover.c */

/*
 * Replays the log found on the disk, and ends it. em_meta is stale afterwards.
 * Errors: -EUCLEAN, -EIO, -ENOMEM
 */
int ext2_recover(struct ext2mount *em);
/* Replays the log that this mount has written; the log stays unchanged. */
int ext2_replay(struct ext2mount *em);

/* --- commit.c */

/* Starts writing n <= PC_CLUSTER pages of em_meta from block blk on. */
void ext2_meta_write(struct ext2mount *em, u32 blk, struct page **pg, u32 n);
/* Waits for all these writes. */
int ext2_meta_wait(struct ext2mount *em);

#endif
