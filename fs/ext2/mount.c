/* SPDX-License-Identifier: MIT */
/*
 * ext2: mounting, unmounting, read-only and back, sync and statfs.
 *
 * While it may be written to, the disk says so: the journal's log has a
 * beginning and EXT2_INCOMPAT_RECOVER is set; or, without a journal,
 * EXT2_STATE_VALID is not. A clean end puts back what was found at the start,
 * so that a disk that needs e2fsck still does.
 */
#include "fs/ext2/ext2.h"
#include "fs/ext2/journal.h"

#include "fs/bio.h"
#include "fs/ext2.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/statfs.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

#define DIRTY_MIN 64u
#define DIRTY_MAX 4096u

/* --- From read-only to writable and back --- */

/* Whoever is abandoned for good is so without harm to others. */
static void retry_abandoned(struct ext2mount *em)
{
	if (em->em_abandoned && !em->em_frozen)
		(void)ext2_orphans_clear(em, false);
}

static void count_mount(struct ext2mount *em)
{
	ext2_begin(em);
	em->em_sb->s_mnt_count++;
	em->em_sb->s_mtime = (u32)(clock_real_ns() / NSEC_PER_SEC);
	ext2_dirty(em, em->em_sbpage, EXT2_K_SUPER);
	ext2_end(em);
}

static int begin_writing(struct ext2mount *em)
{
	int error;

	if (em->em_bdev->bd_readonly || em->em_frozen)
		return -EROFS;
	if (!(em->em_state & EXT2_STATE_VALID) || (em->em_state & EXT2_STATE_ERROR))
		printk_limited(&ext2_limit, "ext2: %s: was not unmounted cleanly; e2fsck would make sure that nothing is lost\n",
			       em->em_vfs->vfs_source);
	error = ext2_mark(em, true);
	if (error)
		return error;
	em->em_rw = true;
	em->em_vfs->vfs_readonly = false;
	count_mount(em);
	error = ext2_orphans_clear(em, true);
	return error == -EUCLEAN ? 0 : error; /* then it is read-only again */
}

/* What a commit could not free, for want of memory: nobody will. */
static void lose_freed(struct ext2mount *em)
{
	if (em->em_nfreed + em->em_nfreedino == 0 || em->em_frozen)
		return;
	ext2_begin_free(em);
	ext2_lost(em, "out of memory: %u blocks and %u inodes stay marked as used", em->em_nfreed, em->em_nfreedino);
	ext2_end(em);
}

/* Nobody changes anything from here on. */
static int end_writing(struct ext2mount *em)
{
	int error, error2;

	retry_abandoned(em);
	em->em_vfs->vfs_readonly = true;
	error = pc_flush_all(em->em_vfs);
	error2 = ext2_settle(em);
	if (em->em_vfs->vfs_ending && !em->em_frozen && !error2) {
		ext2_orphans_end(em);
		error2 = ext2_settle(em);
	}
	if (!error)
		error = error2;
	lose_freed(em);
	if (!error && !em->em_frozen)
		error = ext2_mark(em, false);
	if (!error && !em->em_frozen)
		em->em_rw = false;
	return error;
}

static int ext2_remount(struct vfs *vfs, bool readonly)
{
	struct ext2mount *em = ext2mount(vfs);

	if (!readonly)
		return em->em_rw ? -EROFS : begin_writing(em);
	return em->em_rw ? end_writing(em) : 0;
}

/* --- Mounting --- */

static int open_meta(struct ext2mount *em)
{
	struct vnode *bvp = em->em_vfs->vfs_bdevvp;

	/* From here on the device's metadata is seen through em_meta. */
	if (pc_flush(bvp, 0, PC_END, true))
		return -EIO;
	em->em_meta = vnode_anon(bvp->v_vfs, VBLK, &ext2_meta_ops);
	if (!em->em_meta)
		return -ENOMEM;
	em->em_meta->v_data = em;
	return 0;
}

static struct ext2mount *ext2_new(struct vfs *vfs)
{
	struct ext2mount *em = kzalloc(sizeof(*em), 0);
	struct page_stats st;

	if (!em)
		return NULL;
	page_stats(&st);
	em->em_vfs = vfs;
	em->em_bdev = vfs->vfs_bdevvp->v_data;
	em->em_seq = 1;
	em->em_dirtylimit = MIN(MAX(st.ps_total / 32, DIRTY_MIN), DIRTY_MAX);
	mutex_init(&em->em_commit, "ext2-commit", LR_FS_TXN);
	mutex_init(&em->em_alloc, "ext2-alloc", LR_FS_META);
	spin_init(&em->em_lock, "ext2", LR_PCLIST);
	list_init(&em->em_freed);
	list_init(&em->em_orphans);
	list_init(&em->em_ordered);
	list_init(&em->em_dying);
	return em;
}

static void drop_super(struct ext2mount *em)
{
	for (u32 i = 0; em->em_gdpage && i < em->em_ngdb; i++) {
		if (em->em_gdpage[i])
			page_put(em->em_gdpage[i]);
	}
	if (em->em_sbpage)
		page_put(em->em_sbpage);
	kfree(em->em_gdpage);
	kfree(em->em_group);
	em->em_sbpage = NULL;
	em->em_gdpage = NULL;
	em->em_group = NULL;
	em->em_overhead = 0;
}

static void ext2_free(struct ext2mount *em)
{
	if (em->em_meta)
		ext2_all_clean(em);
	if (em->em_jnl) {
		ext2_logged_clean(em);
		ext2_journal_close(em);
	}
	drop_super(em);
	if (em->em_meta)
		vn_rele(em->em_meta);
	ext2_freed_drop(&em->em_freed);
	/* Who reads the device from now on shall see what we have written. */
	pc_drop_clean(em->em_vfs->vfs_bdevvp);
	kfree(em);
}

static int open_root(struct ext2mount *em)
{
	struct vnode *vp;
	int error;

	error = ext2_iget(em, EXT2_ROOT_INO, &vp);
	if (error)
		return error;
	if (vp->v_type == VDIR) {
		em->em_vfs->vfs_root = vp;
		return 0;
	}
	vnode_setflags(vp, V_NOCACHE, 0);
	vn_rele(vp);
	return ext2_damage(em, "the root is no directory");
}

static void close_root(struct ext2mount *em)
{
	vnode_setflags(em->em_vfs->vfs_root, V_NOCACHE, 0);
	vn_rele(em->em_vfs->vfs_root);
	em->em_vfs->vfs_root = NULL;
}

/*
 * What was read until now is what was on the disk before the journal was
 * replayed.
 */
static int read_again(struct ext2mount *em)
{
	int error;

	drop_super(em);
	pc_truncate(em->em_meta, 0);
	error = ext2_read_super(em);
	if (error)
		return error;
	em->em_sb->s_feature_incompat &= ~EXT2_INCOMPAT_RECOVER;
	return ext2_write_super(em);
}

static int open_journal(struct ext2mount *em)
{
	bool needed = em->em_sb->s_feature_incompat & EXT2_INCOMPAT_RECOVER;
	int error;

	if (!em->em_journaled || em->em_sb->s_journal_inum == 0)
		return 0; /* it is another device's, and empty */
	error = ext2_journal_open(em);
	if (error && !needed && error != -ENOMEM) {
		ext2_journal_close(em);
		em->em_frozen = true;
		return 0;
	}
	if (error || !needed)
		return error;
	if (em->em_bdev->bd_readonly) {
		printk_limited(&ext2_limit, "ext2: %s: cannot be written, but its journal must be replayed\n",
			       em->em_vfs->vfs_source);
		return -EROFS;
	}
	error = ext2_recover(em);
	return error ? error : read_again(em);
}

static int open_all(struct ext2mount *em)
{
	int error;

	error = open_meta(em);
	if (!error)
		error = ext2_read_super(em);
	if (!error)
		error = open_journal(em);
	return error ? error : open_root(em);
}

static int ext2_mount(struct vfs *vfs, const char *dev, const char *options)
{
	struct ext2mount *em = ext2_new(vfs);
	bool readonly = vfs->vfs_readonly;
	int error;

	if (!em)
		return -ENOMEM;
	vfs->vfs_data = em;
	vfs->vfs_readonly = true;
	error = open_all(em);
	/* As on Linux; but a root that may only be read is better than none. */
	if (!error && !readonly && em->em_frozen && rootvp) {
		printk_limited(&ext2_limit, "ext2: %s: can be mounted read-only only\n", vfs->vfs_source);
		close_root(em);
		error = -EINVAL;
	}
	if (!error && !readonly && !em->em_frozen && !em->em_bdev->bd_readonly) {
		error = begin_writing(em);
		if (error)
			close_root(em);
	}
	if (error)
		ext2_free(em);
	return error;
}

/* After a commit that failed files are waiting for one that never comes. */
static int ext2_letgo(struct vfs *vfs)
{
	if (ext2mount(vfs)->em_frozen)
		ext2_give_up(ext2mount(vfs));
	return 0;
}

static int ext2_unmount(struct vfs *vfs)
{
	struct ext2mount *em = ext2mount(vfs);
	int error = em->em_rw ? end_writing(em) : 0;

	ext2_free(em);
	return error;
}

static int ext2_sync(struct vfs *vfs, bool wait)
{
	struct ext2mount *em = ext2mount(vfs);
	int error, error2;

	if (!em->em_rw)
		return 0;
	/*
	 * A writer that waits for room in the log may hold the lock of a file:
	 * nothing here may ask for one.
	 */
	if (!wait)
		return ext2_commit(em);
	retry_abandoned(em);
	error = pc_flush_all(vfs);
	error2 = ext2_settle(em);
	return error ? error : error2;
}

static int ext2_statfs(struct vfs *vfs, struct statfs_k *st)
{
	const struct ext2mount *em = ext2mount(vfs);
	u32 reserved = em->em_sb->s_r_blocks_count;

	st->f_type = K_MAGIC_EXT2;
	st->f_bsize = st->f_frsize = em->em_bsize;
	st->f_blocks = em->em_blocks - em->em_overhead;
	/* What is on its way to being free counts. */
	st->f_bfree = MIN((u64)em->em_sb->s_free_blocks_count + em->em_nfreed + em->em_dyingblocks, st->f_blocks);
	st->f_bavail = st->f_bfree > reserved ? st->f_bfree - reserved : 0;
	st->f_files = em->em_inodes;
	st->f_ffree = MIN(em->em_sb->s_free_inodes_count + em->em_nfreedino + em->em_ndying, em->em_inodes);
	return 0;
}

static const struct vfsops ext2_vfsops = {
	.vfs_mount = ext2_mount,
	.vfs_letgo = ext2_letgo,
	.vfs_unmount = ext2_unmount,
	.vfs_vget = ext2_vget,
	.vfs_sync = ext2_sync,
	.vfs_statfs = ext2_statfs,
	.vfs_remount = ext2_remount,
};

static struct fstype ext2_type = { .fs_name = "ext2", .fs_ops = &ext2_vfsops };

void ext2_init(void)
{
	ext2_inode_init();
	fstype_register(&ext2_type);
}
