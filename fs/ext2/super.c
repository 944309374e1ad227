/* SPDX-License-Identifier: MIT */
/*
 * ext2: what the superblock and the descriptors say, checked before anything
 * relies on it, and what is said about damage.
 */
#include "fs/ext2/ext2.h"

#include "fs/bio.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/blk.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

#define MAX_COMPLAINTS 20u
#define MIN_BSHIFT 10u
#define MAX_BSHIFT PAGE_SHIFT

struct ratelimit ext2_limit = RATELIMIT_INIT("ext2", "");

static void say(const struct ext2mount *em, const char *fmt, va_list ap)
{
	char text[128];

	vsnprintf_visible(text, sizeof(text), fmt, ap);
	printk_limited(&ext2_limit, "ext2: %s: %s\n", em->em_vfs->vfs_source, text);
}

int ext2_damage(struct ext2mount *em, const char *fmt, ...)
{
	va_list ap;

	em->em_frozen = true;
	em->em_vfs->vfs_readonly = true;
	vfs_dirty(em->em_vfs); /* the next commit tells e2fsck */
	if (__atomic_fetch_add(&em->em_complaints, 1, __ATOMIC_RELAXED) < MAX_COMPLAINTS) {
		va_start(ap, fmt);
		say(em, fmt, ap);
		va_end(ap);
	}
	return -EUCLEAN;
}

void ext2_lost(struct ext2mount *em, const char *fmt, ...)
{
	va_list ap;

	em->em_state |= EXT2_STATE_ERROR;
	em->em_sb->s_state |= EXT2_STATE_ERROR;
	ext2_dirty(em, em->em_sbpage, EXT2_K_SUPER);
	if (__atomic_fetch_add(&em->em_complaints, 1, __ATOMIC_RELAXED) < MAX_COMPLAINTS) {
		va_start(ap, fmt);
		say(em, fmt, ap);
		va_end(ap);
	}
}

/* Why it cannot be mounted. */
static int refuse(const struct ext2mount *em, int error, const char *fmt, ...) __printf(3, 4);
static int refuse(const struct ext2mount *em, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(em, fmt, ap);
	va_end(ap);
	return error;
}

/* Is it a file system that we know, and how large are its blocks? */
static int check_kind(struct ext2mount *em, const struct ext2_super *sb)
{
	if (sb->s_magic != EXT2_MAGIC)
		return refuse(em, -EINVAL, "is no ext2 file system: its magic number is %04x", sb->s_magic);
	if (sb->s_rev_level > 1)
		return refuse(em, -EINVAL, "is of revision %u, which is not supported", sb->s_rev_level);
	if (sb->s_log_block_size > MAX_BSHIFT - MIN_BSHIFT)
		return refuse(em, -EINVAL, "its blocks are larger than 4096 bytes");
	em->em_bshift = MIN_BSHIFT + sb->s_log_block_size;
	em->em_bsize = 1u << em->em_bshift;
	em->em_sbblock = EXT2_SUPER_OFFSET >> em->em_bshift;
	/*
	 * Where the superblock fills a block, block 0 is the boot sector's
	 * alone.
	 */
	em->em_first = em->em_sbblock;
	return 0;
}

static int check_geometry(struct ext2mount *em, const struct ext2_super *sb)
{
	u64 device = em->em_bdev->bd_sectors / ext2_units(em);
	u32 itable;

	em->em_isize = sb->s_rev_level ? sb->s_inode_size : EXT2_OLD_INODE_SIZE;
	em->em_first_ino = sb->s_rev_level ? sb->s_first_ino : EXT2_OLD_FIRST_INO;
	em->em_blocks = sb->s_blocks_count;
	em->em_inodes = sb->s_inodes_count;
	em->em_bpg = sb->s_blocks_per_group;
	em->em_ipg = sb->s_inodes_per_group;
	if (em->em_blocks > device)
		return refuse(em, -EINVAL, "has %u blocks, but the device only %llu", em->em_blocks,
			      (unsigned long long)device);
	if (em->em_isize < EXT2_OLD_INODE_SIZE || em->em_isize > em->em_bsize ||
	    (em->em_isize & (em->em_isize - 1)))
		return refuse(em, -EINVAL, "has inodes of %u bytes", em->em_isize);
	if (em->em_bpg < 8 || em->em_bpg > em->em_bsize * 8 || em->em_bpg % 8 || em->em_ipg == 0 ||
	    em->em_ipg > em->em_bsize * 8 || em->em_ipg % (em->em_bsize / em->em_isize) ||
	    sb->s_first_data_block != em->em_first || em->em_blocks < 8)
		return refuse(em, -EUCLEAN, "has an impossible geometry");
	em->em_ngroups = ext2_group_of(em, em->em_blocks - 1) + 1;
	em->em_ngdb = (em->em_ngroups - 1) / ext2_desc_per_block(em) + 1;
	itable = em->em_ipg / (em->em_bsize / em->em_isize);
	if ((u64)em->em_ngroups * em->em_ipg != em->em_inodes || em->em_first_ino < EXT2_OLD_FIRST_INO ||
	    em->em_first_ino > em->em_inodes || itable >= em->em_bpg || em->em_ngdb >= em->em_bpg)
		return refuse(em, -EUCLEAN, "has an impossible geometry");
	return 0;
}

/*
 * Are [blk, blk + n) in group g, and not where its copy of the descriptors is?
 */
static bool in_group(const struct ext2mount *em, u32 g, u32 blk, u32 n)
{
	u32 first = ext2_group_first(em, g), end = MIN((u64)em->em_blocks, (u64)first + em->em_bpg);

	if (ext2_group_has_super(em, g))
		first += 1 + em->em_ngdb;
	return blk >= first && blk < end && n <= end - blk;
}

static int read_group(struct ext2mount *em, u32 g)
{
	const struct ext2_group_desc *gd = ext2_desc(em, g);
	u32 ntable = ext2_itable_blocks(em);
	struct ext2group *eg = &em->em_group[g];

	eg->eg_bbm = gd->bg_block_bitmap;
	eg->eg_ibm = gd->bg_inode_bitmap;
	eg->eg_itable = gd->bg_inode_table;
	if (!in_group(em, g, eg->eg_bbm, 1) || !in_group(em, g, eg->eg_ibm, 1) ||
	    !in_group(em, g, eg->eg_itable, ntable) || eg->eg_bbm == eg->eg_ibm ||
	    eg->eg_bbm - eg->eg_itable < ntable || eg->eg_ibm - eg->eg_itable < ntable)
		return refuse(em, -EUCLEAN, "the descriptor of group %u is damaged", g);
	return 0;
}

static int read_groups(struct ext2mount *em)
{
	int error = 0;

	em->em_gdpage = kzalloc(em->em_ngdb * sizeof(em->em_gdpage[0]), 0);
	em->em_group = kzalloc(em->em_ngroups * sizeof(em->em_group[0]), 0);
	if (!em->em_gdpage || !em->em_group)
		return -ENOMEM;
	for (u32 i = 0; i < em->em_ngdb && !error; i++)
		error = ext2_meta_get(em, em->em_sbblock + 1 + i, &em->em_gdpage[i]);
	em->em_overhead = em->em_first;
	for (u32 g = 0; g < em->em_ngroups && !error; g++) {
		error = read_group(em, g);
		em->em_overhead += 2 + ext2_itable_blocks(em) +
				   (ext2_group_has_super(em, g) ? 1 + em->em_ngdb : 0);
	}
	return error;
}

/*
 * The superblock as it lies at its byte, before the size of a block is known.
 */
static int look_at_super(struct ext2mount *em)
{
	struct page *pg = page_alloc(0);
	int error;

	if (!pg)
		return -ENOMEM;
	error = bio_sync(em->em_bdev, BUF_READ, EXT2_SUPER_OFFSET / SECTOR_SIZE, pg, sizeof(struct ext2_super));
	if (!error)
		error = check_kind(em, page_kva(pg));
	page_put(pg);
	return error;
}

/*
 * i_blocks counts units of 512 bytes in 32 bits, indirect blocks included; and
 * there are three levels of these.
 */
static u64 max_size(const struct ext2mount *em)
{
	u64 n = ext2_nptr(em);

	return MIN((1ull << 41) - (1ull << 32), (EXT2_NDIR + n + n * n + n * n * n) << em->em_bshift);
}

int ext2_write_super(struct ext2mount *em)
{
	return bio_sync(em->em_bdev, BUF_WRITE, ext2_sector(em, em->em_sbblock), em->em_sbpage, em->em_bsize);
}

int ext2_read_super(struct ext2mount *em)
{
	int error;

	error = look_at_super(em);
	if (error)
		return error;
	/* a page for each block */
	em->em_meta->v_size = (u64)(em->em_sbblock + 1) * PAGE_SIZE;
	error = ext2_meta_get(em, em->em_sbblock, &em->em_sbpage);
	if (error)
		return error;
	em->em_sb = (struct ext2_super *)((u8 *)page_kva(em->em_sbpage) + EXT2_SUPER_OFFSET % em->em_bsize);
	error = ext2_check_features(em, em->em_sb);
	if (!error)
		error = check_geometry(em, em->em_sb);
	if (error)
		return error;
	em->em_maxsize = max_size(em);
	em->em_meta->v_size = (u64)em->em_blocks * PAGE_SIZE;
	em->em_state = em->em_sb->s_state;
	em->em_abandoned = em->em_sb->s_last_orphan;
	/* A disk of revision 0 has zeros there, or a UUID all the same. */
	memcpy(em->em_vfs->vfs_uuid, em->em_sb->s_uuid, sizeof(em->em_vfs->vfs_uuid));
	return read_groups(em);
}
