/* SPDX-License-Identifier: MIT */
/*
 * ext2: a transaction into the log, and from there to its places.
 *
 * The pages go to the log straight from the cache. A transaction counts as soon
 * as its commit block is on the medium, which is written after all the rest has
 * got there. The blocks are written to their places much later, when the log is
 * half full; until then they stay in memory, and a page that is changed again
 * is logged again.
 */
#include "fs/ext2/ext2.h"
#include "fs/ext2/jbd.h"
#include "fs/ext2/journal.h"

#include "fs/bio.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

bool ext2_log_full(const struct ext2mount *em)
{
	const struct ext2journal *j = em->em_jnl;

	return j->j_end - j->j_head < (j->j_end - j->j_first) / 2;
}

/* There is no memory: the list goes on in the page kept for that. */
static bool use_spare(struct ext2journal *j)
{
	struct ext2freed *ef;

	if (!j->j_spare)
		return false;
	ef = page_kva(j->j_spare);
	ef->ef_n = 0;
	list_push_back(&j->j_revoked, &ef->ef_link);
	j->j_spare = NULL;
	return true;
}

static void drop_revoked(struct ext2journal *j)
{
	if (!j->j_spare && !list_empty(&j->j_revoked)) {
		struct ext2freed *ef = list_first(&j->j_revoked, struct ext2freed, ef_link);

		list_remove(&ef->ef_link);
		j->j_spare = kva_page(ef);
	}
	ext2_freed_drop(&j->j_revoked);
	j->j_nrevoked = 0;
}

bool ext2_revoke(struct ext2mount *em, u32 blk)
{
	struct ext2journal *j = em->em_jnl;
	bool ok;

	mutex_lock(&em->em_alloc);
	ok = ext2_freed_append(&j->j_revoked, blk, 1) ||
	     (use_spare(j) && ext2_freed_append(&j->j_revoked, blk, 1));
	j->j_nrevoked += ok;
	mutex_unlock(&em->em_alloc);
	return ok;
}

/* Blocks of log that the transaction needs. */
static u32 size_of_transaction(const struct ext2mount *em)
{
	u32 n = em->em_ndirty, r = em->em_jnl->j_nrevoked, tags = jbd_tags(em->em_bsize),
	    revokes = jbd_revokes(em->em_bsize);

	return n + (n + tags - 1) / tags + (r + revokes - 1) / revokes + 1;
}

static struct jbd_header *begin_block(struct ext2journal *j, u32 type)
{
	struct jbd_header *h = page_kva(j->j_buf);

	page_zero(h);
	*h = (struct jbd_header){ be32(JBD_MAGIC), be32(type), be32(j->j_seq) };
	return h;
}

static int put_block(struct ext2mount *em)
{
	struct ext2journal *j = em->em_jnl;

	return ext2_jbd_io(em, BUF_WRITE, j->j_head++, j->j_buf);
}

static int put_revokes(struct ext2mount *em)
{
	struct ext2journal *j = em->em_jnl;
	struct jbd_revoke *r = NULL;
	struct ext2freed *ef;
	u32 n = 0;
	int error = 0;

	list_for_each(ef, &j->j_revoked, ef_link) {
		for (u32 i = 0; i < ef->ef_n; i++) {
			for (u32 k = 0; k < ef->ef_run[i].len && !error; k++) {
				if (n == 0)
					r = (struct jbd_revoke *)begin_block(j, JBD_REVOKE);
				r->r_block[n++] = be32(ef->ef_run[i].start + k);
				r->r_count = be32((u32)sizeof(*r) + n * 4);
				if (n == jbd_revokes(em->em_bsize)) {
					error = put_block(em);
					n = 0;
				}
			}
		}
	}
	if (!error && n > 0)
		error = put_block(em);
	return error;
}

/* Up to jbd_tags() dirty pages from block *idx on, into j_batch. */
static u32 gather_log(struct ext2mount *em, u32 *idx)
{
	struct page **pg = page_kva(em->em_jnl->j_batch);
	struct vnode *meta = em->em_meta;
	u32 n = 0, max = jbd_tags(em->em_bsize), at;

	spin_lock(&meta->v_pclock);
	while (n < max && (pg[n] = radix_next(&meta->v_pages, *idx, PC_END, PCT_DIRTY, &at))) {
		n++;
		*idx = at + 1;
	}
	spin_unlock(&meta->v_pclock);
	return n;
}
_Static_assert(PAGE_SIZE / sizeof(struct jbd_tag) * sizeof(struct page *) <= PAGE_SIZE, "j_batch");

static bool needs_escape(const struct page *pg)
{
	return *(const u32 *)page_kva(pg) == be32(JBD_MAGIC);
}

static int put_descriptor(struct ext2mount *em, struct page *const *pg, u32 n)
{
	struct jbd_header *h = begin_block(em->em_jnl, JBD_DESCRIPTOR);
	struct jbd_tag *tag = (struct jbd_tag *)(h + 1);

	for (u32 i = 0; i < n; i++) {
		tag->t_block = be32(pg[i]->pg_index);
		tag->t_flags = be32((i > 0 ? JBD_TAG_SAME_UUID : 0) | (i + 1 == n ? JBD_TAG_LAST : 0) |
				    (needs_escape(pg[i]) ? JBD_TAG_ESCAPE : 0));
		tag = (struct jbd_tag *)((u8 *)tag + sizeof(*tag) + (i == 0 ? 16 : 0));
	}
	return put_block(em);
}

static int put_escaped(struct ext2mount *em, const struct page *pg)
{
	struct ext2journal *j = em->em_jnl;

	memcpy(page_kva(j->j_escape), page_kva(pg), em->em_bsize);
	*(u32 *)page_kva(j->j_escape) = 0;
	return ext2_jbd_io(em, BUF_WRITE, j->j_head++, j->j_escape);
}

/* How many pages from the first one on can go to the log in one piece. */
static u32 piece(const struct ext2journal *j, struct page *const *pg, u32 n)
{
	u32 i;

	for (i = 1; i < MIN(n, PC_CLUSTER); i++) {
		if (ext2_jbd_block(j, j->j_head + i) != ext2_jbd_block(j, j->j_head) + i ||
		    needs_escape(pg[i]))
			break;
	}
	return i;
}

static int put_pages(struct ext2mount *em, struct page **pg, u32 n)
{
	struct ext2journal *j = em->em_jnl;
	int error = 0;

	while (n > 0 && !error) {
		u32 k = 1;

		if (needs_escape(pg[0])) {
			error = put_escaped(em, pg[0]);
		} else {
			k = piece(j, pg, n);
			ext2_meta_write(em, ext2_jbd_block(j, j->j_head), pg, k);
			j->j_head += k;
		}
		pg += k;
		n -= k;
	}
	return error;
}

static int put_transaction(struct ext2mount *em)
{
	struct page **pg = page_kva(em->em_jnl->j_batch);
	u32 idx = 0, n;
	int error, error2;

	error = put_revokes(em);
	while (!error && (n = gather_log(em, &idx)) > 0) {
		error = put_descriptor(em, pg, n);
		if (!error)
			error = put_pages(em, pg, n);
	}
	error2 = ext2_meta_wait(em);
	if (!error)
		error = error2;
	if (!error)
		error = bio_flush(em->em_bdev);
	if (error)
		return error;
	begin_block(em->em_jnl, JBD_COMMIT);
	error = put_block(em);
	return error ? error : bio_flush(em->em_bdev);
}

/* The transaction counts: its pages wait for the checkpoint. */
static void all_logged(struct ext2mount *em)
{
	struct vnode *meta = em->em_meta;
	struct page *pg;
	u32 at, n = 0;

	spin_lock(&meta->v_pclock);
	while ((pg = radix_next(&meta->v_pages, 0, PC_END, PCT_DIRTY, &at))) {
		pg->pg_private2 = EXT2_K_LOGGED;
		radix_untag(&meta->v_pages, at, PCT_DIRTY);
		radix_tag(&meta->v_pages, at, PCT_WRITEBACK);
		em->em_ndirty--;
		/* No operation is open that could make others dirty. */
		if (++n % PC_CLUSTER == 0) {
			spin_unlock(&meta->v_pclock);
			spin_lock(&meta->v_pclock);
		}
	}
	spin_unlock(&meta->v_pclock);
}

int ext2_log_write(struct ext2mount *em)
{
	struct ext2journal *j = em->em_jnl;
	u32 head = j->j_head;
	int error;

	if (em->em_ndirty == 0 && j->j_nrevoked == 0)
		return bio_flush(em->em_bdev); /* the files' contents */
	if (size_of_transaction(em) > j->j_end - j->j_head)
		return 1;
	error = put_transaction(em);
	if (error) {
		j->j_head = head;
		return error;
	}
	all_logged(em);
	drop_revoked(j);
	j->j_seq++;
	return 0;
}

/* --- To their places --- */

/* Up to PC_CLUSTER neighbouring logged pages from *idx on. */
static u32 gather_logged(struct ext2mount *em, u32 *idx, struct page **pg)
{
	struct vnode *meta = em->em_meta;
	u32 n = 0, at;

	spin_lock(&meta->v_pclock);
	while (n < PC_CLUSTER) {
		struct page *p = radix_next(&meta->v_pages, *idx, PC_END, PCT_WRITEBACK, &at);

		if (!p || (n > 0 && at != *idx))
			break;
		pg[n++] = p;
		*idx = at + 1;
	}
	spin_unlock(&meta->v_pclock);
	return n;
}

void ext2_logged_clean(struct ext2mount *em)
{
	struct vnode *meta = em->em_meta;
	struct page *pg;
	bool dirty = false;
	u32 at;

	for (;;) {
		spin_lock(&meta->v_pclock);
		pg = radix_next(&meta->v_pages, 0, PC_END, PCT_WRITEBACK, &at);
		if (pg) {
			pg->pg_private2 &= EXT2_K_DIRTY;
			radix_untag(&meta->v_pages, at, PCT_WRITEBACK);
			dirty = pg->pg_private2 != 0;
		}
		spin_unlock(&meta->v_pclock);
		if (!pg)
			return;
		if (!dirty)
			page_put(pg);
	}
}

int ext2_checkpoint(struct ext2mount *em, u32 start)
{
	struct page *pg[PC_CLUSTER];
	u32 idx = 0, n;
	int error;

	ASSERT(em->em_ndirty == 0);
	while ((n = gather_logged(em, &idx, pg)) > 0)
		ext2_meta_write(em, pg[0]->pg_index, pg, n);
	error = ext2_meta_wait(em);
	if (!error)
		error = bio_flush(em->em_bdev);
	if (error)
		return error;
	error = ext2_journal_mark(em, start);
	if (error)
		return error;
	ext2_logged_clean(em);
	em->em_jnl->j_head = em->em_jnl->j_first;
	return 0;
}

int ext2_log_empty(struct ext2mount *em)
{
	struct ext2journal *j = em->em_jnl;
	int error;

	error = ext2_replay(em);
	if (!error)
		error = ext2_journal_mark(em, j->j_first);
	if (error)
		return error;
	ext2_logged_clean(em);
	drop_revoked(j); /* of what was in it */
	j->j_head = j->j_first;
	return 0;
}
