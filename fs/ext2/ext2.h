/* SPDX-License-Identifier: MIT */
/*
 * ext2: the file system on the disk. A block has 1, 2 or 4 KiB, and metadata one page a block, of
 * which a small block takes the first bytes only. Pages of files hold 4 KiB: that is one block, or
 * several (fs/ext2/subpage.c).
 *
 *   struct vfs -- vfs_data --> ext2mount
 *                                em_meta: page cache of all metadata (superblock, descriptors, bitmaps, inode tables, indirect blocks,
 *                                         directories), indexed by block number
 *   vnode -- v_data --> ext2inode
 *                         ei_d: the inode itself, in its page of the inode table, which stays in memory as long as the vnode does
 *
 * Contents of regular files and long symbolic links are in their vnode's own page cache; pg_private is the block, 0 a hole
 * (where a block is a page).
 *
 * Whatever changes metadata does so between ext2_begin() and ext2_end(), and tells by ext2_dirty() which pages it changed, and of what
 * kind they are. Nothing of that reaches the disk before a commit (fs/ext2/commit.c), which lets no operation be under way. With a
 * journal (ext3's), a commit is one transaction of it: all or nothing. Without, it writes kind by kind, in an order in which
 * every moment leaves a disk that can be used: names before the end of what they named, blocks' contents before the pointers
 * to them. Either way contents of files come first, and what was freed is not used again before that is on the disk.
 *
 * Locks, outermost first
 *   v_lock         entries of a directory, attributes, size and truncation of a file
 *   page locks     of files' pages. Who holds one never waits for a commit: ext2_trybegin()
 *   em_commit      (LR_FS_TXN) one commit at a time
 *   an operation   (ext2_begin)
 *   ei_maplock     (LR_FS_INODE) i_block[] and the indirect blocks of one inode
 *   em_alloc       (LR_FS_META) bitmaps, descriptors, counts of the superblock, the list of what was freed
 *   em_meta's page locks: only while a block is being read
 *   em_lock        (spinlock, LR_PCLIST) the fields named below
 *
 * Nothing that comes from the disk is trusted: block numbers, sizes, entries are checked where they are used. What is wrong is told on the
 * console in one line (ext2_damage()), the file system becomes read-only, and the call fails with EUCLEAN.
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
	/* Checked when mounted, then constant; what the disk says later does not matter. */
	u32 em_bsize, em_bshift; /* of a block: bytes, and as a power of two */
	u32 em_first;		 /* first block of group 0, which holds the superblock's copy */
	u32 em_sbblock;		 /* block of the superblock */
	u32 em_blocks, em_inodes, em_bpg, em_ipg, em_ngroups, em_isize, em_first_ino, em_ngdb, em_overhead;
	bool em_filetype, em_sparse, em_sparse2, em_journaled;
	u32 em_backup[2];  /* em_sparse2: groups with copies of the superblock */
	u64 em_maxsize;	   /* of a file */
	u32 em_complaints; /* atomic */
	bool em_frozen;	   /* unknown features, or damage: no writing until the next mount */
	u16 em_state;	   /* s_state as it was when mounted */
	bool em_logging;   /* commits go through the journal */
	bool em_rw;	   /* the disk is marked as in use */
	struct ext2journal *em_jnl; /* NULL: none */
	struct page *em_sbpage;	    /* block em_sbblock, held */
	struct ext2_super *em_sb;   /* in it */
	struct page **em_gdpage;    /* em_ngdb, held */
	struct ext2group {
		u32 eg_bbm, eg_ibm, eg_itable; /* block numbers, checked */
		u32 eg_next; /* where the last allocation in this group ended (em_alloc) */
	} * em_group;

	struct mutex em_alloc, em_commit;
	struct list em_freed; /* struct ext2freed: what the next commit gives free (em_alloc) */
	u32 em_nfreed, em_nfreedino; /* blocks and inodes in it */
	struct list em_orphans; /* ei_orphan, as chained on the disk, the first one first (em_alloc) */
	u32 em_abandoned; /* the first of those in the chain behind them; 0: none (em_alloc) */

	struct spinlock em_lock;
	u32 em_seq;	/* number of the next commit; changes while no operation is open */
	u32 em_nopen;	/* operations under way (em_lock) */
	bool em_closed; /* none may begin (em_lock) */
	u32 em_ndirty, em_dirtylimit; /* pages of em_meta to write (em_meta's v_pclock) */
	struct list em_ordered; /* ei_ordered: files whose new blocks wait for their contents; a reference each (em_lock) */
	struct list em_dying; /* ei_dying: last name removed, not yet on the disk; a reference each (em_lock) */
	u32 em_ndying, em_dyingblocks;
	u32 em_nframes; /* frames being written to new blocks (em_lock); started by open operations only */
	u32 em_inflight; /* pages being written by a commit (em_lock) */
	int em_ioerror;	 /* of one of them (em_lock) */
};

struct ext2inode {
	struct ext2mount *ei_mount;
	struct vnode *ei_vp;
	struct page *ei_page; /* of the inode table, held */
	struct ext2_dinode *ei_d;
	struct mutex ei_maplock;
	u32 ei_goal;   /* where its next block should be; 0: no idea (ei_maplock) */
	u32 ei_frames; /* while frames are put: pages behind the last one that has a block */
	u32 ei_room;   /* directory: no room in the blocks before this one (v_lock) */
	u32 ei_born;   /* em_seq when it was made; 0: before this mount */
	u32 ei_changed, ei_touched; /* em_seq of the last change, and of the last one of times only, at least */
	u32 ei_flushed;		    /* em_seq whose commit has been here (em_lock) */
	struct list ei_ordered, ei_dying, ei_orphan;
	u32 ei_marked;	/* in an inode of 128 bytes: what i_marked would be (ei_maplock) */
	u32 ei_counted; /* em_seq of the last change that was counted (ei_maplock) */
	bool ei_ended; /* freed on the disk, though somebody has it open: see ext2_orphans_end() (ei_maplock) */
	struct list ei_done; /* a commit's (em_commit) */
};

/* Kinds of dirty metadata (pg_private2 of em_meta's pages): in which phase of a commit a page is written. */
#define EXT2_K_NEW 0x01u /* nothing on the disk leads to this block yet */
#define EXT2_K_BITMAP 0x02u
#define EXT2_K_INODE 0x04u /* inodes, indirect blocks that lost pointers */
#define EXT2_K_SUPER 0x08u /* descriptors, superblock: counts */
#define EXT2_K_DIR 0x10u   /* a directory block; names were added or replaced */
#define EXT2_K_MOVED \
	0x20u /* a directory block; a name was taken out that a rename has put into another one */

#define EXT2_K_GROWN 0x80u /* an indirect block that got pointers */

#define EXT2_K_LOGGED 0x40u /* in the journal, and not yet at its place (fs/ext2/journal.h) */
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
/* blk >= em_first: the group, and the place in it */
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

/* --- super.c ---------------------------------------------------------------------------------- */

/* Reads and checks superblock and descriptors; fills all the constant em_* of em, whose em_meta is there. -EINVAL, -EUCLEAN, -EIO, -ENOMEM */
int ext2_read_super(struct ext2mount *em);
/*
 * What em may do with the features that the superblock names; sets em_frozen if it may only read.
 * -EINVAL: nothing at all (features.c)
 */
int ext2_check_features(struct ext2mount *em, const struct ext2_super *sb);
/* Writes the superblock to its place now. -EIO */
int ext2_write_super(struct ext2mount *em);
/* Something on the disk is not as it must be: one line (at most 20 a mount), and no more writing. Returns -EUCLEAN. */
extern struct ratelimit ext2_limit; /* for every message about a file system */
int ext2_damage(struct ext2mount *em, const char *fmt, ...) __printf(2, 3);
/* Something stays marked as used that nobody has: one line, and e2fsck is told. Within an operation. */
void ext2_lost(struct ext2mount *em, const char *fmt, ...) __printf(2, 3);

/* --- meta.c ----------------------------------------------------------------------------------- */

extern const struct vnodeops ext2_meta_ops;

/* The metadata block blk, valid, with a reference. -EUCLEAN (beyond the end), -EIO, -ENOMEM */
int ext2_meta_get(struct ext2mount *em, u32 blk, struct page **pgp);
/* The same for a block just allocated: zeros, dirty. -ENOMEM */
int ext2_meta_new(struct ext2mount *em, u32 blk, struct page **pgp);
/* The page has been changed, within an operation. */
void ext2_dirty(struct ext2mount *em, struct page *pg, u32 kind);
/* Block blk is metadata no more: what was to be written need not be. Within an operation. false: out of memory, it must stay allocated */
bool ext2_meta_forget(struct ext2mount *em, u32 blk);
/* May blk hold data, an indirect block, or a directory? */
bool ext2_block_ok(const struct ext2mount *em, u32 blk);
bool ext2_group_has_super(const struct ext2mount *em, u32 g);
static inline u32 ext2_itable_blocks(const struct ext2mount *em)
{
	return em->em_ipg / (em->em_bsize / em->em_isize);
}
/* The page with the descriptor of group g, and that. */
static inline struct page *ext2_desc_page(const struct ext2mount *em, u32 g)
{
	return em->em_gdpage[g / ext2_desc_per_block(em)];
}
static inline struct ext2_group_desc *ext2_desc(const struct ext2mount *em, u32 g)
{
	return (struct ext2_group_desc *)page_kva(ext2_desc_page(em, g)) + g % ext2_desc_per_block(em);
}

/* --- txn.c ------------------------------------------------------------------------------------ */

/* An operation on metadata begins; waits while a commit is under way. The caller holds no page lock and is in no operation. */
void ext2_begin(struct ext2mount *em);
/* The same for those who may not wait; false: not now. */
bool ext2_trybegin(struct ext2mount *em);
/* The same for the freeing of what has no name any more: does not commit because there is much to write. */
void ext2_begin_free(struct ext2mount *em);
void ext2_end(struct ext2mount *em);
/* Is there so much to write that a commit should come first? */
bool ext2_overfull(const struct ext2mount *em);
/* An operation that ended with -EAGAIN has changed nothing; commits, and says whether to try again; else *error becomes -ENOSPC. */
bool ext2_again(struct ext2mount *em, int *error, u32 *tries);
/* The contents of new blocks of the file must be written by the next commit. Within an operation. */
void ext2_order(struct ext2inode *ei);

/* --- commit.c --------------------------------------------------------------------------------- */

/* Everything that was done before is on the medium when it returns. -EIO. No page locks, not within an operation. */
int ext2_commit(struct ext2mount *em);
/* Commits, and says on the disk that it is in use from now on, or not any more. */
int ext2_mark(struct ext2mount *em, bool inuse);
/* Gives up what is still to be written. */
void ext2_all_clean(struct ext2mount *em);
/* The same until nothing is left to write, not even from the journal to its place. */
int ext2_settle(struct ext2mount *em);
/* No commit will succeed any more: lets go of the files that wait for one. */
void ext2_give_up(struct ext2mount *em);

/* --- balloc.c --------------------------------------------------------------------------------- */

/* Allocates 1..want neighbouring blocks, near goal if there is room. -ENOSPC; -EAGAIN: there will be some after a commit; -EUCLEAN, -EIO, -ENOMEM */
int ext2_balloc(struct ext2mount *em, u32 goal, u32 want, u32 *blk, u32 *got);
/* Frees blocks that the last commit's disk may still use: they become free with the next one. `now`: it cannot. */
void ext2_bfree(struct ext2mount *em, u32 blk, u32 n, bool now);
/* Lists of runs. false: out of memory */
bool ext2_freed_append(struct list *head, u32 start, u32 len);
void ext2_freed_drop(struct list *head);
/* Clears the bits of all that was freed before this commit. Called by the commit. */
void ext2_apply_freed(struct ext2mount *em);
/* Puts a run on the list for that. em_alloc held. */
void ext2_defer(struct ext2mount *em, u32 start, u32 len);
/* The first clear bit in [from, end), end: none. */
u32 ext2_find_zero(const u32 *map, u32 from, u32 end);

/* --- ialloc.c --------------------------------------------------------------------------------- */

/* An unused inode number, near the directory `dir`. -ENOSPC, -EAGAIN, -EUCLEAN, -EIO, -ENOMEM */
int ext2_ialloc(struct ext2mount *em, u32 dir, bool isdir, u32 *inop);
/* Gives back what ext2_ialloc() has given in the same operation. */
void ext2_ialloc_undo(struct ext2mount *em, u32 ino, bool isdir);
/* ei has neither names nor blocks nor users: its number becomes free. */
void ext2_ifree(struct ext2inode *ei, bool now);
/* em_alloc held. -EIO, -ENOMEM */
int ext2_ifree_bit(struct ext2mount *em, u32 ino);

/* --- orphan.c --------------------------------------------------------------------------------- */

/* The last name of ei has been removed: it goes with its last reference. v_lock held, within an operation */
void ext2_lost_name(struct ext2inode *ei);
/* Its removal is on the disk: ei is one for the list of inodes that a crash would leave behind. Within an operation */
void ext2_orphan_add(struct ext2inode *ei);
bool ext2_inactive(struct vnode *vp);
/* e2fsck does not trust the chain of a disk that has errors: it finds what is in use as inodes that have ended. No operation is open. */
void ext2_orphans_dissolve(struct ext2mount *em);
/* The machine goes down: frees the removed files that are still open, of which a mount after this one would have to know. Read-only already. */
void ext2_orphans_end(struct ext2mount *em);
/* Frees what is abandoned: left by a crash, or because its blocks could not be found. Stops at the first that cannot be freed now.
 * `mounting`: those that have names are made as short as they say, too. */
int ext2_orphans_clear(struct ext2mount *em, bool mounting);

/* --- inode.c ---------------------------------------------------------------------------------- */

void ext2_inode_init(void);
/* The vnode of an inode number that came from the disk. -EUCLEAN: there is no such inode, or it is damaged */
int ext2_iget(struct ext2mount *em, u32 ino, struct vnode **vpp);
int ext2_vget(struct vfs *vfs, ino_t ino, struct vnode **vpp); /* vfs_vget */
/* The same of one that may have no name: left by a crash. */
int ext2_iget_orphan(struct ext2mount *em, u32 ino, struct vnode **vpp);
/* The same of one of the system's own numbers. */
int ext2_iget_system(struct ext2mount *em, u32 ino, struct vnode **vpp);
/* A new inode of that kind with its vnode, near and in the group of dvp; no link. Within an operation. As ext2_ialloc() */
int ext2_inew(struct vnode *dvp, mode_t mode, dev_t rdev, const struct cred *cr, struct vnode **vpp);
void ext2_reclaim(struct vnode *vp);
/* ei_d has been changed; `times`: nothing but times. Within an operation */
void ext2_idirty(struct ext2inode *ei, bool times);
u64 ext2_disk_size(const struct ext2inode *ei);
void ext2_set_disk_size(struct ext2inode *ei, u64 size);

/* --- attr.c ----------------------------------------------------------------------------------- */

int ext2_getattr(struct vnode *vp, struct vattr *va);
int ext2_setattr(struct vnode *vp, const struct vattr *va);
/* The vnode tells of the inode's flags. */
void ext2_show_flags(struct ext2inode *ei);
/* atime is now, if that is worth telling. Not within an operation */
void ext2_accessed(struct vnode *vp);
#define EXT2_T_ATIME 1u
#define EXT2_T_MTIME 2u
#define EXT2_T_CTIME 4u
#define EXT2_T_CRTIME 8u
void ext2_set_times(struct ext2inode *ei, u32 which, struct timespec_k t);
/* mtime and ctime, or ctime alone, are now; marks ei dirty */
void ext2_modified(struct ext2inode *ei);
void ext2_ctime_now(struct ext2inode *ei);

/* Does the inode have the extra field `extra` of ei_d? */
bool ext2_has_extra(const struct ext2inode *ei, const u32 *extra);

/* --- change.c --------------------------------------------------------------------------------- */

void ext2_init_mark(struct ext2inode *ei); /* ei_d has been read, or made */
int ext2_vop_mark(struct vnode *vp);
int ext2_vop_stored(struct vnode *vp, struct page *pg);
/*
 * Bytes of the file from `from` on are about to change: if an image depends on one of them, that is counted, and on the medium when it
 * returns. v_lock held, no page lock, not within an operation. -EIO
 */
int ext2_changing(struct vnode *vp, u64 from);

/* --- bmap.c ----------------------------------------------------------------------------------- */

/* The disk's block of the file's block idx, 0 for a hole, and in *run how many from there on (at most max) are neighbours on the disk or all holes. Takes
 * ei_maplock. -EUCLEAN, -EIO, -ENOMEM */
int ext2_bmap(struct ext2inode *ei, u32 idx, u32 max, u32 *blk, u32 *run);
int ext2_bmap_locked(struct ext2inode *ei, u32 idx, u32 max, u32 *blk, u32 *run); /* ei_maplock held */
/* The way to block idx of a file: off[0] is the place in i_block[], the others in indirect blocks. Returns how many, 0: too far. */
u32 ext2_path(const struct ext2mount *em, u32 idx, u32 off[4]);
/* 0 if blk is 0 or may belong to a file */
int ext2_check_block(struct ext2inode *ei, u32 blk);

/* --- grow.c, truncate.c ----------------------------------------------------------------------- */

/* Allocates 1..want blocks of the file from idx on, where it has none. Their contents are the caller's affair. ei_maplock held, within an
 * operation. As ext2_balloc(), and -EFBIG */
int ext2_grow(struct ext2inode *ei, u32 idx, u32 want, u32 *blk, u32 *got);
/*
 * Frees the file's blocks >= idx. Within an operation; takes ei_maplock. What hangs on an indirect block that cannot be read: `keep`:
 * remains, and -EIO or -ENOMEM; else nobody has it any more (ext2_lost()), and 0.
 */
int ext2_shrink(struct ext2inode *ei, u32 idx, bool keep);
/* The size of a regular file becomes size. v_lock held, not within an operation. -EFBIG, -EIO ... */
int ext2_set_size(struct vnode *vp, u64 size);
/* Gives back what a write has got and could not fill. v_lock held, not within an operation. */
void ext2_trim(struct vnode *vp);

/* --- xattr.c ---------------------------------------------------------------------------------- */

/* How much of i_blocks is for extended attributes. */
u32 ext2_xattr_units(const struct ext2inode *ei);
/*
 * The file ends: its block of extended attributes has one user less, and goes with the last.
 * Returns 0, also if the block was damaged (told). Errors: -EIO, -ENOMEM, with nothing changed.
 * Within an operation.
 */
int ext2_xattr_release(struct ext2inode *ei);

/* --- dir.c ------------------------------------------------------------------------------------ */

/* Block idx of a directory, with a reference. */
int ext2_dir_block(struct vnode *dvp, u32 idx, struct page **pgp);
/* The entry at byte off of a directory block, checked; NULL: damaged. */
struct ext2_dirent *ext2_dirent_at(struct vnode *dvp, const struct page *pg, u32 off);
/* A place in a directory: its block, with a reference, and the entry there. */
struct ext2slot {
	struct page *sl_page;
	u32 sl_idx, sl_off;
};
static inline struct ext2_dirent *ext2_slot_entry(const struct ext2slot *sl)
{
	return (struct ext2_dirent *)((u8 *)page_kva(sl->sl_page) + sl->sl_off);
}
/* Where the entry called name is. v_lock held. -ENOENT */
int ext2_dir_find(struct vnode *dvp, const char *name, u32 len, struct ext2slot *sl);
bool ext2_dir_is_empty(struct vnode *dvp, int *error);
int ext2_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp);
int ext2_readdir(struct vnode *dvp, off_t off, dirent_fn fn, void *arg);
u8 ext2_type_byte(const struct ext2mount *em, enum vtype type);

/* --- dirmod.c: within an operation, v_lock held ------------------------------------------------ */

/* Room for a name of len bytes; the directory may grow for it. As ext2_balloc() */
int ext2_dir_room(struct vnode *dvp, u32 len, struct ext2slot *sl);
/* Puts the name there. Cannot fail. Lets go of the slot. */
void ext2_dir_enter(struct vnode *dvp, struct ext2slot *sl, const char *name, u32 len, const struct vnode *vp);
/* The entry leads to vp from now on. */
void ext2_dir_redirect(struct vnode *dvp, struct ext2slot *sl, const struct vnode *vp);
/* Takes the entry out; kind EXT2_K_DIR or EXT2_K_MOVED. */
void ext2_dir_take_out(struct vnode *dvp, struct ext2slot *sl, u32 kind);
/* The first block of a new directory. As ext2_balloc() */
int ext2_dir_make(struct vnode *vp, struct vnode *parent);

/* --- names.c ---------------------------------------------------------------------------------- */

extern const struct vnodeops ext2_dir_ops;

/* --- file.c, frames.c, symlink.c --------------------------------------------------------------- */

extern const struct vnodeops ext2_file_ops, ext2_sub_file_ops, ext2_link_ops, ext2_special_ops;
int ext2_fsync(struct vnode *vp, bool datasync);
/* The inode follows what was written: size, times, and whoever is not the superuser takes the set-id rights away. v_lock held, not within an operation */
void ext2_written(struct ext2inode *ei);
int ext2_getpage(struct vnode *vp, struct page *pg);
void ext2_putpages(struct vnode *vp, struct page **pg, u32 n);
int ext2_mkwrite(struct vnode *vp, struct page **pg, u32 n, u32 from, u32 to);
/* subpage.c: the same where a page holds several blocks. */
int ext2_sub_getpage(struct vnode *vp, struct page *pg);
void ext2_sub_getpages(struct vnode *vp, struct page **pg, u32 n);
void ext2_sub_putpages(struct vnode *vp, struct page **pg, u32 n);
int ext2_sub_mkwrite(struct vnode *vp, struct page **pg, u32 n, u32 from, u32 to);
/* The file has grown from `before` bytes: what is mapped may be written to up to the new end. v_lock held, not within an operation */
void ext2_sub_extended(struct vnode *vp, u64 before);
/* The file has shrunk to v_size: waits until no write of its last page is under way to a block behind that. v_lock held */
void ext2_sub_cut(struct vnode *vp);
/* frames.c */
int ext2_putframes(struct vnode *vp, struct frames_run *run, u32 at, u32 n);
int ext2_endframes(struct vnode *vp, u64 size, int error);
void ext2_getframes(struct vnode *vp, struct frames_run *run, u32 at, u32 n);
/* Is the text of the link in the inode itself? */
bool ext2_link_is_fast(const struct ext2inode *ei);
/* The text of a new symbolic link. Within an operation. As ext2_balloc() */
int ext2_symlink_set(struct vnode *vp, const char *target, u32 len);

#endif
