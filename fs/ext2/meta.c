/* SPDX-License-Identifier: MIT */
/* ext2: the metadata blocks in memory, and which blocks are metadata by their place. */
#include "fs/ext2/ext2.h"

#include "fs/pagecache.h"
#include "kernel/abi/errno.h"

int ext2_meta_get(struct ext2mount *em, u32 blk, struct page **pgp)
{
	int error = pc_get(em->em_meta, blk, pgp);

	return error == -ERANGE ? ext2_damage(em, "block %u lies beyond the end", blk) : error;
}

static bool is_power(u32 n, u32 base)
{
	while (n > 1 && n % base == 0)
		n /= base;
	return n == 1;
}

bool ext2_group_has_super(const struct ext2mount *em, u32 g)
{
	if (!(em->em_sb->s_feature_ro_compat & EXT2_RO_SPARSE_SUPER))
		return true;
	return g <= 1 || is_power(g, 3) || is_power(g, 5) || is_power(g, 7);
}

bool ext2_block_ok(const struct ext2mount *em, u32 blk)
{
	const struct ext2group *eg;
	u32 g;

	if (blk == 0 || blk >= em->em_blocks)
		return false;
	g = blk / em->em_bpg;
	eg = &em->em_group[g];
	if (blk == eg->eg_bbm || blk == eg->eg_ibm)
		return false;
	if (blk >= eg->eg_itable && blk - eg->eg_itable < em->em_ipg / (EXT2_BSIZE / em->em_isize))
		return false;
	return blk % em->em_bpg > em->em_ngdb || !ext2_group_has_super(em, g);
}
