/* SPDX-License-Identifier: MIT */
/*
 * The disk format of ext2 (facts: libext2fs-dev ext2fs/ext2_fs.h). All numbers
 * are little-endian, as on this machine.
 *
 *   block 0       boot sector
 *   byte 1024     superblock: in block 0, or block 1 if blocks have 1 KiB
 *   group g       bpg blocks; the first one begins at the superblock
 *     [superblock copy | group descriptors]
 *                 in groups 0, 1 and powers of 3, 5, 7 (sparse_super), or in
 *                 all, or in 0 and the two of s_backup_bgs (sparse_super2)
 *     block bitmap | inode bitmap | inode table | data
 */
#ifndef FS_EXT2_DISK_H
#define FS_EXT2_DISK_H

#include "kernel/lib/types.h"

#define EXT2_MAGIC 0xef53u
#define EXT2_SUPER_OFFSET 1024u
#define EXT2_ROOT_INO 2u
#define EXT2_OLD_FIRST_INO 11u
#define EXT2_OLD_INODE_SIZE 128u
#define EXT2_LINK_MAX 32000u

#define EXT2_STATE_VALID 1u
#define EXT2_STATE_ERROR 2u

#define EXT2_INCOMPAT_FILETYPE 0x0002u
#define EXT2_INCOMPAT_RECOVER 0x0004u
#define EXT2_COMPAT_HAS_JOURNAL 0x0004u
#define EXT2_COMPAT_SPARSE_SUPER2 0x0200u
#define EXT2_RO_SPARSE_SUPER 0x0001u
#define EXT2_RO_LARGE_FILE 0x0002u

struct ext2_super {
	u32 s_inodes_count, s_blocks_count, s_r_blocks_count, s_free_blocks_count, s_free_inodes_count;
	u32 s_first_data_block, s_log_block_size, s_log_cluster_size;
	u32 s_blocks_per_group, s_clusters_per_group, s_inodes_per_group;
	u32 s_mtime, s_wtime;
	u16 s_mnt_count, s_max_mnt_count, s_magic, s_state, s_errors, s_minor_rev_level;
	u32 s_lastcheck, s_checkinterval, s_creator_os, s_rev_level;
	u16 s_def_resuid, s_def_resgid;
	u32 s_first_ino;
	u16 s_inode_size, s_block_group_nr;
	u32 s_feature_compat, s_feature_incompat, s_feature_ro_compat;
	u8 s_uuid[16], s_volume_name[16], s_last_mounted[64];
	u32 s_algorithm_usage_bitmap;
	u8 s_prealloc_blocks, s_prealloc_dir_blocks;
	u16 s_reserved_gdt_blocks;
	u8 s_journal_uuid[16];
	u32 s_journal_inum, s_journal_dev, s_last_orphan;
	u8 s_rest1[588 - 236];
	u32 s_backup_bgs[2];
	u8 s_rest2[1024 - 596];
};
_Static_assert(sizeof(struct ext2_super) == 1024 && offsetof(struct ext2_super, s_backup_bgs) == 588, "superblock");

struct ext2_group_desc {
	u32 bg_block_bitmap, bg_inode_bitmap, bg_inode_table;
	u16 bg_free_blocks_count, bg_free_inodes_count, bg_used_dirs_count, bg_flags;
	u32 bg_reserved[3];
};
_Static_assert(sizeof(struct ext2_group_desc) == 32, "group descriptor");

/*
 * direct blocks in the inode; the single, double and triple indirect blocks
 * follow
 */
#define EXT2_NDIR 12u
#define EXT2_IND 12u
#define EXT2_DIND 13u
#define EXT2_TIND 14u
#define EXT2_NBLOCK 15u

/* Flags shown to programs. Immutable, append, nodump: VNF_* of fs/vnode.h. */
#define EXT2_FL_VISIBLE 0x0003dfffu
/* Of a directory: its blocks have a hash tree. */
#define EXT2_FL_INDEX 0x00001000u
#define EXT2_FL_EXTENTS 0x00080000u
#define EXT2_FL_INLINE 0x10000000u
#define EXT2_FL_INHERIT (0x00000001u | 0x00000002u | 0x00000008u | 0x00000040u | 0x00000080u)

struct ext2_dinode {
	u16 i_mode, i_uid;
	u32 i_size, i_atime, i_ctime, i_mtime, i_dtime;
	u16 i_gid, i_links_count;
	u32 i_blocks; /* in units of 512 bytes, indirect blocks included */
	u32 i_flags;
	/* Linux: i_version, which ext4 increments at each change. */
	u32 i_changes;
	u32 i_block[EXT2_NBLOCK];
	u32 i_generation, i_file_acl;
	u32 i_size_high; /* of directories: an unused ACL */
	u32 i_faddr;
	u16 i_osd2a, i_osd2b, i_uid_high, i_gid_high;
	u32 i_osd2c;
	/* Only in inodes of 256 bytes, up to i_extra_isize. */
	u16 i_extra_isize, i_pad1;
	u32 i_ctime_extra, i_mtime_extra, i_atime_extra, i_crtime, i_crtime_extra;
	u32 i_marked; /* Linux: the upper half of i_version */
};
_Static_assert(offsetof(struct ext2_dinode, i_extra_isize) == 128 && offsetof(struct ext2_dinode, i_block) == 40,
	       "inode");

/* The head of a block of extended attributes. */
#define EXT2_XATTR_MAGIC 0xea020000u
struct ext2_xattr_header {
	u32 h_magic, h_refcount, h_blocks, h_hash, h_reserved[4];
};

/* Directory entries fill each block exactly; de_inode 0: free room. */
struct ext2_dirent {
	u32 de_inode;
	u16 de_reclen; /* a multiple of 4 */
	u8 de_namelen, de_type;
	char de_name[];
};
#define EXT2_DIRENT_LEN(n) ((8u + (n) + 3u) & ~3u)

#endif
