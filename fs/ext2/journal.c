/* SPDX-License-Identifier: MIT */
/*
 * ext2: the journal (ext3's), found, opened and marked. fs/ext2/log.c writes
 * it, fs/ext2/recover.c replays it.
 *
 * We begin at the start of the log after every checkpoint, so a log that we
 * wrote never goes round; one that Linux wrote may.
 */
#include "fs/ext2/ext2.h"
#include "fs/ext2/jbd.h"
#include "fs/ext2/journal.h"

#include "fs/bio.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "mm/kmalloc.h"
#include "mm/page.h"

#define LOG_MIN 64u /* blocks of a log worth using */
/* blocks; e2fsprogs make none of more than 10240000 */
#define LOG_MAX 16777216u

static struct jbd_super *jbd_super(const struct ext2journal *j)
{
	return page_kva(j->j_super);
}

u32 ext2_jbd_block(const struct ext2journal *j, u32 at)
{
	u32 lo = 0, hi = j->j_nrun;

	while (hi - lo > 1) {
		u32 mid = (lo + hi) / 2;

		if (j->j_run[mid].jr_at <= at)
			lo = mid;
		else
			hi = mid;
	}
	return j->j_run[lo].jr_blk + (at - j->j_run[lo].jr_at);
}

/*
 * Goes over the n blocks of the journal: counts runs of neighbours, and keeps
 * them if there is room for that.
 */
static int find_runs(struct ext2mount *em, struct ext2inode *ei, struct ext2journal *j, u32 n)
{
	u32 next = 0, blk, run;

	j->j_nrun = 0;
	for (u32 i = 0; i < n; i += run, next = blk + run) {
		int error = ext2_bmap(ei, i, n - i, &blk, &run);

		if (!error && blk == 0)
			error = ext2_damage(em, "the journal has a hole");
		for (u32 k = 0; k < run && !error; k++) {
			if (!ext2_block_ok(em, blk + k))
				error = ext2_damage(em, "the journal has block %u", blk + k);
		}
		if (error)
			return error;
		if (blk == next)
			continue;
		if (j->j_run)
			j->j_run[j->j_nrun] = (struct ext2jrun){ i, blk };
		j->j_nrun++;
	}
	return 0;
}

/* Where each block of the journal is. */
static int map_blocks(struct ext2mount *em, struct ext2inode *ei, struct ext2journal *j, u32 n)
{
	int error = find_runs(em, ei, j, n);

	if (error)
		return error;
	j->j_run = kmalloc(j->j_nrun * sizeof(j->j_run[0]), 0);
	return j->j_run ? find_runs(em, ei, j, n) : -ENOMEM;
}

int ext2_jbd_io(struct ext2mount *em, enum buf_op op, u32 at, struct page *pg)
{
	return bio_sync(em->em_bdev, op, ext2_sector(em, ext2_jbd_block(em->em_jnl, at)), pg, em->em_bsize);
}

static int check_super(struct ext2mount *em, struct ext2journal *j, u32 nblocks)
{
	const struct jbd_super *js = jbd_super(j);
	u32 type = be32(js->s_header.h_blocktype);

	if (js->s_header.h_magic != be32(JBD_MAGIC) || (type != JBD_SUPER_V1 && type != JBD_SUPER_V2))
		return ext2_damage(em, "the journal has no superblock");
	j->j_v2 = type == JBD_SUPER_V2;
	j->j_max = be32(js->s_maxlen);
	j->j_first = be32(js->s_first);
	j->j_seq = be32(js->s_sequence);
	if (be32(js->s_blocksize) != em->em_bsize || j->j_max > nblocks || j->j_first == 0 ||
	    j->j_first >= j->j_max || j->j_max - j->j_first < LOG_MIN || be32(js->s_start) >= j->j_max)
		return ext2_damage(em, "the journal's superblock is damaged");
	if (j->j_v2 && (js->s_feature_ro_compat || (be32(js->s_feature_incompat) & ~JBD_INCOMPAT_REVOKE))) {
		printk_limited(&ext2_limit, "ext2: %s: its journal has features (%x) that are not supported\n",
			       em->em_vfs->vfs_source, be32(js->s_feature_incompat));
		return -EINVAL;
	}
	return 0;
}

static int open_blocks(struct ext2mount *em, struct vnode *vp, struct ext2journal *j)
{
	u32 n = (u32)MIN(vp->v_size >> em->em_bshift, (u64)LOG_MAX);
	int error;

	if (vp->v_type != VREG || n < LOG_MIN)
		return ext2_damage(em, "the journal is inode %u, which cannot be", (u32)vp->v_ino);
	error = map_blocks(em, ext2inode(vp), j, n);
	if (!error)
		error = ext2_jbd_io(em, BUF_READ, 0, j->j_super);
	return error ? error : check_super(em, j, n);
}

int ext2_journal_open(struct ext2mount *em)
{
	struct ext2journal *j = kzalloc(sizeof(*j), 0);
	struct vnode *vp;
	int error;

	if (!j)
		return -ENOMEM;
	em->em_jnl = j;
	list_init(&j->j_revoked);
	j->j_super = page_alloc(0);
	j->j_buf = page_alloc(0);
	j->j_escape = page_alloc(0);
	j->j_batch = page_alloc(0);
	j->j_spare = page_alloc(0);
	if (!j->j_super || !j->j_buf || !j->j_escape || !j->j_batch || !j->j_spare)
		return -ENOMEM;
	error = ext2_iget_system(em, em->em_sb->s_journal_inum, &vp);
	if (error)
		return error;
	error = open_blocks(em, vp, j);
	vnode_setflags(vp, V_NOCACHE, 0);
	vn_rele(vp);
	if (error)
		return error;
	/*
	 * What is logged stays in memory until the checkpoint: no more log than
	 * there is memory for.
	 */
	j->j_end = MIN(j->j_max, j->j_first + 4 * em->em_dirtylimit);
	j->j_head = j->j_first;
	em->em_dirtylimit = (j->j_end - j->j_first) / 4;
	return 0;
}

void ext2_journal_close(struct ext2mount *em)
{
	struct ext2journal *j = em->em_jnl;
	struct page **pg[] = { &j->j_super, &j->j_buf, &j->j_escape, &j->j_batch, &j->j_spare };

	for (u32 i = 0; i < ARRAY_SIZE(pg); i++) {
		if (*pg[i])
			page_put(*pg[i]);
	}
	ext2_freed_drop(&j->j_revoked);
	kfree(j->j_run);
	kfree(j);
	em->em_jnl = NULL;
}

int ext2_journal_mark(struct ext2mount *em, u32 start)
{
	struct ext2journal *j = em->em_jnl;
	struct jbd_super *js = jbd_super(j);
	int error;

	/* Version 1 has no features; revoke blocks need one. */
	if (!j->j_v2) {
		js->s_header.h_blocktype = be32(JBD_SUPER_V2);
		js->s_feature_compat = js->s_feature_ro_compat = 0;
		j->j_v2 = true;
	}
	js->s_feature_incompat = be32(JBD_INCOMPAT_REVOKE);
	js->s_start = be32(start);
	js->s_sequence = be32(j->j_seq);
	error = ext2_jbd_io(em, BUF_WRITE, 0, j->j_super);
	return error ? error : bio_flush(em->em_bdev);
}

u32 ext2_journal_sequence(const struct ext2mount *em)
{
	return be32(jbd_super(em->em_jnl)->s_sequence);
}

u32 ext2_journal_start(const struct ext2mount *em)
{
	return be32(jbd_super(em->em_jnl)->s_start);
}
