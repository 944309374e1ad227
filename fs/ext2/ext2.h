/* SPDX-License-Identifier: MIT */
/*
 * ext2: the file system on the disk. A block has 1, 2 or 4 KiB. Metadata use
 * one page per block, of which a small block takes only the first bytes. Pages
 * of files hold 4 KiB: one block, or several (fs/ext2/subpage.c).
 *
 *   struct vfs -- vfs_data --> ext2mount
 *       em_meta: page cache of all metadata (superblock, descriptors,
 *                bitmaps, inode tables, indirect blocks, directories),
 *                indexed by block number
 *   vnode -- v_data --> ext2inode
 *       ei_d: the inode itself, in its page of the inode table, which stays in
 *             memory as long as the vnode does
 *
 * Contents of regular files and long symbolic links are in their vnode's own
 * page cache. If a block is a page, pg_private is the block, 0 a hole.
 *
 * Code that changes metadata runs between ext2_begin() and ext2_end(), and
 * reports each changed page, with its kind, by ext2_dirty(). No change reaches
 * the disk before a commit (fs/ext2/commit.c), which runs while no operation
 * does. With a journal (ext3's), a commit is one transaction: all or nothing.
 * Without a journal, it writes kind by kind, in an order in which a crash at
 * any moment leaves a usable disk: a file's name is removed before the file is
 * freed, and blocks get their contents before the pointers to them are written.
 * Either way contents of files are written first, and freed blocks are not
 * reused before the disk says that they are free.
 *
 * Locks, outermost first
 *   v_lock        entries of a directory; attributes, size and truncation of a
 *                 file
 *   page locks    of files' pages. A holder never waits for a commit:
 *                 ext2_trybegin()
 *   em_commit     (LR_FS_TXN) one commit at a time
 *   an operation  (ext2_begin)
 *   ei_maplock    (LR_FS_INODE) i_block[] and the indirect blocks of one inode
 *   em_alloc      (LR_FS_META) bitmaps, descriptors, counts of the superblock,
 *                 the list of freed blocks
 *   em_meta's page locks: only while a block is being read
 *   em_lock       (spinlock, LR_PCLIST) the fields marked below
 *
 * Data from the disk are not trusted: block numbers, sizes and entries are
 * checked where they are used. Damage is reported on the console in one line
 * (ext2_damage()), the file system becomes read-only, and the call fails with
 * EUCLEAN.
 */
#ifndef FS_EXT2_EXT2_H
#define FS_EXT2_EXT2_H

#include "fs/ext2/disk.h"
#include "fs/vnode.h"
#include "kernel/lib/ratelimit.h"
#include "mm/page.h"
#include "proc/sched/mutex.h"

struct cred;
struct ext2journal;

struct ext2mount {
	struct vfs *em_vfs;
	struct bdev *em_bdev;
	struct vnode *em_meta;
	/*
	 * Checked at the mount, then constant: later changes of the superblock
	 * have no effect.
	 */
	u32 em_bsize, em_bshift; /* of a block: bytes, and as a power of two */
	/* First block of group 0, which holds the superblock's copy. */
	u32 em_first;
	u32 em_sbblock; /* block of the superblock */
	u32 em_blocks, em_inodes, em_bpg, em_ipg, em_ngroups, em_isize, em_first_ino, em_ngdb, em_overhead;
	bool em_filetype, em_sparse, em_sparse2, em_journaled;
	/* em_sparse2: groups with copies of the superblock. */
	u32 em_backup[2];
	u64 em_maxsize;	   /* of a file */
	u32 em_complaints; /* atomic */
	/* Unknown features, or damage: read-only until the next mount. */
	bool em_frozen;
	u16 em_state;		    /* s_state at the mount */
	bool em_logging;	    /* commits go through the journal */
	bool em_rw;		    /* the disk is marked as in use */
	struct ext2journal *em_jnl; /* NULL: none */
	struct page *em_sbpage;	    /* block em_sbblock, held */
	struct ext2_super *em_sb;   /* in it */
	struct page **em_gdpage;    /* em_ngdb, held */
	struct ext2group {
		u32 eg_bbm, eg_ibm, eg_itable; /* block numbers, checked */
		/* Where the last allocation in this group ended (em_alloc). */
		u32 eg_next;
	} * em_group;

	struct mutex em_alloc, em_commit;
	/*
	 * struct ext2freed: blocks and inodes that the next commit frees
	 * (em_alloc).
	 */
	struct list em_freed;
	u32 em_nfreed, em_nfreedino; /* blocks and inodes in it */
	/* ei_orphan, in the order of the chain on the disk (em_alloc). */
	struct list em_orphans;
	/*
	 * The first abandoned inode, behind them in the chain; 0: none
	 * (em_alloc).
	 */
	u32 em_abandoned;

	struct spinlock em_lock;
	/* Number of the next commit; changes while no operation is open. */
	u32 em_seq;
	u32 em_nopen;	/* operations under way (em_lock) */
	bool em_closed; /* none may begin (em_lock) */
	/* Pages of em_meta to write (em_meta's v_pclock). */
	u32 em_ndirty, em_dirtylimit;
	/*
	 * ei_ordered: files whose new blocks wait for their contents; a
	 * reference each (em_lock).
	 */
	struct list em_ordered;
	/*
	 * ei_dying: files whose last name is removed, but not yet on the disk;
	 * a reference each (em_lock).
	 */
	struct list em_dying;
	u32 em_ndying, em_dyingblocks;
	/*
	 * Frames being written to new blocks (em_lock); only open operations
	 * start them.
	 */
	u32 em_nframes;
	u32 em_inflight; /* pages being written by a commit (em_lock) */
	int em_ioerror;	 /* the first error of them (em_lock) */
};

struct ext2inode {
	struct ext2mount *ei_mount;
	struct vnode *ei_vp;
	struct page *ei_page; /* of the inode table, held */
	struct ext2_dinode *ei_d;
	struct mutex ei_maplock;
	/* Where its next block should be; 0: not known (ei_maplock). */
	u32 ei_goal;
	/* While frames are put: pages behind the last one that has a block. */
	u32 ei_frames;
	/* Directory: the blocks before this one have no room (v_lock). */
	u32 ei_room;
	u32 ei_born; /* em_seq when it was made; 0: before this mount */
	/*
	 * em_seq of the last change, and of the last change of times alone, at
	 * least.
	 */
	u32 ei_changed, ei_touched;
	/* em_seq of the last commit that has written it (em_lock). */
	u32 ei_flushed;
	struct list ei_ordered, ei_dying, ei_orphan;
	/* In an inode of 128 bytes: the value of i_marked (ei_maplock). */
	u32 ei_marked;
	u32 ei_counted; /* em_seq of the last counted change (ei_maplock). */
	/*
	 * Freed on the disk, though still open: see ext2_orphans_end()
	 * (ei_maplock).
	 */
	bool ei_ended;
	struct list ei_done; /* used by a commit (em_commit) */
};

/*
 * Kinds of dirty metadata (pg_private2 of em_meta's pages): the phase of a
 * commit that writes the page.
 */
#define EXT2_K_NEW 0x01u /* the disk has no pointer to this block yet */
#define EXT2_K_BITMAP 0x02u
#define EXT2_K_INODE 0x04u
#define EXT2_K_SUPER 0x08u /* descriptors, superblock: counts */
#define EXT2_K_DIR 0x10u   /* a directory block; names were added or replaced */
/* a directory block; a rename moved a name from it to another block */
#define EXT2_K_MOVED 0x20u

#define EXT2_K_GROWN 0x80u /* an indirect block that got pointers */
#define EXT2_K_CUT 0x100u  /* an indirect block that lost pointers */

/* In the journal, but not yet at its place (fs/ext2/journal.h). */
#define EXT2_K_LOGGED 0x40u
#define EXT2_K_DIRTY (~EXT2_K_LOGGED)

struct ext2run {
	u32 start, len; /* len 0: inode `start` */
};

#define EXT2_NFREED 508u
struct ext2freed {
	struct list ef_link;
	u32 ef_n;
	struct ext2run ef_run[EXT2_NFREED];
};
_Static_assert(sizeof(struct ext2freed) <= PAGE_SIZE, "one page");

static inline bool ext2_subpage(const struct ext2mount *em)
{
	return em->em_bsize < PAGE_SIZE;
}
static inline struct ext2mount *ext2mount(const struct vfs *vfs)
{
	return vfs->vfs_data;
}
/* The size of the blocks of the file system of vp. */
static inline u32 ext2_bsize(const struct vnode *vp)
{
	return ext2mount(vp->v_vfs)->em_bsize;
}
static inline struct ext2inode *ext2inode(const struct vnode *vp)
{
	return vp->v_data;
}

/* How many pointers, and group descriptors, a block has. */
static inline u32 ext2_nptr(const struct ext2mount *em)
{
	return em->em_bsize / 4;
}
static inline u32 ext2_desc_per_block(const struct ext2mount *em)
{
	return em->em_bsize / (u32)sizeof(struct ext2_group_desc);
}
/* Units of i_blocks, and of disks, in a block. */
static inline u32 ext2_units(const struct ext2mount *em)
{
	return em->em_bsize / 512;
}
static inline u64 ext2_sector(const struct ext2mount *em, u32 blk)
{
	return (u64)blk * ext2_units(em);
}
/* How many blocks hold so many bytes. */
static inline u32 ext2_blocks_of(const struct ext2mount *em, u64 bytes)
{
	return (u32)((bytes + em->em_bsize - 1) >> em->em_bshift);
}
/* blk >= em_first: its group, and its index in the group. */
static inline u32 ext2_group_of(const struct ext2mount *em, u32 blk)
{
	return (blk - em->em_first) / em->em_bpg;
}
static inline u32 ext2_place_of(const struct ext2mount *em, u32 blk)
{
	return (blk - em->em_first) % em->em_bpg;
}
static inline u32 ext2_group_first(const struct ext2mount *em, u32 g)
{
	return em->em_first + g * em->em_bpg;
}

/* --- super.c --- */

/*
 * Reads and checks superblock and descriptors; fills the constant em_* of em,
 * which has em_meta already.
 * Errors: -EINVAL, -EUCLEAN, -EIO, -ENOMEM
 */
int ext2_read_super(struct ext2mount *em);
/*
 * Checks the features that the superblock names; sets em_frozen if they allow
 * only reading (features.c).
 * Errors: -EINVAL (they do not even allow reading)
 */
int ext2_check_features(struct ext2mount *em, const struct ext2_super *sb);
/* Writes the superblock to its place now. -EIO */
int ext2_write_super(struct ext2mount *em);
/*
 * Reports damage on the disk: one line (at most 20 a mount), and no more
 * writing. Returns -EUCLEAN.
 */
extern struct ratelimit ext2_limit; /* for every message about a file system */
int ext2_damage(struct ext2mount *em, const char *fmt, ...) __printf(2, 3);
/*
 * Reports blocks or inodes that stay marked as used without an owner: one line,
 * and a mark for e2fsck. Within an operation.
 */
void ext2_lost(struct ext2mount *em, const char *fmt, ...) __printf(2, 3);

/* --- meta.c --- */

extern const struct vnodeops ext2_meta_ops;

/*
 * The valid metadata block blk, with a reference.
 * Errors: -EUCLEAN (beyond the end), -EIO, -ENOMEM
 */
int ext2_meta_get(struct ext2mount *em, u32 blk, struct page **pgp);
/*
 * ext2_meta_get() for a block just allocated: zeros, dirty.
 * Errors: -ENOMEM
 */
int ext2_meta_new(struct ext2mount *em, u32 blk, struct page **pgp);
/* Reports a change of the page. Within an operation. */
void ext2_dirty(struct ext2mount *em, struct page *pg, u32 kind);
/*
 * Block blk is no longer metadata: cancels writes of it. Within an operation.
 * Returns: false: out of memory, and the block must stay allocated.
 */
bool ext2_meta_forget(struct ext2mount *em, u32 blk);
/* May blk hold data, an indirect block, or a directory? */
bool ext2_block_ok(const struct ext2mount *em, u32 blk);
bool ext2_group_has_super(const struct ext2mount *em, u32 g);
static inline u32 ext2_itable_blocks(const struct ext2mount *em)
{
	return em->em_ipg / (em->em_bsize / em->em_isize);
}
/* The page with the descriptor of group g; the descriptor. */
static inline struct page *ext2_desc_page(const struct ext2mount *em, u32 g)
{
	return em->em_gdpage[g / ext2_desc_per_block(em)];
}
static inline struct ext2_group_desc *ext2_desc(const struct ext2mount *em, u32 g)
{
	return (struct ext2_group_desc *)page_kva(ext2_desc_page(em, g)) + g % ext2_desc_per_block(em);
}

/* --- txn.c --- */

/*
 * Begins an operation on metadata; waits for a commit to end. The caller holds
 * no page lock and is in no operation.
 */
void ext2_begin(struct ext2mount *em);
/* ext2_begin() without waiting; false: not now. */
bool ext2_trybegin(struct ext2mount *em);
/*
 * ext2_begin() to free an unlinked file: does not commit because there is much
 * to write.
 */
void ext2_begin_free(struct ext2mount *em);
void ext2_end(struct ext2mount *em);
/* Is there so much to write that a commit should come first? */
bool ext2_overfull(const struct ext2mount *em);
/*
 * After an operation that gave -EAGAIN, which changed nothing: commits. Returns
 * whether to try again; if not, *error becomes -ENOSPC.
 */
bool ext2_again(struct ext2mount *em, int *error, u32 *tries);
/*
 * The next commit must write the contents of new blocks of the file. Within an
 * operation.
 */
void ext2_order(struct ext2inode *ei);

/* --- commit.c --- */

/*
 * Puts all earlier changes on the medium. No page locks, not within an
 * operation.
 * Errors: -EIO
 */
int ext2_commit(struct ext2mount *em);
/* Commits, and marks the disk as in use, or as no longer in use. */
int ext2_mark(struct ext2mount *em, bool inuse);
/* Discards all unwritten changes. */
void ext2_all_clean(struct ext2mount *em);
/* Commits until all is written, also from the journal to its place. */
int ext2_settle(struct ext2mount *em);
/* Releases the files that wait for a commit, when none can succeed any more. */
void ext2_give_up(struct ext2mount *em);

/* --- balloc.c --- */

/*
 * Allocates 1..want neighbouring blocks, near goal if there is room.
 * Errors: -ENOSPC, -EAGAIN (a commit will free some), -EUCLEAN, -EIO, -ENOMEM
 */
int ext2_balloc(struct ext2mount *em, u32 goal, u32 want, u32 *blk, u32 *got);
/*
 * Frees blocks at the next commit, since the disk's last commit may still use
 * them. `now`: it does not, so at once.
 */
void ext2_bfree(struct ext2mount *em, u32 blk, u32 n, bool now);
/* Appends to a list of runs. false: out of memory */
bool ext2_freed_append(struct list *head, u32 start, u32 len);
void ext2_freed_drop(struct list *head);
/*
 * Clears the bits of all blocks and inodes freed before this commit. For the
 * commit.
 */
void ext2_apply_freed(struct ext2mount *em);
/* Puts a run on the list for ext2_apply_freed(). em_alloc held. */
void ext2_defer(struct ext2mount *em, u32 start, u32 len);
/* The first clear bit in [from, end); end: none. */
u32 ext2_find_zero(const u32 *map, u32 from, u32 end);

/* --- ialloc.c --- */

/*
 * Allocates an inode number near the directory `dir`.
 * Errors: -ENOSPC, -EAGAIN, -EUCLEAN, -EIO, -ENOMEM
 */
int ext2_ialloc(struct ext2mount *em, u32 dir, bool isdir, u32 *inop);
/* Undoes ext2_ialloc() in the same operation. */
void ext2_ialloc_undo(struct ext2mount *em, u32 ino, bool isdir);
/* Frees the number of ei, which has no names, blocks or users. */
void ext2_ifree(struct ext2inode *ei, bool now);
/* em_alloc held. -EIO, -ENOMEM */
int ext2_ifree_bit(struct ext2mount *em, u32 ino);

/* --- orphan.c --- */

/*
 * The last name of ei was removed: ei will be freed with its last reference.
 * v_lock held, within an operation.
 */
void ext2_lost_name(struct ext2inode *ei);
/*
 * The removal of ei is on the disk: puts ei on the list of inodes that a crash
 * would leave behind. Within an operation.
 */
void ext2_orphan_add(struct ext2inode *ei);
bool ext2_inactive(struct vnode *vp);
/*
 * e2fsck does not trust the chain of a damaged disk. So the open files in it
 * are written as ended inodes. No operation is open.
 */
void ext2_orphans_dissolve(struct ext2mount *em);
/*
 * At shutdown: frees the unlinked files that are still open, so that no later
 * mount has to. Read-only already.
 */
void ext2_orphans_end(struct ext2mount *em);
/*
 * Frees abandoned inodes: left by a crash, or because their blocks could not be
 * found. Stops at the first that cannot be freed now. `mounting`: also
 * truncates those with names to their size.
 */
int ext2_orphans_clear(struct ext2mount *em, bool mounting);

/* --- inode.c --- */

void ext2_inode_init(void);
/*
 * The vnode of an inode number that came from the disk.
 * Errors: -EUCLEAN (no such inode, or damaged)
 */
int ext2_iget(struct ext2mount *em, u32 ino, struct vnode **vpp);
int ext2_vget(struct vfs *vfs, ino_t ino, struct vnode **vpp); /* vfs_vget */
/* ext2_iget() for an inode that may have no name: left by a crash. */
int ext2_iget_orphan(struct ext2mount *em, u32 ino, struct vnode **vpp);
/* ext2_iget() for one of the system's own numbers. */
int ext2_iget_system(struct ext2mount *em, u32 ino, struct vnode **vpp);
/*
 * Makes an inode of that kind with its vnode, near dvp and in its group; no
 * link. Within an operation.
 * Errors: of ext2_ialloc()
 */
int ext2_inew(struct vnode *dvp, mode_t mode, dev_t rdev, const struct cred *cr, struct vnode **vpp);
void ext2_reclaim(struct vnode *vp);
/* Reports a change of ei_d; `times`: of times alone. Within an operation. */
void ext2_idirty(struct ext2inode *ei, bool times);
u64 ext2_disk_size(const struct ext2inode *ei);
void ext2_set_disk_size(struct ext2inode *ei, u64 size);

/* --- attr.c --- */

int ext2_getattr(struct vnode *vp, struct vattr *va);
int ext2_setattr(struct vnode *vp, const struct vattr *va);
/* Copies the inode's flags to the vnode. */
void ext2_show_flags(struct ext2inode *ei);
/* Sets atime if it is old enough. Not within an operation. */
void ext2_accessed(struct vnode *vp);
#define EXT2_T_ATIME 1u
#define EXT2_T_MTIME 2u
#define EXT2_T_CTIME 4u
#define EXT2_T_CRTIME 8u
void ext2_set_times(struct ext2inode *ei, u32 which, struct timespec_k t);
/* Sets mtime and ctime, or ctime alone; marks ei dirty. */
void ext2_modified(struct ext2inode *ei);
void ext2_ctime_now(struct ext2inode *ei);

/* Does the inode have the extra field `extra` of ei_d? */
bool ext2_has_extra(const struct ext2inode *ei, const u32 *extra);

/* --- change.c --- */

void ext2_init_mark(struct ext2inode *ei); /* after reading or making ei_d */
int ext2_vop_mark(struct vnode *vp);
int ext2_vop_stored(struct vnode *vp, struct page *pg);
/*
 * The bytes of the file from `from` on are about to change: if an image depends
 * on one of them, counts that, and puts the count on the medium.
 * Errors: -EIO
 * Locks: v_lock, no page lock, not within an operation.
 */
int ext2_changing(struct vnode *vp, u64 from);

/* --- bmap.c --- */

/*
 * The disk's block of the file's block idx; 0: a hole. *run: how many from
 * there on, at most max, are neighbours on the disk, or all holes. Takes
 * ei_maplock.
 * Errors: -EUCLEAN, -EIO, -ENOMEM
 */
int ext2_bmap(struct ext2inode *ei, u32 idx, u32 max, u32 *blk, u32 *run);
/* ei_maplock held */
int ext2_bmap_locked(struct ext2inode *ei, u32 idx, u32 max, u32 *blk, u32 *run);
/*
 * The path to block idx of a file: off[0] is the index in i_block[], the rest
 * in indirect blocks. Returns how many; 0: too far.
 */
u32 ext2_path(const struct ext2mount *em, u32 idx, u32 off[4]);
/* 0 if blk is 0, or may belong to a file. */
int ext2_check_block(struct ext2inode *ei, u32 blk);

/* --- grow.c, truncate.c --- */

/*
 * Allocates 1..want blocks of the file from idx on, where it has none. The
 * caller fills them. ei_maplock held, within an operation.
 * Errors: of ext2_balloc(); -EFBIG
 */
int ext2_grow(struct ext2inode *ei, u32 idx, u32 want, u32 *blk, u32 *got);
/*
 * Gives the indirect block *pgp, to which *ptr leads, another place, unless the
 * disk does not know it yet. So it may change, and the disk's tree stays as it
 * is until the inode is written. Within an operation, without a journal.
 * Errors: as ext2_balloc(), with nothing changed.
 */
int ext2_move_indirect(struct ext2mount *em, u32 *ptr, struct page **pgp);
/*
 * Frees the file's blocks >= idx. Takes ei_maplock. Within an operation. If an
 * indirect block cannot be read, the blocks below it stay with the file if
 * `keep` (-EIO, -ENOMEM); else they are lost (ext2_lost()), and it returns 0.
 */
int ext2_shrink(struct ext2inode *ei, u32 idx, bool keep);
/*
 * Sets the size of a regular file. v_lock held, not within an operation.
 * Errors: -EFBIG, -EIO...
 */
int ext2_set_size(struct vnode *vp, u64 size);
/*
 * Frees blocks that a write allocated and did not fill. v_lock held, not within
 * an operation.
 */
void ext2_trim(struct vnode *vp);

/* --- xattr.c --- */

/* The part of i_blocks for extended attributes. */
u32 ext2_xattr_units(const struct ext2inode *ei);
/*
 * The file is being freed: drops its use of its block of extended attributes;
 * the last user frees it.
 * Returns: 0, also if the block was damaged (reported).
 * Errors: -EIO, -ENOMEM, with nothing changed
 * Locks: within an operation.
 */
int ext2_xattr_release(struct ext2inode *ei);

/* --- dir.c --- */

/* Block idx of a directory, with a reference. */
int ext2_dir_block(struct vnode *dvp, u32 idx, struct page **pgp);
/* The entry at byte off of a directory block, checked; NULL: damaged. */
struct ext2_dirent *ext2_dirent_at(struct vnode *dvp, const struct page *pg, u32 off);
/* A position in a directory: its block, with a reference, and the entry. */
struct ext2slot {
	struct page *sl_page;
	u32 sl_idx, sl_off;
};
static inline struct ext2_dirent *ext2_slot_entry(const struct ext2slot *sl)
{
	return (struct ext2_dirent *)((u8 *)page_kva(sl->sl_page) + sl->sl_off);
}
/* Finds the entry called name. v_lock held. -ENOENT */
int ext2_dir_find(struct vnode *dvp, const char *name, u32 len, struct ext2slot *sl);
bool ext2_dir_is_empty(struct vnode *dvp, int *error);
int ext2_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp);
int ext2_readdir(struct vnode *dvp, off_t off, dirent_fn fn, void *arg);
u8 ext2_type_byte(const struct ext2mount *em, enum vtype type);

/* --- dirmod.c: within an operation; v_lock held --- */

/*
 * Finds room for a name of len bytes; may extend the directory.
 * Errors: of ext2_balloc()
 */
int ext2_dir_room(struct vnode *dvp, u32 len, struct ext2slot *sl);
/* Puts the name there. Cannot fail. Releases the slot. */
void ext2_dir_enter(struct vnode *dvp, struct ext2slot *sl, const char *name, u32 len, const struct vnode *vp);
/* Makes the entry lead to vp. */
void ext2_dir_redirect(struct vnode *dvp, struct ext2slot *sl, const struct vnode *vp);
/* Removes the entry; kind EXT2_K_DIR or EXT2_K_MOVED. */
void ext2_dir_take_out(struct vnode *dvp, struct ext2slot *sl, u32 kind);
/*
 * Makes the first block of a new directory.
 * Errors: of ext2_balloc()
 * Locks: v_lock of the parent.
 */
int ext2_dir_make(struct vnode *vp, struct vnode *parent);

/* --- names.c --- */

extern const struct vnodeops ext2_dir_ops;

/* --- file.c, frames.c, symlink.c --- */

extern const struct vnodeops ext2_file_ops, ext2_sub_file_ops, ext2_link_ops, ext2_special_ops;
int ext2_fsync(struct vnode *vp, bool datasync);
/*
 * After a write: updates size and times of the inode; a writer that is not the
 * superuser removes the set-id bits. v_lock held, not within an operation.
 */
void ext2_written(struct ext2inode *ei);
int ext2_getpage(struct vnode *vp, struct page *pg);
void ext2_putpages(struct vnode *vp, struct page **pg, u32 n);
int ext2_mkwrite(struct vnode *vp, struct page **pg, u32 n, u32 from, u32 to);
/* subpage.c: the operations if a page holds several blocks. */
int ext2_sub_getpage(struct vnode *vp, struct page *pg);
void ext2_sub_getpages(struct vnode *vp, struct page **pg, u32 n);
void ext2_sub_putpages(struct vnode *vp, struct page **pg, u32 n);
int ext2_sub_mkwrite(struct vnode *vp, struct page **pg, u32 n, u32 from, u32 to);
/*
 * The file was extended from `before` bytes: shared mappings may write up to
 * the new end. v_lock held, not within an operation.
 */
void ext2_sub_extended(struct vnode *vp, u64 before);
/*
 * The file was cut to v_size: waits for a running write of its last page to the
 * blocks behind it. v_lock held.
 */
void ext2_sub_cut(struct vnode *vp);
/* frames.c */
int ext2_putframes(struct vnode *vp, struct frames_run *run, u32 at, u32 n);
int ext2_endframes(struct vnode *vp, u64 size, int error);
void ext2_getframes(struct vnode *vp, struct frames_run *run, u32 at, u32 n);
/* Is the text of the link in the inode itself? */
bool ext2_link_is_fast(const struct ext2inode *ei);
/*
 * Sets the text of a new symbolic link. Within an operation.
 * Errors: of ext2_balloc()
 */
int ext2_symlink_set(struct vnode *vp, const char *target, u32 len);

#endif
