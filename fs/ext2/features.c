/* SPDX-License-Identifier: MIT */
/*
 * ext2: the features that a superblock names, each a bit of one of three sets (facts: libext2fs-dev
 * ext2fs/ext2_fs.h):
 *
 *   compatible    whoever does not know one may read and write all the same
 *   read-only     whoever does not know one may read
 *   incompatible  whoever does not know one may do nothing
 */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

#define INCOMPAT_KNOWN (EXT2_INCOMPAT_FILETYPE | EXT2_INCOMPAT_RECOVER)
#define RO_COMPAT_KNOWN (EXT2_RO_SPARSE_SUPER | EXT2_RO_LARGE_FILE)

#define NAMES_MAX 100u

struct feature {
	u32 bit;
	const char *name; /* as mke2fs -O and dumpe2fs have it */
};

static const struct feature incompat_names[] = {
	{ 0x1, "compression" },	 { 0x2, "filetype" },	    { 0x4, "needs_recovery" },
	{ 0x8, "journal_dev" },	 { 0x10, "meta_bg" },	    { 0x40, "extent" },
	{ 0x80, "64bit" },	 { 0x100, "mmp" },	    { 0x200, "flex_bg" },
	{ 0x400, "ea_inode" },	 { 0x1000, "dirdata" },	    { 0x2000, "metadata_csum_seed" },
	{ 0x4000, "large_dir" }, { 0x8000, "inline_data" }, { 0x10000, "encrypt" },
	{ 0x20000, "casefold" },
};

static const struct feature ro_names[] = {
	{ 0x1, "sparse_super" }, { 0x2, "large_file" },		{ 0x4, "btree_dir" },
	{ 0x8, "huge_file" },	 { 0x10, "uninit_bg" },		{ 0x20, "dir_nlink" },
	{ 0x40, "extra_isize" }, { 0x80, "has_snapshot" },	{ 0x100, "quota" },
	{ 0x200, "bigalloc" },	 { 0x400, "metadata_csum" },	{ 0x800, "replica" },
	{ 0x1000, "read-only" }, { 0x2000, "project" },		{ 0x4000, "shared_blocks" },
	{ 0x8000, "verity" },	 { 0x10000, "orphan_present" },
};

static const char *name_of(const struct feature *table, u32 n, u32 bit)
{
	for (u32 i = 0; i < n; i++) {
		if (table[i].bit == bit)
			return table[i].name;
	}
	return NULL;
}

/*
 * " extent flex_bg": the names of those bits; a bit without a name as a number.
 */
static void spell(const struct feature *table, u32 n, u32 bits, char text[NAMES_MAX])
{
	size_t len = 0;

	text[0] = 0;
	for (u32 bit = 1; bits && len + 1 < NAMES_MAX; bits &= ~bit, bit <<= 1) {
		const char *name = bits & bit ? name_of(table, n, bit) : NULL;

		if (name)
			snprintf(text + len, NAMES_MAX - len, " %s", name);
		else if (bits & bit)
			snprintf(text + len, NAMES_MAX - len, " 0x%x", bit);
		len = strlen(text);
	}
}

int ext2_check_features(struct ext2mount *em, const struct ext2_super *sb)
{
	/* The fields of revision 0 are not defined. */
	u32 compat = sb->s_rev_level ? sb->s_feature_compat : 0,
	    incompat = sb->s_rev_level ? sb->s_feature_incompat : 0,
	    ro = sb->s_rev_level ? sb->s_feature_ro_compat : 0;
	const char *source = em->em_vfs->vfs_source;
	char names[NAMES_MAX];

	em->em_journaled = compat & EXT2_COMPAT_HAS_JOURNAL;
	if (incompat & ~INCOMPAT_KNOWN) {
		spell(incompat_names, ARRAY_SIZE(incompat_names), incompat & ~INCOMPAT_KNOWN, names);
		printk_limited(&ext2_limit, "ext2: %s: has features that are not supported:%s\n", source, names);
		return -EINVAL;
	}
	if ((incompat & EXT2_INCOMPAT_RECOVER) && (!em->em_journaled || sb->s_journal_inum == 0)) {
		printk_limited(&ext2_limit, "ext2: %s: a journal is to be replayed, but the file system has none\n",
			       source);
		return -EINVAL;
	}
	em->em_frozen = (ro & ~RO_COMPAT_KNOWN) != 0;
	if (em->em_frozen) {
		spell(ro_names, ARRAY_SIZE(ro_names), ro & ~RO_COMPAT_KNOWN, names);
		printk_limited(&ext2_limit, "ext2: %s: has features that allow reading only:%s\n", source, names);
	}
	em->em_filetype = incompat & EXT2_INCOMPAT_FILETYPE;
	em->em_sparse = ro & EXT2_RO_SPARSE_SUPER;
	em->em_sparse2 = compat & EXT2_COMPAT_SPARSE_SUPER2;
	memcpy(em->em_backup, sb->s_backup_bgs, sizeof(em->em_backup));
	return 0;
}
