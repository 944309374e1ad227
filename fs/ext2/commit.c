/* SPDX-License-Identifier: MIT */
/*
 * ext2: the commit, which brings everything that was done to the medium.
 *
 * First the contents of the files that got new blocks, while operations go on; and again when none is open any more. Then, with a
 * journal, the dirty pages as one transaction (fs/ext2/log.c). Without:
 *
 *   1. bitmaps, and blocks to which nothing on the disk leads yet (indirect, directory)
 *   2. indirect blocks that got pointers and had to stay in their place (fs/ext2/grow.c)
 *   3. inodes; descriptors and superblock, whose counts e2fsck can tell anyway
 *   4. directory blocks with names that were added, replaced or removed;
 *      indirect blocks that lost pointers and had to stay in their place
 *      (fs/ext2/truncate.c)
 *   5. directory blocks from which a rename moved a name elsewhere
 *
 * with a FLUSH after each. So at any moment, on the disk: what the bitmaps call free is used by nobody; a pointer
 * leads to a block with its contents; a renamed file has its new name before it loses the old one, and a file that is replaced by rename()
 * is there, the old or the new one, since its entry changes in one write and neither inode is touched before. A
 * cut leaves at most: blocks and inodes marked as used that nobody uses, and inodes without a name, or names of inodes not in use.
 *
 * For that, what an unlink or truncation frees must not be used again before its end is on the disk, so em_freed waits for the commit:
 * with a journal its bits are cleared in the transaction itself, without, after the commit. And without a journal an inode must not
 * be ended before its last name is gone from the disk: em_dying waits for the end of the commit.
 */
#include "fs/ext2/ext2.h"
#include "fs/ext2/journal.h"

#include "fs/bio.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "proc/sched/sleep.h"

#define NPHASE 5u
#define SETTLE_ROUNDS 4u

/* --- Contents of files --- */

/*
 * The next file of the list that this commit has not looked at, with a
 * reference of its own.
 */
static struct ext2inode *next_ordered(struct ext2mount *em)
{
	struct ext2inode *ei = NULL;

	spin_lock(&em->em_lock);
	if (!list_empty(&em->em_ordered)) {
		ei = list_first(&em->em_ordered, struct ext2inode, ei_ordered);
		if (ei->ei_flushed == em->em_seq) {
			ei = NULL;
		} else {
			ei->ei_flushed = em->em_seq;
			list_remove(&ei->ei_ordered);
			list_push_back(&em->em_ordered, &ei->ei_ordered);
			vn_hold(ei->ei_vp);
		}
	}
	spin_unlock(&em->em_lock);
	return ei;
}

/* While operations go on: most of it, so that the closed time is short. */
static void flush_ordered(struct ext2mount *em)
{
	struct ext2inode *ei;

	while ((ei = next_ordered(em))) {
		pc_flush(ei->ei_vp, 0, PC_END, true);
		vn_rele(ei->ei_vp);
	}
}

/*
 * A size whose bytes have all been written. A write under way moves v_size
 * meanwhile, as far as it has blocks: past what was flushed, but not for long,
 * since it gets no more of them before the commit has ended. The size covers
 * them all, as e2fsck wants it.
 */
static u64 flush_size(struct vnode *vp)
{
	u64 size;

	do {
		size = vp->v_size;
		pc_flush(vp, 0, PC_END, true);
	} while (size != vp->v_size);
	return size;
}

/*
 * No operation is open: the list stands still. A file's size on the disk
 * follows what it has got; a file that is being cut off keeps its size there
 * until its blocks go, too. A file whose contents could not be written tells
 * its own fsync; the others have nothing to do with that.
 */
static void flush_rest(struct ext2mount *em)
{
	struct ext2inode *ei;
	u64 size;

	list_for_each(ei, &em->em_ordered, ei_ordered)
		pc_flush(ei->ei_vp, 0, PC_END, false);
	list_for_each(ei, &em->em_ordered, ei_ordered) {
		size = MAX(flush_size(ei->ei_vp), (u64)ei->ei_frames << PAGE_SHIFT);
		if (size > ext2_disk_size(ei))
			ext2_set_disk_size(ei, size);
	}
}

/* --- Metadata --- */

static u32 phase_of(u32 kind)
{
	if (kind & (EXT2_K_NEW | EXT2_K_BITMAP))
		return 0;
	if (kind & EXT2_K_GROWN)
		return 1;
	if (kind & (EXT2_K_INODE | EXT2_K_SUPER))
		return 2;
	return kind & (EXT2_K_DIR | EXT2_K_CUT) ? 3 : 4;
}

/* Interrupt context. */
static void written(struct page *pg, int error)
{
	struct ext2mount *em = pg->pg_vnode->v_data;

	spin_lock(&em->em_lock);
	if (error)
		em->em_ioerror = error;
	if (--em->em_inflight == 0)
		wakeup(&em->em_inflight);
	spin_unlock(&em->em_lock);
}

/* Up to PC_CLUSTER neighbouring dirty pages of that phase from *idx on. */
static u32 gather_blocks(struct ext2mount *em, u32 phase, u32 *idx, struct page **pg)
{
	struct vnode *meta = em->em_meta;
	u32 n = 0, at;

	spin_lock(&meta->v_pclock);
	while (n < PC_CLUSTER) {
		struct page *p = radix_next(&meta->v_pages, *idx, PC_END, PCT_DIRTY, &at);

		if (!p || (n > 0 && at != *idx))
			break;
		*idx = at + 1;
		if (phase_of(p->pg_private2) == phase)
			pg[n++] = p;
		else if (n > 0)
			break;
	}
	spin_unlock(&meta->v_pclock);
	return n;
}

void ext2_meta_write(struct ext2mount *em, u32 blk, struct page **pg, u32 n)
{
	spin_lock(&em->em_lock);
	em->em_inflight += n;
	spin_unlock(&em->em_lock);
	bio_start_blocks(em->em_bdev, BUF_WRITE, ext2_sector(em, blk), pg, n, em->em_bsize, written);
}

int ext2_meta_wait(struct ext2mount *em)
{
	int error;

	spin_lock(&em->em_lock);
	while (em->em_inflight > 0)
		sleep(&em->em_inflight, &em->em_lock, 0, 0);
	error = em->em_ioerror;
	em->em_ioerror = 0;
	spin_unlock(&em->em_lock);
	return error;
}

/*
 * Starts the writes of one phase, waits for them, and flushes if there were any
 * or `flush`.
 */
static int write_phase(struct ext2mount *em, u32 phase, bool flush)
{
	struct page *pg[PC_CLUSTER];
	u32 idx = 0, n;
	int error;

	while ((n = gather_blocks(em, phase, &idx, pg)) > 0) {
		ext2_meta_write(em, pg[0]->pg_index, pg, n);
		flush = true;
	}
	error = ext2_meta_wait(em);
	if (!error && flush)
		error = bio_flush(em->em_bdev);
	return error;
}

void ext2_all_clean(struct ext2mount *em)
{
	struct vnode *meta = em->em_meta;
	struct page *pg;
	u32 at;

	for (;;) {
		spin_lock(&meta->v_pclock);
		pg = radix_next(&meta->v_pages, 0, PC_END, PCT_DIRTY, &at);
		if (pg) {
			pg->pg_private2 = 0;
			radix_untag(&meta->v_pages, at, PCT_DIRTY);
			radix_untag(&meta->v_pages, at, PCT_WRITEBACK);
			em->em_ndirty--;
		}
		spin_unlock(&meta->v_pclock);
		if (!pg)
			return;
		page_put(pg);
	}
}

/* --- The commit --- */

static void close_operations(struct ext2mount *em)
{
	spin_lock(&em->em_lock);
	em->em_closed = true;
	while (em->em_nopen > 0)
		sleep(&em->em_nopen, &em->em_lock, 0, 0);
	/*
	 * What they have begun to write past the page cache (fs/ext2/frames.c).
	 */
	while (em->em_nframes > 0)
		sleep(&em->em_nframes, &em->em_lock, 0, 0);
	spin_unlock(&em->em_lock);
}

static void open_operations(struct ext2mount *em)
{
	spin_lock(&em->em_lock);
	em->em_closed = false;
	wakeup(&em->em_closed);
	spin_unlock(&em->em_lock);
}

/* The removal of their names is on the disk: their end may begin. */
static void mark_dying(struct ext2mount *em, struct list *dying)
{
	struct ext2inode *ei;

	spin_lock(&em->em_lock);
	list_splice(dying, &em->em_dying);
	em->em_ndying = 0;
	em->em_dyingblocks = 0;
	spin_unlock(&em->em_lock);
	list_for_each(ei, dying, ei_dying)
		ext2_orphan_add(ei);
}

/*
 * Their references are ours now; whoever gets new blocks from here on is on the
 * list anew.
 */
static void take_ordered(struct ext2mount *em, struct list *ordered)
{
	struct ext2inode *ei, *tmp;

	spin_lock(&em->em_lock);
	list_for_each_safe(ei, tmp, &em->em_ordered, ei_ordered) {
		list_remove(&ei->ei_ordered);
		list_push_back(ordered, &ei->ei_done);
	}
	spin_unlock(&em->em_lock);
}

static int write_in_order(struct ext2mount *em)
{
	int error = 0;

	for (u32 phase = 0; phase < NPHASE && !error; phase++)
		error = write_phase(em, phase, phase == 0);
	if (!error)
		ext2_all_clean(em);
	return error;
}

/* Does e2fsck -p look at all of the disk after a cut? */
static int mark_state(struct ext2mount *em, u16 state)
{
	struct page *pg = page_alloc(PGA_RESERVE);
	struct ext2_super *sb;
	u64 sector = EXT2_SUPER_OFFSET / SECTOR_SIZE;
	int error;

	if (!pg)
		return -ENOMEM;
	/* As it is on the disk: what em_sb says is not true there yet. */
	error = bio_sync(em->em_bdev, BUF_READ, sector, pg, sizeof(*sb));
	if (!error) {
		sb = page_kva(pg);
		sb->s_state = state;
		error = bio_sync(em->em_bdev, BUF_WRITE, sector, pg, sizeof(*sb));
	}
	page_put(pg);
	return error ? error : bio_flush(em->em_bdev);
}

/*
 * More than the log takes at all: as if there were no journal, and the disk
 * says so meanwhile. The log is empty.
 */
static int write_past_log(struct ext2mount *em)
{
	u16 state = em->em_sb->s_state;
	int error;

	em->em_sb->s_state &= (u16)~EXT2_STATE_VALID;
	error = mark_state(em, em->em_sb->s_state);
	if (!error)
		error = write_in_order(em);
	em->em_sb->s_state = state;
	return error ? error : mark_state(em, state);
}

/*
 * What is logged must get to its place before there is too little log left for
 * the next commit.
 *
 * A transaction that does not fit into the rest of the log has the whole of it:
 * what is in it goes to its places first. Nothing may be written past a log
 * that has transactions in it: after a cut these would be replayed over what is
 * newer.
 */
static int write_journal(struct ext2mount *em, bool home)
{
	int r = ext2_log_write(em);

	if (r > 0) {
		r = ext2_log_empty(em);
		if (!r)
			r = ext2_log_write(em);
	}
	if (r > 0)
		return write_past_log(em);
	if (!r && (home || ext2_log_full(em)))
		r = ext2_checkpoint(em, em->em_jnl->j_first);
	return r;
}

static int commit_closed(struct ext2mount *em, bool home, struct list *ordered, struct list *dying)
{
	int error;

	flush_rest(em);
	if (em->em_frozen && !(em->em_sb->s_state & EXT2_STATE_ERROR)) {
		em->em_sb->s_state |= EXT2_STATE_ERROR;
		ext2_dirty(em, em->em_sbpage, EXT2_K_SUPER);
		ext2_orphans_dissolve(em);
	}
	if (em->em_logging)
		ext2_apply_freed(em); /* in the same transaction; nobody can use it before that is written */
	error = em->em_logging ? write_journal(em, home) : write_in_order(em);
	if (error) {
		ext2_damage(em, "the metadata cannot be written: error %d", -error);
		return error;
	}
	em->em_seq++;
	take_ordered(em, ordered);
	mark_dying(em, dying);
	if (!em->em_logging)
		ext2_apply_freed(em);
	return 0;
}

/* The last references may free files: with operations allowed again. */
static void release(struct list *ordered, struct list *dying)
{
	struct ext2inode *ei, *tmp;

	list_for_each_safe(ei, tmp, ordered, ei_done) {
		list_remove(&ei->ei_done);
		vn_rele(ei->ei_vp);
	}
	list_for_each_safe(ei, tmp, dying, ei_dying) {
		list_remove(&ei->ei_dying);
		vn_rele(ei->ei_vp);
	}
}

void ext2_give_up(struct ext2mount *em)
{
	struct list ordered = LIST_INIT(ordered), dying = LIST_INIT(dying);

	mutex_lock(&em->em_commit);
	take_ordered(em, &ordered);
	spin_lock(&em->em_lock);
	list_splice(&dying, &em->em_dying);
	em->em_ndying = 0;
	em->em_dyingblocks = 0;
	spin_unlock(&em->em_lock);
	release(&ordered, &dying);
	mutex_unlock(&em->em_commit);
}

/*
 * `home`: all metadata at its place, too, so that the disk can be read by who
 * knows nothing of the journal.
 */
static int commit_transaction(struct ext2mount *em, bool home)
{
	struct list ordered = LIST_INIT(ordered), dying = LIST_INIT(dying);
	int error;

	mutex_lock(&em->em_commit);
	flush_ordered(em);
	close_operations(em);
	error = commit_closed(em, home, &ordered, &dying);
	open_operations(em);
	release(&ordered, &dying);
	mutex_unlock(&em->em_commit);
	return error;
}

int ext2_commit(struct ext2mount *em)
{
	return commit_transaction(em, false);
}

int ext2_settle(struct ext2mount *em)
{
	int error = commit_transaction(em, true);

	for (u32 i = 0; i < SETTLE_ROUNDS && !error &&
			em->em_ndirty + em->em_ndying + em->em_nfreed + em->em_nfreedino > 0;
	     i++)
		error = commit_transaction(em, true);
	return error;
}

/*
 * The superblock at its place, outside any transaction: the log is empty. At
 * any moment, as far as the journal has a log the superblock says so
 * (EXT2_INCOMPAT_RECOVER); e2fsck -p refuses a disk where it does not. So the
 * superblock comes first when the log begins, and last when it ends.
 */
static int write_super(struct ext2mount *em, bool inuse)
{
	struct ext2_super *sb = em->em_sb;
	int error = 0;

	if (em->em_jnl) {
		if (!inuse)
			error = ext2_checkpoint(em, 0);
		sb->s_feature_incompat &= ~EXT2_INCOMPAT_RECOVER;
		if (inuse)
			sb->s_feature_incompat |= EXT2_INCOMPAT_RECOVER;
	} else {
		sb->s_state = inuse ? em->em_state & (u16)~EXT2_STATE_VALID : em->em_state;
	}
	sb->s_wtime = (u32)(clock_real_ns() / NSEC_PER_SEC);
	if (!error)
		error = ext2_write_super(em);
	if (!error)
		error = bio_flush(em->em_bdev);
	if (!error && em->em_jnl && inuse)
		error = ext2_checkpoint(em, em->em_jnl->j_first);
	return error;
}

int ext2_mark(struct ext2mount *em, bool inuse)
{
	struct list ordered = LIST_INIT(ordered), dying = LIST_INIT(dying);
	int error = 0;

	mutex_lock(&em->em_commit);
	close_operations(em);
	if (!inuse)
		error = commit_closed(em, true, &ordered, &dying);
	/*
	 * Something that came up just now, and is not worth more than e2fsck's
	 * attention.
	 */
	if (em->em_ndirty > 0)
		error = error ? error : write_in_order(em);
	if (!error)
		error = write_super(em, inuse);
	em->em_logging = !error && inuse && em->em_jnl;
	open_operations(em);
	release(&ordered, &dying);
	mutex_unlock(&em->em_commit);
	return error;
}
