/* SPDX-License-Identifier: MIT */
/*
 * The journal on the disk, in ext3's format: blocks of the journal's inode,
 * numbered from 0. All numbers are big-endian. (Facts: the journal's
 * description in the documentation of Linux's ext4, "Journal (jbd2)".)
 *
 *   0           superblock
 *   s_first ..  the log: for each transaction, all with its sequence number,
 *                 [revoke blocks]
 *                 [descriptor block, the blocks that its tags name]...
 *                 commit block
 *
 * s_start is the begin of the oldest transaction that may have to be replayed,
 * s_sequence its number; s_start 0: none. The log wraps from s_maxlen to
 * s_first.
 */
#ifndef FS_EXT2_JBD_H
#define FS_EXT2_JBD_H

#include "kernel/lib/types.h"

#define JBD_MAGIC 0xc03b3998u
#define JBD_DESCRIPTOR 1u
#define JBD_COMMIT 2u
#define JBD_SUPER_V1 3u
#define JBD_SUPER_V2 4u
#define JBD_REVOKE 5u

struct jbd_header {
	u32 h_magic, h_blocktype, h_sequence;
};

#define JBD_INCOMPAT_REVOKE 1u

struct jbd_super {
	struct jbd_header s_header;
	u32 s_blocksize, s_maxlen, s_first;
	u32 s_sequence, s_start, s_errno;
	/* From here on: version 2. */
	u32 s_feature_compat, s_feature_incompat, s_feature_ro_compat;
	u8 s_uuid[16];
};

/* The block began with the magic number, replaced by 0 here. */
#define JBD_TAG_ESCAPE 1u
#define JBD_TAG_SAME_UUID 2u /* no 16 bytes of UUID follow the tag */
#define JBD_TAG_LAST 8u

struct jbd_tag {
	u32 t_block, t_flags;
};

struct jbd_revoke {
	struct jbd_header r_header;
	u32 r_count; /* bytes used, this structure included */
	u32 r_block[];
};

/*
 * The most tags of a descriptor block, and revoked blocks of a revoke block;
 * bsize: bytes of a block.
 */
static inline u32 jbd_tags(u32 bsize)
{
	return (bsize - (u32)sizeof(struct jbd_header) - 16) / (u32)sizeof(struct jbd_tag);
}
static inline u32 jbd_revokes(u32 bsize)
{
	return (bsize - (u32)sizeof(struct jbd_revoke)) / 4;
}

static inline u32 be32(u32 x)
{
	return __builtin_bswap32(x);
}

#endif
