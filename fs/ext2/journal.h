/* SPDX-License-Identifier: MIT */
/*
 * ext2: what journal.c, log.c and recover.c share with the commit.
 *
 * A page of em_meta that has been logged and not yet been written to its place has EXT2_K_LOGGED and the tag PCT_WRITEBACK. All of this
 * runs while no operation is open.
 */
#ifndef FS_EXT2_JOURNAL_H
#define FS_EXT2_JOURNAL_H

#include "fs/ext2/ext2.h"
#include "kernel/dev/blk.h"

struct ext2journal {
	struct ext2jrun {
		u32 jr_at, jr_blk; /* from block jr_at of the journal on the disk's, up to the next run */
	} * j_run;		   /* ascending */
	u32 j_nrun;
	u32 j_first, j_max; /* the log as others may have written it: [j_first, j_max) */
	u32 j_end;	    /* the part of it that we use: [j_first, j_end) */
	u32 j_head;	    /* where the next transaction begins */
	u32 j_seq;	    /* its number */
	bool j_v2;
	struct page *j_super; /* its superblock */
	struct page *j_buf;   /* descriptors, revokes, commits while they are written */
	struct page *j_escape;
	struct page *j_batch; /* pages of one descriptor: as many pointers as a block has tags */
	struct list j_revoked; /* struct ext2freed: logged blocks that became free in this transaction (em_alloc) */
	u32 j_nrevoked;
	struct page *j_spare; /* for that list when there is no memory; NULL: it is in the list (em_alloc) */
};

/* --- journal.c */

/* Finds and checks the journal. On an error ext2_journal_close() is still to be called. -EUCLEAN, -EINVAL (features), -EIO, -ENOMEM */
int ext2_journal_open(struct ext2mount *em);
void ext2_journal_close(struct ext2mount *em);
/* Writes on the disk where the log begins, 0: nowhere. */
int ext2_journal_mark(struct ext2mount *em, u32 start);
u32 ext2_journal_start(const struct ext2mount *em);
/* The number of the transaction that begins there. */
u32 ext2_journal_sequence(const struct ext2mount *em);
/* Where block `at` of the journal is. */
u32 ext2_jbd_block(const struct ext2journal *j, u32 at);
/* Reads or writes block `at` of the journal. */
int ext2_jbd_io(struct ext2mount *em, enum buf_op op, u32 at, struct page *pg);

/* --- log.c */

/* All dirty pages become one transaction. 1: it does not fit into the rest of the log, nothing was done */
int ext2_log_write(struct ext2mount *em);
/* Is there too little room for a further transaction? */
bool ext2_log_full(const struct ext2mount *em);
/* Writes what is logged to its places; the log is empty then, and begins at `start` on the disk (0: nowhere). No page is dirty. */
int ext2_checkpoint(struct ext2mount *em, u32 start);
/*
 * The same while pages are dirty, which may hold newer contents of what is logged: that gets to its
 * places as it is in the log.
 */
int ext2_log_empty(struct ext2mount *em);
/* Gives up what is logged and not at its place. */
void ext2_logged_clean(struct ext2mount *em);
/* A logged block becomes free: must not be replayed. false: out of memory */
bool ext2_revoke(struct ext2mount *em, u32 blk);

/* --- recover.c */

/* Replays the log that was found, and ends it. em_meta is stale afterwards. -EUCLEAN, -EIO, -ENOMEM */
int ext2_recover(struct ext2mount *em);
/* Replays the log that this mount has written, which stays as it is. */
int ext2_replay(struct ext2mount *em);

/* --- commit.c */

/* Starts writing n <= PC_CLUSTER pages of em_meta from block blk on. */
void ext2_meta_write(struct ext2mount *em, u32 blk, struct page **pg, u32 n);
/* Waits for all of these. */
int ext2_meta_wait(struct ext2mount *em);

#endif
