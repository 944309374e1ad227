/* SPDX-License-Identifier: MIT */
/*
 * ext2: the log replayed, after a crash, in three passes over it:
 *
 *   1. how far do complete transactions go? To the first block that is not the next one's
 *   2. which blocks must not be written because a later transaction revoked them
 *   3. write all others to their places
 *
 * Doing that again, after a crash in the middle of it, does no harm.
 */
#include "fs/ext2/ext2.h"
#include "fs/ext2/jbd.h"
#include "fs/ext2/journal.h"

#include "fs/bio.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

enum pass { PASS_SCAN, PASS_REVOKE, PASS_REPLAY };

struct recovery {
	struct ext2mount *em;
	enum pass pass;
	u32 ntrans;	/* complete transactions */
	u32 trans;	/* the one we are in, from 0 */
	u32 at, walked; /* block of the log, and how many so far */
	/* block -> number of the last transaction that revoked it, + 1 */
	struct radix revoked;
	struct page *page; /* of data */
	u32 nreplayed;
};

static void recover_advance(struct recovery *rc)
{
	const struct ext2journal *j = rc->em->em_jnl;

	rc->at = rc->at + 1 == j->j_max ? j->j_first : rc->at + 1;
	rc->walked++;
}

static u32 log_length(const struct recovery *rc)
{
	return rc->em->em_jnl->j_max - rc->em->em_jnl->j_first;
}

static int revoke_one(struct recovery *rc, u32 blk)
{
	struct radix_spare spare = { 0 };
	int error;

	error = radix_spare_fill(&spare);
	if (error)
		return error;
	radix_delete(&rc->revoked, blk);
	error = radix_insert(&rc->revoked, blk, (void *)(uintptr_t)(rc->trans + 1), &spare);
	radix_spare_drop(&spare);
	return error;
}

static int read_revokes(struct recovery *rc, const struct jbd_revoke *r)
{
	u32 bytes = be32(r->r_count), n;
	int error = 0;

	if (bytes < sizeof(*r) || bytes > rc->em->em_bsize)
		return -EUCLEAN;
	n = (bytes - (u32)sizeof(*r)) / 4;
	for (u32 i = 0; i < n && !error; i++)
		error = revoke_one(rc, be32(r->r_block[i]));
	return error;
}

/* Writes the block of the log that we are at to its place. */
static int replay_one(struct recovery *rc, u32 blk, u32 flags)
{
	struct ext2mount *em = rc->em;
	u32 revoked = (u32)(uintptr_t)radix_lookup(&rc->revoked, blk);
	int error;

	if (revoked > rc->trans)
		return 0;
	if (blk >= em->em_blocks)
		return -EUCLEAN;
	error = ext2_jbd_io(em, BUF_READ, rc->at, rc->page);
	if (error)
		return error;
	if (flags & JBD_TAG_ESCAPE)
		*(u32 *)page_kva(rc->page) = be32(JBD_MAGIC);
	rc->nreplayed++;
	return bio_sync(em->em_bdev, BUF_WRITE, ext2_sector(em, blk), rc->page, em->em_bsize);
}

/* Goes over the blocks that a descriptor names. */
static int follow_descriptor(struct recovery *rc, const u8 *block)
{
	u32 off = sizeof(struct jbd_header), flags = 0;

	while (!(flags & JBD_TAG_LAST) && off + sizeof(struct jbd_tag) <= rc->em->em_bsize &&
	       rc->walked < log_length(rc)) {
		const struct jbd_tag *tag = (const struct jbd_tag *)(block + off);
		int error = 0;

		flags = be32(tag->t_flags) & 0xffff;
		if (rc->pass == PASS_REPLAY)
			error = replay_one(rc, be32(tag->t_block), flags);
		if (error)
			return error;
		recover_advance(rc);
		off += sizeof(*tag) + (flags & JBD_TAG_SAME_UUID ? 0 : 16);
	}
	return 0;
}

/* One block of the log and what belongs to it. 1: the log ends here */
static int recover_step(struct recovery *rc, u32 seq)
{
	struct page *buf = rc->em->em_jnl->j_buf;
	const struct jbd_header *h = page_kva(buf);
	int error;

	error = ext2_jbd_io(rc->em, BUF_READ, rc->at, buf);
	if (error)
		return error;
	if (h->h_magic != be32(JBD_MAGIC) || be32(h->h_sequence) != seq + rc->trans)
		return 1;
	recover_advance(rc);
	switch (be32(h->h_blocktype)) {
	case JBD_DESCRIPTOR: return follow_descriptor(rc, page_kva(buf));
	case JBD_COMMIT: rc->trans++; return 0;
	case JBD_REVOKE: return rc->pass == PASS_REVOKE ? read_revokes(rc, page_kva(buf)) : 0;
	default: return 1;
	}
}

static int run_pass(struct recovery *rc, enum pass pass)
{
	int r = 0;

	rc->pass = pass;
	rc->trans = 0;
	rc->walked = 0;
	rc->at = ext2_journal_start(rc->em);
	while (r == 0 && rc->walked < log_length(rc) && (pass == PASS_SCAN || rc->trans < rc->ntrans))
		r = recover_step(rc, ext2_journal_sequence(rc->em));
	if (pass == PASS_SCAN)
		rc->ntrans = rc->trans;
	return r < 0 ? r : 0;
}

static void drop_revoked(struct recovery *rc)
{
	u32 at;

	while (radix_next(&rc->revoked, 0, 0xffffffffu, RADIX_ANY, &at))
		radix_delete(&rc->revoked, at);
}

static int all_passes(struct recovery *rc)
{
	int error;

	error = run_pass(rc, PASS_SCAN);
	if (!error)
		error = run_pass(rc, PASS_REVOKE);
	if (!error)
		error = run_pass(rc, PASS_REPLAY);
	if (error == -EUCLEAN)
		return ext2_damage(rc->em, "the journal is damaged in transaction %u",
				   ext2_journal_sequence(rc->em) + rc->trans);
	return error ? error : bio_flush(rc->em->em_bdev);
}

/* The log, as far as it is complete, to its places. */
static int replay(struct recovery *rc)
{
	int error;

	rc->page = page_alloc(0);
	if (!rc->page)
		return -ENOMEM;
	radix_init(&rc->revoked);
	error = all_passes(rc);
	drop_revoked(rc);
	page_put(rc->page);
	return error;
}

int ext2_replay(struct ext2mount *em)
{
	struct recovery rc = { .em = em };

	return replay(&rc);
}

int ext2_recover(struct ext2mount *em)
{
	struct recovery rc = { .em = em };
	int error;

	if (ext2_journal_start(em) < em->em_jnl->j_first)
		return ext2_journal_start(em) ? ext2_damage(em, "the journal's superblock is damaged") : 0;
	error = replay(&rc);
	if (error)
		return error;
	printk_limited(&ext2_limit, "ext2: %s: journal replayed: %u transactions, %u blocks\n",
		       em->em_vfs->vfs_source, rc.ntrans, rc.nreplayed);
	/*
	 * Whatever is found behind that, from a transaction that was not
	 * complete, must not look like a next one.
	 */
	em->em_jnl->j_seq += rc.ntrans + 1;
	return ext2_journal_mark(em, 0);
}
